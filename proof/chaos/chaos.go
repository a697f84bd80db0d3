package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config says what to run and for how long. Only Binary must be set.
type Config struct {
	Binary     string        // The mlf to run.
	Dir        string        // Data and logs of everything; must not be in use. Empty: a temporary folder, removed when all is well.
	Keep       bool          // The temporary folder stays in any case.
	Duration   time.Duration // Of the faults. Default 2 min.
	Seed       uint64        // Of the plan of faults and of the votes.
	Lost       float64       // Share of HTTP answers lost all the time. Default 0.1; negative: none.
	Ingests    int           // Default 2.
	Aggregates int           // Default 3.
	Partitions int           // Default 8.
	Terminals  int           // Of one round. Default 500.
	Days       int           // Of one round. Default 2.
	Log        *slog.Logger  // nil: silent.
}

// lossy is the share of answers that a lossy line to an engine swallows.
const lossy = 0.1

const (
	// readyMax bounds the start of all processes on calm engines.
	readyMax = 4 * time.Minute

	// patience bounds the last round after the last fault, so that a service
	// that does not recover ends the run with a report.
	patience = 5 * time.Minute
)

// Validate tells what cannot be run.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case c.Binary == "":
		return errors.New("chaos: no binary of mlf")
	case c.Duration < 10*time.Second:
		return fmt.Errorf("chaos: duration %v: want at least 10s", c.Duration)
	case c.Lost >= 0.9:
		return fmt.Errorf("chaos: share of lost answers %v: want less than 0.9", c.Lost)
	case min(c.Ingests, c.Aggregates, c.Partitions, c.Terminals, c.Days) < 1:
		return errors.New("chaos: want at least one of each")
	}
	return nil
}

func (c Config) withDefaults() Config {
	for _, n := range []struct {
		field   *int
		initial int
	}{{&c.Ingests, 2}, {&c.Aggregates, 3}, {&c.Partitions, 8}, {&c.Terminals, 500}, {&c.Days, 2}} {
		if *n.field == 0 {
			*n.field = n.initial
		}
	}
	if c.Duration == 0 {
		c.Duration = 2 * time.Minute
	}
	if c.Lost == 0 {
		c.Lost = lossy
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Run starts everything, breaks it while votes come in, and compares. The error
// is that of a run that could not be made; what was found is in the report.
// Everything that was started has ended when Run returns.
func Run(ctx context.Context, cfg Config) (_ Report, err error) {
	if err := cfg.Validate(); err != nil {
		return Report{}, err
	}
	cfg = cfg.withDefaults()
	report := newReport(&cfg)
	own := cfg.Dir == ""
	if own {
		if cfg.Dir, err = os.MkdirTemp("", "mlf-chaos-"); err != nil {
			return *report, fmt.Errorf("make folder: %w", err)
		}
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return *report, fmt.Errorf("find folder: %w", err)
	}
	defer func() {
		if own && !cfg.Keep && (report.OK || ctx.Err() != nil) {
			err = errors.Join(err, os.RemoveAll(cfg.Dir))
			return
		}
		cfg.Log.Info("logs and data are kept", slog.String("dir", cfg.Dir))
	}()
	cfg.Log.Info("starting Kafka and ClickHouse", slog.String("dir", cfg.Dir))
	s, err := newService(ctx, cfg)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return *report, err
	}
	if err := s.run(ctx, report); err != nil {
		return *report, err
	}
	report.judge()
	return *report, nil
}

// run keeps lines and processes up while they are broken, and stops them: the
// lines last, because what a process does when it is stopped needs them.
func (s *service) run(ctx context.Context, report *Report) error {
	calm, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var lines, stages errgroup.Group
	for _, p := range s.lines {
		lines.Go(func() error { return p.Run(calm) })
	}
	if err := s.apply(ctx); err != nil {
		end()
		return errors.Join(err, lines.Wait())
	}
	living, stop := context.WithCancel(ctx)
	defer stop()
	w := newWatch(s.queryAddr)
	for _, p := range s.stages() {
		stages.Go(func() error { return p.Run(living) })
	}
	stages.Go(func() error { return w.Run(living) })
	var m meter
	stages.Go(func() error { return s.measure(living, w, &m) })
	err := s.torment(living, w, report)
	for _, p := range s.lines {
		p.Set(Conditions{})
	}
	stop()
	err = errors.Join(err, stages.Wait())
	report.Memory.Counters = m.sums()
	end()
	return errors.Join(err, lines.Wait(), s.account(w, report))
}

// torment plays and breaks until both have ended.
func (s *service) torment(ctx context.Context, w *watch, report *Report) error {
	if err := s.begin(ctx, w); err != nil {
		return err
	}
	j := &injector{service: s, watch: w, log: s.log, done: make(map[Kind]int)}
	for _, kind := range Kinds() {
		j.done[kind] = 0 // The report shows also what did not come up.
	}
	for _, p := range s.httpLines() {
		p.Set(Conditions{Lost: s.cfg.Lost})
	}
	faults := make(chan struct{})
	group, groupCtx := errgroup.WithContext(ctx)
	loadCtx, giveUp := context.WithCancel(groupCtx)
	defer giveUp()
	group.Go(func() error {
		defer close(faults)
		var lanes errgroup.Group
		end := time.Now().Add(s.cfg.Duration)
		for _, l := range Lanes(s.cfg.Seed, s.cfg.Duration) {
			lanes.Go(func() error { return j.run(loadCtx, l, end) })
		}
		err := lanes.Wait()
		s.log.Info("last fault over")
		time.AfterFunc(patience, giveUp)
		if loadCtx.Err() != nil {
			return nil // The load has failed, and says so.
		}
		return err
	})
	group.Go(func() error {
		exact, err := (&player{s, s.log}).rounds(loadCtx, faults, report)
		if err != nil && ctx.Err() == nil {
			report.problem("%v", err)
		}
		giveUp() // Faults have nothing to break any more.
		_, last, _ := j.state()
		report.ExactAfterSeconds = exact.Sub(last).Seconds()
		return nil
	})
	err := group.Wait()
	var last time.Time
	report.Faults, last, report.ZombiesSucceeded = j.state()
	if err != nil || ctx.Err() != nil || len(report.Problems) > 0 {
		return errors.Join(err, ctx.Err())
	}
	settling, cancel := context.WithDeadline(ctx, last.Add(exactMax))
	defer cancel()
	w.settle(settling)
	if err := w.untilReady(settling, s.stages()); err != nil {
		report.problem("%v", err)
	}
	return ctx.Err()
}

// begin waits until every process is up.
func (s *service) begin(ctx context.Context, w *watch) error {
	ctx, cancel := context.WithTimeout(ctx, readyMax)
	defer cancel()
	return w.untilReady(ctx, s.stages())
}

// account adds to the report what is known once everything has stopped.
func (s *service) account(w *watch, report *Report) error {
	for _, p := range s.stages() {
		for line, n := range p.Unplanned() {
			report.UnplannedExits[p.Name+": "+line] += n
		}
	}
	for _, p := range s.lines {
		lost, cut := p.Counts()
		report.AnswersLost += lost
		report.ConnectionsCut += cut
	}
	report.recovered(w.took)
	report.Unrecovered = w.left()
	for partition, reason := range w.halted {
		report.problem("partition %d was halted: %s", partition, reason)
	}
	defects, err := s.defects()
	for _, line := range defects {
		report.problem("%s", line)
	}
	return err
}
