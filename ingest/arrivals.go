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
// back later. Of a body in chunks, which announces nothing, counts what has come,
// and as much again.
const arrivalBytesMax = 1 << 20

// arrivals are the long bodies that are being read, by terminal. The zero value is
// ready. It is asked about long bodies only: of the others little is awaited.
type arrivals struct {
	mu sync.Mutex
	by map[schema.TerminalID]int64 // Bytes; no entry for none.
}

// An arrival is one body that is coming in.
type arrival struct {
	all   *arrivals
	from  schema.TerminalID
	most  int   // The longest that it can be, in bytes.
	noted int64 // Bytes.
}

// note notes that up to n bytes are awaited in all. It returns false, and notes
// nothing more, when its terminal has other bodies coming in and they are too many.
func (a *arrival) note(n int) bool {
	more := int64(n) - a.noted
	if n <= settleBytesMax || more <= 0 { // Of a short one little can be awaited.
		return true
	}
	a.all.mu.Lock()
	defer a.all.mu.Unlock()
	if held := a.all.by[a.from]; held > a.noted && held+more > arrivalBytesMax {
		return false
	}
	if a.all.by == nil {
		a.all.by = make(map[schema.TerminalID]int64)
	}
	a.all.by[a.from] += more
	a.noted += more
	return true
}

// grown notes a body that was not announced, of which so much has come: as much
// again may be on its way.
func (a *arrival) grown(sofar int) bool {
	return int64(sofar) <= a.noted || a.note(min(2*sofar, a.most))
}

// end takes back what was noted.
func (a *arrival) end() {
	if a.noted == 0 {
		return
	}
	a.all.mu.Lock()
	defer a.all.mu.Unlock()
	if a.all.by[a.from] -= a.noted; a.all.by[a.from] == 0 {
		delete(a.all.by, a.from)
	}
}
