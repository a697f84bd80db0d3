package disclosure

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"mlf/query/calendar"
	"mlf/query/question"
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

	blocks  []*block              // By month, and by the vintage that was made of it last.
	series  schema.AttemptID      // The first release: tells those of one store from those of another.
	release map[schema.Day]uint32 // By a month's first day, the number of the last release that has lots of it.
	changed map[question.PlaceMonth]uint32
}

// NewLots returns no lots.
func NewLots(clock calendar.Clock, places Places) *Lots { return &Lots{clock: clock, places: places} }

// With returns l and the lots of release number besides, which come after those of
// l in every vintage or in none.
func (l *Lots) With(number uint32, lots []schema.Lot) *Lots {
	return l.with([]batch{{release: number, lots: lots}})
}

// A batch is lots that belong to the same vintages: the first of its month with
// vintages before them is the one after that many.
type batch struct {
	vintages int    // That were made of the month before.
	release  uint32 // The last that lots are of.
	lots     []schema.Lot
}

// with returns l and the lots of batches besides.
func (l *Lots) with(batches []batch) *Lots {
	next := &Lots{
		clock: l.clock, places: l.places, labels: slices.Clone(l.labels), series: l.series,
		blocks: slices.Clone(l.blocks), release: maps.Clone(l.release), changed: l.changed,
	}
	if next.release == nil {
		next.release = make(map[schema.Day]uint32)
	}
	index := make(map[schema.LotLabel]uint32, len(l.labels))
	for i, label := range l.labels {
		index[label] = uint32(i)
	}
	for i := range batches {
		for m, added := range next.number(index, batches[i].lots) {
			next.merge(m, &batches[i], added)
			next.release[m.first] = max(next.release[m.first], batches[i].release)
		}
	}
	next.sortLabels()
	return next
}

// number returns lots by month, with the numbers of their labels. New ones are added
// to index.
func (l *Lots) number(index map[schema.LotLabel]uint32, lots []schema.Lot) map[month][]blockLot {
	months := make(map[month][]blockLot)
	for i := range lots {
		lot := &lots[i]
		label, ok := index[lot.LotLabel]
		if !ok {
			label = uint32(len(l.labels))
			index[lot.LotLabel] = label
			l.labels = append(l.labels, lot.LotLabel)
		}
		m := monthOf(lot.First)
		months[m] = append(months[m], blockLot{
			label: label, first: uint8(lot.First - m.first), last: uint8(lot.Last - m.first), values: lot.Values, reasons: lot.Reasons,
		})
	}
	return months
}

// noted returns l with changed besides: of each month of a comune the number of the
// release that has lots of it, and of comune 0 what is above the comuni.
func (l *Lots) noted(changed map[question.PlaceMonth]uint32) *Lots {
	next := *l
	next.changed = maps.Clone(l.changed)
	if next.changed == nil {
		next.changed = make(map[question.PlaceMonth]uint32)
	}
	for m, number := range changed {
		next.changed[m] = max(next.changed[m], number)
	}
	return &next
}

// Since returns the months of comuni that releases behind number have lots of. Comune 0
// stands for lots that do not say their comune: they may be of any.
func (l *Lots) Since(number uint32) []question.PlaceMonth {
	var changed []question.PlaceMonth
	for m, last := range l.changed {
		if last > number {
			changed = append(changed, m)
		}
	}
	return changed
}

// Span returns the hours of the months that have lots, half-open; 0, 0 without any.
func (l *Lots) Span() (first, next schema.Hour) {
	if len(l.blocks) == 0 {
		return 0, 0
	}
	return l.begin(l.blocks[0].first), l.begin(l.blocks[len(l.blocks)-1].next)
}

// At returns l with the places of another day.
func (l *Lots) At(places Places) *Lots {
	next := *l
	next.places = places
	next.sortLabels()
	return &next
}

// merge makes the block of a month and its vintages anew, with lots besides.
func (l *Lots) merge(m month, of *batch, lots []blockLot) {
	i, found := slices.BinarySearchFunc(l.blocks, of.vintages, func(b *block, vintages int) int {
		return cmp.Or(cmp.Compare(b.first, m.first), cmp.Compare(b.vintages, vintages))
	})
	made := &block{month: m, vintages: of.vintages, release: of.release}
	if found {
		before := l.blocks[i]
		made.release = max(made.release, before.release)
		made.fill(append(before.lots(), lots...))
		l.blocks[i] = made
		return
	}
	made.fill(lots)
	l.blocks = slices.Insert(l.blocks, i, made)
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
	return fmt.Sprintf("lots-%x-%d", l.series, last)
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
