package aggregate

import (
	"context"
	"errors"
	"log/slog"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// A worker counts one partition: it recovers, follows the log, and makes ready
// what the flusher writes. Two goroutines meet in it, its own and the flusher.
//
// What is counted is safe because of who does what. Only the worker's own
// goroutine reads the log, for a fetch's memory is the reader's until the next
// one; so it takes the checkpoints, too, after it has compared the log's tail.
// Only the flusher writes to the store; it takes rows and checkpoint in one step
// under mu, so that the rows it has taken by then hold all that the checkpoint
// says, and writes the checkpoint when they are acknowledged.
type worker struct {
	p     schema.Partition
	parts Parts
	cfg   Config
	log   *slog.Logger
	m     *metrics
	room  func(ctx context.Context) error // Waits while too much waits for the store.
	heard func() bool                     // Too much does not wait for the Teller.

	follows bool // Somebody is told of followed records.

	hard context.Context // Ends when everything must end: partition gone, or no time left.
	drop context.CancelFunc
	soft context.Context // Ends when no more shall be read; within hard.
	stop context.CancelFunc
	done chan struct{} // Closed when run has returned.

	dirty  atomic.Int64 // Rows in fold that the flusher has not taken,
	untold atomic.Int64 // and those that followers were not told.
	out    fold.Rows    // The flusher's: the rows it has taken.

	mu        sync.Mutex // Guards what follows.
	fold      *fold.Fold // nil while there is none. Records are applied by run only.
	started   time.Time  // The run of the store that fold's rows are written to; zero while fold is nil.
	prepared  *prepared  // The checkpoint that the flusher shall write next.
	arrivals  []schema.Instant
	traces    traces
	interrupt context.CancelCauseFunc
	state     schema.PartitionState
	moved     movement
	told      schema.PartitionState // What the flusher has written last; zero: it must write again.
	way       way

	// Of run only.
	tailDue  time.Time     // Of the next look at the log's tail.
	due      time.Time     // Of the next checkpoint.
	savedAt  schema.Offset // Next of the last checkpoint made ready.
	liveFrom schema.Offset // The log's end when the partition was taken over.
}

// A prepared is a checkpoint that may be written once the rows up to it were
// acknowledged by the run of the store that started at started.
type prepared struct {
	info    schema.CheckpointInfo
	payload []byte
	started time.Time
}

// errRunChanged ends a count whose rows may be gone, because the store has
// started anew since they were acknowledged. The worker recovers.
var errRunChanged = errors.New("store has restarted")

// applyRecords is how many records are folded before others may have the lock,
// and before there must be room again: at 1,000 votes a record some 20 ms.
const applyRecords = 256

// arrivalsMax is how many ingest times per partition and flush go into the
// histogram: 4,000 a second with the shortest interval.
const arrivalsMax = 1000

// run counts until the partition is taken away, or halts.
func (w *worker) run() {
	defer close(w.done)
	pprof.SetGoroutineLabels(w.hard)
	for {
		ctx, interrupt := context.WithCancelCause(w.soft)
		w.begin(interrupt)
		err := w.count(ctx)
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, fold.ErrHalt) {
			err = cause
		}
		interrupt(nil)
		switch {
		case errors.Is(err, fold.ErrHalt):
			w.haltWith(err)
			return
		case errors.Is(err, errRunChanged):
			w.log.Warn("store has restarted: partition steps back")
		case w.hard.Err() != nil:
			return
		default:
			if err := w.finish(); err != nil {
				w.haltWith(err)
			}
			return
		}
	}
}

// begin starts a count from nothing.
func (w *worker) begin(interrupt context.CancelCauseFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget()
	w.interrupt = interrupt
	if w.state.State != schema.StateRecovering { // Else watchRun has said so.
		w.recovers()
	}
}

// recovers says that w counts from nothing. w.mu is held.
func (w *worker) recovers() {
	w.moved.begin(w.cfg.Now())
	w.become(schema.StateRecovering, "")
}

