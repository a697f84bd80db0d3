package aggregate

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mlf/schema"
)

// A movement is when a count last moved, at its two ends. It stands still when one
// of them has not for long, whatever the cause: what is asked is not whether
// something failed, but whether something came of it.
type movement struct {
	read    time.Time // The log last gave what is next, or said that there is nothing.
	waiting time.Time // Since when rows have waited for the store without any being taken; zero: none wait.
	trouble string    // What failed last since then.
}

// begin begins anew.
func (m *movement) begin(now time.Time) { *m = movement{read: now} }

// hasRead notes that the log gave an answer.
func (m *movement) hasRead(now time.Time) {
	m.read = now
	m.calm()
}

// applied notes that records were folded, of which rows wait, or not.
func (m *movement) applied(now time.Time, wait bool) {
	m.hasRead(now)
	if wait && m.waiting.IsZero() {
		m.waiting = now
	}
}

// hasTaken notes that the store has taken rows; more wait, or not.
func (m *movement) hasTaken(now time.Time, more bool) {
	m.waiting = time.Time{}
	if more {
		m.waiting = now
	}
	m.calm()
}

// calm forgets what failed before.
func (m *movement) calm() {
	if m.waiting.IsZero() {
		m.trouble = ""
	}
}

// standsStill returns since when the count has stood still, for longer than most,
// and why; the zero time where it has not.
func (m *movement) standsStill(now time.Time, most time.Duration) (since time.Time, why string) {
	switch {
	case !m.waiting.IsZero() && now.Sub(m.waiting) > most:
		since, why = m.waiting, "what was counted is not in the store yet"
	case now.Sub(m.read) > most:
		since, why = m.read, "what is next has not come from the log"
	default:
		return time.Time{}, ""
	}
	if m.trouble != "" {
		why = fmt.Sprintf("%s: %s", why, m.trouble)
	}
	return since, why
}

// current returns the state for others to see.
func (w *worker) current() schema.PartitionState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shown()
}

// shown is current. w.mu is held.
func (w *worker) shown() schema.PartitionState {
	if w.state.State == schema.StateHalted {
		return w.state
	}
	since, why := w.moved.standsStill(w.cfg.Now(), w.cfg.StuckAfter)
	if since.IsZero() {
		return w.state
	}
	return schema.PartitionState{Partition: w.p, State: schema.StateStuck, Reason: why, Since: since.UTC()}
}

// troubleMax is how many bytes of an error a reason quotes: it is a sentence in the
// ledger, and a server's error can be a page. The log line has all of it.
const troubleMax = 500

// failed notes what the world did, for people who ask why nothing moves.
func (w *worker) failed(err error) {
	text := err.Error()
	if len(text) > troubleMax {
		text = strings.ToValidUTF8(text[:troubleMax], "") + "…"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved.trouble = text
}

// hasRead notes that the log gave an answer.
func (w *worker) hasRead() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved.hasRead(w.cfg.Now())
}

// hasTaken notes that the store has all of w that is in part.
func (w *worker) hasTaken(part *flightPart, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved.hasTaken(now, w.dirty.Load() > 0)
	if w.fold == part.sum { // It may have begun anew meanwhile.
		w.way.landed(part.next)
	}
}

// tellEvery is how often states are told that have not changed. Each time is a
// durable insert, and a state that is wrong meanwhile is only a report.
const tellEvery = time.Minute

// tellStates writes the states that have changed, and all of them now and then:
// the last to speak of a partition may have been its owner before. One that stops
// tells no more than what it has halted.
func (f *flusher) tellStates(ctx context.Context) error {
	now := f.a.cfg.Now()
	again := !now.Before(f.tellDue)
	if again {
		f.tellDue = now.Add(tellEvery)
	}
	var changed []*worker
	var states []schema.PartitionState
	for _, w := range f.a.list() {
		w.mu.Lock()
		s := w.shown()
		if news := again || s.State != w.told.State || !s.Since.Equal(w.told.Since); news && (!f.ending || s.State == schema.StateHalted) {
			w.told = s
			changed, states = append(changed, w), append(states, s)
		}
		w.mu.Unlock()
	}
	if len(states) == 0 {
		return nil
	}
	err := f.a.parts.Store.WriteState(ctx, states)
	if err == nil {
		return nil
	}
	for _, w := range changed {
		w.mu.Lock()
		w.told = schema.PartitionState{}
		w.mu.Unlock()
	}
	return f.failed("state", err)
}

// watch logs it once when a count stands still: also where the store cannot be
// told, or a call of it hangs. It decides nothing.
func (a *Aggregator) watch(ctx context.Context) {
	ticker := time.NewTicker(a.cfg.StuckAfter / 10)
	defer ticker.Stop()
	known := make(map[*worker]bool)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		stuck := make(map[*worker]bool)
		for _, w := range a.list() {
			stuck[w] = w.logStuck(known[w])
		}
		known = stuck
	}
}

// logStuck logs what has changed since it was known, and returns what is.
func (w *worker) logStuck(known bool) (is bool) {
	s := w.current()
	is = s.State == schema.StateStuck
	switch {
	case is && !known:
		w.log.Warn("partition stands still", slog.Time("since", s.Since), slog.String("reason", s.Reason))
	case known && !is && s.State != schema.StateHalted:
		w.log.Info("partition moves again")
	}
	return is
}
