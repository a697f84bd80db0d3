package query_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/query"
	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/schematest"
)

// held are counts in memory that are a memory's, apart from the store's.
type held struct {
	*memory
	clock   calendar.Clock
	changed []question.PlaceMonth // Since position 1 and later ones; nil: it keeps no diary.
}

func (h *held) View() question.View {
	h.mu.Lock()
	defer h.mu.Unlock()
	totals := make([]schema.LedgerTotals, len(h.ledger))
	copy(totals, h.ledger)
	for i := range totals { // Counts in memory know no states.
		totals[i].PartitionState = schema.PartitionState{Partition: totals[i].Partition}
	}
	view := &question.StoreView{Source: h.memory, Totals: totals, Clock: h.clock}
	if h.changed == nil {
		return view
	}
	return &diary{view, h.changed, h.cells}
}

// A diary is a view of cells that knows what has changed since position 1.
type diary struct {
	*question.StoreView
	changed []question.PlaceMonth
	cells   map[schema.Cell][schema.ValueMax]uint64
}

func (d *diary) Changed(since question.Position) ([]question.PlaceMonth, bool) {
	return slices.Clone(d.changed), since[0] > 0
}

func (d *diary) Span() (first, next schema.Hour) {
	for c := range d.cells {
		if next == 0 || c.Hour < first {
			first = c.Hour
		}
		next = max(next, c.Hour+1)
	}
	return first, next
}

// holding returns a world that answers from counts in memory.
func holding(t *testing.T) (*world, *held) {
	t.Helper()
	w := newWorld(t, query.Config{})
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	names := schematest.Lists(t)
	h := &held{memory: newMemory(t), clock: clock}
	parts := query.Parts{Store: func() query.Store { return w.memory }, Counts: h, Log: w.memory, Terminals: w.terms, Registry: names}
	w.reg = prometheus.NewRegistry()
	if w.server, err = query.New(parts, query.Telemetry{Registerer: w.reg}, query.Config{Disclosure: query.DisclosureNone}); err != nil {
		t.Fatal(err)
	}
	return w, h
}

// TestAnswersComeFromMemory: while the store is away as well.
func TestAnswersComeFromMemory(t *testing.T) {
	w, h := holding(t)
	at := hour(t, "2026-11-02T08:00:00Z")
	h.vote(cell(at), schema.Green, 7)
	var ledger struct {
		Totals     struct{ Counted uint64 }
		Partitions []struct{ State string }
	}
	w.get("/v1/ledger").json(t, &ledger) // The states are known from now on.
	w.memory.storeErr = errors.New("gone")
	var stats struct{ Rows []struct{ N uint64 } }
	w.get("/v1/stats?from=2026-11-02&to=2026-11-03").json(t, &stats)
	if len(stats.Rows) != 1 || stats.Rows[0].N != 7 {
		t.Errorf("got %+v, want the 7 votes in memory", stats.Rows)
	}
	w.get("/v1/ledger").json(t, &ledger)
	if ledger.Totals.Counted != 7 || len(ledger.Partitions) != 2 || ledger.Partitions[1].State != "ok" {
		t.Errorf("got ledger %+v, want the 7 votes in memory and the states last known", ledger)
	}
}

// TestCheckHoldsMemoryAgainstTheStore: what memory had before the store was read must
// be there, and what the store had must be in memory afterwards.
func TestCheckHoldsMemoryAgainstTheStore(t *testing.T) {
	at := hour(t, "2026-11-02T08:00:00Z")
	other := cell(at)
	other.Service = 2
	f := func(what, want string, differs int, set func(w *world, h *held)) {
		t.Helper()
		w, h := holding(t)
		for _, m := range []*memory{w.memory, h.memory} {
			m.vote(cell(at), schema.Green, 7)
			m.vote(other, schema.Red, 2)
		}
		set(w, h)
		got := w.get("/v1/stats?from=2026-11-02&to=2026-11-03&group=service&check=store")
		var answer struct {
			Meta struct {
				Check struct {
					Store, Reason string
					Rows, Differs int
				}
			}
		}
		got.json(t, &answer)
		if c := answer.Meta.Check; c.Store != want || c.Differs != differs || got.Header.Get("X-MLF-Check") != want || (c.Reason != "") != (want == "unknown") {
			t.Errorf("%s: got %+v, header %q, want %s and %d rows that differ", what, c, got.Header.Get("X-MLF-Check"), want, differs)
		}
	}
	f("the same", "agrees", 0, func(*world, *held) {})
	f("a vote is counted meanwhile", "agrees", 0, func(w *world, h *held) {
		w.memory.read = func() {
			w.memory.read = nil
			w.memory.vote(other, schema.Green, 1)
			h.vote(other, schema.Green, 1)
		}
	})
	f("the store is behind, and comes after", "agrees", 0, func(w *world, h *held) {
		h.vote(cell(at), schema.Green, 1)
		w.memory.tallied = 0
		go w.memory.vote(cell(at), schema.Green, 1)
	})
	f("memory has a vote too many", "differs", 1, func(_ *world, h *held) {
		values := h.cells[other]
		values[schema.Red-1]++
		h.cells[other] = values
	})
	f("memory has a vote too few, and a cell", "differs", 2, func(_ *world, h *held) {
		values := h.cells[cell(at)]
		values[schema.Green-1]--
		h.cells[cell(at)] = values
		delete(h.cells, other)
	})
	f("the store is away", "unknown", 0, func(w *world, _ *held) { w.memory.storeErr = errors.New("gone") })
	f("the log is away", "unknown", 0, func(w *world, _ *held) { w.memory.logErr = errors.New("no broker") })

	w := newWorld(t, query.Config{})
	w.get("/v1/stats?from=2026-11-02&to=2026-11-03&check=cube").problem(t, 400, "bad-parameter")
}
