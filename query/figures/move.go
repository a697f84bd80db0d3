package figures

import "cmp"

// A Move is by how much a figure of one changed from one time to another.
type Move struct {
	Estimate         // Now less then.
	Known    bool    // There were votes enough in both times.
	P, Q     float64 // Of chance alone; Q over all that are looked at together.
}

// Discover fills in Q of moves that are looked at together, of which each was tested:
// who looks for the one that fell most has looked at all of them.
func Discover(tested []*Move) {
	p := make([]float64, len(tested))
	for i, m := range tested {
		p[i] = m.P
	}
	for i, q := range FalseDiscovery(p) {
		tested[i].Q = q
	}
}

// Compare puts moves in order, the highest first or the lowest. What is not known comes
// last.
func (m *Move) Compare(other *Move, lowest bool) int {
	switch {
	case m.Known != other.Known:
		if m.Known {
			return -1
		}
		return 1
	case !m.Known:
		return 0
	case lowest:
		return cmp.Compare(m.Value, other.Value)
	}
	return cmp.Compare(other.Value, m.Value)
}
