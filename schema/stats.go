package schema

import "errors"

// A Column is a part of the cell that statistics can be grouped by.
type Column uint8

// The columns, in the order of the cell. Region and province are derived from
// the comune, day, week and month from the hour, by Rome's clock.
const (
	ColumnRegion Column = iota + 1
	ColumnProvince
	ColumnComune
	ColumnOffice
	ColumnService
	ColumnChannel
	ColumnScale
	ColumnClass
	ColumnHour
	ColumnDay
	ColumnWeek
	ColumnMonth
)

// A StatsQuery asks for counts. Empty filters let everything pass.
type StatsQuery struct {
	From, Next Hour     // Half-open.
	Group      []Column // Rows come in no order. At most one of hour, day, week, month.

	// CodeOf maps codes that votes were counted under to those that rows have in
	// their place; region and province are then derived from these. A code that it
	// lacks stays. Filters are of the codes that were counted.
	CodeOf map[ComuneID]ComuneID

	// RegionOf maps every province to its region; needed when Group has ColumnRegion.
	RegionOf map[ProvinceID]RegionID

	Provinces []ProvinceID // Regions are asked for as their provinces.
	Comuni    []ComuneID
	Offices   []OfficeCode
	Services  []ServiceID
	Channels  []Channel
	Scales    []Scale
	Classes   []Class

	// Wide lets the question have more of the store's time and memory. A narrow
	// one that ends with ErrTooDear may be asked again as a wide one.
	Wide bool

	Reasons bool // StatsAnswer.Reasons are wanted, too: they cost several times the rest.

	RowsMax int // More are ErrTooManyRows.
}

// A StatsAnswer is what was counted of what was asked for, and what was left out.
type StatsAnswer struct {
	Rows []StatsRow // In no order; none is of no votes.

	// Excluded has the votes that pass every filter but that of the classes: of
	// each class that was not asked for, where there are any.
	Excluded map[Class]uint64

	Reasons []StatsReason // Where asked for: by row, in no order of the keys, none of no votes.
}

// A StatsReason is how many votes of one answer row carry a value and a reason.
type StatsReason struct {
	Row int // The place among StatsAnswer.Rows.
	Key ReasonKey
	N   uint64
}

// A StatsRow is one answer row. The columns that were not asked for are zero.
type StatsRow struct {
	Cell
	Region   RegionID
	Province ProvinceID
	Day      int32 // First day of the day, week (Monday) or month, in days since 1970-01-01.
	Values   [ValueMax]uint64
}

// N returns the votes counted in r.
func (r *StatsRow) N() uint64 {
	var n uint64
	for _, v := range r.Values {
		n += v
	}
	return n
}

// ErrTooDear is the error of a read that went over the store's limits of time
// or memory.
var ErrTooDear = errors.New("read exceeds the store's limits")

// ErrTooManyRows is the error of a question whose answer has more rows than were
// asked for.
var ErrTooManyRows = errors.New("more rows than asked for")

// LedgerTotals is the account of one partition, all segments together.
type LedgerTotals struct {
	PartitionState
	Next   Offset
	Newest Instant // The latest ingest time counted; 0 for none.
	Tally
}
