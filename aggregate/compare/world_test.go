package compare_test

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"mlf/aggregate/compare"
	"mlf/aggregate/store/model"
	"mlf/schema"
	"mlf/schema/columns"
	"mlf/schema/presence"
)

const (
	partitions     = 3
	segmentRecords = 40
	firstHour      = schema.Hour(500_000)
)

// A log is records of one vote each, by partition. Its lock is that of all who count it.
type log struct {
	mu      sync.Mutex
	records [partitions][]vote
}

type vote struct {
	schema.Cell
	schema.Value
	schema.Reason

	terminal schema.TerminalID
	cast     schema.Instant
}

// newLog returns n records of each partition, of cells that they share, over some
// months.
func newLog(rng *rand.Rand, n int) *log {
	var l log
	for p := range l.records {
		for range n {
			hour := firstHour + schema.Hour(700*rng.IntN(4))
			l.records[p] = append(l.records[p], vote{
				terminal: schema.TerminalID(10*p + rng.IntN(4)), cast: schema.InstantOf(hour.Time()) + schema.Instant(rng.IntN(3_600_000)),
				Cell: schema.Cell{
					Comune: schema.ComuneID(58001 + rng.IntN(5)), Office: []schema.OfficeCode{"", "nord"}[rng.IntN(2)], Service: schema.ServiceID(rng.IntN(2)),
					Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK, Hour: hour,
				},
				Value: schema.Value(1 + rng.IntN(3)), Reason: schema.Reason(rng.IntN(3)),
			})
		}
	}
	return &l
}

// rollups returns the rows of segment s of partition p after the records below next.
func (l *log) rollups(p int, s schema.Segment, next int) []schema.Rollup {
	rows := make(map[schema.Cell]schema.Rollup)
	for _, v := range l.records[p][int(s)*segmentRecords : next] {
		r := rows[v.Cell]
		r.Cell, r.Partition, r.Segment = v.Cell, schema.Partition(p), s
		r.Values[v.Value-1]++
		if v.Reason > 0 {
			r.Reasons = schema.AddReasons(r.Reasons, []schema.ReasonNumber{{Key: schema.KeyOfReason(v.Value, v.Reason), N: 1}})
		}
		rows[v.Cell] = r
	}
	var all []schema.Rollup
	for _, r := range rows {
		all = append(all, r)
	}
	return all
}

// days returns when terminals voted by the records [from, next) of partition p.
func (l *log) days(p, from, next int) (all []presence.TerminalDay) {
	for i, v := range l.records[p][from:next] {
		all = append(all, presence.TerminalDay{Terminal: v.terminal, Day: presence.DayOf(v.cast), First: v.cast, Last: v.cast, Ingested: schema.Instant(from + i + 1)})
	}
	return all
}

// ledger returns the account of segment s of partition p after the records below next.
func (l *log) ledger(p int, s schema.Segment, next int) schema.LedgerRow {
	n := uint64(next - int(s)*segmentRecords)
	r := schema.LedgerRow{Partition: schema.Partition(p), Segment: s, Next: schema.Offset(next), Newest: schema.Instant(next), Tally: schema.Tally{Records: n, VotesIn: n, Counted: n}}
	if n == segmentRecords {
		r.Chain = sha256.Sum256([]byte{byte(p), byte(s)})
	}
	return r
}

