package disclosure_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

func rome(t testing.TB) calendar.Clock {
	t.Helper()
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	return clock
}

// lot returns a lot of n green votes.
func lot(label schema.LotLabel, first, last schema.Day, n uint64) schema.Lot {
	l := schema.Lot{LotLabel: label, First: first, Last: last, Reasons: []schema.ReasonNumber{{Key: schema.KeyOfReason(3, 1), N: n - 1}}}
	l.Values[2] = n
	l.Scale = schema.ScaleMLF3
	return l
}

// some are lots of every level.
func some() []schema.Lot {
	oct := func(d int) schema.Day { return day(time.October, d) }
	at := schema.Spot{Comune: 1001, Office: "a", Service: 1, Channel: schema.ChannelCounter}
	web := schema.Spot{Comune: 1001, Service: 1, Channel: schema.ChannelWeb}
	return []schema.Lot{
		lot(schema.LotLabel{Level: schema.LotOffice, Spot: at}, oct(1), oct(1), 3),
		lot(schema.LotLabel{Level: schema.LotOffice, Spot: at}, oct(2), oct(4), 40),
		lot(schema.LotLabel{Level: schema.LotChannel, Spot: web}, oct(2), oct(2), 500),
		lot(schema.LotLabel{Level: schema.LotService, Spot: schema.Spot{Comune: 1001, Service: 1}}, oct(1), oct(31), 6000),
		lot(schema.LotLabel{Level: schema.LotComune, Spot: schema.Spot{Comune: 1001}}, oct(1), oct(31), 70_000),
		lot(schema.LotLabel{Level: schema.LotProvince, Province: 1}, oct(1), oct(31), 800_000),
		lot(schema.LotLabel{Level: schema.LotRegion, Region: 1}, oct(1), oct(31), 9_000_000),
		lot(schema.LotLabel{Level: schema.LotNation}, oct(1), oct(31), 10_000_000),
	}
}

// window returns the hours of days [from, next) of October.
func window(from, next int) question.Axes {
	return question.Axes{From: midnight(day(time.October, from)), Next: midnight(day(time.October, next)), RowsMax: rowsMax}
}

func TestCountsAreOfLotsThatLieWithin(t *testing.T) {
	one := func(id schema.ComuneID) question.Group { return out(id == 1001) }
	for _, tt := range []struct {
		name string
		axes func() question.Axes
		want uint64
	}{
		{"all", func() question.Axes { return window(1, 32) }, 19_876_543},
		{"a day less", func() question.Axes { return window(1, 31) }, 543},
		{"a span", func() question.Axes { return window(2, 5) }, 540},
		{"half a span", func() question.Axes { return window(2, 4) }, 500},
		{"an hour less", func() question.Axes { a := window(1, 2); a.Next--; return a }, 0},
		{"a comune", func() question.Axes { a := window(1, 32); a.Comune = one; return a }, 76_543},
		{"a comune that is looked up", func() question.Axes {
			a := window(1, 32)
			a.Comune, a.Comuni = one, []schema.ComuneID{1001, 9001}
			return a
		}, 76_543},
		{"a province", func() question.Axes {
			a := window(1, 32)
			a.Comune = func(id schema.ComuneID) question.Group { return out(id.Province() == 1) }
			return a
		}, 876_543},
		{"a region", func() question.Axes {
			a := window(1, 32)
			a.Comune = func(id schema.ComuneID) question.Group { return out(id < 3000) }
			return a
		}, 9_876_543},
		{"another", func() question.Axes {
			a := window(1, 32)
			a.Comune = func(id schema.ComuneID) question.Group { return out(id >= 3000) }
			return a
		}, 0},
		{"an office", func() question.Axes {
			a := window(1, 32)
			a.Office = func(o schema.OfficeCode) question.Group { return out(o == "a") }
			return a
		}, 43},
		{"a channel", func() question.Axes {
			a := window(1, 32)
			a.Channel = func(c schema.Channel) question.Group { return out(c == schema.ChannelWeb) }
			return a
		}, 500},
		{"all channels, named", func() question.Axes {
			a := window(1, 32)
			a.Channel = func(c schema.Channel) question.Group { return 0 }
			return a
		}, 19_876_543},
		{"a service", func() question.Axes {
			a := window(1, 32)
			a.Service = func(s schema.ServiceID) question.Group { return out(s == 1) }
			return a
		}, 6543},
		{"another class", func() question.Axes {
			a := window(1, 32)
			a.Class = func(c schema.Class) question.Group { return out(c == schema.ClassTest) }
			return a
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			view := disclosure.NewLots(rome(t), small()).With(1, some()[:5]).With(2, some()[5:])
			for _, reasons := range []bool{false, true} {
				a := tt.axes()
				a.Reasons = reasons
				got, err := view.Counts(t.Context(), &a)
				if err != nil {
					t.Fatal(err)
				}
				var n, answered uint64
				for _, row := range got.Rows {
					n += row.Values[2]
				}
				for _, r := range got.Reasons {
					answered += r.N
				}
				if n != tt.want || got.Excluded != [schema.ClassMax + 1]uint64{} {
					t.Errorf("got %+v, want %d", got, tt.want)
				}
				if reasons && (answered >= n && n > 0 || answered+8 < n) || !reasons && answered > 0 {
					t.Errorf("got %d reasons of %d votes", answered, n)
				}
			}
		})
	}
}

