package report

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/ingest/wire"
	"mlf/schema"
	"mlf/schema/served"
)

// A ServedLog is where numbers of served users go. PutServed returns nil only when
// all rows are there, on every replica that the log's promise asks for; after any
// error the outcome is unknown. FollowServed calls apply for each record that is
// there and that comes, in order, and caughtUp once, until ctx ends.
type ServedLog interface {
	PutServed(ctx context.Context, rows []served.Served) error
	FollowServed(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error
}

// Served is how many users were served. What was told before decides what is taken, so a process knows all of it for as long back as
// anything is taken. Use one for one server, and Run it beside.
type Served struct {
	log     ServedLog
	service func(code string) (schema.ServiceID, bool)
	rome    *time.Location
	book    served.Book
}

const (
	// ServedRowsMax is the most rows of a request: a batch of the log, and a year of
	// two services.
	ServedRowsMax = 1000

	// settleEvery is the time between two looks at what two processes have written
	// at once.
	settleEvery = 10 * time.Second
)

// NewServed returns numbers that are put on log. service says which codes are of a
// service. What is told of days before those that may be told of at now is not kept.
func NewServed(log ServedLog, service func(code string) (schema.ServiceID, bool), now time.Time) (*Served, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("load Rome's clock: %w", err)
	}
	r := &Served{log: log, service: service, rome: rome}
	r.book.Since = wire.FirstServedDay(schema.DayOf(now.In(rome)))
	return r, nil
}

// Run keeps r equal to the log until ctx ends. Where two processes have written one
// number at once and the one that does not hold came last, it writes the other again,
// before compaction takes it away. All processes do: it is the same record.
func (r *Served) Run(ctx context.Context, logger *slog.Logger) error {
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
func (r *Served) settle(ctx context.Context) error {
	return r.log.PutServed(ctx, r.book.Behind(ServedRowsMax))
}

// Complete tells whether r knows what was told before it began.
func (r *Served) Complete() bool { return r.book.Complete() }

// Form returns what reads and judges rows that e tells at now.
func (r *Served) Form(e *schema.Enrolment, now schema.Instant) *wire.ServedForm {
	return &wire.ServedForm{
		Enrolled: e, Service: r.service, Held: r.book.Held, Room: r.book.Room, Now: now, RowsMax: ServedRowsMax,
		Day: func(at schema.Instant) schema.Day { return schema.DayOf(at.Time().In(r.rome)) },
	}
}

// Put puts rows on the log, and knows them from then on. After an error it is not known
// whether they are there.
func (r *Served) Put(ctx context.Context, rows []served.Served) error {
	err := r.log.PutServed(ctx, rows)
	if err == nil {
		r.book.Note(rows...)
	}
	return err
}
