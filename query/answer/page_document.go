package answer

import (
	"cmp"
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/turnout"
)

func comparePageCells(a, b *pageCell) int {
	return cmp.Or(strings.Compare(a.service, b.service), strings.Compare(a.channel, b.channel))
}

// compare makes what the page says of the time before: as it was counted, and with
// the mix of now.
func (c *counted) compare() {
	spans := [2]calendar.Span{c.Compare.Of, c.Compare.With}
	for i, of := range [2]part{partPassed, partBefore} {
		q := *c.Question
		q.Span = spans[i]
		s := &side{
			selection: &selection{inquiry: inquiry{Question: &q}}, strata: make(strata, 0, len(c.cells)),
			observed: c.observe(c.values[of], c.statusIn(spans[i], sum(c.values[of]), of), 0),
		}
		for _, cell := range c.cells {
			if sum(cell.values[of]) > 0 {
				s.strata.add(stratum{cell.channel, cell.category}, cell.values[of])
			}
		}
		c.sides[i] = s
	}
	c.sides[0].letter, c.sides[1].letter = "of", "with"
	c.mix = (&comparison{mix: "of"}).weights(c.sides[:])
	for _, s := range c.sides {
		s.standardise(c.kit, c.mix)
	}
	pairs := []pair{c.differ(c.sides[1], c.sides[0], false)}
	discover(c.kit, pairs)
	c.apart = pairs[0]
}

func (c *counted) document() *Document {
	status := statusOf(c.Span, c.Now)
	whole := plus(c.values[partPassed], c.values[partRest])
	headline := c.observe(whole, c.statusIn(c.Span, sum(whole), partPassed, partRest), 0)
	kept := c.cells[:0]
	for _, cell := range c.cells {
		if cell.now = c.observe(plus(cell.values[partPassed], cell.values[partRest]), status|cell.status, 0); cell.now.n > 0 || sum(cell.values[partBefore]) > 0 {
			kept = append(kept, cell)
		}
	}
	c.cells = kept
	d := &Document{
		Name: c.endpoint, Span: c.Span, Meta: c.meta, rows: len(c.cells),
		sheet: func() *format.Sheet { return sheetOf(c.meta, "services and channels", len(c.cells), c.cellFields()) },
		members: []member{
			object("place", c.placeOfPage()),
			{"headline", notArray, func(dst []byte, _ int) []byte { return append(c.appendObservation(append(dst, '{'), &headline), '}') }},
			{"comparison", notArray, func(dst []byte, _ int) []byte { return c.appendComparison(dst) }},
			{"services", len(c.cells), func(dst []byte, i int) []byte { return c.appendCell(dst, c.cells[i]) }},
			c.motivesMember(),
			{"days", len(c.days), func(dst []byte, i int) []byte { return c.appendDay(dst, &c.days[i]) }},
			object("participation", turnoutFields(func(int) *turnout.Row { return &c.use })[1:]),
			object("coverage", c.coverageFields()),
		},
	}
	if c.places != nil {
		d.members = append(d.members, member{"places", len(c.parts), func(dst []byte, i int) []byte {
			dst = format.AppendText(append(append(append(dst, `{"`...), c.within...), '"'), ":", c.parts[i].code)
			return append(c.appendObservation(append(dst, ','), &c.parts[i].observation), '}')
		}})
	}
	return d
}

// placeOfPage are what a page says of its place.
func (c *counted) placeOfPage() []format.Field {
	return []format.Field{
		optional("level", func(int) string { return c.place.Level }),
		optional("code", func(int) string { return c.place.Code }), optional("name", func(int) string { return c.place.Name }),
	}
}

func (c *counted) cellFields() []format.Field {
	text := func(name string, of func(*pageCell) string) format.Field {
		return format.Field{Name: name, Kind: format.KindText, Text: func(i int) (string, bool) { return of(c.cells[i]), true }}
	}
	fields := []format.Field{
		text("service", func(cell *pageCell) string { return cell.service }),
		text("category", func(cell *pageCell) string { return cell.category }),
		text("channel", func(cell *pageCell) string { return cell.channel }),
	}
	fields = append(fields, c.fields("", func(i int) *observation { return &c.cells[i].now })...)
	return append(fields,
		format.Field{Name: "compare_n", Kind: format.KindCount, Count: func(i int) (uint64, bool) { return sum(c.cells[i].values[partBefore]), true }},
		shareField("n_change", func(i int) (float64, bool) {
			return figures.Change(sum(c.cells[i].values[partBefore]), sum(c.cells[i].values[partPassed]))
		}))
}

// appendCell writes a cell, as cellFields has it.
func (c *counted) appendCell(dst []byte, cell *pageCell) []byte {
	dst = format.AppendText(dst, `{"service":`, cell.service)
	dst = format.AppendText(dst, `,"category":`, cell.category)
	dst = format.AppendText(dst, `,"channel":`, cell.channel)
	dst = c.appendObservation(append(dst, ','), &cell.now)
	before := sum(cell.values[partBefore])
	dst = format.AppendCount(dst, `,"compare_n":`, before)
	change, ok := figures.Change(before, sum(cell.values[partPassed]))
	return append(format.AppendNumber(dst, `,"n_change":`, change, ok), '}')
}

