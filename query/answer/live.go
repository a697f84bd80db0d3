package answer

import (
	"context"

	"mlf/query/format"
	"mlf/query/question"
)

// Live returns the votes of today, those of each region, as one line of JSON, and how
// many they are. Where lots is not nil it tells of each region only what lots leaves of
// the number, and neither what votes they are nor regions of which nothing is left.
func Live(ctx context.Context, v *question.Vocabulary, r Reading, lots func(n uint64) uint64) (data []byte, n uint64, err error) {
	q, err := v.Ask(question.Values{"period": {"today"}, "group": {"region"}}, r.At)
	if err != nil {
		return nil, 0, err
	}
	f := q.Frame(q.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	t, k := f.Table(counts), kit{scale: q.Scale()}
	var codes []string
	var regions []observation
	var whole observation
	for i := range t.Rows {
		o := observation{values: t.Rows[i].Values, n: t.Rows[i].N()}
		if lots != nil {
			o = observation{n: lots(o.n)}
		}
		if o.n > 0 {
			codes, regions = append(codes, t.Columns[0].Text(&t.Rows[i])), append(regions, o)
			whole.values, whole.n = plus(whole.values, o.values), whole.n+o.n
		}
	}
	fields := func(of at) (fields []format.Field) {
		if lots == nil {
			fields = k.counts("", of)
		}
		return append(fields, countField("n", of, func(o *observation) uint64 { return o.n }))
	}
	p := question.PositionOf(r.Ledger)
	dst := []byte(`{"position":"` + p.String() + `","day":"` + v.Clock().DayOf(q.From).String() + `","disclosure":"` + r.Disclosure + `",`)
	dst = format.AppendMembers(dst, fields(single(&whole)), 0)
	region := format.Field{Name: "region", Kind: format.KindText, Text: func(i int) (string, bool) { return codes[i], true }}
	return append(appendList(append(dst, `,"regions":`...), append([]format.Field{region}, fields(within(regions))...), 0, len(regions)), '}'), whole.n, nil
}
