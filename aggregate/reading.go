package aggregate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// reach returns the log's bounds once it ends at at or later. A log that ends
// before what was counted has lost records, if it still does after AboveMax.
func (w *worker) reach(ctx context.Context, at schema.Offset) (first, end schema.Offset, err error) {
	var p pause
	var short shortage
	for {
		asked := w.cfg.Now()
		first, end, err = w.parts.Log.Bounds(ctx, w.p)
		if err != nil {
			return 0, 0, fmt.Errorf("read bounds of partition %d: %w", w.p, err)
		}
		if at <= end {
			return first, end, nil
		}
		if err := w.stillAbove(&short, asked, at, end); err != nil {
			return 0, 0, err
		}
		if err := p.wait(ctx); err != nil {
			return 0, 0, err
		}
	}
}

// A shortage is for how long a log was seen to end too early. The times are those
// of the questions: an answer may be old when it is heard, because the process was
// stopped with it in hand.
type shortage struct{ since, last time.Time }

// stillAbove halts when the log has ended before at for AboveMax; asked is when it
// was asked. A process that has not asked for long begins anew: what it saw then
// was perhaps another change of leader.
func (w *worker) stillAbove(short *shortage, asked time.Time, at, end schema.Offset) error {
	if short.since.IsZero() || asked.Sub(short.last) > max(w.cfg.AboveMax/2, 2*pauseMax) {
		short.since = asked
	}
	short.last = asked
	if asked.Sub(short.since) < w.cfg.AboveMax {
		w.failed(fmt.Errorf("the log ends at %d, and was counted up to %d", end, at))
		return nil
	}
	if end == 0 {
		return fold.HaltOtherLog("partition %d: the log is empty, without even its genesis record: if it had records, %s, else run mlf schema apply", w.p, fold.BringBack)
	}
	return fold.HaltOtherLog("partition %d: the log ends at offset %d and was counted up to offset %d, so records were lost: %s", w.p, end, at, fold.BringBack)
}

// fetchNext reads what comes after fold.
func (w *worker) fetchNext(ctx context.Context, sum *fold.Fold) (schema.Fetched, error) {
	return w.fetch(ctx, sum.Next())
}

// checkTail compares the last records of the log below fold's offset, as far as
// it still has them, with those that were counted. It returns those after them
// that came along.
func (w *worker) checkTail(ctx context.Context, sum *fold.Fold) (schema.Fetched, error) {
	first, err := w.reachAgain(ctx, sum.Next())
	if err != nil {
		return schema.Fetched{}, err
	}
	at := min(max(first, sum.Tail()), sum.Next())
	for {
		f, err := w.fetch(ctx, at)
		if errors.Is(err, errBelowStart) && at < sum.Next() {
			return w.checkTail(ctx, sum) // Retention took it in this moment.
		}
		if err != nil {
			return f, err
		}
		for at < sum.Next() && len(f.Records) > 0 {
			rec := &f.Records[0]
			if rec.Offset != at {
				return f, fold.HaltGap(w.p, at, fmt.Errorf("record %d is in its place", rec.Offset))
			}
			if err := sum.CheckTail(rec); err != nil {
				return f, err
			}
			f.Records = f.Records[1:]
			at++
		}
		if at == sum.Next() {
			return f, nil
		}
		if _, err := w.reachAgain(ctx, sum.Next()); err != nil {
			return f, err
		}
	}
}

// reachAgain is reach, and tries again whatever the world does.
func (w *worker) reachAgain(ctx context.Context, at schema.Offset) (first schema.Offset, err error) {
	var p pause
	for {
		first, _, err = w.reach(ctx, at)
		if err == nil || errors.Is(err, fold.ErrHalt) || ctx.Err() != nil {
			return first, err
		}
		w.m.logErrors.Inc()
		w.failed(err)
		w.log.Warn("reading the log's bounds is tried again", slog.Any("err", err))
		if err := p.wait(ctx); err != nil {
			return 0, err
		}
	}
}

