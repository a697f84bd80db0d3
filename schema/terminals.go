package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Terminals is the registry topic in memory: every enrolment, revocation, closure, stream
// key and the ticket secret, as of the last record applied. Its zero value is empty and ready. Safe for
// use by several goroutines: one applies, all look up.
type Terminals struct {
	mu        sync.RWMutex
	byID      map[TerminalID]*Enrolment
	byToken   map[TokenHash]*Enrolment
	perComune map[ComuneID]uint32
	revoked   map[TerminalID]time.Time // By a Revocation, whatever their enrolment says; zero: it is not known when.
	closed    map[TerminalID]time.Time // As revoked; never zero.
	rules     map[LogID]Rules
	keys      map[uint32]StreamKey
	newest    StreamKey
	tickets   atomic.Pointer[TicketSecret]
	complete  atomic.Bool
	version   atomic.Uint64
}

// SetComplete tells that everything was applied that the registry topic held
// when reading began.
func (t *Terminals) SetComplete() { t.complete.Store(true) }

// Complete tells whether t can be asked about tokens. Before, an unknown one may
// only not have been read yet, and a known one may be revoked further on.
func (t *Terminals) Complete() bool { return t.complete.Load() }

// Apply takes one record of the registry topic. A record applied again changes
// nothing. Of a kind it does not know, it returns an error and changes nothing:
// a newer writer may be at work, and the rest of the registry still holds. What other
// packages keep there is none of its, and nothing else is ever taken back by a nil value.
func (t *Terminals) Apply(key string, value []byte) error {
	switch {
	case value == nil, isOfOthers(key):
		return nil
	case strings.HasPrefix(key, terminalKeyPrefix):
		e := new(Enrolment)
		if err := json.Unmarshal(value, e); err != nil {
			return fmt.Errorf("read registry record %s: %w", key, err)
		}
		if err := e.Validate(); err != nil {
			return fmt.Errorf("read registry record %s: %w", key, err)
		}
		t.enrol(e)
		return nil
	case strings.HasPrefix(key, revokedKeyPrefix):
		id, err := ParseTerminalID(strings.TrimPrefix(key, revokedKeyPrefix))
		if err != nil {
			return fmt.Errorf("read registry record %s: %w", key, err)
		}
		var r Revocation
		_ = json.Unmarshal(value, &r) // The key says it; when it was is told where it is known.
		t.revoke(id, r.At)
		return nil
	case strings.HasPrefix(key, closedKeyPrefix):
		return t.readClosure(key, value)
	case strings.HasPrefix(key, rulesKeyPrefix):
		return t.setRules(key, value)
	case strings.HasPrefix(key, streamKeyKeyPrefix):
		var k StreamKey
		if err := json.Unmarshal(value, &k); err != nil {
			return fmt.Errorf("read registry record %s: %w", key, err)
		}
		if len(k.Secret) != streamSecretBytes {
			return fmt.Errorf("read registry record %s: secret of %d bytes: want %d", key, len(k.Secret), streamSecretBytes)
		}
		t.addKey(k)
		return nil
	case key == ticketSecretKey:
		return t.setTickets(key, value)
	}
	return fmt.Errorf("read registry record %s: unknown kind", key)
}

// isOfOthers tells whether a record of the registry topic is kept by another package.
func isOfOthers(key string) bool {
	for _, prefix := range [...]string{AnnotationKeyPrefix, BodyKeyPrefix, OrderKeyPrefix, ClaimKeyPrefix, SiteKeyPrefix, IntegrationKeyPrefix, DeviceKeyPrefix, PageTableKeyPrefix} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// readClosure takes a Closure. Without its time nobody could say which votes it leaves.
func (t *Terminals) readClosure(key string, value []byte) error {
	var c Closure
	if err := json.Unmarshal(value, &c); err != nil {
		return fmt.Errorf("read registry record %s: %w", key, err)
	}
	if wanted, _, err := c.RegistryRecord(); err != nil || wanted != key {
		return fmt.Errorf("read registry record %s: terminal %v closed at %v: want the key's, and a time", key, c.Terminal, c.At)
	}
	t.close(c)
	return nil
}

func (t *Terminals) enrol(e *Enrolment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = make(map[TerminalID]*Enrolment)
		t.byToken = make(map[TokenHash]*Enrolment)
		t.perComune = make(map[ComuneID]uint32)
	}
	if _, revoked := t.revoked[e.Terminal]; revoked {
		e.Revoked = true
	}
	e.Closed = t.closed[e.Terminal]
	t.put(e)
	t.perComune[e.Comune] = max(t.perComune[e.Comune], e.Ordinal+1)
}

