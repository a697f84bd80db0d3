package verdict

import (
	"mlf/schema"
	"mlf/schema/presence"
)

// Days are when votes that count were cast, by terminal and day of UTC.
type Days map[TerminalDay][]Seen

// A TerminalDay is a day of one terminal.
type TerminalDay struct {
	Terminal schema.TerminalID
	Day      presence.UTCDay
}

// A Seen is when a vote was cast, and when the record came that had it.
type Seen struct{ Cast, Ingested schema.Instant }

// Saw notes a vote that counts.
func (d Days) Saw(t schema.TerminalID, cast, ingested schema.Instant) {
	k := TerminalDay{t, presence.UTCDay(cast.Time().Unix() / 86400)}
	d[k] = append(d[k], Seen{cast, ingested})
}
