package answer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"mlf/query/answer/meta"
	"mlf/query/figures"
	"mlf/query/question"
	"mlf/schema"
)

// letters are the names of selections; the first is what the others are compared
// with. So few that differences can be read side by side.
func letters() []string { return []string{"a", "b", "c", "d", "e", "f", "g", "h"} }

// A comparison is of two selections or more: what they are, how each differs from
// the first, and what would be left of that if all had the same mix.
type comparison struct {
	selections []selection
	mix        string // The letter of the selection whose mix it is, or all.
	clustered  bool
}

// A selection is votes of a time that pass some filters.
type selection struct {
	inquiry
	letter string
	days   *question.Question // The same by day.
}

// mixAll is the mix of all selections together.
const mixAll = "all"

func askCompare(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
	c := new(comparison)
	var err error
	if c.clustered, err = readInterval(values); err != nil {
		return nil, err
	}
	for _, letter := range letters() {
		if _, ok := values[letter]; !ok {
			continue
		}
		s, err := readSelection(v, values, letter, now)
		if err != nil {
			return nil, err
		}
		s.clustered = c.clustered
		c.selections = append(c.selections, s)
	}
	if len(c.selections) < 2 || c.selections[0].letter != "a" {
		return nil, wrong("a", "want two selections to eight, a=… and b=…, each a query string of filters and a time, percent-encoded: a=region%%3D03%%26period%%3D2026-Q3")
	}
	mixes := []string{"a"}
	for _, s := range c.selections {
		if s.letter != "a" {
			mixes = append(mixes, s.letter)
		}
		if s.Scale() != c.selections[0].Scale() {
			return nil, wrong(s.letter, "another scale than a; values of two scales do not compare")
		}
	}
	c.mix, err = choice(values, "mix", append(mixes, mixAll)...)
	return c, err
}

// readSelection reads a selection: what it says itself, and of the other parameters
// those that it does not say.
func readSelection(v *question.Vocabulary, values question.Values, letter string, now time.Time) (s selection, err error) {
	text, err := question.Single(values, letter)
	if err != nil {
		return s, err
	}
	own, err := url.ParseQuery(text)
	if err != nil {
		return s, wrong(letter, "it cannot be read as a query string: percent-encode it as a whole")
	}
	known := slices.DeleteFunc(v.Parameters(), func(name string) bool { return name == "at_least" || slices.Contains(Shapes(), name) })
	all := maps.Clone(values)
	for name := range own {
		switch {
		case !slices.Contains(known, name):
			return s, wrong(letter, "%s: unknown; want some of %s", name, strings.Join(known, ", "))
		case name == "period":
			delete(all, "from")
			delete(all, "to")
		case name == "from" || name == "to":
			delete(all, "period")
		}
	}
	maps.Copy(all, own)
	s = selection{inquiry: inquiry{endpoint: "compare"}, letter: letter}
	if s.Question, err = ask(v, all, now, "channel", "category"); err == nil {
		s.days, err = ask(v, all, now, "day")
	}
	var e *question.Error
	if errors.As(err, &e) {
		err = &question.Error{Parameter: letter, Detail: e.Error(), TooMuch: e.TooMuch}
	}
	return s, err
}

// Questions are those of the selections.
func (c *comparison) Questions() []*question.Question {
	var questions []*question.Question
	for i := range c.selections {
		questions = append(questions, c.selections[i].Question)
	}
	return questions
}

// Name names what is asked.
func (c *comparison) Name() string {
	name := "compare by the mix of " + c.mix
	for i := range c.selections {
		name += fmt.Sprintf("; %s: %s", c.selections[i].letter, c.selections[i].Name())
	}
	return name
}

// Settled tells whether no figure is provisional.
func (c *comparison) Settled() bool {
	return !slices.ContainsFunc(c.selections, func(s selection) bool { return !s.Settled() })
}

// A stratum is a channel and a category of services.
type stratum struct{ channel, category string }

// strata are the votes of some, a few dozen at most.
type strata []struct {
	stratum
	values [schema.ValueMax]uint64
}

