package bulletin

import (
	"context"
	"fmt"

	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// Tables are the names of the tables of a bulletin, in their order.
func Tables() []string {
	return []string{
		"headline", "macro_areas", "places", "population_classes", "channels", "categories", "services",
		"reasons", "participation", "coverage", "revisions",
	}
}

// A table is a part of a bulletin.
type table struct {
	name   string
	single bool // It has one row, and is no list.
	*format.Sheet
}

// A printing is a bulletin that is being made.
type printing struct {
	*Edition
	lots  *disclosure.Lots
	total *count // With reasons.
	all   *figure
}

// maker returns what makes the table of a name.
func (p *printing) maker(name string) func(ctx context.Context) (*format.Sheet, error) {
	by := func(column string) func(context.Context) (*format.Sheet, error) {
		return func(ctx context.Context) (*format.Sheet, error) { return p.by(ctx, column) }
	}
	switch name {
	case "headline":
		return p.headline
	case "macro_areas":
		return by("macro_area")
	case "places":
		return p.places
	case "population_classes":
		return by("population_class")
	case "channels":
		return by("channel")
	case "categories":
		return by("category")
	case "services":
		return by("service")
	case "reasons":
		return p.reasons
	case "participation":
		return p.participation
	case "coverage":
		return p.coverage
	case "revisions":
		return p.revisions
	}
	panic("BUG: no table " + name)
}

// by returns the figures by one column.
func (p *printing) by(ctx context.Context, column string) (*format.Sheet, error) {
	c, err := p.count(ctx, p.lots, p.month, column)
	if err != nil {
		return nil, err
	}
	return p.sheetOf(c, func(row int) []string { return []string{c.text(row, 0)} }, column), nil
}

func (c *count) text(row, column int) string { return c.Columns[column].Text(&c.Rows[row]) }

// sheetOf returns the figures of c with some texts before each.
func (p *printing) sheetOf(c *count, texts func(row int) []string, names ...string) *format.Sheet {
	of := make([]*figure, len(c.Rows))
	for i := range c.Rows {
		of[i] = p.figureOf(c, &c.Rows[i])
	}
	var fields []format.Field
	for k, name := range names {
		fields = append(fields, textField(name, func(i int) string { return texts(i)[k] }))
	}
	return &format.Sheet{Len: len(of), Fields: append(fields, figureFields(func(i int) *figure { return of[i] })...)}
}

// within returns the level of the places that one of a level is told by.
func within(level string) string {
	switch level {
	case "region":
		return "province"
	case "province":
		return "comune"
	case "comune":
		return "office"
	}
	return "region"
}

// places returns the figures by the places within.
func (p *printing) places(ctx context.Context) (*format.Sheet, error) {
	level := within(p.place.Level)
	c, err := p.count(ctx, p.lots, p.month, level)
	if err != nil {
		return nil, err
	}
	return p.sheetOf(c, func(row int) []string { return []string{level, c.text(row, 0)} }, "level", "code"), nil
}

// headline returns the figure of all, beside those of the month before and of the year
// before, each in its newest vintage when this one was made.
func (p *printing) headline(ctx context.Context) (*format.Sheet, error) {
	days := calendar.DayOf(p.month+1, 1) - calendar.DayOf(p.month, 1)
	fields := append(figureFields(func(int) *figure { return p.all }),
		shareField("weekly_mean", func(int) (float64, bool) { return float64(p.all.n) * 7 / float64(days), true }))
	for _, other := range p.compared() {
		c, err := p.against(ctx, other)
		if err != nil {
			return nil, err
		}
		fields = append(fields, changeFields(other.name+"_", func(int) *change { return c })...)
	}
	return &format.Sheet{Len: 1, Fields: fields}, nil
}

// An other is a month that a bulletin's is compared with.
type other struct {
	name                string
	month               calendar.Month
	*disclosure.Vintage // Nil where there was none.
}

// compared returns the month before and that of the year before, each in its newest
// vintage when e was made.
func (e *Edition) compared() []other {
	const monthsOfYear = 12
	others := []other{{name: "previous", month: e.month - 1}, {name: "year_ago", month: e.month - monthsOfYear}}
	for i := range others {
		if vintages := disclosure.Vintages(e.releases, others[i].month); len(vintages) > 0 {
			others[i].Vintage = &vintages[len(vintages)-1]
		}
	}
	return others
}

// against returns the change since another month; nil where there was none.
func (p *printing) against(ctx context.Context, o other) (*change, error) {
	if o.Vintage == nil {
		return nil, nil //nolint:nilnil // Nothing to compare with is no error.
	}
	c, err := p.count(ctx, p.lotsOf(o.month, o.Release), o.month)
	if err != nil {
		return nil, err
	}
	return changeOf(p.all, p.figureOf(c, &c.Rows[0])), nil
}

// revisions returns what each vintage had of the place, and by what it differs from the
// one before.
func (p *printing) revisions(ctx context.Context) (*format.Sheet, error) {
	of, changes := make([]*figure, len(p.vintages)), make([]*change, len(p.vintages))
	for i := range p.vintages {
		c, err := p.count(ctx, p.lotsOf(p.month, p.vintages[i].Release), p.month)
		if err != nil {
			return nil, err
		}
		of[i] = p.figureOf(c, &c.Rows[0])
		if i > 0 {
			changes[i] = changeOf(of[i], of[i-1])
		}
	}
	number := func(name string, part func(*disclosure.Vintage) uint64) format.Field {
		return format.Field{Name: name, Kind: format.KindNumber, Count: func(i int) (uint64, bool) { return part(&p.vintages[i]), true }}
	}
	fields := []format.Field{
		number("vintage", func(v *disclosure.Vintage) uint64 { return uint64(v.Number) }),
		number("release", func(v *disclosure.Vintage) uint64 { return uint64(v.Release) }),
		textField("published", func(i int) string { return calendar.Day(p.vintages[i].Day).String() }),
		number("k", func(v *disclosure.Vintage) uint64 { return uint64(v.K) }),
		countField("n", func(i int) uint64 { return of[i].n }),
		shareField("green_share", func(i int) (float64, bool) { return of[i].good.Value, of[i].n > 0 }),
		shareField("green_low", func(i int) (float64, bool) { return of[i].good.Low, of[i].n > 0 }),
		shareField("green_high", func(i int) (float64, bool) { return of[i].good.High, of[i].n > 0 }),
	}
	since := changeFields("", func(i int) *change { return changes[i] })
	return &format.Sheet{Len: len(of), Fields: append(fields, since[2:]...)}, nil
}

// coverage returns from how many comuni, offices, services and channels there are votes
// that say so. Votes that were too few to be told apart are from others, perhaps.
func (p *printing) coverage(ctx context.Context) (*format.Sheet, error) {
	fields := []format.Field{countField("comuni_of", func(int) uint64 { return uint64(max(1, p.place.Comuni)) })}
	for _, name := range []string{"comune", "office", "service", "channel"} {
		group := []string{name}
		if name == "office" {
			group = []string{"comune", "office"}
		}
		c, err := p.count(ctx, p.lots, p.month, group...)
		if err != nil {
			return nil, err
		}
		n := uint64(0)
		for i := range c.Rows {
			if c.text(i, len(group)-1) != "" {
				n++
			}
		}
		plural := map[string]string{"comune": "comuni", "office": "offices", "service": "services", "channel": "channels"}[name]
		fields = append(fields, countField(plural, func(int) uint64 { return n }))
	}
	return &format.Sheet{Len: 1, Fields: fields}, nil
}

// A motive is what was answered to why, by votes of one face.
type motive struct {
	face, reason string
	n            uint64
	share        figures.Estimate
	answered     bool
	status       figures.Status
}

// reasons returns the shares of each reason among those who gave one, by face, the
// worst first; and beside them those who gave none.
func (p *printing) reasons(context.Context) (*format.Sheet, error) {
	var all []motive
	for face := schema.Red; face <= schema.Green; face++ {
		all = append(all, p.motivesOf(face)...)
	}
	share := func(name string, part func(figures.Estimate) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) { return part(all[i].share), all[i].answered })
	}
	return &format.Sheet{Len: len(all), Fields: []format.Field{
		textField("face", func(i int) string { return all[i].face }),
		textField("reason", func(i int) string { return all[i].reason }),
		countField("n", func(i int) uint64 { return all[i].n }),
		share("share", func(e figures.Estimate) float64 { return e.Value }),
		share("low", func(e figures.Estimate) float64 { return e.Low }),
		share("high", func(e figures.Estimate) float64 { return e.High }),
		statusField(func(i int) figures.Status { return all[i].status }),
	}}, nil
}

