package country

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/schema"
	"mlf/schema/schematest"
)

//nolint:gochecknoglobals // the flag package works no other way
var update = flag.Bool("update", false, "rewrite the golden files")

// A Thursday in November, in the middle of an hour.
func thursday() time.Time { return time.Date(2026, 11, 19, 10, 31, 12, 0, time.UTC) }

func testPlan(t testing.TB, now time.Time, cfg Config) *plan {
	t.Helper()
	reg := schematest.Lists(t)
	p, err := newPlan(cfg.withDefaults(), reg, now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// eachDay calls f with the votes of each terminal and day.
func (p *plan) eachDay(f func(t *terminal, day int, units []unit)) {
	for i := range p.terminals {
		next := schema.Seq(1)
		for day := range p.cfg.Days {
			units := p.castDay(&p.terminals[i], day, next)
			for _, u := range units {
				next += schema.Seq(len(u.votes))
			}
			f(&p.terminals[i], day, units)
		}
	}
}

// TestThePlanFollowsFromTheSeed holds the plan to a golden file: a difference
// that a seed once found must be found again. Rewrite it with -update.
func TestThePlanFollowsFromTheSeed(t *testing.T) {
	var text bytes.Buffer
	for _, seed := range []uint64{1, 2} {
		p := testPlan(t, thursday(), Config{Terminals: 300, Days: 7, Seed: seed})
		fmt.Fprintf(&text, "seed %d: %d terminals in %d comuni, %d votes\n", seed, len(p.terminals), p.comuni(), p.votes())
		x := newExpectation()
		p.eachDay(func(t *terminal, day int, units []unit) {
			x.cast(t, units)
			if t.index < 3 && day == 6 {
				text.Write(t.appendJSON(nil, "s", units[:min(2, len(units))], p.end))
				fmt.Fprintf(&text, " %v %v %s\n", t.enrol.Comune, t.enrol.Channel, t.wire.contentType())
			}
		})
		fmt.Fprintf(&text, "counted %d, voided %d, cells %d, %v\n", x.counted, x.voided, len(x.cells), x.channels())
	}
	const golden = "testdata/plan.golden"
	if *update {
		if err := os.WriteFile(golden, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := text.String(); got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\nrewrite with: go test ./proof/country -run %s -update", got, want, t.Name())
	}
}

// TestTerminalsDiffer: whatever the protocol allows, and whatever makes a clock
// unusable, occurs in a plan of common size.
func TestTerminalsDiffer(t *testing.T) {
	p := testPlan(t, thursday(), Config{Terminals: 400, Days: 3, Seed: 1})
	var clocks [clockSpare + 1]int
	layouts, spellings := make(map[string]int), make(map[spelling]int)
	slow, unset, late := 0, 0, 0
	for i := range p.terminals {
		w := &p.terminals[i].wire
		clocks[w.clock]++
		layouts[w.hand.layout]++
		spellings[w.hand.number]++
		spellings[w.hand.word]++
		if w.slow {
			slow++
		}
		if w.ahead < -schema.Instant(365*24*time.Hour.Milliseconds()) {
			unset++
		}
	}
	var faults [clockFrozen + 1]int
	p.eachDay(func(terminal *terminal, _ int, units []unit) {
		for _, u := range units {
			for i := range u.votes {
				faults[u.votes[i].clock]++
				if terminal.late(&u.votes[i]) {
					late++
				}
				if terminal.enrol.Test && terminal.late(&u.votes[i]) {
					t.Fatal("got a late vote of a test terminal: nobody can foresee its hour")
				}
				if u.frozen() && u.votes[i].at > p.end-schema.Instant(frozenFor.Milliseconds()) {
					t.Fatal("got a body that was made before its votes")
				}
			}
		}
	})
	if len(layouts) != 8 || len(spellings) != 6 || slow == 0 || unset == 0 || slices.Contains(clocks[:], 0) || slices.Contains(faults[:], 0) {
		t.Errorf("got %v, %v, %d slow, %d unset, clocks %v, faults %v: want some of each", layouts, spellings, slow, unset, clocks, faults)
	}
	if share := float64(late) / float64(p.votes()); share > 0.05 {
		t.Errorf("got %.3f of the votes late: want most to count in their hour", share)
	}
}

// TestAWeekMakesAMillionVotes in whatever month, with the defaults.
func TestAWeekMakesAMillionVotes(t *testing.T) {
	for _, end := range []time.Time{
		thursday(),
		time.Date(2026, 8, 16, 3, 0, 0, 0, time.UTC),
		time.Date(2026, 12, 28, 23, 59, 0, 0, time.UTC),
	} {
		p := testPlan(t, end, Config{Terminals: 2000, Days: 7, Seed: 1})
		if got := p.votes(); got < 1_000_000 || got > 2_000_000 {
			t.Errorf("week before %v: got %d votes: want 1 to 2 million", end, got)
		}
	}
}

func TestSharesAreAsPublished(t *testing.T) {
	p := testPlan(t, thursday(), Config{Terminals: 2000, Days: 2, Seed: 3})
	x := newExpectation()
	var reasons, red int
	p.eachDay(func(t *terminal, _ int, units []unit) {
		x.cast(t, units)
		for _, u := range units {
			for _, v := range u.votes {
				if v.value == schema.Red {
					red++
					if v.reason != schema.ReasonNone {
						reasons++
					}
				}
			}
		}
	})
	shares := x.channels()
	for name, want := range map[string]float64{"counter": 0.90, "totem": 0.90, "phone": 0.80, "web": 0.78, "digital": 0.78} {
		s := shares[name]
		if got := float64(s.Green) / float64(s.N()); math.Abs(got-want) > 0.015 {
			t.Errorf("%s: got %.3f green of %d: want %.2f", name, got, s.N(), want)
		}
		if got := float64(s.Yellow) / float64(s.Red); math.Abs(got-13.0/6) > 0.35 {
			t.Errorf("%s: got %.2f yellow for each red: want %.2f", name, got, 13.0/6)
		}
	}
	if got := float64(reasons) / float64(red); math.Abs(got-redAskedShare) > 0.02 {
		t.Errorf("got a reason on %.2f of the red votes: want %.2f", got, redAskedShare)
	}
}

func TestTerminalsStandWherePeopleLive(t *testing.T) {
	p := testPlan(t, thursday(), Config{Terminals: 20_000, Seed: 1})
	const roma = 58091
	var inRoma, small int
	for i := range p.terminals {
		switch c := p.terminals[i].enrol.Comune; {
		case c == roma:
			inRoma++
		case p.terminals[i].enrol.Office == "":
			small++
		}
	}
	// 2.75 of 59 million residents.
	if got := float64(inRoma) / 20_000; math.Abs(got-0.0466) > 0.006 {
		t.Errorf("got %.4f of the terminals in Roma: want its share of the residents", got)
	}
	if small < 5000 {
		t.Errorf("got %d terminals outside of named offices: want most comuni to be small", small)
	}
}

// TestVotesKeepTheirDistance holds the property on which all expected classes
// and cells rest.
func TestVotesKeepTheirDistance(t *testing.T) {
	reg := schematest.Lists(t)
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{
			Terminals:   3,
			Days:        rapid.IntRange(1, 4).Draw(t, "days"),
			Seed:        rapid.Uint64().Draw(t, "seed"),
			VotesPerDay: rapid.Float64Range(1, VotesPerDayMax).Draw(t, "votes_per_day"),
		}.withDefaults()
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "now"), 0)
		p, err := newPlan(cfg, reg, now)
		if err != nil {
			t.Fatal(err)
		}
		var before []vote // The unit before.
		p.eachDay(func(terminal *terminal, day int, units []unit) {
			if day == 0 {
				before = nil
			}
			for _, u := range units {
				checkDistance(t, p, before, u.votes)
				before = u.votes
			}
		})
	})
}

