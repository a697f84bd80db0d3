package measure

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A Target is a figure that is to be reached. Without Rising less is better.
type Target struct {
	What     string // As a reader calls it, with the unit.
	Workload string
	Subject  string
	Metric   string
	Least    float64 // To be reached in any case.
	Aim      float64 // To be reached if it can be.
	Rising   bool    // More is better.
	Peers    []Peer  // What else does the same.
}

// A Peer is a figure to be read beside a target's: of another subject at the same
// workload.
type Peer struct {
	Subject string  `json:"subject"`
	Metric  string  `json:"metric"`
	Number  float64 `json:"number"`
}

// A Goal is what became of a target.
type Goal struct {
	What    string  `json:"what"`
	Reached float64 `json:"reached"` // The median of the runs.
	Least   float64 `json:"least"`
	Aim     float64 `json:"aim"`
	Verdict Verdict `json:"verdict"`
	Peers   []Peer  `json:"peers,omitempty"`
}

// A Verdict says whether a goal was reached.
type Verdict string

// The verdicts.
const (
	AimReached Verdict = "aim reached"
	Reached    Verdict = "reached"
	Missed     Verdict = "missed"
)

// Judge compares results with the targets that some of them are of. What was not
// measured is no goal.
func (r *Report) Judge(targets []Target) {
	for _, t := range targets {
		f, ok := r.figure(t.Workload, t.Subject, t.Metric)
		if !ok {
			continue
		}
		g := Goal{What: t.What, Reached: f.Median, Least: t.Least, Aim: t.Aim, Verdict: t.judge(f.Median)}
		for _, p := range t.Peers {
			if f, ok := r.figure(t.Workload, p.Subject, p.Metric); ok {
				g.Peers = append(g.Peers, Peer{p.Subject, p.Metric, f.Median})
			}
		}
		r.Goals = append(r.Goals, g)
	}
}

func (t *Target) judge(number float64) Verdict {
	meets := func(goal float64) bool { return number == goal || (number > goal) == t.Rising }
	switch {
	case meets(t.Aim):
		return AimReached
	case meets(t.Least):
		return Reached
	}
	return Missed
}

func (r *Report) figure(workload, subject, metric string) (f Figure, ok bool) {
	for i := range r.Results {
		if of := &r.Results[i]; of.Workload == workload && of.Subject == subject {
			if f = of.Figure(metric); len(f.Runs) > 0 {
				return f, true
			}
		}
	}
	return f, false
}

// printGoals writes what was to be reached and what was, as a table for a page as well as
// for a terminal.
func (r *Report) printGoals(w io.Writer) error {
	if len(r.Goals) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\n| goal\t| reached\t| at least\t| aim\t|\t| beside it\t|\n|---\t|---\t|---\t|---\t|---\t|---\t|\n")
	for i := range r.Goals {
		g := &r.Goals[i]
		var peers []string
		for _, p := range g.Peers {
			peers = append(peers, fmt.Sprintf("%s: %s %s", p.Subject, short(p.Number), p.Metric))
		}
		fmt.Fprintf(table, "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", g.What, short(g.Reached), short(g.Least), short(g.Aim), g.Verdict, strings.Join(peers, ", "))
	}
	return table.Flush()
}