// out is the group of what a filter takes.
func out(taken bool) question.Group {
	if taken {
		return 0
	}
	return question.Out
}

func TestVersionsAreOfTheirMonths(t *testing.T) {
	view := disclosure.NewLots(rome(t), small()).With(1, some())
	october, november := window(1, 32), question.Axes{From: midnight(day(time.November, 1)), Next: midnight(day(time.December, 1))}
	before, other := view.Version(october.From, october.Next), view.Version(november.From, november.Next)
	later := some()[0]
	later.First, later.Last = day(time.November, 2), day(time.November, 2)
	view = view.With(2, []schema.Lot{later})
	if got := view.Version(october.From, october.Next); got != before {
		t.Errorf("October changed with a lot of November: got %s, had %s", got, before)
	}
	if got := view.Version(november.From, november.Next); got == other {
		t.Errorf("November did not change: got %s", got)
	}
}

func TestTooManyRowsAreAnError(t *testing.T) {
	view := disclosure.NewLots(rome(t), small()).With(1, some())
	a := window(1, 32)
	a.RowsMax = 1
	if _, err := view.Counts(t.Context(), &a); err != nil {
		t.Error(err)
	}
	a.Channel = each[schema.Channel]
	if got, err := view.Counts(t.Context(), &a); !errors.Is(err, schema.ErrTooManyRows) {
		t.Errorf("got %+v, %v, want %v", got, err, schema.ErrTooManyRows)
	}
}

// TestPlacesOfTheRegistry: what lies in what is known of the lists that ship.
func TestPlacesOfTheRegistry(t *testing.T) {
	reg := schematest.Lists(t)
	p := disclosure.PlacesOf(reg, registry.Date(day(time.November, 1)))
	if len(p.Comuni) < 7800 || len(p.Codes) <= len(p.Comuni) || len(p.RegionOf) < 107 || len(p.Services) < 30 || len(p.CodeOf) == 0 {
		t.Errorf("%d comuni, %d codes, %d provinces, %d services, %d codes that ended", len(p.Comuni), len(p.Codes), len(p.RegionOf), len(p.Services), len(p.CodeOf))
	}
	if !slices.IsSorted(p.Comuni) || !slices.IsSorted(p.Codes) || !slices.IsSorted(p.Services) {
		t.Error("want them ascending")
	}
}

// TestAnswersAreWhatLabelsSay compares answers with what comes of going through all
// that the votes of each lot could be.
func TestAnswersAreWhatLabelsSay(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 5)) //nolint:gosec // A test's.
		w := newWorld(rng, worldDays)
		p := &lotsRule{w: w, rules: &disclosure.Rules{K: 2 + seed%3, Places: small()}}
		for today := w.first + 1; today <= w.next+4; today++ {
			p.night(t, today)
		}
		lots, view := p.nights.lots, disclosure.NewLots(rome(t), small())
		for i := range lots {
			view = view.With(uint32(i), lots[i:i+1])
		}
		for range 40 {
			a := anyAxes(rng, w)
			rows, hidden := byLabels(lots, &a)
			got, err := view.Counts(t.Context(), &a)
			if err != nil {
				t.Fatal(err)
			}
			answer := make(map[question.Key][schema.ValueMax]uint64)
			for _, row := range got.Rows {
				answer[row.Key] = row.Values
			}
			if !maps.Equal(answer, rows) {
				t.Fatalf("seed %d, %+v: got %v, want %v", seed, a, answer, rows)
			}
			told, err := view.Hidden(t.Context(), &a)
			if err != nil {
				t.Fatal(err)
			}
			if err := compareHidden(told, hidden); err != nil {
				t.Fatalf("seed %d, %+v: %v: got %+v, want %v", seed, a, err, told, hidden)
			}
		}
	}
}

// byLabels answers a: the rows of lots of which all that they could be is in one
// row, and the keys of all rows that other lots could be in.
func byLabels(lots []schema.Lot, a *question.Axes) (map[question.Key][schema.ValueMax]uint64, map[question.Key]bool) {
	rows, hidden := make(map[question.Key][schema.ValueMax]uint64), make(map[question.Key]bool)
	for i := range lots {
		keys, more := keysOf(&lots[i], a)
		if len(keys) == 1 && !more {
			for key := range keys {
				sum := rows[key]
				for k, n := range lots[i].Values {
					sum[k] += n
				}
				rows[key] = sum
			}
			continue
		}
		maps.Copy(hidden, keys)
	}
	return rows, hidden
}

