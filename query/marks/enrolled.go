package marks

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"mlf/query/question"
	"mlf/schema"
)

// Enrolled are the terminals that there have been, and when. Safe for concurrent use.
type Enrolled struct {
	terminals *schema.Terminals

	mu      sync.Mutex
	made    time.Time
	version uint64 // Of the terminals that it was made of.
	now     *Presence
}

// NewEnrolled returns those of terminals, which follow the registry.
func NewEnrolled(terminals *schema.Terminals) *Enrolled { return &Enrolled{terminals: terminals} }

// A Presence is who could vote where and when. It never changes.
type Presence struct {
	Version uint64 // Differs when it does, and is the same in all processes that have the same.
	places  map[schema.ComuneID][]terminal
}

// A terminal is where and for what votes could be cast from one hour to another.
type terminal struct {
	office   schema.OfficeCode
	channel  schema.Channel
	scale    schema.Scale
	test     bool
	services []schema.EnrolledService
	question.Span
}

// enrolledEvery is how old a Presence may be: thousands of terminals may be enrolled at
// once, and it looks at all.
const enrolledEvery = 2 * time.Second

// Presence returns who could vote as far as was known some seconds before now; nil while
// that is not known of all.
func (e *Enrolled) Presence(now time.Time) *Presence {
	if e == nil || e.terminals == nil || !e.terminals.Complete() {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if version := e.terminals.Version(); e.now == nil || version != e.version && now.Sub(e.made).Abs() >= enrolledEvery {
		e.version, e.made, e.now = version, now, e.presence()
	}
	return e.now
}

func (e *Enrolled) presence() *Presence {
	p := &Presence{places: make(map[schema.ComuneID][]terminal)}
	for _, t := range e.terminals.All() {
		span := question.Span{From: schema.HourOf(t.Since), Next: 1<<32 - 1}
		// When a terminal was revoked is not always known.
		if at := e.terminals.RevokedAt(t.Terminal); t.Revoked && !at.IsZero() {
			span.Next = schema.HourOf(at) + 1
		}
		p.places[t.Comune] = append(p.places[t.Comune], terminal{t.Office, t.Channel, t.Scale, t.Test, t.Services, span})
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %q %d %d %t %v %d", t.Terminal, t.Comune, t.Office, t.Channel, t.Scale, t.Test, t.Services, span))
		p.Version += binary.BigEndian.Uint64(sum[:])
	}
	return p
}

// A Place is where a frame's rows are, and what for: the groups of a key, time apart.
type Place struct{ Comune, Office, Service, Channel, Scale question.Group }

// PlaceOf returns that of a key.
func PlaceOf(k question.Key) Place { return Place{k.Comune, k.Office, k.Service, k.Channel, k.Scale} }

// In returns from when to when votes of the rows of f could be cast, gaps between not
// known; test terminals apart, whose votes are not asked for. A row that is not there had
// nobody at any time.
func (p *Presence) In(f *question.Frame) map[Place]question.Span {
	there := make(map[Place]question.Span)
	tests := f.Class == nil || f.Class(schema.ClassTest) != question.Out
	add := func(comune schema.ComuneID) {
		at := Place{Comune: groupOf(f.Comune, comune)}
		if at.Comune == question.Out {
			return
		}
		terminals := p.places[comune]
		for i := range terminals {
			if t := &terminals[i]; tests || !t.test {
				t.add(there, at, f)
			}
		}
	}
	if f.Comuni != nil { // A page of one asks often.
		for _, comune := range f.Comuni {
			add(comune)
		}
		return there
	}
	for comune := range p.places {
		add(comune)
	}
	return there
}

// add adds when t was there to the places that it was.
func (t *terminal) add(there map[Place]question.Span, at Place, f *question.Frame) {
	at.Office, at.Channel, at.Scale = groupOf(f.Office, t.office), groupOf(f.Channel, t.channel), groupOf(f.Scale, t.scale)
	if min(at.Office, at.Channel, at.Scale) == question.Out {
		return
	}
	for _, s := range t.services {
		if at.Service = groupOf(f.Service, s.ID); at.Service == question.Out {
			continue
		}
		span, ok := there[at]
		if !ok {
			span = t.Span
		}
		there[at] = question.Span{From: min(span.From, t.From), Next: max(span.Next, t.Next)}
	}
}

func groupOf[T any](axis func(T) question.Group, x T) question.Group {
	if axis == nil {
		return 0
	}
	return axis(x)
}
