package disclosure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
)

// ErrOtherRelease is the error of a release in the place of one that held before:
// the store was restored, or its clock set back by more than SettleAfter. What is
// shown stays as it was.
var ErrOtherRelease = errors.New("a release that held is no more the one that holds")

// ErrUnpublished is the error of what is asked for before the first release.
var ErrUnpublished = errors.New("nothing is published yet")

// A Source is where releases are read from. Kept by aggregate/store.
type Source interface {
	// Releases returns every header, and the time by the clock that wrote them.
	Releases(ctx context.Context) (headers []schema.Release, now time.Time, err error)

	// Lots calls take with the lots of some attempts, in any order. What it points at
	// is the callee's until take returns.
	Lots(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error

	// Turnout calls take with the turnout of months that attempts froze, by their first
	// days, in any order. What it points at is the callee's until take returns.
	Turnout(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, schema.Day, *schema.Turnout) error) error
}

// shelfEvery is how often a Shelf looks for a new release.
const shelfEvery = time.Minute

// A Shelf holds the lots that are published, as they come.
type Shelf struct {
	source  Source
	places  func(today schema.Day) Places
	clock   calendar.Clock
	logger  *slog.Logger
	metrics *shelfMetrics
	held    []schema.Release
	today   schema.Day // Of the places of lots.
	lots    atomic.Pointer[Lots]
	shown   atomic.Pointer[[]schema.Release]
	turnout atomic.Pointer[map[frozen][]schema.Turnout]
}

// A frozen is what a release has of a month, by its first day.
type frozen struct {
	release uint32
	first   schema.Day
}

// NewShelf returns an empty one; places are as of a day.
func NewShelf(source Source, places func(today schema.Day) Places, tel Telemetry) (*Shelf, error) {
	clock, err := calendar.Rome()
	if err != nil {
		return nil, err
	}
	return &Shelf{source: source, places: places, clock: clock, logger: tel.logger(), metrics: newShelfMetrics(tel.Registerer)}, nil
}

// Lots returns what is published, nil before the first look.
func (s *Shelf) Lots() *Lots { return s.lots.Load() }

// Last returns the header of the newest release that is held, nil without any. The
// caller must not change it.
func (s *Shelf) Last() *schema.Release {
	if all := s.Releases(); len(all) > 0 {
		return &all[len(all)-1]
	}
	return nil
}

// Releases returns the headers of all that are held, from the first on. Lots, if
// asked after it, has all of them. The caller must not change them.
func (s *Shelf) Releases() []schema.Release {
	if shown := s.shown.Load(); shown != nil {
		return *shown
	}
	return nil
}

// Turnout returns what the release of that number froze of the month with that first
// day, by comune, service and channel; false where it was not known who was served.
// The caller must not change it.
func (s *Shelf) Turnout(release uint32, first schema.Day) (rows []schema.Turnout, known bool) {
	if all := s.turnout.Load(); all != nil {
		rows, known = (*all)[frozen{release, first}]
	}
	return rows, known
}

// Frozen returns the turnout of the month with that first day, as the newest release
// froze it; none where none did. The caller must not change it.
func (s *Shelf) Frozen(first schema.Day) []schema.Turnout {
	releases := s.Releases()
	for i := len(releases) - 1; i >= 0; i-- {
		if rows, known := s.Turnout(releases[i].Number, first); known {
			return rows
		}
	}
	return nil
}

