package mirror_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"mlf/aggregate/store/model"
	"mlf/query/disclosure"
	"mlf/query/disclosure/mirror"
	"mlf/schema"
)

var errAway = errors.New("it is away")

// october1 is a first day of a month.
const october1 schema.Day = 20727

// pass lets time pass, in a bubble.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // It moves the bubble's clock.

// A database may be away, break before or after it has done what it was to do, and take
// its time.
type database struct {
	*model.Store
	mu   sync.Mutex
	rng  *rand.Rand
	away bool
	odd  int // It breaks in one of so many writes; 0: never.
	left int // Writes until it is away; 0: it stays.
}

func newDatabase(seed uint64) *database {
	return &database{Store: model.NewStore(time.Now()), rng: rand.New(rand.NewPCG(seed, 31))} //nolint:gosec // A test's.
}

// be sets what becomes of it.
func (d *database) be(set func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	set()
}

// draw returns how long a call takes, and what it comes to before and after it is done.
func (d *database) draw(writes bool) (takes time.Duration, before, after error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left > 0 && writes {
		if d.left--; d.left == 0 {
			d.away = true
		}
	}
	takes = time.Duration(d.rng.IntN(2000)) * time.Millisecond
	if d.away || writes && d.odd > 0 && d.rng.IntN(d.odd) == 0 {
		before = errAway
	}
	if writes && d.odd > 0 && d.rng.IntN(d.odd) == 0 {
		after = errAway
	}
	return takes, before, after
}

func (d *database) do(writes bool, f func() error) error {
	takes, before, after := d.draw(writes)
	pass(takes)
	if before != nil {
		return before
	}
	return errors.Join(f(), after)
}

func (d *database) Notes(ctx context.Context) (notes []schema.ReleaseNote, now time.Time, err error) {
	err = d.do(false, func() error {
		notes, now, err = d.Store.Notes(ctx)
		return err
	})
	return notes, now, err
}

func (d *database) WriteNote(ctx context.Context, n schema.ReleaseNote) error {
	return d.do(true, func() error { return d.Store.WriteNote(ctx, n) })
}

func (d *database) WriteLots(ctx context.Context, a schema.AttemptID, lots []schema.Lot, taken []schema.Taken) error {
	return d.do(true, func() error { return d.Store.WriteLots(ctx, a, lots, taken) })
}

func (d *database) WriteTurnout(ctx context.Context, a schema.AttemptID, first schema.Day, rows []schema.Turnout) error {
	return d.do(true, func() error { return d.Store.WriteTurnout(ctx, a, first, rows) })
}

func (d *database) Lots(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	return d.do(false, func() error { return d.Store.Lots(ctx, q, take) })
}

func (d *database) LotsInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	return d.do(false, func() error { return d.Store.LotsInOrder(ctx, q, take) })
}

