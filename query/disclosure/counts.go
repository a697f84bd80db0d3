package disclosure

import (
	"context"
	"fmt"
	"slices"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
)

// Counts answers a by sums of lots. A lot is in the row of a key if all of it lies
// within: whatever its label does not say, an office, a channel, a day within its
// span, makes no difference to a. Lots that lie in several rows are in none
// (Hidden tells of them): the sum of the shown channels may be less than what is
// shown of the service. Of hours of the day nothing is shown, of weekdays what
// lots of single days have. Classes other than ok are not published, nor how many
// votes are of them.
func (l *Lots) Counts(ctx context.Context, a *question.Axes) (*question.Counts, error) {
	t := tally{rows: make(map[question.Key]int), reasons: make(map[reasonKey]uint64), max: a.RowsMax}
	err := l.walk(ctx, a, t.add)
	if err != nil {
		return nil, err
	}
	for key, n := range t.reasons {
		t.Reasons = append(t.Reasons, question.ReasonCount{Key: key.Key, Reason: key.ReasonKey, N: n})
	}
	return &t.Counts, nil
}

// A tally adds up an answer.
type tally struct {
	question.Counts
	rows    map[question.Key]int
	reasons map[reasonKey]uint64
	max     int
}

type reasonKey struct {
	question.Key
	schema.ReasonKey
}

func (t *tally) add(key question.Key, v *votesReader) error {
	i, ok := t.rows[key]
	if !ok {
		if i = len(t.Rows); i >= t.max {
			return fmt.Errorf("add up lots: %d rows: %w", i+1, schema.ErrTooManyRows)
		}
		t.rows[key] = i
		t.Rows = append(t.Rows, question.Count{Key: key})
	}
	for k, n := range v.values {
		t.Rows[i].Values[k] += n
	}
	v.eachReason(func(r schema.ReasonKey, n uint64) { t.reasons[reasonKey{key, r}] += n })
	return nil
}

// walk calls add with the lots that are in rows of a, and their rows' keys.
func (l *Lots) walk(ctx context.Context, a *question.Axes, add func(question.Key, *votesReader) error) error {
	leaves := l.leaves(a)
	for _, b := range l.blocks {
		if first, next := l.hours(b.month); first >= a.Next || next <= a.From {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.walk(leaves, l.days(b.month, a), a.Reasons, add); err != nil {
			return err
		}
	}
	return nil
}

// A leaf is a label all of whose votes are in one group of every axis but time.
type leaf struct {
	label uint32
	key   question.Key
}

// leaves returns those of a, ascending by label.
func (l *Lots) leaves(a *question.Axes) []leaf {
	var leaves []leaf
	if a.Comuni == nil {
		leaves = make([]leaf, 0, len(l.labels))
	}
	s := l.sieve(a)
	l.eachLabel(a, func(label uint32) {
		if key, fate := s.key(&l.labels[label]); fate == within {
			leaves = append(leaves, leaf{label, key})
		}
	})
	slices.SortFunc(leaves, func(a, b leaf) int { return int(a.label) - int(b.label) })
	return leaves
}

// eachLabel calls f with every label that may be of a.
func (l *Lots) eachLabel(a *question.Axes, f func(label uint32)) {
	if a.Comuni == nil {
		for i := range l.labels {
			f(uint32(i))
		}
		return
	}
	seen := make(map[schema.ComuneID]bool) // Several codes are one comune.
	for _, id := range a.Comuni {
		if now := l.places.now(id); !seen[now] {
			seen[now] = true
			for _, label := range l.byComune[now] {
				f(label)
			}
		}
	}
	for _, label := range l.wide {
		f(label)
	}
}

// walk calls add with the lots of leaves that lie within groups of days.
func (b *block) walk(leaves []leaf, days []dayGroup, reasons bool, add func(question.Key, *votesReader) error) error {
	whole := !reasons && days[0].group >= 0 && days[0].run == len(days)
	at := 0
	var v votesReader
	for i := range leaves {
		if at = b.find(at, leaves[i].label); at == len(b.labels) {
			return nil
		}
		if b.labels[at] != leaves[i].label {
			continue
		}
		key := leaves[i].key
		data := v.read(b.of(at))
		if whole {
			key.Hour = days[0].group
			if err := add(key, &v); err != nil {
				return err
			}
			continue
		}
		for len(data) > 0 {
			first, last := data[0], data[1]
			data = v.read(data[2:])
			if key.Hour = days[first].group; key.Hour < 0 || int(last) >= days[first].run {
				continue
			}
			if !reasons {
				v.number = 0
			}
			if err := add(key, &v); err != nil {
				return err
			}
		}
	}
	return nil
}

// A dayGroup is the group that all hours of a day fall into: question.Out for none,
// mixed for several.
type dayGroup struct {
	group question.Group
	run   int // The first day from here on, by its number in the month, that falls into another.
}

// mixed is the group of what falls into several.
const mixed question.Group = -2

// days returns the groups of the days of m.
func (l *Lots) days(m month, a *question.Axes) []dayGroup {
	days := make([]dayGroup, m.next-m.first)
	next := l.begin(m.next)
	for i := len(days) - 1; i >= 0; i-- {
		first := l.begin(m.first + schema.Day(i))
		days[i] = dayGroup{group: hourGroup(a, first), run: i + 1}
		for h := first + 1; h < next; h++ {
			if hourGroup(a, h) != days[i].group {
				days[i].group = mixed
				break
			}
		}
		if i+1 < len(days) && days[i].group == days[i+1].group && days[i].group >= 0 {
			days[i].run = days[i+1].run
		}
		next = first
	}
	return days
}

func hourGroup(a *question.Axes, h schema.Hour) question.Group {
	switch {
	case h < a.From || h >= a.Next:
		return question.Out
	case a.Hours == nil:
		return 0
	default:
		return a.Hours[h-a.From]
	}
}

// begin returns the first hour of a day of Rome's.
func (l *Lots) begin(d schema.Day) schema.Hour { return l.clock.Begin(calendar.Day(d)) }
