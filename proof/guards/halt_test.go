package guards_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/proof/harness"
	"mlf/schema"
	"mlf/schema/event"
)

// A guard is a way to harm the log that would lose votes or invent them. After
// harm partition 0 must halt, say want, and write nothing more; partition 1 goes on.
type guard struct {
	name   string
	within time.Duration
	want   string
	harm   func(g *guarded)
}

// guards are those of a log that exists. Their names go into folders, where Kafka
// takes a comma for the end of one.
func guards() []guard {
	const (
		soon = 10 * time.Second
		late = 90 * time.Second // The log's end may lag for a minute, after a change of leader.
	)
	return []guard{
		{"log begins beyond the checkpoint", soon, "retention was shorter than the lag", func(g *guarded) {
			g.stopAggregate()
			g.vote(0, 3)
			g.deleteRecords(int64(g.cast[0])) // Record 0 is the genesis: the last vote is left.
			g.startAggregate()
		}},
		{"log ends before the checkpoint", late, "so records were lost", func(g *guarded) {
			g.stopAggregate()
			g.offline(func() { g.harmLast(cutOff) })
			g.startAggregate()
		}},
		{"log ends before a live worker", late, "so records were lost", func(g *guarded) {
			g.offline(func() { g.harmLast(cutOff) })
		}},
		{"gap in the offsets", soon, "which must have no gaps", func(g *guarded) {
			g.stopAggregate()
			g.vote(0, 1)
			g.offline(func() { g.harmLast(moveUp) })
			g.startAggregate()
		}},
		{"flipped byte", soon, "is damaged on the log, read 4 times", func(g *guarded) {
			g.stopAggregate()
			g.vote(0, 1)
			g.harmLast(flip) // Its broker does not look when it reads.
			g.startAggregate()
		}},
		{"last record rewritten", soon, "is not the one that was counted", func(g *guarded) {
			g.stopAggregate()
			g.offline(func() { g.harmLast(rewrite) })
			g.startAggregate()
		}},
		{"last record rewritten by a new leader under a live worker", soon, "is not the one that was counted", func(g *guarded) {
			g.offline(func() {
				g.harmLast(rewrite)
				g.newLeader()
			})
			g.vote(0, 1)
		}},
		{"last record rewritten in place under a live worker", soon, "is not the one that was counted", func(g *guarded) {
			g.harmLast(rewrite)
		}},
		{"unknown record format", soon, "is of a format that this version does not know", func(g *guarded) {
			g.produce(0, nil, newerRecord())
		}},
		{"unknown control record", soon, `is a control record "mlf.later", which this version does not know`, func(g *guarded) {
			g.produce(0, []byte("mlf.later"), []byte("?"))
		}},
	}
}

// check harms g, and looks that the guard holds.
func (c *guard) check(g *guarded) {
	g.t.Helper()
	counted := g.cast[0] + g.cast[1]
	c.harm(g)
	g.halted(0, c.within, c.want)
	g.partition1GoesOn(counted)
}

func TestGuards(t *testing.T) {
	if testing.Short() {
		t.Skip("engines and processes for each guard")
	}
	t.Parallel()
	for _, c := range guards() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(newGuarded(t))
		})
	}
}

// A harm changes the bytes of a log file, whose last batch begins at last.
type harm func(file []byte, last int) []byte

// harmLast harms the last batch of partition 0, where its broker keeps it.
func (g *guarded) harmLast(do harm) {
	t := g.t
	t.Helper()
	name := filepath.Join(g.partitionDir(), "0.dat")
	if g.cluster != nil {
		name = filepath.Join(g.partitionDir(), "00000000000000000000.log")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for at := 0; at < len(text); at += lengthEnd + int(binary.BigEndian.Uint32(text[at+atBatchLength:])) {
		last = at
	}
	harmed := do(bytes.Clone(text), last)
	// In place: the broker may have it open.
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(harmed, 0); err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(int64(len(harmed))); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// Where the fields of a record batch lie, which log files hold as they are sent
// (Kafka protocol guide, record batch).
const (
	atBatchLength = 8
	lengthEnd     = 12
	atChecksum    = 17
	checksumEnd   = 21
)

// cutOff takes the last batch away.
func cutOff(file []byte, last int) []byte { return file[:last] }

// moveUp gives the last batch an offset one too high: the checksum is not of it.
func moveUp(file []byte, last int) []byte {
	binary.BigEndian.PutUint64(file[last:], binary.BigEndian.Uint64(file[last:])+1)
	return file
}

// flip changes one bit of the last record.
func flip(file []byte, _ int) []byte {
	file[len(file)-2] ^= 1 // After the value there is the number of headers, zero.
	return file
}

// rewrite changes the last record, and signs it.
func rewrite(file []byte, last int) []byte {
	flip(file, last)
	sum := crc32.Checksum(file[last+checksumEnd:], crc32.MakeTable(crc32.Castagnoli))
	binary.BigEndian.PutUint32(file[last+atChecksum:], sum)
	return file
}

// partitionDir returns where partition 0's broker keeps it.
func (g *guarded) partitionDir() string {
	partition := schema.VotesTopic + "-0"
	if g.cluster != nil {
		return filepath.Join(g.kafkaDir, "broker-0", "data", partition)
	}
	return filepath.Join(g.kafkaDir, "data", "partitions", partition)
}

// newLeader lets partition 0's broker come back with the next leader epoch.
func (g *guarded) newLeader() {
	g.t.Helper()
	if g.cluster != nil {
		return // Kafka's does so by itself.
	}
	name := filepath.Join(g.partitionDir(), "snapshot.json")
	text, err := os.ReadFile(name)
	if err != nil {
		g.t.Fatal(err)
	}
	snapshot := harness.Decode[map[string]any](g.t, string(text))
	snapshot["epoch"] = snapshot["epoch"].(float64) + 1
	if text, err = json.Marshal(snapshot); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// newerRecord returns a record as the next format may look: its number and its checksum
// stay where they are.
func newerRecord() []byte {
	record := schema.AppendVoteBatch(nil, &schema.BatchHeader{
		Terminal: 1, Stream: 1, Comune: 58091, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Ingested: 1,
	}, []schema.Vote{{Seq: 1, At: 1, Value: schema.Green}})
	record[1] = byte(event.FormatMax + 1)
	body, sum := record[:len(record)-5], record[len(record)-4:]
	binary.LittleEndian.PutUint32(sum, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return record
}

// deleteRecords removes what is below offset from partition 0, as retention does.
func (g *guarded) deleteRecords(offset int64) {
	g.t.Helper()
	partition := kmsg.NewDeleteRecordsRequestTopicPartition()
	partition.Offset = offset
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic, topic.Partitions = schema.VotesTopic, append(topic.Partitions, partition)
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics = append(req.Topics, topic)
	g.request(req)
}
