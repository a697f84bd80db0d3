package query

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"mlf/query/bulletin"
	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/opendata"
	"mlf/query/question"
	"mlf/query/turnout"
	"mlf/schema"
)

// Published is what the public is shown. Kept by disclosure.Shelf. Safe for
// concurrent use.
type Published interface {
	bulletin.Source
	turnout.Frozen

	// Last returns the newest release that is held, nil without any. Lots has all of it,
	// if asked after it.
	Last() *schema.Release
}

// A publishedView are the lots, and whose votes are hidden. Its ledger is that of
// releases, as if each were a record of one partition: that says what is counted, and
// nothing of votes as they come.
type publishedView struct {
	*disclosure.Lots
	ledger []schema.LedgerTotals
}

var errUnpublished = withRetry(newProblem(http.StatusServiceUnavailable, "unpublished",
	"Nothing is published yet", "the first figures are published within some minutes after the start, then every night at 04:00 in Rome"), 60)

// published returns what the public is shown.
func (s *Server) published() (*publishedView, error) {
	last := s.Published.Last()
	if last == nil {
		return nil, errUnpublished
	}
	return &publishedView{s.Published.Lots(), []schema.LedgerTotals{s.releases(last)}}, nil
}

// releases returns the account of releases up to last.
func (s *Server) releases(last *schema.Release) schema.LedgerTotals {
	t := schema.LedgerTotals{Next: schema.Offset(last.Number)}
	t.State = schema.StateOK
	t.Newest = schema.InstantOf(s.clock.Begin(calendar.Day(last.Today)).Time())
	var votes uint64
	for _, m := range last.Months {
		votes += m.Published()
	}
	t.Tally = schema.Tally{Records: uint64(last.Number), VotesIn: votes, Counted: votes}
	return t
}

// Changed returns what lots of releases behind since are of.
func (v *publishedView) Changed(since question.Position) ([]question.PlaceMonth, bool) {
	if len(since) == 0 {
		return nil, false
	}
	return v.Since(uint32(since[0])), true
}

func (v *publishedView) Ledger() []schema.LedgerTotals { return v.ledger }

// Counts answers a by sums of lots, and says which rows lack votes.
func (v *publishedView) Counts(ctx context.Context, a *question.Axes) (*question.Counts, error) {
	return v.Shown(ctx, a) //nolint:wrapcheck // It is the same view.
}

// allow refuses questions that who asks is shown nothing of, and says what it may
// ask. Where it lets one pass that it should not, the view still shows nothing.
func (s *Server) allow(ctx context.Context, in *inquiry) error {
	who := s.audienceIn(ctx)
	for _, q := range in.questions {
		var err *problem
		switch who.shown {
		case DisclosureLots:
			err = s.allowPublic(q, in.anyClass)
		case disclosureOwn:
			err = allowOwn(q, &who.Own)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// notPublished is the problem of the parameter name that asks for what is not.
func notPublished(name, detail string) *problem {
	p := newProblem(http.StatusForbidden, "not-published", "The public is not shown this", name+": "+detail+", or send a token that gives a right to exact counts")
	p.Parameter = name
	return p
}

// allowPublic refuses what lots do not say: hours, and other classes than ok, unless
// it was nobody's wish to have these.
func (s *Server) allowPublic(q *question.Question, anyClass bool) *problem {
	for _, d := range q.Group {
		if d.Name == "hour" || d.Name == "hour_of_day" {
			return notPublished("group", d.Name+" is not published; ask for one of "+strings.Join(publicTimes(), ", "))
		}
	}
	if q.Filters["hour_of_day"] != nil {
		return notPublished("hour_of_day", "hours are not published; ask for whole days")
	}
	for _, class := range schema.Classes() {
		if class != schema.ClassOK && !q.LeavesOut(class) && !anyClass {
			return notPublished("class", class.String()+" is not published; ask for ok")
		}
	}
	whole := func(h schema.Hour) bool { return s.clock.Begin(s.clock.DayOf(h)) == h }
	switch today := s.clock.Begin(s.clock.DayOf(q.Now)); {
	case !whole(q.From) && q.From < today:
		return notPublished("from", "hours are not published; ask for whole days of Rome's clock")
	case !whole(q.Next) && q.Next < today:
		return notPublished("to", "hours are not published; ask for whole days of Rome's clock")
	}
	if len(q.AtLeast) > 1 {
		return badParameter("at_least", "want the position of an answer to the public: this one is of counts that it is not shown")
	}
	return nil
}

// publicTimes are the dimensions of time that may be asked of lots.
func publicTimes() []string {
	return []string{"day", "week", "month", "quarter", "year", "weekday", "day_kind", "working_day"}
}

// serveOpen answers GET /v1/open/…: what was published, in files.
func (s *Server) serveOpen(w http.ResponseWriter, r *http.Request) error {
	if err := noParameters(r); err != nil {
		return err
	}
	if s.Open == nil {
		return newProblem(http.StatusNotFound, "not-found", errNotFound.Title, "nothing is published by this service; its statistics are open all the same")
	}
	err := s.Open.Serve(w, r, r.PathValue("file"), s.departures.Send)
	switch {
	case errors.Is(err, disclosure.ErrUnpublished):
		return errUnpublished
	case errors.Is(err, opendata.ErrUnread):
		return s.storeProblem(r.Context(), err)
	}
	return err
}