// at returns the votes of one.
func (s strata) at(of stratum) [schema.ValueMax]uint64 {
	for i := range s {
		if s[i].stratum == of {
			return s[i].values
		}
	}
	return [schema.ValueMax]uint64{}
}

// add adds votes to one.
func (s *strata) add(of stratum, values [schema.ValueMax]uint64) {
	for i := range *s {
		if at := &(*s)[i]; at.stratum == of {
			at.values = plus(at.values, values)
			return
		}
	}
	*s = append(*s, strata{{of, values}}...)
}

// A side is a selection that was counted.
type side struct {
	*selection
	about    *meta.About
	observed observation
	strata   strata
	standard byMeasure[figures.Standardised]
}

// A pair is how a side differs from the first.
type pair struct {
	*side
	shared     bool // Votes may be in both.
	tested     byMeasure[figures.Difference]
	q          byMeasure[float64]
	subtracted byMeasure[figures.Estimate] // Of all measures.
	standard   byMeasure[figures.Estimate]
}

// byMeasure are figures of measures; what could not be made is not there.
type byMeasure[T any] struct {
	of   [len(measureNames)]T
	made [len(measureNames)]bool
}

// measureNames are the measures that selections are compared by.
const measureNames = "gnrm" // Their first letters.

func measureAt(name string) int { return strings.IndexByte(measureNames, name[0]) }

func (b *byMeasure[T]) set(name string, x T) {
	b.of[measureAt(name)], b.made[measureAt(name)] = x, true
}

func (b *byMeasure[T]) get(name string) (x T, made bool) {
	return b.of[measureAt(name)], b.made[measureAt(name)]
}

// Answer makes the comparison.
func (c *comparison) Answer(ctx context.Context, r Reading) (*Document, error) {
	k := kitOf(&c.selections[0].inquiry)
	sides := make([]*side, len(c.selections))
	for i := range c.selections {
		var err error
		if sides[i], err = c.selections[i].count(ctx, r, k); err != nil {
			return nil, err
		}
	}
	weights := c.weights(sides)
	for _, s := range sides {
		s.standardise(k, weights)
	}
	pairs := make([]pair, len(sides)-1)
	for i := range pairs {
		pairs[i] = k.differ(sides[0], sides[i+1], !sides[0].Disjoint(sides[i+1].Question))
	}
	discover(k, pairs)
	m := metaOf(r, c.clustered, append(k.formulas(), figures.FormulaDifference, figures.FormulaStandard)...)
	if !c.clustered {
		m.Formulas = append(m.Formulas, meta.Formula{Name: figures.FormulaDesignEffect, Text: figures.FormulaDesignEffect.Text()})
	}
	m.Mix = c.mix
	return c.document(m, k, sides, pairs, weights), nil
}

