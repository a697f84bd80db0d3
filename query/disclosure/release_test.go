package disclosure_test

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mlf/aggregate/store/model"
	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
)

// A ballot is a vote as it is counted.
type ballot struct {
	schema.Spot
	class  schema.Class
	hour   schema.Hour
	value  schema.Value
	reason schema.Reason // 0 for none.
}

// A tallyView is a View of ballots.
type tallyView []ballot

func (v tallyView) Ledger() []schema.LedgerTotals           { return nil }
func (v tallyView) Version(schema.Hour, schema.Hour) string { return "" }

func (v tallyView) Counts(_ context.Context, a *question.Axes) (*question.Counts, error) {
	rows, reasons := make(map[question.Key]*question.Count), make(map[question.ReasonCount]uint64)
	for _, b := range v {
		if b.hour < a.From || b.hour >= a.Next || a.Comuni != nil && !slices.Contains(a.Comuni, b.Comune) {
			continue
		}
		key := question.Key{
			Comune: groupOf(a.Comune, b.Comune), Office: groupOf(a.Office, b.Office), Service: groupOf(a.Service, b.Service),
			Channel: groupOf(a.Channel, b.Channel), Scale: groupOf(a.Scale, b.Scale), Class: groupOf(a.Class, b.class),
		}
		if a.Hours != nil {
			key.Hour = a.Hours[b.hour-a.From]
		}
		if min(key.Comune, key.Office, key.Service, key.Channel, key.Scale, key.Class, key.Hour) < 0 {
			continue
		}
		if rows[key] == nil {
			rows[key] = &question.Count{Key: key}
		}
		rows[key].Values[b.value-1]++
		if a.Reasons && b.reason != 0 {
			reasons[question.ReasonCount{Key: key, Reason: schema.KeyOfReason(b.value, b.reason)}]++
		}
	}
	if len(rows) > a.RowsMax {
		return nil, schema.ErrTooManyRows
	}
	var counts question.Counts
	for _, row := range rows {
		counts.Rows = append(counts.Rows, *row)
	}
	for r, n := range reasons {
		r.N = n
		counts.Reasons = append(counts.Reasons, r)
	}
	return &counts, nil
}

// spotDays are what is counted of v, in class ok, by days.
func (v tallyView) spotDays() []schema.SpotDay {
	var votes []schema.SpotDay
	for _, b := range v {
		if b.class != schema.ClassOK {
			continue
		}
		one := schema.SpotDay{Spot: b.Spot, Day: schema.Day((b.hour + 2) / 24)} // Ballots are cast by day.
		one.Values[b.value-1] = 1
		if b.reason != 0 {
			one.Reasons = []schema.ReasonNumber{{Key: schema.KeyOfReason(b.value, b.reason), N: 1}}
		}
		votes = append(votes, one)
	}
	return votes
}

// pass lets time pass, in a bubble.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // It moves the bubble's clock.

// A country is ballots that go on being cast.
type country struct {
	mu      sync.Mutex
	rng     *rand.Rand
	ballots tallyView
}

// vote casts some, by the clock, some of them for weeks ago.
func (c *country) vote() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 5 + c.rng.IntN(30) {
		comuni := append(small().Codes, 7777) // No list has that one.
		b := ballot{
			Spot: schema.Spot{
				Comune: comuni[c.rng.IntN(len(comuni))], Office: []schema.OfficeCode{"", "a", "b"}[c.rng.IntN(3)],
				Service: schema.ServiceID(c.rng.IntN(3)), Channel: schema.Channel(1 + c.rng.IntN(2)), Scale: schema.ScaleMLF3,
			},
			class: schema.ClassOK, hour: noon(schema.Day(time.Now().Unix() / 86400)), value: schema.Value(1 + c.rng.IntN(3)),
		}
		if c.rng.IntN(9) == 0 {
			b.class = schema.Class(1 + c.rng.IntN(4))
		}
		if c.rng.IntN(9) == 0 {
			b.hour -= schema.Hour(24 * c.rng.IntN(20))
		}
		if c.rng.IntN(3) == 0 {
			b.reason = schema.Reason(1 + c.rng.IntN(3))
		}
		c.ballots = append(c.ballots, b)
	}
}

// view returns what is counted, lag ballots behind.
func (c *country) view(lag int) tallyView {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ballots[:max(0, len(c.ballots)-lag)])
}