// errBelowStart is the error of reading what retention has removed.
var errBelowStart = errors.New("the log begins later")

// corruptTries is how often records that do not match Kafka's checksum are
// fetched again: the fault may be of the network or of one replica.
const corruptTries = 3

// fetch reads from at on, and tries again whatever the world does.
func (w *worker) fetch(ctx context.Context, at schema.Offset) (schema.Fetched, error) {
	var p pause
	var corrupt int
	var short shortage
	for {
		f, err := w.parts.Log.Fetch(ctx, w.p, at)
		if err == nil {
			w.hasRead()
			return f, nil
		}
		if ctx.Err() != nil {
			return f, context.Cause(ctx)
		}
		w.m.logErrors.Inc()
		w.failed(err)
		switch {
		case errors.Is(err, schema.ErrGap):
			return f, fold.HaltGap(w.p, at, err)
		case errors.Is(err, schema.ErrCorrupt):
			if corrupt++; corrupt > corruptTries {
				return f, fold.Halt("partition %d: record %d is damaged on the log, read %d times (%w): let a broker with a sound copy lead the partition, then restart mlf aggregate", w.p, at, corrupt, err)
			}
		case errors.Is(err, schema.ErrOffsetOutOfRange):
			if err := w.outOfRange(ctx, at, &short); err != nil {
				return f, err
			}
		default:
			short = shortage{}
		}
		w.log.Warn("fetch is tried again", slog.Int64("offset", int64(at)), slog.Any("err", err))
		if err := p.wait(ctx); err != nil {
			return f, err
		}
	}
}

// outOfRange tells what it means that at is out of the log's range: nothing yet,
// as long as the answer is nil.
func (w *worker) outOfRange(ctx context.Context, at schema.Offset, short *shortage) error {
	asked := w.cfg.Now()
	first, end, err := w.parts.Log.Bounds(ctx, w.p)
	if err != nil {
		return nil //nolint:nilerr // The world's: fetch asks again, and comes back here.
	}
	if at < first {
		return fmt.Errorf("fetch partition %d at %d, where it begins at %d: %w", w.p, at, first, errBelowStart)
	}
	if short.since.IsZero() && first == 0 && end > 0 {
		if err := w.checkGenesisNow(ctx); err != nil {
			return err
		}
	}
	if at <= end {
		*short = shortage{} // It was behind, or the answer to the fetch was old.
		return nil
	}
	return w.stillAbove(short, asked, at, end)
}

// checkGenesisNow is checkGenesis while the log is followed. Only what it finds
// counts: that it could not look is the world's.
func (w *worker) checkGenesisNow(ctx context.Context) error {
	w.mu.Lock()
	sum := w.fold
	w.mu.Unlock()
	if sum == nil {
		return nil // Recovery has looked.
	}
	if err := w.checkGenesis(ctx, sum.Identity()); errors.Is(err, fold.ErrHalt) {
		return err
	}
	return nil
}

// checkGenesis looks whether the log's first record is still that of the log that
// the store counts: a new log under the old name may have any length. One that
// cannot be read says nothing; the last records are compared besides. A count
// from the genesis need not ask: its fold looks itself.
func (w *worker) checkGenesis(ctx context.Context, id schema.Identity) error {
	f, err := w.parts.Log.Fetch(ctx, w.p, 0)
	if errors.Is(err, schema.ErrCorrupt) || errors.Is(err, schema.ErrGap) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fetch genesis of partition %d: %w", w.p, err)
	}
	if len(f.Records) == 0 {
		return nil
	}
	_, err = fold.CheckGenesis(&f.Records[0], w.p, id)
	return err
}

// haltLag halts where the log begins after next, the first that was not counted.
func haltLag(p schema.Partition, next schema.Offset) error {
	return fold.Halt("partition %d: records from %d on were removed before they were counted, as retention was shorter than the lag: %s", p, next, fold.BringBack)
}
