package disclosure_test

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

// An october is a month of the whole country: 110,000 spots, 2.8 million votes, by
// province.
type october struct {
	places disclosure.Places
	votes  map[schema.ProvinceID][]schema.SpotDay
	total  uint64
}

const (
	octoberSpots = 110_241
	octoberVotes = 2_790_000
)

// newOctober spreads votes over spots as unevenly as they are: the mean is 25, half
// of the spots have fewer than 9.
func newOctober(b *testing.B) *october {
	b.Helper()
	reg := schematest.Lists(b)
	o := &october{places: disclosure.PlacesOf(reg, registry.Date(day(time.October, 1))), votes: make(map[schema.ProvinceID][]schema.SpotDay)}
	rng := rand.New(rand.NewPCG(10, 2026)) //nolint:gosec // A test's.
	for i := range octoberSpots {
		comune := o.places.Comuni[rng.IntN(len(o.places.Comuni))]
		spot := schema.Spot{Comune: comune, Service: schema.ServiceID(1 + i%20), Channel: schema.Channel(1 + i%5), Scale: schema.ScaleMLF3}
		if i%3 == 0 {
			spot.Office = schema.OfficeCode([]string{"centro", "nord", "sud"}[i%9/3])
		}
		var days [31]schema.SpotDay
		mean := float64(octoberVotes) / octoberSpots
		for range int(mean*math.Exp(1.45*rng.NormFloat64()-1.45*1.45/2)) + 1 {
			d := &days[rng.IntN(31)]
			value := min(2, rng.IntN(10))
			d.Values[value]++
			if rng.IntN(2) == 0 {
				d.Reasons = with(d.Reasons, schema.KeyOfReason(schema.Value(value+1), schema.Reason(1+rng.IntN(4))))
			}
			o.total++
		}
		for d := range days {
			if days[d].Values != [schema.ValueMax]uint64{} {
				days[d].Spot, days[d].Day = spot, day(time.October, 1+d)
				o.votes[comune.Province()] = append(o.votes[comune.Province()], days[d])
			}
		}
	}
	return o
}

func (o *october) Ledger() []schema.LedgerTotals           { return nil }
func (o *october) Version(schema.Hour, schema.Hour) string { return "" }

// Counts is of one province, or of all by month.
func (o *october) Counts(_ context.Context, a *question.Axes) (*question.Counts, error) {
	if a.Comune == nil {
		row := question.Count{Key: question.Key{Hour: a.Hours[noon(day(time.October, 1))-a.From]}}
		row.Values[0] = o.total
		return &question.Counts{Rows: []question.Count{row}}, nil
	}
	var counts question.Counts
	if len(a.Comuni) == 0 {
		return &counts, nil
	}
	of := o.votes[a.Comuni[len(a.Comuni)-1].Province()]
	for i := range of {
		v := &of[i]
		key := question.Key{
			Comune: a.Comune(v.Comune), Office: a.Office(v.Office), Service: a.Service(v.Service),
			Channel: a.Channel(v.Channel), Scale: a.Scale(v.Scale), Hour: a.Hours[noon(v.Day)-a.From],
		}
		if key.Comune < 0 {
			continue
		}
		counts.Rows = append(counts.Rows, question.Count{Key: key, Values: v.Values})
		for _, r := range v.Reasons {
			counts.Reasons = append(counts.Reasons, question.ReasonCount{Key: key, Reason: r.Key, N: r.N})
		}
	}
	return &counts, nil
}

// A paperLedger keeps the lots.
type paperLedger struct {
	lots  []schema.Lot
	level [8]uint64 // Votes by the level of their lots.
	same  uint64    // Of level LotOffice or LotChannel, those of lots of one day.
	heap  uint64    // The most in use when something was written.
}

func (p *paperLedger) Releases(context.Context) ([]schema.Release, time.Time, error) {
	return nil, time.Time{}, nil
}

func (p *paperLedger) Taken(context.Context, schema.LotQuery, func(*schema.SpotDay) error) error {
	return nil
}

func (p *paperLedger) Lots(context.Context, schema.LotQuery, func(schema.AttemptID, *schema.Lot) error) error {
	return nil
}

func (p *paperLedger) WriteTurnout(context.Context, schema.AttemptID, schema.Day, []schema.Turnout) error {
	return nil
}
func (p *paperLedger) WriteRelease(context.Context, schema.Release) error { return nil }

func (p *paperLedger) WriteLots(_ context.Context, _ schema.AttemptID, lots []schema.Lot, _ []schema.Taken) error {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.heap = max(p.heap, m.HeapInuse)
	for i := range lots {
		l := &lots[i]
		p.level[l.Level] += l.N()
		if l.Level <= schema.LotChannel && l.First == l.Last {
			p.same += l.N()
		}
	}
	p.lots = append(p.lots, lots...)
	return nil
}

// BenchmarkOctober publishes the country's month and puts the lots in memory: what
// a night takes at most, and what a lot takes.
func BenchmarkOctober(b *testing.B) {
	o := newOctober(b)
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var paper *paperLedger
	for b.Loop() {
		paper = new(paperLedger)
		if _, err := disclosure.Publish(b.Context(), &disclosure.Rules{Places: o.places}, paper, o, day(time.November, 4)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(o.total), "votes")
	b.ReportMetric(float64(len(paper.lots)), "lots")
	b.ReportMetric(float64(paper.heap-before.HeapInuse)/(1<<20), "MiB")
	for level, name := range map[schema.LotLevel]string{
		schema.LotService: "%service", schema.LotComune: "%comune", schema.LotProvince: "%province",
	} {
		b.ReportMetric(100*float64(paper.level[level])/float64(o.total), name)
	}
	b.ReportMetric(100*float64(paper.same)/float64(o.total), "%day")
}

// BenchmarkAnswers asks a comune's page and the nation's month of a year of lots.
func BenchmarkAnswers(b *testing.B) {
	o := newOctober(b)
	paper := new(paperLedger)
	if _, err := disclosure.Publish(b.Context(), &disclosure.Rules{Places: o.places}, paper, o, day(time.November, 4)); err != nil {
		b.Fatal(err)
	}
	lots := disclosure.NewLots(rome(b), o.places).With(1, paper.lots)
	paper.lots = nil
	month := window(1, 32)
	b.Run("comune", func(b *testing.B) {
		a := month
		a.Comuni, a.Reasons = []schema.ComuneID{58091}, true
		a.Comune = func(id schema.ComuneID) question.Group { return out(id == 58091) }
		a.Service, a.Channel = each[schema.ServiceID], each[schema.Channel]
		ask(b, lots, &a)
	})
	b.Run("regions", func(b *testing.B) {
		a := month
		a.Comune = func(id schema.ComuneID) question.Group { return question.Group(o.places.RegionOf[id.Province()]) }
		ask(b, lots, &a)
	})
	b.Run("regions-by-day", func(b *testing.B) {
		a := month
		a.Comune = func(id schema.ComuneID) question.Group { return question.Group(o.places.RegionOf[id.Province()]) }
		for d := 1; d < 32; d++ {
			n := int(midnight(day(time.October, d+1)) - midnight(day(time.October, d)))
			a.Hours = append(a.Hours, slices.Repeat([]question.Group{question.Group(d)}, n)...)
		}
		ask(b, lots, &a)
	})
	b.ReportMetric(float64(lots.Bytes()), "B")
}

func ask(b *testing.B, lots *disclosure.Lots, a *question.Axes) {
	b.Helper()
	for b.Loop() {
		if _, err := lots.Counts(b.Context(), a); err != nil {
			b.Fatal(err)
		}
	}
}