func checkDistance(t *rapid.T, p *plan, before, votes []vote) {
	for i, v := range votes {
		start := schema.InstantOf(v.at.Hour().Time())
		if left := 3600_000 - int64(v.at-start); left < hourEndMin.Milliseconds() || int64(v.at-start) < hourStartMin.Milliseconds() {
			t.Fatalf("vote %d at %v: too near to the bounds of its hour", v.seq, v.at.Time())
		}
		if v.at >= p.end || v.at.Hour() != votes[0].at.Hour() {
			t.Fatalf("vote %d at %v: after the end %v, or not in the hour of its burst", v.seq, v.at.Time(), p.end.Time())
		}
		for _, b := range before {
			if int64(v.at-b.at) < spacingMin.Milliseconds() {
				t.Fatalf("vote %d is %d ms after vote %d", v.seq, v.at-b.at, b.seq)
			}
			if v.seq <= b.seq {
				t.Fatalf("vote %d comes after vote %d", v.seq, b.seq)
			}
		}
		if i > 0 && v.seq != votes[i-1].seq+1 {
			t.Fatalf("vote %d comes after vote %d in a burst", v.seq, votes[i-1].seq)
		}
	}
}

func TestClassify(t *testing.T) {
	at := func(ms ...schema.Instant) []vote {
		votes := make([]vote, len(ms))
		for i := range ms {
			votes[i] = vote{seq: schema.Seq(i + 1), at: 1_800_000_000_000 + ms[i], value: schema.Green}
		}
		return votes
	}
	broken := func(votes []vote, i int, change func(*vote)) []vote {
		change(&votes[i])
		return votes
	}
	late := func(v *vote) { v.clock = clockNone }
	void := func(v *vote) { v.value = schema.Voided }
	const ok, burst, clock = schema.ClassOK, schema.ClassBurst, schema.ClassLateClock
	counter := &terminal{enrol: schema.Enrolment{Channel: schema.ChannelCounter}}
	web := &terminal{enrol: schema.Enrolment{Channel: schema.ChannelWeb}}
	test := &terminal{enrol: schema.Enrolment{Channel: schema.ChannelTotem, Test: true}}
	for name, c := range map[string]struct {
		on    *terminal
		votes []vote
		want  []schema.Class
	}{
		"one vote":                          {counter, at(0), []schema.Class{ok}},
		"within two seconds":                {counter, at(0, 1999), []schema.Class{ok, burst}},
		"at the same time":                  {counter, at(0, 0), []schema.Class{ok, burst}},
		"after two seconds":                 {counter, at(0, 2000), []schema.Class{ok, ok}},
		"each after the one before":         {counter, at(0, 1500, 3000), []schema.Class{ok, burst, burst}},
		"back, then forth":                  {counter, at(0, -1, 1998), []schema.Class{ok, ok, burst}},
		"a voided one is not before":        {counter, broken(at(0, 1500, 3000), 1, void), []schema.Class{ok, ok, ok}},
		"nor is one without a time":         {counter, broken(at(0, 1500, 3000), 1, late), []schema.Class{ok, clock, ok}},
		"the web has no bursts":             {web, at(0, 100), []schema.Class{ok, ok}},
		"a test is a test whatever it does": {test, at(0, 100), []schema.Class{schema.ClassTest, schema.ClassTest}},
	} {
		got := make([]schema.Class, len(c.votes))
		c.on.classify(c.votes, got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v: want %v", name, got, c.want)
		}
	}
}

func TestSettle(t *testing.T) {
	f := func(now, want string) {
		t.Helper()
		parse := func(text string) schema.Instant {
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				t.Fatal(err)
			}
			return schema.InstantOf(at)
		}
		if got := settle(parse(now)); got != parse(want) {
			t.Errorf("at %s: got %v: want %s", now, got.Time(), want)
		}
	}
	f("2026-11-22T10:30:00Z", "2026-11-22T10:29:49.6Z")
	f("2026-11-22T10:59:59Z", "2026-11-22T10:58:49.599Z")
	f("2026-11-22T11:00:05Z", "2026-11-22T10:58:49.599Z")
	f("2026-11-22T11:00:20Z", "2026-11-22T10:58:49.599Z")
	f("2026-11-22T11:01:00Z", "2026-11-22T11:00:49.6Z")
}
