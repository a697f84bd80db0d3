package answer

import (
	"context"
	"strings"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/question"
)

// effects are design effects, by the key of a row and the step of time that its days
// lie in.
type effects map[effectKey]figures.Effect

type effectKey struct {
	row  string
	step int32
}

// keyOf names a row by its first columns.
func keyOf(t *question.Table, r *question.Count, columns int) string {
	if columns == 1 {
		return t.Columns[0].Text(r)
	}
	texts := make([]string, columns)
	for k := range texts {
		texts[k] = t.Columns[k].Text(r)
	}
	return strings.Join(texts, "\x00")
}

// countEffects counts q, whose last column is the day, and tells by the columns
// before it and by step how alike the votes of a day are. What has too few days has
// none.
func (k kit) countEffects(ctx context.Context, r Reading, q *question.Question, step func(calendar.Day) int32) (effects, error) {
	f := q.Frame(q.Asked())
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	t := f.Table(counts)
	last := len(t.Columns) - 1
	days := make(map[effectKey][]uint64)
	for i := range t.Rows {
		row := &t.Rows[i]
		key := effectKey{keyOf(t, row, last), step(calendar.Day(t.Columns[last].Value(row)))}
		days[key] = append(days[key], row.Values[:k.scale.Max()]...)
	}
	found := make(effects, len(days))
	for key, cells := range days {
		if effect, ok := figures.DesignEffect(cells, int(k.scale.Max())); ok {
			found[key] = effect
		}
	}
	return found, nil
}

// whole is the step of all days.
func whole(calendar.Day) int32 { return 0 }
