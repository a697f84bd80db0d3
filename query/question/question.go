package question

import (
	"fmt"
	"slices"

	"mlf/query/calendar"
	"mlf/schema"
	"mlf/schema/registry"
)

// A Span is the hours [From, Next).
type Span struct{ From, Next schema.Hour }

// A Question is what is asked: votes of a time that pass the filters, by the
// dimensions of a group. It never changes once it was asked.
type Question struct {
	Span
	Rounded bool                // From or Next is not as asked, but a whole hour before or behind it.
	Group   []*Dimension        // In the order asked.
	Filters map[string][]string // As asked, with the defaults.
	Faces   bool                // The values are faces: scale mlf3 and no other.

	// What passes: nil lets everything pass, an empty list nothing.
	provinces []schema.ProvinceID // First digits of the codes that were counted.
	comuni    []schema.ComuneID   // Ascending.
	offices   []schema.OfficeCode
	services  []schema.ServiceID
	channels  []schema.Channel
	scales    []schema.Scale
	classes   []schema.Class

	hours []filter // All must hold; of time.

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
	return fmt.Sprintf("%d %d %t %q %q %d", q.From, q.Next, q.Rounded, q.Names(), q.Filters, today)
}

// LeavesOut tells whether votes of class do not pass.
func (q *Question) LeavesOut(class schema.Class) bool {
	return q.classes != nil && !slices.Contains(q.classes, class)
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
