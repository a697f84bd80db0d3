package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"mlf/bench/baseline"
	"mlf/bench/measure"
)

// benchCmd groups the measurements. Each starts the processes that it measures
// as children of its own, so that their processor time is theirs alone.
type benchCmd struct {
	Ingest    benchIngestCmd    `cmd:"" help:"Measure ingest: CPU per vote, latency, memory, against what one would write without it."`
	Aggregate benchAggregateCmd `cmd:"" help:"Measure the way from the log to the rollups: CPU per vote and row, against what one would write without it."`
	Query     benchQueryCmd     `cmd:"" help:"Measure reads of the statistics over millions of rollups."`

	Broker    benchBrokerCmd    `cmd:"" hidden:"" help:"Run the embedded Kafka broker alone, for a measurement."`
	CountJSON benchCountJSONCmd `cmd:"" name:"count-json" hidden:"" help:"Run a baseline of aggregate, for a measurement."`
	Serve     benchServeCmd     `cmd:"" hidden:"" help:"Run a baseline of ingest, for a measurement."`
}

// benchFlags are those of every measurement.
type benchFlags struct {
	Runs int    `default:"5" help:"Rounds in which the subjects take turns; medians are given. Below 5 they say little."`
	JSON string `name:"json" placeholder:"FILE" help:"Write the report there as JSON, too, with every run; -: on standard output, instead of the table."`
}

// print prints a report in the form that was asked for.
func (f *benchFlags) print(w io.Writer, r *measure.Report) error {
	r.Machine.LoadLast = measure.Load()
	switch f.JSON {
	case "":
		return r.Print(w)
	case "-":
		return r.JSON(w)
	}
	var text bytes.Buffer
	if err := r.JSON(&text); err != nil {
		return err
	}
	return errors.Join(r.Print(w), os.WriteFile(f.JSON, text.Bytes(), 0o644))
}

// benchServeCmd is a baseline in a process of its own.
type benchServeCmd struct {
	Subject string   `required:"" enum:"parse-only,A,A-fastjson,B" help:"parse-only, A or A-fastjson (a message per vote) or B (a message per request)."`
	Listen  string   `required:"" help:"Where requests come."`
	Kafka   []string `placeholder:"ADDR" help:"Brokers; not for parse-only."`
	Topic   string   `help:"Topic to write to; it exists."`
}

// Run serves until ctx ends.
func (c *benchServeCmd) Run(ctx context.Context, p *process) error {
	ln, err := listen("baseline "+c.Subject, c.Listen)
	if err != nil {
		return err
	}
	if c.Subject != parseOnly && (len(c.Kafka) == 0 || c.Topic == "") {
		return usageError{fmt.Errorf("baseline %s needs --kafka and --topic", c.Subject)}
	}
	p.Log.Debug("baseline serves", slog.String("subject", c.Subject), slog.String("kafka", strings.Join(c.Kafka, ",")))
	switch c.Subject {
	case messagePerVote:
		return baseline.MessagePerVote(c.Kafka, c.Topic).Run(ctx, ln)
	case messagePerVoteFast:
		return baseline.MessagePerVoteFast(c.Kafka, c.Topic).Run(ctx, ln)
	case messagePerRequest:
		return baseline.MessagePerRequest(c.Kafka, c.Topic).Run(ctx, ln)
	}
	return baseline.ParseOnly().Run(ctx, ln)
}

// The subjects of mlf bench ingest, by their names in reports.
const (
	parseOnly          = "parse-only"
	messagePerVote     = "A"
	messagePerVoteFast = "A-fastjson"
	messagePerRequest  = "B"
	itself             = "mlf"
	earlier            = "before"
)
