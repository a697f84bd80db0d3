package disclosure

import (
	"time"

	"mlf/query/calendar"
	"mlf/schema"
)

// A Vintage is a month as it was published once for good. The lots of the month that
// releases up to its own have are all that it is made of, so it never changes, and
// nothing has to be kept of it.
type Vintage struct {
	Number    int        // From 1.
	Release   uint32     // The number of the release that made it.
	Day       schema.Day // The day of Rome's on whose morning that was.
	At        time.Time  // When the release was written.
	K         uint32     // Its fewest votes of a lot, and whether it held lots of one value back.
	Hold      bool
	Published uint64 // Votes of the month in lots.
	Waiting   uint64 // Votes of the month that were in none.
}

// Due returns the first day on which the first vintage of m can be made: what is left
// of a month is pooled then.
func Due(m calendar.Month) schema.Day { return schema.Day(calendar.DayOf(m+1, 1)) + closedAfter }

// Vintages returns those that releases have made of m, ascending. Releases are those
// that hold, all from the first on; of more of them there are the same vintages and
// more.
//
// The first is made by the first release from Due on that has votes of m. Any other
// is made by the first release from the same day of a later month on, where that has
// more votes of m than the one before: figures that changed with every late vote
// would be as little final as the live ones, and nobody would look at them again.
func Vintages(releases []schema.Release, m calendar.Month) []Vintage {
	var vintages []Vintage
	first := schema.Day(calendar.DayOf(m, 1))
	var before schema.Day
	for i := range releases {
		r := &releases[i]
		revises := round(r.Today) > round(before)
		before = r.Today
		account, found := r.Month(first)
		if r.Today < Due(m) || !found {
			continue
		}
		v := Vintage{
			Number: len(vintages) + 1, Release: r.Number, Day: r.Today, At: r.Written, K: r.K, Hold: r.Hold,
			Published: account.Published(), Waiting: account.Waiting,
		}
		if v.Number == 1 && v.Published > 0 || v.Number > 1 && revises && v.Published != vintages[v.Number-2].Published {
			vintages = append(vintages, v)
		}
	}
	return vintages
}

// round returns the month whose revisions are made on day d.
func round(d schema.Day) calendar.Month { return calendar.Day(d - closedAfter).Month() }

// AsOf returns the lots of m that releases up to number had, and no others. The
// release must be that of a vintage: those between two are not told apart.
func (l *Lots) AsOf(m calendar.Month, number uint32) *Lots {
	of := monthOf(schema.Day(calendar.DayOf(m, 1)))
	next := *l
	next.blocks, next.release = nil, make(map[schema.Day]uint32)
	for _, b := range l.blocks {
		if b.month == of && b.release <= number {
			next.blocks = append(next.blocks, b)
			next.release[of.first] = max(next.release[of.first], b.release)
		}
	}
	return &next
}
