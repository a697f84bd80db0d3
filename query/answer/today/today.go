// Package today says what has been voted today, in one line for all who listen.
//
// It knows regions and counts. It must not know who listens, how often it is told, or
// what may be shown: who asks says what is left of a number.
package today

import (
	"context"

	"mlf/query/answer"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// Line returns the votes of today, those of each region, as one line of JSON, and how
// many they are. Where lots is not nil it tells of each region only what lots leaves of
// the number, and neither what votes they are nor regions of which nothing is left.
func Line(ctx context.Context, v *question.Vocabulary, r answer.Reading, lots func(n uint64) uint64) (data []byte, n uint64, err error) {
	q, err := v.Ask(question.Values{"period": {"today"}, "group": {"region"}}, r.At)
	if err != nil {
		return nil, 0, err
	}
	f := q.Frame(q.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	t := f.Table(counts)
	var regions []byte
	var whole question.Count
	for i := range t.Rows {
		row := &t.Rows[i]
		told := row.N()
		if lots != nil {
			told = lots(told)
		}
		if told == 0 {
			continue
		}
		n += told
		for i := range row.Values {
			whole.Values[i] += row.Values[i]
		}
		if regions != nil {
			regions = append(regions, ',')
		}
		regions = append(format.AppendText(regions, `{"region":`, t.Columns[0].Text(row)), ',')
		regions = append(appendVotes(regions, row, told, lots == nil), '}')
	}
	data = format.AppendText(nil, `{"position":`, question.PositionOf(r.Ledger).String())
	data = format.AppendText(data, `,"day":`, v.Clock().DayOf(q.From).String())
	data = append(format.AppendText(data, `,"disclosure":`, r.Disclosure), ',')
	data = append(appendVotes(data, &whole, n, lots == nil), `,"regions":[`...)
	return append(append(data, regions...), "]}"...), n, nil
}

// appendVotes writes n votes, and what they are.
func appendVotes(dst []byte, c *question.Count, n uint64, what bool) []byte {
	if what {
		dst = format.AppendCount(dst, `"green":`, c.Values[schema.Green-1])
		dst = format.AppendCount(dst, `,"yellow":`, c.Values[schema.Yellow-1])
		dst = append(format.AppendCount(dst, `,"red":`, c.Values[schema.Red-1]), ',')
	}
	return format.AppendCount(dst, `"n":`, n)
}
