package command

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"mlf/command/imports"
	"mlf/ingest/enrolment"
	"mlf/proof/country"
	"mlf/schema"
)

type simulateCmd struct {
	toolFlags
	registryFlags
	Ingest      []string      `required:"" placeholder:"URL" help:"Where terminals send votes, for instance http://127.0.0.1:8080; several take turns."`
	Query       string        `required:"" placeholder:"URL" help:"Where statistics are read, for instance http://127.0.0.1:8081."`
	Terminals   int           `default:"200" help:"Number of terminals to enrol and play, in real comuni weighted by population."`
	Days        int           `help:"Days of the past to play. Default 1, or none with --pace real."`
	Seed        uint64        `default:"1" help:"The same seed plays the same votes."`
	Pace        string        `enum:"fast,real" default:"fast" help:"fast: the past days, as fast as it goes. real: from now on, for demos, until Ctrl-C or --duration."`
	Rate        float64       `placeholder:"N" help:"With --pace real: votes a second, all terminals together."`
	Duration    time.Duration `placeholder:"TIME" help:"With --pace real: how long, for instance 10m. Default: until Ctrl-C."`
	VotesPerDay float64       `placeholder:"N" help:"Mean votes of a terminal on a day. Default 100."`
	ResendShare float64       `default:"0.08" help:"Share of answers that are lost, so that the same votes are sent again."`
	Connections int           `default:"32" help:"Most requests in flight."`
	GiveUp      time.Duration `default:"10m" help:"End when nothing has succeeded for so long. Until then, refused and cut connections are weather."`
	Foreign     bool          `help:"Beside the terminals: boxes on LoRaWAN, devices with counters, telephone exchanges and forms of sites, which keep no state. With --pace fast."`
	CA          string        `name:"ca" placeholder:"FILE" help:"Authorities (PEM) that signed the service's certificates. Default: the system's."`
	JSON        bool          `name:"json" help:"Print the report as JSON."`
}

// Help is shown by mlf simulate --help.
func (*simulateCmd) Help() string {
	return `Plays terminals through the public protocol only: office hours, seasons, outages followed by bursts of stored votes,
lost answers followed by re-sends, wrong clocks, shuffled batches. Then waits until everything is counted and compares the
difference to a snapshot taken before, cell by cell and by ledger. Exit code 0 only if every cell agrees.

Other votes that arrive meanwhile show as differences: run it against a service that nobody else uses.

  mlf simulate --ingest http://127.0.0.1:8080 --query http://127.0.0.1:8081 --kafka 127.0.0.1:19092 \
      --terminals 2000 --days 7 --seed 1

With --foreign, sources that keep no state send beside them, enrolled through the registry and in the weather of real networks: frames that
are lost, doubled, late and out of order, power cuts, bots. What arrived of a vote with an identity counts exactly once; of counters no more
than was pressed, and no less than can be known from what came in time. Forms without identities send once each: where ingest is not
mlf up, start it with --trusted-proxies 127.0.0.0/8, or its limit for each client slows them down.`
}

// Run plays, compares and reports.
func (c *simulateCmd) Run(ctx context.Context, p *console) error {
	lists, err := c.Load()
	if err != nil {
		return err
	}
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	cfg.Progress = p.Stderr
	var enroller *enrolment.Enroller
	sim, err := country.New(country.Parts{
		Registry: lists,
		Log:      p.Log,
		Register: client.PutRegistry,
		Import: func(ctx context.Context, integration, serial string, file []byte) error {
			_, err := imports.Calls(ctx, client, integration, serial, file)
			return err
		},
		Enrol: func(ctx context.Context, templates []schema.Enrolment) ([]schema.Enrolled, error) {
			return enroller.Enrol(ctx, templates)
		},
	}, cfg)
	if err != nil {
		return usageError{err}
	}
	if enroller, err = enrolment.New(ctx, client); err != nil {
		return err // At once: the service is waited for, but not a log that is not where it was said to be.
	}
	report, err := sim.Run(ctx)
	if c.JSON {
		return errors.Join(err, json.NewEncoder(p.Stdout).Encode(report))
	}
	return errors.Join(err, report.Print(p.Stdout))
}

// config returns the simulation's settings.
func (c *simulateCmd) config() (country.Config, error) {
	cfg := country.Config{
		Ingest: c.Ingest, Query: c.Query,
		Terminals: c.Terminals, Days: c.Days, Seed: c.Seed, Pace: country.Pace(c.Pace),
		Rate: c.Rate, Duration: c.Duration, VotesPerDay: c.VotesPerDay, ResendShare: c.ResendShare,
		Connections: c.Connections, GiveUp: c.GiveUp, Foreign: c.Foreign,
	}
	if cfg.ResendShare == 0 {
		cfg.ResendShare = -1 // There the zero value is the default.
	}
	var err error
	cfg.TLS, err = trusting(c.CA)
	return cfg, err
}

// trusting returns settings for who trusts the authorities in a file; nil for the
// system's, where none is named.
func trusting(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // What the system trusts is no setting.
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, usageError{fmt.Errorf("--ca %s: no certificate in it", file)}
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}
