package query

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"mlf/query/question"
	"mlf/schema"
)

// An inquiry is what an answer is for: its question, and a name that is the same
// for whatever has the same answer.
type inquiry struct {
	*question.Question
	name string
}

// reply sends the answer that answer makes, unless the reader has it or somebody
// else's request is making it. Everything that can go wrong goes wrong before the
// first byte; from then on only the client can leave.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, in inquiry,
	answer func(context.Context, *counter) (*body, error),
) error {
	view, err := s.view(r.Context())
	if err != nil {
		return err
	}
	tag := s.tagOf(in.name, view.Version(in.From, in.Next))
	if notModified(r, tag) {
		describe(w.Header(), tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	// Whoever asks the same, having found the counts where they are now, gets the
	// same answer.
	b, err := s.stats.get(r.Context(), tag, func(ctx context.Context) (*body, error) {
		return s.answer(ctx, in, &counter{s: s, view: view}, answer)
	})
	if err != nil {
		return err
	}
	return s.send(w, r, tag, b)
}

// view returns the counts as they are now: all figures of one answer come from one
// view. The ledger is read before any rows: so whoever finds a vote's offset below
// the ledger's finds the vote in the rows.
func (s *Server) view(ctx context.Context) (question.View, error) {
	ledger, err := s.tallies.get(ctx)
	if err != nil {
		return nil, err
	}
	return &question.StoreView{Source: s.Store, Totals: ledger, Codes: s.words.Codes(), Clock: s.clock}, nil
}

// answer makes an answer. What should be cheap has its own turn; what asks for
// much, or has turned out to, takes another's place never.
func (s *Server) answer(ctx context.Context, in inquiry, c *counter,
	answer func(context.Context, *counter) (*body, error),
) (*body, error) {
	if !in.IsWide() {
		b, err := c.within(ctx, s.narrow, answer)
		if !errors.Is(err, schema.ErrTooDear) {
			return b, err
		}
	}
	c.wide = true
	return c.within(ctx, s.wide, answer)
}

// A counter counts, for one answer: of one view, within one gate.
type counter struct {
	s    *Server
	view question.View
	wide bool
}

// within makes an answer within a gate: what is there of the rows is bounded, too.
// It is over before anybody is written to.
func (c *counter) within(ctx context.Context, g gate, answer func(context.Context, *counter) (*body, error)) (*body, error) {
	patience := gateWait
	if c.wide {
		patience = wideWait
	}
	if err := g.enter(ctx, patience); err != nil {
		return nil, err
	}
	defer g.leave()
	return answer(ctx, c)
}

// An answered is a question's table, and what it leaves out.
type answered struct {
	table    *question.Table
	excluded [schema.ClassMax + 1]uint64
	view     question.View
}

// table counts what q asks for over span.
func (c *counter) table(ctx context.Context, q *question.Question, span question.Span) (*answered, error) {
	bounded, cancel := context.WithTimeout(ctx, c.s.cfg.StoreTimeout)
	defer cancel()
	f := q.Frame(span)
	f.RowsMax, f.Wide = c.s.cfg.RowsMax, c.wide
	counts, err := c.view.Counts(bounded, &f.Axes)
	switch {
	case errors.Is(err, schema.ErrTooManyRows):
		return nil, tooMuch("group", "more than %d rows; ask for a shorter time, a coarser time column or fewer places", f.RowsMax)
	case err != nil:
		return nil, c.s.storeProblem(ctx, fmt.Errorf("read stats: %w", err))
	}
	return &answered{table: f.Table(counts), excluded: counts.Excluded, view: c.view}, nil
}
