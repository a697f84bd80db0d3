package imports

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"time"

	"mlf/command/tool"
	"mlf/ingest/form"
	"mlf/ingest/rating"
	"mlf/ingest/rating/export"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/pagetable"
	"mlf/schema/source"
)

type ratingsCmd struct {
	common
	Site   string `required:"" placeholder:"NAME" help:"Site whose ratings they are, enrolled with --way import."`
	Format string `required:"" enum:"plone-csv,wordpress,citfac" help:"plone-csv (/@feedback-csv), wordpress (Tools, Export: WXR) or citfac (feedback of Città Facile, JSON)."`
}

// Help is shown by mlf import ratings --help.
func (*ratingsCmd) Help() string {
	return `First look, then write:

  mlf import ratings --kafka kafka-1:9092 --site NAME --format plone-csv feedback.csv
  mlf import ratings --kafka kafka-1:9092 --site NAME --format plone-csv --write feedback.csv

Every night, with the whole export as it has grown: only new rows count. Rows older than 399 days are refused, as
they could not be known again. A site's ratings are imported or sent, not both: mlf source site add --way import.`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *ratingsCmd) Validate() error { return c.LoginFlags.Validate() }

// Run imports.
func (c *ratingsCmd) Run(ctx context.Context, p *tool.Console) error {
	return c.with(ctx, p, func(in *input) (Summary, error) { return c.read(ctx, in) })
}

func (c *ratingsCmd) read(ctx context.Context, in *input) (Summary, error) {
	site := in.sources.Site(c.Site)
	switch {
	case site == nil:
		return Summary{}, fmt.Errorf("--site %s: not enrolled; mlf source site list shows those that are", c.Site)
	case site.Way != source.Import || site.Closed:
		return Summary{}, fmt.Errorf("--site %s: its ratings come by its %s, or it is closed; what comes by two ways would count twice", c.Site, site.Way)
	}
	t, err := in.open(ctx, site.Terminal)
	if err != nil {
		return Summary{}, err
	}
	if t.terminal.Scale != schema.ScaleStars5 {
		return Summary{}, fmt.Errorf("--site %s: terminal %v has not five stars", c.Site, t.terminal.Terminal)
	}
	var read atomic.Int64
	formats := map[string]func(io.Reader, export.Options) iter.Seq2[export.Row, error]{"plone-csv": export.Plone, "wordpress": export.WordPress, "citfac": export.Citfac}
	warnings := 0
	table := in.sources.Pages(site.Name, time.Now())
	next, stop := iter.Pull2(formats[c.Format](in.from, export.Options{Zone: in.zone, Progress: read.Store}))
	defer stop()
	s, err := in.run(ctx, t, file{
		next: func() (row, error) {
			of, err, ok := next()
			switch {
			case !ok:
				return row{}, io.EOF
			case err != nil:
				return row{}, err
			case of.Code == "" && of.Rating.Warnings&rating.UnknownReason != 0:
				warnings++
			}
			return ratingRow(&of, t.terminal, table), nil
		},
		bytes: read.Load,
	})
	s.Warnings = warnings
	return s, err
}

// ratingRow returns a row of an export as a vote, of the service that the site's table of
// pages says; nil for none.
func ratingRow(of *export.Row, e *schema.Enrolment, table *pagetable.Matcher) row {
	page := form.PageOf(table, e, &of.Rating)
	r := row{line: of.Line, reason: of.Code, detail: of.Detail, vote: event.Vote{
		Key: of.Key, At: of.At, Service: page.Service, Value: of.Rating.Value, Reason: of.Rating.Reason,
	}}
	if asks := form.Asks(e); r.reason == "" && page.Question != rating.QuestionUnknown && page.Question != asks {
		r.reason, r.detail = "other_question", fmt.Sprintf("its page asks for %v, and the site's ratings are of %v: a site of the other channel takes it", page.Question, asks)
	}
	return r
}
