package deployed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mlf/deploy/grafana"
)

// prometheus is what prometheus-operator makes a configuration of: our PodMonitor and
// rules, found by nothing but their namespace.
const prometheus = `
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: dashboards, namespace: ` + namespace + `}
spec:
  replicas: 0
  scrapeInterval: 1s
  evaluationInterval: 1s
  podMonitorSelector: {}
  ruleSelector: {}
`

// watches starts Prometheus and waits until it has scraped a pod of each stage.
func (s *site) watches(ctx context.Context) (string, error) {
	if err := s.ApplyText(ctx, prometheus); err != nil {
		return "", err
	}
	if err := s.StartPrometheus(ctx, namespace, "dashboards"); err != nil {
		return "", err
	}
	return "", await(ctx, func() error {
		up, err := s.Query(ctx, `mlf_ready`) // Not up: of targets before these it is remembered.
		if err == nil && len(up) != len(stages()) {
			err = fmt.Errorf("%d pods are scraped: want %d", len(up), len(stages()))
		}
		return err
	})
}

// Over what time rates are taken: in health more than the probe's votes are apart, in a
// fault less than it has lasted.
const (
	healthWindow = "30s"
	faultWindow  = "10s"
	faultFor     = 15 * time.Second // How long a neighbour is frozen before dashboards are looked at.
)

// elsewhere are needs that overlays/dev does not meet.
func elsewhere() []grafana.Need {
	return []grafana.Need{grafana.Retention, grafana.Encryption, grafana.Databases, grafana.Engine, grafana.Releases, grafana.Snapshots}
}

// charts asks for each expression of deploy/grafana, in health and while a neighbour
// is frozen. Citizens vote meanwhile: the probe waits for the vote that does not come
// through.
func (s *site) charts(ctx context.Context) (said string, err error) {
	stop, err := s.votesFor(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var reader tally
	defer s.read(ctx, &reader)()
	if err := await(ctx, func() (err error) {
		said, err = s.shows(ctx, healthWindow)
		return err
	}); err != nil {
		return "", err
	}
	store := func(sig syscall.Signal) func() error { return func() error { return syscall.Kill(s.store.Pid(), sig) } }
	err = s.while(ctx, store(syscall.SIGSTOP), store(syscall.SIGCONT), grafana.Flushes, grafana.Reads, grafana.Probes)
	err = errors.Join(err, s.while(ctx, func() error { return s.kafka.Pause(0) }, func() error { return s.kafka.Resume(0) },
		grafana.Votes, grafana.Memory, grafana.Flushes, grafana.Reads, grafana.Probes))
	return said, err
}

// votesFor lets a country vote until stop is called, and returns when it does. Nobody
// compares: it would wait for what is frozen.
func (s *site) votesFor(ctx context.Context) (stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	country := s.mlf(ctx, "simulate", "--ingest", ingestURL, "--query", queryURL, "--pace", "real", "--rate", rate, "--terminals", terminals)
	ended := make(chan error, 1)
	go func() {
		_, err := country.Output()
		ended <- err
	}()
	stop = func() error {
		defer cancel()
		select {
		case err := <-ended:
			return fmt.Errorf("simulate ended by itself: %w", err)
		default:
			cancel()
			<-ended // That it was killed is no error.
			return nil
		}
	}
	voting := await(ctx, func() error {
		found, err := s.Query(ctx, `sum(rate(mlf_ingest_votes_total{result="accepted"}[10s])) > 5`)
		if err == nil && len(found) == 0 {
			err = errors.New("the country does not vote yet")
		}
		return err
	})
	if voting != nil {
		return nil, errors.Join(voting, stop())
	}
	return stop, nil
}

// while freezes something, and looks at all dashboards then.
func (s *site) while(ctx context.Context, freeze, thaw func() error, without ...grafana.Need) (err error) {
	if err := freeze(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, thaw()) }()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(faultFor):
	}
	_, err = s.shows(ctx, faultWindow, without...)
	if err != nil {
		err = fmt.Errorf("without %v: %w", without, err)
	}
	return err
}

// shows returns an error of the expressions that have no data though they need nothing
// that is not here.
func (s *site) shows(ctx context.Context, window string, without ...grafana.Need) (string, error) {
	asked, empty, err := grafana.Check(ctx, func(ctx context.Context, expr string) (values []float64, err error) {
		samples, err := s.Query(ctx, expr)
		for _, sample := range samples {
			value, failed := strconv.ParseFloat(sample.Value, 64)
			err = errors.Join(err, failed)
			values = append(values, value)
		}
		return values, err
	}, window)
	if err != nil {
		return "", err
	}
	without = append(without, elsewhere()...)
	var lines []string
	for _, e := range empty {
		if !slices.Contains(without, e.Needs) {
			lines = append(lines, e.String())
		}
	}
	if len(lines) > 0 {
		return "", fmt.Errorf("%d of %d expressions have no data:\n%s", len(lines), asked, strings.Join(lines, "\n"))
	}
	return fmt.Sprintf("%d expressions; %d have none here, for what they need", asked, len(empty)), nil
}
