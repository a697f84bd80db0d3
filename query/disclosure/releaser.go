package disclosure

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/served"
)

const (
	// releaseHour is the hour of Rome's day at which the day before is published: few
	// vote then, and most terminals have sent what they had.
	releaseHour = 4

	// releaseRetry is how long after a release that could not be made it is tried
	// again.
	releaseRetry = 5 * time.Minute

	// releaseStagger is the most that a process waits beyond the hour, so that rarely
	// two of them do the work.
	releaseStagger = 2 * time.Minute
)

// ReleaserConfig says what a Releaser publishes. Only the Rules and Served may be zero.
type ReleaserConfig struct {
	Rules  Rules                         // Places apart.
	Places func(today schema.Day) Places // As of a day.
	View   func() (question.View, error) // All that is counted, now.
	Served *served.Book                  // Who was served, for participation; nil: nobody knows.
	Ledger Ledger
}

// Telemetry is where a Releaser or a Shelf tells about itself. Its zero value
// reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

func (t Telemetry) logger() *slog.Logger { return cmp.Or(t.Logger, slog.New(slog.DiscardHandler)) }

// A Releaser publishes every night what was counted of the days before. Any number
// of processes may run one: of their releases one holds.
type Releaser struct {
	cfg    ReleaserConfig
	clock  calendar.Clock
	logger *slog.Logger
	errors prometheus.Counter
}

// NewReleaser refuses rules that would publish single votes.
func NewReleaser(cfg ReleaserConfig, tel Telemetry) (*Releaser, error) {
	if err := cfg.Rules.Validate(); err != nil {
		return nil, err
	}
	clock, err := calendar.Rome()
	if err != nil {
		return nil, err
	}
	return &Releaser{cfg: cfg, clock: clock, logger: tel.logger(), errors: newReleaseErrors(tel.Registerer)}, nil
}

// Run publishes at once what earlier nights have missed, then every night at 04:00
// in Rome, until ctx ends. What cannot be published is tried again.
func (r *Releaser) Run(ctx context.Context) error {
	for {
		today, next := r.due(time.Now())
		if !r.try(ctx, today) {
			next = time.Now().Add(releaseRetry)
		}
		timer := time.NewTimer(time.Until(next) + rand.N(releaseStagger))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// due returns the day of the last morning at releaseHour, and when the next is.
func (r *Releaser) due(now time.Time) (today schema.Day, next time.Time) {
	now = now.In(r.clock.Zone())
	year, month, day := now.Date()
	morning := time.Date(year, month, day, releaseHour, 0, 0, 0, r.clock.Zone())
	today = schema.Day(r.clock.DayOf(schema.HourOf(now)))
	if now.Before(morning) {
		return today - 1, morning
	}
	return today, time.Date(year, month, day+1, releaseHour, 0, 0, 0, r.clock.Zone())
}

// try makes the release of today; false where it has to be tried again.
func (r *Releaser) try(ctx context.Context, today schema.Day) bool {
	start := time.Now()
	header, err := r.publish(ctx, today)
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, errUnderWay), errors.Is(err, errNoVotes):
		return false // It is looked at again once that one holds, or there are any.
	case err != nil:
		r.errors.Inc()
		r.logger.Error("votes were not published, and will be tried again", slog.Any("err", err))
		return false
	case header == nil:
		return true
	}
	r.logger.Info("votes were published",
		slog.Uint64("lots", header.Lots), slog.Uint64("waiting", waiting(header)), slog.Duration("took", time.Since(start)))
	return false // It holds, or another's: a look at it after a while tells.
}

func (r *Releaser) publish(ctx context.Context, today schema.Day) (*schema.Release, error) {
	view, err := r.cfg.View()
	if err != nil {
		return nil, err
	}
	rules := r.cfg.Rules
	rules.Places = r.cfg.Places(today)
	n := night{rules: &rules, ledger: r.cfg.Ledger, view: view, served: r.cfg.Served, today: today}
	return n.publish(ctx)
}

func waiting(header *schema.Release) uint64 {
	var n uint64
	for _, m := range header.Months {
		n += m.Waiting
	}
	return n
}
