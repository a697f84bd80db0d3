package query

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"mlf/query/answer/meta"
	"mlf/query/departure"
	"mlf/query/figures"
	"mlf/query/form"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// encode writes the answer to q.
func (s *Server) encode(q *statsQuestion, a *answered, next string) (*departure.Body, error) {
	left := meta.LeftOut(q.Question, a.view.Ledger(), &a.excluded)
	header := http.Header{}
	header.Set("X-Mlf-Excluded", left.String())
	header.Set("X-Mlf-Span", textOf(q.Asked()))
	if q.Compare != nil {
		header.Set("X-Mlf-Compare", textOf(q.Compare.With))
	}
	if next != "" {
		header.Set("X-Mlf-Cursor", next)
	}
	if a.check != nil {
		header.Set("X-Mlf-Check", string(a.check.Store))
	}
	rows := &format.Rows{Table: a.table, Zone: s.clock.Zone(), Interval: interval, Marks: q.Marked()}
	if a.status != nil {
		rows.Status = func(r *question.Count) string { return a.status(r).String() }
	}
	n := len(a.table.Rows)
	q.form.Describe(header, s.fileName("", q.Asked()))
	switch q.form {
	case form.JSON:
	case form.CSV:
		return form.Rows(header, n, rows.AppendCSVHeader(nil), rows.AppendCSV, "")
	case form.Excel:
		return form.Rows(header, n, rows.AppendExcelHeader(nil), rows.AppendExcel, "")
	default:
		sheet := rows.Sheet()
		meta.Describe(sheet, s.sheetMeta(q, a), "statistics")
		return q.form.Sheet(header, sheet)
	}
	head, err := s.head(q, a, left, next)
	if err != nil {
		return nil, err
	}
	return form.Rows(header, n, head, rows.AppendJSON, "]}\n")
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

// sheetMeta is what the notes of a file say.
func (s *Server) sheetMeta(q *statsQuestion, a *answered) *meta.Meta {
	m := meta.Of(s.moment(a.view), false, figures.FormulaShare)
	m.Ask(q.Question, a.view.Ledger(), &a.excluded)
	m.By, m.Top = q.Names(), q.top
	return m
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
	Excluded    meta.Omission       `json:"excluded"`
	Formula     string              `json:"formula"`
	GeneratedAt time.Time           `json:"generated_at"`
	Ledger      []schema.Offset     `json:"ledger"`
	Disclosure  string              `json:"disclosure"`

	Check *check `json:"check,omitempty"`

	*meta.Marks
	NextCursor string `json:"next_cursor,omitempty"`
}

// head returns the answer up to its first row.
func (s *Server) head(q *statsQuestion, a *answered, left meta.Omission, next string) ([]byte, error) {
	m := statsMeta{
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
		Disclosure:  s.shownAs(a.view),
		Check:       a.check,
		Marks:       meta.MarksOf(q.Question),
		NextCursor:  next,
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode meta: %w", err)
	}
	head := append([]byte(`{"meta":`), body...)
	return append(head, `,"rows":[`...), nil
}

// fileName is what a file of an endpoint's answer is called, "" for statistics, without
// its ending.
func (s *Server) fileName(endpoint string, span question.Span) string {
	if endpoint != "" {
		endpoint += "_"
	}
	return "mlf_" + endpoint + s.clock.DayOf(span.From).String() + "_" + s.clock.DayOf(span.Next-1).String() // The last day inclusive.
}

// now returns the server's time as answers show it: UTC, to the millisecond.
func (s *Server) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }
