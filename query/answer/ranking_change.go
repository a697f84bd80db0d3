package answer

import (
	"context"
	"slices"

	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// The orders of a ranking: by the figure or by its difference, the highest first, or by its
// difference the other way round, those first that fell most.
const (
	sortValue   = "value"
	sortHighest = "difference"
	sortLowest  = "-difference"
)

// readSort reads the order of rows, of those that are compared: by how they changed only
// where chance is told from the figure.
func (q *ranking) readSort(values question.Values) error {
	sort, err := choice(values, "sort", sortValue, sortHighest, sortLowest)
	switch {
	case err != nil || q.Compare == nil && sort == sortValue:
		return err
	case q.Compare == nil:
		return wrong("sort", "%q: want compare, too: the time that rows differ from", sort)
	case q.measure == byCount && sort != sortValue:
		return wrong("sort", "%q: want a measure with an interval; how n changed is in n_change", sort)
	}
	q.sort = sort
	return nil
}

// A move is how one changed since the time that is compared with.
type move struct {
	then observation
	figures.Move
}

// compare tells how each who is ranked, and was counted for f, and the references, counted
// for all, changed. Who had fewer votes in either time than it takes to be ranked did not:
// such would be first and last by chance.
func (l *league) compare(ctx context.Context, r Reading, f, all *question.Frame) (err error) {
	then := occasion{Span: l.Compare.With, status: statusOf(l.Compare.With, l.Now)}
	if l.ofMoves, err = l.movesOf(ctx, r, all, l.nations, then); err != nil {
		return err
	}
	if l.clustered {
		days := *l.days
		days.Span, days.Compare = then.Span, nil
		if then.known, err = l.countEffects(ctx, r, &days, whole); err != nil {
			return err
		}
	}
	if l.moves, err = l.movesOf(ctx, r, f, l.table, then); err != nil || l.measure == byCount {
		return err
	}
	for i := range l.ofMoves {
		l.ofMoves[i].tell(l, &l.of[i], 1)
	}
	var tests []*figures.Move
	for i := range l.ranked {
		at := l.ranked[i].Index
		if l.moves[at].tell(l, &l.who[at], l.minN) {
			tests = append(tests, &l.moves[at].Move)
		}
	}
	figures.Discover(tests)
	l.known = len(tests)
	if l.sort != sortValue {
		slices.SortStableFunc(l.ranked, func(a, b figures.Ranked) int {
			return l.moves[a.Index].Compare(&l.moves[b.Index].Move, l.sort == sortLowest)
		})
	}
	return nil
}

// tell says how then became now, and what chance makes of it, where both have votes enough.
func (m *move) tell(l *league, now *observation, least uint64) bool {
	if m.then.n < least || now.n < least {
		return false
	}
	d, tested := l.subtract(l.measure, now, &m.then)
	if !tested { // Effects are known where they widen.
		d.P, _ = figures.TestMeans(now.values[:l.scale.Max()], m.then.values[:l.scale.Max()], now.effect, m.then.effect)
	}
	m.Move = figures.Move{Estimate: d.Estimate, P: d.P, Known: true}
	return true
}

// movesOf observes the rows of t, which was counted for f, at another time.
func (l *league) movesOf(ctx context.Context, r Reading, f *question.Frame, t *question.Table, at occasion) ([]move, error) {
	other := f.Against(at.Span)
	counts, err := r.Count(ctx, other)
	if err != nil {
		return nil, err
	}
	values := make(map[question.Key][schema.ValueMax]uint64, len(counts.Rows))
	for i := range counts.Rows {
		values[counts.Rows[i].Key] = counts.Rows[i].Values
	}
	rows := make([]question.Count, len(t.Rows))
	for i := range rows {
		rows[i] = question.Count{Key: t.Rows[i].Key, Values: values[t.Rows[i].Key]}
	}
	at.marks = r.markerOf(other, counts, at.Span)
	moves := make([]move, len(rows))
	for i, then := range l.observeAll(t, rows, at) {
		moves[i].then = then
	}
	return moves, nil
}

// compareMembers are those of an answer that compares: of how many it is told how they changed, and
// whether votes may be in both times. Then intervals are too wide, never too narrow.
func (l *league) compareMembers() []member {
	shared := l.Compare.Of.From < l.Compare.With.Next && l.Compare.With.From < l.Compare.Of.Next
	return []member{number("compared", l.known), Value("shared", func(dst []byte) []byte { return appendTruth(dst, shared) })}
}

// changes are the fields of moves: what was then, and how it changed.
func (l *league) changes(moves []move, now []observation) []format.Field {
	then := func(name string, part func(figures.Estimate) float64) format.Field {
		return shareField("compare_"+name, func(i int) (float64, bool) {
			if l.measure == byCount || moves[i].then.n == 0 {
				return 0, false
			}
			return part(moves[i].then.measure(l.measure)), true
		})
	}
	field := func(name string, of func(*move) (float64, bool)) format.Field {
		return shareField(name, func(i int) (float64, bool) { return of(&moves[i]) })
	}
	return []format.Field{
		countField("compare_n", func(i int) *observation { return &moves[i].then }, func(o *observation) uint64 { return o.n }),
		then("value", func(e figures.Estimate) float64 { return e.Value }),
		then("low", func(e figures.Estimate) float64 { return e.Low }),
		then("high", func(e figures.Estimate) float64 { return e.High }),
		{Name: "compare_status", Kind: format.KindStatus, Text: func(i int) (string, bool) { return moves[i].then.status.String(), true }},
		shareField("n_change", func(i int) (float64, bool) { return figures.Change(moves[i].then.n, now[i].n) }),
		field("difference", func(m *move) (float64, bool) { return m.Value, m.Known }),
		field("difference_low", func(m *move) (float64, bool) { return m.Low, m.Known }),
		field("difference_high", func(m *move) (float64, bool) { return m.High, m.Known }),
		field("p_change", func(m *move) (float64, bool) { return m.P, m.Known }),
		field("q_change", func(m *move) (float64, bool) { return m.Q, m.Known }),
	}
}