// forget drops the state and all that comes of it. w.mu is held.
func (w *worker) forget() {
	w.fold, w.started, w.prepared, w.arrivals, w.traces = nil, time.Time{}, nil, nil, traces{}
	w.moved.waiting = time.Time{}
	w.way.forget()
	w.dirty.Store(0)
	w.untold.Store(0)
}

// become changes the state that others see. w.mu is held.
func (w *worker) become(s schema.State, reason string) {
	w.state = schema.PartitionState{Partition: w.p, State: s, Reason: reason, Since: w.cfg.Now().UTC()}
	w.told = schema.PartitionState{}
}

// count recovers and then follows the log. It returns an error always.
func (w *worker) count(ctx context.Context) error {
	r, err := w.recover(ctx)
	if err != nil {
		return err
	}
	w.liveFrom = max(1, r.end) // An empty log is not caught up with: its genesis is missing.
	w.savedAt = r.savedAt
	if w.parts.Teller != nil {
		r.fold.Follow() // What was counted before, somebody has told.
	}
	w.tailDue, w.due = time.Time{}, w.cfg.Now().Add(w.cfg.CheckpointEvery)
	w.mu.Lock()
	w.fold, w.started = r.fold, r.started
	w.way = wayFrom(r.fold.Next(), r.end, w.cfg.Now())
	w.mu.Unlock()
	return w.follow(ctx, r.fold)
}

// follow applies what the log has, for ever. Every TailEvery, at first, and before
// a checkpoint, it reads from the log's tail on: what comes after it is new.
func (w *worker) follow(ctx context.Context, sum *fold.Fold) error {
	epoch, before := int32(-1), false // before: the read before was from the tail on.
	for {
		checked := !w.cfg.Now().Before(w.tailDue) || w.checkpointIsDue(sum)
		read := w.fetchNext
		if checked {
			read = w.checkTail
		}
		f, err := read(ctx, sum)
		if errors.Is(err, errBelowStart) {
			return haltLag(w.p, sum.Next())
		}
		if err != nil {
			return err
		}
		// A new leader may have lost what the one before it had acknowledged: what it
		// has next is read again, from the tail on. What comes after that may end
		// earlier, in an older epoch, and is no news.
		if !checked && len(f.Records) > 0 && f.LeaderEpoch != epoch && (!before || f.LeaderEpoch > epoch) {
			epoch, w.tailDue = f.LeaderEpoch, time.Time{}
			continue
		}
		before = checked
		w.sawEnd(f.LogEnd)
		if err := w.apply(ctx, sum, f.Records); err != nil {
			return err
		}
		if sum.Next() >= w.liveFrom {
			w.caughtUp(sum.Next())
		}
		if !checked {
			continue
		}
		epoch = max(epoch, f.LeaderEpoch)
		w.tailDue = w.cfg.Now().Add(w.cfg.TailEvery)
		if w.checkpointIsDue(sum) {
			w.checkpoint(sum)
		}
	}
}

// caughtUp notes that everything was read that was there at the take-over. The
// state is worth a checkpoint then: it was work to get there, and it is the mark
// of this run of the store.
func (w *worker) caughtUp(next schema.Offset) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.State == schema.StateRecovering {
		w.become(schema.StateOK, "")
		w.due = w.cfg.Now()
		w.log.Info("partition is caught up", slog.Int64("offset", int64(next)))
	}
}

// apply folds records, in portions.
func (w *worker) apply(ctx context.Context, sum *fold.Fold, recs []schema.Record) error {
	for len(recs) > 0 {
		if err := w.room(ctx); err != nil {
			return err
		}
		n := min(len(recs), applyRecords)
		w.mu.Lock()
		before := sum.Total()
		err := w.applyAll(sum, recs[:n])
		after := sum.Total()
		if w.fold == sum { // It may have been dropped, and then nobody takes its rows.
			w.dirty.Store(int64(sum.Dirty()))
			w.moved.applied(w.cfg.Now(), sum.Dirty() > 0)
			w.keepUntold(sum)
		}
		w.mu.Unlock()
		w.m.fold(before, after)
		if err != nil {
			return err
		}
		recs = recs[n:]
	}
	return nil
}

