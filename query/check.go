package query

import (
	"context"
	"errors"
	"slices"
	"time"

	"mlf/query/question"
	"mlf/schema"
)

// A check holds an answer from memory against the store. Both grow while they are
// compared, so the store's rows are put between two answers from memory: the first
// as of a position that the store has passed, the second as of one that has passed
// where the log ended after the store was read. Counts never fall, so what the first
// has the store must have, and what the store has the second must.
type check struct {
	Store   verdict `json:"store"`
	Rows    int     `json:"rows"`              // Compared: those of the store.
	Differs int     `json:"differs,omitempty"` // Rows.
	Reason  string  `json:"reason,omitempty"`  // Why nothing was compared.
}

// A verdict is what a check has come to.
type verdict string

const (
	verdictAgrees  verdict = "agrees"
	verdictDiffers verdict = "differs"
	verdictUnknown verdict = "unknown" // Nothing was compared.
)

func verdicts() []string {
	return []string{string(verdictAgrees), string(verdictDiffers), string(verdictUnknown)}
}

// checkMax bounds how long memory and store may wait for each other.
const checkMax = 5 * time.Second

// check compares what memory and store have for q. It fails only with ctx.
func (c *counter) check(ctx context.Context, q *question.Question) (*check, error) {
	if !c.s.audienceIn(ctx).exact() {
		return nil, notPublished("check", "it compares exact counts; leave it out")
	}
	limited, cancel := context.WithTimeout(ctx, checkMax)
	defer cancel()
	done, err := c.sandwich(limited, q)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		done = &check{Store: verdictUnknown, Reason: problemOf(err).Detail}
	}
	c.s.metrics.Checked(string(done.Store))
	return done, nil
}

func (c *counter) sandwich(ctx context.Context, q *question.Question) (*check, error) {
	s := c.s
	if s.newest.InMemory() == nil {
		return &check{Store: verdictUnknown, Reason: "the answer is the store's own"}, nil
	}
	f := q.Frame(q.Asked())
	below, err := c.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	stored, err := reaching(ctx, s.stored, question.PositionOf(c.view.Ledger()))
	if err != nil {
		return nil, err
	}
	of := &counter{s: s, view: stored, wide: c.wide, finer: c.finer}
	rows, err := of.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	ends, err := s.Log.LogEnds(ctx)
	if err == nil && slices.Contains(ends, schema.OffsetUnknown) {
		err = errors.New("where the log ends is not known of every partition")
	}
	if err != nil {
		return nil, s.storeProblem(ctx, err)
	}
	if of.view, err = reaching(ctx, s.view, question.Position(ends)); err != nil {
		return nil, err
	}
	above, err := of.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	done := &check{Store: verdictAgrees, Rows: len(rows.Rows), Differs: exceeding(below.Rows, rows.Rows) + exceeding(rows.Rows, above.Rows)}
	if done.Differs > 0 {
		done.Store = verdictDiffers
	}
	return done, nil
}

// exceeding returns how many rows of some have more votes than those of more.
func exceeding(some, more []question.Count) int {
	most := make(map[question.Key][schema.ValueMax]uint64, len(more))
	for i := range more {
		most[more[i].Key] = more[i].Values
	}
	n := 0
	for i := range some {
		limit := most[some[i].Key]
		for v, count := range some[i].Values {
			if count > limit[v] {
				n++
				break
			}
		}
	}
	return n
}
