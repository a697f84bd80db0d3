package packed

import (
	"mlf/query/question"
	"mlf/schema"
)

// denseMax is the most groups that are counted in an array, 20 MiB of them. More
// are counted in a table of those that have votes.
const denseMax = 1 << 19

// A tally is what an answer has counted so far. A row is the product of a group of
// leaves and a group of hours.
type tally struct {
	hours    int // Groups of hours.
	dense    []values
	sparse   *table // In place of dense.
	reasons  *table // By row and key; counts in the first value.
	excluded [schema.ClassMax + 1]values
}

func newTally(groups, hours int, reasons bool) *tally {
	t := &tally{hours: hours}
	if groups <= denseMax/hours {
		t.dense = make([]values, groups*hours)
	} else {
		t.sparse = newTable()
	}
	if reasons {
		t.reasons = newTable()
	}
	return t
}

// reason adds n votes with a reason to a row.
func (t *tally) reason(group, hour int32, key schema.ReasonKey, n uint64) {
	t.reasons.at((uint64(group)*uint64(t.hours)+uint64(hour))<<8 | uint64(key))[0] += n
}

// rowsOver tells whether there are more rows than limit, as far as it is known
// before the end: a table's rows all have votes.
func (t *tally) rowsOver(limit int) bool { return t.sparse != nil && t.sparse.n > limit }

// answer returns what was counted; keyOf says what a group of leaves is.
func (t *tally) answer(keyOf func(group uint64) question.Key, rowsMax int) (*question.Counts, error) {
	c := &question.Counts{}
	key := func(row uint64) question.Key {
		k := keyOf(row / uint64(t.hours))
		k.Hour = question.Group(row % uint64(t.hours))
		return k
	}
	if n := t.rows(); n > rowsMax {
		return nil, schema.ErrTooManyRows
	} else if n > 0 {
		c.Rows = make([]question.Count, 0, n)
	}
	t.each(func(row uint64, v *values) {
		c.Rows = append(c.Rows, question.Count{Key: key(row), Values: *v})
	})
	if t.reasons != nil {
		c.Reasons = make([]question.ReasonCount, 0, t.reasons.n)
		t.reasons.each(func(at uint64, v *values) {
			c.Reasons = append(c.Reasons, question.ReasonCount{Key: key(at >> 8), Reason: schema.ReasonKey(at), N: v[0]})
		})
	}
	for class, v := range t.excluded {
		c.Excluded[class] = total(&v)
	}
	return c, nil
}

// rows is how many rows have votes.
func (t *tally) rows() int {
	n := 0
	t.each(func(uint64, *values) { n++ })
	return n
}

// each calls f for every row that has votes.
func (t *tally) each(f func(row uint64, v *values)) {
	if t.sparse != nil {
		t.sparse.each(f)
		return
	}
	for i := range t.dense {
		if t.dense[i] != (values{}) {
			f(uint64(i), &t.dense[i])
		}
	}
}

func total(v *values) uint64 {
	n := uint64(0)
	for _, count := range v {
		n += count
	}
	return n
}

// A table is counts by key, in open addressing: a map that gives the place of what
// it holds.
type table struct {
	slots []uint32 // Position in keys, and one more; 0: empty. A power of two of them.
	keys  []uint64
	rows  []values
	n     int
}

func newTable() *table {
	const few = 32
	return &table{slots: make([]uint32, 1<<8), keys: make([]uint64, 0, few), rows: make([]values, 0, few)}
}

// at returns the counts of key, until the next call.
func (t *table) at(key uint64) *values {
	mask := uint64(len(t.slots) - 1)
	i := mix(key) & mask
	for ; t.slots[i] != 0; i = (i + 1) & mask {
		if at := t.slots[i] - 1; t.keys[at] == key {
			return &t.rows[at]
		}
	}
	t.keys, t.rows = append(t.keys, key), append(t.rows, values{})
	t.n++
	t.slots[i] = uint32(t.n)
	if 2*t.n > len(t.slots) {
		t.grow()
	}
	return &t.rows[t.n-1]
}

func (t *table) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for at, key := range t.keys {
		i := mix(key) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(at + 1)
	}
}

func (t *table) each(f func(key uint64, v *values)) {
	for i := range t.keys {
		if t.rows[i] != (values{}) {
			f(t.keys[i], &t.rows[i])
		}
	}
}