func (w *worker) applyAll(sum *fold.Fold, recs []schema.Record) error {
	for i := range recs {
		if err := sum.Apply(&recs[i]); err != nil {
			return err
		}
		if w.follows {
			w.traces.add(recs[i].Trace)
		}
		at := sum.Ingested()
		w.way.folded(at)
		if at != 0 && sum.Next() > w.liveFrom && len(w.arrivals) < arrivalsMax {
			w.arrivals = append(w.arrivals, at)
		}
	}
	return nil
}

// checkpointIsDue tells whether it is time for a checkpoint: there is something
// new, and the one before it is with the store.
func (w *worker) checkpointIsDue(sum *fold.Fold) bool {
	if sum.Next() == 0 || sum.Next() == w.savedAt || w.cfg.Now().Before(w.due) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.prepared == nil
}

// checkpoint makes a checkpoint ready.
func (w *worker) checkpoint(sum *fold.Fold) {
	w.due = w.cfg.Now().Add(w.cfg.CheckpointEvery)
	if err := w.prepare(sum); err != nil {
		w.log.Error("checkpoint not made: a crash now costs a longer replay", slog.Any("err", err))
	}
}

// prepare hands the state to the flusher, as a checkpoint.
func (w *worker) prepare(sum *fold.Fold) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fold != sum {
		return nil // It was dropped since, and must leave nothing behind.
	}
	info, payload, err := sum.Checkpoint()
	if err != nil {
		return err
	}
	w.savedAt = info.Next
	w.prepared = &prepared{info: info, payload: payload, started: w.started}
	return nil
}

// finish makes the last checkpoint ready, after the worker was stopped.
func (w *worker) finish() error {
	w.mu.Lock()
	sum := w.fold
	w.mu.Unlock()
	if sum == nil || sum.Next() == w.savedAt || sum.Next() == 0 {
		return nil
	}
	_, err := w.checkTail(w.hard, sum)
	if errors.Is(err, fold.ErrHalt) {
		return err
	}
	if err == nil {
		err = w.prepare(sum)
	}
	if err != nil {
		w.log.Error("last checkpoint not made: the next worker reads more again", slog.Any("err", err))
	}
	return nil
}

// haltWith ends the count for good; the first reason holds. What was folded
// before the record that halted it is true, and still written, unless it may be
// of another log: then nothing more of this worker reaches the store.
func (w *worker) haltWith(err error) {
	w.mu.Lock()
	first := w.state.State != schema.StateHalted
	if errors.Is(err, fold.ErrOtherLog) {
		w.forget()
	}
	if first {
		w.become(schema.StateHalted, err.Error())
	}
	w.interrupt(err)
	w.mu.Unlock()
	if first {
		w.log.Error("partition is halted: going on would lose or invent votes", slog.Any("err", err))
	}
}

// watchRun drops the count when it was for another run of the store than the one
// that started at started. Checkpoints made of it before that are known by theirs.
// The state is told again then.
func (w *worker) watchRun(started time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fold != nil && !w.cfg.sameRun(w.started, started) {
		w.told = schema.PartitionState{}
		w.interrupt(errRunChanged)
		if w.state.State != schema.StateHalted { // A halted worker stays so: what it folded is still written.
			// Here, and not when the worker notices: the flush that is about to collect takes
			// nothing of it, and tells what it does now.
			w.forget()
			w.recovers()
		}
	}
}

// recoveringSince returns since when w recovers; zero where it does not.
func (w *worker) recoveringSince() (since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.State == schema.StateRecovering {
		since = w.state.Since
	}
	return since
}

// sameRun tells whether two start times are of one run of the store's server.
func (c *Config) sameRun(a, b time.Time) bool { return a.Sub(b).Abs() <= c.StartedTolerance }
