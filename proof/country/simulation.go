package country

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/schema"
	"mlf/schema/registry"
)

// An Enrol enrols one terminal for each template, in their order. Terminal,
// token, ordinal and slot of a template are zero; enrolment gives them. It
// returns all of them or an error, and may be called once per run.
type Enrol func(ctx context.Context, templates []schema.Enrolment) ([]schema.Enrolled, error)

// Parts are what a simulation is handed.
type Parts struct {
	Enrol    Enrol
	Register Register // Of what Config.Foreign has; else nil.
	Import   Import   // nil: files of exchanges are not read.
	Registry *registry.Registry
	Log      *slog.Logger // nil: silent.
}

// A Simulation is one run of simulated terminals. Run it once.
type Simulation struct {
	cfg      Config
	enrol    Enrol
	register Register
	imports  Import
	registry *registry.Registry
	log      *slog.Logger

	plan        *plan
	client      *client
	weather     *weather
	expectation *expectation
	differences differences
	counters    counters
	players     []*player
	sources     *sources // nil: none.
}

// New makes the plan. It does no I/O.
func New(parts Parts, cfg Config) (*Simulation, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	p, err := newPlan(cfg, parts.Registry, cfg.Now())
	if err != nil {
		return nil, fmt.Errorf("plan votes: %w", err)
	}
	s := &Simulation{
		cfg:         cfg,
		enrol:       parts.Enrol,
		register:    parts.Register,
		imports:     parts.Import,
		registry:    parts.Registry,
		log:         parts.Log,
		plan:        p,
		client:      newClient(&cfg),
		weather:     newWeather(&cfg),
		expectation: newExpectation(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Foreign {
		places, err := newPlaces(parts.Registry, registry.DateOf(cfg.Now()))
		if err != nil {
			return nil, fmt.Errorf("plan sources: %w", err)
		}
		if s.sources, err = newSources(s, places); err != nil {
			return nil, fmt.Errorf("plan sources: %w", err)
		}
	}
	s.differences.code = func(id schema.ServiceID) string {
		service, _ := parts.Registry.Service(id)
		return service.Code
	}
	return s, nil
}

// Run plays the votes, waits until the service has counted them and compares.
// The error is ErrDiffers when anything differs; any other error means that the
// comparison was not reached. The report is valid in every case.
//
// With PaceReal and no Duration, votes are cast until ctx ends; what is cast is
// then still sent and compared, for a bounded time.
func (s *Simulation) Run(ctx context.Context) (Report, error) {
	defer s.client.close()
	started := s.cfg.Now()
	report := Report{
		Seed: s.cfg.Seed, Terminals: s.cfg.Terminals, Comuni: s.plan.comuni(),
		From: s.plan.first.Time(), To: s.plan.end.Time(),
	}
	err := s.run(ctx, &report)
	report.Votes = s.counters.cast.Load()
	report.Channels = s.expectation.channels()
	report.Requests = s.counters.requests.Load()
	report.Answered = s.counters.answered.Load()
	report.SentAgain = s.counters.again.Load()
	report.Conflicts = s.counters.conflicts.Load()
	if x := s.sources; x != nil {
		report.Sources, report.EventsSent, report.EventsAnswered = len(x.all), x.seen.sent, x.seen.answered
	}
	report.Weather = s.weather.seen()
	report.Elapsed = s.cfg.Now().Sub(started)
	report.DifferencesTotal, report.Differences = s.differences.list()
	report.Lost, report.Doubled = s.differences.lost, s.differences.doubled
	if err == nil && report.DifferencesTotal > 0 {
		err = ErrDiffers
	}
	return report, err
}

func (s *Simulation) run(ctx context.Context, report *Report) error {
	before, err := s.snapshot(ctx)
	if err != nil {
		return fmt.Errorf("take snapshot: %w", err)
	}
	if err := s.enrolAll(ctx); err != nil {
		return err
	}
	sending := s.cfg.Now()
	err = s.play(ctx)
	report.VotesPerSecond = float64(s.counters.answered.Load()) / s.cfg.Now().Sub(sending).Seconds()
	if err != nil {
		return fmt.Errorf("play votes: %w", err)
	}
	if s.cfg.SkipCheck {
		return nil
	}
	ctx, cancel := s.ending(ctx)
	defer cancel()
	if err := s.eachPlayer(ctx, func(ctx context.Context, p *player, enc *encoder) error { return p.drain(ctx, enc) }); err != nil {
		return fmt.Errorf("send what is left: %w", err)
	}
	return s.check(ctx, before, report)
}

// endingMax is how long a simulation whose context has ended goes on sending
// and comparing: a few times what a calm service needs.
const endingMax = 60 * time.Second

// ending returns the context of what is left to do after the playing. Where the
// end of ctx is how playing ends, the rest has time of its own.
func (s *Simulation) ending(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.cfg.Pace == PaceReal && ctx.Err() != nil {
		return context.WithTimeout(context.WithoutCancel(ctx), endingMax)
	}
	return context.WithCancel(ctx)
}

// enrolAll enrols every terminal of the plan.
func (s *Simulation) enrolAll(ctx context.Context) error {
	templates := make([]schema.Enrolment, len(s.plan.terminals))
	for i := range templates {
		templates[i] = s.plan.terminals[i].enrol
	}
	n := len(templates)
	if s.sources != nil {
		templates = append(templates, s.sources.templates()...)
	}
	s.log.Info("enrolling terminals", slog.Int("terminals", len(templates)))
	enrolled, err := s.enrol(ctx, templates)
	if err != nil {
		return fmt.Errorf("enrol terminals: %w", err)
	}
	if len(enrolled) != len(templates) {
		return fmt.Errorf("enrol terminals: got %d: want %d", len(enrolled), len(templates))
	}
	if s.sources != nil {
		if err := s.sources.register(ctx, enrolled[n:]); err != nil {
			return err
		}
	}
	s.players = make([]*player, n)
	for i, e := range enrolled[:n] {
		t := &s.plan.terminals[i]
		t.enrol.Terminal = e.Terminal
		s.players[i] = &player{terminal: t, sim: s, rng: s.plan.rand(i, drawSending), token: e.Token}
	}
	return nil
}

// play casts and sends, and shows how far it is.
func (s *Simulation) play(ctx context.Context) error {
	var planned uint64
	if s.cfg.Pace == PaceFast {
		planned = s.plan.votes()
	}
	s.log.Info("playing votes", slog.Uint64("votes_planned", planned), slog.Uint64("seed", s.cfg.Seed))
	showing, stop := context.WithCancel(ctx)
	var shown sync.WaitGroup
	shown.Go(func() { newProgress(s.cfg.Progress, s.log, &s.counters, planned).run(showing) })
	defer shown.Wait()
	defer stop()
	group, playing := errgroup.WithContext(ctx)
	if s.sources != nil {
		group.Go(func() error { return s.sources.run(playing) })
	}
	group.Go(func() error {
		if err := s.past(playing); err != nil || s.cfg.Pace == PaceFast {
			return err
		}
		return s.present(playing)
	})
	return group.Wait()
}

// past plays the days of the plan, one after the other, all terminals at a time.
func (s *Simulation) past(ctx context.Context) error {
	if err := s.eachPlayer(ctx, func(ctx context.Context, p *player, _ *encoder) error { return p.open(ctx) }); err != nil {
		return fmt.Errorf("open streams: %w", err)
	}
	for day := range s.cfg.Days {
		err := s.eachPlayer(ctx, func(ctx context.Context, p *player, enc *encoder) error { return p.day(ctx, enc, day) })
		if err != nil {
			return fmt.Errorf("day %d: %w", day, err)
		}
	}
	return nil
}

// eachPlayer calls f for every player, as many at a time as there are
// connections.
func (s *Simulation) eachPlayer(ctx context.Context, f func(context.Context, *player, *encoder) error) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range s.cfg.Connections {
		group.Go(func() error {
			enc, err := newEncoder()
			if err != nil {
				return err
			}
			for i := next.Add(1) - 1; int(i) < len(s.players); i = next.Add(1) - 1 {
				if err := f(ctx, s.players[i], enc); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// sent, cast and answered keep the counters.
func (s *Simulation) sent(again int) { s.counters.again.Add(uint64(again)) }

func (s *Simulation) cast(t *terminal, units []unit) {
	votes := 0
	for i := range units {
		votes += len(units[i].votes)
	}
	s.expectation.cast(t, units)
	s.counters.cast.Add(uint64(votes))
}

func (s *Simulation) answered(votes int) { s.counters.answered.Add(uint64(votes)) }

// pollEvery is how often something that has yet to happen is looked for.
const pollEvery = 250 * time.Millisecond

// errPollTimeout is the error of something that did not happen in time.
var errPollTimeout = errors.New("did not happen in time")

// poll calls look until it is done, waiting out bad weather, and gives up when
// it looked for the time of patience in good weather.
func (s *Simulation) poll(ctx context.Context, patience time.Duration, look func() (done bool, err error)) error {
	for looks := 0; ; looks++ {
		var done bool
		err := s.weather.insist(ctx, func() (err error) {
			done, err = look()
			return err
		})
		if err != nil || done {
			return err
		}
		if time.Duration(looks)*pollEvery >= patience {
			return errPollTimeout
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
}
