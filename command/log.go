package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"mlf/command/progress"
	"mlf/ingest/archive"
	"mlf/ingest/broker"
)

// logCmd groups the commands on copies of the log.
type logCmd struct {
	Archive logArchiveCmd `cmd:"" help:"Copy what the log has into a folder, or what it has beyond the folder."`
	Restore logRestoreCmd `cmd:"" help:"Put an archive back into a Kafka that has no log: the same records at the same offsets."`
	Verify  logVerifyCmd  `cmd:"" help:"Read an archive and say what is damaged; with --kafka, compare it with the log."`
}

type logArchiveCmd struct {
	toolFlags
	To     string        `required:"" placeholder:"DIR" help:"Folder of the archive; made when missing. IT HOLDS SECRETS: the keys of streams and sessions."`
	Follow bool          `help:"Go on until Ctrl-C, adding what comes."`
	Every  time.Duration `default:"1m" help:"With --follow: pause between two looks."`
	Rate   int64         `placeholder:"BYTES" help:"Most bytes a second that are asked of the brokers. Default: no limit."`
	JSON   bool          `name:"json" help:"Print the report as JSON."`
}

// Help is shown by mlf log archive --help.
func (*logArchiveCmd) Help() string {
	return `The log and the registry are what no database can be computed again without; all else is a function of them. An archive
has every record of the votes topic, the registry (terminals, stream keys, ticket secret), the numbers of served users and alerts,
compressed and under checksums.

Each run adds what the log has beyond the archive, so run it as often as you can bear to lose votes: by a timer, or with
--follow. It may be killed at any moment, and is run again. It reads as a worker does and disturbs nobody; it uses some
100 MB of memory, however long the log is. A log that is another, was rewritten, or begins after the archive ends, is
refused. Copy the folder to another place: files never change, manifest.json goes last.

Whoever has the folder can forge streams and sees who has terminals: keep it as you keep the keys of certificates. It is
made for its owner alone (0700). What was published is not in it: copy the tables public_… of ClickHouse as well.

  mlf log archive --kafka k1:9092,k2:9092,k3:9092 --to /backup/mlf --follow`
}

// Run archives.
func (c *logArchiveCmd) Run(ctx context.Context, p *console) error {
	if c.Every <= 0 || c.Rate < 0 {
		return usageError{fmt.Errorf("--every %v, --rate %d: want more than 0", c.Every, c.Rate)}
	}
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	defer client.Close()
	dir, err := archive.WriteDir(c.To)
	if err != nil {
		return err
	}
	bar := progress.New(p.Stderr, p.Log, "archived")
	defer bar.Close()
	cfg := archive.TakeConfig{From: client.NewCopier(), To: dir, Rate: c.Rate, Tell: bar.Tell}
	took, err := c.take(ctx, p.Log, cfg)
	if err = errors.Join(err, dir.Close()); err != nil {
		return err
	}
	bar.Close()
	return report(p, c.JSON, took, func(out io.Writer) {
		fmt.Fprintf(out, "log %s: %d records of %d partitions archived, %d of them new; %d files of %.1f MB\n",
			took.Log, took.Records, took.Partitions, took.Added, took.Files, float64(took.Bytes)/1e6)
		if len(took.Incomplete) > 0 {
			fmt.Fprintf(out, "partitions %v begin above offset 0, because retention had removed records: this archive cannot be restored\n", took.Incomplete)
		}
	})
}

// take archives once, or until ctx ends.
func (c *logArchiveCmd) take(ctx context.Context, log *slog.Logger, cfg archive.TakeConfig) (all archive.Taken, err error) {
	for {
		took, err := archive.Take(ctx, cfg)
		if took.Log != "" {
			took.Added += all.Added
			all = took
		}
		switch {
		case !c.Follow && ctx.Err() != nil:
			return all, fmt.Errorf("broken off: what was archived stays, and the next run goes on after it: %w", err)
		case !c.Follow:
			return all, err
		case ctx.Err() != nil && all.Log != "":
			return all, nil
		case ctx.Err() != nil || hopelessArchive(err):
			return all, err
		case err != nil:
			log.Warn("archive not added to", slog.Any("err", err), slog.Duration("pause", c.Every))
		}
		again := time.NewTimer(c.Every)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
		}
	}
}

// hopelessArchive tells whether no waiting mends err.
func hopelessArchive(err error) bool {
	return errors.Is(err, archive.ErrRefused) || errors.Is(err, archive.ErrDamaged) || broker.Hopeless(err)
}

type logRestoreCmd struct {
	toolFlags
	From     string `required:"" placeholder:"DIR" help:"Folder of the archive."`
	Replicas int    `help:"Copies of every record, of topics that are made. Default: 3, or the number of brokers where there are fewer."`
	JSON     bool   `name:"json" help:"Print the report as JSON."`
}

