package deployed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/cluster"
)

// databases are as mlf query calls those of overlays/twice.
func (s *site) databases() [2]string {
	return [2]string{fmt.Sprintf("%s:%d/mlf", s.NodeAddr(), storePort), fmt.Sprintf("%s:%d/mlf", s.NodeAddr(), otherPort)}
}

// FailsOver is a guest that counts the log into a second database, and lets the first
// one die, and then the second one hang, while a country votes.
func FailsOver(ctx context.Context, on *Site, report *cluster.Report) {
	s := on.site
	var other *clickhouse.Server
	if report.Step("overlays/twice counts into a second database", func() (said string, err error) {
		other, said, err = s.countsTwice(ctx)
		return said, err
	}) {
		report.Step("A killed, then B frozen: answers go on within "+failoverMax.String()+", and never go back", func() (string, error) {
			return s.failsOver(ctx, other)
		})
		report.Step("mlf compare A B", func() (string, error) { return s.compares(ctx) })
	}
	report.Step("one database again", func() (string, error) { return s.countsOnce(ctx, other) })
}

// countsTwice starts the second ClickHouse, and returns when workers count into it and
// query asks both.
func (s *site) countsTwice(ctx context.Context) (other *clickhouse.Server, said string, err error) {
	other, err = clickhouse.Start(ctx, clickhouse.Config{Dir: filepath.Join(s.dir, "other"), Password: storeWord}, clickhouse.Telemetry{})
	if err != nil {
		return nil, "", err
	}
	if err := s.forward(ctx, otherPort, other.Addr()); err != nil {
		return other, "", err
	}
	if err := s.overlay(ctx, "../twice"); err != nil {
		return other, "", err
	}
	if err := s.Wait(ctx, namespace, "--for=condition=Complete", "jobs", "--selector="+component+"schema-b"); err != nil {
		return other, "", err
	}
	if said, err = s.waitStages(ctx, "aggregate-b", "query"); err != nil {
		return other, "", err
	}
	if err := s.hasPods(ctx, "query", 1); err != nil { // Another one may be behind.
		return other, "", err
	}
	return other, said, s.caughtUp(ctx)
}

// overlay applies another overlay over what others have changed: replicas, for one.
func (s *site) overlay(ctx context.Context, path string) error {
	_, err := s.Kubectl(ctx, "apply", "--server-side", "--force-conflicts", "--validate=strict", "--kustomize", filepath.Join(s.Manifests, path))
	return err
}

// countsOnce leaves the site as it was.
func (s *site) countsOnce(ctx context.Context, other *clickhouse.Server) (said string, err error) {
	if err = s.overlay(ctx, "."); err == nil {
		said, err = s.waitStages(ctx, "query")
	}
	_, deleted := s.Kubectl(ctx, "delete", "--namespace="+namespace, "--selector="+component[:len(component)-1]+" in (aggregate-b, schema-b)",
		"deployments,jobs,poddisruptionbudgets")
	err = errors.Join(err, deleted, s.hasPods(ctx, "query", 1), s.hasPods(ctx, "aggregate-b", 0))
	if other != nil {
		err = errors.Join(err, other.Close())
	}
	return said, err
}

