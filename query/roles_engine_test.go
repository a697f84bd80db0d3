package query_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store"
	"mlf/query"
	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
	book "mlf/schema/served"
)

// A later store is some minutes ahead, so that a release holds at once.
type later struct{ *store.Store }

func (l later) Releases(ctx context.Context) ([]schema.Release, time.Time, error) {
	headers, now, err := l.Store.Releases(ctx)
	return headers, now.Add(2 * disclosure.SettleAfter), err
}

// publishing returns w's server anew, whose public is shown the lots of w's engine,
// and the shelf that has them, once something is published.
func (w *served) publishing(t *testing.T) *disclosure.Shelf {
	t.Helper()
	names := schematest.Lists(t)
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	places := func(d schema.Day) disclosure.Places { return disclosure.PlacesOf(names, registry.Date(d)) }
	shelf, err := disclosure.NewShelf(later{w.store}, places, disclosure.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	view := &question.StoreView{Source: w.store, Codes: question.NewVocabulary(names, clock).Codes(), Clock: clock}
	releaser, err := disclosure.NewReleaser(disclosure.ReleaserConfig{
		Places: places, Ledger: later{w.store}, Served: w.book, View: func() (question.View, error) { return view, nil },
	}, disclosure.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	parts := query.Parts{Store: func() query.Store { return w.store }, Log: w.memory, Terminals: w.terms, Registry: names, Published: shelf}
	if w.server, err = query.New(parts, query.Telemetry{Registerer: prometheus.NewRegistry()}, query.Config{Disclosure: query.DisclosureLots}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- releaser.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	until(t, func() bool {
		if err := shelf.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		return shelf.Last() != nil
	})
	return shelf
}

// TestTheEnginePublishes: what the public is answered are the lots that the engine
// keeps, of all votes that are not too few.
func TestTheEnginePublishes(t *testing.T) {
	w := newServed(t)
	at := schema.HourOf(time.Now().Add(-72 * time.Hour))
	var rows []schema.Rollup
	for i, n := range []uint64{7, 2, 3, 1} {
		c := cell(at + schema.Hour(i%2))
		c.Service = schema.ServiceID(i + 1)
		rows = append(rows, schema.Rollup{Cell: c, Values: [schema.ValueMax]uint64{1, 0, n - 1}})
	}
	if err := w.store.WriteRollups(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	shelf := w.publishing(t)
	if shelf.Last().K != disclosure.KDefault {
		t.Errorf("got %+v, want a release by the usual rule", shelf.Last())
	}
	span := fmt.Sprintf("/v1/stats?from=%s&to=%s", time.Now().AddDate(0, 0, -6).Format(time.DateOnly), time.Now().AddDate(0, 0, 1).Format(time.DateOnly))
	var stats struct{ Rows []struct{ N uint64 } }
	w.get(span+"&group=service").json(t, &stats)
	if got := fmt.Sprint(stats.Rows); got != "[{7} {3}]" {
		t.Errorf("services: got %s, want those of three votes or more", got)
	}
	counts, err := shelf.Lots().Counts(t.Context(), &question.Axes{Next: schema.HourOf(time.Now()), RowsMax: 10})
	if err != nil {
		t.Fatal(err)
	}
	w.get(span).json(t, &stats)
	if len(counts.Rows) != 1 || len(stats.Rows) != 1 || stats.Rows[0].N != counts.Rows[0].N() {
		t.Errorf("got %v, lots have %v", stats.Rows, counts.Rows)
	}
}

// TestNoAnswerIsOfFewerThanThree polls what the public may ask, night after night, as
// one or two vote here and there: no figure, and no growth of one, is of one vote or
// two.
func TestNoAnswerIsOfFewerThanThree(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		rng := rand.New(rand.NewPCG(1, 9)) //nolint:gosec // A test's.
		groups := []string{"", "&group=comune", "&group=day", "&group=month,comune,service", "&group=comune,day,channel", "&group=service,channel", "&group=week,region", "&group=weekday"}
		before, shown := make(map[string]uint64), 0
		for range 12 {
			for range 3 {
				c := cell(schema.HourOf(time.Now()))
				c.Comune = []schema.ComuneID{roma, milano}[rng.IntN(2)]
				c.Service, c.Channel = schema.ServiceID(1+rng.IntN(2)), schema.Channels()[rng.IntN(2)]
				g.memory.vote(c, schema.Value(1+rng.IntN(3)), uint64(1+rng.IntN(2)))
				pass(8 * time.Hour)
			}
			for _, group := range groups {
				shown += g.pollFor(group, before)
			}
		}
		if shown < 100 {
			t.Errorf("%d figures were shown: want many", shown)
		}
	})
}

// pollFor asks by a group, holds what grew since before against three, and returns
// how many figures there were.
func (g *guarded) pollFor(group string, before map[string]uint64) int {
	g.t.Helper()
	got := g.get("/v1/stats?from=2000-01-01&to=2000-03-01" + group)
	if got.StatusCode != http.StatusOK {
		return 0 // Before the first release.
	}
	var stats struct{ Rows []map[string]any }
	got.json(g.t, &stats)
	for _, row := range stats.Rows {
		name := group
		for _, column := range []string{"comune", "day", "month", "service", "channel", "week", "region", "weekday"} {
			name += fmt.Sprint(" ", row[column])
		}
		n, _ := row["n"].(float64)
		if grown := uint64(n) - before[name]; grown == 1 || grown == 2 {
			g.t.Errorf("%s: %d after %d", name, uint64(n), before[name])
		}
		before[name] = uint64(n)
	}
	return len(stats.Rows)
}

// TestTheEngineKeepsBulletins: what a process makes of the engine's tables another does,
// to the byte, and others' libraries read it (MLF_PYTHON).
func TestTheEngineKeepsBulletins(t *testing.T) {
	w := newServed(t)
	month := time.Now().UTC().AddDate(0, 0, -62) // The month of it is over, and its first vintage due.
	at := schema.HourOf(time.Date(month.Year(), month.Month(), 10, 9, 0, 0, 0, time.UTC))
	c := cell(at)
	if err := w.store.WriteRollups(t.Context(), []schema.Rollup{{Cell: c, Values: [schema.ValueMax]uint64{3, 0, 9}}}); err != nil {
		t.Fatal(err)
	}
	w.book.SetComplete()
	w.book.Note(book.Served{
		Key: book.Key{Comune: c.Comune, Service: c.Service, Channel: c.Channel, Day: schema.Day(at / 24)}, Users: 60, Revision: 1,
	})
	w.publishing(t)
	address := "/v1/bulletin/" + month.Format("2006-01")
	var b bulletinOf
	first := w.get(address + "?vintage=1")
	first.json(t, &b)
	if len(b.Participation) == 0 || b.Headline.N != 12 || b.Participation[0].Participation == nil || *b.Participation[0].Participation != 0.2 {
		t.Errorf("got %s", first.body)
	}
	w.book.Note(book.Served{
		Key: book.Key{Comune: c.Comune, Service: c.Service, Channel: c.Channel, Day: schema.Day(at / 24)}, Users: 99, Revision: 2,
	})
	w.publishing(t) // Another process, as it were.
	if again := w.get(address + "?vintage=1"); !bytes.Equal(again.body, first.body) || again.Header.Get("ETag") != first.Header.Get("ETag") {
		t.Errorf("another made %s of what was %s", again.body, first.body)
	}
	w.othersRead(t, address)
}
