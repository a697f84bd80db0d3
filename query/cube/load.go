package cube

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"mlf/query/calendar"
	"mlf/query/cube/packed"
	"mlf/schema"
	"mlf/schema/columns"
)

// loadersMax is how many months are read from the store at once: one is packed
// while the store reads another.
const loadersMax = 2

// A segmentKey is a segment of a partition.
type segmentKey struct {
	partition schema.Partition
	segment   schema.Segment
}

// An imbalance is a segment of which the cube has other votes than the store's
// ledger accounts for.
type imbalance struct {
	segmentKey
	votes, counted uint64
	chains         bool // Or it was closed by two different logs.
}

// Error says what does not agree.
func (i *imbalance) Error() string {
	if i.chains {
		return fmt.Sprintf("partition %d: segment %d is of another log in the store", i.partition, i.segment)
	}
	return fmt.Sprintf("partition %d: segment %d has %d votes, and the ledger says %d", i.partition, i.segment, i.votes, i.counted)
}

// load returns a core of all that the store has. The account is read first and the
// rows after it, so the rows have all that it accounts for. Segments below the last
// of their partition are closed; their rows are added up by the store, and must come
// to what the account says of each. The rest is taken by maximum, and must come to as
// much at least.
func load(ctx context.Context, cfg *Config) (*core, error) {
	store := cfg.Store()
	id, err := store.Identity(ctx)
	if err != nil {
		return nil, fmt.Errorf("load identity: %w", err)
	}
	account, err := store.Segments(ctx)
	if err != nil {
		return nil, fmt.Errorf("load account: %w", err)
	}
	account = schema.Whole(account)
	c := newCore(cfg, id)
	for _, r := range account {
		if c.has(r.Partition) {
			c.parts[r.Partition].sealed = max(c.parts[r.Partition].sealed, r.Segment)
		}
	}
	for _, r := range account {
		if c.has(r.Partition) {
			c.parts[r.Partition].account(r)
		}
	}
	if err := c.loadSettled(ctx, store, account); err != nil {
		return nil, err
	}
	err = store.Open(ctx, c.cuts(), func(rows *columns.Rollups) error {
		c.takeColumns(rows)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load open segments: %w", err)
	}
	for i := range c.parts {
		if of := c.parts[i].lacks(); of != nil {
			return nil, of
		}
	}
	return c, nil
}

// account takes a row of the store's account, whose rollups are taken besides.
func (p *part) account(r schema.LedgerRow) {
	if r.Segment < p.sealed {
		p.base.Add(r.Tally)
		p.base.Newest = max(p.base.Newest, r.Newest)
		p.position = max(p.position, r.Next)
		return
	}
	p.stand(r.Next, []schema.LedgerRow{r})
}

// cuts returns up to which segment every partition is sealed.
func (c *core) cuts() []schema.Segment {
	cuts := make([]schema.Segment, len(c.parts))
	for i := range c.parts {
		cuts[i] = c.parts[i].sealed
	}
	return cuts
}

// loadSettled packs the rows of all segments below the cuts, by months.
func (c *core) loadSettled(ctx context.Context, store Store, account []schema.LedgerRow) error {
	first, next, err := store.Span(ctx)
	if err != nil {
		return fmt.Errorf("load span: %w", err)
	}
	l := loading{core: c, store: store, cells: c.cells.Loading(), votes: make(map[segmentKey]uint64)}
	if first < next {
		if err := l.months(ctx, first, next); err != nil {
			return err
		}
	}
	if err := l.balance(account); err != nil {
		return err
	}
	if err := l.cells.Place(); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return nil
}

// A loading is months on their way from the store.
type loading struct {
	core  *core
	store Store
	cells *packed.Loading

	mu    sync.Mutex            // Of votes.
	votes map[segmentKey]uint64 // Of segments below the cuts.
}

func (l *loading) months(ctx context.Context, first, next schema.Hour) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(loadersMax)
	clock := l.core.cfg.Clock
	for m := clock.MonthOf(first); m <= clock.MonthOf(next-1); m++ {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return l.month(ctx, m) })
	}
	return g.Wait()
}

// month packs one month, and counts the votes of each segment.
func (l *loading) month(ctx context.Context, number calendar.Month) error {
	p := l.cells.Month(number)
	first, next := p.Hours()
	votes := make(map[segmentKey]uint64)
	var of segmentKey // Rows of one segment mostly follow each other: they are one look-up.
	var n uint64
	var r row
	err := l.store.Settled(ctx, first, next, l.core.cuts(), func(rows *columns.Rollups) error {
		for i := range rows.Len() {
			r.at(rows, i)
			if err := p.Take(&r.cell, &r.counts, r.keys, r.ns); err != nil {
				return err
			}
			if k := (segmentKey{rows.Partition[i], r.segment}); k != of {
				votes[of] += n
				of, n = k, 0
			}
			n += total(&r.counts)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load %v: %w", number, err)
	}
	p.End()
	votes[of] += n
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, n := range votes {
		l.votes[k] += n
	}
	return nil
}

func total(v *values) uint64 {
	n := uint64(0)
	for _, count := range v {
		n += count
	}
	return n
}

// balance compares what was packed of each closed segment with the account of it.
func (l *loading) balance(account []schema.LedgerRow) error {
	for _, r := range account {
		k := segmentKey{r.Partition, r.Segment}
		if !l.core.has(r.Partition) || r.Segment >= l.core.parts[r.Partition].sealed {
			continue
		}
		if n := l.votes[k]; n != r.Counted {
			return &imbalance{segmentKey: k, votes: n, counted: r.Counted}
		}
		delete(l.votes, k)
	}
	for k, n := range l.votes {
		if n > 0 {
			return &imbalance{segmentKey: k, votes: n} // The account does not know it.
		}
	}
	return nil
}
