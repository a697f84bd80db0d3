package answer

import (
	"context"
	"math"
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
// before it how alike the votes of a day are, in each step and in all days. What has
// too few days has none.
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
		all := effectKey{keyOf(t, row, last), allDays}
		days[all] = append(days[all], row.Values[:k.scale.Max()]...)
		if part := (effectKey{all.row, step(calendar.Day(t.Columns[last].Value(row)))}); part != all {
			days[part] = append(days[part], row.Values[:k.scale.Max()]...)
		}
	}
	found := make(effects, len(days))
	for key, cells := range days {
		if effect, ok := figures.DesignEffect(cells, int(k.scale.Max())); ok {
			found[key] = effect
		}
	}
	return found, nil
}

// allDays is the step that all days lie in; no other has its number.
const allDays = math.MinInt32

// whole is the step of every day where there are no others.
func whole(calendar.Day) int32 { return allDays }
