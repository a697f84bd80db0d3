package about

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/format"
	"mlf/query/question"
)

// changes are the places and months that have changed since a position: what somebody
// who has copied counts has to copy again.
type changes struct {
	*question.Question
	by    string
	since question.Position // Nil: everything is told.
}

func askChanges(v *question.Vocabulary, values question.Values, now time.Time) (answer.Inquiry, error) {
	c := &changes{by: "comune"}
	if by, ok := values["by"]; ok {
		if c.by = strings.Join(by, ","); !slices.Contains([]string{"comune", "province", "region"}, c.by) {
			return nil, &question.Error{Parameter: "by", Detail: fmt.Sprintf("%q: want one of comune, province, region", c.by)}
		}
	}
	var err error
	if c.Question, err = v.Ask(question.Values{"period": {"today"}, "group": {c.by, "month"}}, now); err != nil {
		return nil, err
	}
	c.OfAll = true
	since, err := question.Single(values, "since")
	if _, ok := values["since"]; err != nil || !ok {
		return c, err
	}
	if c.since, err = question.ParsePosition(since); err != nil {
		return nil, &question.Error{Parameter: "since", Detail: err.Error()}
	}
	c.AtLeast = c.since
	return c, nil
}

// Questions returns one whose answer changes with whatever is counted.
func (c *changes) Questions() []*question.Question { return []*question.Question{c.Question} }

// Name names what is asked.
func (c *changes) Name() string {
	return fmt.Sprintf("changes by %s of day %d since %v", c.by, c.Clock().DayOf(c.Now), c.since)
}

// Settled tells that the answer changes with every vote.
func (c *changes) Settled() bool { return false }

// A changed is a row of the answer.
type changed struct{ place, month string } // A place is "" where it may be any.

func (a changed) compare(b changed) int {
	return cmp.Or(strings.Compare(a.place, b.place), strings.Compare(a.month, b.month))
}

// Answer makes the answer.
func (c *changes) Answer(ctx context.Context, r answer.Reading) (*answer.Document, error) {
	m := meta.Of(r.Moment, false)
	m.Formulas, m.By = []meta.Formula{}, []string{c.by}
	var known []question.PlaceMonth
	all := c.since == nil
	if !all {
		m.Since = c.since.String()
		var ok bool
		if known, ok = r.Diary.Changed(c.since); !ok {
			all = true
		}
	}
	m.All = &all
	rows := c.rowsOf(known)
	if all {
		var err error
		if rows, err = c.everything(ctx, r); err != nil {
			return nil, err
		}
	}
	fields := []format.Field{
		optional(c.by, func(i int) string { return rows[i].place }),
		optional("month", func(i int) string { return rows[i].month }),
	}
	return answer.New("changes", c.Span, m, answer.SheetOf(m, "changes", len(rows), fields), answer.Objects("rows", len(rows), fields)), nil
}

// rowsOf returns months of comuni as they are told.
func (c *changes) rowsOf(months []question.PlaceMonth) []changed {
	f := c.Frame(c.Span)
	rows := make(map[changed]bool)
	for _, m := range months {
		place := ""
		if m.Comune != 0 {
			place = f.Text(question.OfComune, 0, f.Comune(m.Comune))
		}
		rows[changed{place, m.Month.String()}] = true
	}
	return slices.SortedFunc(maps.Keys(rows), changed.compare)
}

// everything returns all that has votes.
func (c *changes) everything(ctx context.Context, r answer.Reading) ([]changed, error) {
	var span question.Span
	if span.From, span.Next = r.Diary.Span(); span.From == span.Next {
		return nil, nil
	}
	f := c.Frame(span)
	f.Scale, f.Class = nil, nil
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	rows := make(map[changed]bool, len(counts.Rows))
	for i := range counts.Rows {
		row := &counts.Rows[i]
		rows[changed{f.Text(question.OfComune, 0, row.Comune), f.Text(question.OfHour, 0, row.Hour)}] = true
	}
	return slices.SortedFunc(maps.Keys(rows), changed.compare), nil
}
