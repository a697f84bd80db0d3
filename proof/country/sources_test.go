package country

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mlf/proof/country/foreign"
	"mlf/schema"
	"mlf/schema/schematest"
)

// foreignSimulation returns one that has planned its sources and sends nothing.
func foreignSimulation(t *testing.T, terminals, days int) *Simulation {
	t.Helper()
	reg := schematest.Lists(t)
	now := func() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }
	s, err := New(Parts{Registry: reg}, Config{Terminals: terminals, Days: days, Seed: 7, Foreign: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHowManySources(t *testing.T) {
	f := func(terminals, days int, want [4]int) {
		t.Helper()
		p := &plan{cfg: Config{Terminals: terminals, Days: days}}
		cfg := p.foreignConfig()
		if got := [4]int{cfg.Boxes, cfg.Devices, cfg.Exchanges, cfg.Sites}; got != want || cfg.Validate() != nil {
			t.Errorf("%d terminals, %d days: got %v, %v: want %v", terminals, days, got, cfg.Validate(), want)
		}
	}
	f(1, 1, [4]int{8, 2, 2, 4})
	f(2000, 1, [4]int{10, 10, 4, 20})
	f(100_000, 1, [4]int{500, 500, 200, 1000})
	f(100_000, 390, [4]int{8, 6, 6, 6})
}

// TestDifferencesOfSourcesAreFound has a service count what it should, and then a little
// more or less at one source of each kind.
func TestDifferencesOfSourcesAreFound(t *testing.T) {
	s := foreignSimulation(t, 10, 1)
	x := s.sources
	show := func(o *stateless, class schema.Class, h schema.Hour, sums foreign.Totals) {
		r := &cellRow{Cell: schema.Cell{Comune: o.enrol.Comune, Office: o.enrol.Office, Channel: o.enrol.Channel, Scale: o.enrol.Scale, Class: class, Hour: h}}
		for i, n := range sums {
			r.values[i] = uint32(n)
		}
		if !x.take(r, true) {
			t.Fatalf("%s: its cell is taken for another's", o.Name)
		}
	}
	for _, o := range x.all {
		_, most, tests := x.known(o)
		hours := x.play.Truth.ByHour(o.Name, false)
		if o.Kind != foreign.Exchange {
			hours = map[schema.Hour]foreign.Totals{1: most}
		}
		for h, sums := range hours {
			show(o, schema.ClassOK, h, sums)
		}
		show(o, schema.ClassTest, 1, tests)
	}
	f := func(change func(o *stateless), kind foreign.Kind, want string) {
		t.Helper()
		o := x.all[slices.IndexFunc(x.all, func(o *stateless) bool { return o.Kind == kind })]
		kept := *o
		o.after.hours = maps.Clone(o.after.hours)
		change(o)
		var d differences
		x.compare(&d)
		*o = kept
		if total, named := d.list(); want == "" && total > 0 || want != "" && (total != 1 || !strings.Contains(named[0], want)) {
			t.Errorf("%s: got %q, want %q", o.Name, named, want)
		}
	}
	more := func(o *stateless) { o.after.votes[0]++ }
	f(func(*stateless) {}, foreign.Box, "")
	f(more, foreign.Box, "source 0004a30b00000000 office=src-0 channel=totem scale=stars5 v1")
	f(more, foreign.Device, "channel=counter scale=mlf3 red")
	f(more, foreign.Exchange, "channel=phone scale=mlf3 red")
	f(more, foreign.Site, "channel=web scale=stars5 v1")
	f(func(o *stateless) { o.after.votes[2]-- }, foreign.Exchange, "channel=phone scale=mlf3 green")
	f(func(o *stateless) {
		for h, sums := range o.after.hours {
			sums[0]++
			o.after.hours[h] = sums
			break
		}
	}, foreign.Exchange, "source exchange-0 office=src-10 in the hour from ")
	f(func(o *stateless) { o.after.hours[7] = foreign.Totals{1} }, foreign.Exchange, "in the hour from 1970-01-01T07:00:00Z: want [0 0 0 0 0], got [1 0 0 0 0]")
	f(func(o *stateless) { o.after.tests[4]++ }, foreign.Site, "class=test v5")
	f(func(o *stateless) { o.after.votes[4]--; o.doubt[4]++ }, foreign.Site, "")
	f(func(o *stateless) { o.before.votes[0]++; o.after.votes[0]++ }, foreign.Box, "")
}

// TestImportsAreTriedAgain: who imports while the log does not answer does so until it does,
// and then nobody knows how often a call is on it.
func TestImportsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := foreignSimulation(t, 40, 1)
		s.weather = newWeather(&Config{Now: time.Now, GiveUp: time.Hour})
		fails, imported := 5, make(map[string]int)
		s.imports = func(_ context.Context, _, _ string, file []byte) error {
			if fails--; fails >= 0 {
				return errors.New("list offsets: the connection was reset")
			}
			imported[string(file)]++
			return nil
		}
		x := s.sources
		if err := x.importFiles(t.Context()); err != nil || len(imported) != len(x.play.Files) || !x.seen.doubted || s.weather.seen()["import of calls"] != 5 {
			t.Errorf("got %v, %d of %d files, doubted %v, %v", err, len(imported), len(x.play.Files), x.seen.doubted, s.weather.seen())
		}
		s.imports = func(context.Context, string, string, []byte) error { return errors.New("never") }
		if err := x.importFiles(t.Context()); err == nil || !strings.Contains(err.Error(), "never") {
			t.Errorf("got %v", err)
		}
	})
}

func TestEventsOfTheLedger(t *testing.T) {
	f := func(sent, answered uint64, doubted bool, grown schema.EventTally, want string) {
		t.Helper()
		x := &sources{}
		x.seen.sent, x.seen.answered = sent, answered
		var d differences
		x.compareEvents(grown, doubted, &d)
		if _, got := d.list(); strings.Join(got, "; ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(5, 5, false, schema.EventTally{In: 5}, "")
	f(5, 5, false, schema.EventTally{In: 4}, "ledger events in: want 5, got 4")
	f(7, 5, false, schema.EventTally{In: 7}, "")
	f(7, 5, false, schema.EventTally{In: 8}, "ledger events in: want 5 to 7, got 8")
	f(7, 5, true, schema.EventTally{In: 8}, "")
	f(5, 5, false, schema.EventTally{In: 5, Quarantined: 1}, "ledger events quarantined: want 0, got 1")
	f(5, 5, false, schema.EventTally{In: 5, Conflicts: 1}, "ledger events conflicts: want 0, got 1")
	var none *sources
	var d differences
	if none.compareEvents(schema.EventTally{In: 1}, false, &d); d.total != 1 {
		t.Errorf("events that nobody sent: got %d differences", d.total)
	}
}
