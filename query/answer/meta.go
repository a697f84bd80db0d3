package answer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mlf/query/figures"
	"mlf/query/question"
	"mlf/schema"
)

// An About says what was asked of one question, and what its figures leave out.
type About struct {
	From     string              `json:"from"`
	To       string              `json:"to"`
	Rounded  bool                `json:"rounded"`
	Filters  map[string][]string `json:"filters"`
	Excluded Omission            `json:"excluded"`
}

func aboutOf(q *question.Question, ledger []schema.LedgerTotals, excluded *[schema.ClassMax + 1]uint64) *About {
	return &About{
		From: q.Asked().From.String(), To: q.Asked().Next.String(), Rounded: q.Rounded,
		Filters: q.Filters, Excluded: LeftOut(q, ledger, excluded),
	}
}

// filterTexts writes the filters in their order.
func (a *About) filterTexts() []string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(a.Filters)) {
		texts = append(texts, name+"="+strings.Join(a.Filters[name], ","))
	}
	return texts
}

// A Meta says how an answer was made.
type Meta struct {
	*About             // Nil where an answer has several.
	*Marks             // Nil where nobody asked for a period or a comparison.
	By        []string `json:"by,omitempty"`
	Step      string   `json:"step,omitempty"`
	Measure   string   `json:"measure,omitempty"`
	Reference string   `json:"reference,omitempty"`
	MinN      uint64   `json:"min_n,omitempty"`
	Top       int      `json:"top,omitempty"`
	Mix       string   `json:"mix,omitempty"`
	Interval  string   `json:"interval"`

	TimeZone    string            `json:"time_zone"`
	Formulas    []Formula         `json:"formulas"`
	GeneratedAt time.Time         `json:"generated_at"`
	Ledger      question.Position `json:"ledger"`
	Position    string            `json:"position"` // The ledger as a token.
	Disclosure  string            `json:"disclosure"`
}

// A Formula is how figures of an answer are made.
type Formula struct {
	Name figures.Formula `json:"name"`
	Text string          `json:"text"`
}

// metaOf returns the meta of an answer made of r by formulas.
func metaOf(r Reading, clustered bool, formulas ...figures.Formula) *Meta {
	p := question.PositionOf(r.Ledger)
	m := &Meta{Interval: "independent", TimeZone: timeZone, GeneratedAt: r.At, Ledger: p, Position: p.String(), Disclosure: r.Disclosure}
	if clustered {
		m.Interval = "clustered"
		formulas = append(formulas, figures.FormulaDesignEffect)
	}
	for _, f := range formulas {
		m.Formulas = append(m.Formulas, Formula{f, f.Text()})
	}
	return m
}

// timeZone is that of days and longer.
const timeZone = "Europe/Rome"

// metaOf returns the meta of an answer to q alone.
func (q *inquiry) metaOf(r Reading, counts *question.Counts, formulas ...figures.Formula) *Meta {
	m := metaOf(r, q.clustered, formulas...)
	m.Ask(q.Question, r.Ledger, &counts.Excluded)
	m.By = q.by
	return m
}

// MetaOf returns the meta of an answer made of r by formulas, from independent votes.
func MetaOf(r Reading, formulas ...figures.Formula) *Meta { return metaOf(r, false, formulas...) }

// Ask lets m say that q was asked, and what its answer leaves out.
func (m *Meta) Ask(q *question.Question, ledger []schema.LedgerTotals, excluded *[schema.ClassMax + 1]uint64) {
	m.About, m.Marks = aboutOf(q, ledger, excluded), MarksOf(q)
}

// Marks say more of the time, to who asked for a period, a comparison or rows of
// nothing.
type Marks struct {
	Period  string   `json:"period,omitempty"`
	Running bool     `json:"running"`
	Fill    string   `json:"fill,omitempty"`
	Compare *OfTimes `json:"compare,omitempty"`
}

// An OfTimes is the other time of a comparison.
type OfTimes struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// MarksOf returns the marks of q; nil where it wants none.
func MarksOf(q *question.Question) *Marks {
	if !q.Marked() {
		return nil
	}
	m := &Marks{Period: q.Period, Running: q.Running()}
	if q.Fill {
		m.Fill = "zero"
	}
	if q.Compare != nil {
		m.Compare = &OfTimes{q.Compare.With.From.String(), q.Compare.With.Next.String()}
	}
	return m
}

// An Omission is what an answer does not show: of each class that was not asked
// for the votes that the question would count otherwise, and of all that ever
// came in the quarantined ones and the conflicts.
type Omission []struct {
	name  string
	votes uint64
}

// LeftOut returns what an answer to q leaves out.
func LeftOut(q *question.Question, ledger []schema.LedgerTotals, excluded *[schema.ClassMax + 1]uint64) Omission {
	var left Omission
	add := func(name string, votes uint64) {
		left = append(left, struct {
			name  string
			votes uint64
		}{name, votes})
	}
	for _, class := range schema.Classes() {
		if q.LeavesOut(class) {
			add(class.String(), excluded[class])
		}
	}
	var all schema.Tally
	for i := range ledger {
		all.Add(ledger[i].Tally)
	}
	add("quarantined", all.Quarantined)
	add("conflicts", all.Conflicts)
	return left
}

// String writes o as a header has it.
func (o Omission) String() string {
	var texts []string
	for _, part := range o {
		texts = append(texts, fmt.Sprintf("%s=%d", part.name, part.votes))
	}
	return strings.Join(texts, ", ")
}

// MarshalJSON writes o as an object.
func (o Omission) MarshalJSON() ([]byte, error) {
	dst := []byte{'{'}
	for i, part := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, "%q:%d", part.name, part.votes)
	}
	return append(dst, '}'), nil
}
