package question

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/schema"
)

// What is told to be disjoint has no vote in common.
func TestDisjointQuestionsShareNoVote(t *testing.T) {
	v := vocabulary(t)
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		p := country(t, v.clock.Zone())
		a, errA := v.Ask(asked(t, v), now)
		b, errB := v.Ask(asked(t, v), now)
		if errA != nil || errB != nil || !a.Disjoint(b) {
			return
		}
		if !b.Disjoint(a) {
			t.Fatalf("%v and %v are disjoint one way only", a, b)
		}
		for c, values := range p.cells {
			alone := &pile{zone: p.zone, cells: map[schema.Cell][schema.ValueMax]uint64{c: values}}
			if counted(t, alone, a) && counted(t, alone, b) {
				t.Fatalf("%v and %v both count %v", a, b, c)
			}
		}
	})
	f := func(a, b Values, want bool) {
		t.Helper()
		for _, values := range []Values{a, b} {
			if _, ok := values["from"]; !ok {
				values["from"], values["to"] = []string{"2026-10-01"}, []string{"2026-11-01"}
			}
		}
		q, err := v.Ask(a, now)
		if err != nil {
			t.Fatal(err)
		}
		r, err := v.Ask(b, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Disjoint(r); got != want {
			t.Errorf("%v and %v: got %t", a, b, got)
		}
	}
	f(Values{}, Values{}, false)
	f(Values{"region": {"12"}}, Values{"region": {"04"}}, true)
	f(Values{"region": {"12"}}, Values{"comune": {"058091"}}, false)
	f(Values{"comune": {"058091"}}, Values{"region": {"04"}}, true)
	f(Values{"channel": {"web"}}, Values{"channel": {"totem,phone"}}, true)
	f(Values{"weekday": {"1"}}, Values{"weekday": {"2,3"}}, true)
	f(Values{"weekday": {"1"}}, Values{"hour_of_day": {"2"}}, false)
	f(Values{}, Values{"from": {"2026-11-01"}, "to": {"2026-12-01"}}, true)
}

func counted(t *rapid.T, p *pile, q *Question) bool {
	f := q.Frame(q.Asked())
	counts, err := p.Counts(t.Context(), &f.Axes)
	if err != nil {
		t.Fatal(err)
	}
	return len(counts.Rows) > 0
}

// Steps that the time asked for cuts say so.
func TestGridTellsWhatIsCut(t *testing.T) {
	v := vocabulary(t)
	f := func(from, to, group, cut string) {
		t.Helper()
		q, err := v.Ask(Values{"from": {from}, "to": {to}, "group": {group}}, time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, step := range q.Frame(q.Span).Grid() {
			if step.Cut {
				got += step.Text + " "
			}
		}
		if got != cut {
			t.Errorf("%s to %s by %s: got %q, want %q", from, to, group, got, cut)
		}
	}
	f("2026-01-01", "2026-07-01", "month", "")
	f("2026-01-01", "2026-07-01", "quarter", "")
	f("2026-01-01", "2026-07-01", "year", "2026 ")
	f("2026-01-15", "2026-06-30", "month", "2026-01 2026-06 ")
	f("2026-01-01", "2026-07-01", "week", "2026-W01 2026-W27 ")
	f("2026-03-29T10:00:00Z", "2026-03-30", "day", "2026-03-29 ")
	f("2026-01-01", "2026-07-01", "weekday", "")
}
