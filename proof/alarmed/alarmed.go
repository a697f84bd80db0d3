package alarmed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mlf/proof/child"
	"mlf/proof/cluster"
	"mlf/proof/deployed"
)

// Config says what is tried.
type Config struct {
	Monitoring string   // The folder with rules.yaml and alertmanager.yaml.
	Faults     []string // By name; "short" are those of every run, "all" all.
}

// name is of the namespace, the Prometheus and the rules of this trial.
const name = "alarmed"

const (
	alertmanagerPort = 9093
	webhookPort      = 9095
)

// A trial is what faults are tried on.
type trial struct {
	*deployed.Site
	Config

	dir          string
	receiver     *receiver
	alertmanager *child.Process
	country      *child.Process // Votes all the time.
	said         string         // What the fault that is tried has to tell besides.
	ends         []func()
}

// Guest returns what tries the faults. It leaves stages with two pods each, and what
// some faults have left in the store: nothing can be tried after it.
func Guest(c Config) deployed.Guest {
	return func(ctx context.Context, on *deployed.Site, report *cluster.Report) {
		t := &trial{Site: on, Config: c, receiver: &receiver{alerts: make(map[string]alert)}}
		defer t.end()
		if !report.Step(fmt.Sprintf("alerts arrive at a webhook; rules wait 1/%d, and look back on 1/%d, of their time; votes may be uncounted for 1/%d", waitsBy, windowsBy, agesBy), func() (string, error) { return t.begin(ctx) }) {
			return
		}
		report.Step("what the runbook says to type works", func() (string, error) { return t.types(ctx) })
		for _, f := range t.faults() {
			if ctx.Err() == nil && f.isWanted(c.Faults) {
				report.Step("alerts: "+f.name, func() (string, error) { return t.try(ctx, f) })
			}
		}
		if slices.Contains(c.Faults, All) {
			report.Step("what the runbook says to look at is scraped", func() (string, error) { return t.scraped(ctx) })
		}
	}
}

// begin starts the alert path, and a country that votes.
func (t *trial) begin(ctx context.Context) (said string, err error) {
	if t.dir, err = os.MkdirTemp("", "mlf-alarmed-"); err != nil {
		return "", fmt.Errorf("make folder of Alertmanager: %w", err)
	}
	t.ends = append(t.ends, func() { _ = os.RemoveAll(t.dir) }) // In the folder of temporary files.
	for _, start := range []func(context.Context) error{t.startWebhook, t.startAlertmanager, t.deploy, t.startPrometheus, t.startCountry} {
		if err := start(ctx); err != nil {
			return "", err
		}
	}
	began := time.Now()
	err = cluster.Await(ctx, quietMax, func() error {
		if t.receiver.silence() > silent {
			return errors.New("the watchdog is not heard")
		}
		return errors.Join(t.votes(ctx), t.receiver.firing(""))
	})
	return fmt.Sprintf("the watchdog is heard, and nothing else, after %.1f s", time.Since(began).Seconds()), err
}

func (t *trial) end() {
	for _, end := range slices.Backward(t.ends) {
		end()
	}
}

func (t *trial) startWebhook(ctx context.Context) error {
	listener, err := t.Listen(ctx, "tcp", t.at(webhookPort))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: t.receiver, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // Until it is closed.
	t.ends = append(t.ends, func() { _ = server.Close() })
	return nil
}

func (t *trial) at(port int) string { return net.JoinHostPort(t.NodeAddr(), fmt.Sprint(port)) }

// startAlertmanager starts it with the configuration that is shipped, the receivers'
// addresses and the times apart.
func (t *trial) startAlertmanager(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(t.Monitoring, "alertmanager.yaml"))
	if err != nil {
		return fmt.Errorf("read configuration of Alertmanager: %w", err)
	}
	config := filepath.Join(t.dir, "alertmanager.yaml")
	here := strings.NewReplacer("pager.example", t.at(webhookPort), "tickets.example", t.at(webhookPort), "watchdog.example", t.at(webhookPort))
	if err := os.WriteFile(config, []byte(here.Replace(compressRouting(string(text)))), 0o600); err != nil {
		return fmt.Errorf("write configuration of Alertmanager: %w", err)
	}
	t.alertmanager, err = child.Start(t.Command(context.WithoutCancel(ctx), "prometheus-alertmanager", "--config.file="+config,
		"--storage.path="+filepath.Join(t.dir, "alertmanager"), "--web.listen-address="+t.at(alertmanagerPort), "--cluster.listen-address="))
	if err != nil {
		return err
	}
	t.ends = append(t.ends, t.alertmanager.Kill)
	return t.alertmanager.Await(ctx, func() error {
		_, err := t.Get(ctx, "http://"+t.at(alertmanagerPort)+"/-/ready")
		return err
	})
}

// deploy has two pods of each stage, as an installation has, and a probe that votes
// each second.
func (t *trial) deploy(ctx context.Context) error {
	if _, err := t.Kubectl(ctx, "set", "env", "--namespace="+deployed.Namespace, "deployment/probe", "MLF_EVERY=1s", "MLF_DEADLINE=20s"); err != nil {
		return err
	}
	for _, stage := range voting() {
		if err := t.Scale(ctx, stage, replicas); err != nil {
			return err
		}
	}
	_, err := t.Rolled(ctx, "probe")
	return err
}

// replicas is how many pods of a stage run.
const replicas = 2

// voting are the stages that a vote passes through.
func voting() []string { return []string{"ingest", "aggregate", "query"} }

