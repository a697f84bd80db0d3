package answer_test

import (
	"context"
	"io"
	"testing"
	"time"
	_ "time/tzdata" // As main does.

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/schematest"
)

// An even country has the same votes in each comune, but for their number.
type evenCountry struct{ codes []schema.ComuneID }

func (c evenCountry) Count(_ context.Context, f *question.Frame) (*question.Counts, error) {
	f.RowsMax = 1_000_000
	sums := make(map[question.Key][schema.ValueMax]uint64)
	for i, code := range c.codes {
		k := question.Key{}
		if f.Comune != nil {
			k.Comune = f.Comune(code)
		}
		sum := sums[k]
		sum[0], sum[1], sum[2] = sum[0]+uint64(i%40), sum[1]+uint64(i%7), sum[2]+uint64(i%300)
		sums[k] = sum
	}
	counts := new(question.Counts)
	for k, values := range sums {
		counts.Rows = append(counts.Rows, question.Count{Key: k, Values: values})
	}
	return counts, nil
}

func BenchmarkRankingOfAllComuni(b *testing.B) {
	names := schematest.Lists(b)
	clock, err := calendar.Rome()
	if err != nil {
		b.Fatal(err)
	}
	words := question.NewVocabulary(names, clock)
	now := time.Date(2026, 11, 26, 11, 40, 0, 0, time.UTC)
	for _, e := range answer.Endpoints() {
		if e.Name != "ranking" {
			continue
		}
		asked, err := e.Ask(words, question.Values{"period": {"2026-Q3"}, "by": {"comune"}}, now)
		if err != nil {
			b.Fatal(err)
		}
		var d *answer.Document
		b.Run("made", func(b *testing.B) {
			for b.Loop() {
				if d, err = asked.Answer(b.Context(), answer.Reading{Counter: evenCountry{words.Codes()}, Moment: meta.Moment{At: now}}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("written", func(b *testing.B) {
			for b.Loop() {
				if err := d.WriteJSON(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
