package italy

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"

	"mlf/query/calendar"
	"mlf/schema"
)

// A clock says when people vote, by Rome's time.
type clock struct {
	first, next schema.Hour
	months      []month
	come        [2][]float64 // By kind of place: the share of the votes before each hour from first on.
}

// A month is one of UTC: the table's partitions are.
type month struct {
	first, next schema.Hour
	share       [2]float64  // Of all votes.
	guide       [2][]uint16 // Hours from first on, each as often as its share.
}

// Kinds of places: offices that open and close, and what is always open.
const (
	indoors = 0
	always  = 1
)

func kindOf(c schema.Channel) int {
	if c == schema.ChannelWeb || c == schema.ChannelDigital {
		return always
	}
	return indoors
}

// guideLength is how finely hours are told apart: the rarest of a month has a
// hundred-thousandth of its votes.
const guideLength = 1 << 16

func newClock() (clock, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return clock{}, fmt.Errorf("load Rome's clock: %w", err)
	}
	at := func(year int) schema.Hour { return schema.HourOf(time.Date(year, 1, 1, 0, 0, 0, 0, rome)) }
	c := clock{first: at(firstYear), next: at(lastYear + 1)}
	var weights [2][]float64
	for kind := range weights {
		var total float64
		for h := c.first; h < c.next; h++ {
			w := busy(kind, h.Time().In(rome))
			weights[kind], c.come[kind] = append(weights[kind], w), append(c.come[kind], total)
			total += w
		}
		c.come[kind] = append(c.come[kind], total)
		for i := range c.come[kind] {
			c.come[kind][i] /= total
		}
	}
	for h := c.first; h < c.next; {
		t := h.Time()
		next := min(c.next, schema.HourOf(time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)))
		m := month{first: h, next: next}
		for kind := range weights {
			from, to := h-c.first, next-c.first
			m.share[kind] = c.come[kind][to] - c.come[kind][from]
			m.guide[kind] = guide(weights[kind][from:to])
		}
		c.months = append(c.months, m)
		h = next
	}
	return c, nil
}

// guide returns the hours of a month, each as often as its weight.
func guide(weights []float64) []uint16 {
	var total, sum float64
	for _, w := range weights {
		total += w
	}
	g := make([]uint16, 0, guideLength)
	for hour, w := range weights {
		sum += w
		for len(g) < guideLength && float64(len(g)) < sum/total*guideLength {
			g = append(g, uint16(hour))
		}
	}
	return g
}

// hour returns a random hour of a month.
func (m *month) hour(random uint64, kind int) schema.Hour {
	g := m.guide[kind]
	return m.first + schema.Hour(g[random%uint64(len(g))])
}

// before returns the share of all votes that come before h.
func (c *clock) before(kind int, h schema.Hour) float64 { return c.come[kind][h-c.first] }

// busy is how much is going on at a time of Rome.
func busy(kind int, t time.Time) float64 {
	// Of a year, November has most and August least.
	months := [...]float64{1, 1, 1.05, 0.95, 1, 0.95, 0.85, 0.5, 1.05, 1.1, 1.15, 0.85}
	year := 1 + 0.05*float64(t.Year()-firstYear)
	w := months[t.Month()-1] * year
	if kind == always {
		hours := [24]float64{2, 1, 0.5, 0.3, 0.3, 0.5, 1, 2, 5, 8, 9, 9, 7, 6, 7, 8, 7, 6, 5, 5, 6, 6, 5, 3}
		if closed(t) {
			w *= 0.5
		}
		return w * hours[t.Hour()]
	}
	morning := [24]float64{8: 9, 9: 14, 10: 15, 11: 13, 12: 6}
	switch weekday := t.Weekday(); {
	case closed(t):
		return 0
	case weekday == time.Saturday:
		return w * 0.5 * morning[t.Hour()]
	case weekday == time.Tuesday || weekday == time.Thursday: // Open in the afternoon, too.
		afternoon := [24]float64{8: 8, 9: 13, 10: 14, 11: 12, 12: 6, 14: 3, 15: 8, 16: 8, 17: 3}
		return w * 1.1 * afternoon[t.Hour()]
	}
	return w * morning[t.Hour()]
}

// closed tells whether the day is a Sunday or a national holiday.
func closed(t time.Time) bool {
	kind := calendar.DayOf(calendar.MonthOf(t.Year(), t.Month()), t.Day()).Kind()
	return kind == calendar.Sunday || kind == calendar.Holiday
}

// lateness returns how many hours after its own a vote comes in: most at once, five
// in a hundred within days, two within 120 days.
func lateness(random *rand.Rand) schema.Hour {
	switch at := random.Uint32N(1000); {
	case at < 20:
		return 1 + schema.Hour(random.Uint32N(120*24))
	case at < 70:
		return 1 + schema.Hour(random.Uint32N(3*24))
	default:
		return 0
	}
}

func compareLeaves(a, b *leaf) int {
	return cmp.Or(cmp.Compare(a.comune, b.comune), cmp.Compare(a.office, b.office), cmp.Compare(a.service, b.service),
		cmp.Compare(a.channel, b.channel), cmp.Compare(a.scale, b.scale))
}
