package cube

import (
	"time"

	"mlf/query/calendar"
	"mlf/query/cube/journal"
	"mlf/query/cube/packed"
	"mlf/query/question"
	"mlf/schema"
)

// values are the counts of a cell.
type values = packed.Values

// A core is what the next State is made of: it changes with every row, and belongs
// to one goroutine.
type core struct {
	cfg     *Config
	log     schema.LogID
	taken   time.Time // Until when, at least, everything was read.
	parts   []part
	tellers tellers
	cells   *packed.Builder
	isNews  bool // Something has changed since the last state.

	journal *journal.Journal
	month   calendar.Month // Of the last hour that changed: most are of one.
	hours   question.Span  // Of month.
}

func newCore(cfg *Config, id schema.Identity) *core {
	c := &core{
		cfg: cfg, log: id.Log,
		parts:  make([]part, id.Partitions),
		cells:  packed.NewBuilder(packed.Config{Clock: cfg.Clock, RegionOf: cfg.RegionOf, FreshMax: cfg.FreshMax}),
		isNews: true, journal: new(journal.Journal),
	}
	for i := range c.parts {
		c.parts[i] = newPart(schema.Partition(i))
	}
	return c
}

func (c *core) has(p schema.Partition) bool { return p >= 0 && int(p) < len(c.parts) }

// A row is a rollup as a core takes it; the slices are the caller's.
type row struct {
	cell    schema.Cell
	segment schema.Segment
	counts  values
	keys    []schema.ReasonKey
	ns      []uint64
}

// take merges a row by maximum. What that adds to the cell is in the next state.
// Rows of sealed segments are known, and partitions that were added to the topic
// have none.
func (c *core) take(p schema.Partition, r *row) {
	if !c.has(p) || r.segment < c.parts[p].sealed || r.counts == (values{}) {
		return
	}
	s := c.parts[p].segment(r.segment)
	k := openKey{c.cells.Leaf(&r.cell), r.cell.Hour}
	changed := false
	if more := s.raise(k, &r.counts); more != (values{}) {
		c.cells.Add(k.leaf, k.hour, &more)
		changed = true
	}
	for i, key := range r.keys {
		if more := s.raiseReason(openReason{k, key}, r.ns[i]); more > 0 {
			c.cells.AddReason(k.leaf, k.hour, key, more)
			changed = true
		}
	}
	if changed {
		c.isNews = true
		s.changed[question.PlaceMonth{Comune: r.cell.Comune, Month: c.monthOf(k.hour)}] = struct{}{}
	}
}

// monthOf returns the month of h.
func (c *core) monthOf(h schema.Hour) calendar.Month {
	if !c.hours.Holds(h) {
		c.month = c.cfg.Clock.MonthOf(h)
		c.hours.From, c.hours.Next = c.cfg.Clock.Hours(c.month)
	}
	return c.month
}

// state returns all that was taken, as a State.
func (c *core) state() *State {
	c.isNews = false
	s := &State{Cells: c.cells.Cells(), log: c.log, ledger: make([]schema.LedgerTotals, len(c.parts)), journal: c.journal}
	var changes []journal.Change
	for i := range c.parts {
		s.ledger[i] = c.parts[i].totals()
		changes = c.parts[i].changes(changes)
	}
	c.journal.Note(question.PositionOf(s.ledger), c.cfg.Now(), changes)
	return s
}

// openN is how many cells of open segments there are.
func (c *core) openN() int {
	n := 0
	for i := range c.parts {
		for _, s := range c.parts[i].segments {
			n += len(s.counts)
		}
	}
	return n
}
