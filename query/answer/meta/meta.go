package meta

import (
	"maps"
	"slices"
	"strconv"
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

// AboutOf returns what an answer to q says of it, as of a ledger.
func AboutOf(q *question.Question, ledger []schema.LedgerTotals, excluded *[schema.ClassMax + 1]uint64) *About {
	return &About{
		From: q.Asked().From.String(), To: q.Asked().Next.String(), Rounded: q.Rounded,
		Filters: q.Filters, Excluded: LeftOut(q, ledger, excluded),
	}
}

// FilterTexts writes the filters in their order.
func (a *About) FilterTexts() []string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(a.Filters)) {
		texts = append(texts, name+"="+strings.Join(a.Filters[name], ","))
	}
	return texts
}

// A Meta says how an answer was made.
type Meta struct {
	*About              // Nil where an answer has several.
	*Marks              // Nil where nobody asked for a period or a comparison.
	By        []string  `json:"by,omitempty"`
	Step      string    `json:"step,omitempty"`
	Measure   string    `json:"measure,omitempty"`
	Reference string    `json:"reference,omitempty"`
	MinN      uint64    `json:"min_n,omitempty"`
	Top       int       `json:"top,omitempty"`
	Sort      string    `json:"sort,omitempty"`
	Mix       string    `json:"mix,omitempty"`
	Since     string    `json:"since,omitempty"`
	All       *bool     `json:"all,omitempty"` // Everything is told, changed or not; nil where that is not asked.
	Warnings  []Warning `json:"warnings,omitempty"`
	Interval  string    `json:"interval"`

	TimeZone    string            `json:"time_zone"`
	Formulas    []Formula         `json:"formulas"`
	GeneratedAt time.Time         `json:"generated_at"`
	Ledger      question.Position `json:"ledger"`
	Position    string            `json:"position"` // The ledger as a token.
	Disclosure  string            `json:"disclosure"`
}

// A Warning says that some figures of an answer are not known, and why.
type Warning struct {
	Code string `json:"code"`
	Text string `json:"text"` // For people.
}

// A Formula is how figures of an answer are made.
type Formula struct {
	Name figures.Formula `json:"name"`
	Text string          `json:"text"`
}

// A Moment is when an answer is made.
type Moment struct {
	Ledger     []schema.LedgerTotals // As of which it counts.
	At         time.Time             // For the reader.
	Disclosure string                // The rule by which small counts are shown.
}

// timeZone is that of days and longer.
const timeZone = "Europe/Rome"

// Of returns the meta of an answer that is made by formulas, from votes that are
// independent or, clustered, from as many as are.
func Of(t Moment, clustered bool, formulas ...figures.Formula) *Meta {
	m := &Meta{Interval: "independent", TimeZone: timeZone, Disclosure: t.Disclosure}
	m.GeneratedAt, m.Ledger = t.At, question.PositionOf(t.Ledger)
	m.Position = m.Ledger.String()
	if clustered {
		m.Interval = "clustered"
		formulas = append(formulas, figures.FormulaDesignEffect)
	}
	for _, f := range formulas {
		m.Formulas = append(m.Formulas, Formula{f, f.Text()})
	}
	return m
}

// Ask lets m say that q was asked, and what its answer leaves out.
func (m *Meta) Ask(q *question.Question, ledger []schema.LedgerTotals, excluded *[schema.ClassMax + 1]uint64) {
	m.About, m.Marks = AboutOf(q, ledger, excluded), MarksOf(q)
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
	Name  string
	Votes uint64
}

// LeftOut returns what an answer to q leaves out.
func LeftOut(q *question.Question, ledger []schema.LedgerTotals, excluded *[schema.ClassMax + 1]uint64) Omission {
	var left Omission
	add := func(name string, votes uint64) {
		left = append(left, struct {
			Name  string
			Votes uint64
		}{name, votes})
	}
	for _, class := range schema.Classes() {
		if q.LeavesOut(class) {
			add(class.String(), excluded[class])
		}
	}
	add("quarantined", 0)
	add("conflicts", 0)
	return left.asOf(ledger)
}

// asOf returns o with what of all that ever came in is in a ledger.
func (o Omission) asOf(ledger []schema.LedgerTotals) Omission {
	var all schema.Tally
	for i := range ledger {
		all.Add(ledger[i].Tally)
	}
	next := slices.Clone(o)
	for i := range next {
		switch next[i].Name {
		case "quarantined":
			next[i].Votes = all.Quarantined
		case "conflicts":
			next[i].Votes = all.Conflicts
		}
	}
	return next
}

// String writes o as a header has it.
func (o Omission) String() string {
	text := make([]byte, 0, 64)
	for i, part := range o {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = strconv.AppendUint(append(append(text, part.Name...), '='), part.Votes, 10)
	}
	return string(text)
}
