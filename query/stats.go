package query

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"mlf/query/question"
)

// topMax is the most rows that `top` may ask for.
const topMax = 1000

// A statsQuestion is what a request to /v1/stats asks.
type statsQuestion struct {
	*question.Question
	top  int // 0 for all rows.
	form form
}

// serveStats answers GET /v1/stats.
func (s *Server) serveStats(w http.ResponseWriter, r *http.Request) error {
	q, err := s.askStats(r)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("stats %s %s %d", q.Question, q.form, q.top)
	return s.reply(w, r, inquiry{q.Question, name}, func(ctx context.Context, c *counter) (*body, error) {
		a, err := c.table(ctx, q.Question, q.Span)
		if err != nil {
			return nil, err
		}
		if q.top > 0 {
			a.table.Top(q.top)
		}
		return s.encode(q, a)
	})
}

func (s *Server) askStats(r *http.Request) (*statsQuestion, error) {
	values, err := parameters(r, append(s.words.Parameters(), "top", "format")...)
	if err != nil {
		return nil, err
	}
	q := new(statsQuestion)
	if q.Question, err = s.words.Ask(values, s.cfg.Now()); err != nil {
		return nil, err
	}
	if q.top, err = readTop(values); err != nil {
		return nil, err
	}
	q.form, err = readForm(values, r.Header.Values("Accept"))
	return q, err
}

func readTop(values url.Values) (int, error) {
	text, err := question.Single(values, "top")
	if err != nil || !values.Has("top") {
		return 0, err
	}
	top, err := strconv.Atoi(text)
	if err != nil || top < 1 || top > topMax {
		return 0, badParameter("top", "%q: want a number from 1 to %d", text, topMax)
	}
	return top, nil
}
