// Package season says how busy each channel is in each hour, by the published votes of the
// programme's months and by when offices are open.
//
// It knows calendars. It must not know who votes, or where.
package season

import (
	"time"

	"mlf/schema"
)

// monthVotes is the weekly votes of the programme per month, in thousands, in
// the bulletins of 2011 and early 2012: January 105, February 106 (2012), April
// about 100, May 122 (the record), June 114, August 85, September 121, October
// 114, November 120; mean of 2011: 108. March and July are interpolated;
// December is known to dip, by how much is assumed.
func monthVotes(m time.Month) float64 {
	return [...]float64{105, 106, 103, 100, 122, 114, 100, 85, 121, 114, 120, 95}[m-1]
}

const monthVotesMean = 108

// romeOffset is how far Rome's clock is ahead of UTC at h: an hour, two from
// the last Sunday of March to the last of October, both at 01:00 UTC
// (Directive 2000/84/EC). The shape of a day needs no more, and so needs no
// time zone database.
func romeOffset(h schema.Hour) time.Duration {
	t := h.Time()
	lastSunday := func(m time.Month) time.Time {
		last := time.Date(t.Year(), m, 31, 1, 0, 0, 0, time.UTC)
		return last.AddDate(0, 0, -int(last.Weekday()))
	}
	if !t.Before(lastSunday(time.March)) && t.Before(lastSunday(time.October)) {
		return 2 * time.Hour
	}
	return time.Hour
}

// A Season says how busy each channel is in each hour. It keeps the means of
// the weekly shapes, which are dear to compute and the same for all terminals.
type Season struct {
	mean  [schema.ChannelDigital + 1]float64
	floor float64 // No hour is quieter than this, before the month's factor.
}

// New returns a season in which no hour is quieter than floor, 0 to 1, of a mean one.
func New(floor float64) Season {
	s := Season{floor: floor}
	for _, c := range schema.Channels() {
		for day := time.Sunday; day <= time.Saturday; day++ {
			for hour := range 24 {
				s.mean[c] += shape(c, day, hour) / (7 * 24)
			}
		}
	}
	return s
}

// Weight returns how busy channel c is in hour h. The mean over a week is 1 in
// a mean month (above it by what floor adds).
func (s *Season) Weight(c schema.Channel, h schema.Hour) float64 {
	rome := h.Time().Add(romeOffset(h))
	w := shape(c, rome.Weekday(), rome.Hour()) / s.mean[c]
	return max(w, s.floor) * monthVotes(rome.Month()) / monthVotesMean
}

// shape is the unscaled weight of an hour of the week. Municipal counters open
// in the mornings and on two afternoons, some on Saturday; contact centres work
// 8 to 20; the web follows people being awake. Assumed: no source publishes
// votes by hour.
func shape(c schema.Channel, day time.Weekday, hour int) float64 {
	switch c {
	case schema.ChannelCounter, schema.ChannelTotem:
		return dayWeight(day, 0.3, 0.01) * counterHour(day, hour)
	case schema.ChannelPhone:
		if hour < 8 || hour >= 20 {
			return 0.02
		}
		return dayWeight(day, 0.5, 0.05)
	default:
		return dayWeight(day, 0.6, 0.5) * awake(hour)
	}
}

// awake is how many of those who use the web do so at that hour.
func awake(hour int) float64 {
	switch {
	case hour >= 9 && hour < 13, hour >= 15 && hour < 19, hour >= 21 && hour < 23:
		return 1
	case hour >= 7:
		return 0.7
	}
	return 0.15
}

// dayWeight is how busy a day is; a working day is 1.
func dayWeight(day time.Weekday, saturday, sunday float64) float64 {
	switch day {
	case time.Saturday:
		return saturday
	case time.Sunday:
		return sunday
	case time.Monday, time.Tuesday:
		return 1.1
	default:
		return 1
	}
}

func counterHour(day time.Weekday, hour int) float64 {
	switch {
	case hour == 8, hour == 12:
		return 0.7
	case hour >= 9 && hour < 12:
		return 1
	case hour >= 15 && hour < 18 && (day == time.Tuesday || day == time.Thursday):
		return 0.8
	case hour >= 13 && hour < 18:
		return 0.1 // Libraries, tourist offices, registry by appointment.
	}
	return 0.002
}
