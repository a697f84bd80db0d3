package answer

import (
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
)

// document writes the sides, how they differ, and the mix.
func (c *comparison) document(m *Meta, k kit, sides []*side, pairs []pair, weights []weight) *Document {
	told := k
	told.clustered = true // The effect is always told here, whether it widens the intervals or not.
	observed := told.fields("", func(i int) *observation { return &sides[i].observed })
	selections := func(dst []byte, i int) []byte {
		s := sides[i]
		dst = append(append(append(dst, `{"selection":"`...), s.letter...), `",`...)
		dst = append(append(dst, membersOf(s.about)...), ',')
		dst = format.AppendMembers(dst, observed, i)
		dst = appendByMeasure(append(dst, `,"standardised":`...), k, func(dst []byte, measure string) []byte {
			return appendObject(dst, standardFields(measure, false, func(int) *side { return s }), 0)
		})
		return append(dst, '}')
	}
	differences := func(dst []byte, i int) []byte {
		p := &pairs[i]
		dst = append(append(append(dst, `{"selection":"`...), p.letter...), `","against":"a","shared":`...)
		dst = appendTruth(dst, p.shared)
		dst = appendByMeasure(append(dst, `,"crude":`...), k, func(dst []byte, measure string) []byte {
			return appendObject(dst, crudeFields(measure, false, func(int) *pair { return p }), 0)
		})
		dst = appendByMeasure(append(dst, `,"standardised":`...), k, func(dst []byte, measure string) []byte {
			return appendObject(dst, apartFields(measure, false, func(int) *pair { return p }), 0)
		})
		return append(dst, '}')
	}
	return &Document{
		Name: "compare", Span: spanOf(sides), Meta: m, Sheet: sheetOf(m, "compare", len(sides), c.columns(k, sides, pairs)),
		members: []member{{"selections", len(sides), selections}, {"differences", len(pairs), differences}, mixOf(sides, weights)},
	}
}

// spanOf returns the time from the first hour of all sides to the last.
func spanOf(sides []*side) question.Span {
	span := sides[0].Span
	for _, s := range sides {
		span = calendar.Span{From: min(span.From, s.From), Next: max(span.Next, s.Next)}
	}
	return span
}

// appendByMeasure writes an object with a member for each measure.
func appendByMeasure(dst []byte, k kit, appendOne func(dst []byte, measure string) []byte) []byte {
	dst = append(dst, '{')
	for i, measure := range k.compared() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendOne(append(append(append(dst, '"'), measure...), '"', ':'), measure)
	}
	return append(dst, '}')
}

func appendTruth(dst []byte, truth bool) []byte {
	if truth {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

// named returns fields under their own names, in an object of one measure, or under
// names that say of which, in a table of all.
func named(prefix string, whole bool, fields ...format.Field) []format.Field {
	if whole {
		for i := range fields {
			fields[i].Name = prefix + "_" + fields[i].Name
		}
	}
	return fields
}

// standardFields are the fields of a measure with the mix. Crude is the same measure
// with the selection's own.
func standardFields(measure string, whole bool, of func(i int) *side) []format.Field {
	field := func(name string, part func(figures.Standardised) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) {
			s, ok := of(i).standard.get(measure)
			return part(s), ok
		})
	}
	return named(measure+"_standardised", whole,
		field("value", func(s figures.Standardised) float64 { return s.Value }),
		field("low", func(s figures.Standardised) float64 { return s.Low }),
		field("high", func(s figures.Standardised) float64 { return s.High }),
		field("crude", func(s figures.Standardised) float64 { return s.Crude }),
		field("covered", func(s figures.Standardised) float64 { return s.Covered }))
}

