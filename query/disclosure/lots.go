package disclosure

import (
	"fmt"
	"maps"
	"slices"

	"mlf/query/calendar"
	"mlf/schema"
)

// Lots are all lots that are published: what the public may ask. They are a
// question.View whose counts are sums of lots: those that lie within what was
// asked, whole; see Counts and Hidden. Immutable.
type Lots struct {
	clock    calendar.Clock
	places   Places
	labels   []schema.LotLabel
	byComune map[schema.ComuneID][]uint32 // The labels of a comune, ascending.
	wide     []uint32                     // Those above the comuni, ascending.

	provinces []schema.ProvinceID // Those that have comuni, ascending.
	comuni    map[schema.ProvinceID][]schema.ComuneID

	blocks  []*block              // By month.
	release map[schema.Day]uint32 // By a month's first day, the number of the last release that has lots of it.
}

// NewLots returns no lots.
func NewLots(clock calendar.Clock, places Places) *Lots { return &Lots{clock: clock, places: places} }

// With returns l and the lots of release number besides.
func (l *Lots) With(number uint32, lots []schema.Lot) *Lots {
	next := &Lots{
		clock: l.clock, places: l.places, labels: slices.Clone(l.labels),
		blocks: slices.Clone(l.blocks), release: maps.Clone(l.release),
	}
	if next.release == nil {
		next.release = make(map[schema.Day]uint32)
	}
	index := make(map[schema.LotLabel]uint32, len(l.labels))
	for i, label := range l.labels {
		index[label] = uint32(i)
	}
	months := make(map[month][]blockLot)
	for i := range lots {
		lot := &lots[i]
		label, ok := index[lot.LotLabel]
		if !ok {
			label = uint32(len(next.labels))
			index[lot.LotLabel] = label
			next.labels = append(next.labels, lot.LotLabel)
		}
		m := monthOf(lot.First)
		months[m] = append(months[m], blockLot{
			label: label, first: uint8(lot.First - m.first), last: uint8(lot.Last - m.first), values: lot.Values, reasons: lot.Reasons,
		})
	}
	for m, added := range months {
		next.merge(m, added)
		next.release[m.first] = max(next.release[m.first], number)
	}
	next.sortLabels()
	return next
}

// At returns l with the places of another day.
func (l *Lots) At(places Places) *Lots {
	next := *l
	next.places = places
	next.sortLabels()
	return &next
}

// merge makes the block of a month anew, with lots besides.
func (l *Lots) merge(m month, lots []blockLot) {
	i, found := slices.BinarySearchFunc(l.blocks, m.first, func(b *block, first schema.Day) int { return int(b.first - first) })
	if found {
		l.blocks[i] = newBlock(m, append(l.blocks[i].lots(), lots...))
	} else {
		l.blocks = slices.Insert(l.blocks, i, newBlock(m, lots))
	}
}

// sortLabels lists labels by the comuni that they are of, and comuni by their
// provinces.
func (l *Lots) sortLabels() {
	l.comuni = make(map[schema.ProvinceID][]schema.ComuneID)
	for _, id := range l.places.Comuni {
		l.comuni[id.Province()] = append(l.comuni[id.Province()], id)
	}
	l.provinces = slices.Sorted(maps.Keys(l.comuni))
	l.byComune, l.wide = make(map[schema.ComuneID][]uint32), nil
	for i := range l.labels {
		if l.labels[i].Level > schema.LotComune {
			l.wide = append(l.wide, uint32(i))
			continue
		}
		comune := l.places.now(l.labels[i].Comune)
		l.byComune[comune] = append(l.byComune[comune], uint32(i))
	}
}

// Ledger returns nothing: the account of a partition is of the votes of a few
// terminals, as they come.
func (l *Lots) Ledger() []schema.LedgerTotals { return nil }

// Version returns a text that changes when lots of hours [from, next) are added.
func (l *Lots) Version(from, next schema.Hour) string {
	var last uint32
	for _, b := range l.blocks {
		if first, end := l.hours(b.month); first < next && from < end {
			last = max(last, l.release[b.first])
		}
	}
	return fmt.Sprintf("lots-%d", last)
}

// hours returns the hours of m.
func (l *Lots) hours(m month) (first, next schema.Hour) { return l.begin(m.first), l.begin(m.next) }

// Bytes returns what the lots take in memory, their labels and the index of these
// apart.
func (l *Lots) Bytes() int {
	n := 0
	for _, b := range l.blocks {
		n += len(b.data) + 4*len(b.labels) + 4*len(b.ends)
	}
	return n
}
