// Package embedded runs a real ClickHouse server without installing one: the
// process starts itself once more as a child, which loads libchdb.so and opens
// the native port on loopback. A client cannot tell it from any other server, so
// SQL, tables and driver are the same in tests, in the demo and in production.
//
// Everybody on the machine can reach the port, so it asks for a password, which
// is new at each start, and even with it there is nothing to be done but with
// databases whose names begin with mlf.
//
// It knows how to find the library and how to start, watch and stop the child.
// It must not know what is stored: tables, rows and drivers are the store's.
package embedded

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
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

	// Password is the one that the engine asks for, letters and digits. Empty: 128
	// random bits, others at each start. For tests whose clients are there first.
	Password string

	// Cluster is where the other servers of a cluster named mlf are, host:port, which have
	// the same Password: tables of engine Distributed are put together of this one's and
	// theirs. Empty: there is no cluster, and this engine asks no other.
	Cluster []string
}

// Telemetry is where a Server tells about itself: the engine's own messages and
// its restarts. Its zero value reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
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

	// childMax is the longest that a process may take to come into ChildMain,
	// which is the first thing that it does.
	childMax = 20 * time.Second

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
	if strings.ContainsFunc(c.Password, func(r rune) bool { return !alphanumeric(r) }) {
		return errors.New("embedded engine: password: want letters and digits") // And none of it in a log.
	}
	for _, addr := range c.Cluster {
		if host, port, err := net.SplitHostPort(addr); err != nil || c.Password == "" || strings.ContainsAny(host+port, "<&") {
			return fmt.Errorf("embedded engine: cluster of %q: want host:port, and a password that all have", addr)
		}
	}
	if c.LockWait < 0 || c.MemoryMax < 0 {
		return fmt.Errorf("embedded engine: lock wait %v, memory %d bytes: want 0 or more", c.LockWait, c.MemoryMax)
	}
	return nil
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
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
	if c.Password == "" {
		c.Password = rand.Text()
	}
	return c, nil
}

// ErrNoChildMain is the error of Start in a program that does not call ChildMain
// first: started once more, as the engine, it has done something else.
var ErrNoChildMain = errors.New("start embedded engine: this program does not call embedded.ChildMain first in main, or in TestMain")

// ErrNotBuilt is the error of Start in a program that was built without the engine.
var ErrNotBuilt = errors.New("this build of mlf has no embedded ClickHouse: use the full one (make build, bin/mlf), or name a ClickHouse server (--clickhouse) to the single stages")

// A Server is one embedded engine. Its port and its password stay the same for
// its whole life, however often the child behind them dies.
type Server struct {
	cfg      Config
	logger   *slog.Logger
	port     *reservation
	pid      atomic.Int64 // Of the newest child.
	restarts prometheus.Counter
	stop     context.CancelFunc
	stopped  chan struct{} // Closed when the last child is gone.
	stopErr  error         // Of the last child; read after stopped.
}

// Start starts the engine and returns when it answers; ctx bounds the start
// only. From then on the engine is watched: a child that dies is started again
// on the same port, until Close. The child ends with this process, however
// this process ends. ErrNoLibrary, ErrNoChildMain, ErrNotBuilt: what to do is in
// their texts.
func Start(ctx context.Context, cfg Config, tel Telemetry) (*Server, error) {
	if !Built {
		return nil, ErrNotBuilt
	}
	if os.Getenv(childMark) != "" { // We are that child, and would start the next.
		return nil, ErrNoChildMain
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, logger: cmp.Or(tel.Logger, slog.New(slog.DiscardHandler)), stopped: make(chan struct{})}
	if s.port, err = reserve(); err != nil {
		return nil, err
	}
	c, err := s.startUnlocked(ctx)
	if err != nil {
		return nil, errors.Join(err, s.port.release())
	}
	s.logger.Info("embedded engine started",
		slog.String("dir", cfg.Dir), slog.Int("tcp_port", s.port.port), slog.Int("pid", c.cmd.Process.Pid))
	s.restarts = newRestarts(tel.Registerer)
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.pid.Store(int64(c.cmd.Process.Pid))
	go s.watch(watching, c)
	return s, nil
}

// startUnlocked starts a child, again and again while another engine holds the
// directory, for at most LockWait.
func (s *Server) startUnlocked(ctx context.Context) (*child, error) {
	deadline := time.Now().Add(s.cfg.LockWait)
	for {
		c, err := s.startChild(ctx)
		if err == nil || !errors.Is(err, errLocked) {
			return c, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("start embedded engine in %s: another process has held the directory for %v: %w", s.cfg.Dir, s.cfg.LockWait, err)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// DSN returns the address of the engine as clickhouse-go reads it, with the
// password and database mlf, which need not exist. Any other that is made must
// have a name that begins with mlf.
func (s *Server) DSN() string {
	return fmt.Sprintf("clickhouse://%s:%s@%s/mlf", user, s.cfg.Password, s.Addr())
}

// Addr returns host:port of the engine, for who stands between it and its clients.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port.port) }

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
			s.stopErr = errors.Join(c.stop(), s.port.release())
			return
		case <-c.exited:
		}
		s.logger.Warn("embedded engine died, it is started again",
			slog.String("state", c.cmd.ProcessState.String()), slog.String("stderr", c.stderr.said()))
		if err := c.stop(); err != nil { // It is gone; this gives its terminal back.
			s.logger.Error("embedded engine left its terminal", slog.Any("err", err))
		}
		next, err := s.restart(ctx, time.Since(c.started))
		if err != nil { // Only when ctx has ended.
			s.stopErr = s.port.release()
			return
		}
		c = next
	}
}

// restart starts a new child on the same port. It tries until it succeeds or
// ctx ends, at once if the last child lived for a while, else with pauses.
func (s *Server) restart(ctx context.Context, lived time.Duration) (*child, error) {
	wait := restartPauseMin
	if lived < restartPauseMax {
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
	for {
		c, err := s.startChild(ctx)
		if err == nil {
			s.restarts.Inc()
			s.pid.Store(int64(c.cmd.Process.Pid))
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		wait = min(2*wait, restartPauseMax)
		s.logger.Error("embedded engine does not start, trying again", slog.Any("err", err), slog.Duration("pause", wait))
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
