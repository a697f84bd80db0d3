package about

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/answer/words"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema/registry"
)

// What of the past dimensions say: as much as one question may be of.
const dimensionMonths = 59

// dimensions are all dimensions, or one with its values.
type dimensions struct {
	*question.Question
	words words.Words
	all   []*question.Dimension
	of    *question.Dimension // Nil: all are told of.
	reg   *registry.Registry
}

// notOfDimensions are the filters that dimensions do not take: values are those of
// a place, or of all.
func notOfDimensions() []string {
	return []string{
		"from", "to", "period", "names", "macro_area", "population_class", "small", "office", "service", "category", "channel", "scale", "class",
		"quarter", "year", "weekday", "hour_of_day", "day_kind", "working_day",
	}
}

func askDimensions(w words.Words) func(*question.Vocabulary, question.Values, time.Time) (answer.Inquiry, error) {
	return func(v *question.Vocabulary, values question.Values, now time.Time) (answer.Inquiry, error) {
		d := &dimensions{words: w, all: v.Dimensions(), reg: v.Registry()}
		group := []string{"month"}
		if name, ok := values["dimension"]; ok {
			i := slices.IndexFunc(d.all, func(x *question.Dimension) bool { return x.Name == name[0] })
			if i < 0 {
				return nil, &question.Error{Parameter: "dimension", Detail: "no dimension has the name " + name[0], Missing: true}
			}
			d.of = d.all[i]
			if group = append(dimensionColumns(d.of), group...); d.of.Of == question.OfOffice && len(values["comune"])+len(values["province"]) == 0 {
				return nil, &question.Error{Parameter: "comune", Detail: "missing; offices are those of a comune, or of the comuni of a province"}
			}
		}
		if !slices.Contains(group, "scale") {
			group = append(group, "scale") // Counts of several are never added up; here nothing is but months.
		}
		clock := now.In(v.Clock().Zone())
		asked := question.Values{
			"from": {time.Date(clock.Year(), clock.Month()-dimensionMonths, 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}, "to": {now.UTC().Format(time.RFC3339)},
			"scale": {"mlf3,smiley4,stars5"}, "class": {"all"},
		}
		for _, name := range []string{"region", "province", "comune", "at_least"} {
			if given, ok := values[name]; ok {
				asked[name] = given
			}
		}
		asked["group"] = group
		var err error
		d.Question, err = v.Ask(asked, now)
		return d, err
	}
}

// dimensionColumns are the columns that tell values of d apart; none for time, which
// has as many values as there are.
func dimensionColumns(d *question.Dimension) []string {
	switch d.Of {
	case question.OfHour:
		return nil
	case question.OfOffice:
		return []string{"comune", "office"}
	default:
		return []string{d.Name}
	}
}

// Questions returns the one question.
func (d *dimensions) Questions() []*question.Question { return []*question.Question{d.Question} }

// Name names what is asked.
func (d *dimensions) Name() string {
	name := ""
	if d.of != nil {
		name = d.of.Name
	}
	return fmt.Sprintf("dimensions %s %s", name, d.Question)
}

// Settled tells that the answer may be kept a while.
func (d *dimensions) Settled() bool { return true }

// OfAnyClass marks inquiries whose votes are of every class since nobody asked for
// any: who is shown votes of one class is answered of these.
type OfAnyClass interface{ ofAnyClass() }

func (d *dimensions) ofAnyClass() {}

// A dimensionValue is one value of a dimension.
type dimensionValue struct {
	comune      string // Of an office.
	code        string
	label       registry.Label
	from, to    registry.Date // 0 for always.
	first, last string        // Months with data; "" for none.
}

// Answer makes the answer.
func (d *dimensions) Answer(ctx context.Context, r answer.Reading) (*answer.Document, error) {
	f := d.Frame(d.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	t := f.Table(counts)
	m := meta.Of(r.Moment, false)
	m.Ask(d.Question, r.Ledger, &counts.Excluded)
	m.Formulas = []meta.Formula{}
	month := slices.IndexFunc(t.Columns, func(c question.Column) bool { return c.Name == "month" })
	var whole dimensionValue
	of := make(map[string]*dimensionValue)
	for i := range t.Rows {
		row := &t.Rows[i]
		text := t.Columns[month].Text(row)
		whole.see(text)
		key := keyOf(t, row, month)
		if of[key] == nil {
			of[key] = &dimensionValue{code: t.Columns[max(month-1, 0)].Text(row)}
			if month > 1 {
				of[key].comune = t.Columns[0].Text(row)
			}
		}
		of[key].see(text)
	}
	data := answer.Object("data", []format.Field{optional("first", func(int) string { return whole.first }), optional("last", func(int) string { return whole.last })})
	if d.of == nil {
		fields := d.fields(d.all)
		return answer.New("dimensions", d.Span, m, answer.SheetOf(m, "dimensions", len(d.all), flat(fields)),
			data, objectsWithLabels("dimensions", len(d.all), fields)), nil
	}
	one := d.fields([]*question.Dimension{d.of})
	values := d.join(of)
	fields := d.valueFields(values)
	return answer.New("dimension", d.Span, m, answer.SheetOf(m, d.of.Name, len(values), flat(fields)),
		data, answer.Value("dimension", func(dst []byte) []byte { return appendLabelled(dst, one, 0) }),
		objectsWithLabels("values", len(values), fields)), nil
}

// see takes a month with data.
func (v *dimensionValue) see(month string) {
	if v.first == "" || month < v.first {
		v.first = month
	}
	v.last = max(v.last, month)
}

// join returns the values of d that there are, with the months of those that were
// counted, and those that were counted and are on no list.
func (d *dimensions) join(counted map[string]*dimensionValue) []dimensionValue {
	var values []dimensionValue
	for _, v := range d.words.Values(d.of.Name, d.reg) {
		values = append(values, dimensionValue{code: v.Code, label: v.Label, from: v.From, to: v.To})
	}
	there := make(map[string]bool)
	for i := range values {
		there[values[i].code] = true
		if c := counted[values[i].code]; c != nil {
			values[i].first, values[i].last = c.first, c.last
		}
	}
	var others []dimensionValue
	if d.of.Of != question.OfHour {
		for _, c := range counted {
			if !there[c.code] && (c.code != "" || d.of.Of == question.OfOffice) {
				if c.label = words.Plain(c.code); c.code == "" {
					c.label = d.words.Of("value.no_office")
				}
				others = append(others, *c)
			}
		}
	}
	slices.SortFunc(others, func(a, b dimensionValue) int {
		return cmp.Or(cmp.Compare(a.comune, b.comune), cmp.Compare(a.code, b.code))
	})
	return append(values, others...)
}

// A labelled are fields with a label between: an object in JSON, a column for each
// language in a table.
type labelled struct {
	before, after []format.Field
	label         func(i int) registry.Label
}

func (d *dimensions) fields(of []*question.Dimension) labelled {
	truth := func(name string, of func(i int) bool) format.Field {
		return format.Field{Name: name, Kind: format.KindTruth, Truth: func(i int) (bool, bool) { return of(i), true }}
	}
	return labelled{
		before: []format.Field{{Name: "dimension", Kind: format.KindText, Text: func(i int) (string, bool) { return of[i].Name, true }}},
		label:  func(i int) registry.Label { return d.words.Of("dimension." + of[i].Name) },
		after: []format.Field{
			{Name: "of", Kind: format.KindText, Text: func(i int) (string, bool) { return of[i].Of.String(), true }},
			truth("span", func(i int) bool { return of[i].Spans() }), truth("filter", func(i int) bool { return of[i].Filters() }),
		},
	}
}

func (d *dimensions) valueFields(values []dimensionValue) labelled {
	day := func(name string, of func(*dimensionValue) registry.Date) format.Field {
		return format.Field{Name: name, Kind: format.KindDay, Time: func(i int) (time.Time, bool) {
			on := of(&values[i])
			return time.Unix(int64(on)*24*60*60, 0).UTC(), on != 0
		}}
	}
	f := labelled{
		before: []format.Field{{Name: "code", Kind: format.KindText, Text: func(i int) (string, bool) { return values[i].code, true }}},
		label:  func(i int) registry.Label { return values[i].label },
		after: []format.Field{
			day("valid_from", func(v *dimensionValue) registry.Date { return v.from }), day("valid_to", func(v *dimensionValue) registry.Date { return v.to }),
			optional("first", func(i int) string { return values[i].first }), optional("last", func(i int) string { return values[i].last }),
		},
	}
	if d.of.Of == question.OfOffice {
		f.before = append([]format.Field{{Name: "comune", Kind: format.KindText, Text: func(i int) (string, bool) { return values[i].comune, true }}}, f.before...)
	}
	return f
}

// flat returns fields with a column for each language.
func flat(l labelled) []format.Field {
	fields := slices.Clone(l.before)
	for _, lang := range registry.Langs() {
		fields = append(fields, format.Field{Name: "label_" + string(lang), Kind: format.KindText, Text: func(i int) (string, bool) { return l.label(i).In(lang), true }})
	}
	return append(fields, l.after...)
}

func objectsWithLabels(name string, n int, l labelled) answer.Member {
	return answer.List(name, n, func(dst []byte, i int) []byte { return appendLabelled(dst, l, i) })
}

func appendLabelled(dst []byte, l labelled, i int) []byte {
	dst = format.AppendMembers(append(dst, '{'), l.before, i)
	dst = append(append(append(dst, `,"label":{`...), membersOf(l.label(i))...), `},`...)
	return append(format.AppendMembers(dst, l.after, i), '}')
}

// membersOf writes the members of v, a struct or a text of this package's making.
func membersOf(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("BUG: an answer is not JSON: " + err.Error())
	}
	return text[1 : len(text)-1] // Without the braces.
}

// keyOf names a row by its first columns.
func keyOf(t *question.Table, r *question.Count, columns int) string {
	texts := make([]string, columns)
	for k := range texts {
		texts[k] = t.Columns[k].Text(r)
	}
	return strings.Join(texts, "\x00")
}
