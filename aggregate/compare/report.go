package compare

import (
	"time"

	"mlf/schema"
	"mlf/schema/presence"
)

// A Report is what a comparison found.
type Report struct {
	Log        schema.LogID
	Partitions int

	// From is the position that both had reached, by partition: the votes of all
	// records below it were compared. Until is that of A when it was read last.
	From, Until []schema.Offset

	Months      int    // Of UTC, that either has votes of.
	Segments    uint64 // That are closed in both.
	Rows        uint64 // Of closed segments, that either has.
	RowsOpen    uint64 // Of open ones.
	RowsBounded uint64 // Of open ones, that were counted further between two readings of A.
	Votes       uint64 // In A.
	Cells       Cells
	Took        time.Duration // To compare closed segments.

	// Days are days of terminals, where KnowDays.
	Days       Cells
	KnownSince [2]schema.Instant // Since when A and B know them, in ingest time; 0: from the log's beginning.

	found
}

// RowsPerSecond returns how fast rows of closed segments were compared.
func (r *Report) RowsPerSecond() float64 { return float64(r.Rows) / max(r.Took.Seconds(), 1e-6) }

// Equal tells whether nothing differs.
func (r *Report) Equal() bool { return r.Differences == 0 }

// KnowDays tells whether A and B know from the log's beginning when terminals voted, so that
// it was compared.
func (r *Report) KnowDays() bool { return r.KnownSince == [2]schema.Instant{} }

// month adds what was found in the closed segments of a month.
func (r *Report) month(m *monthReport) {
	r.Rows += m.rows
	r.Votes += m.votes
	r.Cells.Equal += m.cells.Equal
	r.Cells.Bounded += m.cells.Bounded
	r.Cells.Different += m.cells.Different
	r.join(&m.found)
}

// Cells are how many cells, or days of terminals, are what.
type Cells struct {
	Equal     uint64 // Proved: of cells, all of their rows.
	Bounded   uint64 // B lies between two readings of A: it was counted while it was read.
	Different uint64
}

// All returns how many there are.
func (c *Cells) All() uint64 { return c.Equal + c.Bounded + c.Different }

func (c *Cells) add(s cellState) {
	switch s {
	case isEqual:
		c.Equal++
	case isBounded:
		c.Bounded++
	case differs:
		c.Different++
	}
}

// A Difference is a row of both that is not the same: of the rollups, of the accounts or
// of the days of terminals. What is in one of them only is 0 in the other.
type Difference struct {
	Partition schema.Partition
	Segment   schema.Segment
	Open      bool // The segment is, in one at least: what is missing did not come within Config.Wait.

	Row    *Row       // Of the rollups; nil: of none.
	Counts *[2]Counts // Of A and B.

	Accounts *[2]schema.LedgerRow     // Of A and B; nil: it is not of the accounts.
	Days     *[2]presence.TerminalDay // The same of days of terminals, which are of no segment.
}

// found is what differs.
type found struct {
	Differences uint64       // All.
	Shown       []Difference // The first of them: accounts, then rows of open segments, then of closed ones by month, then days of terminals.

	most int // In Shown.
}

func (f *found) add(d Difference) {
	if f.Differences++; len(f.Shown) < f.most {
		f.Shown = append(f.Shown, d)
	}
}

// join adds those of g.
func (f *found) join(g *found) {
	f.Differences += g.Differences
	f.Shown = append(f.Shown, g.Shown[:min(len(g.Shown), f.most-len(f.Shown))]...)
}