// Run looks for new releases every minute, until ctx ends.
func (s *Shelf) Run(ctx context.Context) error {
	tick := time.NewTicker(shelfEvery)
	defer tick.Stop()
	for {
		if err := s.Refresh(ctx); err != nil && ctx.Err() == nil {
			s.metrics.errors.Inc()
			s.logger.Error("published lots were not read, and will be tried again", slog.Any("err", err))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Refresh takes the releases that have come to hold. After an error what is shown
// is as it was. One goroutine at a time.
func (s *Shelf) Refresh(ctx context.Context) error {
	headers, now, err := s.source.Releases(ctx)
	if err != nil {
		return err
	}
	settled := Settled(headers, now)
	for i := range s.held {
		if i >= len(settled) || settled[i].Attempt != s.held[i].Attempt {
			return fmt.Errorf("read releases: number %d: %w", s.held[i].Number, ErrOtherRelease)
		}
	}
	today := schema.Day(s.clock.DayOf(schema.HourOf(time.Now())))
	fresh := settled[len(s.held):]
	lots := s.lots.Load()
	if lots != nil && len(fresh) == 0 && s.today == today {
		return nil
	}
	if lots == nil {
		lots = NewLots(s.clock, Places{})
	}
	lots = lots.At(s.places(today))
	if len(settled) > 0 {
		lots.series = settled[0].Attempt
	}
	if len(fresh) > 0 {
		if lots, err = s.read(ctx, lots, settled); err != nil {
			return err
		}
		if err := s.readTurnout(ctx, fresh); err != nil {
			return err
		}
		s.metrics.hold(&fresh[len(fresh)-1], s.clock)
		defer s.shown.Store(&settled) // Behind the lots: who sees the headers sees them.
	}
	s.held, s.today = settled, today
	s.lots.Store(lots)
	return nil
}

// read returns lots with those of the releases of settled that are not held yet.
func (s *Shelf) read(ctx context.Context, lots *Lots, settled []schema.Release) (*Lots, error) {
	fresh := settled[len(s.held):]
	releases, found := make(map[schema.AttemptID]*schema.Release), make(map[schema.AttemptID]uint64)
	var attempts []schema.AttemptID
	changed := make(map[question.PlaceMonth]uint32)
	for i := range fresh {
		releases[fresh[i].Attempt] = &fresh[i]
		attempts = append(attempts, fresh[i].Attempt)
	}
	for _, account := range fresh[len(fresh)-1].Months {
		m := monthOf(account.First)
		batches := batchesOf(Vintages(settled, calendar.Day(m.first).Month()))
		err := s.source.Lots(ctx, schema.LotQuery{Attempts: attempts, First: m.first, Next: m.next}, func(a schema.AttemptID, l *schema.Lot) error {
			r := releases[a]
			if l.N() < uint64(r.K) || monthOf(l.Last) != m {
				return fmt.Errorf("lot %d of release %d has %d votes of days %d to %d: want at least %d of one month", l.Number, r.Number, l.N(), l.First, l.Last, r.K)
			}
			found[a]++
			batches.add(r.Number, l)
			of := question.PlaceMonth{Comune: l.Comune, Month: calendar.Day(l.First).Month()}
			changed[of] = max(changed[of], r.Number)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if some := batches.filled(); len(some) > 0 {
			lots = lots.with(some)
		}
	}
	for i := range fresh {
		if n := found[fresh[i].Attempt]; n != fresh[i].Lots {
			return nil, fmt.Errorf("read release %d: %d lots: want %d", fresh[i].Number, n, fresh[i].Lots)
		}
	}
	return lots.noted(changed), nil
}

// readTurnout takes what fresh releases have frozen.
func (s *Shelf) readTurnout(ctx context.Context, fresh []schema.Release) error {
	all := make(map[frozen][]schema.Turnout)
	if before := s.turnout.Load(); before != nil {
		maps.Copy(all, *before)
	}
	for i := range fresh {
		r := &fresh[i]
		for _, of := range r.Turnouts {
			rows := []schema.Turnout{}
			q := schema.LotQuery{Attempts: []schema.AttemptID{r.Attempt}, First: of.First, Next: of.First + 1}
			err := s.source.Turnout(ctx, q, func(_ schema.AttemptID, _ schema.Day, t *schema.Turnout) error {
				rows = append(rows, *t)
				return nil
			})
			if err != nil {
				return err
			}
			if uint64(len(rows)) != of.Rows {
				return fmt.Errorf("read release %d: %d rows of turnout of the month of day %d: want %d", r.Number, len(rows), of.First, of.Rows)
			}
			slices.SortFunc(rows, compareTurnouts)
			all[frozen{r.Number, of.First}] = rows
		}
	}
	s.turnout.Store(&all)
	return nil
}

// batches are those of a month, by its vintages.
type batches struct {
	vintages []Vintage
	all      []batch // One more than there are vintages.
}

func batchesOf(vintages []Vintage) *batches {
	return &batches{vintages, make([]batch, len(vintages)+1)}
}

// add adds a lot of a release to the batch of the first vintage that has it.
func (b *batches) add(release uint32, l *schema.Lot) {
	i, _ := slices.BinarySearchFunc(b.vintages, release, func(v Vintage, release uint32) int { return cmp.Compare(v.Release, release) })
	of := &b.all[i]
	of.vintages, of.release = i, max(of.release, release)
	of.lots = append(of.lots, *l)
}

func (b *batches) filled() []batch {
	return slices.DeleteFunc(b.all, func(b batch) bool { return len(b.lots) == 0 })
}