// caughtUp waits until query knows no database that is behind.
func (s *site) caughtUp(ctx context.Context) error {
	return await(ctx, func() error {
		for _, database := range s.databases() {
			up, err := s.metric(ctx, "query", fmt.Sprintf("mlf_query_copy_up{database=%q}", database))
			behind, missing := s.metric(ctx, "query", fmt.Sprintf("mlf_query_copy_behind_records{database=%q}", database))
			if err = errors.Join(err, missing); err == nil && (up != 1 || behind > 0) {
				err = fmt.Errorf("of %s mlf_query_copy_up is %v, and %v records are not counted", database, up, behind)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// failoverMax is how long the database may be asked that does not answer: 5 s, and
// what a busy node takes.
const failoverMax = 10 * time.Second

// twiceVotes is how long the country votes: longer than both faults.
const twiceVotes = 25 * time.Second

// failsOver lets a country vote and somebody read while databases break.
func (s *site) failsOver(ctx context.Context, other *clickhouse.Server) (_ string, err error) {
	if err := s.scale(ctx, "probe", 0); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.scale(ctx, "probe", 1)) }()
	country := s.mlf(ctx, "simulate", "--ingest", ingestURL, "--query", queryURL, "--pace", "real", "--rate", rate,
		"--duration", twiceVotes.String(), "--terminals", terminals, "--json")
	var report simulation
	var voting sync.WaitGroup
	var failed error
	voting.Go(func() { failed = run(country, &report) })
	var reader backward
	stop := s.follow(ctx, &reader)
	said, err := s.breaks(ctx, other)
	voting.Wait()
	stop()
	if err = errors.Join(err, failed); err != nil {
		return "", err
	}
	// Terminals that come before ingest has read of them: it reads late when Kafka hung.
	delete(report.Weather, "POST /v1/streams: 401")
	return fmt.Sprintf("%s; %d votes in %d requests, 0 of them failed; %d cells, 0 differences; %d answers to a reader, 0 failed, 0 older than the one before",
		said, report.Votes, report.Requests, report.Cells, reader.made), errors.Join(report.good(), reader.good())
}

// breaks kills A and cuts it off, as a machine that is lost. When it is back, and has
// counted what it missed, it freezes B.
func (s *site) breaks(ctx context.Context, other *clickhouse.Server) (string, error) {
	asked := func() error { return s.asked(ctx, 0) }
	if err := errors.Join(s.counts(ctx), await(ctx, asked)); err != nil {
		return "", err
	}
	killed, err := s.failover(ctx, 1, func() error { return errors.Join(s.cut(storePort), syscall.Kill(s.store.Pid(), syscall.SIGKILL)) })
	if err = errors.Join(err, s.forward(ctx, storePort, s.store.Addr()), s.caughtUp(ctx)); err != nil {
		return "", err
	}
	frozen, err := s.failover(ctx, 0, func() error { return syscall.Kill(other.Pid(), syscall.SIGSTOP) })
	if err = errors.Join(err, syscall.Kill(other.Pid(), syscall.SIGCONT)); err != nil {
		return "", err
	}
	return fmt.Sprintf("B answers %.1f s after A was killed, A %.1f s after B was frozen", killed.Seconds(), frozen.Seconds()), s.caughtUp(ctx)
}

// counts waits until votes come in.
func (s *site) counts(ctx context.Context) error {
	before, err := s.votes(ctx)
	if err != nil {
		return err
	}
	return await(ctx, func() error {
		now, err := s.votes(ctx)
		if err == nil && now < before+10 {
			err = errors.New("the country does not vote yet")
		}
		return err
	})
}

// asked returns an error unless query asks a database where memory does not answer.
func (s *site) asked(ctx context.Context, which int) error {
	series := fmt.Sprintf("mlf_query_copy_asked{database=%q}", s.databases()[which])
	is, err := s.metric(ctx, "query", series)
	if err == nil && is != 1 {
		err = fmt.Errorf("%s is %v", series, is)
	}
	return err
}

// failover breaks the database that is asked, and returns how long it took until
// another was, whose counts are those in memory.
func (s *site) failover(ctx context.Context, to int, fail func() error) (took time.Duration, err error) {
	if err := fail(); err != nil {
		return 0, err
	}
	began := time.Now()
	err = await(ctx, func() error {
		if err := s.asked(ctx, to); err != nil {
			return err
		}
		took = time.Since(began)
		now := time.Now()
		answer, err := s.get(ctx, fmt.Sprintf("%s/v1/stats?from=%s&to=%s&group=comune&check=store", queryURL,
			now.AddDate(0, 0, -2).Format(time.DateOnly), now.AddDate(0, 0, 2).Format(time.DateOnly)))
		if err == nil && !strings.Contains(answer, `"store":"agrees"`) {
			err = fmt.Errorf("the store does not agree with the answer: %s", answer[:min(len(answer), 500)])
		}
		return err
	})
	if err == nil && took > failoverMax {
		err = fmt.Errorf("it took %v", took)
	}
	return took, err
}

// compares proves both equal by what people type.
func (s *site) compares(ctx context.Context) (string, error) {
	var dsn [2]string
	for i, database := range s.databases() {
		dsn[i] = fmt.Sprintf("clickhouse://mlf:%s@%s", storeWord, database)
	}
	out, err := s.mlf(ctx, "compare", "--json", dsn[0], dsn[1]).Output()
	var report struct {
		Equal       bool
		Votes       uint64
		Cells       uint64
		Differences uint64 `json:"differences_total"`
	}
	if err = errors.Join(err, json.Unmarshal(out, &report)); err == nil && (!report.Equal || report.Cells == 0) {
		err = errors.New("they are not equal")
	}
	if err != nil {
		return "", fmt.Errorf("compare: %w: %s", err, out)
	}
	return fmt.Sprintf("%d votes in %d cells, %d differences", report.Votes, report.Cells, report.Differences), nil
}

// backward is a tally of answers of which none may be older than the one before.
type backward struct {
	tally

	last []uint64
}

// read takes what an answer says of the position that it is of.
func (b *backward) read(answer string) error {
	var said struct{ Meta struct{ Ledger []uint64 } }
	if err := json.Unmarshal([]byte(answer), &said); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	now := said.Meta.Ledger
	for p := range b.last {
		if p >= len(now) || now[p] < b.last[p] {
			return fmt.Errorf("an answer is of %v, and one before it was of %v", now, b.last)
		}
	}
	if len(now) == 0 {
		return errors.New("an answer does not say of what position it is")
	}
	b.last = now
	return nil
}

// follow asks five times a second until stop is called, which returns when it has ended.
func (s *site) follow(ctx context.Context, b *backward) (stop func()) {
	return s.asking(ctx, func(ctx context.Context, url string) {
		answer, err := s.get(ctx, url)
		if err == nil {
			err = b.read(answer)
		}
		if ctx.Err() == nil {
			b.note(err)
		}
	})
}
