package aggregate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// A recovered is where a count begins.
type recovered struct {
	fold    *fold.Fold
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
		if err == nil || errors.Is(err, fold.ErrHalt) || ctx.Err() != nil {
			return r, err
		}
		w.m.storeErrors.WithLabelValues("recover").Inc()
		w.failed(err)
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
		return recovered{}, fold.HaltOtherLog("partition %d: the log has %d partitions as the store counts it, so this one was added to the topic: ingest does not use it; look for another producer, as what is on it is not counted", w.p, id.Partitions)
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
		sum, err := w.open(ctx, info, id)
		if errors.Is(err, fold.ErrCheckpoint) || errors.Is(err, schema.ErrCheckpointCorrupt) {
			w.passOver(err)
			continue
		}
		if err != nil {
			return recovered{}, err
		}
		return w.resume(ctx, sum, info, started)
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
func (w *worker) open(ctx context.Context, info schema.CheckpointInfo, id schema.Identity) (*fold.Fold, error) {
	c, err := w.parts.Store.Checkpoint(ctx, info)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint of partition %d at %d: %w", w.p, info.Next, err)
	}
	sum, err := fold.Open(c.Payload)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint of partition %d at %d: %w", w.p, info.Next, err)
	}
	if sum.Partition() != w.p || sum.Next() != info.Next || sum.Identity().Log != id.Log || sum.Identity().Partitions != id.Partitions {
		return nil, fmt.Errorf("%w: it is of partition %d of %d at %d, log %v, and listed as partition %d at %d",
			fold.ErrCheckpoint, sum.Partition(), sum.Identity().Partitions, sum.Next(), sum.Identity().Log, w.p, info.Next)
	}
	if err := sum.KnowOnly(w.cfg.RulesMax); err != nil {
		return nil, fmt.Errorf("read checkpoint of partition %d at %d: %w", w.p, info.Next, err)
	}
	return sum, nil
}

// resume makes sure that the log goes on from where fold ends. That it still has
// what fold has counted is for follow to see, before anything else.
func (w *worker) resume(ctx context.Context, sum *fold.Fold, info schema.CheckpointInfo, started time.Time) (recovered, error) {
	first, end, err := w.reach(ctx, sum.Next())
	if err != nil {
		return recovered{}, err
	}
	if sum.Next() < first {
		return recovered{}, haltLag(w.p, sum.Next())
	}
	r := recovered{fold: sum, started: started, end: end, savedAt: -1}
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
		return recovered{}, fold.Halt("partition %d: the store has no usable checkpoint and the log begins at %d, so what was before cannot be counted again: restore the store or the log from a backup", w.p, first)
	}
	w.m.recoveries.WithLabelValues("genesis").Inc()
	w.log.Info("partition is counted from its genesis", slog.Int64("log_end", int64(end)))
	sum := fold.New(w.p, id)
	if err := sum.KnowOnly(w.cfg.RulesMax); err != nil {
		return recovered{}, err
	}
	return recovered{fold: sum, started: started, end: end, savedAt: -1}, nil
}
