package query

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"mlf/schema"
)

// serveStats answers GET /v1/stats. Everything that can go wrong goes wrong
// before the first byte; from then on only the client can leave.
func (s *Server) serveStats(w http.ResponseWriter, r *http.Request) error {
	q, err := ask(r, s.Registry, clock{s.cfg.Now(), s.rome})
	if err != nil {
		return err
	}
	if err := s.stats.enter(r.Context()); err != nil {
		return err
	}
	defer s.stats.leave()
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.StoreTimeout)
	defer cancel()
	// The ledger before the rows: so whoever finds a vote's offset below the
	// ledger's finds the vote in the rows.
	ledger, err := s.Store.Next(ctx)
	if err != nil {
		return storeProblem(fmt.Errorf("read ledger: %w", err))
	}
	tag := s.tagOf(q, ledger)
	h := w.Header()
	if notModified(r, tag) {
		describe(h, tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	rows, err := s.rows(ctx, q)
	if err != nil {
		return err
	}
	describe(h, tag)
	enc := &rowEncoder{group: q.Group, names: q.group, faces: q.faces, services: s.codes}
	if q.csv {
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		h.Set("Content-Disposition", `inline; filename="mlf-stats.csv"`)
		s.stream(w, enc.appendHeader(nil), rows, enc.appendCSV, "")
		return nil
	}
	head, err := s.head(q, ledger)
	if err != nil {
		return err
	}
	h.Set("Content-Type", "application/json")
	s.stream(w, head, rows, enc.appendJSON, "]}\n")
	return nil
}

// rows reads the rows and puts them in the order in which they are shown.
func (s *Server) rows(ctx context.Context, q *question) (rows []schema.StatsRow, err error) {
	if !q.nothing {
		q.RowsMax = s.cfg.RowsMax
		if rows, err = s.Store.Stats(ctx, q.StatsQuery); err != nil {
			return nil, storeProblem(fmt.Errorf("read stats: %w", err))
		}
	}
	if len(rows) > s.cfg.RowsMax {
		return nil, tooMuch("group", "more than %d rows; ask for a shorter time, a coarser time column or fewer places",
			s.cfg.RowsMax)
	}
	if len(q.Group) == 0 && len(rows) == 0 {
		rows = make([]schema.StatsRow, 1) // Nothing counted is an answer, too.
	}
	s.sort(rows, q)
	if q.top > 0 {
		rows = rows[:min(q.top, len(rows))]
	}
	return rows, nil
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

// statsMeta says what was asked and how far the answer reaches.
type statsMeta struct {
	From        string              `json:"from"`
	To          string              `json:"to"`
	Rounded     bool                `json:"rounded"`
	TimeZone    string              `json:"time_zone"`
	Group       []string            `json:"group"`
	Filters     map[string][]string `json:"filters"`
	Top         int                 `json:"top,omitempty"`
	Formula     string              `json:"formula"`
	GeneratedAt time.Time           `json:"generated_at"`
	Ledger      []schema.Offset     `json:"ledger"`
	Disclosure  string              `json:"disclosure"`
}

// head returns the answer up to its first row.
func (s *Server) head(q *question, ledger []schema.Offset) ([]byte, error) {
	meta := statsMeta{
		From:        q.From.String(),
		To:          q.Next.String(),
		Rounded:     q.rounded,
		TimeZone:    s.rome.String(),
		Group:       append([]string{}, q.group...),
		Filters:     q.filters,
		Top:         q.top,
		Formula:     formula,
		GeneratedAt: s.now(),
		Ledger:      ledger,
		Disclosure:  s.cfg.Disclosure,
	}
	body, err := json.Marshal(meta)
	if err != nil {
		return nil, fmt.Errorf("encode meta: %w", err)
	}
	head := append([]byte(`{"meta":`), body...)
	return append(head, `,"rows":[`...), nil
}

// chunkBytes is how much of an answer is written at once.
const chunkBytes = 32 << 10

// stream writes head, every row by appendRow, and tail. Each chunk has its own
// deadline: a slow reader may take long, one that stopped reading may not.
func (s *Server) stream(w http.ResponseWriter, head []byte, rows []schema.StatsRow,
	appendRow func(dst []byte, i int, row *schema.StatsRow) []byte, tail string,
) {
	conn := http.NewResponseController(w)
	flush := func(chunk []byte) bool {
		// Not every ResponseWriter has deadlines; those of a server do.
		_ = conn.SetWriteDeadline(time.Now().Add(chunkTimeout))
		_, err := w.Write(chunk)
		return err == nil
	}
	buf := slices.Grow(head, chunkBytes+1024)
	for i := range rows {
		buf = appendRow(buf, i, &rows[i])
		if len(buf) >= chunkBytes {
			if !flush(buf) {
				return
			}
			buf = buf[:0]
		}
	}
	s.metrics.rows.Add(float64(len(rows)))
	flush(append(buf, tail...))
}

// now returns the server's time as answers show it: UTC, to the millisecond.
func (s *Server) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }
