package questions

import (
	"context"
	"errors"

	"mlf/aggregate/store"
	"mlf/bench/baseline"
	"mlf/query/question"
	"mlf/schema"
)

// An Answerer answers a question and returns the rows and the votes of its answer.
// ErrInPieces: it is to be asked the same again.
type Answerer struct {
	Name     string
	AsksMost int // In a turn: more say nothing new.
	Answer   func(ctx context.Context, a *Asking) (rows int, votes uint64, err error)
}

// ByView asks whoever holds the counts.
func ByView(name string, view question.View) Answerer {
	return Answerer{name, 5000, func(ctx context.Context, a *Asking) (int, uint64, error) {
		counts, err := view.Counts(ctx, a.Axes)
		if err != nil {
			return 0, 0, err
		}
		return len(counts.Rows), votesOf(counts), nil
	}}
}

func votesOf(counts *question.Counts) (votes uint64) {
	for i := range counts.Rows {
		for _, n := range counts.Rows[i].Values {
			votes += n
		}
	}
	return votes
}

// ErrInPieces says that a question is to be asked again, now in smaller pieces.
var ErrInPieces = errors.New("more than the database's limits: asked again in pieces")

// piecesMost is how many pieces of time a question is asked in at most.
const piecesMost = 1024

// ByStore asks the rollups in the database, as /v1/stats does. What goes over the
// limits of one read it asks in pieces of time, as the answer then advises.
func ByStore(s *store.Store) Answerer {
	pieces := schema.Hour(1)
	return Answerer{"store", 500, func(ctx context.Context, a *Asking) (rows int, votes uint64, err error) {
		for _, whole := range a.stats {
			for i := range pieces {
				q, span := whole, whole.Next-whole.From
				q.From, q.Next = whole.From+span*i/pieces, whole.From+span*(i+1)/pieces
				answer, err := s.Stats(ctx, q)
				if errors.Is(err, schema.ErrTooDear) && pieces < piecesMost {
					pieces *= 2
					return 0, 0, ErrInPieces
				}
				if err != nil {
					return 0, 0, err
				}
				rows += len(answer.Rows)
				for i := range answer.Rows {
					votes += answer.Rows[i].N()
				}
			}
		}
		return rows, votes, nil
	}}
}

// ByRaw asks single votes in the database.
func ByRaw(db *baseline.Database) Answerer {
	return Answerer{"raw votes", 500, func(ctx context.Context, a *Asking) (int, uint64, error) { return db.Ask(ctx, a.raw, a.known) }}
}
