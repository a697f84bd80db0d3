package served

import (
	"cmp"
	"strconv"
	"strings"

	"mlf/schema"
)

// Topic is where numbers of served users are kept: one partition, compacted,
// the key of each record a Key.
const Topic = "served.v1"

// A Key is what users were served for, where and when.
type Key struct {
	Comune  schema.ComuneID
	Office  schema.OfficeCode
	Service schema.ServiceID
	Channel schema.Channel
	Day     schema.Day
}

// String writes k as the key of its record: 058091/eur/1/counter/2026-11-25. No
// part of it can have a slash.
func (k Key) String() string {
	return strings.Join([]string{k.Comune.String(), string(k.Office), strconv.Itoa(int(k.Service)), k.Channel.String(), k.Day.String()}, "/")
}

const (
	// UsersMax is the most users of one Key: more than any office serves in
	// a day, and few enough that a ticket number or an amount is found out.
	UsersMax = 1_000_000

	// RevisionMax is the highest revision: the highest integer that every JSON
	// reader keeps exactly. A time in milliseconds or microseconds will do.
	RevisionMax = 1<<53 - 1
)

// A Served says how many users were served. Of several with one key the one that
// supersedes all others holds, in whatever order, and however often, they come.
type Served struct {
	Key
	Users     uint32 // 0 to UsersMax. That nobody came is known; what is not known is not written.
	Revision  uint64 // 1 to RevisionMax; the sender raises it with each correction.
	Withdrawn bool   // What was said before was of something else: nothing is known. Without users.
	Tickets   Tickets
}

// Compare says which of two numbers for one key holds: the one of the higher
// revision. A revision given twice is the sender's mistake: a number then, and the
// higher one, so that all readers agree.
func (s *Served) Compare(other *Served) int {
	return cmp.Or(cmp.Compare(s.Revision, other.Revision), cmp.Compare(s.known(), other.known()), cmp.Compare(s.Users, other.Users))
}

// known is 1 where s says how many, else 0.
func (s *Served) known() uint64 {
	if s.Withdrawn {
		return 0
	}
	return 1
}

// Tickets are how Users was made of what a queue's display showed; zero where
// somebody counted. Users = Before + Last - First.
type Tickets struct {
	Queue  uint64 // Which queue, by a hash of its name.
	First  uint32 // The first number of the run, up to TicketMax.
	Last   uint32 // The last one that was called.
	Before uint32 // Users of the runs before: numbering began again.
}

// TicketMax is the highest number of a ticket.
const TicketMax = 1<<31 - 1
