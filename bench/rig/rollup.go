package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"time"

	"mlf/aggregate/store"
	"mlf/bench/measure"
	"mlf/bench/setup"
	"mlf/proof/child"
	"mlf/schema"
)

// RollupPages is what one would write without counts in memory: a process that asks
// ClickHouse for the rows of a comune's page, and answers them as they come.
type RollupPages struct {
	Listen     string `required:"" help:"Where requests come."`
	ClickHouse string `required:"" env:"MLF_CLICKHOUSE" help:"The database."`
}

// Run serves until ctx ends.
func (c *RollupPages) Run(ctx context.Context, p *setup.Parts) (err error) {
	s, err := store.Open(ctx, store.Config{DSN: c.ClickHouse}, store.Telemetry{Logger: p.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen for pages of the rollup: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := rollupPage(r, s)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(answer) // Else the client is gone.
	})}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve pages of the rollup: %w", err)
	}
	return nil
}

// rollupPage reads the 30 days of a page and the 30 before, with their reasons.
func rollupPage(r *http.Request, s *store.Store) (answers [2]schema.StatsAnswer, err error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return answers, err
	}
	comune, err := schema.ParseComune(path.Base(r.URL.Path))
	if err != nil {
		return answers, err
	}
	from, err := time.ParseInLocation(time.DateOnly, r.FormValue("from"), rome)
	if err != nil {
		return answers, err
	}
	for i := range answers {
		days := from.AddDate(0, 0, -30*i)
		answers[i], err = s.Stats(r.Context(), schema.StatsQuery{
			From: schema.HourOf(days), Next: schema.HourOf(days.AddDate(0, 0, 30)), Comuni: []schema.ComuneID{comune},
			Classes: []schema.Class{schema.ClassOK}, Reasons: true, Group: []schema.Column{schema.ColumnService, schema.ColumnChannel}, RowsMax: 10_000,
		})
		if err != nil {
			return answers, err
		}
	}
	return answers, nil
}

// A rollupPeer is RollupPages at work, and the database that works for it.
type rollupPeer struct {
	process *child.Process
	addr    string
	engine  int // Its process.
}

// servePeer starts RollupPages on the country.
func (r *countryRig) servePeer(ctx context.Context) (*rollupPeer, error) {
	addr, err := child.FreeAddr()
	if err != nil {
		return nil, err
	}
	process, err := child.StartSelf([]string{"MLF_CLICKHOUSE=" + r.dsn}, "--log-level", "warn", "bench", "rollup-pages", "--listen", addr)
	if err != nil {
		return nil, err
	}
	if err := process.Await(ctx, func() error { return setup.Dials(ctx, addr) }); err != nil {
		return nil, errors.Join(err, process.Stop(child.StopMax))
	}
	return &rollupPeer{process, addr, r.rig.engine.Pid()}, nil
}

func (p *rollupPeer) address() string { return p.addr }

func (p *rollupPeer) cpu() (time.Duration, error) {
	own, err := measure.CPU(p.process.Pid())
	engine, engineErr := measure.CPU(p.engine)
	return own + engine, errors.Join(err, engineErr)
}
