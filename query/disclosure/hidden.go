package disclosure

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mlf/query/question"
	"mlf/schema"
)

// A Hidden is rows of an answer that lack votes, because a lot lies in them and in
// others, too: their status is Q. Where a group of Key is question.Out, any group
// of that axis may lack some; its Hour is always one group.
//
// Who asks for whole days from First to Last, and for nothing below Level (of
// LotService and higher no channels, of LotComune and higher no services …), sees
// the votes.
type Hidden struct {
	question.Key
	First, Last schema.Day
	Level       schema.LotLevel
}

// Hidden returns which rows of a lack votes that are published elsewhere: each key
// once, in order. What is not published yet it does not tell of. An error that
// wraps schema.ErrTooManyRows says that there are more than a.RowsMax.
func (l *Lots) Hidden(ctx context.Context, a *question.Axes) ([]Hidden, error) {
	found := make(map[question.Key]Hidden)
	labels := l.partly(a)
	for _, b := range l.blocks {
		if first, next := l.hours(b.month); first >= a.Next || next <= a.From {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l.hiddenOf(b, a, labels, found)
		if len(found) > a.RowsMax {
			return nil, fmt.Errorf("find what is hidden: %d rows: %w", len(found), schema.ErrTooManyRows)
		}
	}
	hidden := make([]Hidden, 0, len(found))
	for key, h := range found {
		h.Key = key
		hidden = append(hidden, h)
	}
	slices.SortFunc(hidden, func(a, b Hidden) int { return compareKeys(a.Key, b.Key) })
	return hidden, nil
}

// Shown is Counts, with the keys of Hidden as those that are partial.
func (l *Lots) Shown(ctx context.Context, a *question.Axes) (*question.Counts, error) {
	counts, err := l.Counts(ctx, a)
	if err != nil {
		return nil, err
	}
	hidden, err := l.Hidden(ctx, a)
	for i := range hidden {
		counts.Partial = append(counts.Partial, hidden[i].Key)
	}
	return counts, err
}

// A partLeaf is a label that has votes in rows, as a whole or only partly.
type partLeaf struct {
	leaf
	fate fate
}

// partly returns the labels that have votes in rows of a, ascending.
func (l *Lots) partly(a *question.Axes) []partLeaf {
	var labels []partLeaf
	s := l.sieve(a)
	l.eachLabel(a, func(label uint32) {
		if key, fate := s.key(&l.labels[label]); fate != outside {
			labels = append(labels, partLeaf{leaf{label, key}, fate})
		}
	})
	slices.SortFunc(labels, func(a, b partLeaf) int { return cmp.Compare(a.label, b.label) })
	return labels
}

// hiddenOf finds what is hidden of one month.
func (l *Lots) hiddenOf(b *block, a *question.Axes, labels []partLeaf, found map[question.Key]Hidden) {
	days := l.days(b.month, a)
	groups := make([][]question.Group, len(days))
	for i := range groups {
		groups[i] = l.groupsOf(b.first+schema.Day(i), a)
	}
	whole := days[0].group >= 0 && days[0].run == len(days)
	at := 0
	var v votesReader
	for _, p := range labels {
		if whole && p.fate == within {
			continue // All of it is shown.
		}
		if at = b.find(at, p.label); at == len(b.labels) {
			return
		}
		if b.labels[at] != p.label {
			continue
		}
		for data := v.read(b.of(at)); len(data) > 0; {
			first, last := data[0], data[1]
			data = v.read(data[2:])
			if p.fate == within && days[first].group >= 0 && int(last) < days[first].run {
				continue // It is shown.
			}
			h := Hidden{First: b.first + schema.Day(first), Last: b.first + schema.Day(last), Level: l.labels[p.label].Level}
			for i := first; i <= last; i++ {
				for _, group := range groups[i] {
					key := p.key
					key.Hour = group
					found[key] = h.with(found[key])
				}
			}
		}
	}
}

// with returns what shows the votes of both; the zero Hidden is none.
func (h Hidden) with(o Hidden) Hidden {
	if o.Level != 0 {
		h.First, h.Last, h.Level = min(h.First, o.First), max(h.Last, o.Last), max(h.Level, o.Level)
	}
	return h
}

// groupsOf returns the groups that hours of d fall into, each once.
func (l *Lots) groupsOf(d schema.Day, a *question.Axes) []question.Group {
	var groups []question.Group
	for h := l.begin(d); h < l.begin(d+1); h++ {
		if g := hourGroup(a, h); g >= 0 && !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	return groups
}

func compareKeys(a, b question.Key) int {
	return cmp.Or(
		cmp.Compare(a.Hour, b.Hour), cmp.Compare(a.Comune, b.Comune), cmp.Compare(a.Office, b.Office), cmp.Compare(a.Service, b.Service),
		cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Scale, b.Scale), cmp.Compare(a.Class, b.Class),
	)
}