// revoke notes that a terminal is revoked, which may yet have to be read.
func (t *Terminals) revoke(id TerminalID, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.revoked == nil {
		t.revoked = make(map[TerminalID]time.Time)
	}
	t.revoked[id] = at
	if old := t.byID[id]; old != nil && !old.Revoked {
		e := *old // Others hold the old one.
		e.Revoked = true
		t.put(&e)
	}
}

// close notes that a terminal is closed, which may yet have to be read.
func (t *Terminals) close(c Closure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed == nil {
		t.closed = make(map[TerminalID]time.Time)
	}
	t.closed[c.Terminal] = c.At
	if old := t.byID[c.Terminal]; old != nil && !old.Closed.Equal(c.At) {
		e := *old // Others hold the old one.
		e.Closed = c.At
		t.put(&e)
	}
}

// put replaces a terminal's enrolment. t is locked.
func (t *Terminals) put(e *Enrolment) {
	if old := t.byID[e.Terminal]; old != nil {
		delete(t.byToken, old.Token)
	}
	t.byID[e.Terminal] = e
	t.byToken[e.Token] = e
	t.version.Add(1)
}

func (t *Terminals) addKey(k StreamKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil {
		t.keys = make(map[uint32]StreamKey)
	}
	t.keys[k.ID] = k
	if t.newest.Secret == nil || k.newer(t.newest) {
		t.newest = k
	}
}

// Version changes after each enrolment: what was looked up later than it was read
// still holds as long as it is the same.
func (t *Terminals) Version() uint64 { return t.version.Load() }

// ByToken returns the enrolment whose token is token, revoked or not; nil for
// none. The enrolment is shared: do not change it.
func (t *Terminals) ByToken(token []byte) *Enrolment {
	return t.ByHash(HashToken(token))
}

// ByHash returns the enrolment whose token has this hash, as ByToken does.
func (t *Terminals) ByHash(h TokenHash) *Enrolment {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byToken[h]
}

// ByID returns the enrolment of a terminal; nil for none. Do not change it.
func (t *Terminals) ByID(id TerminalID) *Enrolment {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byID[id]
}

// RevokedAt returns when a terminal was revoked; zero where it was not, or nobody said.
func (t *Terminals) RevokedAt(id TerminalID) time.Time {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.revoked[id]
}

// All returns every enrolment, in no order. Do not change them.
func (t *Terminals) All() []*Enrolment {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]*Enrolment, 0, len(t.byID))
	for _, e := range t.byID {
		all = append(all, e)
	}
	return all
}

// NextOrdinal returns the ordinal of the next terminal of c.
func (t *Terminals) NextOrdinal(c ComuneID) uint32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.perComune[c]
}

// SigningKey returns the newest stream key; false when there is none yet.
func (t *Terminals) SigningKey() (StreamKey, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.newest, t.newest.Secret != nil
}

// Stream reads the text of a stream and checks its signature. ErrStream covers
// every way in which it can be wrong; whose stream it is, the caller checks.
func (t *Terminals) Stream(text []byte) (Stream, error) {
	return verifyStream(text, func(id uint32) (StreamKey, bool) {
		t.mu.RLock()
		defer t.mu.RUnlock()
		k, ok := t.keys[id]
		return k, ok
	})
}
