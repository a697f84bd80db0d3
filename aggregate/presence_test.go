package aggregate_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"mlf/schema"
	"mlf/schema/presence"
)

// A versionStore is written to by a worker of some version. An older one knows no days of
// terminals.
type versionStore struct {
	*memStore
	older bool
	full  atomic.Bool // It takes no checkpoint any more.
}

func (s *versionStore) WriteDays(ctx context.Context, days []presence.TerminalDay) error {
	if s.older {
		return nil
	}
	return s.memStore.WriteDays(ctx, days)
}

func (s *versionStore) WriteLedger(ctx context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error {
	rows = slices.Clone(rows)
	for i := range rows {
		if s.older {
			rows[i].Present = schema.PresenceRun{}
		}
	}
	return s.memStore.WriteLedger(ctx, rows, marks)
}

func (s *versionStore) WriteCheckpoint(ctx context.Context, c schema.Checkpoint) error {
	if s.full.Load() {
		return errWorld
	}
	return s.memStore.WriteCheckpoint(ctx, c)
}

// TestFromWhereOnDaysAreKnown: a store that an older worker counts into, before or in
// between, does not say that it knows of those votes.
func TestFromWhereOnDaysAreKnown(t *testing.T) {
	type worker struct {
		older bool
		cut   bool // It takes no checkpoint of the votes that it counts.
	}
	f := func(what string, from schema.Offset, workers ...worker) {
		t.Run(what, func(t *testing.T) {
			bubble(t, func(r *rig) {
				for _, w := range workers {
					store := &versionStore{memStore: r.store, older: w.older}
					r.between = store
					r.run()
					r.counted()
					pass(2 * time.Minute)
					store.full.Store(w.cut)
					r.vote(5)
					r.counted()
					pass(2 * time.Minute)
					r.end()
				}
				a := r.store.Present(0)
				got, since := a.KnownSince()
				// Records have the one ingest time of the tests; a partition that is known
				// from its beginning has none to tell.
				if want := map[bool]schema.Instant{true: nine}[from > 0]; got != from || since != want {
					t.Errorf("got %d since %d of %+v, want %d since %d", got, since, a, from, want)
				}
			})
		})
	}
	newer, older, cut, olderCut := worker{}, worker{older: true}, worker{cut: true}, worker{older: true, cut: true}
	f("from the beginning", 0, newer)
	f("one after the other", 0, newer, newer, newer)
	f("by an older one", 6, older)
	f("by an older one first", 6, older, newer)
	f("by an older one in between", 11, newer, older, newer)
	f("by an older one now", 11, newer, older)
	f("from an older checkpoint", 0, newer, cut, newer)
	f("a checkpoint of an older one, and records that it counted after it", 6, older, olderCut, newer)
	f("what an older one counted and a newer one counts again", 0, newer, olderCut, newer)
}
