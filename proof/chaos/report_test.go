package chaos

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mlf/proof/country"
	"mlf/schema"
)

// round is what a round in which all went well reports.
func round() country.Report {
	return country.Report{
		Votes: 100, Answered: 130, Compared: true, Cells: 20,
		Ledger: schema.Tally{Records: 10, VotesIn: 130, Counted: 98, Duplicates: 30, Voided: 2},
	}
}

// TestOnlyAKeptPromiseIsOK: each thing that can be wrong makes the report say so.
func TestOnlyAKeptPromiseIsOK(t *testing.T) {
	f := func(want string, change func(*Report)) {
		t.Helper()
		r := newReport(&Config{Seed: 1, Duration: time.Minute})
		r.add(round(), nil)
		r.add(round(), nil)
		r.ExactAfterSeconds = 10
		change(r)
		r.judge()
		said := strings.Join(r.Problems, "; ")
		if r.OK != (want == "") || !strings.Contains(said, want) {
			t.Errorf("got ok %t, problems %q: want %q", r.OK, said, want)
		}
	}
	f("", func(*Report) {})
	f("no round", func(r *Report) { *r = *newReport(&Config{}) })
	f("1 votes lost", func(r *Report) { r.Lost = 1 })
	f("2 votes doubled", func(r *Report) { r.Doubled = 2 })
	f("3 differences", func(r *Report) { r.DifferencesTotal = 3 })
	f("not balanced", func(r *Report) { r.Ledger.Duplicates-- })
	f("not balanced", func(r *Report) { r.Ledger.Events.In++ })
	f("200 votes acked, 195 counted", func(r *Report) { r.Counted-- })
	f("exact 61 s", func(r *Report) { r.ExactAfterSeconds = 61 })
	f("1 faults were not recovered", func(r *Report) { r.Unrecovered = 1 })
	f("ended by themselves: map[query: mlf: oh:2]", func(r *Report) { r.UnplannedExits["query: mlf: oh"] = 2 })
	f("went wrong", func(r *Report) { r.problem("%v", errors.New("went wrong")) })
	f("without a comparison", func(r *Report) { r.add(country.Report{}, nil) })
}

func TestRecoveriesAreSummedUp(t *testing.T) {
	r := newReport(&Config{})
	r.recovered(map[Kind][]time.Duration{KillIngest: {5 * time.Second, time.Second, 3 * time.Second}})
	if got, want := r.TimeToRecover[KillIngest], (Recovery{3, 3, 5}); got != want {
		t.Errorf("got %+v: want %+v", got, want)
	}
}
