package aggregate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mlf/schema"
)

// A recovered is where a count begins.
type recovered struct {
	fold    *Fold
	started time.Time     // The run of the store from now on.
	end     schema.Offset // The log's end.
	savedAt schema.Offset // The checkpoint that need not be made again; -1 for none.
}

// recover finds the newest state that the log and the store both still stand
// for. It tries until ctx ends, or a person is needed.
func (w *worker) recover(ctx context.Context) (recovered, error) {
	var p pause
	for {
		r, err := w.tryRecover(ctx)
		if err == nil || errors.Is(err, ErrHalt) || ctx.Err() != nil {
			return r, err
		}
		w.m.storeErrors.WithLabelValues("recover").Inc()
		w.log.Warn("recovery is tried again", slog.Any("err", err))
		if err := p.wait(ctx); err != nil {
			return r, err
		}
	}
}

func (w *worker) tryRecover(ctx context.Context) (recovered, error) {
	id, err := w.parts.Store.Identity(ctx)
	if err != nil {
		return recovered{}, fmt.Errorf("read identity of the store: %w", err)
	}
	if w.p < 0 || int(w.p) >= id.Partitions {
		return recovered{}, haltOtherLog("partition %d: the log has %d partitions as the store counts it, so this one was added to the topic: ingest does not use it; look for another producer, as what is on it is not counted", w.p, id.Partitions)
	}
	started, err := w.parts.Store.Started(ctx)
	if err != nil {
		return recovered{}, fmt.Errorf("read start time of the store: %w", err)
	}
	infos, err := w.parts.Store.Checkpoints(ctx, w.p)
	if errors.Is(err, schema.ErrCheckpointCorrupt) {
		w.passOver(err)
	} else if err != nil {
		return recovered{}, fmt.Errorf("list checkpoints of partition %d: %w", w.p, err)
	}
	first, end, err := w.parts.Log.Bounds(ctx, w.p)
	if err != nil {
		return recovered{}, fmt.Errorf("read bounds of partition %d: %w", w.p, err)
	}
	infos = slices.DeleteFunc(slices.Clone(infos), func(c schema.CheckpointInfo) bool { return c.Log != id.Log })
	usable, likely := w.cfg.believed(infos, started)
	if first > 0 {
		usable = append(usable, likely...) // Rather than none: the log cannot be read from its genesis.
	}
	if len(usable) > 0 && first == 0 && end > 0 {
		if err := w.checkGenesis(ctx, id); err != nil {
			return recovered{}, err
		}
	}
	for _, info := range usable {
		fold, err := w.open(ctx, info, id)
		if errors.Is(err, errCheckpoint) || errors.Is(err, schema.ErrCheckpointCorrupt) {
			w.passOver(err)
			continue
		}
		if err != nil {
			return recovered{}, err
		}
		return w.resume(ctx, fold, info, started)
	}
	return w.fromGenesis(ctx, id, started)
}

// passOver tells of a checkpoint that cannot be read.
func (w *worker) passOver(err error) {
	w.m.unreadable.Inc()
	w.log.Error("checkpoint is passed over for an older one", slog.Any("err", err))
}

// believed returns the checkpoints whose rows the store must still have, and
// those whose rows it should still have, both in the order they came.
//
// Rows that were acknowledged shortly before the server went down may be gone.
// StepBack later they are on disk. So a checkpoint is good while the run of the
// server in which it was taken still lasts; and for ever when that run lasted
// StepBack longer, which a later checkpoint of the same run proves. That it is
// StepBack older than the start of this run proves less: there may have been
// another run between, that began with a loss.
func (c *Config) believed(infos []schema.CheckpointInfo, started time.Time) (proven, likely []schema.CheckpointInfo) {
	for _, info := range infos {
		outlived := func(later schema.CheckpointInfo) bool {
			return c.sameRun(info.StoreStarted, later.StoreStarted) && later.Taken.Sub(info.Taken) >= c.StepBack
		}
		switch {
		case c.sameRun(info.StoreStarted, started) || slices.ContainsFunc(infos, outlived):
			proven = append(proven, info)
		case started.Sub(info.Taken) >= c.StepBack:
			likely = append(likely, info)
		}
	}
	return proven, likely
}

// open reads a checkpoint and sees that it is what it is listed as.
func (w *worker) open(ctx context.Context, info schema.CheckpointInfo, id schema.Identity) (*Fold, error) {
	c, err := w.parts.Store.Checkpoint(ctx, info)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint of partition %d at %d: %w", w.p, info.Next, err)
	}
	fold, err := OpenCheckpoint(c.Payload)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint of partition %d at %d: %w", w.p, info.Next, err)
	}
	if fold.partition != w.p || fold.next != info.Next || fold.id.Log != id.Log || fold.id.Partitions != id.Partitions {
		return nil, fmt.Errorf("%w: it is of partition %d of %d at %d, log %v, and listed as partition %d at %d",
			errCheckpoint, fold.partition, fold.id.Partitions, fold.next, fold.id.Log, w.p, info.Next)
	}
	return fold, nil
}