func (p *printing) motivesOf(face schema.Value) []motive {
	row := &p.total.Rows[0]
	var answered, asked uint64
	var given []question.ReasonCount
	for _, r := range p.total.Reasons(row) {
		if r.Reason.Value() != face {
			continue
		}
		given = append(given, r)
		asked += r.N
		if isAnswer(r.Reason.Reason()) {
			answered += r.N
		}
	}
	var all []motive
	for _, r := range given {
		m := motive{face: face.Face(), reason: r.Reason.Reason().String(), n: r.N, answered: isAnswer(r.Reason.Reason())}
		if m.answered {
			m.share, _ = figures.Share(r.N, answered, figures.Independent)
			m.status = (p.all.status &^ figures.Few).Of(answered)
		}
		all = append(all, m)
	}
	if rest := row.Values[face-1] - min(asked, row.Values[face-1]); rest > 0 {
		all = append(all, motive{face: face.Face(), reason: "not_offered", n: rest})
	}
	return all
}

func isAnswer(r schema.Reason) bool { return r != schema.ReasonSkipped && r != schema.ReasonTimeout }

// participation returns votes by users served, in all and by place, channel and
// category, as it was frozen: null where nobody knows who was served.
func (p *printing) participation(ctx context.Context) (*format.Sheet, error) {
	var all []turnoutRow
	for _, column := range []string{"", "macro_area", within(p.place.Level), "channel", "category"} {
		if column == "office" {
			continue
		}
		rows, err := p.turnoutBy(ctx, column)
		if err != nil {
			return nil, fmt.Errorf("turnout by %s: %w", column, err)
		}
		all = append(all, rows...)
	}
	known := func(name string, part func(*figures.Participation) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) { return part(&all[i].result), all[i].known })
	}
	count := func(name string, part func(*figures.Participation) uint64) format.Field {
		return format.Field{Name: name, Kind: format.KindCount, Count: func(i int) (uint64, bool) { return part(&all[i].result), all[i].known }}
	}
	return &format.Sheet{Len: len(all), Fields: []format.Field{
		textField("by", func(i int) string { return all[i].by }),
		textField("code", func(i int) string { return all[i].code }),
		countField("n", func(i int) uint64 { return all[i].n }),
		count("votes", func(p *figures.Participation) uint64 { return p.Votes }),
		count("served", func(p *figures.Participation) uint64 { return p.Served }),
		known("participation", func(p *figures.Participation) float64 { return p.Rate }),
		known("coverage", func(p *figures.Participation) float64 { return p.Coverage }),
	}}, nil
}
