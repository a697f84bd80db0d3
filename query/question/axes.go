package question

import (
	"context"

	"mlf/schema"
)

// Axes are a question as whoever has the counts sees it: every attribute of a cell
// falls into a group, and what is counted is the product of the groups. A
// dimension (region, population class, service category, weekday …) is a function
// of one attribute, so every question that can be asked has this form. Groups are
// numbered from 0 without a gap; Out leaves a value out. A nil function is one group
// of all. The functions number groups as they are met: one goroutine at a time may
// call them.
type Axes struct {
	From, Next schema.Hour // Half-open.

	// Lists of what may be counted, where they are known: what is not in one that
	// is not nil, the functions below leave out. Whoever finds cells by them need not
	// look at others; an empty list is a question without an answer. A comune must be
	// in Comuni, ascending, and begin with one of Provinces.
	Comuni    []schema.ComuneID
	Provinces []schema.ProvinceID
	Offices   []schema.OfficeCode
	Services  []schema.ServiceID

	Comune  func(schema.ComuneID) Group
	Office  func(schema.OfficeCode) Group
	Service func(schema.ServiceID) Group
	Channel func(schema.Channel) Group
	Scale   func(schema.Scale) Group
	Class   func(schema.Class) Group // What it leaves out is in Counts.Excluded.

	Hours []Group // Of the hours from From on, Next-From of them; nil: one group of all.

	Reasons bool // Counts.Reasons are wanted, too.

	RowsMax int // More rows are schema.ErrTooManyRows.

	// Wide lets the answer cost more, of whoever counts at a price: what ended with
	// schema.ErrTooDear may be asked again so.
	Wide bool
}

// A Group is the number of a group of an axis.
type Group int32

// Out is the group of what was not asked for.
const Out Group = -1

// A Key is a group of every axis.
type Key struct {
	Comune, Office, Service, Channel, Scale, Class, Hour Group
}

// Counts are the answer to Axes. Rows have votes, come in no order, each key once.
type Counts struct {
	Rows    []Count
	Reasons []ReasonCount // Where asked for. In no order, each (key, reason) once.

	// Partial are the keys of which some votes are not in Rows, nor in Reasons, because
	// who asks is not shown them there. Where a group is Out, any of that axis may lack some.
	Partial []Key

	// Excluded has, by class, the votes that every axis but that of the class takes.
	Excluded [schema.ClassMax + 1]uint64
}

// A Count is the votes of one key.
type Count struct {
	Key
	Values [schema.ValueMax]uint64 // Values[v-1] is the count of value v.
}

// A ReasonCount is how many votes of one key carry a value and a reason.
type ReasonCount struct {
	Key
	Reason schema.ReasonKey
	N      uint64
}

// A View is all counts at one moment: whatever is asked of it is answered as of the
// same records. Safe for concurrent use.
type View interface {
	// Counts answers a. An error that wraps schema.ErrTooManyRows says that there are
	// more rows than a.RowsMax; one that wraps schema.ErrTooDear, that it takes too
	// long; any other, that nobody could be asked. It blocks until ctx ends at the
	// latest. The answer belongs to the caller.
	Counts(ctx context.Context, a *Axes) (*Counts, error)

	// Ledger returns the account of every partition, in order, from partition 0. All
	// that it accounts for is in the counts. The caller must not change it.
	Ledger() []schema.LedgerTotals

	// Version returns a text that differs when any count of hours [from, next) does.
	Version(from, next schema.Hour) string
}
