// Package presence is when terminals voted: on which days, and from where on a log that is
// known.
//
// It knows rows and how they merge. It must not know how votes are counted, where rows are
// kept, or who asks for them.
package presence

import (
	"cmp"
	"time"

	"mlf/schema"
)

// A UTCDay is a day of UTC, in days since 1970-01-01, at most schema.DayMax. No place's clock
// is in what is counted.
type UTCDay uint16

// DayOf returns the day that i lies in; the first or the last there is for any time beyond.
func DayOf(i schema.Instant) UTCDay {
	const day = 24 * 3600 * 1000
	return UTCDay(min(max(0, i)/day, schema.Instant(schema.DayMax)))
}

// Time returns when d begins.
func (d UTCDay) Time() time.Time { return time.Unix(int64(d)*24*3600, 0).UTC() }

// A TerminalDay says when votes of a terminal, or of a source or device, were cast on one
// day, of those that were counted. Rows of the same terminal and day are merged, First by
// minimum and the others by maximum, so a row may be of some of the votes, and written any
// number of times, in any order.
type TerminalDay struct {
	Terminal schema.TerminalID
	Day      UTCDay
	First    schema.Instant // When the earliest and the latest vote were cast.
	Last     schema.Instant
	Ingested schema.Instant // The latest ingest time of a record that brought one.
}

// Merge adds to d what another row of its terminal and day says.
func (d *TerminalDay) Merge(e *TerminalDay) {
	d.First, d.Last, d.Ingested = min(d.First, e.First), max(d.Last, e.Last), max(d.Ingested, e.Ingested)
}

// Compare orders days by time, and those of one day by their terminals.
func (d *TerminalDay) Compare(e *TerminalDay) int {
	return cmp.Or(cmp.Compare(d.Day, e.Day), cmp.Compare(d.Terminal, e.Terminal))
}

// Holds tells whether all that e says of the same terminal and day is in d.
func (d *TerminalDay) Holds(e *TerminalDay) bool {
	return d.First <= e.First && d.Last >= e.Last && d.Ingested >= e.Ingested
}

// An Account is of which records of a partition the days of terminals are in the store.
type Account struct {
	Partition schema.Partition
	Next      schema.Offset  // How far the ledger says that it is counted,
	Newest    schema.Instant // and up to which ingest time; 0: none.
	Runs      []schema.PresenceRun
}

// KnownSince returns from which offset up to Next the days of terminals are known without
// a hole, and since when in ingest time; 0 and 0: from the log's beginning.
func (a *Account) KnownSince() (from schema.Offset, since schema.Instant) {
	from, since = a.Next, a.Newest
	for moved := true; moved; {
		moved = false
		for _, r := range a.Runs {
			if r.From < from && r.Next >= from {
				from, since, moved = r.From, r.Since, true
			}
		}
	}
	switch {
	case from == 0:
		since = 0
	case since == 0:
		since = a.Newest // Nothing that has a time has come since.
	}
	return from, since
}

// KnownSince returns since when, in ingest time, the days of terminals are known of all
// partitions; 0: from the log's beginning.
func KnownSince(accounts []Account) (since schema.Instant) {
	for i := range accounts {
		_, of := accounts[i].KnownSince()
		since = max(since, of)
	}
	return since
}
