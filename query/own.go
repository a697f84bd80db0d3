package query

import (
	"context"
	"net/http"
	"slices"

	"mlf/query/access"
	"mlf/query/question"
	"mlf/schema"
)

// An ownView is what a body is shown: the votes that are its own, exactly, and nothing
// of others. It sees offices only where they have enough votes, so that figures say how an
// office does and not how the one person at its counter does.
type ownView struct {
	question.View
	own *access.Own
	now schema.Hour
}

// officeWeekMin is the fewest votes in a week on average, and in all, of a row that
// names an office.
const officeWeekMin = 10

const weekHours = 7 * 24

// Ledger returns how far the counts have come, and nothing of what came of others.
func (v *ownView) Ledger() []schema.LedgerTotals {
	all := v.View.Ledger()
	ledger := make([]schema.LedgerTotals, len(all))
	for i := range all {
		ledger[i].PartitionState, ledger[i].Next = all[i].PartitionState, all[i].Next
	}
	return ledger
}

// Counts answers a of what is v's own.
func (v *ownView) Counts(ctx context.Context, a *question.Axes) (*question.Counts, error) {
	narrow := *a
	narrow.Comuni, narrow.Comune = within(a.Comuni, a.Comune, v.own.Comuni)
	if v.own.Offices != nil {
		narrow.Offices, narrow.Office = within(a.Offices, a.Office, v.own.Offices)
	}
	if v.own.Services != nil {
		narrow.Services, narrow.Service = within(a.Services, a.Service, v.own.Services)
	}
	counts, err := v.View.Counts(ctx, &narrow)
	if err != nil || narrow.Office == nil {
		return counts, err
	}
	v.withhold(&narrow, counts)
	return counts, nil
}

// An ownDiary is an ownView that knows what has changed.
type ownDiary struct {
	*ownView
	all question.Diary
}

// diaryOf returns what has changed in a view; nil where it does not know.
func diaryOf(view question.View) question.Diary {
	own, isOwn := view.(*ownView)
	if !isOwn {
		diary, _ := view.(question.Diary)
		return diary
	}
	if all, ok := own.View.(question.Diary); ok {
		return &ownDiary{own, all}
	}
	return nil
}

// Changed returns what has changed of v's places. Of a part of their offices or services
// it is not known: others' votes are none of v's.
func (v *ownDiary) Changed(since question.Position) ([]question.PlaceMonth, bool) {
	changed, known := v.all.Changed(since)
	if !known || v.own.Offices != nil || v.own.Services != nil {
		return nil, false
	}
	return slices.DeleteFunc(changed, func(m question.PlaceMonth) bool {
		_, own := slices.BinarySearch(v.own.Comuni, m.Comune)
		return !own
	}), true
}

// Span returns the hours that have votes of anybody.
func (v *ownDiary) Span() (first, next schema.Hour) { return v.all.Span() }

// within narrows an axis and its list to own.
func within[T ~uint16 | ~uint32 | ~string](list []T, axis func(T) question.Group, own []T) ([]T, func(T) question.Group) {
	narrow := []T{} // Not nil, which would be all.
	for _, x := range own {
		if list == nil || slices.Contains(list, x) {
			narrow = append(narrow, x)
		}
	}
	return narrow, func(x T) question.Group {
		switch _, found := slices.BinarySearch(narrow, x); {
		case !found:
			return question.Out
		case axis == nil:
			return 0
		default:
			return axis(x)
		}
	}
}

// withhold leaves out the rows that name an office and have too few votes for their
// time.
func (v *ownView) withhold(a *question.Axes, counts *question.Counts) {
	hours := make(map[question.Group]uint64) // That have begun, by group.
	for h := a.From; h < min(a.Next, v.now+1); h++ {
		if a.Hours == nil {
			hours[0]++
		} else {
			hours[a.Hours[h-a.From]]++
		}
	}
	few := make(map[question.Key]bool)
	counts.Rows = slices.DeleteFunc(counts.Rows, func(r question.Count) bool {
		if r.N()*weekHours >= officeWeekMin*max(hours[r.Hour], weekHours) {
			return false
		}
		few[r.Key] = true
		return true
	})
	for key := range few {
		counts.Partial = append(counts.Partial, key)
	}
	counts.Reasons = slices.DeleteFunc(counts.Reasons, func(r question.ReasonCount) bool { return few[r.Key] })
	if a.Offices != nil {
		clear(counts.Excluded[:]) // They are of those offices, and may be as few.
	}
}

// allowOwn refuses what asks for places, offices or services of others. A question
// that names none is of what is its own.
func allowOwn(q *question.Question, own *access.Own) *problem {
	a := q.Frame(q.Span).Axes
	places, _ := within(a.Comuni, nil, own.Comuni)
	if a.Provinces != nil {
		places = slices.DeleteFunc(places, func(c schema.ComuneID) bool { return !slices.Contains(a.Provinces, c.Province()) })
	}
	switch named := q.Filters; {
	case len(places) == 0, named["comune"] != nil && beyond(a.Comuni, own.Comuni):
		return notOwn("comune", "not all of these places are the body's own")
	case own.Offices != nil && named["office"] != nil && beyond(a.Offices, own.Offices):
		return notOwn("office", "not all of these offices are the body's own")
	case own.Services != nil && named["service"] != nil && beyond(a.Services, own.Services):
		return notOwn("service", "not all of these services are the body's own")
	}
	return nil
}

// beyond tells whether list has what is not in own, which is ascending.
func beyond[T ~uint16 | ~uint32 | ~string](list, own []T) bool {
	return slices.ContainsFunc(list, func(x T) bool {
		_, found := slices.BinarySearch(own, x)
		return !found
	})
}

// notOwn is the problem of the parameter name that asks for what is others'.
func notOwn(name, detail string) *problem {
	p := newProblem(http.StatusForbidden, "not-own", "The token gives no right to this",
		name+": "+detail+"; ask without a token for what is published of others")
	p.Parameter = name
	return p
}
