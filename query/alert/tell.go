package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"mlf/schema"
	"mlf/schema/alert"
)

// How much a body is told.
const (
	// MessagesMax is the most messages of a body in a day; the last is of all that there is.
	MessagesMax = 20

	// tellAgain is the least time between two messages of one alert.
	tellAgain = 24 * time.Hour

	// worseBy is by what factor an open alert must have grown to be told of again.
	worseBy = 1.5

	// windowFills is how long it takes until a window has nothing of before a change: what the
	// figures grow by until then is no news.
	windowFills = windowDays * 24 * time.Hour

	// closedFor is for how long after its end an end is still told.
	closedFor = 7 * 24 * time.Hour
)

// A Message is to be told, of one alert or, where there is too much for one day, of several.
type Message struct {
	ID     string // The same for whoever sends it, and whenever.
	Day    string // Of Rome.
	Event  string // alert.Opened, Updated, Ended; Digest of several.
	Alerts []*alert.Alert
}

// Digest is the event of a message of several alerts.
const Digest = "digest"

// DayOf returns Rome's day of t as messages are counted by.
func DayOf(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.DateOnly) }

// Plan returns the messages that a body is to be told at now, by Rome's clock, and of which none
// was told yet: at most one of an alert in a day, and MessagesMax of all. Nothing in quiet hours,
// which hold messages back and not alerts; nothing where there is nobody to tell.
func Plan(s *alert.Settings, of []*alert.Alert, acknowledged func(*alert.Alert) bool, now time.Time) (all []Message) {
	if s == nil || len(s.Targets()) == 0 || s.Quiet.Holds(now) {
		return nil
	}
	day := now.Format(time.DateOnly)
	told := make(map[string]bool)
	var due []Message
	for _, a := range of {
		if t := a.ToldOn(day); t != nil {
			told[t.Message] = true
			continue
		}
		if event := dueOf(a, acknowledged(a), now); event != "" {
			due = append(due, Message{ID: a.ID + "-" + strings.ReplaceAll(day, "-", ""), Day: day, Event: event, Alerts: []*alert.Alert{a}})
		}
	}
	slices.SortFunc(due, func(x, y Message) int { return strings.Compare(x.ID, y.ID) })
	room := MessagesMax - len(told)
	switch {
	case room <= 0:
		return nil // Tomorrow.
	case len(due) <= room:
		return due
	}
	rest := Message{ID: digestID(s.Body, day), Day: day, Event: Digest}
	for _, m := range due[min(room-1, len(due)):] {
		rest.Alerts = append(rest.Alerts, m.Alerts...)
	}
	return append(due[:min(room-1, len(due))], rest)
}

// dueOf returns which event of an alert nobody was told of at now; "" for none.
func dueOf(a *alert.Alert, acknowledged bool, now time.Time) string {
	var last *alert.Told
	told, ended := false, false
	for i := range a.Told {
		last = &a.Told[i]
		if !last.At.Before(a.Opened) {
			ended = ended || last.Event == alert.Ended
			told = told || last.Event != alert.Ended
		}
	}
	switch {
	case a.State == alert.Closed:
		if told && !ended && now.Sub(a.Closed) < closedFor {
			return alert.Ended
		}
	case acknowledged || last != nil && now.Sub(last.At) < tellAgain:
	case !told:
		return alert.Opened
	case a.Figures != nil && a.Kind != alert.Misuse && now.Sub(last.At) < windowFills:
	case a.Size() >= worseBy*last.Size:
		return alert.Updated
	}
	return ""
}

// EventOf returns what m says of one of its alerts.
func (m *Message) EventOf(a *alert.Alert) string {
	switch {
	case m.Event != Digest:
		return m.Event
	case a.State == alert.Closed:
		return alert.Ended
	}
	return alert.Opened
}

// digestID returns the id of the digest of a body's day.
func digestID(body schema.BodyCode, day string) string {
	sum := sha256.Sum256([]byte("digest\n" + string(body) + "\n" + day))
	return hex.EncodeToString(sum[:16]) + "-" + strings.ReplaceAll(day, "-", "")
}

// sendFor is for how long it is tried to send a message: what happened the day before yesterday
// is on the page.
const sendFor = 24 * time.Hour

// Pending returns the messages that are told, as far as the records say, and of which it is not
// known what became: those of a process that ended between the two.
func Pending(s *alert.Settings, of []*alert.Alert, now time.Time) (all []Message) {
	if s == nil || s.Quiet.Holds(now) {
		return nil
	}
	at := make(map[string]int)
	for _, a := range of {
		for _, t := range a.Told {
			if now.Sub(t.At) >= sendFor || !lacks(s, &t) {
				continue
			}
			i, known := at[t.Message]
			if !known {
				i = len(all)
				at[t.Message] = i
				m := Message{ID: t.Message, Day: t.Day, Event: t.Event}
				if t.Message == digestID(s.Body, t.Day) {
					m.Event = Digest
				}
				all = append(all, m)
			}
			all[i].Alerts = append(all[i].Alerts, a)
		}
	}
	return all
}

// lacks tells whether it is not known of a target what became of t.
func lacks(s *alert.Settings, t *alert.Told) bool {
	return slices.ContainsFunc(s.Targets(), func(target string) bool {
		_, known := t.Results[target]
		return !known
	})
}