// prometheusOf is written for the operator: our PodMonitor where it is deployed, the
// rules of compressed time, and where Alertmanager is.
const prometheusOf = `
apiVersion: v1
kind: Namespace
metadata: {name: alarmed}
---
apiVersion: v1
kind: Secret
metadata: {name: alertmanagers, namespace: alarmed}
stringData: {alertmanagers.yaml: '[{static_configs: [{targets: ["ALERTMANAGER"]}]}]'}
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: alarmed, namespace: alarmed}
spec:
  replicas: 0
  scrapeInterval: 1s
  evaluationInterval: 1s
  podMonitorSelector: {}
  podMonitorNamespaceSelector: {matchLabels: {kubernetes.io/metadata.name: mlf}}
  ruleSelector: {}
  additionalAlertManagerConfigs: {name: alertmanagers, key: alertmanagers.yaml}
`

func (t *trial) startPrometheus(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(t.Monitoring, "rules.yaml"))
	if err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	rules, err := compress(text)
	if err != nil {
		return err
	}
	if err := t.ApplyText(ctx, strings.ReplaceAll(prometheusOf, "ALERTMANAGER", t.at(alertmanagerPort))); err != nil {
		return err
	}
	if err := t.ApplyText(ctx, rules); err != nil {
		return err
	}
	return t.StartPrometheus(ctx, name, name)
}

// startCountry lets terminals vote until the end. What they report is of no use: some
// faults take votes away.
func (t *trial) startCountry(ctx context.Context) (err error) {
	t.country, err = child.Start(t.Mlf(context.WithoutCancel(ctx), "simulate", "--ingest", deployed.IngestURL, "--query", deployed.QueryURL,
		"--pace", "real", "--rate", "20", "--duration", "1h", "--terminals", "1000", "--give-up", "1h", "--json"))
	if err == nil {
		t.ends = append(t.ends, t.country.Kill)
	}
	return err
}

// votes returns an error unless the country votes.
func (t *trial) votes(ctx context.Context) error {
	if err := t.country.Alive(); err != nil {
		return err
	}
	found, err := t.Query(ctx, `sum(rate(mlf_ingest_votes_total[5s])) > 10`)
	if err == nil && len(found) == 0 {
		err = errors.New("the country does not vote yet")
	}
	return err
}

const (
	// quietMax bounds how long all takes to resolve: a window of an hour, and until
	// what waited is counted.
	quietMax = 2 * time.Minute

	// firesMax bounds how long an alert takes to arrive.
	firesMax = 75 * time.Second
)

// try breaks something, and mends it as soon as all alerts have come that ought to.
func (t *trial) try(ctx context.Context, f fault) (_ string, err error) {
	if err := t.country.Alive(); err != nil {
		return "", err
	}
	t.receiver.forget()
	t.said = ""
	began := time.Now()
	mend, err := f.breaks(ctx)
	if err == nil {
		err = t.expect(ctx, began, f)
	}
	if mend != nil {
		err = errors.Join(err, mend(ctx))
	}
	mended := time.Now()
	if quiet := cluster.Await(ctx, quietMax, func() error { return t.receiver.firing("") }); quiet != nil {
		err = errors.Join(err, quiet)
	}
	heard := t.receiver.heard()
	absent, _ := missing(heard, f.expects)
	if _, others := missing(heard, slices.Concat(f.expects, f.may)); len(absent)+len(others) > 0 {
		err = errors.Join(err, fmt.Errorf("did not fire: %v; fired besides: %v", absent, others))
	}
	if err != nil {
		err = fmt.Errorf("%w (%s)", err, times(heard, began, mended))
	}
	if t.said != "" {
		return times(heard, began, mended) + "; " + t.said, err
	}
	return times(heard, began, mended), err
}

// expect returns when f has lasted, and all alerts have come that it names.
func (t *trial) expect(ctx context.Context, began time.Time, f fault) error {
	return cluster.Await(ctx, max(firesMax, f.lasts), func() error {
		if left := f.lasts - time.Since(began); left > 0 {
			return fmt.Errorf("lasts for %v more", left)
		}
		if absent, _ := missing(t.receiver.heard(), f.expects); len(absent) > 0 {
			return fmt.Errorf("not heard of yet: %v", absent)
		}
		return f.looks(ctx)
	})
}

// times says when alerts came and went.
func times(heard map[string]alert, began, mended time.Time) string {
	if len(heard) == 0 {
		return "none"
	}
	type line struct {
		of string
		alert
	}
	var lines []line
	for of, a := range heard {
		lines = append(lines, line{of, a})
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(a.fired.Compare(b.fired), strings.Compare(a.of, b.of)) })
	var said []string
	for _, l := range lines {
		resolved := "never resolved"
		if !l.resolved.IsZero() {
			resolved = fmt.Sprintf("resolved %+.0f s", l.resolved.Sub(mended).Seconds())
		}
		said = append(said, fmt.Sprintf("%s (%s) after %.0f s, %s", l.of, l.receiver, l.fired.Sub(began).Seconds(), resolved))
	}
	return strings.Join(said, "; ") + fmt.Sprintf("; mended after %.0f s", mended.Sub(began).Seconds())
}

// encode returns objects as Kubernetes reads them.
func encode(object map[string]any) string {
	text, err := json.Marshal(object)
	if err != nil {
		panic(fmt.Sprintf("BUG: %v of %v", err, slices.Sorted(maps.Keys(object))))
	}
	return string(text)
}
