package alert_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	judging "mlf/query/alert"
	"mlf/schema"
	"mlf/schema/alert"
)

const roma schema.BodyCode = "c_h501"

// first is the hour in which things begin, 09:00 by the clock of UTC.
const first schema.Hour = 498_561

func at(hours int) time.Time { return (first + schema.Hour(hours)).Time() }

// A life is one alert, hour by hour.
type life struct {
	t     *testing.T
	q     judging.Question
	alert *alert.Alert
	hour  int
}

func newLife(t *testing.T) *life {
	return &life{t: t, q: judging.Question{Body: roma, Rule: alert.Rule{Kind: alert.Red, Enabled: true, Threshold: 0.05}, Scope: alert.Scope{Scale: "mlf3"}}}
}

// pass lets hours pass, of which each says v.
func (l *life) pass(hours int, v judging.Verdict) {
	l.t.Helper()
	for range hours {
		now := at(l.hour)
		var of []*alert.Alert
		if l.alert != nil {
			of = append(of, l.alert)
		}
		current := l.q.Current(of, now)
		after := l.q.Next(current, &v, now, func(since time.Time) bool { return now.Sub(since) >= 48*time.Hour })
		if after != nil {
			if err := after.Validate(); err != nil {
				l.t.Fatal(err)
			}
			if again := l.q.Next(after, &v, now, func(time.Time) bool { return true }); again != nil {
				l.t.Errorf("an hour that comes twice changes %+v", again)
			}
			l.alert = after
		}
		l.hour++
	}
}

// says is the state, how often it was opened again, and in which hour it changed last.
func (l *life) says() string {
	if l.alert == nil {
		return "none"
	}
	changed := l.alert.Opened
	if l.alert.State == alert.Closed {
		changed = l.alert.Closed
	}
	return fmt.Sprintf("%s %d %d", l.alert.State, l.alert.Reopened, int(changed.Sub(at(0)).Hours()))
}

// TestAnAlertDoesNotFlap: it opens at once, closes after 48 calm hours, opens again within a week
// under its id, and is another after it.
func TestAnAlertDoesNotFlap(t *testing.T) {
	bad := judging.Verdict{Known: true, Opens: true}
	middling := judging.Verdict{Known: true}
	calm := judging.Verdict{Known: true, Calm: true}
	unknown := judging.Verdict{Calm: true, Opens: true}
	l := newLife(t)
	f := func(hours int, v judging.Verdict, want string) {
		t.Helper()
		l.pass(hours, v)
		if got := l.says(); got != want {
			t.Errorf("after %d hours: got %s, want %s", l.hour, got, want)
		}
	}
	f(1, middling, "none")
	f(1, unknown, "none")
	f(1, bad, "open 0 2")
	id := l.alert.ID
	f(100, middling, "open 0 2") // Between the two thresholds it stays.
	f(47, calm, "open 0 2")
	f(1, middling, "open 0 2") // Calm for less than two days.
	f(48, calm, "open 0 2")
	f(100, unknown, "open 0 2") // Nobody can say: it does not close of that.
	f(1, calm, "closed 0 299")
	f(100, calm, "closed 0 299")
	f(1, bad, "open 1 400")
	if l.alert.ID != id || !l.alert.Closed.IsZero() || !l.alert.Calm.IsZero() {
		t.Errorf("got %+v, want %s again", l.alert, id)
	}
	f(1, calm, "open 1 400")
	f(48, calm, "closed 1 449")
	f(167, middling, "closed 1 449")
	f(1, bad, "open 0 617") // After a week it is another.
	if l.alert.ID == id {
		t.Error("the same id after a week")
	}
}

