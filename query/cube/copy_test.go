package cube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mlf/query/question"
	"mlf/schema"
)

// copied is what somebody has copied from followers, now of one and now of another
// process, by what they say has changed since the last time.
type copied struct {
	position question.Position
	counts   map[simCount]uint64
	known    int // How often less than everything was copied.
}

// startOther starts a follower that reads batches the other way round, and has no
// snapshots.
func (s *sim) startOther(ctx context.Context) error {
	cfg := s.cfg
	cfg.Dir = ""
	if _, remembers := cfg.Feed.(*lateRows); remembers {
		cfg.Feed = &lateRows{feedDouble: s.feed}
	}
	if s.naive == "" {
		cfg.Feed = feedOf{s.feed, func(b []schema.ClaimBatch) []schema.ClaimBatch {
			slices.Reverse(b)
			return b
		}}
	}
	var err error
	if s.other, err = New(cfg); err != nil {
		return err
	}
	go func() { _ = s.other.Run(ctx) }()
	return nil
}

// copy copies what has changed, now and then. Where counts were wrong once, others than
// who had them do not know of it.
func (s *sim) copy() error {
	from := s.follower
	if s.IntN(3) > 0 {
		return nil
	}
	if s.naive != "a row is lost" && s.IntN(2) == 0 {
		from = s.other
	}
	v := from.State()
	if v == nil || !question.PositionOf(v.Ledger()).Reaches(s.copied.position) {
		return nil
	}
	return s.copyOf(v)
}

func (s *sim) copyOf(v *State) error {
	c := &s.copied
	since := slices.Clone(c.position)
	if s.naive == "copies without a partition" && len(since) > 0 {
		since[0] = 1 << 40
	}
	changed, known := v.Changed(since)
	got, err := s.counts(v)
	if err != nil {
		return err
	}
	if !known {
		c.counts = nil
	}
	isNew := func(k simCount) bool {
		return !known || slices.Contains(changed, question.PlaceMonth{Comune: k.cell.Comune, Month: s.cfg.Clock.MonthOf(k.cell.Hour)})
	}
	next := make(map[simCount]uint64)
	for k, n := range c.counts {
		if !isNew(k) {
			next[k] = n
		}
	}
	for k, n := range got {
		if isNew(k) {
			next[k] = n
		}
	}
	if known {
		c.known++
	}
	c.counts, c.position = next, question.PositionOf(v.Ledger())
	return nil
}

// sameCopy compares every cell of the copy, once all is counted.
func (s *sim) sameCopy() error {
	v := s.follower.State()
	if v == nil {
		return errors.New("there is no state to copy")
	}
	if err := s.copyOf(v); err != nil {
		return err
	}
	s.happened["copies"] += float64(s.copied.known)
	want := s.sums(func(l *simLog) schema.Offset { return schema.Offset(len(l.votes)) })
	for k, n := range want {
		if s.copied.counts[k] != n {
			return fmt.Errorf("%v is %d in the copy, want %d", k, s.copied.counts[k], n)
		}
	}
	for k, n := range s.copied.counts {
		if n != want[k] {
			return fmt.Errorf("%v is %d in the copy, want %d", k, n, want[k])
		}
	}
	return nil
}
