package words

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// number writes n in groups of three digits.
func (v voice) number(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var text strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			text.WriteString(v.say("thousands"))
		}
		text.WriteRune(digit)
	}
	return text.String()
}

// hundredths writes a share from 0 to 1 as a number of a hundred: whole, but for what
// would be none.
func (v voice) hundredths(share float64) string {
	if math.IsNaN(share) {
		return "?"
	}
	tenths := math.Round(min(max(share, 0), 1) * 1000)
	if tenths > 0 && tenths < 10 {
		return "0" + v.say("decimal") + strconv.Itoa(int(tenths))
	}
	return strconv.Itoa(int(math.Round(min(max(share, 0), 1) * 100)))
}

func (v voice) percent(share float64) string { return v.say("percent", "n", v.hundredths(share)) }

func (v voice) interval(low, high float64) string {
	return v.say("range", "low", v.hundredths(low), "high", v.percent(high))
}

func (v voice) votes(n uint64) string {
	if n == 1 {
		return v.say("votes_one")
	}
	return v.say("votes", "n", v.number(n))
}

// points writes a difference of two shares.
func (v voice) points(difference float64) string {
	if math.IsNaN(difference) {
		difference = 0
	}
	n := math.Round(min(max(difference, -1), 1) * 100)
	sign := ""
	switch {
	case n > 0:
		sign = "+"
	case n < 0:
		sign = "−"
	}
	if math.Abs(n) == 1 {
		return v.say("points_one", "sign", sign)
	}
	return v.say("points", "sign", sign, "n", strconv.Itoa(int(math.Abs(n))))
}

// moment writes a time by the clock of a zone.
func (v voice) moment(at time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	at = at.In(zone)
	day := v.say("day", "n", strconv.Itoa(at.Day()))
	if at.Day() == 1 {
		day = v.say("day_1")
	}
	return v.say("moment",
		"weekday", v.say("weekday_"+strconv.Itoa(int(at.Weekday()))),
		"day", day,
		"month", v.say("month_"+strconv.Itoa(int(at.Month()))),
		"year", strconv.Itoa(at.Year()),
		"time", at.Format("15:04"))
}
