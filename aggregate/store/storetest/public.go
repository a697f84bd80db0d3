package storetest

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"mlf/schema"
)

// A Public is the seam of what is published.
type Public interface {
	WriteLots(ctx context.Context, a schema.AttemptID, lots []schema.Lot, taken []schema.Taken) error
	WriteRelease(ctx context.Context, r schema.Release) error
	Releases(ctx context.Context) (headers []schema.Release, now time.Time, err error)
	WriteNote(ctx context.Context, n schema.ReleaseNote) error
	Notes(ctx context.Context) (notes []schema.ReleaseNote, now time.Time, err error)
	TakenInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Taken) error) error
	Lots(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error
	LotsInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error
	Taken(ctx context.Context, q schema.LotQuery, take func(*schema.SpotDay) error) error
	WriteTurnout(ctx context.Context, a schema.AttemptID, first schema.Day, rows []schema.Turnout) error
	Turnout(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, schema.Day, *schema.Turnout) error) error
}

// october1 is a day, and november1 another.
const (
	october1  schema.Day = 20727
	november1 schema.Day = october1 + 31
)

// publicLot returns the i-th lot of an attempt, and what it took.
func publicLot(i int) (schema.Lot, []schema.Taken) {
	spot := schema.Spot{Comune: 58091, Office: "it's", Service: 7, Channel: schema.ChannelTotem, Scale: schema.ScaleStars5}
	l := schema.Lot{
		LotLabel: schema.LotLabel{Level: schema.LotOffice, Spot: spot}, Number: uint32(i),
		First: october1 + schema.Day(i), Last: october1 + schema.Day(i) + 1, Values: [schema.ValueMax]uint64{1, 0, 3, 1 << 40, 5},
		Reasons: []schema.ReasonNumber{{Key: schema.KeyOfReason(3, 2), N: 3}, {Key: schema.KeyOfReason(5, 1), N: 1 << 33}},
	}
	one := schema.SpotDay{Spot: spot, Day: l.First, Values: [schema.ValueMax]uint64{1, 0, 1}, Reasons: l.Reasons[:1]}
	two := schema.SpotDay{Spot: spot, Day: l.Last, Values: [schema.ValueMax]uint64{0, 0, 2, 1 << 40, 5}, Reasons: l.Reasons[1:]}
	return l, []schema.Taken{{Lot: l.Number, SpotDay: one}, {Lot: l.Number, SpotDay: two}}
}

// lots: what is written under an attempt comes back under it, and adds up.
func lots(t *testing.T, s Subject) {
	p := s.public(t)
	nation := schema.Lot{
		LotLabel: schema.LotLabel{Level: schema.LotRegion, Region: 12, Spot: schema.Spot{Scale: schema.ScaleMLF3}}, Number: 40,
		First: november1, Last: november1 + 29, Values: [schema.ValueMax]uint64{3},
	}
	first, tookFirst := publicLot(0)
	second, tookSecond := publicLot(1)
	const attempt, other = schema.AttemptID(1<<63 + 1), schema.AttemptID(2)
	for _, write := range []struct {
		attempt schema.AttemptID
		lots    []schema.Lot
		taken   []schema.Taken
	}{{attempt, []schema.Lot{first, nation}, tookFirst}, {other, []schema.Lot{first}, tookFirst}, {attempt, []schema.Lot{second}, tookSecond}, {attempt, nil, nil}} {
		if err := p.WriteLots(t.Context(), write.attempt, write.lots, write.taken); err != nil {
			t.Fatal(err)
		}
	}
	october := schema.LotQuery{Attempts: []schema.AttemptID{attempt, 99}, First: october1, Next: november1}
	if got, want := readLots(t, p, october), []schema.Lot{first, second}; !reflect.DeepEqual(got, want) {
		t.Errorf("October: got %+v, want %+v", got, want)
	}
	if got := readLots(t, p, schema.LotQuery{Attempts: october.Attempts, First: november1, Next: november1 + 1}); !reflect.DeepEqual(got, []schema.Lot{nation}) {
		t.Errorf("November: got %+v, want %+v", got, nation)
	}
	middle := tookFirst[1].SpotDay // The first lot's last day is the second's first.
	middle.Values = [schema.ValueMax]uint64{1, 0, 3, 1 << 40, 5}
	middle.Reasons = first.Reasons
	want := []schema.SpotDay{tookFirst[0].SpotDay, middle, tookSecond[1].SpotDay}
	for _, comuni := range [][]schema.ComuneID{nil, {1001, 58091}} {
		october.Comuni = comuni
		if got := readTaken(t, p, october); !reflect.DeepEqual(got, want) {
			t.Errorf("taken of comuni %v: got %+v, want %+v", comuni, got, want)
		}
	}
	october.Comuni = []schema.ComuneID{1001}
	if got := readTaken(t, p, october); len(got) > 0 {
		t.Errorf("taken of another comune: got %+v", got)
	}
}

