package bulletin

import (
	"context"
	"maps"
	"slices"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/schema"
)

// A turnoutRow is the participation of a group.
type turnoutRow struct {
	by, code string
	n        uint64 // Votes of any scale: who votes was served, in whatever faces.
	result   figures.Participation
	known    bool
}

// turnoutBy returns the participation by a column; "" for all.
func (p *printing) turnoutBy(ctx context.Context, column string) ([]turnoutRow, error) {
	group, name := []string{column, "scale"}, column
	if column == "" {
		group, name = group[1:], "all"
	}
	c, err := p.count(ctx, p.lots, p.month, group...)
	if err != nil {
		return nil, err
	}
	votes := make(map[string]uint64)
	for i := range c.Rows {
		code := ""
		if column != "" {
			code = c.text(i, 0)
		}
		votes[code] += c.Rows[i].N()
	}
	turnouts := make(map[string][]figures.Turnout)
	frozen, _ := p.press.source.Turnout(p.last().Release, schema.Day(calendar.DayOf(p.month, 1)))
	for i := range frozen {
		if code, ok := p.codeOf(column, &frozen[i]); ok {
			turnouts[code] = append(turnouts[code], figures.Turnout{Votes: frozen[i].Votes, Served: frozen[i].Users, Known: true})
			votes[code] += 0 // A row, though nobody voted.
		}
	}
	var rows []turnoutRow
	for _, code := range slices.Sorted(maps.Keys(votes)) {
		row := turnoutRow{by: name, code: code, n: votes[code]}
		matched := uint64(0)
		for _, t := range turnouts[code] {
			matched += t.Votes
		}
		row.result, row.known = figures.Participate(append(turnouts[code], figures.Turnout{Votes: row.n - min(row.n, matched)}))
		rows = append(rows, row)
	}
	return rows, nil
}

// codeOf returns what t falls to in a column; false where it is not of e's place.
func (e *Edition) codeOf(column string, t *schema.Turnout) (string, bool) {
	reg := e.press.registry
	province := t.Comune.Province()
	region := reg.RegionOf()[province]
	switch of := e.place; {
	case of.Level == "region" && of.Code != region.String(), of.Level == "province" && of.Code != province.String():
		return "", false
	case of.Level == "comune" && !slices.Contains(e.codes, t.Comune):
		return "", false
	}
	switch column {
	case "macro_area":
		r, _ := reg.Region(region)
		return r.Area(), true
	case "region":
		return region.String(), true
	case "province":
		return province.String(), true
	case "comune":
		return t.Comune.String(), true
	case "channel":
		return t.Channel.String(), true
	case "category":
		s, _ := reg.Service(t.Service)
		return s.Category, true
	}
	return "", true
}
