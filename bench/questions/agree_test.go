package questions_test

import (
	"context"
	"errors"
	"testing"

	"mlf/bench/questions"
	"mlf/query/question"
	"mlf/schema"
)

// hourly is a view of a vote in each hour, and some of one row more or less. It answers
// a few hours at a time.
type hourly struct {
	hoursMax schema.Hour
	more     uint64
	reason   uint64
	question.View
}

func (h hourly) Counts(_ context.Context, a *question.Axes) (*question.Counts, error) {
	if a.Next-a.From > h.hoursMax {
		return nil, schema.ErrTooDear
	}
	counts := new(question.Counts)
	for i := range a.Next - a.From {
		key := question.Key{Hour: a.Hours[i]}
		count := question.Count{Key: key, Values: [schema.ValueMax]uint64{1}}
		if a.From+i == 9 {
			count.Values[0] += h.more
			counts.Reasons = append(counts.Reasons, question.ReasonCount{Key: key, Reason: 7, N: 1 + h.reason})
		}
		counts.Rows = append(counts.Rows, count)
		counts.Excluded[schema.ClassTest]++
	}
	return counts, nil
}

func TestAgreeComparesEveryRow(t *testing.T) {
	asked := &questions.Asking{Axes: &question.Axes{From: 4, Next: 12, Hours: []question.Group{0, 0, 0, 1, 1, 1, 1, 2}}}
	one := hourly{hoursMax: 100}
	if n, err := questions.Agree(t.Context(), asked, one, hourly{hoursMax: 3}); err != nil || n != 4 {
		t.Errorf("the same in pieces: got %d compared, %v; want 3 rows and a reason", n, err)
	}
	for name, other := range map[string]hourly{
		"a vote more":   {hoursMax: 100, more: 1},
		"a reason more": {hoursMax: 2, reason: 1},
	} {
		if _, err := questions.Agree(t.Context(), asked, one, other); !errors.Is(err, questions.ErrDiffers) {
			t.Errorf("%s: got %v, want ErrDiffers", name, err)
		}
	}
	if _, err := questions.Agree(t.Context(), asked, one, hourly{}); !errors.Is(err, schema.ErrTooDear) {
		t.Errorf("a view that says nothing: got %v", err)
	}
}
