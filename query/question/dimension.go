package question

import (
	"strconv"

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

	at     func(calendar.Stretch) uint32 // Of time: the value at the first hour;
	hourly bool                          // each further hour's is one more.
	spans  bool                          // A value of time is one span, not one that comes again.
}

// dimensions are all dimensions, in the order in which people are told of them.
func (v *Vocabulary) dimensions() []*Dimension {
	return []*Dimension{
		{Name: "region", Of: OfComune, radix: 1 << 8, sorted: true, value: func(a *atlas, x uint32) uint32 { return uint32(a.place(x).region) }, text: textOf[schema.RegionID]},
		{Name: "province", Of: OfComune, radix: 1000, sorted: true, value: func(a *atlas, x uint32) uint32 { return a.place(x).comune / 1000 }, text: textOf[schema.ProvinceID]},
		{Name: "comune", Of: OfComune, radix: comuniRadix, sorted: true, value: func(a *atlas, x uint32) uint32 { return a.place(x).comune }, text: textOf[schema.ComuneID]},
		{Name: "office", Of: OfOffice},
		{Name: "service", Of: OfService, radix: 1 << 16, value: same, text: v.appendService},
		{Name: "channel", Of: OfChannel, radix: 1 << 8, value: same, text: textOf[schema.Channel]},
		{Name: "scale", Of: OfScale, radix: 1 << 8, value: same, text: textOf[schema.Scale]},
		{Name: "class", Of: OfClass, radix: 1 << 8, value: same, text: textOf[schema.Class]},
		{Name: "hour", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.First) }, hourly: true, text: textOf[schema.Hour]},
		{Name: "day", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day) }, text: textOfDay},
		{Name: "week", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day.Monday() + mondayAhead) }, text: textOfWeek},
		{Name: "month", Of: OfHour, radix: 1 << 32, sorted: true, spans: true, at: func(s calendar.Stretch) uint32 { return uint32(s.Day.Month()) }, text: textOf[calendar.Month]},
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
