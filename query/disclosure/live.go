package disclosure

import "time"

// LiveEvery is how often the public's live totals may change.
const LiveEvery = time.Minute

// LiveTotal returns what the public is told while votes come in: n cut down to a
// whole number of lots. It must be of whole regions or more, of all values together,
// and asked once every LiveEvery.
//
// Totals say how many vote, never what: live lots would cut across those of the
// night, and a vote's value would be in the difference. It is a function of n
// alone, so that two processes, or one that was started anew, show no difference
// below k either.
func (r *Rules) LiveTotal(n uint64) uint64 { return n - n%r.k() }
