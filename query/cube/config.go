package cube

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/query/calendar"
	"mlf/schema"
	"mlf/schema/columns"
)

// A Feed is what workers tell.
type Feed interface {
	// Since returns the offset of the first record appended at t or later; the end
	// where there is none.
	Since(ctx context.Context, t time.Time) (schema.Offset, error)

	// Fetch returns the batches from offset at on, in order, and the offset to go on
	// from. It waits half a second at most, then returns none. Errors:
	// schema.ErrOffsetOutOfRange where retention has overtaken at, or the topic was
	// made anew. Records that do not decode are left out.
	Fetch(ctx context.Context, at schema.Offset) (batches []schema.ClaimBatch, next schema.Offset, err error)
}

// A Store is what was counted, on disk. Columns are the callee's until take returns.
type Store interface {
	// Identity returns whose log the store counts.
	Identity(ctx context.Context) (schema.Identity, error)

	// Segments returns the account of every segment that has one, open and closed
	// rows of it joined by maximum (with the closed one's chain), by partition and
	// segment.
	Segments(ctx context.Context) ([]schema.LedgerRow, error)

	// Span returns the hours that rollups are of, half-open; 0, 0 without any.
	Span(ctx context.Context) (first, next schema.Hour, err error)

	// Settled calls take with the merged rows of hours [from, next) whose segment is
	// below cut of their partition (a partition that cut lacks: none), in the order
	// of the cell with the hour last: rows of one cell are neighbours, one for each
	// partition and segment.
	Settled(ctx context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error

	// Open calls take with the rows of segments from cut of their partition on, in
	// any order, perhaps several versions of one: the caller takes the maximum.
	Open(ctx context.Context, cut []schema.Segment, take func(*columns.Rollups) error) error
}

// Config is how a Follower behaves. Feed, Store and Clock are needed, the others
// have defaults.
type Config struct {
	Feed  Feed
	Clock calendar.Clock // Rome's.

	// Store returns where to read from, of several that count the same log perhaps.
	// What one reading asks comes from one: another may be behind it, or before it.
	Store func() Store

	// RegionOf returns the region that a comune is in today. Default: all are in one,
	// and questions by region take longer. Safe for concurrent use.
	RegionOf func(schema.ComuneID) schema.RegionID

	// Dir is where snapshots are kept. One process alone uses it. Empty: none are,
	// and each start loads everything.
	Dir string

	// PublishEvery is the least time between two states. Default 50 ms.
	PublishEvery time.Duration

	// BackBy is how much of the feed, in time, is read again at a start: at least how
	// long a claim may be on its way. Default 10 min.
	BackBy time.Duration

	// SealEvery is how often the store's account is read, to seal segments and to
	// see whether the feed falls behind. Default 10 s.
	SealEvery time.Duration

	// GapWait is how long a claim that is missing may come late, before what it told
	// is read from the store. Default 1 s, some flushes.
	GapWait time.Duration

	// RetryEvery is how long to wait after an error of feed or store. Default 1 s.
	RetryEvery time.Duration

	// SnapshotEvery is how often a snapshot is written. Default 10 min.
	SnapshotEvery time.Duration

	// FreshMax is how many cells of a month may be beside its block. Default 65,536:
	// a block is then made anew after some hours of a busy country.
	FreshMax int

	// VotesMax is how many votes may be read again from open segments; with more to
	// read, everything is loaded anew. Default 4,000,000, some 300 MB.
	VotesMax uint64

	// Now is the clock; default time.Now.
	Now func() time.Time

	// Log and Registry may be nil: nothing is told.
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// Defaults of Config.
const (
	publishEvery  = 50 * time.Millisecond
	backBy        = 10 * time.Minute
	sealEvery     = 10 * time.Second
	gapWait       = time.Second
	retryEvery    = time.Second
	snapshotEvery = 10 * time.Minute
	freshMax      = 1 << 16
	votesMax      = 4_000_000
)

// Validate returns what of c a Follower cannot use.
func (c *Config) Validate() error {
	switch {
	case c.Feed == nil, c.Store == nil:
		return errors.New("cube: want a feed and a store")
	case c.Clock == calendar.Clock{}:
		return errors.New("cube: want a clock")
	case min(c.PublishEvery, c.BackBy, c.SealEvery, c.GapWait, c.RetryEvery, c.SnapshotEvery) < 0, c.FreshMax < 0:
		return errors.New("cube: a time or a number is below 0")
	}
	return nil
}

// withDefaults returns c with every field set.
func (c Config) withDefaults() Config {
	c.PublishEvery = cmp.Or(c.PublishEvery, publishEvery)
	c.BackBy = cmp.Or(c.BackBy, backBy)
	c.SealEvery = cmp.Or(c.SealEvery, sealEvery)
	c.GapWait = cmp.Or(c.GapWait, gapWait)
	c.RetryEvery = cmp.Or(c.RetryEvery, retryEvery)
	c.SnapshotEvery = cmp.Or(c.SnapshotEvery, snapshotEvery)
	c.FreshMax = cmp.Or(c.FreshMax, freshMax)
	c.VotesMax = cmp.Or(c.VotesMax, votesMax)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