// appendDay writes a day that has begun. Shares are left to who draws them: a day of a
// comune has few votes.
func (c *counted) appendDay(dst []byte, d *pageDay) []byte {
	dst = append(d.day.Append(append(dst, `{"day":"`...)), '"', ',')
	if o := (observation{n: d.n, status: d.status}); o.hidden() {
		dst = append(dst, c.noSizes()...)
	} else {
		dst = format.AppendCount(c.appendValues(dst, &d.values), `,"n":`, d.n)
	}
	return append(format.AppendStatus(dst, `,"status":`, d.status.String()), '}')
}

// appendComparison writes how the time asked for, as far as it can be compared,
// differs from the one before.
func (c *counted) appendComparison(dst []byte) []byte {
	dst = append(dst, '{')
	for i, name := range [...]string{"of", "with"} {
		span := [2]calendar.Span{c.Compare.Of, c.Compare.With}[i]
		dst = append(append(append(dst, '"'), name...), `":{"from":"`...)
		dst = append(append(append(dst, span.From.String()...), `","to":"`...), span.Next.String()...)
		dst = c.appendObservation(append(dst, '"', ','), &c.sides[i].observed)
		dst = append(c.appendStandard(append(dst, `,"standardised":`...), c.sides[i]), '}', ',')
	}
	change, ok := figures.Change(c.sides[1].observed.n, c.sides[0].observed.n)
	dst = format.AppendNumber(dst, `"n_change":`, change, ok)
	dst = c.appendApart(dst)
	mix := mixOf(c.sides[:], c.mix)
	dst = append(dst, `,"mix":[`...)
	for i := range mix.n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = mix.append(dst, i)
	}
	return append(dst, ']', '}')
}

// appendStandard writes the figures of a side with the mix, as standardFields has them.
func (c *counted) appendStandard(dst []byte, side *side) []byte {
	return appendByMeasure(dst, c.kit, func(dst []byte, measure string) []byte {
		s, ok := side.standard.get(measure)
		dst = appendEstimate(dst, [...]string{`{"value":`, `,"low":`, `,"high":`}, s.Estimate, ok)
		dst = format.AppendNumber(dst, `,"crude":`, s.Crude, ok)
		return append(format.AppendNumber(dst, `,"covered":`, s.Covered, ok), '}')
	})
}

// appendApart writes how the sides differ, as crudeFields and apartFields have it.
func (c *counted) appendApart(dst []byte) []byte {
	difference := [...]string{`{"difference":`, `,"difference_low":`, `,"difference_high":`}
	dst = appendByMeasure(append(dst, `,"crude":`...), c.kit, func(dst []byte, measure string) []byte {
		e, ok := c.apart.subtracted.get(measure)
		dst = appendEstimate(dst, difference, e, ok)
		d, tested := c.apart.tested.get(measure)
		q, _ := c.apart.q.get(measure)
		dst = format.AppendNumber(dst, `,"p":`, d.P, tested)
		return append(format.AppendNumber(dst, `,"q":`, q, tested), '}')
	})
	return appendByMeasure(append(dst, `,"standardised":`...), c.kit, func(dst []byte, measure string) []byte {
		e, ok := c.apart.standard.get(measure)
		return append(appendEstimate(dst, difference, e, ok), '}')
	})
}

// motivesMember is what was answered to why, by value.
func (c *counted) motivesMember() member {
	return member{"reasons", len(c.motives), func(dst []byte, i int) []byte { return c.appendMotive(append(dst, '{'), &c.motives[i]) }}
}

// coverageFields are what votes of the time asked for come from.
func (c *counted) coverageFields() []format.Field {
	count := func(name string, n int) format.Field {
		return format.Field{Name: name, Kind: format.KindCount, Count: func(int) (uint64, bool) { return uint64(n), n != unknown }}
	}
	var fields []format.Field
	if c.places == nil {
		fields = append(fields, count("offices", c.offices))
	} else {
		fields = append(fields, count("comuni", c.comuni), count("comuni_of", c.place.Comuni))
	}
	return append(fields, count("services", c.services), count("channels", c.channels),
		format.Field{Name: "last_vote", Kind: format.KindHour, Time: func(int) (time.Time, bool) { return c.lastVote.Time(), c.lastVote > 0 }})
}

// pages are the endpoints of pages.
func pages() []Endpoint {
	return []Endpoint{
		{
			Name: "comuni", Place: "comune", Served: true, Enrolled: true,
			Not: []string{"macro_area", "region", "province", "comune", "population_class", "small"},
			Ask: askPage("comuni", "comune", ""),
		},
		{Name: "regions", Place: "region", Served: true, Enrolled: true, Not: []string{"macro_area", "region"}, Ask: askPage("regions", "region", "province")},
		{Name: "national", Served: true, Enrolled: true, Ask: askPage("national", "", "region")},
	}
}

// optional is a field of texts that is null where there is none.
func optional(name string, of func(i int) string) format.Field {
	return format.Field{Name: name, Kind: format.KindText, Text: func(i int) (string, bool) { text := of(i); return text, text != "" }}
}