// brittle is a ledger that breaks now and then, before or after it has done what
// it was to do.
type brittle struct {
	*model.Store
	mu  sync.Mutex
	rng *rand.Rand
	odd int // One in so many calls; 0: never.
}

var errBroken = errors.New("the ledger is broken")

func (b *brittle) do(f func() error) error {
	b.mu.Lock()
	before, after := false, false
	if b.odd > 0 {
		before, after = b.rng.IntN(b.odd) == 0, b.rng.IntN(b.odd) == 0
	}
	b.mu.Unlock()
	if before {
		return errBroken
	}
	if err := f(); err != nil || !after {
		return err
	}
	return errBroken
}

func (b *brittle) mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.odd = 0
}

func (b *brittle) WriteLots(ctx context.Context, a schema.AttemptID, lots []schema.Lot, taken []schema.Taken) error {
	return b.do(func() error { return b.Store.WriteLots(ctx, a, lots, taken) })
}

func (b *brittle) WriteRelease(ctx context.Context, r schema.Release) error {
	return b.do(func() error { return b.Store.WriteRelease(ctx, r) })
}

func places(schema.Day) disclosure.Places { return small() }

func releaser(t *testing.T, ledger disclosure.Ledger, view func() (question.View, error)) *disclosure.Releaser {
	t.Helper()
	r, err := disclosure.NewReleaser(disclosure.ReleaserConfig{Places: places, View: view, Ledger: ledger}, disclosure.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func shelf(t *testing.T, source disclosure.Source) *disclosure.Shelf {
	t.Helper()
	s, err := disclosure.NewShelf(source, places, disclosure.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLeadersPublishTheVotesOnce lets two leaders that see different counts publish
// every night for weeks over a ledger that breaks, while two shelves read it.
func TestLeadersPublishTheVotesOnce(t *testing.T) {
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 6)) //nolint:gosec // A test's.
			c := &country{rng: rng}
			pass(28 * 24 * time.Hour) // No vote is older than the bubble's clock, as it begins.
			tables := model.NewStore(time.Now())
			ledger := &brittle{Store: tables, rng: rand.New(rand.NewPCG(seed, 7)), odd: int(seed%3) * 4} //nolint:gosec // A test's.
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			for lag := range 2 {
				r := releaser(t, ledger, func() (question.View, error) { return c.view(lag * int(seed%5)), nil })
				running.Go(func() {
					if err := r.Run(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			one, two := shelf(t, tables), shelf(t, tables)
			running.Go(func() { _ = one.Run(ctx) })
			running.Go(func() { _ = two.Run(ctx) })
			var nights []uint64
			for range 34 {
				for range 3 {
					c.vote()
					pass(8 * time.Hour)
				}
				nights = append(nights, all(t, one.Lots()))
			}
			ledger.mend()
			pass(48 * time.Hour)
			stop()
			running.Wait()
			if one.Last() == nil || one.Last().Number < 30 || !reflect.DeepEqual(one.Last(), two.Last()) {
				t.Fatalf("seed %d: shelves hold %+v and %+v: want the same, after 30 nights", seed, one.Last(), two.Last())
			}
			if !slices.IsSorted(nights) {
				t.Errorf("seed %d: published votes were fewer on a later night: %v", seed, nights)
			}
			checkPublished(t, tables, one, c.view(0), int(seed%5))
		})
	}
}

// TestTheFirstVotesNeedNotWaitForTheNight: where nothing was ever published, votes of
// earlier days are as soon as there are any.
func TestTheFirstVotesNeedNotWaitForTheNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pass(40*24*time.Hour + 12*time.Hour)
		c := &country{rng: rand.New(rand.NewPCG(1, 22))} //nolint:gosec // A test's.
		tables := model.NewStore(time.Now())
		r, s := releaser(t, tables, func() (question.View, error) { return c.view(0), nil }), shelf(t, tables)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = r.Run(ctx) })
		running.Go(func() { _ = s.Run(ctx) })
		pass(time.Hour)
		if s.Last() == nil || s.Last().Number != 1 || len(s.Last().Months) > 0 {
			t.Errorf("without votes: got %+v, want one release of nothing", s.Last())
		}
		for range 30 {
			c.vote()
		}
		pass(time.Hour)
		if s.Last().Number != 2 || all(t, s.Lots()) == 0 {
			t.Errorf("an hour after the first votes: got %+v", s.Last())
		}
		published := all(t, s.Lots())
		c.vote()
		pass(time.Hour)
		if s.Last().Number != 2 || all(t, s.Lots()) != published {
			t.Errorf("from then on: got %+v, want no other before the night", s.Last())
		}
		stop()
		running.Wait()
	})
}

