package model

import (
	"context"
	"slices"

	"mlf/schema"
	"mlf/schema/presence"
)

// WriteDays merges when terminals voted.
func (s *Store) WriteDays(_ context.Context, days []presence.TerminalDay) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range days {
		s.tables.Day(d)
	}
	return nil
}

// LastVotes calls take with each terminal of which a vote was cast in [from, until), and
// when the latest such was that is known: at least one was then. from lies before the day
// of until.
func (s *Store) LastVotes(_ context.Context, from, until schema.Instant, take func(schema.TerminalID, schema.Instant)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := make(map[schema.TerminalID]schema.Instant)
	for k, d := range s.tables.Days {
		at := d.Last
		if at >= until {
			at = d.First
		}
		if at >= from && at < until {
			last[k.Terminal] = max(last[k.Terminal], at)
		}
	}
	handTimes(last, take)
	return nil
}

// NewestVotes calls take with each terminal of which a record that was ingested at since or
// later brought a vote, and when one of its days had its latest.
func (s *Store) NewestVotes(_ context.Context, since schema.Instant, take func(schema.TerminalID, schema.Instant)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := make(map[schema.TerminalID]schema.Instant)
	for k, d := range s.tables.Days {
		if d.Ingested >= since {
			last[k.Terminal] = max(last[k.Terminal], d.Last)
		}
	}
	handTimes(last, take)
	return nil
}

func handTimes(last map[schema.TerminalID]schema.Instant, take func(schema.TerminalID, schema.Instant)) {
	for t, at := range last {
		take(t, at)
	}
}

// DaySpan returns the first and the last day that some terminal has; false without any.
func (s *Store) DaySpan(context.Context) (first, last presence.UTCDay, some bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.tables.Days {
		if !some {
			first, last, some = k.Day, k.Day, true
		}
		first, last = min(first, k.Day), max(last, k.Day)
	}
	return first, last, some, nil
}

// Days calls take with all that is known of the days [first, last], in their order, and of
// each in that of terminals.
func (s *Store) Days(_ context.Context, first, last presence.UTCDay, take func(presence.TerminalDay)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []presence.TerminalDay
	for k, d := range s.tables.Days {
		if first <= k.Day && k.Day <= last {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b presence.TerminalDay) int { return a.Compare(&b) })
	for _, d := range all {
		take(d)
	}
	return nil
}

// Present returns of which records the days of terminals are there, by partition: of those
// of which something is counted.
func (s *Store) Present(context.Context) ([]presence.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var partitions []schema.Partition
	for k := range s.tables.Ledger {
		if !slices.Contains(partitions, k.Partition) {
			partitions = append(partitions, k.Partition)
		}
	}
	slices.Sort(partitions)
	var all []presence.Account
	for _, p := range partitions {
		all = append(all, s.tables.Present(p))
	}
	return all, nil
}
