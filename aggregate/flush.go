package aggregate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"mlf/aggregate/fold"
	"mlf/schema"
	"mlf/schema/presence"
)

// A flusher writes what all workers of a process have counted, in steps: rollups; days
// of terminals; ledger and watermarks; checkpoints. Each begins when the one before it
// was acknowledged, so the ledger never says more than the rows before it hold, and a
// checkpoint never more than all of them. A flush that failed is sent again, whole,
// until it is acknowledged; what was counted meanwhile waits for the next.
//
// States are told before checkpoints are written, and whatever became of the rows:
// that they cannot be written is what people must see. A checkpoint that cannot be
// written is tried again by itself; the others, and the counts, do not wait for it.
//
// It is used by one goroutine at a time: loop, and after it last.
type flusher struct {
	a       *Aggregator
	flight  *flight              // Rows taken and not acknowledged.
	waiting map[*worker]*written // Checkpoints whose rows were acknowledged.
	chunk   []schema.Rollup
	rows    int       // Of the last flush.
	suspect bool      // Something failed since the store's start time was last seen.
	runDue  time.Time // When it must be looked at again.
	tellDue time.Time // When all states must be told again.
	ending  bool      // The process stops: its partitions are others' to speak of.
}

// A flight is the rows of one flush.
type flight struct {
	begun time.Time
	parts []flightPart
	rows  int
}

// A flightPart is what one worker has in it.
type flightPart struct {
	w        *worker
	rows     *fold.Rows    // Of w: a worker is in one flight at a time.
	sum      *fold.Fold    // That they are of,
	next     schema.Offset // and what it had folded.
	arrivals []schema.Instant
	prepared *prepared // To be written after the rows; nil for none.
	records  int       // That were folded since the flush before,
	traces   traces    // and which of them are followed.
}

// A written is a checkpoint that is to be written, perhaps again.
type written struct {
	prepared
	pause pause
	due   time.Time // Not before; zero: now.
}

// loop flushes until ctx ends. A flush that has begun by then goes on, with io.
func (f *flusher) loop(ctx, io context.Context) {
	every := f.a.cfg.FlushEvery
	timer := time.NewTimer(every)
	defer timer.Stop()
	var p pause
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-f.a.kick:
		}
		select {
		case <-f.a.kick: // One flush for both reasons. Whoever needs another asks again.
		default:
		}
		begun := f.a.cfg.Now()
		if err := f.flush(io); err != nil {
			f.a.log.Warn("flush is sent again", slog.Any("err", err))
			if p.wait(ctx) != nil {
				return
			}
			timer.Reset(0)
			continue
		}
		p = pause{}
		every = f.stretch()
		timer.Reset(max(0, every-f.a.cfg.Now().Sub(begun)))
	}
}

// last flushes what the workers have left, and tries until ctx ends.
func (f *flusher) last(ctx context.Context) {
	var p pause
	f.ending = true
	for ctx.Err() == nil {
		err := f.flush(ctx)
		if err == nil {
			return
		}
		f.a.log.Warn("last flush is sent again", slog.Any("err", err))
		if p.wait(ctx) != nil {
			break
		}
	}
	f.a.log.Error("stopped before everything was written: the next worker reads it again")
}

// stretch returns how long to wait before the next flush.
func (f *flusher) stretch() time.Duration {
	every := f.a.cfg.stretched(f.a.cfg.FlushEvery, f.rows)
	f.a.m.flushInterval.Set(every.Seconds())
	return every
}

// stretched returns how long to wait after rows, every at the least. The rows of a
// time grow less than it does, for a cell changes many times: waiting as long as
// they take at RowsPerSecondMax comes to rest where they fit.
func (c *Config) stretched(every time.Duration, rows int) time.Duration {
	worth := time.Duration(rows) * time.Second / time.Duration(c.RowsPerSecondMax)
	return min(max(worth, every), c.FlushEveryMax)
}

