package answer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mlf/query/answer/meta"
	"mlf/query/marks"
	"mlf/query/question"
	"mlf/query/turnout"
	"mlf/schema/served"
)

// A Counter counts, of one moment and within the limits of who asks.
type Counter interface {
	// Count returns what was counted for f, whose RowsMax it sets; it belongs to the
	// caller. An error is what the reader is to be told. It blocks until ctx ends at
	// the latest.
	Count(ctx context.Context, f *question.Frame) (*question.Counts, error)
}

// A Reading is what an answer is made of.
type Reading struct {
	Counter
	meta.Moment
	Lots     bool            // Counts are sums of lots: of days, and some of more than one names.
	Served   *served.Book    // How many users were served; nil: nobody knows.
	Frozen   turnout.Frozen  // What bulletins say of them, where counts are of lots.
	Diary    question.Diary  // What has changed; nil: nobody knows.
	Notes    *marks.Notes    // What was noted; nil for nothing.
	Enrolled *marks.Presence // Who could vote; nil: it is not known.
}

// An Inquiry is what a request to an endpoint asks. It never changes.
type Inquiry interface {
	// Questions are those that are asked. The answer changes only when their counts
	// do, or when Name does.
	Questions() []*question.Question

	// Name is the same for all that have the same answer of the same counts.
	Name() string

	// Settled tells whether all that is asked for has ended so long ago that hardly a
	// vote still comes.
	Settled() bool

	// Answer makes the answer. An error is the Counter's or a *question.Error.
	Answer(ctx context.Context, r Reading) (*Document, error)
}

// An Endpoint is one kind of inquiry.
type Endpoint struct {
	Name string   // Of its path, /v1/Name.
	Own  []string // Its parameters, besides the common ones.
	Not  []string // Common ones that it does not take.

	Alone bool // It takes no common ones.
	Diary bool // Answers need a Reading's.
	Noted bool // Answers are of notes alone.
	Fresh bool // They change with nothing counted: what is asked is read anew each time.

	Enrolled bool // Answers tell where nobody could vote, so that they change when terminals do.

	// Place is the filter whose value is the last part of the path; "" where the path
	// is the endpoint's alone.
	Place string

	Served bool // Answers have served users in them, so that they change when those do.

	// Dated says that not the meta alone of an answer tells how far the counts have come:
	// nothing of it is right for who asks later.
	Dated bool

	// Ask reads what values ask at the time now. Parameters that Parameters does not
	// name are the caller's. An error is a *question.Error.
	Ask func(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error)
}

// Endpoints returns all endpoints.
func Endpoints() []Endpoint {
	return append([]Endpoint{
		{Name: "trend", Own: []string{"step", "by", "compare", "interval"}, Enrolled: true, Ask: askTrend},
		{Name: "heatmap", Own: []string{"interval"}, Ask: askHeatmap},
		{Name: "compare", Own: append(letters(), "mix", "interval"), Dated: true, Ask: askCompare},
		{Name: "reasons", Own: []string{"by"}, Ask: askReasons},
		{Name: "ranking", Own: []string{"by", "measure", "reference", "min_n", "top", "compare", "sort", "interval"}, Ask: askRanking},
		{Name: "participation", Own: []string{"by"}, Not: []string{"hour_of_day"}, Served: true, Ask: askParticipation},
	}, pages()...)
}

// Parameters are the names of the parameters that e takes: what a question has,
// but for its shape, and its own.
func (e *Endpoint) Parameters(v *question.Vocabulary) []string {
	common := slices.DeleteFunc(v.Parameters(), func(name string) bool {
		return e.Alone || slices.Contains(Shapes(), name) || slices.Contains(e.Not, name)
	})
	return append(common, e.Own...)
}

// Shapes are the parameters of a question that say what its rows are like: here the
// endpoint does.
func Shapes() []string { return []string{"group", "compare", "fill"} }

// An inquiry is what all endpoints of one question share.
type inquiry struct {
	*question.Question
	endpoint  string
	by        []string // The columns that rows or series are by, in their order.
	clustered bool     // Intervals are of as many votes as are independent.
}

// ask reads a question by columns; values are left as they are.
func ask(v *question.Vocabulary, values question.Values, now time.Time, columns ...string) (*question.Question, error) {
	asked := make(question.Values, len(values)+1)
	for name, given := range values {
		asked[name] = given
	}
	if len(columns) > 0 {
		asked["group"] = columns
	}
	return v.Ask(asked, now)
}

// Questions returns the one question.
func (q *inquiry) Questions() []*question.Question { return []*question.Question{q.Question} }

// Name names what is asked. Statuses change with time, until all that is asked for
// is settled.
func (q *inquiry) Name() string {
	name := fmt.Sprintf("%s %s by %q %t", q.endpoint, q.Question, q.by, q.clustered)
	if !q.Settled() {
		name += fmt.Sprintf(" at %d", q.Now)
	}
	return name
}

// Settled tells whether no figure of q is provisional.
func (q *inquiry) Settled() bool { return Settled(q.Question) }

// Settled tells whether no figure of q is provisional.
func Settled(q *question.Question) bool {
	last := q.Next
	if q.Compare != nil {
		last = max(last, q.Compare.With.Next)
	}
	return last+settledAfter <= q.Now
}

// readBy reads the dimension that rows or series are by: its columns. An office has
// a name within its comune only.
func readBy(values question.Values, required bool, among ...string) ([]string, error) {
	by, err := question.Single(values, "by")
	if _, ok := values["by"]; err != nil || !ok && !required {
		return nil, err
	}
	if !slices.Contains(among, by) {
		return nil, wrong("by", "%q: want one of %s", by, strings.Join(among, ", "))
	}
	if by == "office" {
		return []string{"comune", "office"}, nil
	}
	return []string{by}, nil
}

// groups are the dimensions that series can be by: all but those of time, and the
// scale, whose values cannot be told in one another's words.
func groups(v *question.Vocabulary) []string {
	var names []string
	for _, d := range v.Dimensions() {
		if d.Of != question.OfHour && d.Of != question.OfScale {
			names = append(names, d.Name)
		}
	}
	return names
}

// readInterval tells whether intervals are to be of the votes that are independent.
func readInterval(values question.Values) (clustered bool, err error) {
	text, err := choice(values, "interval", "independent", "clustered")
	return text == "clustered", err
}

// choice reads one of some words; the first where it is absent.
func choice(values question.Values, name string, words ...string) (string, error) {
	text, err := question.Single(values, name)
	if _, ok := values[name]; err != nil || !ok {
		return words[0], err
	}
	if !slices.Contains(words, text) {
		return "", wrong(name, "%q: want one of %s", text, strings.Join(words, ", "))
	}
	return text, nil
}

// wrong is the error of the parameter name.
func wrong(name, format string, args ...any) *question.Error {
	return &question.Error{Parameter: name, Detail: fmt.Sprintf(format, args...)}
}

// tooMuch is the error of a question whose answer would be too large.
func tooMuch(name, format string, args ...any) *question.Error {
	e := wrong(name, format, args...)
	e.TooMuch = true
	return e
}
