package alert

import (
	"time"

	"mlf/schema"
	"mlf/schema/alert"
)

// How long an alert must have been calm before it closes, and for how long one that was closed
// is opened again rather than another made.
const (
	calmFor   = 48 * time.Hour
	reopenFor = 7 * 24 * time.Hour
)

// A Question is a rule of a body, with the scope that an alert has of it.
type Question struct {
	Body  schema.BodyCode
	Rule  alert.Rule
	Scope alert.Scope
}

// Current returns which of a body's alerts is about q at now: the one that is open, the earliest
// of several, else the last that may be opened again; nil for none. Several are open only where
// two watchers did not know of each other.
func (q *Question) Current(of []*alert.Alert, now time.Time) (current *alert.Alert) {
	for _, a := range of {
		if a.Kind != q.Rule.Kind || a.Scope.String() != q.Scope.String() {
			continue
		}
		switch {
		case a.State == alert.Closed && now.Sub(a.Closed) >= reopenFor:
		case current == nil:
			current = a
		case a.State != current.State:
			if a.State == alert.Open {
				current = a
			}
		case a.State == alert.Open && (a.First < current.First || a.First == current.First && a.ID < current.ID):
			current = a
		case a.State == alert.Closed && a.Closed.After(current.Closed):
			current = a
		}
	}
	return current
}

// Next returns what becomes of an alert, or of none, by the verdict of an hour: nil where
// nothing does. enough tells whether an alert that has been calm since a time may close.
func (q *Question) Next(before *alert.Alert, v *Verdict, now time.Time, enough func(since time.Time) bool) *alert.Alert {
	if !v.Known || before != nil && !before.Updated.Before(now) {
		return nil // Nobody can say, or somebody has said it.
	}
	if before == nil || before.State == alert.Closed {
		if !v.Opens {
			return nil
		}
		return q.opened(before, v, now)
	}
	after := *before
	show(&after, v, now)
	switch {
	case !v.Calm:
		after.Calm = time.Time{}
	case after.Calm.IsZero():
		after.Calm = now
	case enough(after.Calm):
		after.State, after.Closed = alert.Closed, now
	}
	return &after
}

// opened returns an alert that opens at now: before again, where there is one.
func (q *Question) opened(before *alert.Alert, v *Verdict, now time.Time) *alert.Alert {
	a := &alert.Alert{Body: q.Body, Kind: q.Rule.Kind, Scope: q.Scope, First: schema.HourOf(now)}
	if before != nil {
		again := *before
		a = &again
		a.Reopened++
		a.Closed, a.Calm = time.Time{}, time.Time{}
	}
	a.ID = alert.ID(a.Body, a.Kind, a.Scope, a.First)
	a.State, a.Opened, a.Threshold = alert.Open, now, q.Rule.Threshold
	show(a, v, now)
	return a
}

// show has a say what v found.
func show(a *alert.Alert, v *Verdict, now time.Time) {
	a.Updated, a.Figures, a.Terminals, a.Count = now, v.Figures, v.Terminals, v.Count
}

// Ended returns an alert that closes at now because nobody wants to be told of it any more.
func Ended(before *alert.Alert, now time.Time) *alert.Alert {
	after := *before
	after.State, after.Closed, after.Updated = alert.Closed, now, now
	if !now.After(before.Updated) { // The hour has said something before the rule was changed.
		after.Updated = before.Updated.Add(time.Millisecond)
	}
	return &after
}
