// Package imports is mlf import: it puts on the log what sites and telephone exchanges have
// kept of votes. It may be run every night with the same file, grown longer: each row has
// a key by which the count knows it again.
//
// It knows flags, files and how rows become events. It must not know a format, which are
// the packages' that read them, nor how anything is counted.
package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"mlf/command/tool"
	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/source"
)

// Cmd groups the imports.
type Cmd struct {
	Ratings ratingsCmd `cmd:"" help:"Import the ratings that a municipal site has kept."`
	Calls   callsCmd   `cmd:"" help:"Import the calls that a telephone exchange has written down."`
}

// common are the flags of every import.
type common struct {
	tool.Flags
	Write bool   `help:"Put the rows on the log. Without it the file is only looked at."`
	Zone  string `default:"Europe/Rome" help:"Clock by which the file tells times that name none."`
	JSON  bool   `name:"json" help:"One JSON object: what became of how many rows."`
	File  string `arg:"" help:"File to import; '-' reads standard input."`

	From   string `placeholder:"DATE" help:"First day whose rows are imported, by --zone. Default: of any day."`
	Before string `placeholder:"DATE" help:"The day after the last."`

	most int // Rows that are written at most; 0: event.KeysMax. Tests have fewer.
}

// A row is one of a file: a vote, or why it is none.
type row struct {
	line   int
	vote   event.Vote
	reason string // Why it is no vote: a code. Empty: it is one.
	detail string
}

// A file is what is imported: rows in order, until io.EOF.
type file struct {
	next  func() (row, error)
	bytes func() int64 // Read so far.
}

// clockMax is how far this machine's clock may be from the brokers', as for mlf ingest.
const clockMax = 5 * time.Second

// An input is what every import begins with.
type input struct {
	common    *common
	console   *tool.Console
	zone      *time.Location
	span      span
	from      io.Reader
	size      int64 // Of from, in bytes.
	client    *broker.Client
	terminals *schema.Terminals
	sources   *source.Sources
}

// with opens the file, reads what is enrolled, and prints what do has made of them.
func (c *common) with(ctx context.Context, p *tool.Console, do func(in *input) (Summary, error)) error {
	in := &input{common: c, console: p}
	var err error
	if in.zone, err = time.LoadLocation(c.Zone); err != nil {
		return tool.UsageError{Err: fmt.Errorf("--zone: %w", err)}
	}
	if in.span, err = c.span(in.zone); err != nil {
		return tool.UsageError{Err: err}
	}
	from, size, err := c.openFile()
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // It was only read.
	in.from, in.size = from, size
	if in.client, err = c.Client(p.Log); err != nil {
		return err
	}
	if in.terminals, in.sources, err = sourcesOf(ctx, in.client); err != nil {
		return err
	}
	s, err := do(in)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(s)
	}
	return s.print(p.Stdout)
}

// sourcesOf reads what is enrolled.
func sourcesOf(ctx context.Context, c *broker.Client) (*schema.Terminals, *source.Sources, error) {
	terminals, sources := new(schema.Terminals), new(source.Sources)
	err := c.ReadRecords(ctx, func(key string, value []byte) error {
		return errors.Join(terminals.Apply(key, value), sources.Apply(key, value))
	})
	return terminals, sources, err
}

// A target is where the rows of a file go.
type target struct {
	terminal  *schema.Enrolment
	partition schema.Partition
	producer  *broker.Producer // nil: nothing is written.
}

// open finds where rows of terminal id go, and whether they can be counted there.
func (in *input) open(ctx context.Context, id schema.TerminalID) (*target, error) {
	e := in.terminals.ByID(id)
	switch {
	case e == nil:
		return nil, fmt.Errorf("terminal %v, of the source, is not enrolled", id)
	case e.Revoked:
		return nil, fmt.Errorf("terminal %v, of the source, is revoked", id)
	}
	log, err := in.client.LogIdentity(ctx)
	if err != nil {
		return nil, err
	}
	if max(log.Rules, in.terminals.RulesRaised(log.Log)) < schema.RulesV3 {
		return nil, errors.New("the log is counted by older rules, which know no imports: run mlf schema apply when every worker is of this version")
	}
	t := &target{terminal: e, partition: schema.PartitionOf(e.Slot, log.Partitions)}
	if in.common.Write {
		t.producer = in.client.NewProducer(log.Partitions)
	}
	return t, nil
}

// write puts votes on the log, again and again until it is known that they are there: what
// is there twice is counted once.
func (t *target) write(ctx context.Context, votes []event.Vote) error {
	if skew, known := t.producer.ClockSkew(); known && skew.Abs() > clockMax {
		return fmt.Errorf("this machine's clock is %v away from the brokers': want at most %v, as times of rows are held against it", skew, clockMax)
	}
	e := t.terminal
	b := event.Batch{Memory: event.MemoryCall, Votes: votes, Source: event.Source{
		Terminal: e.Terminal, Slot: e.Slot, Comune: e.Comune, Office: e.Office, Channel: e.Channel, Scale: e.Scale, Test: e.Test, Ingested: schema.InstantOf(time.Now()),
	}}
	record := b.Append(nil)
	<-t.producer.Running()
	for try := 1; ; try++ {
		err := t.producer.Append(ctx, t.partition, record)
		if err == nil || ctx.Err() != nil || try == triesMax {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// triesMax is how often rows are put on the log at most.
const triesMax = 10

// newBar returns a bar on a terminal, and one that nobody sees elsewhere.
func newBar(to io.Writer, size int64) *progressbar.ProgressBar {
	out := io.Discard
	if f, ok := to.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			out = to
		}
	}
	return progressbar.NewOptions64(max(size, 1), progressbar.OptionSetWriter(out), progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
}

// openFile opens the file to be imported, and tells its length; that of a pipe is not known.
func (c *common) openFile() (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(os.Stdin), 0, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, 0, tool.UsageError{Err: err}
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return nil, 0, tool.UsageError{Err: fmt.Errorf("%s: want a file", c.File)}
	}
	return f, info.Size(), nil
}