// lotsInOrder: whatever order lots were written in and lie in, they come by the attempts
// that are asked for, and by their numbers.
func lotsInOrder(t *testing.T, s Subject) {
	p := s.public(t)
	const first, second, none = schema.AttemptID(1<<63 + 1), schema.AttemptID(2), schema.AttemptID(3)
	var want []schema.Lot
	for i := range 20 {
		l, took := publicLot(i)
		l.First, l.Last = october1+schema.Day(19-i), october1+19
		l.Number += 1 << 18
		for i := range took {
			took[i].Lot = l.Number
		}
		want = append(want, l)
		for _, a := range []schema.AttemptID{second, first} {
			if err := p.WriteLots(t.Context(), a, []schema.Lot{l}, took); err != nil {
				t.Fatal(err)
			}
		}
	}
	another, took := publicLot(1 << 17) // More than one stretch away.
	another.First, another.Last = october1, october1
	want = append([]schema.Lot{another}, want...)
	if err := p.WriteLots(t.Context(), first, []schema.Lot{another}, took); err != nil {
		t.Fatal(err)
	}
	var got []schema.Lot
	var of []schema.AttemptID
	q := schema.LotQuery{Attempts: []schema.AttemptID{first, none, second}, First: october1, Next: november1}
	err := p.LotsInOrder(t.Context(), q, func(a schema.AttemptID, l *schema.Lot) error {
		got, of = append(got, *l), append(of, a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, append(slices.Clone(want), want[1:]...)) {
		t.Errorf("got %d lots, want the first attempt's %d by their numbers, then the second's", len(got), len(want))
	}
	var taken []schema.Taken
	q.Attempts = q.Attempts[1:]
	err = p.TakenInOrder(t.Context(), q, func(a schema.AttemptID, one *schema.Taken) error {
		if a != second {
			t.Errorf("%+v is of attempt %d", one, a)
		}
		taken = append(taken, *one)
		return nil
	})
	var wanted []schema.Taken
	for _, l := range want[1:] {
		_, took := publicLot(int(l.Number - 1<<18))
		took[0].Lot, took[1].Lot = l.Number, l.Number
		wanted = append(wanted, took...)
	}
	if err != nil || !reflect.DeepEqual(taken, wanted) {
		t.Errorf("got %+v, %v, want what was taken for them", taken, err)
	}
	if slices.Index(of, second) != len(want) || slices.Contains(of[len(want):], first) {
		t.Errorf("got attempts %v, want the first's, then the second's", of)
	}
}

// turnout: what is frozen under an attempt comes back under it, by its month.
func turnout(t *testing.T, s Subject) {
	p := s.public(t)
	rows := []schema.Turnout{
		{Comune: 1001, Service: 7, Channel: schema.ChannelCounter, Votes: 1 << 40, Users: 1 << 41},
		{Comune: 58091, Service: 1 << 15, Channel: schema.ChannelWeb, Users: 3},
	}
	const attempt, other = schema.AttemptID(1<<63 + 1), schema.AttemptID(2)
	for _, write := range []struct {
		attempt schema.AttemptID
		first   schema.Day
		rows    []schema.Turnout
	}{{attempt, october1, rows}, {attempt, november1, rows[:1]}, {other, october1, rows[1:]}, {attempt, october1, nil}} {
		if err := p.WriteTurnout(t.Context(), write.attempt, write.first, write.rows); err != nil {
			t.Fatal(err)
		}
	}
	for _, ask := range []struct {
		q    schema.LotQuery
		want []schema.Turnout
	}{
		{schema.LotQuery{Attempts: []schema.AttemptID{attempt, 99}, First: october1, Next: november1}, rows},
		{schema.LotQuery{Attempts: []schema.AttemptID{attempt}, First: november1, Next: november1 + 1}, rows[:1]},
		{schema.LotQuery{Attempts: []schema.AttemptID{other}, First: october1, Next: november1 + 1}, rows[1:]},
		{schema.LotQuery{Attempts: []schema.AttemptID{99}, First: october1, Next: november1 + 1}, nil},
	} {
		var got []schema.Turnout
		err := p.Turnout(t.Context(), ask.q, func(a schema.AttemptID, first schema.Day, row *schema.Turnout) error {
			if !slices.Contains(ask.q.Attempts, a) || first < ask.q.First || first >= ask.q.Next {
				t.Errorf("row %+v is of attempt %d, day %d", row, a, first)
			}
			got = append(got, *row)
			return nil
		})
		slices.SortFunc(got, func(a, b schema.Turnout) int { return cmp.Compare(a.Comune, b.Comune) })
		if err != nil || !slices.Equal(got, ask.want) {
			t.Errorf("%+v: got %+v, %v, want %+v", ask.q, got, err, ask.want)
		}
	}
}

// releases: two leaders race and a third is broken off. Every reader is shown the
// same headers in the same order, and rows only of the attempt that it asks for.
func releases(t *testing.T, s Subject) {
	p := s.public(t)
	if headers, _, err := p.Releases(t.Context()); err != nil || len(headers) > 0 {
		t.Errorf("an empty store: got %+v, %v", headers, err)
	}
	l, took := publicLot(0)
	header := func(a schema.AttemptID) schema.Release {
		return schema.Release{
			Number: 1, Attempt: a, Previous: 0, Today: november1, K: 3, Hold: a%2 == 0, Lots: 1, Taken: 2,
			Months:   []schema.ReleaseMonth{{First: october1, Counted: 1 << 50, Waiting: 2}, {First: november1, Counted: 3}},
			Turnouts: []schema.ReleaseTurnouts{{First: october1, Rows: 1 << 40}, {First: november1}},
		}
	}
	const crashed = schema.AttemptID(9)
	if err := p.WriteLots(t.Context(), crashed, []schema.Lot{l}, took); err != nil {
		t.Fatal(err)
	}
	var leaders sync.WaitGroup
	for a := schema.AttemptID(1); a <= 2; a++ {
		leaders.Go(func() {
			if err := p.WriteLots(t.Context(), a, []schema.Lot{l}, took); err != nil {
				t.Error(err)
			}
			if err := p.WriteRelease(t.Context(), header(a)); err != nil {
				t.Error(err)
			}
		})
	}
	leaders.Wait()
	late := header(3)
	if err := p.WriteRelease(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	headers, now, err := p.Releases(t.Context())
	if err != nil || len(headers) != 3 || headers[2].Attempt != 3 {
		t.Fatalf("got %+v, %v, want three, attempt 3 last", headers, err)
	}
	for i, got := range headers {
		if got.Written.After(now) || now.Sub(got.Written) > time.Hour || i > 0 && got.Written.Before(headers[i-1].Written) {
			t.Errorf("written %v, read %v: want them in the order of their writing", got.Written, now)
		}
		got.Written = time.Time{}
		if want := header(got.Attempt); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	again, _, err := p.Releases(t.Context())
	if err != nil || !reflect.DeepEqual(again, headers) {
		t.Errorf("another reader got %+v, %v, want %+v", again, err, headers)
	}
	q := schema.LotQuery{Attempts: []schema.AttemptID{headers[0].Attempt}, First: october1, Next: november1}
	if got := readLots(t, p, q); len(got) != 1 {
		t.Errorf("the first leader's: got %+v, want its one lot", got)
	}
	if got := readTaken(t, p, q); len(got) != 2 || got[0].Values != took[0].Values {
		t.Errorf("taken by the first leader: got %+v, want %+v", got, took)
	}
}

// notes: what one database has of another's releases, and what it knows of them.
func notes(t *testing.T, s Subject) {
	p := s.public(t)
	made := time.Date(2026, 11, 26, 3, 0, 0, 123456000, time.UTC)
	months := []schema.ReleaseMonth{{First: october1, Counted: 9}}
	own := schema.Release{Number: 1, Attempt: 1<<63 + 1, K: 3, Months: months}
	other := schema.Release{Number: 2, Attempt: 8, Previous: own.Attempt, K: 3, Hold: true, Months: months, Written: made}
	want := []schema.ReleaseNote{
		{Release: own, Rows: own.Attempt, Alone: true}, {Release: other}, {Release: other, Rows: 1<<63 + 5}, {Release: other, Rows: 6, Alone: true},
	}
	if err := p.WriteRelease(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	for _, n := range want[1:] {
		if err := p.WriteNote(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	got, now, err := p.Notes(t.Context())
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i, n := range got {
		if n.Noted.After(now) || now.Sub(n.Noted) > time.Hour || i == 0 && !n.Written.Equal(n.Noted) {
			t.Errorf("noted %v, made %v, read %v", n.Noted, n.Written, now)
		}
		if n.Noted = (time.Time{}); i == 0 {
			n.Written = time.Time{}
		}
		if !reflect.DeepEqual(n, want[i]) {
			t.Errorf("got %+v, want %+v", n, want[i])
		}
	}
	if headers, _, err := p.Releases(t.Context()); err != nil || len(headers) != 1 || headers[0].Attempt != own.Attempt {
		t.Errorf("its own: got %+v, %v", headers, err)
	}
}

// public is the seam, where the subject has it.
func (s Subject) public(t *testing.T) Public {
	t.Helper()
	p, ok := s.Store.(Public)
	if !ok {
		t.Skip("it keeps nothing of what is published")
	}
	return p
}

func readLots(t *testing.T, p Public, q schema.LotQuery) []schema.Lot {
	t.Helper()
	var lots []schema.Lot
	err := p.Lots(t.Context(), q, func(a schema.AttemptID, l *schema.Lot) error {
		if !slices.Contains(q.Attempts, a) {
			t.Errorf("lot %+v is of attempt %d", l, a)
		}
		lots = append(lots, *l)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(lots, func(a, b schema.Lot) int { return cmp.Compare(a.Number, b.Number) })
	return lots
}

func readTaken(t *testing.T, p Public, q schema.LotQuery) []schema.SpotDay {
	t.Helper()
	var taken []schema.SpotDay
	err := p.Taken(t.Context(), q, func(v *schema.SpotDay) error {
		taken = append(taken, *v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(taken, func(a, b schema.SpotDay) int { return cmp.Compare(a.Day, b.Day) })
	return taken
}
