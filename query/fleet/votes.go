package fleet

import (
	"time"

	"mlf/schema"
)

// Votes tell when terminals last voted. Safe for use by several goroutines.
type Votes interface {
	// Last returns when the newest vote of a terminal that was counted was cast; 0: not
	// known. It does not block.
	Last(id schema.TerminalID) schema.Instant

	// Known returns as of when that is, zero where nothing is known yet, and since when
	// votes that came in are known: since zero, of all the log.
	Known() (asOf, since time.Time)
}

// Follows lets f know of votes as far as v does.
func (f *Fleet) Follows(v Votes) { f.Voted, f.Known = v.Last, v.Known }

// knownSince returns since when votes that came in are known, as an answer of now says it:
// nil where it is all of them.
func (f *Fleet) knownSince(now time.Time) *time.Time {
	now = now.UTC()
	if f.Known == nil {
		return &now
	}
	asOf, since := f.Known()
	switch {
	case asOf.IsZero():
		return &now
	case since.IsZero():
		return nil
	}
	return &since
}

// judged returns as of when a terminal is judged whose last word was a vote: what it cast
// since it was last asked is not known.
func (f *Fleet) judged(now time.Time) time.Time {
	if f.Known == nil {
		return now
	}
	if asOf, _ := f.Known(); !asOf.IsZero() && asOf.Before(now) {
		return asOf
	}
	return now
}