// resume makes sure that the log goes on from where fold ends. That it still has
// what fold has counted is for follow to see, before anything else.
func (w *worker) resume(ctx context.Context, fold *Fold, info schema.CheckpointInfo, started time.Time) (recovered, error) {
	first, end, err := w.reach(ctx, fold.Next())
	if err != nil {
		return recovered{}, err
	}
	if fold.Next() < first {
		return recovered{}, haltLag(w.p, fold.Next())
	}
	r := recovered{fold: fold, started: started, end: end, savedAt: -1}
	if w.cfg.sameRun(info.StoreStarted, started) {
		r.savedAt = info.Next
	}
	w.m.recoveries.WithLabelValues("checkpoint").Inc()
	w.log.Info("partition resumes from a checkpoint", slog.Int64("offset", int64(info.Next)), slog.Time("taken", info.Taken), slog.Int64("log_end", int64(end)))
	return r, nil
}

// fromGenesis begins anew, where the log still has all its records.
func (w *worker) fromGenesis(ctx context.Context, id schema.Identity, started time.Time) (recovered, error) {
	first, end, err := w.reach(ctx, 1)
	if err != nil {
		return recovered{}, err
	}
	if first > 0 {
		return recovered{}, halt("partition %d: the store has no usable checkpoint and the log begins at %d, so what was before cannot be counted again: restore the store or the log from a backup", w.p, first)
	}
	w.m.recoveries.WithLabelValues("genesis").Inc()
	w.log.Info("partition is counted from its genesis", slog.Int64("log_end", int64(end)))
	return recovered{fold: NewFold(w.p, id), started: started, end: end, savedAt: -1}, nil
}

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
		return nil
	}
	if end == 0 {
		return haltOtherLog("partition %d: the log is empty, without even its genesis record: if it had records, %s, else run mlf schema apply", w.p, bringBack)
	}
	return haltOtherLog("partition %d: the log ends at offset %d and was counted up to offset %d, so records were lost: %s", w.p, end, at, bringBack)
}

// fetchNext reads what comes after fold.
func (w *worker) fetchNext(ctx context.Context, fold *Fold) (schema.Fetched, error) {
	return w.fetch(ctx, fold.Next())
}

// checkTail compares the last records of the log below fold's offset, as far as
// it still has them, with those that were counted. It returns those after them
// that came along.
func (w *worker) checkTail(ctx context.Context, fold *Fold) (schema.Fetched, error) {
	first, err := w.reachAgain(ctx, fold.Next())
	if err != nil {
		return schema.Fetched{}, err
	}
	at := min(max(first, fold.tailFirst()), fold.Next())
	for {
		f, err := w.fetch(ctx, at)
		if errors.Is(err, errBelowStart) && at < fold.Next() {
			return w.checkTail(ctx, fold) // Retention took it in this moment.
		}
		if err != nil {
			return f, err
		}
		for at < fold.Next() && len(f.Records) > 0 {
			rec := &f.Records[0]
			if rec.Offset != at {
				return f, haltGap(w.p, at, fmt.Errorf("record %d is in its place", rec.Offset))
			}
			if err := fold.checkTail(rec); err != nil {
				return f, err
			}
			f.Records = f.Records[1:]
			at++
		}
		if at == fold.Next() {
			return f, nil
		}
		if _, err := w.reachAgain(ctx, fold.Next()); err != nil {
			return f, err
		}
	}
}

// reachAgain is reach, and tries again whatever the world does.
func (w *worker) reachAgain(ctx context.Context, at schema.Offset) (first schema.Offset, err error) {
	var p pause
	for {
		first, _, err = w.reach(ctx, at)
		if err == nil || errors.Is(err, ErrHalt) || ctx.Err() != nil {
			return first, err
		}
		w.m.logErrors.Inc()
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
			return f, nil
		}
		if ctx.Err() != nil {
			return f, context.Cause(ctx)
		}
		w.m.logErrors.Inc()
		switch {
		case errors.Is(err, schema.ErrGap):
			return f, haltGap(w.p, at, err)
		case errors.Is(err, schema.ErrCorrupt):
			if corrupt++; corrupt > corruptTries {
				return f, halt("partition %d: record %d is damaged on the log, read %d times (%w): let a broker with a sound copy lead the partition, then restart mlf aggregate", w.p, at, corrupt, err)
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
	fold := w.fold
	w.mu.Unlock()
	if fold == nil {
		return nil // Recovery has looked.
	}
	if err := w.checkGenesis(ctx, fold.id); errors.Is(err, ErrHalt) {
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
	_, err = genesisOf(&f.Records[0], w.p, id)
	return err
}
