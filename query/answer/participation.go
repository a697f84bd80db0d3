package answer

import (
	"context"
	"maps"
	"slices"
	"time"

	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/query/turnout"
	"mlf/schema"
)

// A participation is how many of those who were served voted, by a dimension or in
// all.
type participation struct {
	inquiry
	places *question.Question // The same, told apart as served users are.
}

func askParticipation(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
	by, err := readBy(values, false, "macro_area", "region", "province", "comune", "office", "service", "category", "channel")
	if err != nil {
		return nil, err
	}
	p, err := newParticipation(v, values, now, by)
	return p, err
}

func newParticipation(v *question.Vocabulary, values question.Values, now time.Time, by []string) (*participation, error) {
	p := &participation{inquiry: inquiry{endpoint: "participation", by: by}}
	asked := maps.Clone(values)
	if len(values["scale"]) == 0 { // Who votes was served, on whatever scale.
		for _, s := range schema.Scales() {
			asked["scale"] = append(asked["scale"], s.String())
		}
	}
	var err error
	if p.Question, err = ask(v, asked, now, append(slices.Clone(by), "scale")...); err == nil {
		p.places, err = ask(v, asked, now, turnout.Columns(by)...)
	}
	return p, err
}

// Answer makes the answer.
func (p *participation) Answer(ctx context.Context, r Reading) (*Document, error) {
	rows, counts, err := p.count(ctx, r)
	if err != nil {
		return nil, err
	}
	m := p.metaOf(r, counts, figures.FormulaParticipation)
	fields := make([]format.Field, 0, len(p.by))
	for k, name := range p.by {
		fields = append(fields, coded(p.Question, name, func(i int) string { return rows[i].Columns[k] })...)
	}
	fields = append(fields, turnoutFields(func(i int) *turnout.Row { return rows[i] })...)
	return &Document{
		Name: p.endpoint, Span: p.Span, Meta: m, Sheet: sheetOf(m, "participation", len(rows), fields),
		members: []member{objects("rows", len(rows), fields)},
	}, nil
}

// turnoutFields are the votes, and what is known of those who could have voted: null
// where nothing is, never 0.
func turnoutFields(of func(i int) *turnout.Row) []format.Field {
	count := func(name string, part func(*figures.Participation) uint64) format.Field {
		return format.Field{Name: name, Kind: format.KindCount, Count: func(i int) (uint64, bool) { return part(&of(i).Result), of(i).Known }}
	}
	return []format.Field{
		{Name: "n", Kind: format.KindCount, Count: func(i int) (uint64, bool) { return of(i).N, true }},
		count("votes", func(p *figures.Participation) uint64 { return p.Votes }),
		count("served", func(p *figures.Participation) uint64 { return p.Served }),
		shareField("participation", func(i int) (float64, bool) { return of(i).Result.Rate, of(i).Known }),
		shareField("coverage", func(i int) (float64, bool) { return of(i).Result.Coverage, of(i).Known }),
	}
}

// count counts what p asks for.
func (p *participation) count(ctx context.Context, r Reading) ([]*turnout.Row, *question.Counts, error) {
	q := turnout.Question{By: p.by, Votes: p.Question, Places: p.places}
	of := turnout.Reading{Count: r.Count, Served: r.Served}
	if r.Lots {
		of.Frozen = r.Frozen
	}
	return q.Count(ctx, of) //nolint:wrapcheck // It is the Counter's.
}
