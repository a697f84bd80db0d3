package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"mlf/bench/baseline"
	"mlf/bench/setup"
)

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
func (c *Serve) Run(ctx context.Context, p *setup.Parts) error {
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