// all returns all votes that lots have.
func all(t *testing.T, lots *disclosure.Lots) uint64 {
	t.Helper()
	counts, err := lots.Counts(t.Context(), &question.Axes{Next: 1 << 20, RowsMax: rowsMax})
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for _, row := range counts.Rows {
		for _, v := range row.Values {
			n += v
		}
	}
	return n
}

// checkPublished: what holds of the tables is of votes that were counted, each once;
// what is not in lots waits; and nothing is left to be made, where no view lagged.
func checkPublished(t *testing.T, tables *model.Store, s *disclosure.Shelf, counted tallyView, lag int) {
	t.Helper()
	headers, now, err := tables.Releases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	settled := disclosure.Settled(headers, now)
	last := settled[len(settled)-1]
	q := schema.LotQuery{First: 0, Next: 1 << 20}
	for _, r := range settled {
		q.Attempts = append(q.Attempts, r.Attempt)
	}
	var taken []schema.SpotDay
	if err := tables.Taken(t.Context(), q, func(v *schema.SpotDay) error {
		taken = append(taken, *v)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rest, err := disclosure.Cut(&disclosure.Rules{Places: small()}, last.Today, last.Today, counted.spotDays(), taken)
	if err != nil { // More was published than is counted.
		t.Fatal(err)
	}
	var sum schema.ReleaseMonth
	for _, m := range last.Months {
		sum.Counted, sum.Waiting = sum.Counted+m.Counted, sum.Waiting+m.Waiting
	}
	if public := all(t, s.Lots()); public != total(taken) || public+sum.Waiting != sum.Counted || public == 0 {
		t.Errorf("%d votes are in lots, %d wait, %d were taken, %d are counted", public, sum.Waiting, total(taken), sum.Counted)
	}
	if n := total(rest.Waiting); lag == 0 && (len(rest.Lots) > 0 || n != sum.Waiting) {
		t.Errorf("after the last release %d lots could be made, %d votes wait: want none, and %d", len(rest.Lots), n, sum.Waiting)
	}
}

// TestReleasesAreWhatCutMakes: in pieces, from a view, or in one.
func TestReleasesAreWhatCutMakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &country{rng: rand.New(rand.NewPCG(1, 8))} //nolint:gosec // A test's.
		tables := model.NewStore(time.Now())
		pass(28 * 24 * time.Hour)
		for range 60 {
			c.vote()
		}
		pass(40 * time.Hour)
		today := schema.Day(time.Now().Unix() / 86400)
		c.ballots = slices.DeleteFunc(c.ballots, func(b ballot) bool { return b.Comune == 7777 })
		header, err := disclosure.Publish(t.Context(), &disclosure.Rules{Places: small()}, tables, c.view(0), today)
		if err != nil {
			t.Fatal(err)
		}
		want, err := disclosure.Cut(&disclosure.Rules{Places: small()}, today, 0, c.view(0).spotDays(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []schema.Lot
		err = tables.Lots(t.Context(), schema.LotQuery{Attempts: []schema.AttemptID{header.Attempt}, Next: 1 << 20}, func(_ schema.AttemptID, l *schema.Lot) error {
			got = append(got, *l)
			return nil
		})
		if err != nil || len(got) == 0 || !reflect.DeepEqual(got, want.Lots) {
			t.Errorf("got %d lots, %v, want %d", len(got), err, len(want.Lots))
		}
		if again, err := disclosure.Publish(t.Context(), &disclosure.Rules{Places: small()}, tables, c.view(0), today); !errors.Is(err, disclosure.ErrUnderWay) {
			t.Errorf("at once again: got %+v, %v, want %v", again, err, disclosure.ErrUnderWay)
		}
		pass(disclosure.SettleAfter)
		if again, err := disclosure.Publish(t.Context(), &disclosure.Rules{Places: small()}, tables, c.view(0), today); err != nil || again != nil {
			t.Errorf("once it holds: got %+v, %v, want nothing", again, err)
		}
		if got, err := disclosure.Publish(t.Context(), &disclosure.Rules{Places: small()}, tables, c.view(500), today+1); !errors.Is(err, disclosure.ErrCountsFell) {
			t.Errorf("from fewer votes: got %+v, %v, want %v", got, err, disclosure.ErrCountsFell)
		}
	})
}

func TestSettled(t *testing.T) {
	start := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	header := func(number uint32, a, previous schema.AttemptID, minute int) schema.Release {
		return schema.Release{Number: number, Attempt: a, Previous: previous, Written: start.Add(time.Duration(minute) * time.Minute)}
	}
	for _, tt := range []struct {
		name    string
		headers []schema.Release
		minute  int
		want    []schema.AttemptID
	}{
		{"none", nil, 99, nil},
		{"too young", []schema.Release{header(1, 7, 0, 0)}, 4, nil},
		{"old enough", []schema.Release{header(1, 7, 0, 0)}, 5, []schema.AttemptID{7}},
		{"the first of two", []schema.Release{header(1, 8, 0, 1), header(1, 7, 0, 0)}, 9, []schema.AttemptID{7}},
		{"at the same moment the lower", []schema.Release{header(1, 8, 0, 0), header(1, 7, 0, 0)}, 9, []schema.AttemptID{7}},
		{"one after the other", []schema.Release{header(1, 7, 0, 0), header(2, 9, 7, 60)}, 99, []schema.AttemptID{7, 9}},
		{"one that goes on from another", []schema.Release{header(1, 7, 0, 0), header(1, 8, 0, 1), header(2, 5, 8, 30), header(2, 9, 7, 60)}, 99, []schema.AttemptID{7, 9}},
		{"one that slept through a night", []schema.Release{header(1, 7, 0, 0), header(2, 9, 7, 60), header(2, 5, 7, 1440), header(3, 6, 9, 1441)}, 2000, []schema.AttemptID{7, 9, 6}},
		{"a number that lacks", []schema.Release{header(2, 7, 0, 0)}, 99, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []schema.AttemptID
			for _, r := range disclosure.Settled(tt.headers, start.Add(time.Duration(tt.minute)*time.Minute)) {
				got = append(got, r.Attempt)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAShelfKeepsWhatItHasWhereTheStoreIsWrong(t *testing.T) {
	lots := some()[:2]
	header := schema.Release{Number: 1, Attempt: 7, Today: day(time.October, 9), K: 3, Lots: 2, Months: []schema.ReleaseMonth{{First: day(time.October, 1), Counted: 43}}}
	for _, tt := range []struct {
		name  string
		write func(s *model.Store) error
		want  error
	}{
		{"a lot is missing", func(s *model.Store) error {
			return s.WriteLots(t.Context(), 9, lots[:1], nil)
		}, nil},
		{"a lot is too small", func(s *model.Store) error {
			few := slices.Clone(lots)
			few[1].Values = [schema.ValueMax]uint64{0, 0, 2}
			return s.WriteLots(t.Context(), 9, few, nil)
		}, nil},
		{"another is in its place", func(s *model.Store) error {
			*s = *model.NewStore(time.Now())
			other := header
			other.Attempt = 8
			return cmp.Or(s.WriteLots(t.Context(), 8, lots, nil), s.WriteRelease(t.Context(), other))
		}, disclosure.ErrOtherRelease},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tables := model.NewStore(time.Now())
				s := shelf(t, tables)
				if err := cmp.Or(tables.WriteLots(t.Context(), 7, lots, nil), tables.WriteRelease(t.Context(), header)); err != nil {
					t.Fatal(err)
				}
				pass(time.Hour)
				if err := s.Refresh(t.Context()); err != nil || all(t, s.Lots()) != 43 {
					t.Fatalf("got %v", err)
				}
				if err := tt.write(tables); err != nil {
					t.Fatal(err)
				}
				if tt.want == nil {
					next := header
					next.Number, next.Attempt, next.Previous = 2, 9, 7
					if err := tables.WriteRelease(t.Context(), next); err != nil {
						t.Fatal(err)
					}
				}
				pass(time.Hour)
				if err := s.Refresh(t.Context()); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("got %v, want an error like %v", err, tt.want)
				}
				if got := all(t, s.Lots()); got != 43 || s.Last().Number != 1 {
					t.Errorf("%d votes of release %d are shown: want 43 of 1", got, s.Last().Number)
				}
			})
		})
	}
}