// count counts a selection.
func (s *selection) count(ctx context.Context, r Reading, k kit) (*side, error) {
	f := s.Frame(s.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	known, err := k.countEffects(ctx, r, s.days, whole)
	if err != nil {
		return nil, err
	}
	of := &side{selection: s, about: meta.AboutOf(s.Question, r.Ledger, &counts.Excluded)}
	t := f.Table(counts)
	var sum [schema.ValueMax]uint64
	for i := range t.Rows {
		row := &t.Rows[i]
		of.strata.add(stratum{t.Columns[0].Text(row), t.Columns[1].Text(row)}, row.Values)
		sum = plus(sum, row.Values)
	}
	marks := r.markerOf(f, counts, s.Span)
	if r.Lots {
		if sum, marks, err = r.whole(ctx, s.Question); err != nil {
			return nil, err
		}
	}
	status := statusOf(s.Span, s.Now) | marks.whole(s.Span, 1)
	of.observed = k.observe(sum, status, known[effectKey{step: allDays}])
	return of, nil
}

// whole counts q by nothing: lots that do not say what a table tells apart are in it, too.
func (r Reading) whole(ctx context.Context, q *question.Question) (values [schema.ValueMax]uint64, marks *marker, err error) {
	f := q.By().Frame(q.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return values, nil, err
	}
	for i := range counts.Rows {
		values = plus(values, counts.Rows[i].Values)
	}
	return values, r.markerOf(f, counts, q.Span), nil
}

// A weight is what a stratum weighs in the mix, in votes.
type weight struct {
	stratum
	votes uint64
}

// weights returns the mix by which all are standardised, and the strata that it
// lacks, with weight 0.
func (c *comparison) weights(sides []*side) []weight {
	var weights []weight
	for _, s := range sides {
		for i := range s.strata {
			at := slices.IndexFunc(weights, func(w weight) bool { return w.stratum == s.strata[i].stratum })
			if at < 0 {
				at = len(weights)
				weights = append(weights, weight{stratum: s.strata[i].stratum})
			}
			if c.mix == mixAll || c.mix == s.letter {
				weights[at].votes += sum(s.strata[i].values)
			}
		}
	}
	slices.SortFunc(weights, func(a, b weight) int {
		return cmp.Or(strings.Compare(a.channel, b.channel), strings.Compare(a.category, b.category))
	})
	return weights
}

func sum(values [schema.ValueMax]uint64) (n uint64) {
	for _, v := range values {
		n += v
	}
	return n
}

// compared are the measures that selections are compared by: the mean of faces says
// what net does.
func (k kit) compared() []string {
	if k.faces() {
		return []string{"green_share", "red_share", "net"}
	}
	return []string{"mean"}
}

// standardise makes the figures that s would have with the mix.
func (s *side) standardise(k kit, weights []weight) {
	observed := make([]observation, len(weights))
	for i, w := range weights {
		observed[i] = k.observe(s.strata.at(w.stratum), 0, s.observed.effect)
	}
	strata := make([]figures.Stratum, len(weights))
	for _, measure := range k.compared() {
		for i := range observed {
			strata[i] = figures.Stratum{Figure: observed[i].measure(measure), N: observed[i].n, Weight: float64(weights[i].votes)}
		}
		if standard, ok := figures.Standardise(strata); ok {
			s.standard.set(measure, standard)
		}
	}
}

// differ returns how b differs from a, which may share votes with it.
func (k kit) differ(a, b *side, shared bool) pair {
	p := pair{side: b, shared: shared}
	for _, measure := range k.compared() {
		if a.observed.n > 0 && b.observed.n > 0 {
			d, tested := k.subtract(measure, &b.observed, &a.observed)
			if p.subtracted.set(measure, d.Estimate); tested {
				p.tested.set(measure, d)
			}
		}
		of, ok := b.standard.get(measure)
		if with, too := a.standard.get(measure); ok && too {
			p.standard.set(measure, figures.Subtract(of.Estimate, with.Estimate))
		}
	}
	return p
}

// subtract returns by how much a figure of b differs from a's, both of votes; tested: what
// chance makes of it, too, which only shares have.
func (k kit) subtract(measure string, b, a *observation) (d figures.Difference, tested bool) {
	d.Estimate = figures.Subtract(b.measure(measure), a.measure(measure))
	value, share := map[string]schema.Value{"green_share": schema.Green, "red_share": schema.Red}[measure]
	if !share {
		return d, false
	}
	sample := func(o *observation) figures.Sample {
		s := figures.Sample{K: o.values[value-1], N: o.n}
		if k.clustered {
			s.Effect = o.effect
		}
		return s
	}
	return figures.Compare(sample(b), sample(a))
}

// discover fills in the q of all tests of the answer.
func discover(k kit, pairs []pair) {
	var p []float64
	var of []func(q float64)
	for i := range pairs {
		for _, measure := range k.compared() {
			if d, ok := pairs[i].tested.get(measure); ok {
				p = append(p, d.P)
				of = append(of, func(q float64) { pairs[i].q.set(measure, q) })
			}
		}
	}
	for i, q := range figures.FalseDiscovery(p) {
		of[i](q)
	}
}
