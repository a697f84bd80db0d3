package imports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mlf/command/tool"
	"mlf/ingest/broker"
	"mlf/ingest/call/cdr"
	"mlf/ingest/form"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/source"
)

type callsCmd struct {
	common
	Integration string `required:"" placeholder:"NAME" help:"Integration of the exchange: calls that it has sent already are known again."`
	Serial      string `placeholder:"NUMBER" help:"Serial number of the exchange, where its messages have one."`
	Format      string `required:"" enum:"asterisk-cdr,queue-log" help:"asterisk-cdr (Master.csv, with uniqueid and userfield) or queue-log (queue_log)."`
	Field       string `default:"key" placeholder:"NAME" help:"What the key is called in userfield or in the event: key for key=1."`
}

// Help is shown by mlf import calls --help.
func (*callsCmd) Help() string {
	return `First look, then write:

  mlf import calls --kafka kafka-1:9092 --integration NAME --format asterisk-cdr /var/log/asterisk/cdr-csv/Master.csv
  mlf import calls --kafka kafka-1:9092 --integration NAME --format asterisk-cdr --write Master.csv

The dialplan writes what the caller pressed: Set(CDR(userfield)=key=${KEY}). Neither the caller's number nor the
operator's is read. Again with a longer file only new calls count, and so do calls that the exchange has sent by itself.`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *callsCmd) Validate() error { return c.LoginFlags.Validate() }

// Run imports.
func (c *callsCmd) Run(ctx context.Context, p *tool.Console) error {
	return c.with(ctx, p, func(in *input) (Summary, error) { return c.read(ctx, in) })
}

func (c *callsCmd) read(ctx context.Context, in *input) (Summary, error) {
	d := in.sources.Device(c.Integration, c.Serial)
	if d == nil {
		return Summary{}, fmt.Errorf("--integration %s --serial %q: no such exchange is enrolled; mlf source device list shows those that are", c.Integration, c.Serial)
	}
	t, err := in.open(ctx, d.Terminal)
	if err != nil {
		return Summary{}, err
	}
	cfg := cdr.Config{Serial: d.Address, Field: c.Field, Zone: in.zone}
	calls := cdr.NewMaster(in.from, cfg)
	if c.Format == "queue-log" {
		calls = cdr.NewQueueLog(in.from, cfg)
	}
	s, err := in.run(ctx, t, file{next: func() (row, error) { return callRow(calls, d, t.terminal) }, bytes: calls.Bytes})
	s.Silent = calls.Silent()
	return s, err
}

// callRow returns the next call of a file as a vote.
func callRow(calls *cdr.File, d *source.Device, e *schema.Enrolment) (row, error) {
	c, err := calls.Next()
	r := row{line: int(calls.Lines())}
	var refused *cdr.Refused
	switch {
	case errors.As(err, &refused):
		r.line, r.reason, r.detail = int(refused.Line), "unreadable", refused.Reason
		return r, nil
	case err != nil:
		return r, err
	case !c.HasAt:
		r.reason, r.detail = "no_time", "it is not known when the call was"
		return r, nil
	}
	value, known := form.ValueOfKey(d, e.Scale, c.Key)
	if !known {
		r.reason, r.detail = "other_key", "the key stands for nothing"
		return r, nil
	}
	r.vote = event.Vote{Key: form.KeyOfCall(c), At: c.At, Service: form.ServiceOfQueue(d, e, c.Queue), Value: value}
	return r, nil
}

// Calls imports a Master.csv as mlf import calls --write does, and says what became of it.
func Calls(ctx context.Context, client *broker.Client, integration, serial string, file []byte) (Summary, error) {
	c := callsCmd{Integration: integration, Serial: serial, Format: "asterisk-cdr", Field: "key"}
	c.Write, c.File = true, "Master.csv"
	in := &input{
		common: &c.common, console: &tool.Console{Stderr: io.Discard}, zone: time.UTC,
		from: bytes.NewReader(file), size: int64(len(file)), client: client,
	}
	var err error
	if in.terminals, in.sources, err = sourcesOf(ctx, client); err != nil {
		return Summary{}, err
	}
	return c.read(ctx, in)
}
