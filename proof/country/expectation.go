package country

import (
	"fmt"
	"slices"
	"sync"

	"mlf/schema"
)

// An expectation is what the service should have counted in the end, cell by
// cell, beside what it had counted before.
//
// Votes of class late_clock count in the hour of their arrival, which nobody
// can foresee: they are kept under hour 0, and so are the service's.
type expectation struct {
	mu      sync.Mutex
	cells   map[schema.Cell]cellCount
	counted uint64
	voided  uint64
}

type cellCount struct {
	before, want [schema.ValueMax]uint32 // By value, less 1.
}

func newExpectation() *expectation {
	return &expectation{cells: make(map[schema.Cell]cellCount)}
}

// cellOf returns the cell under which the expectation keeps c.
func cellOf(c schema.Cell) schema.Cell {
	if c.Class == schema.ClassLateClock {
		c.Hour = 0
	}
	return c
}

// cast adds what t cast.
func (x *expectation) cast(t *terminal, units []unit) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var classes [runMax]schema.Class
	for i := range units {
		votes := units[i].votes
		t.classify(votes, classes[:len(votes)])
		for j := range votes {
			if votes[j].value == schema.Voided {
				x.voided++
				continue
			}
			x.counted++
			cell := t.cell(&votes[j], classes[j])
			count := x.cells[cell]
			count.want[votes[j].value-1]++
			x.cells[cell] = count
		}
	}
}

// classify writes the class of each vote of one unit to classes. It is
// protocol §3 for votes that have no other vote of their stream near.
func (t *terminal) classify(votes []vote, classes []schema.Class) {
	bursts := t.enrol.Channel == schema.ChannelCounter || t.enrol.Channel == schema.ChannelTotem
	var last schema.Instant // Of the counted vote before; 0 is decades away.
	for i := range votes {
		v := &votes[i]
		classes[i] = schema.ClassOK
		switch {
		case v.value == schema.Voided:
		case t.enrol.Test:
			classes[i] = schema.ClassTest
		case t.late(v):
			classes[i] = schema.ClassLateClock
		default:
			if bursts && v.at >= last && v.at-last < schema.BurstWindow {
				classes[i] = schema.ClassBurst
			}
			last = v.at
		}
	}
}

// late tells whether v is counted in the hour of arrival: its time cannot be used,
// or its request says that it was sent on another day, after the enrolment.
func (t *terminal) late(v *vote) bool {
	return v.clock != clockGood || t.wire.slow && t.wire.dates()
}

// cell returns the cell that v counts in.
func (t *terminal) cell(v *vote, class schema.Class) schema.Cell {
	c := schema.Cell{
		Comune: t.enrol.Comune, Office: t.enrol.Office, Channel: t.enrol.Channel, Scale: t.enrol.Scale,
		Class: class, Hour: v.at.Hour(),
	}
	switch v.service {
	case serviceAbsent:
		c.Service = t.enrol.DefaultService()
	case serviceUnknown:
		c.Service = schema.ServiceUnspecified
	default:
		c.Service = t.enrol.Services[v.service].ID
	}
	return cellOf(c)
}

// before takes one row of the service from before the first vote.
func (x *expectation) before(r *cellRow) {
	x.mu.Lock()
	defer x.mu.Unlock()
	cell := cellOf(r.Cell)
	count := x.cells[cell]
	for i, n := range r.values {
		count.before[i] += n
	}
	x.cells[cell] = count
}

// A cellRow is one cell as the service shows it.
type cellRow struct {
	schema.Cell
	values [schema.ValueMax]uint32
}

// compare holds the service's rows against the expectation and names each
// number that differs. It returns how many cells were compared.
func (x *expectation) compare(rows func(yield func(*cellRow)) error, differences *differences) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	after := make(map[schema.Cell][schema.ValueMax]uint32, len(x.cells))
	err := rows(func(r *cellRow) {
		cell := cellOf(r.Cell)
		values := after[cell]
		for i, n := range r.values {
			values[i] += n
		}
		after[cell] = values
	})
	if err != nil {
		return 0, err
	}
	for cell, count := range x.cells {
		differences.addCell(cell, count, after[cell])
		delete(after, cell)
	}
	cells := len(x.cells)
	for cell, got := range after {
		cells++
		differences.addCell(cell, cellCount{}, got)
	}
	return cells, nil
}

// Differences are what does not agree. The first differencesKept are named.
type differences struct {
	mu    sync.Mutex
	total int
	named []string

	lost, doubled uint64 // Votes that cells have too few, and too many.
	code          func(schema.ServiceID) string
}

const differencesKept = 50

func (d *differences) addf(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total++
	if len(d.named) < differencesKept {
		d.named = append(d.named, fmt.Sprintf(format, args...))
	}
}

// addCell adds the values of cell that differ.
func (d *differences) addCell(cell schema.Cell, count cellCount, after [schema.ValueMax]uint32) {
	for i := range after {
		want, got := int64(count.want[i]), int64(after[i])-int64(count.before[i])
		if want == got {
			continue
		}
		d.weigh(want, got)
		hour := cell.Hour.String()
		if cell.Class == schema.ClassLateClock {
			hour = "all"
		}
		d.addf("cell comune=%v office=%s service=%s channel=%v scale=%v class=%v hour=%s %s: want %d, got %d",
			cell.Comune, cell.Office, d.code(cell.Service), cell.Channel, cell.Scale, cell.Class, hour,
			valueName(cell.Scale, schema.Value(i+1)), want, got)
	}
}

// weigh keeps how many votes a cell is short of, or has too many.
func (d *differences) weigh(want, got int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost += uint64(max(0, want-got))
	d.doubled += uint64(max(0, got-want))
}

// addCount adds a number of the ledger that is not from least to most.
func (d *differences) addCount(name string, least, most, got uint64) {
	switch {
	case got >= least && got <= most:
	case least == most:
		d.addf("ledger %s: want %d, got %d", name, least, int64(got))
	default:
		d.addf("ledger %s: want %d to %d, got %d", name, least, most, int64(got))
	}
}

func (d *differences) list() (total int, named []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.Sort(d.named)
	return d.total, append([]string{}, d.named...) // Never nil: JSON shows a list.
}

// valueName is the word for v in the answers of query.
func valueName(s schema.Scale, v schema.Value) string {
	if s == schema.ScaleMLF3 && v <= schema.Green {
		return v.Face()
	}
	return fmt.Sprintf("v%d", v)
}
