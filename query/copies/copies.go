package copies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/query/question"
	"mlf/schema"
)

// ErrOtherLog is the error of a member that counts another log than the one that is
// asked.
var ErrOtherLog = errors.New("it counts another log")

// A Copy is a database that a log is counted into.
type Copy interface {
	// Identity returns whose log it counts. It blocks until ctx ends at the latest.
	Identity(ctx context.Context) (schema.Identity, error)

	// Tallies returns how far it has counted every partition, in order. It blocks until
	// ctx ends at the latest.
	Tallies(ctx context.Context) ([]schema.LedgerTotals, error)
}

// A Member is a copy by its name.
type Member[C Copy] struct {
	Name string // As logs and metrics have it.
	Copy C

	// Check tells whether it can be asked: it is asked nothing before nil was answered
	// once. It blocks until ctx ends at the latest. nil: it can.
	Check func(ctx context.Context) error
}

// A Config says how a Set looks at its members. Its zero value stands for the defaults.
type Config struct {
	Logger   *slog.Logger          // nil: nobody is told.
	Registry prometheus.Registerer // nil: nobody is told.

	// Every is the time between two looks at a member, and the longest that one may
	// take. Default 1 s.
	Every time.Duration

	// DeadAfter is for how long a member may say nothing before others are asked.
	// Default 3 s: with the look that finds it, answers come from another within 5.
	DeadAfter time.Duration

	// BehindAfter is for how long the one that is asked may not reach where another was
	// at its beginning, before that one is asked. Default 5 s, some flushes.
	BehindAfter time.Duration

	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	c.Every = cmp.Or(c.Every, time.Second)
	c.DeadAfter = cmp.Or(c.DeadAfter, 3*time.Second)
	c.BehindAfter = cmp.Or(c.BehindAfter, 5*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// A Set is several copies of one count. It stays with one while that answers and keeps
// up. Another log's is never picked. Safe for concurrent use.
type Set[C Copy] struct {
	cfg     Config
	members []*member[C]
	changed chan struct{} // Holds a token when a member was looked at.

	mu      sync.Mutex // Guards what follows, and the state of members.
	began   time.Time  // When Run was called.
	current *member[C] // nil until one has answered.
	behind  rival[C]
}

// A member is one copy as it was last seen.
type member[C Copy] struct {
	Member[C]
	checked  bool
	log      schema.Identity
	position question.Position
	answered time.Time // When it last did.
	failing  error     // Of the last look; nil: none.
}

// A rival is a member that has been further than the current one, since when, and
// where it was then.
type rival[C Copy] struct {
	*member[C]
	since  time.Time
	target question.Position
}

// New returns a set of members, the one that is asked first in front.
func New[C Copy](cfg Config, members ...Member[C]) (*Set[C], error) {
	if len(members) == 0 || min(cfg.Every, cfg.DeadAfter, cfg.BehindAfter) < 0 {
		return nil, errors.New("copies: want a copy, and no negative time")
	}
	s := &Set[C]{cfg: cfg.withDefaults(), changed: make(chan struct{}, 1)}
	for _, m := range members {
		s.members = append(s.members, &member[C]{Member: m})
	}
	if cfg.Registry != nil {
		if err := cfg.Registry.Register(newCollector(s)); err != nil {
			return nil, fmt.Errorf("register copies: %w", err)
		}
	}
	return s, nil
}

// Wait waits until there is one to ask. The error says of each why it cannot be asked,
// as soon as that is known of all. One goroutine at a time may wait, while Run runs.
func (s *Set[C]) Wait(ctx context.Context) error {
	for {
		isThere, err := s.standing()
		if isThere || err != nil {
			return err
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// standing tells whether there is one to ask; else why there is none, where that is
// known.
func (s *Set[C]) standing() (isThere bool, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, m := range s.members {
		if m.failing != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Name, m.failing))
		}
	}
	if s.current != nil || len(errs) < len(s.members) {
		return s.current != nil, nil
	}
	return false, errors.Join(errs...)
}

// Pick returns the one to ask now; before Wait has returned nil, the one in front.
func (s *Set[C]) Pick() C {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return s.members[0].Copy
	}
	return s.current.Copy
}

// Run looks at the members until ctx ends, and returns nil.
func (s *Set[C]) Run(ctx context.Context) error {
	s.mu.Lock()
	s.began = s.cfg.Now()
	s.mu.Unlock()
	var looking sync.WaitGroup
	for _, m := range s.members {
		looking.Go(func() { s.follow(ctx, m) })
	}
	looking.Wait()
	return nil
}

// follow looks at m until ctx ends: who hangs holds up nobody else's look.
func (s *Set[C]) follow(ctx context.Context, m *member[C]) {
	ticker := time.NewTicker(s.cfg.Every)
	defer ticker.Stop()
	for {
		s.look(ctx, m)
		s.choose()
		select {
		case s.changed <- struct{}{}:
		default: // Whoever waits will look.
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (s *Set[C]) look(ctx context.Context, m *member[C]) {
	seen, err := s.ask(ctx, m)
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.current != nil && s.current != m && seen.log.Log != s.current.log.Log {
		err = fmt.Errorf("%w: %v, and %s %v", ErrOtherLog, seen.log.Log, s.current.Name, s.current.log.Log)
	}
	if (err == nil) != (m.failing == nil) || m.answered.IsZero() && m.failing == nil {
		s.tell(m, err)
	}
	if m.failing = err; err == nil {
		m.checked, m.log, m.position, m.answered = true, seen.log, seen.position, s.cfg.Now()
	}
}

// ask asks m, which is checked before where it never was.
func (s *Set[C]) ask(ctx context.Context, m *member[C]) (seen member[C], err error) {
	limited, cancel := context.WithTimeout(ctx, s.cfg.Every)
	defer cancel()
	if m.Check != nil && !m.checked { // That is of this goroutine alone.
		if err := m.Check(limited); err != nil {
			return seen, err
		}
	}
	if seen.log, err = m.Copy.Identity(limited); err != nil {
		return seen, err
	}
	totals, err := m.Copy.Tallies(limited)
	seen.position = question.PositionOf(totals)
	return seen, err
}

// tell logs what has changed about m.
func (s *Set[C]) tell(m *member[C], err error) {
	if err != nil {
		s.cfg.Logger.Warn("a database does not answer", slog.String("database", m.Name), slog.Any("err", err))
		return
	}
	s.cfg.Logger.Info("a database answers", slog.String("database", m.Name))
}

// choose picks the member to ask from now on.
func (s *Set[C]) choose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	best := s.furthest(now)
	switch {
	case best == nil:
		return // Nobody answers: whoever is asked says so.
	case s.current == nil && best != s.members[0] && now.Sub(s.began) < s.cfg.DeadAfter:
		return // The one in front may be about to.
	case s.current == nil:
		s.become(best, "it is the first to answer")
	case s.current.dead(now, s.cfg.DeadAfter):
		s.become(best, "the one before does not answer")
	case s.overtaken(best, now):
		s.become(best, "the one before is behind")
	}
}

// furthest returns the member that lives and has counted most; in doubt the current
// one, or the one in front.
func (s *Set[C]) furthest(now time.Time) *member[C] {
	var best *member[C]
	if s.current != nil && !s.current.dead(now, s.cfg.DeadAfter) {
		best = s.current
	}
	for _, m := range s.members {
		if m.dead(now, s.cfg.DeadAfter) {
			continue
		}
		if best == nil || sum(m.position) > sum(best.position) {
			best = m
		}
	}
	return best
}

// overtaken tells whether best has been further than the current member for so long
// that this one does not keep up.
func (s *Set[C]) overtaken(best *member[C], now time.Time) bool {
	if best == s.current || s.behind.member != nil && s.current.position.Reaches(s.behind.target) {
		s.behind = rival[C]{}
	}
	if best != s.current && s.behind.member == nil {
		s.behind = rival[C]{best, now, best.position}
	}
	return s.behind.member != nil && now.Sub(s.behind.since) >= s.cfg.BehindAfter
}

// become makes m the one that is asked.
func (s *Set[C]) become(m *member[C], why string) {
	s.cfg.Logger.Info("a database is asked from now on", slog.String("database", m.Name), slog.String("reason", why))
	s.current, s.behind = m, rival[C]{}
}

// dead tells whether m has said nothing for most.
func (m *member[C]) dead(now time.Time, most time.Duration) bool {
	return m.answered.IsZero() || now.Sub(m.answered) > most
}

// sum returns how many records a position has passed.
func sum(p question.Position) (n schema.Offset) {
	for _, o := range p {
		n += o
	}
	return n
}
