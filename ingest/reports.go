package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sync/errgroup"

	"mlf/ingest/wire"
	"mlf/schema"
	"mlf/schema/served"
)

// A ReportLog is where numbers of served users go. PutServed returns nil only when
// all rows are there, on every replica that the log's promise asks for; after any
// error the outcome is unknown. FollowServed calls apply for each record that is
// there and that comes, in order, and caughtUp once, until ctx ends.
type ReportLog interface {
	PutServed(ctx context.Context, rows []served.Served) error
	FollowServed(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error
}

// Reports are what is told beside votes: how many users were served. What was told
// before decides what is taken, so a process knows all of it for as long back as
// anything is taken. Use one for one server, and Run it beside.
type Reports struct {
	log     ReportLog
	service func(code string) (schema.ServiceID, bool)
	rome    *time.Location
	book    served.Book
}

const (
	// servedRowsMax is the most rows of a request: a batch of the log, and a year of
	// two services.
	servedRowsMax = 1000

	// settleEvery is the time between two looks at what two processes have written
	// at once.
	settleEvery = 10 * time.Second
)

// NewReports returns reports that are put on log. service says which codes are of a
// service. What is told of days before those that may be told of at now is not kept.
func NewReports(log ReportLog, service func(code string) (schema.ServiceID, bool), now time.Time) (*Reports, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("load Rome's clock: %w", err)
	}
	r := &Reports{log: log, service: service, rome: rome}
	r.book.Since = wire.FirstServedDay(schema.DayOf(now.In(rome)))
	return r, nil
}

// Run keeps r equal to the log until ctx ends. Where two processes have written one
// number at once and the one that does not hold came last, it writes the other again,
// before compaction takes it away. All processes do: it is the same record.
func (r *Reports) Run(ctx context.Context, logger *slog.Logger) error {
	logger = cmp.Or(logger, slog.New(slog.DiscardHandler))
	caughtUp, tell := context.WithCancel(ctx)
	defer tell()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer tell()
		return r.log.FollowServed(ctx, r.book.Apply, func() { r.book.SetComplete(); tell() })
	})
	g.Go(func() error {
		<-caughtUp.Done()
		for ctx.Err() == nil {
			if err := r.settle(ctx); err != nil && ctx.Err() == nil {
				logger.Warn("served users not put again", slog.Any("err", err))
			}
			wait(ctx, settleEvery)
		}
		return nil
	})
	return g.Wait()
}

// settle puts again what holds and is not last.
func (r *Reports) settle(ctx context.Context) error {
	return r.log.PutServed(ctx, r.book.Behind(servedRowsMax))
}

// The types of bodies.
const (
	csvType    = "text/csv"
	jsonLDType = "application/ld+json" // NGSI-LD.
)

// served answers PUT /v1/served and POST /v1/served/ngsi: checks in the order of
// those of votes, then the rows on the log, then 202.
func (s *Server) served(appends context.Context, x *exchange) *refusal {
	method, kinds := "PUT", []string{jsonType, csvType}
	if string(x.Path()) == queuePath {
		method, kinds = "POST", []string{jsonType, jsonLDType}
	}
	if string(x.Method()) != method {
		return x.otherMethod(method)
	}
	p, refused := s.checkHeader(x, kinds...)
	if refused != nil {
		return refused
	}
	if p.enrolled.Test {
		return refuse(testTerminal, "use the token of a terminal that was not enrolled with --test")
	}
	if !s.cfg.Reports.book.Complete() {
		return s.later(reportsUnread, "this process has just started, or mlf schema apply has not run since the update")
	}
	in := s.intakes.Get().(*intake)
	held, refused := s.read(x, in, p.enrolled.Terminal)
	defer s.budget.release(held)
	var report *wire.ServedReport
	if refused == nil {
		report, refused = s.report(x, p, in)
	}
	s.release(in)
	if refused != nil {
		return refused
	}
	return s.put(appends, x, report)
}

// report reads and judges the rows of p, whose body is in in.
func (s *Server) report(x *exchange, p admission, in *intake) (report *wire.ServedReport, refused *refusal) {
	first, _ := x.timing()
	r := s.cfg.Reports
	form := &wire.ServedForm{
		Enrolled: p.enrolled, Service: r.service, Held: r.book.Held, Room: r.book.Room, Now: first, RowsMax: servedRowsMax,
		Day: func(at schema.Instant) schema.Day { return schema.DayOf(at.Time().In(r.rome)) },
	}
	tooMany := false
	refused = s.decoded(in, p.coding, func(body []byte) (err error) {
		switch {
		case string(x.Path()) == queuePath:
			report, err = form.QueueMonitor(body)
		case p.kind == csvType:
			report, err = form.CSV(body)
		default:
			report, err = form.JSON(body)
		}
		tooMany = errors.Is(err, wire.ErrTooMany)
		return err
	})
	if tooMany {
		return nil, refuse(tooManyRows, "want at most %d rows", servedRowsMax)
	}
	return report, refused
}

// put puts the rows of report on the log, and answers 202 when they are there.
func (s *Server) put(ctx context.Context, x *exchange, report *wire.ServedReport) *refusal {
	r := s.cfg.Reports
	if len(report.Rows) > 0 {
		if err := r.log.PutServed(s.patience.context(ctx), report.Rows); err != nil {
			if s.complaint.due(s.cfg.Now()) {
				s.logger.Warn("served users not acknowledged", slog.Any("err", err), slog.String("request", x.id.String()))
			}
			return s.later(rowsUnacknowledged, "it is not known whether the rows were written")
		}
		r.book.Note(report.Rows...)
	}
	s.metrics.reported(report)
	x.answer(fasthttp.StatusAccepted, report.AppendAnswer(nil))
	return nil
}
