package measure_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/bench/measure"
)

func TestSubjectsTakeTurns(t *testing.T) {
	var order []string
	// A machine that gets slower moves both, so the ratio of a round stays 2.
	drift := 1.0
	subject := func(name string, cost float64) measure.Subject {
		return measure.Subject{Name: name, Run: func(context.Context) (measure.Sample, error) {
			order = append(order, name)
			return measure.Sample{{"cpu_us_per_vote", cost * drift}, {"votes", 7}}, nil
		}}
	}
	results, err := measure.Interleave(t.Context(), "one", 3, []measure.Subject{subject("a", 10), subject("b", 5)},
		func(round int, name string) {
			if name == "a" {
				drift = float64(round + 1)
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order, ""), "ababab"; got != want {
		t.Errorf("order of runs: got %s, want %s", got, want)
	}
	f := results[0].Figure("cpu_us_per_vote")
	if f.Median != 20 || f.Min != 10 || f.Max != 30 || !slices.Equal(f.Runs, []float64{10, 20, 30}) {
		t.Errorf("figure of a: got %+v, want 10, 20, 30", f)
	}
	if got := f.Ratios["b"]; got != 2 {
		t.Errorf("ratio of a to b: got %v, want 2", got)
	}
	if f := results[1].Figure("none"); len(f.Runs) != 0 {
		t.Errorf("figure that was not measured: got %+v", f)
	}
}

func TestInterleaveEndsAtTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	_, err := measure.Interleave(t.Context(), "one", 3, []measure.Subject{
		{Name: "a", Run: func(context.Context) (measure.Sample, error) { return nil, broken }},
	}, func(int, string) {})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "measure one of a, round 0") {
		t.Errorf("got %v, want the subject's error with its place", err)
	}
}

func TestMedian(t *testing.T) {
	f := func(numbers []float64, want float64) {
		t.Helper()
		if got := measure.Median(numbers); got != want {
			t.Errorf("median of %v: got %v, want %v", numbers, got, want)
		}
	}
	f([]float64{3}, 3)
	f([]float64{3, 1, 2}, 2)
	f([]float64{4, 1, 3, 2}, 2.5)
}

func TestQuantilesAreWithinA64thOfTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var l, half measure.Latencies
	var all []time.Duration
	for i := range 20_000 {
		d := time.Duration(rng.ExpFloat64() * float64(5*time.Millisecond)).Truncate(time.Microsecond)
		all = append(all, d)
		if i%2 == 0 {
			half.Add(d)
		} else {
			l.Add(d)
		}
	}
	l.Merge(&half)
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		got := l.Quantile(q)
		if got < want || got > want+want/64+2*time.Microsecond {
			t.Errorf("quantile %v: got %v, want %v or a 64th more", q, got, want)
		}
	}
	if l.Count() != 20_000 || l.Max() != all[len(all)-1] {
		t.Errorf("got %d, longest %v; want 20000, %v", l.Count(), l.Max(), all[len(all)-1])
	}
}

func TestLatenciesOfAnyLength(t *testing.T) {
	for _, d := range []time.Duration{-time.Second, 0, time.Nanosecond, time.Hour, 1<<63 - 1} {
		var l measure.Latencies
		l.Add(d)
		if got := l.Quantile(1); got > max(d, 0) {
			t.Errorf("quantile of %v alone: got %v", d, got)
		}
	}
}

func TestProcessorTimeAndMemoryOfAProcess(t *testing.T) {
	before, err := measure.CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 30*time.Millisecond; {
		_ = strings.Repeat("x", 1000)
	}
	after, err := measure.CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if used := after - before; used <= 0 || used > time.Minute {
		t.Errorf("processor time of a busy loop: got %v", used)
	}
	m, err := measure.MemoryOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if m.Now < 1<<20 || m.Peak < m.Now {
		t.Errorf("memory of the test: got %+v", m)
	}
}

func TestReport(t *testing.T) {
	r := measure.Report{
		Command: "mlf bench x",
		Machine: measure.ThisMachine(),
		Results: []measure.Result{{Workload: "one vote", Subject: "mlf", Figures: []measure.Figure{
			{Metric: "cpu_us_per_vote", Median: 12.345, Min: 1, Max: 100000, Ratios: map[string]float64{"b": 0.5, "a": 2}},
		}}},
		Notes: []string{"Nothing."},
	}
	var table, text strings.Builder
	if err := errors.Join(r.Print(&table), r.JSON(&text)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"mlf bench x", "one vote", "cpu_us_per_vote", "12.3", "100000", "2.00 x a, 0.50 x b", "Nothing."} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("table lacks %q:\n%s", want, table.String())
		}
	}
	if !strings.Contains(text.String(), `"median": 12.345`) {
		t.Errorf("JSON: got %s", text.String())
	}
}

func TestReportJudges(t *testing.T) {
	figure := func(metric string, n float64) measure.Figure {
		return measure.Figure{Metric: metric, Median: n, Runs: []float64{n}}
	}
	r := measure.Report{Results: []measure.Result{
		{Workload: "page", Subject: "cube", Figures: []measure.Figure{figure("p99_ms", 0.5), figure("pages_per_second", 100)}},
		{Workload: "page", Subject: "store", Figures: []measure.Figure{figure("p99_ms", 22)}},
	}}
	f := func(target measure.Target, want measure.Verdict) {
		t.Helper()
		target.Workload, target.Subject = "page", "cube"
		before := len(r.Goals)
		r.Judge([]measure.Target{target})
		if n := len(r.Goals); n != before+1 || r.Goals[n-1].Verdict != want {
			t.Errorf("%+v: got %+v, want %s", target, r.Goals[before:], want)
		}
	}
	f(measure.Target{Metric: "p99_ms", Least: 1, Aim: 0.5}, measure.AimReached)
	f(measure.Target{Metric: "p99_ms", Least: 0.6, Aim: 0.4}, measure.Reached)
	f(measure.Target{Metric: "p99_ms", Least: 0.4, Aim: 0.3}, measure.Missed)
	f(measure.Target{Metric: "pages_per_second", Least: 50, Aim: 90, Rising: true}, measure.AimReached)
	f(measure.Target{Metric: "pages_per_second", Least: 150, Aim: 200, Rising: true}, measure.Missed)
	r.Judge([]measure.Target{{Workload: "page", Subject: "cube", Metric: "unknown"}, {
		What: "a page, ms", Workload: "page", Subject: "cube", Metric: "p99_ms", Least: 1, Aim: 0.25,
		Peers: []measure.Peer{{Subject: "store", Metric: "p99_ms"}, {Subject: "raw", Metric: "p99_ms"}},
	}})
	var table strings.Builder
	if err := r.Print(&table); err != nil {
		t.Fatal(err)
	}
	if len(r.Goals) != 6 || !strings.Contains(table.String(), "store: 22 p99_ms") || strings.Contains(table.String(), "raw") {
		t.Errorf("got %d goals:\n%s", len(r.Goals), table.String())
	}
}