// flush does everything once that is to be done. After an error it is called
// again, and goes on with the same rows.
func (f *flusher) flush(ctx context.Context) error {
	now := f.a.cfg.Now()
	if f.suspect || !now.Before(f.runDue) {
		if _, err := f.watchRun(ctx); err != nil {
			return err
		}
	}
	f.rows = 0
	if f.flight == nil {
		f.flight = f.collect(now)
	}
	if f.flight != nil {
		if err := f.land(ctx, f.flight); err != nil {
			return errors.Join(err, f.tellStates(ctx))
		}
	}
	if err := f.tellStates(ctx); err != nil {
		return err
	}
	if !f.due() {
		return nil
	}
	return f.keepCheckpoints(ctx)
}

// watchRun asks when the store's server started. Where that has changed, rows
// may be gone that it had acknowledged: the workers step back.
func (f *flusher) watchRun(ctx context.Context) (time.Time, error) {
	started, err := f.a.parts.Store.Started(ctx)
	if err != nil {
		return started, f.failed("started", err)
	}
	f.suspect = false
	f.runDue = f.a.cfg.Now().Add(f.a.cfg.TailEvery)
	for _, w := range f.a.list() {
		w.watchRun(started)
	}
	return started, nil
}

// collect takes what has changed; nil when nothing has.
func (f *flusher) collect(now time.Time) *flight {
	fl := &flight{begun: now}
	for _, w := range f.a.list() {
		part := flightPart{w: w, rows: &w.out}
		w.mu.Lock()
		if w.fold != nil {
			w.fold.Drain(part.rows)
			part.sum, part.next = w.fold, w.fold.Next()
			part.records = int(part.next - w.way.flushed)
			part.traces, w.traces = w.traces, traces{}
			w.way.taken(part.next, part.rows.Len() == 0, now)
			part.arrivals, w.arrivals = w.arrivals, nil
			part.prepared, w.prepared = w.prepared, nil
			f.a.inflight.Add(int64(part.rows.Len()))
			w.dirty.Store(0)
		}
		w.mu.Unlock()
		if part.rows.Len() > 0 || part.prepared != nil {
			fl.parts = append(fl.parts, part)
			fl.rows += part.rows.Len()
		}
	}
	if len(fl.parts) == 0 {
		return nil
	}
	return fl
}

// land writes the rows of fl, in their order.
func (f *flusher) land(ctx context.Context, fl *flight) error {
	if err := f.checkChains(ctx, fl); err != nil {
		return err
	}
	if err := f.writeRollups(ctx, fl); err != nil {
		return err
	}
	var days []presence.TerminalDay
	var ledger []schema.LedgerRow
	var marks []schema.Watermark
	for _, part := range fl.parts {
		days = append(days, part.rows.Days...)
		ledger = append(ledger, part.rows.Ledger...)
		marks = append(marks, part.rows.Watermarks...)
	}
	if len(days) > 0 {
		if err := f.a.parts.Store.WriteDays(ctx, days); err != nil {
			return f.failed("days", err)
		}
	}
	if len(ledger)+len(marks) > 0 {
		if err := f.a.parts.Store.WriteLedger(ctx, ledger, marks); err != nil {
			return f.failed("ledger", err)
		}
	}
	f.a.landed(ctx, fl)
	f.rows = fl.rows
	for _, part := range fl.parts {
		if part.prepared != nil {
			f.waiting[part.w] = &written{prepared: *part.prepared}
		}
		part.w.hasTaken(&part, f.a.cfg.Now())
		part.rows.Reset()
		if cap(part.rows.Rollups) > f.a.cfg.InsertRowsMax {
			*part.rows = fold.Rows{} // A backlog's memory is not kept for the days without one.
		}
	}
	f.flight = nil
	f.a.inflight.Store(0)
	return nil
}

// checkChains looks whether the store has another history of a segment that is
// about to be closed. Then the partition is halted, and nothing of it written.
func (f *flusher) checkChains(ctx context.Context, fl *flight) error {
	for i := range fl.parts {
		part := &fl.parts[i]
		for _, row := range part.rows.Ledger {
			if row.Chain == (schema.Chain{}) {
				continue
			}
			chains, err := f.a.parts.Store.Chains(ctx, row.Partition, row.Segment)
			if err != nil {
				return f.failed("chains", err)
			}
			if slices.ContainsFunc(chains, func(c schema.Chain) bool { return c != row.Chain }) {
				part.w.haltWith(fold.HaltOtherLog("partition %d: segment %d has hash %x here and %x in the store, so two logs were counted into one database: count the right one into a new database", row.Partition, row.Segment, row.Chain, chains))
				part.rows.Reset()
				part.prepared, part.arrivals = nil, nil
				part.records, part.traces = 0, traces{}
				delete(f.waiting, part.w)
				break
			}
		}
	}
	return nil
}

