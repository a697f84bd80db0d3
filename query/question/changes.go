package question

import (
	"mlf/query/calendar"
	"mlf/schema"
)

// A PlaceMonth is a month of a comune's votes. Comparable.
type PlaceMonth struct {
	Comune schema.ComuneID // As votes were counted; 0: of no comune alone.
	Month  calendar.Month
}

// A Diary is a View that knows what has changed.
type Diary interface {
	View

	// Changed returns the months of comuni of which any count may differ from those
	// that anybody was shown as of since, and all that do; each once, in no order. False:
	// it is not known so far back, and any may. Ledger must reach since.
	Changed(since Position) (changed []PlaceMonth, known bool)

	// Span returns the hours that have votes, half-open; 0, 0 without any.
	Span() (first, next schema.Hour)
}
