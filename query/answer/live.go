package answer

import (
	"context"

	"mlf/query/format"
	"mlf/query/question"
)

// Live returns the votes of today, those of each region, as one line of JSON.
func Live(ctx context.Context, v *question.Vocabulary, r Reading) ([]byte, error) {
	q, err := v.Ask(question.Values{"period": {"today"}, "group": {"region"}}, r.At)
	if err != nil {
		return nil, err
	}
	f := q.Frame(q.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	t, k := f.Table(counts), kit{scale: q.Scale()}
	regions := make([]observation, len(t.Rows))
	var whole observation
	for i := range t.Rows {
		regions[i] = observation{values: t.Rows[i].Values, n: t.Rows[i].N()}
		whole.values = plus(whole.values, regions[i].values)
		whole.n += regions[i].n
	}
	fields := func(of at) []format.Field {
		return append(k.counts("", of), countField("n", of, func(o *observation) uint64 { return o.n }))
	}
	p := question.PositionOf(r.Ledger)
	dst := []byte(`{"position":"` + p.String() + `","day":"` + v.Clock().DayOf(q.From).String() + `","disclosure":"` + r.Disclosure + `",`)
	dst = format.AppendMembers(dst, fields(single(&whole)), 0)
	region := format.Field{Name: "region", Kind: format.KindText, Text: func(i int) (string, bool) { return t.Columns[0].Text(&t.Rows[i]), true }}
	return append(appendList(append(dst, `,"regions":`...), append([]format.Field{region}, fields(within(regions))...), 0, len(regions)), '}'), nil
}