// TestCurrent: of several that are about the same, the one that is open, and the earliest of those.
func TestCurrent(t *testing.T) {
	l := newLife(t)
	made := func(first schema.Hour, state alert.State, closed time.Time) *alert.Alert {
		return &alert.Alert{ID: alert.ID(roma, alert.Red, l.q.Scope, first), Body: roma, Kind: alert.Red, Scope: l.q.Scope, First: first, State: state, Closed: closed}
	}
	early, late := made(first, alert.Open, time.Time{}), made(first+1, alert.Open, time.Time{})
	ended, old := made(first-40, alert.Closed, at(-10)), made(first-400, alert.Closed, at(-168))
	other := made(first, alert.Open, time.Time{})
	other.Scope.Scale = "stars5"
	f := func(want *alert.Alert, of ...*alert.Alert) {
		t.Helper()
		for range 2 {
			if got := l.q.Current(of, at(0)); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			slices.Reverse(of)
		}
	}
	f(nil)
	f(nil, other, old)
	f(early, late, early, ended, other)
	f(ended, ended, old)
	f(late, ended, late)
}

// A telling is what a body is told, day by day.
type telling struct {
	t     *testing.T
	s     *alert.Settings
	of    []*alert.Alert
	acked map[string]bool
}

func newTelling(t *testing.T, alerts int) *telling {
	s := alert.Usual(roma)
	s.Emails = []string{"urp@comune.example.it"}
	tl := &telling{t: t, s: s, acked: make(map[string]bool)}
	for i := range alerts {
		scope := alert.Scope{Offices: []string{fmt.Sprint(i)}}
		tl.of = append(tl.of, &alert.Alert{
			ID: alert.ID(roma, alert.Silence, scope, first), Body: roma, Kind: alert.Silence, Scope: scope, First: first, State: alert.Open, Opened: at(0), Updated: at(0), Count: 2,
		})
	}
	return tl
}

// tell tells what is due at an hour, and returns the events.
func (tl *telling) tell(hour int) string {
	var events []string
	plan := judging.Plan(tl.s, tl.of, func(a *alert.Alert) bool { return tl.acked[a.ID] }, at(hour))
	for _, m := range plan {
		events = append(events, fmt.Sprintf("%s(%d)", m.Event, len(m.Alerts)))
		for _, a := range m.Alerts {
			a.Note(alert.Told{Day: m.Day, Event: m.EventOf(a), Message: m.ID, At: at(hour), Size: a.Size()})
		}
	}
	if again := judging.Plan(tl.s, tl.of, func(*alert.Alert) bool { return false }, at(hour)); len(again) > 0 && len(plan) > 0 && plan[len(plan)-1].Event != judging.Digest {
		tl.t.Errorf("told twice: %v", again)
	}
	return strings.Join(events, " ")
}

// TestWhatIsTold: the beginning and the end, what has become worse, and no more than once a day.
func TestWhatIsTold(t *testing.T) {
	tl := newTelling(t, 1)
	a := tl.of[0]
	f := func(hour int, want string) {
		t.Helper()
		if got := tl.tell(hour); got != want {
			t.Errorf("hour %d: got %q, want %q", hour, got, want)
		}
	}
	f(0, "opened(1)")
	f(0, "")
	f(48, "") // It goes on, and there is nothing new.
	a.Count = 3
	f(49, "updated(1)")
	a.Count = 30
	f(60, "") // Within 24 hours.
	tl.acked[a.ID] = true
	f(100, "") // Acknowledged.
	a.State, a.Closed = alert.Closed, at(120)
	f(120, "closed(1)") // Told once, to whoever acknowledged as well.
	f(150, "")
	a.State, a.Closed, a.Opened, a.Reopened = alert.Open, time.Time{}, at(121), 1
	tl.acked[a.ID] = false
	f(123, "") // The day had its message.
	f(140, "") // 24 hours since the last.
	f(145, "opened(1)")
	a.State, a.Closed = alert.Closed, at(400)
	f(400+7*24, "") // Nobody was there to be told for a week: it is over.

	silent := newTelling(t, 1)
	silent.of[0].State, silent.of[0].Closed = alert.Closed, at(1)
	if got := silent.tell(2); got != "" {
		t.Errorf("the end of what nobody was told of: %q", got)
	}
}

