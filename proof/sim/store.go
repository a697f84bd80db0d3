package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"mlf/aggregate/store/model"
	"mlf/schema"
	"mlf/schema/presence"
)

// The kinds of calls to the store.
const (
	kindIdentity    = "identity"
	kindStarted     = "started"
	kindRollups     = "rollups"
	kindLedger      = "ledger"
	kindChains      = "chains"
	kindDays        = "days"
	kindCheckpoint  = "checkpoint"
	kindCheckpoints = "list checkpoints"
	kindOpen        = "open checkpoint"
	kindState       = "state"
)

// A writer is a process's way to the store.
type writer struct {
	w   *world
	who *process
}

// callOf returns a call that names the partition whose worker makes it: -1 is the
// flusher's. Not every call says so; what a profile is told does.
func (s writer) callOf(ctx context.Context, kind string, effect func(keep func() bool) error) call {
	c := call{who: s.who, kind: kind, part: -1, effect: effect}
	if text, ok := pprof.Label(ctx, "partition"); ok {
		c.part, _ = strconv.Atoi(text) // Written by the aggregator from a number.
	}
	return c
}

func (s writer) read(ctx context.Context, kind string, effect func()) error {
	return s.w.do(ctx, s.callOf(ctx, kind, func(func() bool) error { effect(); return nil }))
}

func (s writer) write(ctx context.Context, kind string, rows []func(*model.Tables)) error {
	c := s.callOf(ctx, kind, func(keep func() bool) error {
		if kind == kindRollups && s.who.rowsMax > 0 && len(rows) > s.who.rowsMax {
			s.w.hits[hitNoRoom]++
		}
		s.w.store.write(rows, keep)
		return nil
	})
	c.nature = natureRows
	return s.w.do(ctx, c)
}

// Identity waits for the scheduler, as do all that follow.
func (s writer) Identity(ctx context.Context) (id schema.Identity, err error) {
	err = s.read(ctx, kindIdentity, func() { id = identity() })
	return id, err
}

func (s writer) Started(ctx context.Context) (at time.Time, err error) {
	err = s.read(ctx, kindStarted, func() { at = s.w.store.started.Add(s.w.span(tolerance / 2)) })
	return at, err
}

func (s writer) WriteRollups(ctx context.Context, rows []schema.Rollup) error {
	all := make([]func(*model.Tables), len(rows))
	for i, r := range rows { // r is a copy: the caller uses rows again.
		all[i] = func(t *model.Tables) { t.Rollup(r) }
	}
	return s.write(ctx, kindRollups, all)
}

func (s writer) WriteLedger(ctx context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error {
	all := make([]func(*model.Tables), 0, len(rows)+len(marks))
	for _, r := range rows {
		all = append(all, func(t *model.Tables) { t.Account(r) })
	}
	for _, m := range marks {
		all = append(all, func(t *model.Tables) { t.Mark(m) })
	}
	return s.write(ctx, kindLedger, all)
}

// WriteDays writes each row by itself, as the others do.
func (s writer) WriteDays(ctx context.Context, days []presence.TerminalDay) error {
	all := make([]func(*model.Tables), len(days))
	for i, d := range days {
		all[i] = func(t *model.Tables) { t.Day(d) }
	}
	return s.write(ctx, kindDays, all)
}

func (s writer) Chains(ctx context.Context, p schema.Partition, segment schema.Segment) (chains []schema.Chain, err error) {
	err = s.read(ctx, kindChains, func() { chains = s.w.store.Chains(p, segment) })
	return chains, err
}

func (s writer) WriteCheckpoint(ctx context.Context, c schema.Checkpoint) error {
	call := s.callOf(ctx, kindCheckpoint, func(keep func() bool) error {
		st := s.w.store
		st.vouch(&c)
		if keep() {
			st.write([]func(*model.Tables){func(t *model.Tables) { t.Checkpoints = append(t.Checkpoints, c) }}, keep)
			return nil
		}
		// Not whole. The real store lists only what has all its chunks; listing it
		// asks more of the recovery.
		d := damaged(c)
		st.write([]func(*model.Tables){func(t *model.Tables) { t.Checkpoints = append(t.Checkpoints, d) }}, keep)
		return nil
	})
	call.nature = natureRows
	return s.w.do(ctx, call)
}

func (s writer) Checkpoints(ctx context.Context, p schema.Partition) (infos []schema.CheckpointInfo, err error) {
	err = s.read(ctx, kindCheckpoints, func() { infos = s.w.store.CheckpointsOf(p) })
	return infos, err
}

func (s writer) Checkpoint(ctx context.Context, info schema.CheckpointInfo) (c schema.Checkpoint, err error) {
	opened := s.callOf(ctx, kindOpen, func(func() bool) error {
		for _, kept := range s.w.store.Checkpoints {
			if kept.CheckpointInfo == info {
				c = kept
				c.Payload = bytes.Clone(c.Payload)
				if sha256.Sum256(c.Payload) == info.SHA256 {
					return nil
				}
			}
		}
		return schema.ErrCheckpointCorrupt // Damaged, or gone.
	})
	err = s.w.do(ctx, opened)
	return c, err
}

func (s writer) WriteState(ctx context.Context, states []schema.PartitionState) error {
	effect := func(func() bool) error {
		for _, st := range states {
			s.w.store.states[st.Partition] = st.State
			switch {
			case st.State == schema.StateStuck:
				s.w.hits[hitStuck]++
			case st.State == schema.StateHalted && s.who.old && strings.Contains(st.Reason, ", which this version does not know"):
				s.w.hits[hitOld]++ // As it must: others go on.
			case st.State == schema.StateHalted:
				s.w.store.halts[st.Partition] = st.Reason
			}
		}
		return nil
	}
	call := s.callOf(ctx, kindState, effect)
	call.nature = natureAtomic
	return s.w.do(ctx, call)
}
