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
