// Package embedded runs a real ClickHouse server without installing one: the
// process starts itself once more as a child, which loads libchdb.so and opens
// the native and the HTTP port on loopback. A client cannot tell it from any
// other server, so SQL, tables and driver are the same in tests, in the demo
// and in production.
//
// It knows how to find the library and how to start, watch and stop the child.
// It must not know what is stored: tables, rows and drivers are the store's.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config says where the engine keeps its data and what it may use. Only Dir is
// required.
type Config struct {
	// Dir is the data directory; it is made when missing. One engine at a time.
	Dir string

	// Library is the path of libchdb.so; empty: the one that Library finds.
	Library string

	// LockWait is how long Start waits for a directory that another engine
	// still holds: the child of a process that was killed needs up to 5 s to
	// close its tables. 0: LockWaitDefault.
	LockWait time.Duration

	// MemoryMax is the most memory the engine may use, in bytes. 0: MemoryMaxDefault.
	MemoryMax int64

	// Logger gets the engine's own messages and its restarts. Nil: none.
	Logger *slog.Logger

	// Registerer gets the engine's metrics. Nil: none.
	Registerer prometheus.Registerer
}

const (
	// LockWaitDefault is twice the time an orderly stop was measured to take
	// with clients still connected (4.9 s).
	LockWaitDefault = 10 * time.Second

	// MemoryMaxDefault leaves half of a 4 GiB machine to the rest of mlf. The
	// engine needs 0.2 GiB idle and 0.4 GiB with a million rows.
	MemoryMaxDefault = 2 << 30

	// startMax is the longest that opening the tables may take. Measured: 0.1
	// to 0.6 s; a day's worth of unmerged parts still opens in seconds.
	startMax = 60 * time.Second

	// stopMax is the longest an orderly stop may take before the child is
	// killed: 4.9 s were measured with clients still connected.
	stopMax = 10 * time.Second

	// restartPauseMin is the pause before an engine that has just been started
	// is started once more. One that lived longer is restarted at once.
	restartPauseMin = 100 * time.Millisecond

	// restartPauseMax bounds the pause between restarts of an engine that does
	// not stay up, so that it comes back soon after its trouble is over.
	restartPauseMax = 5 * time.Second
)

// Validate refuses a Config that Start could not use.
func (c Config) Validate() error {
	if c.Dir == "" {
		return errors.New("embedded engine: no data directory")
	}
	if c.LockWait < 0 || c.MemoryMax < 0 {
		return fmt.Errorf("embedded engine: lock wait %v, memory %d bytes: want 0 or more", c.LockWait, c.MemoryMax)
	}
	return nil
}

// withDefaults returns c with every zero replaced.
func (c Config) withDefaults() (Config, error) {
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return Config{}, fmt.Errorf("resolve data directory %s: %w", c.Dir, err)
	}
	c.Dir = dir
	if c.Library == "" {
		if c.Library, err = Library(); err != nil {
			return Config{}, err
		}
	}
	if c.LockWait == 0 {
		c.LockWait = LockWaitDefault
	}
	if c.MemoryMax == 0 {
		c.MemoryMax = MemoryMaxDefault
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// A Server is one embedded engine. Its ports stay the same for its whole life,
// however often the child behind them dies.
type Server struct {
	cfg      Config
	ports    ports
	pid      atomic.Int64 // Of the newest child.
	restarts prometheus.Counter
	stop     context.CancelFunc
	stopped  chan struct{} // Closed when the last child is gone.
	stopErr  error         // Of the last child; read after stopped.
}

// Start starts the engine and returns when it answers; ctx bounds the start
// only. From then on the engine is watched: a child that dies is started again
// on the same ports, until Close. The child ends with this process, however
// this process ends.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	if err := writeSettings(cfg); err != nil {
		return nil, err
	}
	c, err := startUnlocked(ctx, cfg)
	if err != nil {
		return nil, err
	}
	cfg.Logger.Info("embedded engine started",
		slog.String("dir", cfg.Dir), slog.Int("tcp_port", c.ports.tcp), slog.Int("pid", c.cmd.Process.Pid))
	s := &Server{cfg: cfg, ports: c.ports, restarts: newRestarts(cfg.Registerer), stopped: make(chan struct{})}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.pid.Store(int64(c.cmd.Process.Pid))
	go s.watch(watching, c)
	return s, nil
}

// startUnlocked starts a child on ports of the system's choice, again and again
// while another engine holds the directory, for at most cfg.LockWait.
func startUnlocked(ctx context.Context, cfg Config) (*child, error) {
	deadline := time.Now().Add(cfg.LockWait)
	for {
		c, err := startChild(ctx, cfg, ports{})
		if err == nil || !errors.Is(err, errLocked) {
			return c, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("start embedded engine in %s: another process has held the directory for %v: %w", cfg.Dir, cfg.LockWait, err)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// DSN returns the address of the engine as clickhouse-go reads it, with
// database mlf. The database need not exist; a client that names a database
// that does not exist while it connects kills the engine.
func (s *Server) DSN() string {
	return fmt.Sprintf("clickhouse://127.0.0.1:%d/mlf", s.ports.tcp)
}

// Pid returns the number of the process that is the engine now, for those who
// measure what it uses, or kill it. Each restart changes it; just before one, it is
// that of a process that is gone.
func (s *Server) Pid() int { return int(s.pid.Load()) }

// Close stops the engine and returns when the child is gone. End the clients
// first: with one still connected the stop takes 5 s. It may be called more than
// once.
func (s *Server) Close() error {
	s.stop()
	<-s.stopped
	return s.stopErr
}

// watch keeps the engine up until ctx ends, then stops it.
func (s *Server) watch(ctx context.Context, c *child) {
	defer close(s.stopped)
	for {
		select {
		case <-ctx.Done():
			s.stopErr = c.stop()
			return
		case <-c.exited:
		}
		s.cfg.Logger.Warn("embedded engine died, it is started again",
			slog.String("state", c.cmd.ProcessState.String()), slog.String("stderr", c.stderr.said()))
		if err := c.stop(); err != nil { // It is gone; this gives its pipe back.
			s.cfg.Logger.Error("embedded engine left its pipe", slog.Any("error", err))
		}
		next, err := s.restart(ctx, time.Since(c.started))
		if err != nil { // Only when ctx has ended.
			return
		}
		c = next
	}
}

// restart starts a new child on the same ports. It tries until it succeeds or
// ctx ends, at once if the last child lived for a while, else with pauses.
func (s *Server) restart(ctx context.Context, lived time.Duration) (*child, error) {
	wait := restartPauseMin
	if lived < restartPauseMax {
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
	for {
		c, err := startChild(ctx, s.cfg, s.ports)
		if err == nil {
			s.restarts.Inc()
			s.pid.Store(int64(c.cmd.Process.Pid))
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		wait = min(2*wait, restartPauseMax)
		s.cfg.Logger.Error("embedded engine does not start, trying again", slog.Any("error", err), slog.Duration("pause", wait))
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// pause waits for d, or until ctx ends and returns its error then.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
