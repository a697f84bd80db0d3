package query

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"mlf/query/form"
	"mlf/query/question"
)

// What may be asked for of rows.
const (
	topMax   = 1000
	limitMax = 100_000 // Rows of a page.
)

// A statsQuestion is what a request to /v1/stats asks.
type statsQuestion struct {
	*question.Question
	top    int              // 0 for all rows.
	limit  int              // 0 for all rows.
	cursor *question.Cursor // Nil for the first page.
	form   form.Form
	check  bool // Compare with the store.
}

// asked is the same for all pages of an answer.
func (q *statsQuestion) asked() string { return fmt.Sprintf("stats %s", q.Question) }

// name is the same for all that have the same answer. Who is told what is running
// gets another answer when that has changed.
func (q *statsQuestion) name() string {
	name := fmt.Sprintf("%s %s %d", q.asked(), q.form, q.top)
	if q.Marked() {
		name += fmt.Sprintf(" at %d", q.Now)
	}
	if q.limit > 0 {
		name += fmt.Sprintf(" page of %d", q.limit)
	}
	if q.cursor != nil {
		name += " behind " + q.cursor.String()
	}
	if q.check {
		name += " checked"
	}
	return name
}

// serveStats answers GET /v1/stats.
func (s *Server) serveStats(w http.ResponseWriter, r *http.Request) error {
	q, err := s.askStats(r)
	if err != nil {
		return err
	}
	in := inquiry{[]*question.Question{q.Question}, q.name(), "group", false, false}
	present := s.mark(&in, q.Marked())
	return s.reply(w, r, in, func(ctx context.Context, c *counter) (*made, error) {
		a, err := c.table(ctx, q.Question, present)
		if err != nil {
			return nil, err
		}
		if q.check {
			if a.check, err = c.check(ctx, q.Question); err != nil {
				return nil, err
			}
		}
		if q.top > 0 {
			a.table.Top(q.top)
		}
		next, err := q.page(a)
		if err != nil {
			return nil, err
		}
		b, err := s.encode(q, a, next)
		return &made{Body: b}, err
	})
}

// page leaves only the page that is asked for, and returns the cursor of the next;
// "" where this is the last.
func (q *statsQuestion) page(a *answered) (next string, err error) {
	first, rows := 0, len(a.table.Rows)
	if q.cursor != nil {
		if first, err = a.table.Behind(q.cursor, q.asked()); err != nil {
			return "", badParameter("cursor", "%v", err)
		}
	}
	end := rows
	if q.limit > 0 {
		end = min(rows, first+q.limit)
	}
	if end < rows {
		next = a.table.After(end-1, q.asked(), question.PositionOf(a.view.Ledger())).String()
	}
	a.table.Slice(first, end)
	return next, nil
}

func (s *Server) askStats(r *http.Request) (*statsQuestion, error) {
	values, err := parameters(r, append(append(s.words.Parameters(), "top", "limit", "cursor", "check"), form.Parameters()...)...)
	if err != nil {
		return nil, err
	}
	q := new(statsQuestion)
	if q.Question, err = s.words.Ask(values, s.cfg.Now()); err != nil {
		return nil, err
	}
	if q.top, err = readCount(values, "top", topMax); err != nil {
		return nil, err
	}
	if err := q.readPage(values); err != nil {
		return nil, err
	}
	if q.check, err = readCheck(values); err != nil {
		return nil, err
	}
	q.form, err = form.Read(r, values)
	return q, err
}

// readCheck reads whether an answer is to be compared with the store.
func readCheck(values url.Values) (bool, error) {
	with, err := question.Single(values, "check")
	if err == nil && values.Has("check") && with != "store" {
		err = badParameter("check", "%q: want store", with)
	}
	return with == "store", err
}

// readPage reads which rows are wanted. The order of the top ones changes with
// every vote, so they have no pages.
func (q *statsQuestion) readPage(values url.Values) (err error) {
	if q.limit, err = readCount(values, "limit", limitMax); err != nil {
		return err
	}
	token, err := question.Single(values, "cursor")
	if err != nil {
		return err
	}
	if values.Has("cursor") {
		if q.cursor, err = question.ParseCursor(token); err != nil {
			return badParameter("cursor", "%v", err)
		}
		q.AtLeast = q.AtLeast.Join(q.cursor.Position)
	}
	if q.top > 0 && (q.limit > 0 || q.cursor != nil) {
		return badParameter("top", "want either top, or limit and cursor")
	}
	return nil
}

// readCount reads a number of rows, 0 where it is absent.
func readCount(values url.Values, name string, most int) (int, error) {
	text, err := question.Single(values, name)
	if err != nil || !values.Has(name) {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, badParameter(name, "%q: want a number from 1 to %d", text, most)
	}
	return n, nil
}
