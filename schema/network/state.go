package network

import (
	"fmt"
	"time"

	"mlf/schema"
)

// A State is how far a terminal has come. Each is later than those before it, and the
// latest that is true holds: a terminal that was closed and revoked is revoked.
type State uint8

// The states.
const (
	StateOrdered State = iota + 1 // Offered: its code may still be redeemed.
	StateClaimed                  // Enrolled.
	StateActive                   // Seen: a vote of its was counted, or it told that it lives.
	StateClosed                   // Takes what was cast before, and no more.
	StateRevoked                  // Takes nothing.
)

// String returns the code of s: ordered, claimed, active, closed or revoked.
func (s State) String() string {
	names := [...]string{"", "ordered", "claimed", "active", "closed", "revoked"}
	if s < StateOrdered || int(s) >= len(names) {
		return fmt.Sprintf("state(%d)", uint8(s))
	}
	return names[s]
}

// MarshalText writes String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// StateOf returns the state of an enrolled terminal. Whether it is active the caller
// knows: votes are not told of here.
func StateOf(e *schema.Enrolment, active bool) State {
	switch {
	case e.Revoked:
		return StateRevoked
	case !e.Closed.IsZero():
		return StateClosed
	case active:
		return StateActive
	}
	return StateClaimed
}

// State returns the state of a terminal at a time, also of one that is only offered; false
// for one that is unknown, or whose offer came to nothing.
func (n *Network) State(id schema.TerminalID, active bool, now time.Time) (State, bool) {
	if e := n.terminals.ByID(id); e != nil {
		return StateOf(e, active), true
	}
	n.mu.RLock()
	hash, ok := n.offered[id]
	n.mu.RUnlock()
	if !ok {
		return 0, false
	}
	switch n.OfferState(hash, now) {
	case OfferOpen, OfferUsed: // Used: its record is on its way.
		return StateOrdered, true
	default:
		return 0, false
	}
}
