package answer_test

import (
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/calendar"
	"mlf/query/cube/packed"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/schematest"
)

// cells counts as whoever answers a request does, of counts in memory.
type cells struct{ *packed.Cells }

func (c cells) Count(ctx context.Context, f *question.Frame) (*question.Counts, error) {
	f.RowsMax = 1_000_000
	return c.Counts(ctx, &f.Axes)
}

// BenchmarkComunePage: from the words of a request to the bytes of its answer, of a
// comune of 100 leaves with votes in every hour that offices are open.
func BenchmarkComunePage(b *testing.B) {
	reg := schematest.Lists(b)
	clock, err := calendar.Rome()
	if err != nil {
		b.Fatal(err)
	}
	v := question.NewVocabulary(reg, clock)
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	r := answer.Reading{Counter: cells{busyComune(v, clock, now)}, Moment: meta.Moment{Ledger: make([]schema.LedgerTotals, 4), At: now, Disclosure: "none"}}
	var page answer.Endpoint
	for _, e := range answer.Endpoints() {
		if e.Name == "comuni" {
			page = e
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		asked, err := page.Ask(v, question.Values{"comune": {"058091"}}, now)
		if err != nil {
			b.Fatal(err)
		}
		d, err := asked.Answer(b.Context(), r)
		if err != nil {
			b.Fatal(err)
		}
		if err := d.WriteJSON(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// busyComune is a country in which one comune has 100 leaves: 5 offices, 10 services
// and 2 channels, of the last three months.
func busyComune(v *question.Vocabulary, clock calendar.Clock, now time.Time) *packed.Cells {
	b := packed.NewBuilder(packed.Config{Clock: clock, RegionOf: v.RegionOf, FreshMax: 1 << 10})
	r := rand.New(rand.NewPCG(1, 2))
	last := schema.HourOf(now)
	for i := range 100 {
		cell := schema.Cell{
			Comune: 58091, Office: schema.OfficeCode("sede" + string(rune('a'+i%5))), Service: schema.ServiceID(1 + i/5%10),
			Channel: []schema.Channel{schema.ChannelCounter, schema.ChannelWeb}[i/50], Scale: schema.ScaleMLF3, Class: schema.ClassOK,
		}
		for h := last - 90*24; h < last; h++ {
			if of := h.Time().Hour(); of < 7 || of > 15 || r.IntN(10) > 0 {
				continue
			}
			leaf := b.Leaf(&cell)
			b.Add(leaf, h, &packed.Values{0: uint64(r.IntN(2)), 2: 1})
			if r.IntN(14) == 0 {
				b.AddReason(leaf, h, schema.KeyOfReason(schema.Red, schema.ReasonWaitingTime), 1)
			}
		}
	}
	return b.Cells()
}
