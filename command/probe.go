package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mlf/command/password"
	"mlf/command/probe"
	"mlf/command/process"
)

type probeCmd struct {
	Ingest          string        `required:"" placeholder:"URL" help:"The public address to which terminals send votes, for instance https://voti.example.it."`
	Query           string        `required:"" placeholder:"URL" help:"The public address at which statistics are read, for instance https://mlf.example.it."`
	TokenFile       password.File `required:"" placeholder:"FILE" help:"File with the token of a terminal that was enrolled with --test; read at each request: it may be replaced at any time."`
	ReaderTokenFile password.File `placeholder:"FILE" help:"File with the token of a reader who is shown exact counts, where the public is shown lots. Without, it is not seen there whether a vote is shown, only whether it is counted."`
	Comune          string        `required:"" placeholder:"CODE" help:"Comune of the terminal, as it was enrolled."`
	Office          string        `placeholder:"CODE" help:"Office of the terminal, as it was enrolled. No other terminal for tests may be there."`
	Every           time.Duration `default:"10s" help:"Time between two votes."`
	Deadline        time.Duration `default:"60s" help:"By when a vote must be accepted, shown and counted."`
	CA              string        `name:"ca" placeholder:"FILE" help:"Authorities (PEM) that signed the service's certificates. Default: the system's."`
	Admin           string        `default:"127.0.0.1:9090" help:"Listener for metrics, probes and profiles; not for the public."`
}

// Help is shown by mlf probe --help.
func (*probeCmd) Help() string {
	return `Votes as a terminal for tests through the public addresses, and watches each vote become shown and counted: what citizens would
notice and no process can say of itself. Votes for tests are in no figure but those that ask for class=test.

  mlf terminal enrol --kafka … --test --comune 058091 --office PROBE --channel digital --services anagrafe
  mlf probe --ingest https://… --query https://… --token-file FILE --comune 058091 --office PROBE

Its metrics: mlf_probe_success, mlf_probe_visible_seconds, mlf_probe_rounds_total by how far votes came. While a vote is late no
other is cast. Run one; a second needs a terminal in an office of its own.`
}

// Validate refuses addresses that cannot be asked. kong calls it.
func (c *probeCmd) Validate() error {
	for flag, address := range map[string]string{"--ingest": c.Ingest, "--query": c.Query} {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("%s %q: want http:// or https:// and a host", flag, address)
		}
	}
	if c.Every <= 0 || c.Deadline <= 0 {
		return errors.New("--every and --deadline: want more than 0s")
	}
	return nil
}

// Run votes until ctx ends.
func (c *probeCmd) Run(ctx context.Context, p *console) error {
	settings, err := trusting(c.CA)
	if err != nil {
		return err
	}
	b := newBase(p)
	cfg := probe.Config{
		Ingest: strings.TrimSuffix(c.Ingest, "/"), Query: strings.TrimSuffix(c.Query, "/"), Token: c.TokenFile.Read, Comune: c.Comune, Office: c.Office,
		Every: c.Every, Deadline: c.Deadline, Registry: b.metrics, Logger: b.log,
		HTTP: &http.Client{Timeout: probeRequestMax, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, ForceAttemptHTTP2: true}},
	}
	if c.ReaderTokenFile != "" {
		cfg.Reader = c.ReaderTokenFile.Read
	}
	voter, err := probe.New(cfg)
	if err != nil {
		return usageError{err}
	}
	ln, err := listen("admin", c.Admin)
	if err != nil {
		return err
	}
	b.log.Info("probe starts", slog.String("listen", ln.Addr().String()))
	return process.InOrder(ctx, b.log, process.Part{Name: "probe", Run: voter.Run}, b.admin.Part(ln))
}

// probeRequestMax is how long a request of the probe may take: as long as the slowest
// terminals wait.
const probeRequestMax = 10 * time.Second
