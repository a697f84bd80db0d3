package query

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"mlf/schema"
)

// A format is what an answer is written in.
type format string

const (
	formatJSON  format = "json"
	formatCSV   format = "csv"
	formatExcel format = "excel"
)

// formatOf returns the format of that name, "" for none.
func formatOf(name string) format {
	if f := format(name); slices.Contains([]format{formatJSON, formatCSV, formatExcel}, f) {
		return f
	}
	return ""
}

// encode writes the answer to q, whose rows are in order.
func (s *Server) encode(q *question, ledger []schema.LedgerTotals, answer schema.StatsAnswer) (*body, error) {
	left := leftOut(q, ledger, answer.Excluded)
	header := http.Header{}
	header.Set("X-MLF-Excluded", left.String())
	header.Set("X-MLF-Span", q.From.String()+"/"+q.Next.String())
	e := &rowEncoder{group: q.Group, names: q.group, faces: q.faces, services: s.codes, zone: s.rome}
	switch q.format {
	case formatJSON:
	case formatCSV:
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		header.Set("Content-Disposition", `inline; filename="`+s.fileName(q)+`"`)
		return write(header, answer.Rows, e.appendHeader(nil), e.appendCSV, "")
	case formatExcel:
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		header.Set("Content-Disposition", `attachment; filename="`+s.fileName(q)+`"`)
		return write(header, answer.Rows, e.appendExcelHeader(nil), e.appendExcel, "")
	}
	header.Set("Content-Type", "application/json")
	head, err := s.head(q, ledger, left)
	if err != nil {
		return nil, err
	}
	return write(header, answer.Rows, head, e.appendJSON, "]}\n")
}

// fileName says which days are in the file, by Rome's clock, the last inclusive.
func (s *Server) fileName(q *question) string {
	first, last := q.From.Time().In(s.rome), (q.Next - 1).Time().In(s.rome)
	return "mlf_" + first.Format(time.DateOnly) + "_" + last.Format(time.DateOnly) + ".csv"
}

// write makes a body of head, every row by appendRow, and tail.
func write(header http.Header, rows []schema.StatsRow, head []byte,
	appendRow func(dst []byte, i int, row *schema.StatsRow) []byte, tail string,
) (*body, error) {
	var w bodyWriter
	buf := slices.Grow(head, chunkBytes+1024)
	for i := range rows {
		buf = appendRow(buf, i, &rows[i])
		if len(buf) >= chunkBytes {
			_, _ = w.Write(buf) // Never fails.
			buf = buf[:0]
		}
	}
	_, _ = w.Write(append(buf, tail...))
	return w.body(header, len(rows))
}

// An omission is what an answer does not show: of each class that was not asked
// for the votes that the question would count otherwise, and of all that ever
// came in the quarantined ones and the conflicts.
type omission []struct {
	name  string
	votes uint64
}

func leftOut(q *question, ledger []schema.LedgerTotals, excluded map[schema.Class]uint64) omission {
	var left omission
	add := func(name string, votes uint64) {
		left = append(left, struct {
			name  string
			votes uint64
		}{name, votes})
	}
	for _, class := range schema.Classes() {
		if len(q.Classes) > 0 && !slices.Contains(q.Classes, class) {
			add(class.String(), excluded[class])
		}
	}
	var all schema.Tally
	for i := range ledger {
		all.Add(ledger[i].Tally)
	}
	add("quarantined", all.Quarantined)
	add("conflicts", all.Conflicts)
	return left
}

// String writes o as a header has it.
func (o omission) String() string {
	var texts []string
	for _, part := range o {
		texts = append(texts, fmt.Sprintf("%s=%d", part.name, part.votes))
	}
	return strings.Join(texts, ", ")
}

// MarshalJSON writes o as an object.
func (o omission) MarshalJSON() ([]byte, error) {
	dst := []byte{'{'}
	for i, part := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, "%q:%d", part.name, part.votes)
	}
	return append(dst, '}'), nil
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
	Excluded    omission            `json:"excluded"`
	Formula     string              `json:"formula"`
	GeneratedAt time.Time           `json:"generated_at"`
	Ledger      []schema.Offset     `json:"ledger"`
	Disclosure  string              `json:"disclosure"`
}

// head returns the answer up to its first row.
func (s *Server) head(q *question, ledger []schema.LedgerTotals, left omission) ([]byte, error) {
	next := make([]schema.Offset, len(ledger))
	for i := range ledger {
		next[i] = ledger[i].Next
	}
	meta := statsMeta{
		From:        q.From.String(),
		To:          q.Next.String(),
		Rounded:     q.rounded,
		TimeZone:    s.rome.String(),
		Group:       append([]string{}, q.group...),
		Filters:     q.filters,
		Top:         q.top,
		Excluded:    left,
		Formula:     formula,
		GeneratedAt: s.now(),
		Ledger:      next,
		Disclosure:  s.cfg.Disclosure,
	}
	body, err := json.Marshal(meta)
	if err != nil {
		return nil, fmt.Errorf("encode meta: %w", err)
	}
	head := append([]byte(`{"meta":`), body...)
	return append(head, `,"rows":[`...), nil
}

// now returns the server's time as answers show it: UTC, to the millisecond.
func (s *Server) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }
