package packed

import (
	"maps"
	"slices"

	"mlf/query/calendar"
	"mlf/schema"
)

// A Config says how a Builder works.
type Config struct {
	Clock    calendar.Clock // Rome's.
	RegionOf func(schema.ComuneID) schema.RegionID
	FreshMax int // More fresh cells of a month go into its block.
}

// freshSummed is how many fresh cells are added one by one: a run of more has sums.
func (c *Config) freshSummed() int { return c.FreshMax / 16 }

// A Builder takes what is added to cells, and gives what they come to. It belongs to
// one goroutine.
type Builder struct {
	cfg    Config
	coding *coding

	catalogue *catalogue
	seen      *leaves // Of the last Cells; nil: some have come since.
	stamps    []stamp // By leaf.

	months []*month // Sorted, as of the last Cells.
	adds   map[calendar.Month]*adds
}

// adds is what came to a month since the last Cells.
type adds struct {
	cells   []addition
	reasons []reasonAddition
	version uint64
}

// NewBuilder returns a builder without any cells.
func NewBuilder(cfg Config) *Builder {
	return &Builder{
		cfg: cfg, coding: newCoding(),
		catalogue: newCatalogue(cfg.RegionOf),
		adds:      make(map[calendar.Month]*adds),
	}
}

// Leaf returns the number of what cell is without its hour.
func (b *Builder) Leaf(cell *schema.Cell) uint32 {
	n := b.catalogue.leaf(cell)
	if int(n) == len(b.stamps) {
		b.stamps = append(b.stamps, stampOf(b.catalogue.keys[n], cell.Office))
		b.seen = nil
	}
	return n
}

// Comune returns where the votes of a leaf were cast.
func (b *Builder) Comune(leaf uint32) schema.ComuneID { return b.catalogue.keys[leaf].comune }

// Leaves returns how many leaves there are: Leaf's results are below.
func (b *Builder) Leaves() int { return len(b.stamps) }

// Add adds v, which has votes, to an hour of a leaf.
func (b *Builder) Add(leaf uint32, h schema.Hour, v *Values) {
	m := b.month(h)
	a := b.addsOf(m.number)
	a.cells = append(a.cells, addition{leaf, uint16(h - m.first), *v})
	for k, n := range v {
		if n > 0 {
			a.version += b.stamps[leaf].at(h, k, n)
		}
	}
}

// AddReason adds n, at least 1, to a reason of an hour of a leaf.
func (b *Builder) AddReason(leaf uint32, h schema.Hour, key schema.ReasonKey, n uint64) {
	m := b.month(h)
	a := b.addsOf(m.number)
	a.reasons = append(a.reasons, reasonAddition{leaf, uint16(h - m.first), key, n})
	a.version += b.stamps[leaf].at(h, int(schema.ValueMax)+int(key), n)
}

// month returns the month of h, a new one where there is none.
func (b *Builder) month(h schema.Hour) *month {
	i := monthAt(b.months, h)
	if i < len(b.months) && b.months[i].first <= h {
		return b.months[i]
	}
	m := newMonth(b.cfg.Clock, b.cfg.Clock.MonthOf(h))
	b.months = slices.Insert(b.months, i, m)
	return m
}

func newMonth(clock calendar.Clock, n calendar.Month) *month {
	first, next := clock.Hours(n)
	return &month{number: n, first: first, hours: int(next - first), low: hoursMax}
}

func (b *Builder) addsOf(m calendar.Month) *adds {
	a := b.adds[m]
	if a == nil {
		a = &adds{}
		b.adds[m] = a
	}
	return a
}

// at returns the position of a month.
func (b *Builder) at(number calendar.Month) int {
	i, _ := slices.BinarySearchFunc(b.months, number, func(m *month, n calendar.Month) int { return int(m.number) - int(n) })
	return i
}

// Cells returns all that was added.
func (b *Builder) Cells() *Cells {
	if b.seen == nil {
		b.seen = b.catalogue.view()
	}
	for _, number := range slices.Sorted(maps.Keys(b.adds)) {
		i, a := b.at(number), b.adds[number]
		m := b.months[i].with(newRun(a.cells, a.reasons), a.version)
		delete(b.adds, number)
		if m.freshN() > b.cfg.FreshMax && m.canBePacked() {
			m = m.packed(b.coding, b.seen)
		}
		m.sumFresh(b.coding, b.seen, b.cfg.freshSummed())
		b.months[i] = m
	}
	return &Cells{coding: b.coding, leaves: b.seen, months: slices.Clone(b.months)}
}

// Regroup asks again which region each comune is in, and makes all sums anew if any
// is in another than before. It tells whether one is.
func (b *Builder) Regroup() bool {
	if !b.catalogue.regroup() {
		return false
	}
	b.seen = nil
	for i, m := range b.months {
		b.months[i] = m.regrouped(b.coding, &b.catalogue.leaves)
	}
	return true
}
