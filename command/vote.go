package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mlf/aggregate/inquiry"
	"mlf/aggregate/store"
	"mlf/command/found"
	"mlf/command/progress"
	"mlf/ingest/archive"
	"mlf/ingest/broker"
	"mlf/schema"
)

// voteCmd groups the commands on single votes.
type voteCmd struct {
	Find voteFindCmd `cmd:"" help:"Say which records hold a vote, which of them counted, and in which row."`
}

type voteFindCmd struct {
	toolFlags
	registryFlags
	databaseFlags
	Terminal   string        `arg:"" help:"The terminal, t-…"`
	Stream     string        `arg:"" help:"The stream as the terminal sends it, or its 16 hexadecimal digits."`
	Seq        string        `arg:"" help:"The number of the vote in its stream."`
	Since      time.Duration `placeholder:"AGO" help:"Read only what was appended so long ago or later, for instance 2h. Default: all, from the log's beginning."`
	Clickhouse string        `placeholder:"DSN" help:"A database that counts the log, as --clickhouse of the stages: says whether it has the vote, and its checkpoint stands for records that are not read. Default: only the log is asked."`
	JSON       bool          `name:"json" help:"Print the report as JSON."`
}

// Help is shown by mlf vote find --help.
func (*voteFindCmd) Help() string {
	return `Reads the partition on which the stream lies and counts it by the same rules as mlf aggregate, so what it says is what
every worker counts: each record that holds the vote (terminals send them again), which of them decided, in which row of which
segment it is, or why it may not count. Nothing is written, nobody is disturbed.

Its user reads votes.v1 and registry.v1 (mlf-inquiry of deploy/k8s), and of a database all tables (mlf_query); mlf doctor --as inquiry says
what is lacking. The log has no data of citizens: a vote is a terminal, a number, a time, a service, a face and a reason, and that is all that is shown.

Exit code 0: the number is closed, its vote was counted or voided. 1: it is not, or could not be found out. 2: the command was wrong.

  mlf vote find --kafka k1:9092 --clickhouse clickhouse://reader@ch:9000/mlf t-0123456789abc AAAA… 4711

Behind -- what begins with a hyphen is no flag: some streams do.`
}

// errOpen is the error of a vote that is neither counted nor voided.
var errOpen = errors.New("the vote is not counted")

// Validate refuses what cannot be. kong calls it; the vote is no part of a file that is
// checked.
func (c *voteFindCmd) Validate() error {
	if c.Since < 0 {
		return fmt.Errorf("--since %v: want how long ago", c.Since)
	}
	if c.Clickhouse == "" {
		return c.KafkaFlags.Validate()
	}
	return errors.Join(c.KafkaFlags.Validate(), c.check(c.Clickhouse))
}

// Run finds out and reports.
func (c *voteFindCmd) Run(ctx context.Context, p *console) error {
	terminal, err := schema.ParseTerminalID(c.Terminal)
	if err != nil {
		return usageError{err}
	}
	seq, err := strconv.ParseUint(c.Seq, 10, 64)
	if err != nil || seq == 0 || schema.Seq(seq) > schema.SeqMax {
		return usageError{fmt.Errorf("seq %q: want 1 to %d", c.Seq, schema.SeqMax)}
	}
	lists, err := c.Load()
	if err != nil {
		return err
	}
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	defer client.Close()
	stream, err := c.stream(ctx, client, terminal)
	if err != nil {
		return err
	}
	log := client.NewCopier()
	id, err := log.Identity(ctx)
	if err != nil {
		return err
	}
	report := &found.Report{Log: id.Log, Stream: stream, Seq: schema.Seq(seq)}
	bar := progress.New(p.Stderr, p.Log, "read")
	defer bar.Close()
	q := inquiry.Question{Identity: id, Stream: stream, Seq: report.Seq, Log: log, Tell: func(done, all uint64) {
		bar.Tell(archive.Progress{Partition: schema.PartitionOf(stream.Slot, id.Partitions), Done: done, Total: all})
	}}
	if c.Since > 0 {
		q.Since = schema.InstantOf(time.Now().Add(-c.Since))
	}
	if err := c.ask(ctx, p, q, report); err != nil {
		return err
	}
	bar.Close()
	if c.JSON {
		err = report.JSON(p.Stdout, lists)
	} else {
		err = report.Print(p.Stdout, lists)
	}
	if err == nil && !report.AccountedFor() {
		err = fmt.Errorf("vote %d: %s: %w", seq, report.Answer.Fate, errOpen)
	}
	return err
}

// ask asks the log, and the database where there is one.
func (c *voteFindCmd) ask(ctx context.Context, p *console, q inquiry.Question, report *found.Report) (err error) {
	if c.Clickhouse == "" {
		report.Answer, err = inquiry.Ask(ctx, q)
		return err
	}
	trusted, err := c.authoritiesOnce()
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, c.databases(trusted, c.Clickhouse)[0], store.Telemetry{Logger: p.Log})
	if err != nil {
		return err
	}
	defer closeStore(s, p.Log)
	counts, err := s.Identity(ctx)
	if err != nil {
		return err
	}
	if counts.Log != q.Identity.Log {
		return usageError{fmt.Errorf("database %s counts log %v, and this is log %v", s.Place(), counts.Log, q.Identity.Log)}
	}
	q.Checkpoints = s
	if report.Answer, err = inquiry.Ask(ctx, q); err != nil {
		return err
	}
	ledger, err := s.Ledger(ctx) // After the log: what was on it then may be counted by now.
	if err != nil {
		return err
	}
	for i := range ledger {
		if ledger[i].Partition == report.Answer.Partition {
			report.Database, report.Counted, report.Next = s.Place(), &ledger[i].PartitionState, ledger[i].Next
		}
	}
	return nil
}

// stream returns the stream that is meant. The text that a terminal sends says where it
// lies; for its number the enrolment does.
func (c *voteFindCmd) stream(ctx context.Context, client *broker.Client, t schema.TerminalID) (schema.Stream, error) {
	terminals, err := client.ReadRegistry(ctx)
	if err != nil {
		return schema.Stream{}, err
	}
	if id, err := strconv.ParseUint(c.Stream, 16, 64); err == nil && len(c.Stream) == 16 {
		e := terminals.ByID(t)
		if e == nil {
			return schema.Stream{}, fmt.Errorf("terminal %v is not enrolled", t)
		}
		return schema.Stream{Terminal: t, ID: schema.StreamID(id), Slot: e.Slot}, nil
	}
	s, err := terminals.Stream([]byte(c.Stream))
	if err != nil {
		return s, usageError{fmt.Errorf("stream %q: %w", c.Stream, err)}
	}
	if s.Terminal != t {
		return s, usageError{fmt.Errorf("the stream is of terminal %v, not of %v", s.Terminal, t)}
	}
	return s, nil
}
