package answer

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
)

// An explanation says in words how statistics that are asked for are made.
type explanation struct {
	inquiry
	words
	check string // Where the same is compared with the store.
	sql   string // What a BI tool asks for the same; "" where it cannot.
}

func askExplain(w words) func(*question.Vocabulary, question.Values, time.Time) (Inquiry, error) {
	return func(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
		e := &explanation{inquiry: inquiry{endpoint: "explain"}, words: w}
		var err error
		if e.Question, err = v.Ask(values, now); err != nil {
			return nil, err
		}
		asked := url.Values(maps.Clone(values))
		for _, name := range []string{"format", "csv", "at_least"} {
			asked.Del(name)
		}
		asked.Set("check", "store")
		e.check, e.sql = "/v1/stats?"+asked.Encode(), sqlOf(e.Question, v.Registry())
		return e, nil
	}
}

// A sentence is one thing that is said.
type sentence struct {
	about string
	text  registry.Label
}

// Answer makes the explanation.
func (e *explanation) Answer(ctx context.Context, r Reading) (*Document, error) {
	f := e.Frame(e.Asked())
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	k := kit{scale: e.Scale()}
	m := metaOf(r, false)
	if m.Formulas = []Formula{}; k.scale != 0 {
		m = metaOf(r, false, k.formulas()...)
	}
	m.Ask(e.Question, r.Ledger, &counts.Excluded)
	said := e.sentences(m, counts)
	of := labelled{
		before: []format.Field{{Name: "about", Kind: format.KindText, Text: func(i int) (string, bool) { return said[i].about, true }}},
		label:  func(i int) registry.Label { return said[i].text },
	}
	line := func(name, text string) member {
		return member{name, notArray, func(dst []byte, _ int) []byte { return appendText(dst, text) }}
	}
	return &Document{
		Name: "explain", Span: e.Asked(), Meta: m, Sheet: sheetOf(m, "explanation", len(said), flat(of)),
		members: []member{
			{"sentences", len(said), func(dst []byte, i int) []byte {
				dst = append(append(append(dst, `{"about":"`...), said[i].about...), `","label":{`...)
				return append(append(dst, membersOf(said[i].text)...), "}}"...)
			}},
			line("check", e.check), line("sql", e.sql),
		},
	}, nil
}

// appendText writes a text as JSON; an empty one is null.
func appendText(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, "null"...)
	}
	return append(append(append(dst, '"'), membersOf(text)...), '"')
}

// sentences says it all, what matters most first.
func (e *explanation) sentences(m *Meta, counts *question.Counts) []sentence {
	var said []sentence
	say := func(about, key string, parts map[string]registry.Label) {
		said = append(said, sentence{about, filled(e.of(key), parts)})
	}
	say("time", "explain.time", map[string]registry.Label{"from": plain(m.From), "to": plain(m.To)})
	for _, name := range slices.Sorted(maps.Keys(e.Filters)) {
		values := plain(strings.Join(e.Filters[name], ", "))
		if slices.Equal(e.Filters[name], []string{"all"}) {
			values = e.of("value.all")
		}
		say("filter", "explain.filter", map[string]registry.Label{"dimension": e.of("dimension." + name), "values": values})
	}
	if len(e.Group) > 0 {
		say("group", "explain.group", map[string]registry.Label{"columns": e.columns()})
	}
	for _, part := range m.Excluded {
		switch votes := plain(fmt.Sprint(part.votes)); part.name {
		case "quarantined", "conflicts":
			say("excluded", "explain."+part.name, map[string]registry.Label{"votes": votes})
		default:
			say("excluded", "explain.excluded", map[string]registry.Label{"votes": votes, "class": plain(part.name)})
		}
	}
	say("position", "explain.position", map[string]registry.Label{"position": plain(m.Position)})
	say("disclosure", "explain.disclosure", map[string]registry.Label{"rule": plain(m.Disclosure)})
	return said
}

// columns are the names of the group's columns.
func (e *explanation) columns() registry.Label {
	var all registry.Label
	for i, d := range e.Group {
		name := e.of("dimension." + d.Name)
		if i > 0 {
			all.IT, all.EN, all.DE = all.IT+", ", all.EN+", ", all.DE+", "
		}
		all.IT, all.EN, all.DE = all.IT+name.IT, all.EN+name.EN, all.DE+name.DE
	}
	return all
}

// sqlOf returns what asks the view of BI tools for the same; "" where it has no words
// for it: places of another day, kinds of days.
func sqlOf(q *question.Question, reg *registry.Registry) string {
	where := []string{fmt.Sprintf("hour >= '%s' AND hour < '%s'", sqlTime(q.Asked().From), sqlTime(q.Asked().Next))}
	for _, name := range slices.Sorted(maps.Keys(q.Filters)) {
		values := q.Filters[name]
		switch name {
		case "comune":
			var codes []string
			for _, text := range values {
				if id, err := schema.ParseComune(text); err == nil {
					for _, code := range reg.Codes(id) {
						codes = append(codes, fmt.Sprint(uint32(code)))
					}
				}
			}
			where = append(where, "comune_code IN ("+strings.Join(codes, ", ")+")")
		case "office", "service", "channel", "scale", "class", "category":
			if !slices.Contains(values, "all") {
				where = append(where, name+" IN ("+sqlTexts(values)+")")
			}
		case "weekday", "hour_of_day":
			where = append(where, name+" IN ("+strings.Join(values, ", ")+")")
		default:
			return ""
		}
	}
	columns := make([]string, 0, len(q.Group))
	for _, d := range q.Group {
		switch d.Name {
		case "comune", "office", "service", "category", "channel", "scale", "class", "hour", "day", "weekday", "hour_of_day":
			columns = append(columns, d.Name)
		default:
			return ""
		}
	}
	counts := "sum(v1) AS v1, sum(v2) AS v2, sum(v3) AS v3, sum(v4) AS v4, sum(v5) AS v5, sum(votes) AS n"
	if q.Faces {
		counts = "sum(green) AS green, sum(yellow) AS yellow, sum(red) AS red, sum(votes) AS n"
	}
	sql := "SELECT " + strings.Join(append(slices.Clone(columns), counts), ", ") + " FROM bi_votes WHERE " + strings.Join(where, " AND ")
	if by := strings.Join(columns, ", "); by != "" {
		sql += " GROUP BY " + by + " ORDER BY " + by
	}
	return sql
}

func sqlTime(h schema.Hour) string { return h.Time().UTC().Format(time.DateTime) }

// sqlTexts writes texts as literals.
func sqlTexts(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = "'" + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "'", `\'`) + "'"
	}
	return strings.Join(quoted, ", ")
}
