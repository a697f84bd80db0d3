package query

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// A form is what an answer is written in.
type form string

const (
	formJSON  form = "json"
	formCSV   form = "csv"
	formExcel form = "excel"
)

// readForm returns the form that is asked for.
func readForm(values url.Values, accept []string) (form, error) {
	name, err := question.Single(values, "format")
	switch {
	case err != nil:
		return "", err
	case !values.Has("format") && prefersCSV(accept):
		return formCSV, nil
	case !values.Has("format"):
		return formJSON, nil
	}
	if f := form(name); slices.Contains([]form{formJSON, formCSV, formExcel}, f) {
		return f, nil
	}
	return "", badParameter("format", "%q: want json, csv or excel", name)
}

// encode writes the answer to q.
func (s *Server) encode(q *statsQuestion, a *answered, next string) (*body, error) {
	left := leftOut(q.Question, a.view.Ledger(), &a.excluded)
	header := http.Header{}
	header.Set("X-MLF-Excluded", left.String())
	header.Set("X-MLF-Span", textOf(q.Asked()))
	if q.Compare != nil {
		header.Set("X-MLF-Compare", textOf(q.Compare.With))
	}
	if next != "" {
		header.Set("X-MLF-Cursor", next)
	}
	if a.check != nil {
		header.Set("X-MLF-Check", string(a.check.Store))
	}
	rows := &format.Rows{Table: a.table, Zone: s.clock.Zone(), Interval: interval, Marks: q.Marked()}
	n := len(a.table.Rows)
	switch q.form {
	case formJSON:
	case formCSV:
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		header.Set("Content-Disposition", `inline; filename="`+s.fileName(q.Question)+`"`)
		return write(header, n, rows.AppendCSVHeader(nil), rows.AppendCSV, "")
	case formExcel:
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		header.Set("Content-Disposition", `attachment; filename="`+s.fileName(q.Question)+`"`)
		return write(header, n, rows.AppendExcelHeader(nil), rows.AppendExcel, "")
	}
	header.Set("Content-Type", "application/json")
	head, err := s.head(q, a, left, next)
	if err != nil {
		return nil, err
	}
	return write(header, n, head, rows.AppendJSON, "]}\n")
}

// formula names how a row's shares are made, in every answer that has them.
const formula = "green_share = green / n; green_low and green_high: Wilson score interval, 95 % (z = 1.959964)"

// interval returns the interval of the share k/n, 0 < n.
func interval(k, n uint64) (low, high float64) {
	e, _ := figures.Share(k, n, figures.Independent)
	return e.Low, e.High
}

// textOf writes a span as a header has it.
func textOf(s question.Span) string { return s.From.String() + "/" + s.Next.String() }

// fileName says which days are in the file, by Rome's clock, the last inclusive.
func (s *Server) fileName(q *question.Question) string {
	first, last := s.clock.DayOf(q.From), s.clock.DayOf(q.Next-1)
	return "mlf_" + first.String() + "_" + last.String() + ".csv"
}

// write makes a body of head, every row by appendRow, and tail.
func write(header http.Header, rows int, head []byte, appendRow func(dst []byte, i int) []byte, tail string) (*body, error) {
	var w bodyWriter
	buf := slices.Grow(head, chunkBytes+1024)
	for i := range rows {
		buf = appendRow(buf, i)
		if len(buf) >= chunkBytes {
			_, _ = w.Write(buf) // Never fails.
			buf = buf[:0]
		}
	}
	_, _ = w.Write(append(buf, tail...))
	return w.body(header, rows)
}

// An omission is what an answer does not show: of each class that was not asked
// for the votes that the question would count otherwise, and of all that ever
// came in the quarantined ones and the conflicts.
type omission []struct {
	name  string
	votes uint64
}

func leftOut(q *question.Question, ledger []schema.LedgerTotals, excluded *[schema.ClassMax + 1]uint64) omission {
	var left omission
	add := func(name string, votes uint64) {
		left = append(left, struct {
			name  string
			votes uint64
		}{name, votes})
	}
	for _, class := range schema.Classes() {
		if q.LeavesOut(class) {
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

	Check *check `json:"check,omitempty"`

	*marks
	NextCursor string `json:"next_cursor,omitempty"`
}

// marks say more of the time, to who asked for a period, a comparison or rows of
// nothing.
type marks struct {
	Period  string   `json:"period,omitempty"`
	Running bool     `json:"running"`
	Fill    string   `json:"fill,omitempty"`
	Compare *ofTimes `json:"compare,omitempty"`
}

// ofTimes is the other time of a comparison.
type ofTimes struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func marksOf(q *question.Question) *marks {
	if !q.Marked() {
		return nil
	}
	m := &marks{Period: q.Period, Running: q.Running()}
	if q.Fill {
		m.Fill = "zero"
	}
	if q.Compare != nil {
		m.Compare = &ofTimes{q.Compare.With.From.String(), q.Compare.With.Next.String()}
	}
	return m
}

// head returns the answer up to its first row.
func (s *Server) head(q *statsQuestion, a *answered, left omission, next string) ([]byte, error) {
	meta := statsMeta{
		From:        q.Asked().From.String(),
		To:          q.Asked().Next.String(),
		Rounded:     q.Rounded,
		TimeZone:    s.clock.Zone().String(),
		Group:       q.Names(),
		Filters:     q.Filters,
		Top:         q.top,
		Excluded:    left,
		Formula:     formula,
		GeneratedAt: s.now(),
		Ledger:      question.PositionOf(a.view.Ledger()),
		Disclosure:  s.cfg.Disclosure,
		Check:       a.check,
		marks:       marksOf(q.Question),
		NextCursor:  next,
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
