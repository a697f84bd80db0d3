package ingest

import (
	"sync"

	"mlf/schema"
)

// arrivalBytesMax is the most bytes that one terminal may announce in bodies that
// are still to come: four of the longest, or some hundred of a hundred votes. A
// terminal sends one request at a time. Without this, a few stolen tokens and a
// few hundred connections that send most of a long body and never its end would
// hold the whole budget, and every terminal of the country would be told to come
// back later.
const arrivalBytesMax = 1 << 20

// arrivals are the long bodies that are being read, by terminal. The zero value is
// ready. It is asked about long bodies only: of the others nothing is awaited.
type arrivals struct {
	mu sync.Mutex
	by map[schema.TerminalID]int64 // Bytes; no entry for none.
}

// begin notes that n bytes of t are awaited; false, and nothing noted, when it has
// some already and they are too many.
func (a *arrivals) begin(t schema.TerminalID, n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if held := a.by[t]; held > 0 && held+n > arrivalBytesMax {
		return false
	}
	if a.by == nil {
		a.by = make(map[schema.TerminalID]int64)
	}
	a.by[t] += n
	return true
}

// end takes back what begin has noted.
func (a *arrivals) end(t schema.TerminalID, n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by[t] -= n; a.by[t] == 0 {
		delete(a.by, t)
	}
}
