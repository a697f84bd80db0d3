package inspect

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/schema/finding"
)

// disks says how long the disks of the brokers last, by what mlf's topics took since
// the log began.
func (c *Cluster) disks(ctx context.Context, w *Wish) []finding.Finding {
	const check = "kafka.disk"
	if c.embedded(ctx) {
		return []finding.Finding{finding.Skip(check, "", "the broker is in mlf up, which looks after its disk (--disk-reserve)")}
	}
	all, err := c.brokers(ctx)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, "", err, startKafka)}
	}
	age, _ := w.Age(ctx) // Not known: no forecast, which is said.
	var checks []finding.Check
	for _, b := range all {
		on := b.Host + ":" + strconv.Itoa(b.Port)
		checks = append(checks, finding.Check{Name: check, On: on, Do: func(ctx context.Context) []finding.Finding {
			request := kmsg.NewPtrDescribeLogDirsRequest()
			request.SetVersion(versionLogDirs)
			answer, err := c.ask(ctx, b.ID, request)
			if err != nil {
				return []finding.Finding{finding.Unknown(check, on, err, "give this user Describe on the cluster, or look at the brokers' disks")}
			}
			return judgeDisks(on, answer.(*kmsg.DescribeLogDirsResponse), w, age)
		}})
	}
	return finding.Run(ctx, askMax, checks...)
}

func judgeDisks(broker string, r *kmsg.DescribeLogDirsResponse, w *Wish, age time.Duration) []finding.Finding {
	const check = "kafka.disk"
	err := code(r.ErrorCode)
	if err == nil && len(r.Dirs) == 0 { // Who may not look is told of none.
		err = errors.New("the broker tells of no folder")
	}
	if err != nil {
		return []finding.Finding{finding.Unknown(check, broker, err, "give this user Describe on the cluster, or look at the brokers' disks")}
	}
	var found []finding.Finding
	for _, d := range r.Dirs {
		on := broker + " " + d.Dir
		switch err := code(d.ErrorCode); {
		case err != nil:
			found = append(found, finding.Finding{
				Status: finding.Warn, Check: check, On: on, Says: "the folder is offline: " + err.Error(),
				Breaks: "its copies are missing: with one more away, votes are refused", Remedy: "mend or replace the disk, and restart the broker",
			})
		case d.TotalBytes < 0 || d.UsableBytes < 0:
			found = append(found, finding.Unknown(check, on, errors.New("the broker does not tell how full its disk is"), "look at the brokers' disks"))
		default:
			disk := finding.Disk{Free: uint64(d.UsableBytes), Total: uint64(d.TotalBytes), Ours: ours(d, w.Topics), Age: age}
			found = append(found, disk.Forecast(check, on, "a broker whose disk is full stops: with two, no vote is accepted"))
		}
	}
	return found
}

// ours is what topics take of a folder, in bytes.
func ours(d kmsg.DescribeLogDirsResponseDir, topics []Topic) (sum uint64) {
	for _, t := range d.Topics {
		for _, of := range topics {
			if t.Topic != of.Name {
				continue
			}
			for _, p := range t.Partitions {
				sum += uint64(max(0, p.Size))
			}
		}
	}
	return sum
}
