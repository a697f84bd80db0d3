package alert

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"mlf/schema"
)

// NotesMax is the most notes of an alert, as who writes should see to.
const NotesMax = 200

// A Book is settings, alerts and notes in memory, as of the last record applied. Its zero value
// is empty and ready. Safe for use by several goroutines. What it returns is shared: do not
// change it.
//
// The topic is compacted: of each key it keeps the record that came last, which should be the
// one that holds. Two that write at once may put another after it. A book holds what all came
// to, whatever the order (Alert.Join; of settings the first of the highest version), so as long
// as anybody has read both, it can be put last again (Behind).
type Book struct {
	mu       sync.RWMutex
	settings map[schema.BodyCode]*Settings
	alerts   map[string]*Alert
	of       map[schema.BodyCode]map[string]*Alert // The same, by body.
	notes    map[string]map[string]*Note
	tests    map[schema.BodyCode]*Test
	behind   map[string]struct{} // Keys whose last record is not the one that holds.
	changed  chan struct{}       // Closed when the next record is applied.
	complete atomic.Bool
}

// SetComplete tells that everything was applied that the topic held when reading began.
func (b *Book) SetComplete() { b.complete.Store(true) }

// Complete tells whether what is not in b is not on the topic either.
func (b *Book) Complete() bool { return b.complete.Load() }

// Changed returns a channel that is closed when the next record is applied.
func (b *Book) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}

// Apply takes one record of the topic. A record applied again changes nothing; one that cannot
// be read is an error and changes nothing. A nil value takes an alert or a note back; records
// of other kinds are a newer version's.
func (b *Book) Apply(key string, value []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.init()
	r := Record{key, value}
	if value == nil {
		b.forget(key)
		b.tell()
		return nil
	}
	var err error
	switch {
	case strings.HasPrefix(key, settingsPrefix):
		err = b.applySettings(r)
	case strings.HasPrefix(key, alertPrefix):
		err = b.applyAlert(r)
	case strings.HasPrefix(key, notePrefix):
		var n *Note
		if n, err = read[Note](r); err == nil {
			if b.notes[n.Alert] == nil {
				b.notes[n.Alert] = make(map[string]*Note)
			}
			b.notes[n.Alert][n.ID] = n
		}
	case strings.HasPrefix(key, testPrefix):
		var t *Test
		if t, err = read[Test](r); err == nil {
			held := b.tests[t.Body]
			if held == nil || cmp.Or(t.Asked.Compare(held.Asked), strings.Compare(t.ID, held.ID), cmp.Compare(len(t.Results), len(held.Results))) >= 0 {
				b.tests[t.Body] = t
			}
		}
	}
	if err == nil {
		b.tell()
	}
	return err
}

func (b *Book) init() {
	if b.settings == nil {
		b.settings, b.alerts = make(map[schema.BodyCode]*Settings), make(map[string]*Alert)
		b.of = make(map[schema.BodyCode]map[string]*Alert)
		b.notes, b.tests, b.behind = make(map[string]map[string]*Note), make(map[schema.BodyCode]*Test), make(map[string]struct{})
	}
}

func (b *Book) tell() {
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

func (b *Book) forget(key string) {
	delete(b.behind, key)
	switch {
	case strings.HasPrefix(key, alertPrefix):
		if a := b.alerts[idOf(key)]; a != nil {
			delete(b.of[a.Body], a.ID)
			delete(b.alerts, a.ID)
		}
	case strings.HasPrefix(key, notePrefix):
		id := idOf(key)
		delete(b.notes[id], strings.TrimPrefix(key, notePrefix+id+"/"))
	case strings.HasPrefix(key, settingsPrefix):
		delete(b.settings, schema.BodyCode(strings.TrimPrefix(key, settingsPrefix)))
	}
}

func (b *Book) applySettings(r Record) error {
	s, err := read[Settings](r)
	if err != nil {
		return err
	}
	held := b.settings[s.Body]
	switch {
	case held == nil || s.Version > held.Version:
		b.settings[s.Body] = s
		delete(b.behind, r.Key)
	case held.Version == s.Version && held.Change == s.Change:
		delete(b.behind, r.Key)
	default: // Whoever was first holds.
		b.behind[r.Key] = struct{}{}
	}
	return nil
}

func (b *Book) applyAlert(r Record) error {
	a, err := read[Alert](r)
	if err != nil {
		return err
	}
	joined := a.Join(b.alerts[a.ID])
	b.alerts[a.ID] = joined
	if b.of[a.Body] == nil {
		b.of[a.Body] = make(map[string]*Alert)
	}
	b.of[a.Body][a.ID] = joined
	again, err := joined.Record()
	if err != nil {
		return err
	}
	if this, err := a.Record(); err == nil && bytes.Equal(this.Value, again.Value) {
		delete(b.behind, r.Key)
		return nil
	}
	b.behind[r.Key] = struct{}{}
	return nil
}

// Behind returns up to most records that hold and are not the last of their keys on the topic:
// until each is appended again compaction may take it away.
func (b *Book) Behind(most int) (all []Record) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, key := range slices.Sorted(maps.Keys(b.behind)) {
		if len(all) == most {
			break
		}
		var r Record
		var err error
		if s := b.settings[schema.BodyCode(strings.TrimPrefix(key, settingsPrefix))]; s != nil && strings.HasPrefix(key, settingsPrefix) {
			r, err = s.Record()
		} else if a := b.alerts[idOf(key)]; a != nil {
			r, err = a.Record()
		}
		if err == nil && r.Key != "" {
			all = append(all, r)
		}
	}
	return all
}

// Settings returns those of a body; nil where it has set nothing.
func (b *Book) Settings(body schema.BodyCode) *Settings {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.settings[body]
}

// Bodies returns those that have settings, ascending.
func (b *Book) Bodies() []schema.BodyCode {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Sorted(maps.Keys(b.settings))
}

// Test returns the last test that a body asked for; nil for none.
func (b *Book) Test(body schema.BodyCode) *Test {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.tests[body]
}

// Tests returns the last test of each body, by body.
func (b *Book) Tests() (all []*Test) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, body := range slices.Sorted(maps.Keys(b.tests)) {
		all = append(all, b.tests[body])
	}
	return all
}

// Alert returns the alert of an id; nil for none.
func (b *Book) Alert(id string) *Alert {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.alerts[id]
}

// Alerts returns the alerts of a body, "" for all, the open ones first, then the newest.
func (b *Book) Alerts(body schema.BodyCode) []*Alert {
	b.mu.RLock()
	of := b.of[body]
	if body == "" {
		of = b.alerts
	}
	all := slices.Collect(maps.Values(of))
	b.mu.RUnlock()
	slices.SortFunc(all, func(x, y *Alert) int {
		return cmp.Or(-strings.Compare(string(x.State), string(y.State)), -x.Opened.Compare(y.Opened), strings.Compare(x.ID, y.ID))
	})
	return all
}

// Notes returns those of an alert, the oldest first.
func (b *Book) Notes(id string) []*Note {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.SortedFunc(maps.Values(b.notes[id]), func(x, y *Note) int {
		return cmp.Or(x.At.Compare(y.At), strings.Compare(x.ID, y.ID))
	})
}

// Acknowledged returns the last note by which somebody has taken a on, since it opened last;
// nil for none.
func (b *Book) Acknowledged(a *Alert) (by *Note) {
	for _, n := range b.Notes(a.ID) {
		if n.Acknowledges && !n.At.Before(a.Opened) {
			by = n
		}
	}
	return by
}
