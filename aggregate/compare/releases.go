package compare

import (
	"reflect"
	"time"

	"mlf/schema"
)

// Releases is how the releases that hold in two databases compare. They are no
// function of the log: a database that nobody publishes from has none.
type Releases struct {
	A, B int // How many hold.
	Same int // From the first on, that are the same.
}

// Fork tells whether both have a release of one number that is not the same: the
// public would be shown votes in two companies.
func (r Releases) Fork() bool { return r.Same < min(r.A, r.B) }

// Match compares headers in the order of their numbers, in all but the time
// when they were written.
func Match(a, b []schema.Release) Releases {
	r := Releases{A: len(a), B: len(b)}
	for r.Same < min(r.A, r.B) && sameRelease(a[r.Same], b[r.Same]) {
		r.Same++
	}
	return r
}

func sameRelease(a, b schema.Release) bool {
	a.Written, b.Written = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}
