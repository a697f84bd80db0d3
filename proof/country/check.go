package country

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"time"

	public "mlf/query/client"
	"mlf/schema"
)

// futureHours is how far past the present cells are read: votes without a time
// count in the hour of their arrival.
const futureHours = 2

// snapshot waits until the service has counted all that is on the log, keeps
// what it has counted in the expectation, and returns its ledger.
func (s *Simulation) snapshot(ctx context.Context) (schema.Tally, error) {
	if s.cfg.SkipCheck {
		return schema.Tally{}, nil
	}
	s.log.Info("reading what was counted before")
	before, err := s.settled(ctx)
	if err != nil {
		return schema.Tally{}, err
	}
	return before.Totals.Tally, s.cells(ctx, s.plan.first, s.nextHour(), func(r *cellRow) {
		if !s.sources.take(r, false) {
			s.expectation.before(r)
		}
	})
}

func (s *Simulation) nextHour() schema.Hour { return schema.HourOf(s.cfg.Now()) + futureHours }

// settled returns the ledger once everything is counted that was on the log
// when it was first asked. It waits as long as the count moves.
func (s *Simulation) settled(ctx context.Context) (public.Ledger, error) {
	w := settling{now: s.cfg.Now, log: s.log, giveUp: s.cfg.GiveUp}
	var l public.Ledger
	err := s.poll(ctx, math.MaxInt64, func() (bool, error) {
		var err error
		if l, err = s.client.ledger(ctx); err != nil {
			return false, err
		}
		return w.done(&l)
	})
	if err != nil {
		return public.Ledger{}, fmt.Errorf("wait until all is counted: %w", err)
	}
	return l, nil
}

// A settling watches the ledger until the count has caught up.
type settling struct {
	now    func() time.Time
	log    *slog.Logger
	giveUp time.Duration

	ends   []schema.Offset // What has to be counted.
	least  schema.Offset   // The least that was ever left.
	moved  time.Time       // When that became less.
	logged time.Time
}

// done tells whether l has caught up. A halted partition never will.
func (w *settling) done(l *public.Ledger) (bool, error) {
	for _, p := range l.Partitions {
		if p.State == schema.StateHalted {
			return false, fmt.Errorf("partition %d is halted: %s", p.Partition, p.Reason)
		}
	}
	now := w.now()
	if w.moved.IsZero() {
		w.moved, w.logged, w.least = now, now, math.MaxInt64
	}
	left, known := w.left(l)
	if known && left < w.least {
		w.least, w.moved = left, now
	}
	if known && left == 0 {
		return true, nil
	}
	if now.Sub(w.moved) > w.giveUp {
		return false, fmt.Errorf("count has not moved for %v, log end known: %t, records left: %d", w.giveUp, known, left)
	}
	if now.Sub(w.logged) >= linesEvery {
		w.logged = now
		w.log.Info("waiting until all is counted", slog.Int64("records_left", int64(left)), slog.Bool("log_end_known", known))
	}
	return false, nil
}

// left returns how many of the records that were on the log at first are yet to
// be counted; false while the log's end is unknown. A log may come back shorter
// from a crash, by records that nobody was promised.
func (w *settling) left(l *public.Ledger) (records schema.Offset, known bool) {
	if len(l.Partitions) == 0 || w.ends != nil && len(w.ends) != len(l.Partitions) {
		return 0, false
	}
	ends := make([]schema.Offset, len(l.Partitions))
	for i, p := range l.Partitions {
		if p.LogEnd == nil {
			return 0, false
		}
		ends[i] = *p.LogEnd
		if w.ends != nil {
			ends[i] = min(ends[i], w.ends[i])
		}
		records += max(0, ends[i]-p.Next)
	}
	if w.ends == nil {
		w.ends = ends
	}
	return records, true
}

// How watermarks are checked.
const (
	watermarkSample = 50               // Terminals.
	watermarkLag    = 30 * time.Second // The protocol promises 5 s.
)

// check compares ledger, cells and watermarks with what was cast.
func (s *Simulation) check(ctx context.Context, before schema.Tally, report *Report) error {
	s.log.Info("all votes are answered; waiting until they are counted")
	l, err := s.settled(ctx)
	if err != nil {
		return err
	}
	report.Ledger = minus(l.Totals.Tally, before)
	s.log.Info("comparing cells")
	report.Cells, err = s.expectation.compare(func(yield func(*cellRow)) error {
		return s.cells(ctx, s.plan.first, s.nextHour(), func(r *cellRow) {
			if !s.sources.take(r, true) {
				yield(r)
			}
		})
	}, &s.differences)
	if err != nil {
		return fmt.Errorf("compare cells: %w", err)
	}
	cells, least, most := s.sources.compare(&s.differences)
	report.Cells += cells
	report.SourceVotes = s.sources.total()
	s.compareLedger(&l, report.Ledger, least, most)
	for i := 0; i < len(s.players); i += max(1, len(s.players)/watermarkSample) {
		if err := s.players[i].checkWatermark(ctx); err != nil {
			return err
		}
		report.Watermarks++
	}
	report.Compared = true
	return nil
}

// compareLedger holds what the ledger grew by against what was cast, and at least and at
// most of sources without state.
//
// Conflicts are exact in good weather. A request without an answer may be on
// the log or not, and one that was answered may be there twice, when the
// service itself had no answer from the log and wrote again: then there is an
// upper bound only. Nothing else depends on the weather.
func (s *Simulation) compareLedger(l *public.Ledger, grown schema.Tally, least, most uint64) {
	d := &s.differences
	for _, p := range l.Partitions {
		if !p.Balanced() {
			d.addf("ledger partition %d: votes in %d or events in %d is not the sum of the others: %+v", p.Partition, p.VotesIn, p.Events.In, p.Tally)
		}
	}
	conflicts, attempts := s.counters.conflicts.Load(), s.counters.attempts.Load()
	if s.weather.doubted() {
		attempts += conflicts
	}
	d.addCount("counted", s.expectation.counted+least, s.expectation.counted+most, grown.Counted)
	d.addCount("voided", s.expectation.voided, s.expectation.voided, grown.Voided)
	d.addCount("conflicts", conflicts, attempts, grown.Conflicts)
	d.addCount("quarantined", 0, 0, grown.Quarantined)
	s.sources.compareEvents(grown.Events, s.weather.doubted(), d)
	if answered := s.counters.answered.Load(); grown.VotesIn < answered {
		d.addf("ledger votes_in: want at least the %d answered 202, got %d", answered, grown.VotesIn)
	}
}

// minus returns a less b.
func minus(a, b schema.Tally) schema.Tally {
	less := b.Numbers()
	for i, n := range a.Numbers() {
		*n -= *less[i]
	}
	return a
}
