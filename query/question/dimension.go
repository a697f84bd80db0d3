package question

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlf/query/calendar"
	"mlf/schema"
)

// An Attribute is a part of the cell. Every dimension is a function of one.
type Attribute uint8

// The attributes, in the order of the cell.
const (
	OfComune Attribute = iota
	OfOffice
	OfService
	OfChannel
	OfScale
	OfClass
	OfHour
	attributes = int(OfHour) + 1
)

// of returns the group that k has of attribute a.
func (k *Key) of(a Attribute) Group {
	switch a {
	case OfComune:
		return k.Comune
	case OfOffice:
		return k.Office
	case OfService:
		return k.Service
	case OfChannel:
		return k.Channel
	case OfScale:
		return k.Scale
	case OfClass:
		return k.Class
	default:
		return k.Hour
	}
}

// String returns the word for a.
func (a Attribute) String() string {
	return [attributes]string{"place", "office", "service", "channel", "scale", "class", "time"}[a]
}

// A Dimension is what rows can be grouped by: a function of one attribute of the
// cell. Its values are numbers that mean something to it alone; people see texts.
type Dimension struct {
	Name string // Of the parameter and of the column.
	Of   Attribute

	// Bare says that its texts are numbers or truth values, which JSON has without
	// quotation marks. An empty one is null.
	Bare bool

	radix  uint64 // Values are below it.
	sorted bool   // Values are in the order of their texts, as people want them.

	value func(*atlas, uint32) uint32 // Of a value of its attribute; nil for time.
	text  func(dst []byte, value uint32) []byte
	parse func(text string) (uint32, error) // Of a filter by its values; nil where another part of Ask reads it.

	at     func(calendar.Stretch) uint32 // Of time: the value at the first hour;
	hourly bool                          // each further hour's is one more.
	spans  bool                          // A value of time is one span, not one that comes again.
}

// Spans tells whether a value of d is one span of time, not hours that come again.
func (d *Dimension) Spans() bool { return d.spans }

// Filters tells whether a parameter of d's name filters by its values.
func (d *Dimension) Filters() bool { return d.parse != nil || d.Of != OfHour }

// dimensions are all dimensions, in the order in which people are told of them.
func (v *Vocabulary) dimensions() []*Dimension {
	return []*Dimension{
		{Name: "region", Of: OfComune, radix: 1 << 8, sorted: true, value: func(a *atlas, x uint32) uint32 { return uint32(a.place(x).region) }, text: textOf[schema.RegionID]},
		{Name: "province", Of: OfComune, radix: 1000, sorted: true, value: func(a *atlas, x uint32) uint32 { return a.place(x).comune / 1000 }, text: textOf[schema.ProvinceID]},
		{Name: "comune", Of: OfComune, radix: comuniRadix, sorted: true, value: func(a *atlas, x uint32) uint32 { return a.place(x).comune }, text: textOf[schema.ComuneID]},
		{Name: "macro_area", Of: OfComune, radix: 1 << 8, sorted: true, value: func(a *atlas, x uint32) uint32 { return uint32(a.place(x).macroArea) }, text: listed(v.macroAreas), parse: in(v.macroAreas)},
		{Name: "population_class", Of: OfComune, radix: 1 << 8, sorted: true, value: func(a *atlas, x uint32) uint32 { return uint32(a.place(x).class) }, text: listed(v.classes), parse: in(v.classes)},
		{Name: "small", Of: OfComune, radix: 1 << 8, sorted: true, Bare: true, value: func(a *atlas, x uint32) uint32 { return uint32(a.place(x).small) }, text: listed(truths()), parse: in(truths())},
		{Name: "office", Of: OfOffice},
		{Name: "service", Of: OfService, radix: 1 << 16, value: same, text: v.appendService},
		{Name: "category", Of: OfService, radix: 1 << 16, sorted: true, value: func(_ *atlas, x uint32) uint32 { return v.category(x) }, text: listed(v.categories), parse: in(v.categories)},
		{Name: "channel", Of: OfChannel, radix: 1 << 8, value: same, text: textOf[schema.Channel]},
		{Name: "scale", Of: OfScale, radix: 1 << 8, value: same, text: textOf[schema.Scale]},
		{Name: "class", Of: OfClass, radix: 1 << 8, value: same, text: textOf[schema.Class]},
		{Name: "hour", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.First) }, hourly: true, text: textOf[schema.Hour]},
		{Name: "day", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day) }, text: textOfDay},
		{Name: "week", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day.Monday() + mondayAhead) }, text: textOfWeek},
		{Name: "month", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day.Month()) }, text: textOf[calendar.Month]},
		{Name: "quarter", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day.Month().Quarter()) }, text: textOf[calendar.Quarter], parse: parseQuarter},
		{Name: "year", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day.Month().Year()) }, text: textOfNumber, parse: parseYear},
		{Name: "weekday", Of: OfHour, radix: 8, sorted: true, Bare: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day.Weekday()) }, text: textOfNumber, parse: number(1, 7)},
		{Name: "hour_of_day", Of: OfHour, radix: 24, sorted: true, Bare: true, at: func(s calendar.Stretch) uint32 { return uint32(s.HourOfDay) }, hourly: true, text: textOfNumber, parse: number(0, 23)},
		{Name: "day_kind", Of: OfHour, radix: 8, sorted: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day.Kind()) }, text: listed(dayKinds()), parse: in(dayKinds())},
		{Name: "working_day", Of: OfHour, radix: 8, sorted: true, Bare: true, at: isWorkingDay, text: listed(truths()), parse: in(truths())},
	}
}

