// Package rig measures what a vote costs: `mlf bench`. It starts the processes
// that it measures as children of its own, this very program with other arguments,
// so that their processor time is theirs alone, and lets subjects take turns.
//
// It knows flags of mlf's stages and what they serve, and the engines that they
// need. It must not know the command line that it is part of.
package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"mlf/bench/baseline"
	"mlf/bench/measure"
)

// Parts are what a measurement may use of the process that it runs in.
type Parts struct {
	Stdout io.Writer // For results.
	Stderr io.Writer // For progress.
	Log    *slog.Logger
}

// Cmd groups the measurements, for the command line.
type Cmd struct {
	Ingest    Ingest    `cmd:"" help:"Measure ingest: CPU per vote, latency, memory, against what one would write without it."`
	Aggregate Aggregate `cmd:"" help:"Measure the way from the log to the rollups: CPU per vote and row, against what one would write without it."`
	Query     Query     `cmd:"" help:"Measure reads of the statistics over millions of rollups."`

	Broker      Broker      `cmd:"" hidden:"" help:"Run the embedded Kafka broker alone, for a measurement."`
	CountJSON   CountJSON   `cmd:"" name:"count-json" hidden:"" help:"Run a baseline of aggregate, for a measurement."`
	RollupPages RollupPages `cmd:"" hidden:"" help:"Run a baseline of query, for a measurement."`
	Serve       Serve       `cmd:"" hidden:"" help:"Run a baseline of ingest, for a measurement."`
}

// flags are those of every measurement.
type flags struct {
	Runs int    `default:"5" help:"Rounds in which the subjects take turns; medians are given. Below 5 they say little."`
	JSON string `name:"json" placeholder:"FILE" help:"Write the report there as JSON, too, with every run; -: on standard output, instead of the table."`
}

// print prints a report in the form that was asked for.
func (f *flags) print(w io.Writer, r *measure.Report) error {
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

// Serve is a baseline in a process of its own.
type Serve struct {
	Subject string   `required:"" enum:"parse-only,A,A-fastjson,B" help:"parse-only, A or A-fastjson (a message per vote) or B (a message per request)."`
	Listen  string   `required:"" help:"Where requests come."`
	Kafka   []string `placeholder:"ADDR" help:"Brokers; not for parse-only."`
	Topic   string   `help:"Topic to write to; it exists."`
}

// Validate refuses a baseline that has nowhere to write to.
func (c *Serve) Validate() error {
	if c.Subject != parseOnly && (len(c.Kafka) == 0 || c.Topic == "") {
		return fmt.Errorf("baseline %s needs --kafka and --topic", c.Subject)
	}
	return nil
}

// Run serves until ctx ends.
func (c *Serve) Run(ctx context.Context, p *Parts) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen for baseline %s: %w", c.Subject, err)
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
