package measure

import (
	"context"
	"fmt"
	"slices"
)

// A Subject is one of the things that are compared. Run does one run of the
// workload and returns what was seen; it is called again for every round.
type Subject struct {
	Name string
	Run  func(ctx context.Context) (Sample, error)
}

// A Sample is what one run showed, in the order in which it is to be printed.
type Sample []Value

// A Value is one figure of one run. Metric names carry their unit, as those of
// Prometheus do: cpu_us_per_vote, votes_per_second, latency_p99_ms.
type Value struct {
	Metric string
	Number float64
}

// A Result is what a subject showed at a workload.
type Result struct {
	Workload string   `json:"workload"`
	Subject  string   `json:"subject"`
	Figures  []Figure `json:"figures"`
}

// A Figure is one metric over the runs of a subject.
type Figure struct {
	Metric string    `json:"metric"`
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Runs   []float64 `json:"runs"`

	// Ratios are this figure divided by other subjects' of the same round: the
	// median of the rounds, by the other's name. A machine that drifts moves both
	// parts of such a ratio alike.
	Ratios map[string]float64 `json:"ratios,omitempty"`
}

// Figure returns the figure with the given name; its Runs are empty when there
// is none.
func (r *Result) Figure(metric string) Figure {
	for _, f := range r.Figures {
		if f.Metric == metric {
			return f
		}
	}
	return Figure{Metric: metric}
}

// Interleave lets the subjects take turns, A B C A B C, for so many rounds, and
// returns a result for each. progress is told before every run. It ends at the
// first error.
func Interleave(ctx context.Context, workload string, rounds int, subjects []Subject, progress func(round int, subject string)) ([]Result, error) {
	samples := make([][]Sample, len(subjects))
	for round := range rounds {
		for i, s := range subjects {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("measure %s: %w", workload, context.Cause(ctx))
			}
			progress(round, s.Name)
			sample, err := s.Run(ctx)
			if err != nil {
				return nil, fmt.Errorf("measure %s of %s, round %d: %w", workload, s.Name, round, err)
			}
			samples[i] = append(samples[i], sample)
		}
	}
	results := make([]Result, len(subjects))
	for i, s := range subjects {
		results[i] = Result{Workload: workload, Subject: s.Name, Figures: figures(samples[i])}
	}
	addRatios(results)
	return results, nil
}

// figures turns samples into figures, in the order of the metrics' first mention.
func figures(samples []Sample) []Figure {
	var found []Figure
	for _, sample := range samples {
		for _, v := range sample {
			i := slices.IndexFunc(found, func(f Figure) bool { return f.Metric == v.Metric })
			if i < 0 {
				i = len(found)
				found = append(found, Figure{Metric: v.Metric})
			}
			found[i].Runs = append(found[i].Runs, v.Number)
		}
	}
	for i := range found {
		f := &found[i]
		f.Median, f.Min, f.Max = Median(f.Runs), slices.Min(f.Runs), slices.Max(f.Runs)
	}
	return found
}

// addRatios compares every figure with those of the other subjects that have it
// from as many runs, unless theirs is 0 at times.
func addRatios(results []Result) {
	for i := range results {
		for j := range results[i].Figures {
			f := &results[i].Figures[j]
			for k := range results {
				other := results[k].Figure(f.Metric)
				if k == i || len(other.Runs) != len(f.Runs) || slices.Contains(other.Runs, 0) {
					continue
				}
				ratios := make([]float64, len(f.Runs))
				for run := range ratios {
					ratios[run] = f.Runs[run] / other.Runs[run]
				}
				if f.Ratios == nil {
					f.Ratios = make(map[string]float64)
				}
				f.Ratios[results[k].Subject] = Median(ratios)
			}
		}
	}
}

// Median returns the median of numbers, of which there is at least one.
func Median(numbers []float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
