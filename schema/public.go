package schema

import (
	"slices"
	"time"
)

// A Spot is where votes are cast, and in which faces: a cell without its class and
// hour. Comparable.
type Spot struct {
	Comune  ComuneID
	Office  OfficeCode
	Service ServiceID
	Channel Channel
	Scale   Scale
}

// A SpotDay is votes of class ok of one spot and day: the finest that is looked at
// when votes are published.
type SpotDay struct {
	Spot
	Day     Day
	Values  [ValueMax]uint64 // Values[v-1] is the count of value v.
	Reasons []ReasonNumber   // Ascending by key, none of 0.
}

// A LotLevel is what the label of a lot still says of where its votes are from.
type LotLevel uint8

// The levels, from the finest to the coarsest. The scale is said at each: values of
// two scales cannot be added.
const (
	LotOffice   LotLevel = iota + 1 // Comune, office, service, channel.
	LotChannel                      // Comune, service, channel; the office is not told, or there is none.
	LotService                      // Comune, service.
	LotComune                       // Comune.
	LotProvince                     // Province.
	LotRegion                       // Region.
	LotNation                       // Nothing.
)

// A LotLabel says where the votes of a lot are from. What its level does not say is
// zero. Comparable.
type LotLabel struct {
	Level    LotLevel
	Region   RegionID
	Province ProvinceID
	Spot
}

// A Lot is votes of class ok that are published together, once, and never in any
// other company: at least as many as the threshold, in no other lot. Lots are all
// that the public sees of votes.
type Lot struct {
	LotLabel
	Number      uint32           // Within its release, from 0 without a gap.
	First, Last Day              // Both of the same month; Last is the last day itself.
	Values      [ValueMax]uint64 // Values[v-1] is the count of value v.
	Reasons     []ReasonNumber   // Ascending by key, none of 0.
}

// N returns the votes in l.
func (l *Lot) N() uint64 {
	var n uint64
	for _, v := range l.Values {
		n += v
	}
	return n
}

// A Taken is what a lot has of one spot and day. It is kept to know what has been
// published, and is no more public than the counts are.
type Taken struct {
	Lot uint32 // Its number.
	SpotDay
}

// An AttemptID tells the rows of one attempt at a release from those of another.
// It is random.
type AttemptID uint64

// A Release is the header of the lots that were published at once. It is written
// after them. Of several of one number that name the same release before, the one
// written first holds; the rows of others are never read.
type Release struct {
	Number   uint32 // From 1, without a gap.
	Attempt  AttemptID
	Previous AttemptID // That of the release before, which its lots go on from; 0 for the first.
	Today    Day       // Votes of days before it were looked at.
	K        uint32    // The fewest votes of a lot.
	Hold     bool      // No lot has votes of one value only.
	Lots     uint64    // Rows that belong to it.
	Taken    uint64
	Months   []ReleaseMonth    // Ascending, all that have votes.
	Turnouts []ReleaseTurnouts // Ascending: of the months that it froze the turnout of, if any.
	Written  time.Time         // By the store's clock; the store's to set.
}

// A ReleaseNote is what a database has noted of a release: that its rows are here, or
// that it holds in every database.
type ReleaseNote struct {
	Release // Written is when it was made; the store's to set where it is zero.

	// Rows is the attempt that its rows have here, all of which were written before. 0:
	// the release holds in all databases of its log, and nothing is said of its rows.
	Rows  AttemptID
	Alone bool      // Written for this database only: it holds as soon as it is settled here.
	Noted time.Time // By this database's clock; the store's to set.
}

// A LotQuery asks for lots, or for what was taken, of some attempts.
type LotQuery struct {
	Attempts    []AttemptID
	First, Next Day        // Half-open.
	Comuni      []ComuneID // The codes under which votes were taken; nil: all. Not for lots.
}

// A ReleaseMonth is the account of a month as of a release.
type ReleaseMonth struct {
	First   Day    // Its first day.
	Counted uint64 // Votes of class ok of its days before Today; those in lots and those that wait.
	Waiting uint64
}

// Published returns the votes in lots.
func (m ReleaseMonth) Published() uint64 { return m.Counted - m.Waiting }

// Month returns the account of the month that begins with first; false where it has no
// votes.
func (r *Release) Month(first Day) (ReleaseMonth, bool) {
	at, found := slices.BinarySearchFunc(r.Months, first, func(m ReleaseMonth, first Day) int { return int(m.First - first) })
	if !found {
		return ReleaseMonth{}, false
	}
	return r.Months[at], true
}

// ReleaseTurnouts are how many rows a release has of the turnout of a month. One that
// knew of nobody who was served froze none; of one that could not know there is no
// account, and it is not known who voted.
type ReleaseTurnouts struct {
	First Day // The month's first day.
	Rows  uint64
}

// A Turnout is how many of those who were served voted, by comune, service and
// channel, in a month: as it was known when a bulletin of the month was made. Users are
// those of the places and days that the votes are of, and of those without votes.
type Turnout struct {
	Comune  ComuneID
	Service ServiceID
	Channel Channel
	Votes   uint64 // Whole lots, of any scale.
	Users   uint64
}
