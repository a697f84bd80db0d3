package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"mlf/schema"
)

// A Question is one of those that Query asks together.
type Question struct {
	Path   string // Of a GET, without an ending: /v1/trend.
	Params url.Values
	Into   any // Where the answer goes: a pointer to what the method of that path returns.

	// Err is set by Query: nil, a *Problem, or what makes an answer unreadable.
	Err error
}

type batch struct {
	AtLeast string       `json:"at_least,omitempty"`
	Queries []batchQuery `json:"queries"`
}

type batchQuery struct {
	ID         string     `json:"id"`
	Path       string     `json:"path"`
	Parameters url.Values `json:"parameters,omitempty"`
}

type batchAnswers struct {
	Position string        `json:"position"`
	Answers  []batchAnswer `json:"answers"`
}

type batchAnswer struct {
	ID     string          `json:"id"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// Query asks up to 32 questions, answered of the same counts: what one answer has,
// the others have. It returns their position. What became of each is in the question;
// the error is that of all.
func (c *Client) Query(ctx context.Context, questions ...*Question) (position string, err error) {
	b := batch{Queries: make([]batchQuery, len(questions))}
	if c.Forward {
		b.AtLeast = c.Position()
	}
	for i, q := range questions {
		b.Queries[i] = batchQuery{strconv.Itoa(i), q.Path, q.Params}
	}
	body, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("write questions: %w", err)
	}
	var answers batchAnswers
	post := &call{method: http.MethodPost, path: "/v1/query", token: c.Token, media: mediaJSON, body: body}
	if err := c.read(ctx, post, &answers); err != nil {
		return "", err
	}
	if len(answers.Answers) != len(questions) {
		return "", fmt.Errorf("read answer of %s: %d answers to %d questions", post.path, len(answers.Answers), len(questions))
	}
	for i, q := range questions {
		q.Err = answers.Answers[i].read(q, answers.Position)
	}
	return answers.Position, nil
}

// read reads the answer to q.
func (a *batchAnswer) read(q *Question, position string) error {
	asked := (&call{path: q.Path, params: q.Params}).target()
	if a.Status >= http.StatusMultipleChoices {
		p := &Problem{Problem: schema.Problem{Status: a.Status}, Address: asked, Body: string(a.Body[:min(len(a.Body), bodyShown)])}
		_ = json.Unmarshal(a.Body, p) // Of use only if it is one.
		return p
	}
	if err := json.Unmarshal(a.Body, q.Into); err != nil {
		return fmt.Errorf("read answer of %s: %w", asked, err)
	}
	if p, ok := q.Into.(interface{ setPosition(token string) }); ok {
		p.setPosition(position)
	}
	return nil
}