// Help is shown by mlf log restore --help.
func (*logRestoreCmd) Help() string {
	return `Makes the topics, with the archive's partition count and the settings of mlf schema apply, and appends what the archive
has: the same log (its id is in the genesis records), the same records, the same offsets; then the registry, so that
terminals go on with their tokens and streams, and the numbers of served users and alerts. The archive is verified before. It may be
killed at any moment, and is run again: it compares what is there, and goes on after it. Topics with other records are
refused.

Stop ingest and mlf schema apply before; afterwards run mlf schema apply with a NEW database, and count into it. A database
that had counted more than the archive has halts, rightly. What was acknowledged after the archive was last added to is
gone, unless terminals still keep it: they forget what they saw counted.

Not kept: the append times, which only tell how late a worker is (a vote's time and its ingest time are in its record);
offsets of consumer groups, claims (counts.v1), which nobody needs. Restore the tables public_… into the new database
before the public may ask again: they say which votes have been published.

  mlf log restore --kafka n1:9092,n2:9092,n3:9092 --from /backup/mlf
  mlf schema apply --kafka n1:9092,n2:9092,n3:9092 --clickhouse clickhouse://…/mlf_restored --partitions 16`
}

// A restoreTarget is Kafka as an archive is put back into it.
type restoreTarget struct{ *broker.Copier }

// Create makes the topics.
func (t restoreTarget) Create(ctx context.Context, partitions, replicas int) error {
	return t.MakeTopics(ctx, broker.TopicsConfig{Partitions: partitions, Replicas: replicas})
}

// Run restores.
func (c *logRestoreCmd) Run(ctx context.Context, p *console) error {
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	defer client.Close()
	dir, err := archive.ReadDir(c.From)
	if err != nil {
		return err
	}
	bar := progress.New(p.Stderr, p.Log, "restored")
	defer bar.Close()
	did, err := archive.Restore(ctx, archive.RestoreConfig{From: dir, To: restoreTarget{client.NewCopier()}, Replicas: c.Replicas, Tell: bar.Tell})
	bar.Close()
	if err != nil {
		return fmt.Errorf("restore %s after %d records appended: %w", c.From, did.Appended, err)
	}
	return report(p, c.JSON, did, func(out io.Writer) {
		fmt.Fprintf(out, "log %s: %d records of %d partitions are there, %d of them appended now; %d records of the registry, %d of served users, %d of alerts appended\n",
			did.Log, did.Records, did.Partitions, did.Appended, did.Registry, did.Served, did.Alerts)
		fmt.Fprintf(out, "next: mlf schema apply --partitions %d, with a new database\n", did.Partitions)
	})
}

type logVerifyCmd struct {
	From  string   `required:"" placeholder:"DIR" help:"Folder of the archive."`
	Kafka []string `placeholder:"ADDR" help:"Kafka brokers of the log to compare with, host:port, comma-separated. Default: only the archive is read."`
	loginFlags
	Wait time.Duration `default:"15s" help:"Longest time without an answer from Kafka."`
	JSON bool          `name:"json" help:"Print the report as JSON."`
}

// Help is shown by mlf log verify --help.
func (*logVerifyCmd) Help() string {
	return `Reads every file and holds it to its checksums, to the density of offsets, to the genesis records and to the chain of
hashes that the count makes of the same records. With --kafka it compares every record that both have, and wants the log
to have all of the archive's. Exit code 0: nothing is wrong; 1: something is, and said; 2: the command was.

  mlf log verify --from /backup/mlf --kafka k1:9092`
}

// errFaults is the error of an archive that is not what it should be.
var errFaults = errors.New("the archive is not sound, or not of this log")

// Run verifies.
func (c *logVerifyCmd) Run(ctx context.Context, p *console) error {
	dir, err := archive.ReadDir(c.From)
	if err != nil {
		return err
	}
	bar := progress.New(p.Stderr, p.Log, "verified")
	defer bar.Close()
	cfg := archive.VerifyConfig{From: dir, Tell: bar.Tell}
	if len(c.Kafka) > 0 {
		tool := toolFlags{KafkaFlags: kafkaFlags{Kafka: c.Kafka, LoginFlags: c.loginFlags}, Wait: c.Wait}
		client, err := tool.Client(p.Log)
		if err != nil {
			return err
		}
		defer client.Close()
		cfg.Against = client.NewCopier()
	}
	found, err := archive.Verify(ctx, cfg)
	bar.Close()
	if err != nil {
		return fmt.Errorf("verify %s: %w", c.From, err)
	}
	err = report(p, c.JSON, found, func(out io.Writer) { printVerified(out, &found, len(c.Kafka) > 0) })
	if err == nil && len(found.Faults) > 0 {
		err = fmt.Errorf("verify %s: %d faults: %w", c.From, len(found.Faults), errFaults)
	}
	return err
}

func printVerified(out io.Writer, v *archive.Verified, compared bool) {
	fmt.Fprintf(out, "log %s, archived until %s: %d records of %d partitions in %d files are as they were written, %d of the registry, %d of served users, %d of alerts\n",
		v.Log, v.Taken, v.Records, v.Partitions, v.Files, v.Registry, v.Served, v.Alerts)
	if compared {
		fmt.Fprintf(out, "%d records compared with the log\n", v.Compared)
	}
	for _, fault := range v.Faults {
		fmt.Fprintln(out, "fault:", fault)
	}
	if len(v.Faults) == 0 && !v.Restorable {
		fmt.Fprintln(out, "it begins above offset 0, because retention had removed records: it cannot be restored")
	}
}

// report prints what came of a command, as JSON or in words.
func report(p *console, asJSON bool, what any, words func(out io.Writer)) error {
	if asJSON {
		return json.NewEncoder(p.Stdout).Encode(what)
	}
	words(p.Stdout)
	return nil
}
