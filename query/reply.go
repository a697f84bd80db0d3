package query

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/departure"
	"mlf/query/figures"
	"mlf/query/flight"
	"mlf/query/marks"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
)

// An inquiry is what an answer is for: its questions, one at least, and a name that
// is the same for whatever has the same answer.
type inquiry struct {
	questions []*question.Question
	name      string
	finer     string // The parameter by which the answer has so many rows.
	settled   bool   // Hardly a vote of it still comes.
	anyClass  bool   // Nobody asked for the classes: those that are shown will do.
}

// atLeast returns how far the counts must have come.
func (in *inquiry) atLeast() question.Position {
	var least question.Position
	for _, q := range in.questions {
		least = least.Join(q.AtLeast)
	}
	return least
}

// isWide tells whether one of the questions asks for much.
func (in *inquiry) isWide() bool {
	return slices.ContainsFunc(in.questions, (*question.Question).IsWide)
}

// A made is an answer that was made. Its head says how far the counts had come: it is
// written anew for who asks when they have come further, and are the same of what it is
// about. Nil where all of it is of the moment at which it was made.
type made struct {
	*departure.Body
	head *meta.Head
}

// asOf returns m, which has a head, for who asks at t, when the counts are at position.
func (m *made) asOf(t meta.Moment, position string) *departure.Body {
	head, left := m.head.AppendAsOf(nil, t, position)
	header := maps.Clone(m.Header)
	if left != nil {
		header.Set("X-Mlf-Excluded", left.String())
	}
	b, _ := m.With(head, header)
	return b
}