func TestQuietHoursHoldMessagesBack(t *testing.T) {
	tl := newTelling(t, 1)
	tl.s.Quiet = &alert.Quiet{From: "08:00", To: "11:00"}
	if got := tl.tell(0); got != "" { // 09:00 by the clock that it is asked with.
		t.Errorf("got %q in quiet hours", got)
	}
	if got := tl.tell(2); got != "opened(1)" {
		t.Errorf("got %q after them", got)
	}
	tl.s.Emails = nil
	tl.of = newTelling(t, 1).of
	if got := tl.tell(30); got != "" {
		t.Errorf("got %q, and nobody to tell", got)
	}
}

// TestABodyIsNotFlooded: twenty messages a day, the last of all that there is.
func TestABodyIsNotFlooded(t *testing.T) {
	f := func(alerts int, want string) {
		t.Helper()
		tl := newTelling(t, alerts)
		if got := tl.tell(0); got != want {
			t.Errorf("%d alerts: got %s, want %s", alerts, got, want)
		}
		if got := tl.tell(1); got != "" {
			t.Errorf("%d alerts: an hour later got %s", alerts, got)
		}
	}
	each := func(n int) string { return strings.TrimSpace(strings.Repeat("opened(1) ", n)) }
	f(3, each(3))
	f(20, each(20))
	f(21, each(19)+" digest(2)")
	f(500, each(19)+" digest(481)")

	tl := newTelling(t, 18)
	tl.tell(0)
	more := newTelling(t, 25)
	tl.of = append(tl.of, more.of[18:]...)
	if got := tl.tell(2); got != "opened(1) digest(6)" {
		t.Errorf("got %s", got)
	}
	again := newTelling(t, 30)
	tl.of = append(tl.of, again.of[25:]...)
	if got := tl.tell(3); got != "" {
		t.Errorf("got %s after the last message of the day", got)
	}
	if got := tl.tell(24); got != each(5) { // Tomorrow.
		t.Errorf("got %s on the day after", got)
	}
}

// TestPending: whoever goes on after a crash sends what was written, under the same id.
func TestPending(t *testing.T) {
	tl := newTelling(t, 22)
	tl.tell(0)
	f := func(hour int, want int) []judging.Message {
		t.Helper()
		got := judging.Pending(tl.s, tl.of, at(hour))
		if len(got) != want {
			t.Errorf("hour %d: got %d, want %d", hour, len(got), want)
		}
		return got
	}
	all := f(0, 20)
	i := slices.IndexFunc(all, func(m judging.Message) bool { return m.Event == judging.Digest })
	if i < 0 || len(all[i].Alerts) != 3 {
		t.Errorf("got %+v, want a digest of 3", all)
	}
	told := tl.of[0].Told[0]
	told.Results = map[string]alert.Outcome{tl.s.Targets()[0]: {At: at(1), Detail: "410"}}
	tl.of[0].Note(told)
	f(1, 19)
	tl.s.Quiet = &alert.Quiet{From: "08:00", To: "11:00"}
	f(1, 0)
	tl.s.Quiet = nil
	f(24, 0)
}

func TestQuestionsAreOfEachScale(t *testing.T) {
	s := alert.Usual(roma)
	s.Rules = append(s.Rules, alert.Rule{Kind: alert.Red, Enabled: true, Scope: alert.Scope{Scale: "stars5", Channels: []string{"web"}}})
	var got []string
	for _, q := range judging.Questions(s) {
		got = append(got, string(q.Rule.Kind)+"?"+q.Scope.String())
	}
	want := []string{"red?scale=mlf3", "red?scale=smiley4", "red?scale=stars5", "silence?", "misuse?", "red?channel=web&scale=stars5"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
