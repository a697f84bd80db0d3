package questions

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"mlf/bench/italy"
	"mlf/query/question"
	"mlf/schema"
)

// An Asking is one question, in the forms in which it is asked. What all of them
// count are votes of class ok.
type Asking struct {
	Axes *question.Axes

	stats []schema.StatsQuery
	raw   string // Its rows have a column n.
	known map[string]string
}

// A Kind is a question that is asked many times, of other places and times.
type Kind struct {
	Name string
	Make func(w *World, random *rand.Rand) Asking
}

// Kinds returns those of the interface that cost most, or are asked most.
func Kinds() []Kind {
	return []Kind{
		{"page of a comune: 30 days, the 30 before, reasons, by service and channel", page},
		{"trend: 60 months by region", trend},
		{"ranking of comuni: a quarter", quarter},
		{"ranking of comuni: any 91 days", anyDays},
		{"heat map: a region's year by weekday and hour", heatMap},
	}
}

// okOnly is the group of every class but ok: none.
func okOnly(c schema.Class) question.Group {
	if c == schema.ClassOK {
		return 0
	}
	return question.Out
}

// groupsMax is what an answer may have.
const groupsMax = 1_000_000

func page(w *World, random *rand.Rand) Asking {
	day := 61 + random.IntN(365*italy.Years-61)
	first, _ := w.Country.Hours()
	start := first.Time().In(w.Rome)
	at := func(back int) schema.Hour { return w.Hour(start.Year(), start.Month(), start.Day()+day-back) }
	comune, before, last, end := w.Comune(random), at(60), at(30), at(0)
	hours := make([]question.Group, end-before)
	for i := range hours[last-before:] {
		hours[int(last-before)+i] = 1
	}
	a := Asking{Axes: &question.Axes{
		From: before, Next: end, Comuni: []schema.ComuneID{comune}, Hours: hours, Reasons: true, RowsMax: groupsMax, Class: okOnly,
		Comune: func(c schema.ComuneID) question.Group {
			if c == comune {
				return 0
			}
			return question.Out
		},
		Service: func(s schema.ServiceID) question.Group { return question.Group(s) },
		Channel: func(c schema.Channel) question.Group { return question.Group(c) },
	}}
	for _, span := range [][2]schema.Hour{{before, last}, {last, end}} {
		a.stats = append(a.stats, schema.StatsQuery{
			From: span[0], Next: span[1], Comuni: []schema.ComuneID{comune}, Classes: []schema.Class{schema.ClassOK}, Reasons: true,
			Group: []schema.Column{schema.ColumnService, schema.ColumnChannel}, RowsMax: groupsMax,
		})
	}
	a.raw = `SELECT at >= toDateTime64({last:Int64}, 3, 'UTC') AS late, service, channel, value, reason, count() AS n FROM raw_votes
WHERE comune = {comune:UInt32} AND at >= toDateTime64({from:Int64}, 3, 'UTC') AND at < toDateTime64({next:Int64}, 3, 'UTC') AND class = 1
GROUP BY late, service, channel, value, reason`
	a.known = known(before, end)
	a.known["comune"], a.known["last"] = strconv.Itoa(int(comune)), unixTime(last)
	return a
}

func unixTime(h schema.Hour) string { return strconv.FormatInt(h.Time().Unix(), 10) }

func known(from, next schema.Hour) map[string]string {
	return map[string]string{"from": unixTime(from), "next": unixTime(next)}
}

func trend(w *World, _ *rand.Rand) Asking {
	first, next := w.Country.Hours()
	start := first.Time().In(w.Rome)
	hours := make([]question.Group, next-first)
	for i := range hours {
		at := (first + schema.Hour(i)).Time().In(w.Rome)
		hours[i] = question.Group(12*(at.Year()-start.Year()) + int(at.Month()) - 1)
	}
	return Asking{
		Axes: &question.Axes{
			From: first, Next: next, Hours: hours, RowsMax: groupsMax, Class: okOnly,
			Comune: func(c schema.ComuneID) question.Group { return question.Group(w.Region(c)) },
		},
		stats: []schema.StatsQuery{{
			From: first, Next: next, Classes: []schema.Class{schema.ClassOK}, RegionOf: w.regionOf, RowsMax: groupsMax, Wide: true,
			Group: []schema.Column{schema.ColumnRegion, schema.ColumnMonth},
		}},
		raw: `SELECT intDiv(comune, 1000) AS province, toStartOfMonth(at, 'Europe/Rome') AS month, value, count() AS n FROM raw_votes
WHERE at >= toDateTime64({from:Int64}, 3, 'UTC') AND at < toDateTime64({next:Int64}, 3, 'UTC') AND class = 1 GROUP BY province, month, value`,
		known: known(first, next),
	}
}