// reply sends the answer that answer makes, unless the reader has it, it is kept, or
// somebody else's request is making it. Everything that can go wrong goes wrong before
// the first byte; from then on only the client can leave.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, in inquiry,
	answer func(context.Context, *counter) (*made, error),
) error {
	if err := s.allow(r.Context(), &in); err != nil {
		return err
	}
	view, err := s.viewAt(r.Context(), in.atLeast())
	if err != nil {
		return err
	}
	tag := s.tagOf(view, s.audienceIn(r.Context()).name+" "+in.name, in.version(view))
	if departure.NotModified(r, tag) {
		departure.Describe(w.Header(), tag)
		if in.settled {
			w.Header().Set("Cache-Control", departure.SettledAge)
		}
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	position := question.PositionOf(view.Ledger()).String()
	b, err := s.keptOr(view, tag, position, func() (*made, error) {
		// Whoever asks the same, having found the counts where they are now, gets the
		// same answer.
		return s.stats.Get(r.Context(), tag+position, func(ctx context.Context) (*made, error) {
			return s.answer(ctx, in, &counter{s: s, view: view, finer: in.finer}, answer)
		})
	})
	if err != nil {
		return err
	}
	w.Header().Set("X-Mlf-Position", position)
	if err := s.departures.Send(w, r, tag, b); err != nil {
		return fmt.Errorf("send answer: %w", err)
	}
	s.metrics.Sent(b.Rows())
	return nil
}

// keptMax is how much answers take that are kept: of a country's comuni each page once,
// or some. A longer one than a hundredth of it would drive out too many.
const keptMax = 64 << 20

// keptOr returns the answer of that tag that is kept, as it is now, at position; else what
// fresh makes of view, which it keeps. Only counts that are named by what they are keep their answers:
// after a rebuild of the store others may stand at the same offsets.
func (s *Server) keptOr(view question.View, tag, position string, fresh func() (*made, error)) (*departure.Body, error) {
	keeps := isNamedByContent(view)
	if keeps {
		m, found := s.kept.Get(tag)
		s.metrics.Kept(found)
		if found {
			return m.asOf(s.moment(view), position), nil
		}
	}
	m, err := fresh()
	if err != nil {
		return nil, err
	}
	if weight, ok := m.Weight(); ok && keeps && m.head != nil {
		s.kept.Put(tag, m, weight)
	}
	return m.Body, nil
}

// isNamedByContent tells whether counts of the same version are the same in every process
// and after every rebuild.
func isNamedByContent(view question.View) bool {
	switch v := view.(type) {
	case *question.StoreView:
		return false
	case *ownView:
		return isNamedByContent(v.View)
	}
	return true
}

// tagOf names an answer: what was asked, whatever words it was asked in, and the
// version of what was counted of it. The same question is not read again until
// something was counted. It is the same in all processes that would answer the same: of
// one release, with one registry, while its places are the same. Where the version is a
// position the process is part of it, because after a rebuild other counts may stand at
// the same offsets.
func (s *Server) tagOf(view question.View, asked, version string) string {
	by := s.ids.prefix
	if isNamedByContent(view) {
		by = s.maker
	}
	turn := s.Registry.Turn(registry.DateOf(s.cfg.Now().In(s.clock.Zone())))
	sum := sha256.Sum256([]byte(by + " " + turn.String() + " " + asked + " " + version))
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

// version differs when anything does that the answer is made of.
func (in *inquiry) version(view question.View) string {
	var version strings.Builder
	for _, q := range in.questions {
		if q.OfAll {
			version.WriteString(question.PositionOf(view.Ledger()).String())
		}
		version.WriteString(view.Version(q.From, q.Next))
		if q.Compare != nil {
			version.WriteString(" and " + view.Version(q.Compare.With.From, q.Compare.With.Next))
		}
	}
	return version.String()
}

// How long a request waits for counts that have come as far as it demands, and how
// often it looks: another process may be some milliseconds ahead.
const (
	behindMax  = time.Second
	behindLook = 50 * time.Millisecond
)

// viewAt returns the counts as they are when they have reached a position.
func (s *Server) viewAt(ctx context.Context, least question.Position) (question.View, error) {
	if view := pinnedView(ctx); view != nil {
		if !question.PositionOf(view.Ledger()).Reaches(least) {
			return nil, errBehind
		}
		return view, nil
	}
	if len(least) == 0 {
		return s.view(ctx) // Who demands nothing waits for the store as long as it may take.
	}
	limited, cancel := context.WithTimeout(ctx, behindMax)
	defer cancel()
	view, err := reaching(limited, s.view, least)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, errBehind
	}
	return view, err
}

// reaching returns the first view that has reached a position. It looks until ctx
// ends.
func reaching(ctx context.Context, look func(context.Context) (question.View, error), least question.Position) (question.View, error) {
	for {
		view, err := look(ctx)
		if err != nil || question.PositionOf(view.Ledger()).Reaches(least) {
			return view, err
		}
		select {
		case <-time.After(behindLook):
		case <-ctx.Done():
			return nil, errBehind
		}
	}
}

// inMemory returns the counts in memory, nil where there are none.
func (s *Server) inMemory() question.View {
	if s.Counts == nil {
		return nil
	}
	return s.Counts.View()
}

// stored returns the counts in the store. The ledger is read before any rows: so
// whoever finds a vote's offset below the ledger's finds the vote in the rows.
func (s *Server) stored(ctx context.Context) (question.View, error) {
	ledger, err := s.tallies.Get(ctx)
	if err != nil {
		return nil, err
	}
	return &question.StoreView{Source: ledger.store, Totals: ledger.totals, Codes: s.words.Codes(), Clock: s.clock}, nil
}

// How long a request stands before a full gate. Longer, and a queue of clients
// that have given up would be served before those that wait; shorter, and who
// waits for a store that hangs would be told of a queue. Who asks for much waits
// longer, because each before it takes longer.
const (
	gateWait = 3 * time.Second
	wideWait = 8 * time.Second
)

// answer makes an answer. What should be cheap has its own turn; what asks for
// much, or has turned out to, takes another's place never.
func (s *Server) answer(ctx context.Context, in inquiry, c *counter,
	answer func(context.Context, *counter) (*made, error),
) (*made, error) {
	if !in.isWide() {
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

	finer string // See inquiry.

	partial int // Rows that lack votes, because who asks is not shown them there.
}

// within makes an answer within a gate: what is there of the rows is bounded, too.
// It is over before anybody is written to.
func (c *counter) within(ctx context.Context, g flight.Gate, answer func(context.Context, *counter) (*made, error)) (*made, error) {
	patience := gateWait
	if c.wide {
		patience = wideWait
	}
	if err := g.Enter(ctx, patience); err != nil {
		return nil, err
	}
	defer g.Leave()
	c.partial = 0
	b, err := answer(ctx, c)
	if err == nil && c.partial > 0 {
		b.Header.Set("X-Mlf-Partial", strconv.Itoa(c.partial))
	}
	return b, err
}

// An answered is a question's table, and what it leaves out.
type answered struct {
	table    *question.Table
	excluded [schema.ClassMax + 1]uint64
	view     question.View
	check    *check                               // Nil where none was asked for.
	status   func(*question.Count) figures.Status // What marks a row; nil where rows have no status.
}

// table counts what q asks for, and what it compares that with, and adds the rows of
// nothing that it wants.
func (c *counter) table(ctx context.Context, q *question.Question, present *marks.Presence) (*answered, error) {
	f := q.Frame(q.Asked())
	counts, err := c.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	var other *question.Frame
	var before *question.Counts
	if q.Compare != nil {
		other = f.Against(q.Compare.With)
		if before, err = c.Count(ctx, other); err != nil {
			return nil, err
		}
	}
	table, err := f.Tables(counts, other, before)
	if err != nil {
		return nil, c.problem(ctx, err)
	}
	a := &answered{table: table, excluded: counts.Excluded, view: c.view}
	of := c.s.reading(c.view, c)
	switch of.Enrolled = present; {
	case q.Marked():
		a.status = answer.Statuses(of, q, f, counts)
	case of.Disclosure == DisclosureLots || of.Disclosure == disclosureOwn:
		a.status = func(r *question.Count) figures.Status {
			if table.Partial(r) {
				return figures.Suppressed
			}
			return 0
		}
	}
	return a, nil
}

// Count counts what f asks for: see answer.Counter.
func (c *counter) Count(ctx context.Context, f *question.Frame) (*question.Counts, error) {
	bounded, cancel := context.WithTimeout(ctx, c.s.cfg.StoreTimeout)
	defer cancel()
	f.RowsMax, f.Wide = c.s.cfg.RowsMax, c.wide
	counts, err := c.view.Counts(bounded, &f.Axes)
	if err != nil {
		return nil, c.problem(ctx, err)
	}
	c.partial += len(counts.Partial)
	return counts, nil
}

func (c *counter) problem(ctx context.Context, err error) error {
	if errors.Is(err, schema.ErrTooManyRows) {
		return tooMuch(c.finer, "more than %d rows; ask for a shorter time, a coarser time column or fewer places", c.s.cfg.RowsMax)
	}
	return c.s.storeProblem(ctx, fmt.Errorf("read stats: %w", err))
}
