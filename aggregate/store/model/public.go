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
	notes   []schema.ReleaseNote
	lots    []attemptLot
	taken   []attemptTaken
	turnout []attemptTurnout
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
func (s *Store) WriteRelease(ctx context.Context, r schema.Release) error {
	r.Written = time.Time{}
	return s.WriteNote(ctx, schema.ReleaseNote{Release: r, Rows: r.Attempt, Alone: true})
}

// WriteNote appends a note, as of now.
func (s *Store) WriteNote(_ context.Context, n schema.ReleaseNote) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n.Noted = time.Now().UTC().Truncate(time.Microsecond)
	if n.Written.IsZero() {
		n.Written = n.Noted
	}
	n.Months, n.Turnouts = slices.Clone(n.Months), slices.Clone(n.Turnouts)
	s.public.notes = append(s.public.notes, n)
	return nil
}

// Releases returns the headers that were written here first, and the time.
func (s *Store) Releases(ctx context.Context) ([]schema.Release, time.Time, error) {
	notes, now, err := s.Notes(ctx)
	var headers []schema.Release
	for _, n := range notes {
		if n.Rows == n.Attempt {
			headers = append(headers, n.Release)
		}
	}
	return headers, now, err
}

// Notes returns every note, and the time.
func (s *Store) Notes(context.Context) ([]schema.ReleaseNote, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := slices.Clone(s.public.notes)
	slices.SortFunc(notes, func(a, b schema.ReleaseNote) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), a.Noted.Compare(b.Noted), cmp.Compare(a.Attempt, b.Attempt))
	})
	return notes, time.Now().UTC(), nil
}

// TakenInOrder calls take with what the lots of q have, by its attempts, and by the
// numbers of lots.
func (s *Store) TakenInOrder(_ context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Taken) error) error {
	s.mu.Lock()
	taken := slices.Clone(s.public.taken)
	s.mu.Unlock()
	slices.SortStableFunc(taken, func(a, b attemptTaken) int { return cmp.Compare(a.Lot, b.Lot) })
	for _, a := range q.Attempts {
		for _, t := range taken {
			if t.attempt != a || t.Day < q.First || t.Day >= q.Next {
				continue
			}
			if err := take(a, &t.Taken); err != nil {
				return err
			}
		}
	}
	return nil
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
