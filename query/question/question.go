package question

import (
	"fmt"
	"slices"

	"mlf/query/calendar"
	"mlf/schema"
	"mlf/schema/registry"
)

// A Span is the hours [From, Next).
type Span = calendar.Span

// A Question is what is asked: votes of a time that pass the filters, by the
// dimensions of a group. It never changes once it was asked.
type Question struct {
	Span
	Rounded bool                // From or Next is not as asked, but a whole hour before or behind it.
	Group   []*Dimension        // In the order asked.
	Filters map[string][]string // As asked, with the defaults.
	Faces   bool                // The values are faces: scale mlf3 and no other.

	Now     schema.Hour          // The hour in which it was asked.
	Period  string               // The name of the span, where it was asked for by one.
	Compare *calendar.Comparison // What is compared with what; nil where nothing is.
	Fill    bool                 // Rows of nothing are wanted, too: every step of time that has begun.
	AtLeast Position             // The counts must have come as far; nil for any.
	OfAll   bool                 // Whatever is counted, of whatever time, may change the answer.

	// What passes: nil lets everything pass, an empty list nothing.
	provinces []schema.ProvinceID // First digits of the codes that were counted.
	comuni    []schema.ComuneID   // Ascending.
	offices   []schema.OfficeCode
	services  []schema.ServiceID
	channels  []schema.Channel
	scales    []schema.Scale
	classes   []schema.Class

	hours []filter // All must hold; of time.

	names *namer // Of codes, beside them; nil: none are asked for.

	clock calendar.Clock
	codes []schema.ComuneID // All of the registry.
	atlas *atlas            // Of the day on which it was asked; nil where no place is named.
}

// A filter lets some values of a dimension pass.
type filter struct {
	*Dimension
	values []uint32
}

func (f *filter) passes(value uint32) bool { return slices.Contains(f.values, value) }

// Names returns the names of the columns of q's group.
func (q *Question) Names() []string {
	names := make([]string, len(q.Group))
	for i, d := range q.Group {
		names[i] = d.Name
	}
	return names
}

// Has tells whether q groups by the dimension of a name.
func (q *Question) Has(name string) bool {
	return slices.ContainsFunc(q.Group, func(d *Dimension) bool { return d.Name == name })
}

// String is the same for questions that are the same, whatever words they were
// asked in.
func (q *Question) String() string {
	var today registry.Date
	if q.atlas != nil {
		today = q.atlas.day
	}
	text := fmt.Sprintf("%d %d %t %q %q %d", q.From, q.Next, q.Rounded, q.Names(), q.Filters, today)
	if q.names != nil {
		text += fmt.Sprintf(" named %s %d", q.names.lang, q.names.day)
	}
	if q.Marked() {
		text += fmt.Sprintf(" %q %t", q.Period, q.Fill)
		if q.Compare != nil {
			text += fmt.Sprintf(" %d", *q.Compare)
		}
	}
	return text
}

// By returns q by some of its columns.
func (q *Question) By(group ...*Dimension) *Question {
	by := *q
	by.Group = group
	return &by
}

// Running tells whether the time that q is about has begun and is not over.
func (q *Question) Running() bool { return q.Holds(q.Now) }

// Marked tells whether rows say of their time if it is running: who asks for a
// period, a comparison or rows of nothing wants to know.
func (q *Question) Marked() bool { return q.Period != "" || q.Compare != nil || q.Fill }

// Asked returns the time that q's rows are of: of a time that is compared while it
// is running, what can be compared.
func (q *Question) Asked() Span {
	if q.Compare != nil {
		return q.Compare.Of
	}
	return q.Span
}

// LeavesOut tells whether votes of class do not pass.
func (q *Question) LeavesOut(class schema.Class) bool {
	return q.classes != nil && !slices.Contains(q.classes, class)
}

// Clock returns the clock that q's days are by.
func (q *Question) Clock() calendar.Clock { return q.clock }

// Scale returns the scale of what is counted; 0 where there are several.
func (q *Question) Scale() schema.Scale {
	if len(q.scales) != 1 {
		return 0
	}
	return q.scales[0]
}

// Disjoint tells whether it is certain that no vote is in both q and other.
func (q *Question) Disjoint(other *Question) bool {
	of, with := q.Asked(), other.Asked()
	return of.Next <= with.From || with.Next <= of.From ||
		apart(q.comuni, other.comuni) || apart(q.provinces, other.provinces) || elsewhere(q, other) || elsewhere(other, q) ||
		apart(q.offices, other.offices) || apart(q.services, other.services) || apart(q.channels, other.channels) ||
		apart(q.scales, other.scales) || apart(q.classes, other.classes) ||
		slices.ContainsFunc(q.hours, func(f filter) bool {
			return slices.ContainsFunc(other.hours, func(g filter) bool { return f.Name == g.Name && apart(f.values, g.values) })
		})
}

// apart tells whether two lists of what passes have nothing in common.
func apart[T comparable](a, b []T) bool {
	return a != nil && b != nil && !slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}

// elsewhere tells whether all comuni of q lie outside of other's provinces.
func elsewhere(q, other *Question) bool {
	return q.comuni != nil && other.provinces != nil && !slices.ContainsFunc(q.comuni, func(c schema.ComuneID) bool {
		return slices.Contains(other.provinces, c.Province())
	})
}

// What should be cheap to read: a comune's votes lie side by side, and so do
// those of a month.
const (
	narrowDays  = 100
	narrowPlace = 100 // Comuni.
)

// IsWide tells whether q asks for much: a long time of many places.
func (q *Question) IsWide() bool {
	few := q.comuni != nil && len(q.comuni) <= narrowPlace
	return !few && q.Next-q.From > narrowDays*24
}
