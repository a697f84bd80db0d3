package about

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/calendar"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema/annotation"
	"mlf/schema/registry"
)

// annotations are the breaks and events on days and votes that are asked for.
type annotations struct {
	*question.Question
	of question.Span // All time, where none is asked for.
}

// notOfAnnotations are the common parameters that annotations do not take: what they are
// about is no class of votes and no hour.
func notOfAnnotations() []string {
	return []string{"at_least", "names", "class", "quarter", "year", "weekday", "hour_of_day", "day_kind", "working_day"}
}

func askAnnotations(v *question.Vocabulary, values question.Values, now time.Time) (answer.Inquiry, error) {
	asked := maps.Clone(values)
	a := &annotations{of: question.Span{Next: 1 << 30}}
	always := len(values["from"])+len(values["to"])+len(values["period"]) == 0
	if always {
		asked["period"] = []string{"today"}
	}
	if _, ok := values["scale"]; !ok {
		asked["scale"] = []string{"mlf3,smiley4,stars5"}
	}
	asked["group"] = []string{"scale"}
	var err error
	if a.Question, err = v.Ask(asked, now); err != nil {
		return nil, err
	}
	if !always {
		a.of = a.Span
	}
	return a, nil
}

// Questions returns none: nothing is counted.
func (a *annotations) Questions() []*question.Question { return nil }

// Name names what is asked.
func (a *annotations) Name() string { return fmt.Sprintf("annotations %d %s", a.of, a.Question) }

// Settled tells that the answer may be kept a while.
func (a *annotations) Settled() bool { return true }

// Answer makes the answer.
func (a *annotations) Answer(_ context.Context, r answer.Reading) (*answer.Document, error) {
	notes := r.Notes.About(a.Question, a.of, r.At)
	day := func(name string, of func(i int) registry.Date) format.Field {
		return format.Field{Name: name, Kind: format.KindDay, Time: func(i int) (time.Time, bool) { return calendar.Day(of(i)).Time(), true }}
	}
	text := func(lang registry.Lang) format.Field {
		return optional("text_"+string(lang), func(i int) string { return notes[i].Text.In(lang) })
	}
	fields := []format.Field{
		optional("id", func(i int) string { return notes[i].ID }), optional("kind", func(i int) string { return string(notes[i].Kind) }),
		day("from", func(i int) registry.Date { return notes[i].From }), day("to", func(i int) registry.Date { return notes[i].To }),
		optional("scope", func(i int) string { return notes[i].ScopeText() }),
	}
	for _, lang := range registry.Langs() {
		fields = append(fields, text(lang))
	}
	m := meta.Of(r.Moment, false)
	m.Formulas = []meta.Formula{}
	rows := answer.List("rows", len(notes), func(dst []byte, i int) []byte { return appendAnnotation(dst, notes[i].Annotation) })
	return answer.New("annotations", a.Span, m, answer.SheetOf(m, "annotations", len(notes), fields), rows), nil
}

// appendAnnotation writes an annotation as JSON, with all that a record may leave out.
func appendAnnotation(dst []byte, a *annotation.Annotation) []byte {
	told := struct {
		ID    string              `json:"id"`
		Kind  annotation.Kind     `json:"kind"`
		From  string              `json:"from"`
		To    string              `json:"to"`
		Scope map[string][]string `json:"scope"`
		Text  registry.Label      `json:"text"`
	}{a.ID, a.Kind, a.From.String(), a.To.String(), a.Scope, registry.Label{}}
	told.Text = registry.Label{IT: a.Text.IT, EN: a.Text.In(registry.English), DE: a.Text.In(registry.German)}
	if told.Scope == nil {
		told.Scope = map[string][]string{}
	}
	text, err := json.Marshal(told)
	if err != nil {
		panic("BUG: an annotation is not JSON: " + err.Error())
	}
	return append(dst, text...)
}
