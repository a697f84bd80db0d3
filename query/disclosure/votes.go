package disclosure

import (
	"cmp"

	"mlf/query/calendar"
	"mlf/schema"
)

// A month is the days [first, next) of a month of Rome's calendar.
type month struct{ first, next schema.Day }

func monthOf(d schema.Day) month {
	m := calendar.Day(d).Month()
	return month{first: schema.Day(calendar.DayOf(m, 1)), next: schema.Day(calendar.DayOf(m+1, 1))}
}

// closed tells whether what is left of m climbs on day today.
func (m month) closed(today schema.Day) bool { return today >= m.next+closedAfter }

func compareSpots(a, b schema.Spot) int {
	if a.Comune != b.Comune {
		return cmp.Compare(a.Comune, b.Comune)
	}
	if a.Office != b.Office {
		return cmp.Compare(a.Office, b.Office)
	}
	return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Scale, b.Scale))
}

func compareSpotDays(a, b schema.SpotDay) int {
	return cmp.Or(compareSpots(a.Spot, b.Spot), cmp.Compare(a.Day, b.Day))
}

// compareLabels is the order in which lots are numbered.
func compareLabels(a, b schema.LotLabel) int {
	return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Province, b.Province), compareSpots(a.Spot, b.Spot))
}

func compareLoose(a, b looseVote) int {
	if c := compareLabels(a.label, b.label); c != 0 {
		return c
	}
	if a.late != b.late {
		if a.late {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Day, b.Day), compareSpots(a.Spot, b.Spot))
}

// addVotes adds the votes of v to sum.
func addVotes(sum, v *schema.SpotDay) {
	for k, n := range v.Values {
		sum.Values[k] += n
	}
	sum.Reasons = addReasons(sum.Reasons, v.Reasons)
}

// addReasons returns the sum of two, new unless one is empty.
func addReasons(a, b []schema.ReasonNumber) []schema.ReasonNumber {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	sum := make([]schema.ReasonNumber, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch cmp.Compare(a[0].Key, b[0].Key) {
		case -1:
			sum, a = append(sum, a[0]), a[1:]
		case 1:
			sum, b = append(sum, b[0]), b[1:]
		default:
			sum = append(sum, schema.ReasonNumber{Key: a[0].Key, N: a[0].N + b[0].N})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(sum, a...), b...)
}

// takeVotes takes the votes of taken out of v: false where v has not all of them.
func takeVotes(v, taken *schema.SpotDay) bool {
	for k, n := range taken.Values {
		if n > v.Values[k] {
			return false
		}
		v.Values[k] -= n
	}
	if len(taken.Reasons) == 0 {
		return true
	}
	var left []schema.ReasonNumber
	t := taken.Reasons
	for _, r := range v.Reasons {
		if len(t) > 0 && t[0].Key == r.Key {
			if t[0].N > r.N {
				return false
			}
			r.N -= t[0].N
			t = t[1:]
		}
		if r.N > 0 {
			left = append(left, r)
		}
	}
	v.Reasons = left
	return len(t) == 0
}
