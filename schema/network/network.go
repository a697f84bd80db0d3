package network

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"mlf/schema"
	"mlf/schema/registry"
)

// A Network is bodies, orders, offers and redemptions in memory, as of the last record
// applied. Safe for use by several goroutines: one applies, all look up. What it returns
// is shared: do not change it.
type Network struct {
	terminals *schema.Terminals

	mu       sync.RWMutex
	bodies   map[schema.BodyCode]*Body
	orders   map[string]*Order
	claims   map[CodeHash]*claim
	offered  map[schema.TerminalID]CodeHash // By which offer a terminal came to be, or may.
	ordinals map[schema.ComuneID]uint32     // The next one, of those that offers have taken.
	records  uint64                         // Of offers and redemptions, so far.
	changed  chan struct{}                  // Closed when the next one is applied.
	complete atomic.Bool
}

// New returns an empty Network beside terminals, to which the records of the same topic
// are applied: there it sees which offer was redeemed in the end.
func New(terminals *schema.Terminals) *Network {
	return &Network{
		terminals: terminals,
		bodies:    make(map[schema.BodyCode]*Body),
		orders:    make(map[string]*Order),
		claims:    make(map[CodeHash]*claim),
		offered:   make(map[schema.TerminalID]CodeHash),
		ordinals:  make(map[schema.ComuneID]uint32),
		changed:   make(chan struct{}),
	}
}

// Terminals returns what New was given.
func (n *Network) Terminals() *schema.Terminals { return n.terminals }

// SetComplete tells that everything was applied that the topic held when reading began.
func (n *Network) SetComplete() { n.complete.Store(true) }

// Complete tells whether what is not in n is not on the topic either.
func (n *Network) Complete() bool { return n.complete.Load() }

// Apply takes one record of the registry topic; those of other kinds are none of its, and
// no nil value takes anything back. A record applied again changes nothing. One that
// cannot be read is an error and changes nothing.
func (n *Network) Apply(key string, value []byte) error {
	if value == nil {
		return nil
	}
	var err error
	switch {
	case strings.HasPrefix(key, schema.BodyKeyPrefix):
		err = n.applyBody(key, value)
	case strings.HasPrefix(key, schema.OrderKeyPrefix):
		err = n.applyOrder(key, value)
	case strings.HasPrefix(key, schema.ClaimKeyPrefix):
		err = n.applyClaim(key, value)
	}
	if err != nil {
		return fmt.Errorf("read registry record %.200s: %w", key, err)
	}
	return nil
}

func (n *Network) applyBody(key string, value []byte) error {
	b := new(Body)
	if err := read(key, value, b, b.RegistryRecord); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bodies[b.Code] = b
	return nil
}

func (n *Network) applyOrder(key string, value []byte) error {
	o := new(Order)
	if err := read(key, value, o, o.RegistryRecord); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.orders[o.ID] = o
	return nil
}

// read reads the value of a record into to, and holds its key against the one that it
// would be written under.
func read(key string, value []byte, to any, record func() (string, []byte, error)) error {
	if err := json.Unmarshal(value, to); err != nil {
		return err //nolint:wrapcheck // Apply says which record.
	}
	wanted, _, err := record()
	if err == nil && wanted != key {
		err = fmt.Errorf("its value is of %.200s", wanted)
	}
	return err
}

// Body returns the body with the given code; nil for none.
func (n *Network) Body(code schema.BodyCode) *Body {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.bodies[code]
}

// Bodies returns every body, by code.
func (n *Network) Bodies() []*Body {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.SortedFunc(maps.Values(n.bodies), func(a, b *Body) int { return strings.Compare(string(a.Code), string(b.Code)) })
}

// Order returns the order with the given id; nil for none.
func (n *Network) Order(id string) *Order {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.orders[id]
}

// Orders returns every order, by day and id.
func (n *Network) Orders() []*Order {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.SortedFunc(maps.Values(n.orders), func(a, b *Order) int {
		return cmp.Or(cmp.Compare(a.Ordered, b.Ordered), strings.Compare(a.ID, b.ID))
	})
}

// Owners returns the body of type comune that each comune is, of those that take part on
// day d. The map is the caller's.
func (n *Network) Owners(d registry.Date) map[schema.ComuneID]schema.BodyCode {
	owners := make(map[schema.ComuneID]schema.BodyCode)
	for _, b := range n.Bodies() {
		if b.Type != TypeComune || !b.JoinedBy(d) {
			continue
		}
		for _, id := range b.MembersAt(d) {
			if _, known := owners[id]; !known {
				owners[id] = b.Code
			}
		}
	}
	return owners
}

// ComuniOf returns the comuni that a body of type comune is on day d: none of another, nor
// of one that does not take part then.
func (n *Network) ComuniOf(code schema.BodyCode, d registry.Date) []schema.ComuneID {
	b := n.Body(code)
	if b == nil || b.Type != TypeComune || !b.JoinedBy(d) {
		return nil
	}
	return b.MembersAt(d)
}

// NextOrdinal returns the ordinal of the next terminal of c, after those that are enrolled
// and those that were offered.
func (n *Network) NextOrdinal(c schema.ComuneID) uint32 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return max(n.ordinals[c], n.terminals.NextOrdinal(c))
}