// mirrorOf returns the mirror of databases by their names.
func mirrorOf(t *testing.T, of map[string]*database) *mirror.Mirror {
	t.Helper()
	var members []mirror.Member
	for name, d := range of {
		members = append(members, mirror.Member{Name: name, Copy: d})
	}
	m, err := mirror.New(mirror.Telemetry{}, members...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// publish makes a release of lots that no other has, as a disclosure.Releaser does.
func publish(ctx context.Context, m *mirror.Mirror, rng *rand.Rand) error {
	ledger := m.Ledger()
	headers, now, err := ledger.Releases(ctx)
	if err != nil {
		return err
	}
	settled := disclosure.Settled(headers, now)
	if len(settled) < len(headers) {
		return nil // One is under way.
	}
	var before schema.Release
	var held []schema.AttemptID
	for _, r := range settled {
		before, held = r, append(held, r.Attempt)
	}
	var taken uint64
	err = ledger.Taken(ctx, schema.LotQuery{Attempts: held, First: october1, Next: october1 + 31}, func(v *schema.SpotDay) error {
		taken += v.Values[0]
		return nil
	})
	if err != nil || taken != 3*uint64(len(held)) {
		return errors.Join(err, errors.New("what was taken is not what was published"))
	}
	r := schema.Release{
		Number: before.Number + 1, Attempt: schema.AttemptID(rng.Uint64()), Previous: before.Attempt, Today: october1 + 9, K: 3, Lots: 2, Taken: 2,
		Months: []schema.ReleaseMonth{{First: october1, Counted: 9}}, Turnouts: []schema.ReleaseTurnouts{{First: october1, Rows: 1}},
	}
	lots, took := lotsOf(rng)
	if err := ledger.WriteLots(ctx, r.Attempt, lots, took); err != nil {
		return err
	}
	if err := ledger.WriteTurnout(ctx, r.Attempt, october1, []schema.Turnout{{Comune: 58091, Votes: 3, Users: rng.Uint64()}}); err != nil {
		return err
	}
	return ledger.WriteRelease(ctx, r)
}

func lotsOf(rng *rand.Rand) ([]schema.Lot, []schema.Taken) {
	var lots []schema.Lot
	var took []schema.Taken
	for i := range uint32(2) {
		at := schema.Spot{Comune: 58091, Service: schema.ServiceID(rng.IntN(1000)), Scale: schema.ScaleMLF3}
		first := october1 + schema.Day(rng.IntN(20))
		lots = append(lots, schema.Lot{LotLabel: schema.LotLabel{Level: schema.LotService, Spot: at}, Number: i, First: first, Last: first, Values: [schema.ValueMax]uint64{3 - 2*uint64(i), 0, uint64(2 * i)}})
		took = append(took, schema.Taken{Lot: i, SpotDay: schema.SpotDay{Spot: at, Day: first, Values: [schema.ValueMax]uint64{1 + uint64(1-i)}}})
	}
	return lots, took
}

// A page is all that the public is shown of a release.
type page struct {
	schema.Release
	lots    []schema.Lot
	turnout []schema.Turnout
}

// shown returns what the public is shown by a mirror.
func shown(ctx context.Context, m *mirror.Mirror) ([]page, error) {
	headers, now, err := m.Releases(ctx)
	if err != nil {
		return nil, err
	}
	var pages []page
	for _, r := range disclosure.Settled(headers, now) {
		p := page{Release: r}
		q := schema.LotQuery{Attempts: []schema.AttemptID{r.Attempt}, First: october1, Next: october1 + 31}
		err := m.LotsInOrder(ctx, q, func(a schema.AttemptID, l *schema.Lot) error {
			if a != r.Attempt {
				return errors.New("a lot of another release")
			}
			p.lots = append(p.lots, *l)
			return nil
		})
		if err != nil {
			return nil, err
		}
		err = m.Turnout(ctx, q, func(_ schema.AttemptID, _ schema.Day, row *schema.Turnout) error {
			p.turnout = append(p.turnout, *row)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(p.lots) != 2 || len(p.turnout) != 1 {
			return nil, errors.New("a release is shown that is not whole")
		}
		pages = append(pages, p)
	}
	return pages, nil
}

// goesOn fails unless what is shown has all that was shown before, as it was.
func goesOn(t *testing.T, when string, before, now []page) {
	t.Helper()
	if len(now) < len(before) || len(before) > 0 && !reflect.DeepEqual(now[:len(before)], before) {
		t.Errorf("%s: %d releases were shown, now %d that are not the same", when, len(before), len(now))
	}
}

// whole fails unless a database alone has all that was shown.
func whole(t *testing.T, when string, d *database, pages []page) {
	t.Helper()
	alone := &database{Store: d.Store, rng: rand.New(rand.NewPCG(1, 1))} //nolint:gosec // A test's.
	m := mirrorOf(t, map[string]*database{"alone": alone})
	pass(disclosure.SettleAfter)
	if err := m.Keep(t.Context()); err != nil {
		t.Errorf("%s: %v", when, err)
	}
	got, err := shown(t.Context(), m)
	if err != nil {
		t.Errorf("%s: %v", when, err)
	}
	goesOn(t, when, pages, got)
}

// notesOf returns what a database has noted.
func notesOf(t *testing.T, d *database) []schema.ReleaseNote {
	t.Helper()
	notes, _, err := d.Store.Notes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(notes)
}