// A writer takes what was counted.
type writer interface {
	WriteRollups(ctx context.Context, rows []schema.Rollup) error
	WriteDays(ctx context.Context, days []presence.TerminalDay) error
	WriteLedger(ctx context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error
}

// A count is a store that counts the log, and goes on when it is read.
type count struct {
	*model.Store
	t    *testing.T
	into writer
	log  *log

	next   [partitions]int // Counted.
	told   [partitions]int // Accounted for.
	knows  schema.Offset   // From which record on it keeps when terminals voted.
	before func()          // Each read; may be nil.
	fails  map[string]error
	tamper func(*schema.Rollup) // Of each row that is read; may be nil.
}

func newCount(t *testing.T, l *log) *count {
	t.Helper()
	tables := model.NewStore(time.Now())
	c := &count{Store: tables, t: t, into: tables, log: l, fails: make(map[string]error)}
	if err := c.WriteIdentity(t.Context(), schema.Identity{Log: schema.LogID{7}, Partitions: partitions, Rules: schema.RulesV2}); err != nil {
		t.Fatal(err)
	}
	return c
}

// rows counts partition p up to next: its rows alone.
func (c *count) rows(p, next int) {
	next = min(next, len(c.log.records[p]))
	for c.next[p] < next {
		s, from := schema.Segment(c.next[p]/segmentRecords), c.next[p]
		c.next[p] = min(next, int(s+1)*segmentRecords)
		if err := c.into.WriteDays(c.t.Context(), c.log.days(p, from, c.next[p])); err != nil {
			c.t.Error(err)
		}
		if err := c.into.WriteRollups(c.t.Context(), c.log.rollups(p, s, c.next[p])); err != nil {
			c.t.Error(err)
		}
	}
}

// account tells how far partition p is.
func (c *count) account(p int) {
	for c.told[p] < c.next[p] {
		s := schema.Segment(c.told[p] / segmentRecords)
		c.told[p] = min(c.next[p], int(s+1)*segmentRecords)
		row := c.log.ledger(p, s, c.told[p])
		row.Present = schema.PresenceRun{From: c.knows, Next: row.Next, Since: schema.Instant(c.knows)}
		if err := c.into.WriteLedger(c.t.Context(), []schema.LedgerRow{row}, nil); err != nil {
			c.t.Error(err)
		}
	}
}

// all counts every partition up to next.
func (c *count) all(next int) *count {
	for p := range partitions {
		c.rows(p, next)
		c.account(p)
	}
	return c
}

func (c *count) read(what string) error {
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	if c.before != nil {
		c.before()
	}
	return c.fails[what]
}

func (c *count) Identity(ctx context.Context) (schema.Identity, error) {
	if err := c.read("identity"); err != nil {
		return schema.Identity{}, err
	}
	return c.Store.Identity(ctx)
}

func (c *count) Segments(ctx context.Context) ([]schema.LedgerRow, error) {
	if err := c.read("account"); err != nil {
		return nil, err
	}
	return c.Store.Segments(ctx)
}

func (c *count) Span(ctx context.Context) (first, next schema.Hour, err error) {
	if err := c.read("span"); err != nil {
		return 0, 0, err
	}
	return c.Store.Span(ctx)
}

func (c *count) Settled(ctx context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error {
	if err := c.read("rows"); err != nil {
		return err
	}
	return c.Store.Settled(ctx, from, next, cut, c.hand(take))
}

func (c *count) Open(ctx context.Context, cut []schema.Segment, take func(*columns.Rollups) error) error {
	if err := c.read("open segments"); err != nil {
		return err
	}
	return c.Store.Open(ctx, cut, c.hand(take))
}

func (c *count) Days(ctx context.Context, first, last presence.UTCDay, take func(presence.TerminalDay)) error {
	if err := c.read("days"); err != nil {
		return err
	}
	return c.Store.Days(ctx, first, last, take)
}

// hand hands on a block whose memory is used for something else afterwards.
func (c *count) hand(take func(*columns.Rollups) error) func(*columns.Rollups) error {
	return func(rows *columns.Rollups) error {
		var mine columns.Rollups
		for _, r := range rollupsOf(rows) {
			if c.tamper != nil {
				c.log.mu.Lock()
				c.tamper(&r)
				c.log.mu.Unlock()
			}
			mine.Append(&r)
		}
		err := take(&mine)
		for i := range mine.Comune {
			mine.Comune[i], mine.Values[0][i] = 0, 1<<40
		}
		for i := range mine.ReasonKeys {
			mine.ReasonKeys[i], mine.ReasonCounts[i] = 255, 1<<40
		}
		return err
	}
}

func rollupsOf(c *columns.Rollups) []schema.Rollup {
	rows := make([]schema.Rollup, c.Len())
	from := 0
	for i := range rows {
		rows[i] = schema.Rollup{
			Cell:      schema.Cell{Comune: c.Comune[i], Office: c.Office[i], Service: c.Service[i], Channel: c.Channel[i], Scale: c.Scale[i], Class: c.Class[i], Hour: c.Hour[i]},
			Partition: c.Partition[i], Segment: c.Segment[i],
		}
		for v := range rows[i].Values {
			rows[i].Values[v] = c.Values[v][i]
		}
		for ; from < c.ReasonsNext[i]; from++ {
			rows[i].Reasons = append(rows[i].Reasons, schema.ReasonNumber{Key: c.ReasonKeys[from], N: c.ReasonCounts[from]})
		}
	}
	return rows
}

// config compares a and b.
func config(a, b compare.Store) compare.Config {
	return compare.Config{A: compare.Side{Name: "first", Store: a}, B: compare.Side{Name: "second", Store: b}, Wait: 10 * time.Second}
}

// random returns a generator whose seed is printed when the test fails.
func random(t *testing.T, seed uint64) *rand.Rand {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 1))
}

func offsets(n int) []schema.Offset {
	return slices.Repeat([]schema.Offset{schema.Offset(n)}, partitions)
}