func quarter(w *World, random *rand.Rand) Asking {
	first, _ := w.Country.Hours()
	year := first.Time().In(w.Rome).Year() + random.IntN(italy.Years)
	month := time.Month(1 + 3*random.IntN(4))
	return ranking(w, w.Hour(year, month, 1), w.Hour(year, month+3, 1))
}

func anyDays(w *World, random *rand.Rand) Asking {
	first, _ := w.Country.Hours()
	start, day := first.Time().In(w.Rome), random.IntN(365*italy.Years-91)
	return ranking(w, w.Hour(start.Year(), start.Month(), start.Day()+day), w.Hour(start.Year(), start.Month(), start.Day()+day+91))
}

func ranking(w *World, from, next schema.Hour) Asking {
	numbers := make(map[schema.ComuneID]question.Group, len(w.Comuni))
	for i, id := range w.Comuni {
		numbers[id] = question.Group(i)
	}
	return Asking{
		Axes: &question.Axes{
			From: from, Next: next, RowsMax: groupsMax, Class: okOnly,
			Comune: func(c schema.ComuneID) question.Group {
				if n, ok := numbers[c]; ok {
					return n
				}
				return question.Out
			},
		},
		stats: []schema.StatsQuery{{
			From: from, Next: next, Classes: []schema.Class{schema.ClassOK}, RowsMax: groupsMax, Wide: true, Group: []schema.Column{schema.ColumnComune},
		}},
		raw: `SELECT comune, value, count() AS n FROM raw_votes
WHERE at >= toDateTime64({from:Int64}, 3, 'UTC') AND at < toDateTime64({next:Int64}, 3, 'UTC') AND class = 1 GROUP BY comune, value`,
		known: known(from, next),
	}
}

// heatMap is of any region's year: the largest, Lombardia, has a sixth of all comuni.
func heatMap(w *World, random *rand.Rand) Asking {
	first, _ := w.Country.Hours()
	region, year := w.regions[random.IntN(len(w.regions))], first.Time().In(w.Rome).Year()+random.IntN(italy.Years)
	from, next := w.Hour(year, 1, 1), w.Hour(year+1, 1, 1)
	hours := make([]question.Group, next-from)
	for i := range hours {
		at := (from + schema.Hour(i)).Time().In(w.Rome)
		hours[i] = question.Group(24*int(at.Weekday()) + at.Hour())
	}
	var comuni []schema.ComuneID
	for _, id := range w.Comuni {
		if w.Region(id) == region {
			comuni = append(comuni, id)
		}
	}
	provinces := w.lists.ProvincesOf(region)
	a := Asking{
		Axes: &question.Axes{
			From: from, Next: next, Comuni: comuni, Hours: hours, RowsMax: groupsMax, Class: okOnly,
			Comune: func(c schema.ComuneID) question.Group {
				if w.Region(c) == region {
					return 0
				}
				return question.Out
			},
		},
		stats: []schema.StatsQuery{{
			From: from, Next: next, Provinces: provinces, Classes: []schema.Class{schema.ClassOK}, RowsMax: groupsMax, Wide: true,
			Group: []schema.Column{schema.ColumnHour},
		}},
		raw: `SELECT toDayOfWeek(at, 0, 'Europe/Rome') AS weekday, toHour(at, 'Europe/Rome') AS hour, value, count() AS n FROM raw_votes
WHERE has({provinces:Array(UInt32)}, intDiv(comune, 1000)) AND at >= toDateTime64({from:Int64}, 3, 'UTC') AND at < toDateTime64({next:Int64}, 3, 'UTC')
  AND class = 1 GROUP BY weekday, hour, value`,
		known: known(from, next),
	}
	a.known["provinces"] = "[" + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(plain(provinces))), ","), "[]") + "]"
	return a
}

// plain returns provinces as numbers.
func plain(provinces []schema.ProvinceID) []int {
	numbers := make([]int, len(provinces))
	for i, p := range provinces {
		numbers[i] = int(p)
	}
	return numbers
}
