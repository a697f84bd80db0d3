package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/schema"
)

// A Copy is a database that keeps what is published. Kept by aggregate/store. After an
// error of a writer its attempt is given up. What a callback points at is its own until
// it returns.
type Copy interface {
	// Notes returns every note, by number and time of writing, and the time by the clock
	// that wrote them.
	Notes(ctx context.Context) (notes []schema.ReleaseNote, now time.Time, err error)

	// WriteNote appends a note. After an error it may be there.
	WriteNote(ctx context.Context, n schema.ReleaseNote) error

	// WriteLots and WriteTurnout append rows of an attempt.
	WriteLots(ctx context.Context, a schema.AttemptID, lots []schema.Lot, taken []schema.Taken) error
	WriteTurnout(ctx context.Context, a schema.AttemptID, first schema.Day, rows []schema.Turnout) error

	// Lots, Taken and Turnout call take with what attempts have, in any order; those in
	// order by attempts, as they are named, and by the numbers of lots, as long as take
	// takes.
	Lots(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error
	LotsInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error
	Taken(ctx context.Context, q schema.LotQuery, take func(*schema.SpotDay) error) error
	TakenInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Taken) error) error
	Turnout(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, schema.Day, *schema.Turnout) error) error
}

// A Member is a copy by its name, which all processes must call it.
type Member struct {
	Name string
	Copy Copy
}

// Telemetry is where a Mirror tells about itself. Its zero value reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

// Limits of looks.
const (
	// lookMax is how long a database may take to say what it has: some hundred headers.
	lookMax = 5 * time.Second

	// keepEvery is how often it is looked what has to be copied.
	keepEvery = time.Minute

	// keepStagger is the most that a process waits beyond that, so that rarely two of
	// them copy the same.
	keepStagger = 20 * time.Second
)

// A Mirror is what is published, in all databases of a log. It is a source of what
// holds: disclosure.Source and opendata.Source. Safe for concurrent use.
type Mirror struct {
	members []Member // By name: the first is where releases are written to first.
	logger  *slog.Logger
	metrics *metrics

	mu   sync.Mutex
	seen []look // As it was last looked; guarded by mu.
	last error  // What keeping came to; of one goroutine.
}

// New returns the mirror of at least one database.
func New(tel Telemetry, members ...Member) (*Mirror, error) {
	if len(members) == 0 {
		return nil, errors.New("mirror: want a database")
	}
	members = slices.SortedFunc(slices.Values(members), func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return &Mirror{members: members, logger: cmp.Or(tel.Logger, slog.New(slog.DiscardHandler)), metrics: newMetrics(tel.Registerer, members)}, nil
}

// look asks all databases at once, and remembers what they said: of one that does not
// answer what it said last.
func (m *Mirror) look(ctx context.Context) []look {
	looks := make([]look, len(m.members))
	var asking sync.WaitGroup
	for i, one := range m.members {
		asking.Go(func() {
			limited, cancel := context.WithTimeout(ctx, lookMax)
			defer cancel()
			l := look{name: one.Name}
			l.notes, l.now, l.err = one.Copy.Notes(limited)
			looks[i] = l
		})
	}
	asking.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range looks {
		if looks[i].err != nil && m.seen != nil {
			looks[i].notes = m.seen[i].notes
		}
	}
	m.seen = looks
	return looks
}

// Releases returns the headers of what holds, from the first on, and a time at which
// they all do. Whoever answers is enough; an error where a release of them is with
// nobody of these.
func (m *Mirror) Releases(ctx context.Context) ([]schema.Release, time.Time, error) {
	looks := m.look(ctx)
	if err := away(looks); err != nil && !slices.ContainsFunc(looks, func(l look) bool { return l.err == nil }) {
		return nil, time.Time{}, err
	}
	s, err := decide(looks)
	if err != nil {
		return nil, time.Time{}, err
	}
	for i := range s.held {
		if source(looks, &s.held[i]) < 0 {
			return nil, time.Time{}, fmt.Errorf("read release %d: no database has it that answers: %w", s.held[i].Number, away(looks))
		}
	}
	return s.held, s.time(looks), nil
}

// away returns who does not answer, and why; nil where all do.
func away(looks []look) error {
	var errs []error
	for _, l := range looks {
		if l.err != nil {
			errs = append(errs, fmt.Errorf("database %s: %w", l.name, l.err))
		}
	}
	return errors.Join(errs...)
}

// Run copies what is missing and notes what holds, until ctx ends.
func (m *Mirror) Run(ctx context.Context) error {
	for {
		err := m.Keep(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // It was asked to end.
		}
		m.tell(err)
		timer := time.NewTimer(keepEvery + rand.N(keepStagger))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// tell logs what has become of keeping, when that changes.
func (m *Mirror) tell(err error) {
	switch {
	case err != nil:
		m.metrics.errors.Inc()
		if m.last == nil || m.last.Error() != err.Error() {
			m.logger.Error("what is published is not in every database, and nothing new is until it is", slog.Any("err", err))
		}
	case m.last != nil:
		m.logger.Info("what is published is in every database")
	}
	m.last = err
}

// Keep looks and does what is to be done, until nothing is. The error says who could
// not be brought as far as the others.
func (m *Mirror) Keep(ctx context.Context) error {
	for {
		looks := m.look(ctx)
		s, err := decide(looks)
		m.metrics.stand(looks, s.held, err)
		if err != nil || len(s.steps) == 0 {
			return errors.Join(err, away(looks))
		}
		for _, next := range s.steps {
			if err := m.take(ctx, looks, next); err != nil {
				return fmt.Errorf("copy release %d to %s: %w", next.release.Number, looks[next.to].name, err)
			}
		}
	}
}

// take takes one step.
func (m *Mirror) take(ctx context.Context, looks []look, s step) error {
	to := m.members[s.to].Copy
	if s.from < 0 {
		return to.WriteNote(ctx, schema.ReleaseNote{Release: s.release})
	}
	t := transfer{
		release: s.release, from: m.members[s.from].Copy, source: looks[s.from].rows(&s.release),
		to: to, rows: schema.AttemptID(rand.Uint64() | 1), //nolint:gosec // It need only differ, and not be 0.
	}
	return t.run(ctx)
}
