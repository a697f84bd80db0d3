package answer

import (
	"slices"
	"sync"

	"mlf/query/figures"
	"mlf/query/marks"
	"mlf/query/question"
)

// A marker gives the figures of a frame the statuses that votes do not say: breaks, votes
// that who asks is not shown, and where nobody was.
type marker struct {
	breaks *marks.Breaks
	lacks  func(question.Key) bool
	some   bool // Votes of any key are not shown.

	there func() map[marks.Place]question.Span // Made when it is needed; nil: it is not known, or not told.
}

// markerOf returns that of what was counted for f over span.
func (r Reading) markerOf(f *question.Frame, counts *question.Counts, span question.Span) *marker {
	return &marker{breaks: r.Notes.Breaks(f, span, r.At), lacks: counts.Lacks(), some: len(counts.Partial) > 0}
}

// tellOfNobody lets m tell where nobody was.
func (m *marker) tellOfNobody(r Reading, f *question.Frame) {
	if r.Enrolled != nil {
		m.there = sync.OnceValue(func() map[marks.Place]question.Span { return r.Enrolled.In(f) })
	}
}

// Statuses returns what a reader must know of the rows of a table beside their votes: of q,
// as they were counted for f.
func Statuses(r Reading, q *question.Question, f *question.Frame, counts *question.Counts) func(*question.Count) figures.Status {
	m := r.markerOf(f, counts, q.Asked())
	if byPlace(q) {
		m.tellOfNobody(r, f)
	}
	steps := make(map[question.Group]question.Span)
	for _, step := range f.Grid() {
		steps[step.Group] = step.Span
	}
	return func(row *question.Count) figures.Status {
		span, ok := steps[row.Hour]
		if !ok {
			span = q.Asked()
		}
		n := row.N()
		return (statusOf(span, q.Now) | m.of(row.Key, span, n)).Of(n)
	}
}

// byPlace tells whether q is by places.
func byPlace(q *question.Question) bool {
	return slices.ContainsFunc(q.Group, func(d *question.Dimension) bool { return d.Of == question.OfComune })
}

// of returns the status of n votes of a key over span.
func (m *marker) of(k question.Key, span question.Span, n uint64) figures.Status {
	var status figures.Status
	if m.breaks.In(k, span) {
		status |= figures.Break
	}
	if m.lacks(k) {
		status |= figures.Suppressed
	}
	if n > 0 || status&figures.Suppressed != 0 || m.there == nil {
		return status
	}
	if there, ok := m.there()[marks.PlaceOf(k)]; !ok || there.From >= span.Next || there.Next <= span.From {
		status |= figures.Missing
	}
	return status
}

// whole returns the status of n votes of all keys over span.
func (m *marker) whole(span question.Span, n uint64) figures.Status {
	var status figures.Status
	if m.breaks.Any(span) {
		status |= figures.Break
	}
	if m.some {
		return status | figures.Suppressed
	}
	if n == 0 && m.there != nil && !m.anybody(span) {
		status |= figures.Missing
	}
	return status
}

// anybody tells whether somebody was anywhere over span.
func (m *marker) anybody(span question.Span) bool {
	for _, there := range m.there() {
		if there.From < span.Next && there.Next > span.From {
			return true
		}
	}
	return false
}

// statusIn returns the status of n votes of some parts of a page's time, over span.
func (c *counted) statusIn(span question.Span, n uint64, of ...part) figures.Status {
	m := *c.marks
	m.some = slices.ContainsFunc(of, func(p part) bool { return c.lacks[p] })
	return statusOf(span, c.Now) | m.whole(span, n)
}

// mark adds up a page's day, and gives it the status that it has beside its time's.
func (d *pageDay) mark(c *counted) {
	d.n = sum(d.values)
	m := *c.marks
	m.some = d.status&figures.Suppressed != 0
	day := question.Span{From: max(c.From, c.Clock().Begin(d.day)), Next: min(c.Next, c.Clock().Begin(d.day+1))}
	d.status = (d.status | m.whole(day, d.n)).Of(d.n)
}
