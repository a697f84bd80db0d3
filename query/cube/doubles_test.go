package cube

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"mlf/schema"
	"mlf/schema/columns"
)

// errAway is the error of a store or feed that does not answer.
var errAway = errors.New("away")

// A storeDouble is tables that merge by maximum, behind the seam of a follower.
type storeDouble struct {
	mu     sync.Mutex
	id     schema.Identity
	rows   naiveStore
	ledger map[segmentKey]schema.LedgerRow
	isAway bool
	reads  int
}

func newStoreDouble(id schema.Identity) *storeDouble {
	return &storeDouble{id: id, rows: make(naiveStore), ledger: make(map[segmentKey]schema.LedgerRow)}
}

func (s *storeDouble) write(rows []schema.Rollup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		s.rows.take(r)
	}
}

func (s *storeDouble) account(rows []schema.LedgerRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		k := segmentKey{r.Partition, r.Segment}
		s.ledger[k] = highest(s.ledger[k], r)
	}
}

func (s *storeDouble) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isAway = away
}

// ask is the beginning of every read.
func (s *storeDouble) ask() error {
	s.reads++
	if s.isAway {
		return errAway
	}
	return nil
}

func (s *storeDouble) Identity(context.Context) (schema.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id, s.ask()
}

func (s *storeDouble) Segments(context.Context) ([]schema.LedgerRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := slices.Collect(maps.Values(s.ledger))
	slices.SortFunc(rows, func(a, b schema.LedgerRow) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Segment, b.Segment))
	})
	return rows, s.ask()
}

func (s *storeDouble) Span(context.Context) (first, next schema.Hour, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.rows {
		if next == 0 || k.cell.Hour < first {
			first = k.cell.Hour
		}
		next = max(next, k.cell.Hour+1)
	}
	return first, next, s.ask()
}

func (s *storeDouble) Settled(_ context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error {
	s.mu.Lock()
	var rows []schema.Rollup
	for k, r := range s.rows {
		if k.cell.Hour >= from && k.cell.Hour < next && int(k.partition) < len(cut) && k.segment < cut[k.partition] {
			rows = append(rows, r)
		}
	}
	err := s.ask()
	s.mu.Unlock()
	slices.SortFunc(rows, func(a, b schema.Rollup) int {
		return cmp.Or(a.Compare(&b.Cell), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Segment, b.Segment))
	})
	return errors.Join(err, giveColumns(rows, take))
}

// Open gives of each row an older version, too.
func (s *storeDouble) Open(_ context.Context, cut []schema.Segment, take func(*columns.Rollups) error) error {
	s.mu.Lock()
	var rows []schema.Rollup
	for k, r := range s.rows {
		if int(k.partition) < len(cut) && k.segment >= cut[k.partition] {
			older := r
			older.Reasons = nil
			for i := range older.Values {
				older.Values[i] /= 2
			}
			rows = append(rows, r, older)
		}
	}
	err := s.ask()
	s.mu.Unlock()
	return errors.Join(err, giveColumns(rows, take))
}

// giveColumns gives rows in columns, some at a time, in memory that it uses again.
func giveColumns(rows []schema.Rollup, take func(*columns.Rollups) error) error {
	var c columns.Rollups
	for some := range slices.Chunk(rows, 7) {
		c = columns.Rollups{ReasonsNext: c.ReasonsNext[:0], ReasonKeys: c.ReasonKeys[:0], ReasonCounts: c.ReasonCounts[:0]}
		for _, r := range some {
			c.Append(&r)
		}
		if err := take(&c); err != nil {
			return err
		}
		clear(c.ReasonCounts)
	}
	return nil
}

// A feedDouble is a topic of one partition.
type feedDouble struct {
	mu      sync.Mutex
	records []toldAt
	first   int // Below, retention has taken them.
	news    chan struct{}
	isAway  bool
}

type toldAt struct {
	schema.ClaimBatch
	at time.Time
}

func newFeedDouble() *feedDouble { return &feedDouble{news: make(chan struct{})} }

func (f *feedDouble) append(batches ...schema.ClaimBatch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range batches {
		f.records = append(f.records, toldAt{b, time.Now()})
	}
	close(f.news)
	f.news = make(chan struct{})
}

// forget is what retention does.
func (f *feedDouble) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first = len(f.records)
}

func (f *feedDouble) setAway(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.isAway = away
}

func (f *feedDouble) Since(_ context.Context, t time.Time) (schema.Offset, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isAway {
		return 0, errAway
	}
	i := f.first
	for i < len(f.records) && f.records[i].at.Before(t) {
		i++
	}
	return schema.Offset(i), nil
}

func (f *feedDouble) Fetch(ctx context.Context, at schema.Offset) ([]schema.ClaimBatch, schema.Offset, error) {
	batches, news, err := f.from(int(at))
	if err != nil || len(batches) > 0 {
		return batches, at + schema.Offset(len(batches)), err
	}
	wait := time.NewTimer(500 * time.Millisecond)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return nil, at, ctx.Err()
	case <-wait.C:
	case <-news:
	}
	return nil, at, nil
}

func (f *feedDouble) from(at int) ([]schema.ClaimBatch, chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isAway {
		return nil, nil, errAway
	}
	if at < f.first || at > len(f.records) {
		return nil, nil, schema.ErrOffsetOutOfRange
	}
	var batches []schema.ClaimBatch
	for _, r := range f.records[at:min(len(f.records), at+5)] {
		batches = append(batches, r.ClaimBatch)
	}
	return batches, f.news, nil
}