// keysOf returns the keys that votes of a lot could have, and whether some could
// be in none.
func keysOf(l *schema.Lot, a *question.Axes) (keys map[question.Key]bool, none bool) {
	keys = make(map[question.Key]bool)
	hours := make(map[question.Group]bool)
	for h := midnight(l.First); h < midnight(l.Last+1); h++ {
		switch {
		case h < a.From || h >= a.Next:
			hours[question.Out] = true
		case a.Hours == nil:
			hours[0] = true
		default:
			hours[a.Hours[h-a.From]] = true
		}
	}
	places := small()
	for _, comune := range places.Comuni {
		province := comune.Province()
		if l.Level <= schema.LotComune && comune != l.Comune || l.Level == schema.LotProvince && province != l.Province ||
			l.Level == schema.LotRegion && places.RegionOf[province] != l.Region {
			continue
		}
		for _, office := range []schema.OfficeCode{"", "a", "b", "any other"} {
			for _, service := range places.Services {
				for _, channel := range schema.Channels() {
					if l.Level == schema.LotOffice && office != l.Office || l.Level <= schema.LotService && service != l.Service ||
						l.Level <= schema.LotChannel && channel != l.Channel {
						continue
					}
					key := question.Key{
						Comune: groupOf(a.Comune, comune), Office: question.Out, Service: groupOf(a.Service, service),
						Channel: groupOf(a.Channel, channel), Scale: groupOf(a.Scale, l.Scale),
					}
					if a.Office == nil || office != "any other" {
						key.Office = groupOf(a.Office, office)
					}
					for key.Hour = range hours {
						if min(key.Comune, key.Office, key.Service, key.Channel, key.Scale, key.Hour) < 0 {
							none = true
						} else {
							keys[key] = true
						}
					}
				}
			}
		}
	}
	return keys, none
}

// compareHidden: every key that lacks votes is told, and nothing is told that
// lacks none.
func compareHidden(told []disclosure.Hidden, want map[question.Key]bool) error {
	covers := func(h disclosure.Hidden, key question.Key) bool {
		is := func(told, key question.Group) bool { return told == question.Out || told == key }
		return h.Hour == key.Hour && is(h.Comune, key.Comune) && is(h.Office, key.Office) && is(h.Service, key.Service) &&
			is(h.Channel, key.Channel) && h.Scale == key.Scale
	}
	for key := range want {
		if !slices.ContainsFunc(told, func(h disclosure.Hidden) bool { return covers(h, key) }) {
			return fmt.Errorf("%+v lacks votes", key)
		}
	}
	for _, h := range told {
		found := h.Office == question.Out // Of offices that no lot names nothing is known.
		for key := range want {
			found = found || covers(h, key)
		}
		if !found || h.Last < h.First || h.Level == 0 {
			return fmt.Errorf("%+v lacks nothing", h)
		}
	}
	return nil
}

func TestHiddenTellsWhatShowsIt(t *testing.T) {
	view := disclosure.NewLots(rome(t), small()).With(1, some()[:4])
	a := window(1, 32)
	a.Hours = make([]question.Group, a.Next-a.From)
	for i := range a.Hours {
		a.Hours[i] = question.Group(i / 24) // By day, nearly: the clock changes on the 25th.
	}
	a.Channel = each[schema.Channel]
	told, err := view.Hidden(t.Context(), &a)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(told, func(h disclosure.Hidden) bool { return h.Hour == 2 && h.Channel == 1 })
	if want := (disclosure.Hidden{Key: told[i].Key, First: day(time.October, 2), Last: day(time.October, 4), Level: schema.LotOffice}); told[i] != want {
		t.Errorf("the third at a counter: got %+v, want %+v", told[i], want)
	}
	i = slices.IndexFunc(told, func(h disclosure.Hidden) bool { return h.Hour == 2 && h.Channel == question.Out })
	if want := (disclosure.Hidden{Key: told[i].Key, First: day(time.October, 1), Last: day(time.October, 31), Level: schema.LotService}); told[i] != want {
		t.Errorf("the third at any channel: got %+v, want %+v", told[i], want)
	}
}

func TestLiveTotalsAreWholeLots(t *testing.T) {
	r := &disclosure.Rules{K: 3}
	for n, want := range []uint64{0, 0, 0, 3, 3, 3, 6} {
		if got := r.LiveTotal(uint64(n)); got != want {
			t.Errorf("%d votes: got %d, want %d", n, got, want)
		}
	}
}
