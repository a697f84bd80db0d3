package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"mlf/aggregate"
	"mlf/aggregate/store"
	"mlf/command/certificates"
	"mlf/command/doctor"
	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/finding"
)

type doctorCmd struct {
	kafkaFlags
	Clickhouse []string `placeholder:"DSN" help:"ClickHouse, as of mlf query: several that count the same log, comma-separated. Default: none is looked at."`
	databaseFlags

	As          string        `enum:"schema,ingest,aggregate,query,alert,operator,archive,inquiry" default:"schema" help:"Whose login is used: its rights are held to what that stage needs, or mlf terminal and mlf alert (operator), mlf log archive, mlf vote find (inquiry)."`
	Replicas    int           `default:"3" help:"Copies of every record that are meant to be."`
	Certificate []string      `placeholder:"FILE" help:"Besides, look when these certificates (PEM) end, of listeners for instance."`
	Limit       time.Duration `default:"5s" help:"Longest time for each check; they run side by side."`
	Strict      bool          `help:"Exit code 1 also where something is warned of, or is not known."`
	JSON        bool          `name:"json" help:"Print the report as JSON."`
}

// Help is shown by mlf doctor --help.
func (*doctorCmd) Help() string {
	return `Looks whether Kafka, ClickHouse and what is between them keep what mlf promises, and changes nothing. Each line is one of

  ok       it was looked at, and is right
  fail     a promise is broken: a vote can be lost, doubled or not counted, a figure can be wrong
  warn     one will be, something costs more than it must, or it cannot be known (no right to look, no answer)
  skipped  it does not apply, or was not asked for

with the promise that breaks, and the remedy. Run it with the login and on the machine of a stage (--as): rights and clocks are
theirs. Exit code 0: nothing failed; 1: something did, or with --strict was warned of; 2: the command was wrong.

Of mlf up, Kafka's part is looked at (--kafka as it printed); its ClickHouse is its own: see /readyz?verbose.

  mlf doctor --kafka k1:9092,k2:9092,k3:9092 --clickhouse clickhouse://…@ch-a:9000/mlf,clickhouse://…@ch-b:9000/mlf`
}

// errUnwell is the error of a report with findings that fail.
var errUnwell = errors.New("not all is well")

// Validate refuses flags that do not go together. kong calls it.
func (c *doctorCmd) Validate() error {
	if c.Replicas < 1 || c.Limit <= 0 {
		return fmt.Errorf("--replicas %d, --limit %v: want more than 0", c.Replicas, c.Limit)
	}
	if len(c.Clickhouse) == 0 {
		return c.kafkaFlags.Validate()
	}
	return errors.Join(c.kafkaFlags.Validate(), c.checkList(c.Clickhouse))
}

// Run looks and reports.
func (c *doctorCmd) Run(ctx context.Context, p *console) error {
	quiet := slog.New(slog.DiscardHandler) // What is wrong is a finding.
	keeper := certificates.New(certificates.Telemetry{})
	client, err := c.Client(broker.Config{GiveUp: c.Limit, Timeout: c.Limit}, keeper, broker.Telemetry{Logger: quiet})
	if err != nil {
		return err
	}
	defer client.Close()
	checks := client.Checks(broker.Stage(c.As), c.Replicas)
	trusted, err := c.authorities(keeper)
	if err != nil {
		return err
	}
	var databases []doctor.Database
	for _, cfg := range c.databases(trusted, c.Clickhouse...) {
		cfg.Share = true
		s, err := store.New(cfg, store.Telemetry{Logger: quiet})
		if err != nil {
			return usageError{err}
		}
		defer closeStore(s, p.Log)
		databases = append(databases, databaseOf(client, s))
		checks = append(checks, s.Checks(c.As, client.Age)...)
		checks = append(checks, certificates.CheckServer(s.Place(), s.Dial))
	}
	checks = slices.Concat(checks, doctor.Together(client, databases...), c.certificates(keeper))
	found := finding.Run(ctx, c.Limit, checks...)
	if len(databases) == 0 {
		found = append(found, finding.Skip("clickhouse", "", "no --clickhouse was named"))
	}
	return c.tell(p, doctor.New(found))
}

func (c *doctorCmd) tell(p *console, r *doctor.Report) error {
	show := r.Print
	if c.JSON {
		show = r.JSON
	}
	if err := show(p.Stdout); err != nil {
		return err
	}
	if t := r.Totals; t.Fail > 0 || c.Strict && t.Warn > 0 {
		return fmt.Errorf("%d fail, %d warn: %w", t.Fail, t.Warn, errUnwell)
	}
	return nil
}

func databaseOf(client *broker.Client, s *store.Store) doctor.Database {
	return doctor.Database{Place: s.Place(), Store: s, Group: func(log schema.LogID) string {
		return client.NewGroup(log, s.Place(), aggregate.RulesMax).Name()
	}}
}

// certificates looks when those end that this command line names, and those that the
// brokers show.
func (c *doctorCmd) certificates(keeper *certificates.Keeper) (checks []finding.Check) {
	files := slices.DeleteFunc(append([]string{c.KafkaCA, c.KafkaCert, c.ClickhouseCA}, c.Certificate...), func(name string) bool { return name == "" })
	for _, file := range files {
		checks = append(checks, certificates.CheckFile(file))
	}
	if !c.KafkaTLS {
		return append(checks, certificates.NoServer("kafka", "brokers are spoken to without TLS: who listens between sees votes and tokens' hashes"))
	}
	for _, address := range c.Kafka {
		checks = append(checks, certificates.CheckServer(address, func(ctx context.Context) (net.Conn, error) {
			settings, err := c.TLS(keeper)
			if err != nil {
				return nil, err
			}
			return (&tls.Dialer{Config: settings()}).DialContext(ctx, "tcp", address)
		}))
	}
	return checks
}
