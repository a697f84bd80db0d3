package query_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mlf/query"
	"mlf/schema"
)

// aDay fills the memory with a day of votes that ends at now.
func aDay(w *world, now time.Time) {
	comuni := []schema.ComuneID{roma, 15146, bolzano, 63049, 1272, 48017, 82053, 37006, 92009}
	perHour := []uint64{0, 0, 0, 0, 0, 0, 1, 12, 60, 95, 110, 84, 40, 22, 48, 66, 52, 18, 5, 2, 1, 0, 0, 0}
	last := schema.HourOf(now)
	for i := range schema.Hour(24) {
		n := perHour[(last - i).Time().In(w.memory.rome).Hour()]
		for k, comune := range comuni {
			c := cell(last - i)
			c.Comune = comune
			many := n * uint64(len(comuni)-k)
			w.memory.vote(c, schema.Green, many*uint64(84+k)/100)
			w.memory.vote(c, schema.Yellow, many*9/100)
			w.memory.vote(c, schema.Red, many*uint64(7+i%3)/100)
		}
	}
	m := w.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ledger[0].Add(schema.Tally{VotesIn: 1250, Duplicates: 1204, Conflicts: 3, Voided: 43})
	m.ledger[0].Newest = schema.InstantOf(now.Add(-2 * time.Second))
	m.ledger[1] = schema.LedgerTotals{
		PartitionState: schema.PartitionState{Partition: 1, State: schema.StateOK}, Next: 120,
		Tally: schema.Tally{Records: 119, VotesIn: 4100, Counted: 4100},
	}
	m.ends[1] = 120
}

// serve answers with what w's server says to those whom wrap lets through.
func (w *world) serve(t *testing.T, wrap func(next http.Handler) http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(wrap(w.server.Handler()))
	t.Cleanup(srv.Close)
	return srv.URL + "/"
}

func asItIs(next http.Handler) http.Handler { return next }

// aWorld is a day of votes that ends at now.
func aWorld(t *testing.T, now time.Time) *world {
	t.Helper()
	w := newWorld(t, query.Config{Now: func() time.Time { return now }})
	aDay(w, now)
	return w
}

// An afternoon in winter: Rome is an hour ahead.
func afternoon() time.Time { return time.Date(2026, 11, 22, 15, 31, 7, 0, time.UTC) }
