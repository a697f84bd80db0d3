package watch

import (
	"context"
	"slices"
	"strings"
	"time"

	judging "mlf/query/alert"
	"mlf/schema/alert"
)

// tell writes down what a body is to be told, and sends what was written and is not known to
// have arrived.
func (w *Watcher) tell(ctx context.Context, s *alert.Settings, now time.Time) {
	of := w.cfg.Book.Alerts(s.Body)
	if len(of) == 0 {
		return
	}
	acknowledged := func(a *alert.Alert) bool { return w.cfg.Book.Acknowledged(a) != nil }
	for _, m := range judging.Plan(s, of, acknowledged, now.In(w.cfg.Zone)) {
		for _, a := range m.Alerts {
			after := *a
			after.Note(alert.Told{Day: m.Day, Event: m.EventOf(a), Message: m.ID, At: now.UTC(), Size: a.Size()})
			if w.putAlert(ctx, &after) != nil {
				return
			}
		}
	}
	for _, m := range judging.Pending(s, w.cfg.Book.Alerts(s.Body), now.In(w.cfg.Zone)) {
		for _, target := range s.Targets() {
			if !known(&m, target) {
				w.send(s, &m, target)
			}
		}
	}
}

// known tells whether it is known what became of a message at a target.
func known(m *judging.Message, target string) bool {
	return slices.ContainsFunc(m.Alerts, func(a *alert.Alert) bool {
		for _, t := range a.Told {
			if _, in := t.Results[target]; in && t.Message == m.ID {
				return true
			}
		}
		return false
	})
}

// send has the sender carry m to a target, unless it does so already.
func (w *Watcher) send(s *alert.Settings, m *judging.Message, target string) {
	w.fly(flight{s.Body, m.ID, target}, func(done func(alert.Outcome)) bool { return w.cfg.Sender.Send(s, target, m, done) })
}

// fly begins a flight that is not under way.
func (w *Watcher) fly(f flight, begin func(done func(alert.Outcome)) bool) {
	w.mu.Lock()
	under := w.flying[f]
	w.flying[f] = true
	w.mu.Unlock()
	if under {
		return
	}
	taken := begin(func(o alert.Outcome) {
		w.mu.Lock()
		w.landed = append(w.landed, landing{f, o})
		w.mu.Unlock()
		select {
		case w.knocking <- struct{}{}:
		default:
		}
	})
	if !taken {
		w.mu.Lock()
		delete(w.flying, f)
		w.mu.Unlock()
	}
}

// land writes down what became of messages. What cannot be written stays, and is written later.
func (w *Watcher) land(ctx context.Context) {
	w.mu.Lock()
	landed := w.landed
	w.landed = nil
	w.mu.Unlock()
	for i, l := range landed {
		if w.write(ctx, l) != nil {
			w.mu.Lock()
			w.landed = append(w.landed, landed[i:]...)
			w.mu.Unlock()
			return
		}
		w.metrics.delivered(l.target, l.Delivered)
		w.mu.Lock()
		delete(w.flying, l.flight)
		w.mu.Unlock()
	}
}

// write writes one outcome into all alerts that the message was about, or into the test.
func (w *Watcher) write(ctx context.Context, l landing) error {
	if id, isTest := strings.CutPrefix(l.message, testPrefix); isTest {
		return w.writeTest(ctx, l, id)
	}
	for _, a := range w.cfg.Book.Alerts(l.body) {
		for _, t := range a.Told {
			if t.Message != l.message {
				continue
			}
			after := *a
			t.Results = map[string]alert.Outcome{l.target: l.Outcome}
			after.Note(t)
			if err := w.putAlert(ctx, &after); err != nil {
				return err
			}
		}
	}
	return nil
}

// testPrefix is what the messages of tests are called by among flights.
const testPrefix = "test-"

// testFor is for how long a test is worth sending: whoever asked looks at the screen.
const testFor = 10 * time.Minute

// sendTests sends the tests that were asked for.
func (w *Watcher) sendTests(now time.Time) {
	for _, t := range w.cfg.Book.Tests() {
		s := w.cfg.Book.Settings(t.Body)
		if s == nil || now.Sub(t.Asked) >= testFor {
			continue
		}
		for _, target := range s.Targets() {
			if _, known := t.Results[target]; !known {
				w.fly(flight{t.Body, testPrefix + t.ID, target}, func(done func(alert.Outcome)) bool { return w.cfg.Sender.SendTest(s, target, t, done) })
			}
		}
	}
}

// writeTest writes what became of a test, if another was not asked for since.
func (w *Watcher) writeTest(ctx context.Context, l landing, id string) error {
	t := w.cfg.Book.Test(l.body)
	if t == nil || t.ID != id {
		return nil
	}
	after := *t
	after.Results = map[string]alert.Outcome{l.target: l.Outcome}
	for target, o := range t.Results {
		if target != l.target {
			after.Results[target] = o
		}
	}
	r, err := after.Record()
	if err != nil {
		return nil //nolint:nilerr // Targets that were taken away made it too long: nobody looks for them.
	}
	return w.put(ctx, r)
}
