package compare

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/schema"
	"mlf/schema/columns"
	"mlf/schema/presence"
)

// ErrOtherLog is the error of two stores that count two logs.
var ErrOtherLog = errors.New("the databases do not count the same log")

// A Store is what was counted, on disk. Columns are the callee's until take returns.
// Kept by aggregate/store.
type Store interface {
	// Identity returns whose log the store counts.
	Identity(ctx context.Context) (schema.Identity, error)

	// Segments returns the account of every segment that has one, open and closed
	// rows of it joined by maximum (with the closed one's chain), by partition and
	// segment. Rows that are read later have all that it accounts for.
	Segments(ctx context.Context) ([]schema.LedgerRow, error)

	// Span returns the hours that rollups are of, half-open; 0, 0 without any.
	Span(ctx context.Context) (first, next schema.Hour, err error)

	// Settled calls take with the merged rows of hours [from, next) whose segment is
	// below cut of their partition, in the order of the cell. Rows of one cell may be
	// in any order.
	Settled(ctx context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error

	// Open calls take with the rows of segments from cut of their partition on, in
	// any order, perhaps several versions of one: the maximum holds.
	Open(ctx context.Context, cut []schema.Segment, take func(*columns.Rollups) error) error

	// Present returns of which records the days of terminals are there.
	Present(ctx context.Context) ([]presence.Account, error)

	// DaySpan returns the first and the last day that some terminal has; false without any.
	DaySpan(ctx context.Context) (first, last presence.UTCDay, some bool, err error)

	// Days calls take with all that is known of the days [first, last], in their order, and of
	// each in that of terminals.
	Days(ctx context.Context, first, last presence.UTCDay, take func(presence.TerminalDay)) error
}

// A Side is one of the two counts.
type Side struct {
	Name  string // For people: in errors and in what is waited for.
	Store Store
}

// Config says what is compared. A and B are needed.
type Config struct {
	A, B Side

	// Wait is how long one count may be behind what was read of the other. Default
	// 1 min.
	Wait time.Duration

	// Show is the most differences that the report describes; the others are counted.
	// Default 20.
	Show int

	// OpenMax is the most rows of open segments: their counts in three readings are
	// held, at some 600 B a row. Default 4,000,000.
	OpenMax int

	// Tell is told how far the comparison is; nil: nobody is. One call at a time.
	Tell func(Progress)
}

// Defaults of Config.
const (
	waitDefault    = time.Minute
	showDefault    = 20
	openMaxDefault = 4_000_000
)

// withDefaults returns c with every field set.
func (c Config) withDefaults() Config {
	c.Wait = cmp.Or(c.Wait, waitDefault)
	c.Show = cmp.Or(c.Show, showDefault)
	c.OpenMax = cmp.Or(c.OpenMax, openMaxDefault)
	if c.Tell == nil {
		c.Tell = func(Progress) {}
	}
	return c
}

// Progress is how far a comparison is.
type Progress struct {
	Waiting      string // For what; empty: for nothing.
	Months, Done int    // Of closed segments; 0 before it is known.
	Rows         uint64 // That were compared in them.
}

// A comparison is one call of Run on its way.
type comparison struct {
	cfg Config
	cut []schema.Segment // By partition: those below are closed in both.

	mu  sync.Mutex
	now Progress
}

// Run compares, and returns what was found. Errors: ErrOtherLog; a store does not
// answer, which is named; one does not reach the other's position within Config.Wait;
// more rows are open than Config.OpenMax.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	c := &comparison{cfg: cfg.withDefaults()}
	id, err := c.identity(ctx)
	if err != nil {
		return nil, err
	}
	r := &Report{Log: id.Log, Partitions: id.Partitions, found: found{most: c.cfg.Show}}
	if err := c.accounts(ctx, r); err != nil {
		return nil, err
	}
	open, err := c.open(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := c.settled(ctx, r, open); err != nil {
		return nil, err
	}
	open.rest(r)
	if err := c.days(ctx, r); err != nil {
		return nil, err
	}
	return r, nil
}

// identity returns whose log both count.
func (c *comparison) identity(ctx context.Context) (schema.Identity, error) {
	a, err := c.cfg.A.Store.Identity(ctx)
	if err != nil {
		return a, fmt.Errorf("read identity of %s: %w", c.cfg.A.Name, err)
	}
	b, err := c.cfg.B.Store.Identity(ctx)
	if err != nil {
		return a, fmt.Errorf("read identity of %s: %w", c.cfg.B.Name, err)
	}
	if a.Log != b.Log || a.Partitions != b.Partitions {
		return a, fmt.Errorf("%w: %s counts log %v of %d partitions, %s log %v of %d",
			ErrOtherLog, c.cfg.A.Name, a.Log, a.Partitions, c.cfg.B.Name, b.Log, b.Partitions)
	}
	return a, nil
}

// accounts finds which segments are closed in both, and compares their accounts.
func (c *comparison) accounts(ctx context.Context, r *Report) error {
	a, err := c.account(ctx, c.cfg.A)
	if err != nil {
		return err
	}
	b, err := c.reach(ctx, c.cfg.B, a.position(r.Partitions))
	if err != nil {
		return err
	}
	c.cut = common(a.closed(r.Partitions), b.closed(r.Partitions))
	for _, n := range c.cut {
		r.Segments += uint64(n)
	}
	r.account(a, b, c.cut)
	return nil
}

// tell says how far it is.
func (c *comparison) tell(change func(*Progress)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.now)
	c.cfg.Tell(c.now)
}

// monthsAtOnce is how many months are compared at a time: one is joined while the
// stores read another.
const monthsAtOnce = 2

// settled compares the rows of all segments below the cut.
func (c *comparison) settled(ctx context.Context, r *Report, open *openCells) error {
	began := time.Now()
	months, err := c.months(ctx)
	if err != nil {
		return err
	}
	c.tell(func(p *Progress) { p.Months = len(months) })
	found := make([]monthReport, len(months))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(monthsAtOnce)
	for i, m := range months {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() (err error) {
			found[i], err = c.month(ctx, m, open)
			c.tell(func(p *Progress) { p.Done++ })
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	r.Months, r.Took = len(months), time.Since(began)
	for i := range found {
		r.month(&found[i])
	}
	return nil
}

// A span is some hours, half-open.
type span struct{ first, next schema.Hour }

// months returns the months of UTC that either has rollups of: what the store keeps
// together.
func (c *comparison) months(ctx context.Context) ([]span, error) {
	var all span
	for _, s := range []Side{c.cfg.A, c.cfg.B} {
		first, next, err := s.Store.Span(ctx)
		if err != nil {
			return nil, fmt.Errorf("read span of %s: %w", s.Name, err)
		}
		if first == next {
			continue
		}
		if all.next == 0 || first < all.first {
			all.first = first
		}
		all.next = max(all.next, next)
	}
	var months []span
	for h := all.first; h < all.next; {
		year, month, _ := h.Time().Date()
		next := schema.HourOf(time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC))
		months = append(months, span{h, min(next, all.next)})
		h = next
	}
	return months, nil
}
