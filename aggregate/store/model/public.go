package model

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mlf/schema"
)

// public is what a store holds of what was published.
type public struct {
	releases []schema.Release
	lots     []attemptLot
	taken    []attemptTaken
	turnout  []attemptTurnout
}

type attemptLot struct {
	attempt schema.AttemptID
	schema.Lot
}

type attemptTaken struct {
	attempt schema.AttemptID
	schema.Taken
}

type attemptTurnout struct {
	attempt schema.AttemptID
	first   schema.Day
	schema.Turnout
}

// WriteLots appends rows of an attempt.
func (s *Store) WriteLots(_ context.Context, a schema.AttemptID, lots []schema.Lot, taken []schema.Taken) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lots {
		s.public.lots = append(s.public.lots, attemptLot{a, l})
	}
	for _, t := range taken {
		s.public.taken = append(s.public.taken, attemptTaken{a, t})
	}
	return nil
}

// WriteTurnout appends the turnout of a month as rows of an attempt.
func (s *Store) WriteTurnout(_ context.Context, a schema.AttemptID, first schema.Day, rows []schema.Turnout) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range rows {
		s.public.turnout = append(s.public.turnout, attemptTurnout{a, first, t})
	}
	return nil
}

// Turnout calls take with the turnout of the months of q.
func (s *Store) Turnout(_ context.Context, q schema.LotQuery, take func(schema.AttemptID, schema.Day, *schema.Turnout) error) error {
	s.mu.Lock()
	turnout := slices.Clone(s.public.turnout)
	s.mu.Unlock()
	for _, t := range turnout {
		if t.first < q.First || t.first >= q.Next || !slices.Contains(q.Attempts, t.attempt) {
			continue
		}
		if err := take(t.attempt, t.first, &t.Turnout); err != nil {
			return err
		}
	}
	return nil
}

// WriteRelease appends a header, as of now.
func (s *Store) WriteRelease(_ context.Context, r schema.Release) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Written = time.Now().UTC().Truncate(time.Microsecond)
	r.Months, r.Turnouts = slices.Clone(r.Months), slices.Clone(r.Turnouts)
	s.public.releases = append(s.public.releases, r)
	return nil
}

// Releases returns every header, and the time.
func (s *Store) Releases(context.Context) ([]schema.Release, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	headers := slices.Clone(s.public.releases)
	slices.SortFunc(headers, func(a, b schema.Release) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), a.Written.Compare(b.Written), cmp.Compare(a.Attempt, b.Attempt))
	})
	return headers, time.Now().UTC(), nil
}

// Lots calls take with the lots of q.
func (s *Store) Lots(_ context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	s.mu.Lock()
	lots := slices.Clone(s.public.lots)
	s.mu.Unlock()
	for _, l := range lots {
		if l.First < q.First || l.First >= q.Next || !slices.Contains(q.Attempts, l.attempt) {
			continue
		}
		if err := take(l.attempt, &l.Lot); err != nil {
			return err
		}
	}
	return nil
}

// Taken calls take with what was taken of each spot and day.
func (s *Store) Taken(_ context.Context, q schema.LotQuery, take func(*schema.SpotDay) error) error {
	s.mu.Lock()
	taken := slices.Clone(s.public.taken)
	s.mu.Unlock()
	type key struct {
		schema.Spot
		schema.Day
	}
	sums := make(map[key]*schema.SpotDay)
	for _, t := range taken {
		if t.Day < q.First || t.Day >= q.Next || !slices.Contains(q.Attempts, t.attempt) || len(q.Comuni) > 0 && !slices.Contains(q.Comuni, t.Comune) {
			continue
		}
		k := key{t.Spot, t.Day}
		if sums[k] == nil {
			sums[k] = &schema.SpotDay{Spot: t.Spot, Day: t.Day}
		}
		addTaken(sums[k], &t.SpotDay)
	}
	for _, sum := range sums {
		if err := take(sum); err != nil {
			return err
		}
	}
	return nil
}

func addTaken(sum, t *schema.SpotDay) {
	for k, n := range t.Values {
		sum.Values[k] += n
	}
	sum.Reasons = schema.AddReasons(sum.Reasons, t.Reasons)
}

// LotsInOrder calls take with the lots of q by its attempts, and by their numbers.
func (s *Store) LotsInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	for _, a := range q.Attempts {
		var lots []schema.Lot
		one := q
		one.Attempts = []schema.AttemptID{a}
		err := s.Lots(ctx, one, func(_ schema.AttemptID, l *schema.Lot) error {
			lots = append(lots, *l)
			return nil
		})
		if err != nil {
			return err
		}
		slices.SortFunc(lots, func(a, b schema.Lot) int { return cmp.Compare(a.Number, b.Number) })
		for i := range lots {
			if err := take(a, &lots[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
