package ingest

import (
	"context"
	"errors"
	"log/slog"

	"github.com/valyala/fasthttp"

	"mlf/ingest/report"
	"mlf/ingest/wire"
)

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
	if !s.cfg.Served.Complete() {
		return s.later(reportsUnread, "this process has just started, or mlf schema apply has not run since the update")
	}
	in := s.intakes.Get().(*intake)
	held, refused := s.read(x, in, p.enrolled.Terminal)
	defer s.budget.release(held)
	var rows *wire.ServedReport
	if refused == nil {
		rows, refused = s.servedRows(x, p, in)
	}
	s.release(in)
	if refused != nil {
		return refused
	}
	return s.put(appends, x, rows)
}

// servedRows reads and judges the rows of p, whose body is in in.
func (s *Server) servedRows(x *exchange, p admission, in *intake) (rows *wire.ServedReport, refused *refusal) {
	first, _ := x.timing()
	form := s.cfg.Served.Form(p.enrolled, first)
	tooMany := false
	refused = s.decoded(in, p.coding, s.cfg.DecodedBytesMax, func(body []byte) (err error) {
		switch {
		case string(x.Path()) == queuePath:
			rows, err = form.QueueMonitor(body)
		case p.kind == csvType:
			rows, err = form.CSV(body)
		default:
			rows, err = form.JSON(body)
		}
		tooMany = errors.Is(err, wire.ErrTooMany)
		return err
	})
	if tooMany {
		return nil, refuse(tooManyRows, "want at most %d rows", report.ServedRowsMax)
	}
	return rows, refused
}

// put puts rows on the log, and answers 202 when they are there.
func (s *Server) put(ctx context.Context, x *exchange, rows *wire.ServedReport) *refusal {
	if len(rows.Rows) > 0 {
		if err := s.cfg.Served.Put(s.patience.context(ctx), rows.Rows); err != nil {
			if s.complaint.due(s.cfg.Now()) {
				s.logger.Warn("served users not acknowledged", slog.Any("err", err), slog.String("request", x.id.String()))
			}
			return s.later(rowsUnacknowledged, "it is not known whether the rows were written")
		}
	}
	s.metrics.reported(rows)
	x.answer(fasthttp.StatusAccepted, rows.AppendAnswer(nil))
	return nil
}
