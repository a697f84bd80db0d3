package calendar

import "fmt"

// A Quarter is a quarter of a year: year*4 + quarter - 1. Comparable and dense.
type Quarter int32

// Quarter returns the quarter of m.
func (m Month) Quarter() Quarter { return Quarter(m / 3) }

// First returns the first month of q.
func (q Quarter) First() Month { return Month(q * 3) }

// String writes q as 2026-Q4.
func (q Quarter) String() string { return fmt.Sprintf("%04d-Q%d", int(q)/4, int(q)%4+1) }
