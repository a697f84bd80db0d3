package question

import (
	"mlf/query/calendar"
	"mlf/schema"
)

// A Step is one step of a frame's grid of time: the group of its hours, and where
// they begin and end. It may end before its hours do in the calendar, with the
// frame's.
type Step struct {
	Group Group
	Span
	Text    string // What its column says.
	Running bool   // It has begun and is not over.
	Cut     bool   // The frame begins or ends within it.
}

// Grid returns the steps of time, ascending, also those that have not begun; nil
// where time is no column. Of a dimension that comes again, as weekdays do, a step
// is all hours of one value, in the order in which they come up first.
func (f *Frame) Grid() []Step {
	s := f.sides[OfHour]
	if s == nil {
		return nil
	}
	var steps []Step
	at := make([]int, len(s.keys)) // By group: the step, plus one.
	for i, g := range f.Hours {
		h := f.From + schema.Hour(i)
		if g == Out {
			continue
		}
		if at[g] == 0 {
			steps = append(steps, Step{Group: g, Span: Span{From: h}})
			at[g] = len(steps)
		}
		steps[at[g]-1].Next = h + 1
	}
	if running, ok := f.running(); ok && int(running) < len(at) && at[running] > 0 {
		steps[at[running]-1].Running = true
	}
	for i := range steps {
		steps[i].Text = s.text(steps[i].Group, 0)
	}
	for _, outside := range []schema.Hour{f.From - 1, f.Next} {
		if g, ok := f.groupAt(outside); ok && int(g) < len(at) && at[g] > 0 {
			steps[at[g]-1].Cut = true
		}
	}
	return steps
}

// running returns the group of the hour in which f's question was asked, where a
// group is one span of time.
func (f *Frame) running() (Group, bool) { return f.groupAt(f.question.Now) }

// groupAt returns the group of an hour, where a group is one span of time, of which
// f has hours.
func (f *Frame) groupAt(h schema.Hour) (Group, bool) {
	s := f.sides[OfHour]
	if s == nil || !s.dims[0].spans {
		return 0, false
	}
	var key uint64
	f.question.clock.EachDay(h, h+1, func(t calendar.Stretch) { key = uint64(s.dims[0].hour(t, 0)) })
	return s.find(key)
}

// fill adds rows of nothing: every step that has begun, of all else that is there.
func (f *Frame) fill(rows []Count) ([]Count, error) {
	var steps []Step
	for _, step := range f.Grid() {
		if step.From <= f.question.Now {
			steps = append(steps, step)
		}
	}
	there := make(map[Key]bool, len(rows))
	var others []Key // Of everything but time.
	seen := make(map[Key]bool)
	for i := range rows {
		k := rows[i].Key
		there[k] = true
		k.Hour = 0
		if !seen[k] {
			seen[k] = true
			others = append(others, k)
		}
	}
	if len(others) == 0 && len(f.question.Group) == len(f.sides[OfHour].dims) {
		others = []Key{{}}
	}
	if len(steps)*len(others) > f.RowsMax {
		return nil, schema.ErrTooManyRows
	}
	for _, k := range others {
		for _, step := range steps {
			if k.Hour = step.Group; !there[k] {
				rows = append(rows, Count{Key: k})
			}
		}
	}
	return rows, nil
}

// Tables returns the table of what was counted for f and, where before is not nil,
// for g over another span: rows of the same group, of which steps of time are those
// that come after as many in either grid. Steps that g has more are left out.
// Where the question wants them, it has rows of nothing; schema.ErrTooManyRows:
// those are more than f.RowsMax.
func (f *Frame) Tables(counts *Counts, g *Frame, before *Counts) (*Table, error) {
	var joined map[Key][schema.ValueMax]uint64
	if before != nil {
		joined = f.join(counts, g, before)
	}
	if len(counts.Rows) > f.RowsMax {
		return nil, schema.ErrTooManyRows
	}
	if f.question.Fill {
		rows, err := f.fill(counts.Rows)
		if err != nil {
			return nil, err
		}
		counts.Rows = rows
	}
	t := f.Table(counts)
	if before != nil {
		t.Before = make([]Count, len(t.Rows))
		for i := range t.Rows {
			t.Before[i] = Count{Key: t.Rows[i].Key, Values: joined[t.Rows[i].Key]}
		}
	}
	return t, nil
}

// join returns what was counted before by the keys of f, and gives counts a row of
// nothing for each of these that has none.
func (f *Frame) join(counts *Counts, g *Frame, before *Counts) map[Key][schema.ValueMax]uint64 {
	hours, there := f.hoursOf(g), make(map[Key]bool)
	for i := range counts.Rows {
		there[counts.Rows[i].Key] = true
	}
	joined := make(map[Key][schema.ValueMax]uint64)
	for i := range before.Rows {
		k := before.Rows[i].Key
		if k.Hour = hours(k.Hour); k.Hour == Out {
			continue
		}
		joined[k] = before.Rows[i].Values
		if !there[k] {
			counts.Rows = append(counts.Rows, Count{Key: k})
		}
	}
	return joined
}

// hoursOf returns for groups of g's time those of f's; Out for none.
func (f *Frame) hoursOf(g *Frame) func(Group) Group {
	s, other := f.sides[OfHour], g.sides[OfHour]
	switch {
	case s == nil:
		return func(h Group) Group { return h }
	case !s.dims[0].spans:
		return func(h Group) Group { return s.groupOf(other.keys[h]) }
	}
	of := make(map[Group]Group)
	steps := f.Grid()
	for i, step := range g.Grid() {
		if i < len(steps) {
			of[step.Group] = steps[i].Group
		}
	}
	return func(h Group) Group {
		if same, ok := of[h]; ok {
			return same
		}
		return Out
	}
}