// crudeFields are the fields of a difference as it was counted; nil has none.
func crudeFields(measure string, whole bool, of func(i int) *pair) []format.Field {
	estimate := func(name string, part func(figures.Estimate) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) {
			if of(i) == nil {
				return 0, false
			}
			e, ok := of(i).subtracted.get(measure)
			return part(e), ok
		})
	}
	test := func(name string, part func(*pair) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) {
			if of(i) == nil {
				return 0, false
			}
			_, ok := of(i).tested.get(measure)
			return part(of(i)), ok
		})
	}
	return named(measure, whole,
		estimate("difference", func(e figures.Estimate) float64 { return e.Value }),
		estimate("difference_low", func(e figures.Estimate) float64 { return e.Low }),
		estimate("difference_high", func(e figures.Estimate) float64 { return e.High }),
		test("p", func(p *pair) float64 { d, _ := p.tested.get(measure); return d.P }),
		test("q", func(p *pair) float64 { q, _ := p.q.get(measure); return q }))
}

// apartFields are the fields of a difference with the same mix.
func apartFields(measure string, whole bool, of func(i int) *pair) []format.Field {
	field := func(name string, part func(figures.Estimate) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) {
			if of(i) == nil {
				return 0, false
			}
			e, ok := of(i).standard.get(measure)
			return part(e), ok
		})
	}
	return named(measure+"_standardised", whole,
		field("difference", func(e figures.Estimate) float64 { return e.Value }),
		field("difference_low", func(e figures.Estimate) float64 { return e.Low }),
		field("difference_high", func(e figures.Estimate) float64 { return e.High }))
}

// mixOf is the member of the mix: what each stratum weighs, and the votes of each
// selection in it.
func mixOf(sides []*side, weights []weight) member {
	all := 0.0
	for _, w := range weights {
		all += float64(w.votes)
	}
	fields := []format.Field{
		{Name: "channel", Kind: format.KindText, Text: func(i int) (string, bool) { return weights[i].channel, true }},
		{Name: "category", Kind: format.KindText, Text: func(i int) (string, bool) { return weights[i].category, true }},
		shareField("weight", func(i int) (float64, bool) { return float64(weights[i].votes) / max(all, 1), true }),
	}
	var votes []format.Field
	for _, s := range sides {
		votes = append(votes, format.Field{Name: s.letter, Kind: format.KindCount, Count: func(i int) (uint64, bool) {
			return sum(s.strata.at(weights[i].stratum)), true
		}})
	}
	return member{"mix", len(weights), func(dst []byte, i int) []byte {
		dst = format.AppendMembers(append(dst, '{'), fields, i)
		return append(appendObject(append(dst, `,"n":`...), votes, i), '}')
	}}
}

// columns are the fields of a table with a row for each selection.
func (c *comparison) columns(k kit, sides []*side, pairs []pair) []format.Field {
	told := k
	told.clustered = true
	text := func(name string, of func(*side) string) format.Field {
		return format.Field{Name: name, Kind: format.KindText, Text: func(i int) (string, bool) { return of(sides[i]), true }}
	}
	fields := []format.Field{
		text("selection", func(s *side) string { return s.letter }),
		{Name: "from", Kind: format.KindHour, Time: func(i int) (time.Time, bool) { return sides[i].From.Time(), true }},
		{Name: "to", Kind: format.KindHour, Time: func(i int) (time.Time, bool) { return sides[i].Next.Time(), true }},
		text("filters", func(s *side) string { return strings.Join(s.about.FilterTexts(), " ") }),
	}
	fields = append(fields, told.fields("", func(i int) *observation { return &sides[i].observed })...)
	side := func(i int) *side { return sides[i] }
	other := func(i int) *pair {
		if i == 0 {
			return nil
		}
		return &pairs[i-1]
	}
	for _, measure := range k.compared() {
		fields = append(fields, crudeFields(measure, true, other)...)
		fields = append(fields, standardFields(measure, true, side)...)
		fields = append(fields, apartFields(measure, true, other)...)
	}
	return append(fields, format.Field{Name: "shared", Kind: format.KindTruth, Truth: func(i int) (bool, bool) {
		if p := other(i); p != nil {
			return p.shared, true
		}
		return false, false
	}})
}
