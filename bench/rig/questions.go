package rig

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"mlf/bench/italy"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
)

// A world is what questions about a country are made of.
type world struct {
	country  *italy.Country
	lists    *registry.Registry
	rome     *time.Location
	comuni   []schema.ComuneID // That vote, ascending.
	upTo     []uint64          // Residents of those up to each.
	regions  []schema.RegionID // Of whom some vote, ascending.
	regionOf map[schema.ProvinceID]schema.RegionID
}

func newWorld(country *italy.Country, lists *registry.Registry) (*world, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("load Rome's clock: %w", err)
	}
	w := &world{country: country, lists: lists, rome: rome, comuni: country.Comuni(), regionOf: lists.RegionOf()}
	var residents uint64
	for _, id := range w.comuni {
		comune, _ := lists.Comune(id)
		residents += uint64(comune.Population)
		w.upTo = append(w.upTo, residents)
		w.regions = append(w.regions, w.region(id))
	}
	slices.Sort(w.regions)
	w.regions = slices.Compact(w.regions)
	return w, nil
}

func (w *world) region(c schema.ComuneID) schema.RegionID { return w.regionOf[c.Province()] }

// comune draws one by residents: more people ask of the larger.
func (w *world) comune(random *rand.Rand) schema.ComuneID {
	at := random.Uint64N(w.upTo[len(w.upTo)-1])
	return w.comuni[sort.Search(len(w.upTo), func(i int) bool { return w.upTo[i] > at })]
}

// hour returns the first hour of a day in Rome.
func (w *world) hour(year int, month time.Month, day int) schema.Hour {
	return schema.HourOf(time.Date(year, month, day, 0, 0, 0, 0, w.rome))
}

// An asking is one question, in the forms in which it is asked. What all of them
// count are votes of class ok.
type asking struct {
	axes  *question.Axes
	stats []schema.StatsQuery
	raw   string // Its rows have a column n.
	known map[string]string
}

// A kind is a question that is asked many times, of other places and times.
type kind struct {
	name string
	make func(w *world, random *rand.Rand) asking
}

// kinds are those of the interface that cost most, or are asked most.
func kinds() []kind {
	return []kind{
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

func page(w *world, random *rand.Rand) asking {
	day := 61 + random.IntN(365*italy.Years-61)
	first, _ := w.country.Hours()
	start := first.Time().In(w.rome)
	at := func(back int) schema.Hour { return w.hour(start.Year(), start.Month(), start.Day()+day-back) }
	comune, before, last, end := w.comune(random), at(60), at(30), at(0)
	hours := make([]question.Group, end-before)
	for i := range hours[last-before:] {
		hours[int(last-before)+i] = 1
	}
	a := asking{axes: &question.Axes{
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

func trend(w *world, _ *rand.Rand) asking {
	first, next := w.country.Hours()
	start := first.Time().In(w.rome)
	hours := make([]question.Group, next-first)
	for i := range hours {
		at := (first + schema.Hour(i)).Time().In(w.rome)
		hours[i] = question.Group(12*(at.Year()-start.Year()) + int(at.Month()) - 1)
	}
	return asking{
		axes: &question.Axes{
			From: first, Next: next, Hours: hours, RowsMax: groupsMax, Class: okOnly,
			Comune: func(c schema.ComuneID) question.Group { return question.Group(w.region(c)) },
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

func quarter(w *world, random *rand.Rand) asking {
	first, _ := w.country.Hours()
	year := first.Time().In(w.rome).Year() + random.IntN(italy.Years)
	month := time.Month(1 + 3*random.IntN(4))
	return ranking(w, w.hour(year, month, 1), w.hour(year, month+3, 1))
}

func anyDays(w *world, random *rand.Rand) asking {
	first, _ := w.country.Hours()
	start, day := first.Time().In(w.rome), random.IntN(365*italy.Years-91)
	return ranking(w, w.hour(start.Year(), start.Month(), start.Day()+day), w.hour(start.Year(), start.Month(), start.Day()+day+91))
}

func ranking(w *world, from, next schema.Hour) asking {
	numbers := make(map[schema.ComuneID]question.Group, len(w.comuni))
	for i, id := range w.comuni {
		numbers[id] = question.Group(i)
	}
	return asking{
		axes: &question.Axes{
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
func heatMap(w *world, random *rand.Rand) asking {
	first, _ := w.country.Hours()
	region, year := w.regions[random.IntN(len(w.regions))], first.Time().In(w.rome).Year()+random.IntN(italy.Years)
	from, next := w.hour(year, 1, 1), w.hour(year+1, 1, 1)
	hours := make([]question.Group, next-from)
	for i := range hours {
		at := (from + schema.Hour(i)).Time().In(w.rome)
		hours[i] = question.Group(24*int(at.Weekday()) + at.Hour())
	}
	var comuni []schema.ComuneID
	for _, id := range w.comuni {
		if w.region(id) == region {
			comuni = append(comuni, id)
		}
	}
	provinces := w.lists.ProvincesOf(region)
	a := asking{
		axes: &question.Axes{
			From: from, Next: next, Comuni: comuni, Hours: hours, RowsMax: groupsMax, Class: okOnly,
			Comune: func(c schema.ComuneID) question.Group {
				if w.region(c) == region {
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
