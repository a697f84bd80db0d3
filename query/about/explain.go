package about

import (
	"context"
	"fmt"
	"maps"
	"net/url"
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

// An explanation says in words how statistics that are asked for are made.
type explanation struct {
	*question.Question
	words words.Words
	check string // Where the same is compared with the store.
	sql   string // What a BI tool asks for the same; "" where it cannot.
}

func askExplain(w words.Words) func(*question.Vocabulary, question.Values, time.Time) (answer.Inquiry, error) {
	return func(v *question.Vocabulary, values question.Values, now time.Time) (answer.Inquiry, error) {
		e := &explanation{words: w}
		var err error
		if e.Question, err = v.Ask(values, now); err != nil {
			return nil, err
		}
		asked := url.Values(maps.Clone(values))
		for _, name := range []string{"format", "csv", "at_least"} {
			asked.Del(name)
		}
		asked.Set("check", "store")
		e.check, e.sql = "/v1/stats?"+asked.Encode(), words.SQL(e.Question, v.Registry())
		return e, nil
	}
}

// Questions returns the one question.
func (e *explanation) Questions() []*question.Question { return []*question.Question{e.Question} }

// Name names what is asked.
func (e *explanation) Name() string { return fmt.Sprintf("explain %s", e.Question) }

// Settled tells whether hardly a vote of it still comes.
func (e *explanation) Settled() bool { return answer.Settled(e.Question) }

// A sentence is one thing that is said.
type sentence struct {
	about string
	text  registry.Label
}

// Answer makes the explanation.
func (e *explanation) Answer(ctx context.Context, r answer.Reading) (*answer.Document, error) {
	f := e.Frame(e.Asked())
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	m := meta.Of(r.Moment, false, answer.Formulas(e.Scale())...)
	if e.Scale() == 0 {
		m.Formulas = []meta.Formula{}
	}
	m.Ask(e.Question, r.Ledger, &counts.Excluded)
	said := e.sentences(m)
	of := labelled{
		before: []format.Field{{Name: "about", Kind: format.KindText, Text: func(i int) (string, bool) { return said[i].about, true }}},
		label:  func(i int) registry.Label { return said[i].text },
	}
	line := func(name, text string) answer.Member {
		return answer.Value(name, func(dst []byte) []byte { return appendText(dst, text) })
	}
	return answer.New("explain", e.Asked(), m, answer.SheetOf(m, "explanation", len(said), flat(of)),
		answer.List("sentences", len(said), func(dst []byte, i int) []byte {
			dst = append(append(append(dst, `{"about":"`...), said[i].about...), `","label":{`...)
			return append(append(dst, membersOf(said[i].text)...), "}}"...)
		}),
		line("check", e.check), line("sql", e.sql)), nil
}

// appendText writes a text as JSON; an empty one is null.
func appendText(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, "null"...)
	}
	return append(append(append(dst, '"'), membersOf(text)...), '"')
}

// sentences says it all, what matters most first.
func (e *explanation) sentences(m *answer.Meta) []sentence {
	var said []sentence
	say := func(about, key string, parts map[string]registry.Label) {
		said = append(said, sentence{about, words.Filled(e.words.Of(key), parts)})
	}
	say("time", "explain.time", map[string]registry.Label{"from": words.Plain(m.From), "to": words.Plain(m.To)})
	for _, name := range slices.Sorted(maps.Keys(e.Filters)) {
		values := words.Plain(strings.Join(e.Filters[name], ", "))
		if slices.Equal(e.Filters[name], []string{"all"}) {
			values = e.words.Of("value.all")
		}
		say("filter", "explain.filter", map[string]registry.Label{"dimension": e.words.Of("dimension." + name), "values": values})
	}
	if len(e.Group) > 0 {
		say("group", "explain.group", map[string]registry.Label{"columns": e.words.Dimensions(e.Names())})
	}
	for _, part := range m.Excluded {
		switch votes := words.Plain(fmt.Sprint(part.Votes)); part.Name {
		case "quarantined", "conflicts":
			say("excluded", "explain."+part.Name, map[string]registry.Label{"votes": votes})
		default:
			say("excluded", "explain.excluded", map[string]registry.Label{"votes": votes, "class": words.Plain(part.Name)})
		}
	}
	say("position", "explain.position", map[string]registry.Label{"position": words.Plain(m.Position)})
	say("disclosure", "explain.disclosure", map[string]registry.Label{"rule": words.Plain(m.Disclosure)})
	return said
}
