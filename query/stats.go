package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"mlf/schema"
)

// serveStats answers GET /v1/stats. Everything that can go wrong goes wrong
// before the first byte; from then on only the client can leave.
func (s *Server) serveStats(w http.ResponseWriter, r *http.Request) error {
	q, err := ask(r, s.Registry, clock{s.cfg.Now(), s.rome})
	if err != nil {
		return err
	}
	// The ledger before the rows: so whoever finds a vote's offset below the
	// ledger's finds the vote in the rows.
	ledger, err := s.tallies.get(r.Context())
	if err != nil {
		return err
	}
	tag := s.tagOf(q, ledger)
	if notModified(r, tag) {
		describe(w.Header(), tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	// Whoever asks the same, having found the ledger where it is now, gets the
	// same answer.
	b, err := s.stats.get(r.Context(), tag, func(ctx context.Context) (*body, error) { return s.answer(ctx, q, ledger) })
	if err != nil {
		return err
	}
	return s.send(w, r, tag, b)
}

// answer reads and encodes the answer to q. What should be cheap has its own
// turn; what asks for much, or has turned out to, takes another's place never.
func (s *Server) answer(ctx context.Context, q *question, ledger []schema.LedgerTotals) (*body, error) {
	if !q.isWide() {
		b, err := s.read(ctx, s.narrow, *q, ledger)
		if !errors.Is(err, schema.ErrTooDear) {
			return b, err
		}
	}
	wide := *q
	wide.Wide = true
	return s.read(ctx, s.wide, wide, ledger)
}

// read reads and encodes within a gate: what is there of the rows is bounded,
// too. It is over before anybody is written to.
func (s *Server) read(ctx context.Context, g gate, q question, ledger []schema.LedgerTotals) (*body, error) {
	patience := gateWait
	if q.Wide {
		patience = wideWait
	}
	if err := g.enter(ctx, patience); err != nil {
		return nil, err
	}
	defer g.leave()
	answer, err := s.rows(ctx, &q)
	if err != nil {
		return nil, err
	}
	return s.encode(&q, ledger, answer)
}

// rows reads the rows and puts them in the order in which they are shown.
func (s *Server) rows(ctx context.Context, q *question) (answer schema.StatsAnswer, err error) {
	if !q.nothing {
		bounded, cancel := context.WithTimeout(ctx, s.cfg.StoreTimeout)
		defer cancel()
		q.RowsMax = s.cfg.RowsMax
		answer, err = s.Store.Stats(bounded, q.StatsQuery)
	}
	switch {
	case errors.Is(err, schema.ErrTooManyRows):
		return answer, tooMuch("group", "more than %d rows; ask for a shorter time, a coarser time column or fewer places", s.cfg.RowsMax)
	case err != nil:
		return answer, s.storeProblem(ctx, fmt.Errorf("read stats: %w", err))
	case len(q.Group) == 0 && len(answer.Rows) == 0:
		answer.Rows = make([]schema.StatsRow, 1) // Nothing counted is an answer, too.
	}
	s.sort(answer.Rows, q)
	if q.top > 0 {
		answer.Rows = answer.Rows[:min(q.top, len(answer.Rows))]
	}
	return answer, nil
}

// sort puts the rows in the order in which they are shown: of the columns' texts.
func (s *Server) sort(rows []schema.StatsRow, q *question) {
	compare := compareRows(q.Group, s.codes)
	slices.SortFunc(rows, func(a, b schema.StatsRow) int { return compare(&a, &b) })
	if q.top > 0 {
		slices.SortStableFunc(rows, func(a, b schema.StatsRow) int {
			return cmp.Compare(b.N(), a.N())
		})
	}
}
