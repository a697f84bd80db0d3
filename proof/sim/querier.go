package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mlf/schema"
	"mlf/schema/columns"
)

// The kinds of calls of who answers questions.
const (
	kindQuerySince    = "query since"
	kindQueryFetch    = "query fetch"
	kindQueryIdentity = "query identity"
	kindQuerySegments = "query segments"
	kindQuerySpan     = "query span"
	kindQuerySettled  = "query settled"
	kindQueryOpen     = "query open"
)

// queryKinds are all of them.
func queryKinds() []string {
	return []string{kindQuerySince, kindQueryFetch, kindQueryIdentity, kindQuerySegments, kindQuerySpan, kindQuerySettled, kindQueryOpen}
}

// A querier is a process's way to what is told and to what is stored, to read.
type querier struct {
	w   *world
	who *process
}

func (q querier) read(ctx context.Context, kind string, part int, effect func() error) error {
	return q.w.do(ctx, call{who: q.who, kind: kind, part: part, effect: func(func() bool) error { return effect() }})
}

// Since waits for the scheduler, as do all that follow.
func (q querier) Since(ctx context.Context, t time.Time) (at schema.Offset, err error) {
	err = q.read(ctx, kindQuerySince, -1, func() error { at = q.w.feed.since(t); return nil })
	return at, err
}

// Fetch waits while there is nothing.
func (q querier) Fetch(ctx context.Context, at schema.Offset) (batches []schema.ClaimBatch, next schema.Offset, err error) {
	err = q.w.do(ctx, call{
		who: q.who, kind: kindQueryFetch, part: -1, nature: natureRead,
		effect: func(func() bool) error { batches, next, err = q.w.feed.fetch(at); return err },
		idle:   func() bool { return at == q.w.feed.next() },
	})
	return batches, next, err
}

// Identity returns that of all schedules.
func (q querier) Identity(ctx context.Context) (id schema.Identity, err error) {
	err = q.read(ctx, kindQueryIdentity, -1, func() error { id = identity(); return nil })
	return id, err
}

// Segments returns the account as it is now.
func (q querier) Segments(ctx context.Context) (rows []schema.LedgerRow, err error) {
	err = q.read(ctx, kindQuerySegments, -1, func() error {
		rows, q.w.cube.cuts = q.w.store.Segments(), q.w.hits[hitPower]
		return nil
	})
	return rows, err
}

// Span returns the hours that there are rows of.
func (q querier) Span(ctx context.Context) (first, next schema.Hour, err error) {
	err = q.read(ctx, kindQuerySpan, -1, func() error { first, next = q.w.store.Span(); return nil })
	return first, next, err
}

// Settled may be asked of some months at a time.
func (q querier) Settled(ctx context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error {
	cut = slices.Clone(cut)
	return q.rows(ctx, kindQuerySettled, int(from), take, func() []*columns.Rollups { return q.w.store.Settled(from, next, cut) })
}

// Open may end in the middle.
func (q querier) Open(ctx context.Context, cut []schema.Segment, take func(*columns.Rollups) error) error {
	cut = slices.Clone(cut)
	return q.rows(ctx, kindQueryOpen, -1, take, func() []*columns.Rollups { return q.w.store.Open(cut) })
}

// rows hands on what of returns, as it is when the call happens: perhaps a part of it,
// and then the line breaks.
func (q querier) rows(ctx context.Context, kind string, part int, take func(*columns.Rollups) error, of func() []*columns.Rollups) error {
	var all []*columns.Rollups
	broken := false
	err := q.read(ctx, kind, part, func() error {
		all = of()
		q.w.cube.taint()
		if broken = len(all) > 1 && !q.w.calm && q.w.chance(q.w.weather.fail/2); broken {
			q.w.hits[hitRowsBroken]++
			all = all[:q.w.dice.IntN(len(all))]
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, rows := range all {
		if err := take(rows); err != nil {
			return err
		}
	}
	if broken {
		return fmt.Errorf("amid %s: %w", kind, errWorld)
	}
	return nil
}