func (f *flusher) writeRollups(ctx context.Context, fl *flight) error {
	most := f.a.cfg.InsertRowsMax
	f.chunk = f.chunk[:0]
	for _, part := range fl.parts {
		for rest := part.rows.Rollups; len(rest) > 0; {
			n := min(len(rest), most-len(f.chunk))
			f.chunk = append(f.chunk, rest[:n]...)
			rest = rest[n:]
			if len(f.chunk) == most {
				if err := f.writeChunk(ctx); err != nil {
					return err
				}
			}
		}
	}
	return f.writeChunk(ctx)
}

func (f *flusher) writeChunk(ctx context.Context) error {
	if len(f.chunk) == 0 {
		return nil
	}
	if err := f.a.parts.Store.WriteRollups(ctx, f.chunk); err != nil {
		return f.failed("rollups", err)
	}
	clear(f.chunk)
	f.chunk = f.chunk[:0]
	return nil
}

// due tells whether a checkpoint is to be written now.
func (f *flusher) due() bool {
	for _, c := range f.waiting {
		if f.ending || !f.a.cfg.Now().Before(c.due) {
			return true
		}
	}
	return false
}

// keepCheckpoints writes the checkpoints whose rows were acknowledged, if the
// store has not restarted since. One that fails waits for a later flush, and is an
// error only where there is none.
func (f *flusher) keepCheckpoints(ctx context.Context) error {
	// The run was there when it was asked for its start. When the answer is heard it
	// may be gone, if this process was stopped meanwhile: a later time would prove
	// checkpoints whose rows were lost with it.
	taken := f.a.cfg.Now().UTC()
	started, err := f.watchRun(ctx)
	if err != nil {
		return err
	}
	next := make(map[schema.Partition]schema.Offset)
	var failures error
	for _, w := range slices.SortedFunc(maps.Keys(f.waiting), byPartition) {
		p := f.waiting[w]
		if !f.a.cfg.sameRun(p.started, started) {
			delete(f.waiting, w)
			continue
		}
		if !f.ending && f.a.cfg.Now().Before(p.due) {
			continue
		}
		c := schema.Checkpoint{CheckpointInfo: p.info, Payload: p.payload}
		c.StoreStarted, c.Taken = started, taken
		c.SHA256 = sha256.Sum256(p.payload)
		if err := f.a.parts.Store.WriteCheckpoint(ctx, c); err != nil {
			err = f.failed("checkpoint", err)
			w.log.Warn("checkpoint is written again", slog.Any("err", err))
			failures = errors.Join(failures, err)
			p.due = f.a.cfg.Now().Add(p.pause.next(f.a.cfg.CheckpointEvery))
			continue
		}
		delete(f.waiting, w)
		next[w.p] = p.info.Next
		w.kept(p.info.Next, c.Taken)
	}
	if len(next) > 0 {
		f.commit(ctx, next)
	}
	if f.ending {
		return failures
	}
	return nil
}

func byPartition(a, b *worker) int { return cmp.Compare(a.p, b.p) }

// commitMax is how long a flush may wait for the group, which only lag tools
// read: far less than the store is worth waiting for.
const commitMax = 2 * time.Second

func (f *flusher) commit(ctx context.Context, next map[schema.Partition]schema.Offset) {
	ctx, cancel := context.WithTimeout(ctx, commitMax)
	defer cancel()
	if err := f.a.parts.Assigner.Commit(ctx, next); err != nil {
		f.a.log.Debug("position not told to the group: tools show too much lag", slog.Any("err", err))
	}
}

// failed notes that the store did not do something. It may have restarted.
func (f *flusher) failed(operation string, err error) error {
	f.suspect = true
	f.a.m.storeErrors.WithLabelValues(operation).Inc()
	err = fmt.Errorf("store, %s: %w", operation, err)
	for _, w := range f.a.list() {
		w.failed(err)
	}
	return err
}