// comuniRadix is one more than the highest code of a comune.
const comuniRadix = 1_000_000

// mondayAhead keeps weeks above 0: hour 0 lies in one that began before it.
const mondayAhead = 7

func same(_ *atlas, x uint32) uint32 { return x }

// textOf writes a value as its type does.
func textOf[T interface {
	~uint8 | ~uint16 | ~uint32 | ~int32
	String() string
}](dst []byte, value uint32) []byte {
	return append(dst, T(value).String()...)
}

// Where a dimension has a list of texts, value i is the i-th, from 1; 0 is none.

// listed writes a value that is a number of a list.
func listed(texts []string) func([]byte, uint32) []byte {
	return func(dst []byte, value uint32) []byte {
		if value == 0 {
			return dst
		}
		return append(dst, texts[value-1]...)
	}
}

// in reads a value of a list.
func in(texts []string) func(string) (uint32, error) {
	return func(text string) (uint32, error) {
		if i := slices.Index(texts, text); i >= 0 {
			return uint32(i + 1), nil
		}
		return 0, fmt.Errorf("%q: want %s", text, strings.Join(texts, ", "))
	}
}

// number reads a whole number from least to most.
func number(least, most uint32) func(string) (uint32, error) {
	return func(text string) (uint32, error) {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil || uint32(n) < least || uint32(n) > most || strconv.FormatUint(n, 10) != text {
			return 0, fmt.Errorf("%q: want a number from %d to %d", text, least, most)
		}
		return uint32(n), nil
	}
}

func truths() []string { return []string{"false", "true"} }

// truth returns the number of b among truths.
func truth(b bool) uint32 {
	if b {
		return 2
	}
	return 1
}

func dayKinds() []string {
	var words []string
	for _, k := range calendar.DayKinds() {
		words = append(words, k.String())
	}
	return words
}

func isWorkingDay(s calendar.Stretch) uint32 { return truth(s.Day.Kind() == calendar.Working) }

func parseYear(text string) (uint32, error) {
	year, err := number(1970, calendar.YearMax)(text)
	if err != nil {
		return 0, fmt.Errorf("%q: want a year (2026)", text)
	}
	return year, nil
}

func parseQuarter(text string) (uint32, error) {
	year, quarter, ok := strings.Cut(text, "-Q")
	y, err := parseYear(year)
	q, errOfQuarter := number(1, 4)(quarter)
	if !ok || err != nil || errOfQuarter != nil {
		return 0, fmt.Errorf("%q: want a quarter (2026-Q4)", text)
	}
	return y*4 + q - 1, nil
}

func textOfNumber(dst []byte, value uint32) []byte { return strconv.AppendUint(dst, uint64(value), 10) }

func textOfDay(dst []byte, value uint32) []byte { return calendar.Day(value).Append(dst) }

func textOfWeek(dst []byte, value uint32) []byte {
	return (calendar.Day(value) - mondayAhead).AppendWeek(dst)
}

func (v *Vocabulary) appendService(dst []byte, value uint32) []byte {
	if int(value) < len(v.services) && v.services[value] != "" {
		return append(dst, v.services[value]...)
	}
	return strconv.AppendUint(append(dst, "service-"...), uint64(value), 10) // Of a list this process does not have.
}
