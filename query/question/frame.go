package question

import (
	"slices"

	"mlf/query/calendar"
	"mlf/schema"
)

// A Frame is a question over one span of time: its axes, and what their groups
// stand for. Not safe for concurrent use: groups are numbered as they are met.
type Frame struct {
	Axes
	question *Question
	sides    [attributes]*side // Nil where nothing is grouped by.
}

// A side is the dimensions of one attribute, which become the groups of its axis.
type side struct {
	dims    []*Dimension
	groups  map[uint64]Group // By the values of dims, joined in one number; nil while there are few.
	keys    []uint64         // The other way round.
	offices map[schema.OfficeCode]Group
	texts   []string // Of the offices, by group.
}

// Frame returns q's frame over span.
func (q *Question) Frame(span Span) *Frame {
	f := &Frame{question: q}
	for _, d := range q.Group {
		if f.sides[d.Of] == nil {
			f.sides[d.Of] = new(side)
		}
		f.sides[d.Of].dims = append(f.sides[d.Of].dims, d)
	}
	f.Axes = Axes{
		From: span.From, Next: span.Next,
		Provinces: q.provinces, Comuni: q.comuni, Offices: q.offices, Services: q.services,
		Comune: f.comune(), Office: f.office(),
		Service: axis(f, OfService, q.services), Channel: axis(f, OfChannel, q.channels),
		Scale: axis(f, OfScale, q.scales), Class: axis(f, OfClass, q.classes),
	}
	if f.sides[OfHour] != nil || q.hours != nil {
		f.Hours = f.hours(span)
	}
	return f
}

// Against returns q's frame over another span, whose groups are those of f, time
// apart: what was counted for both can be joined.
func (f *Frame) Against(span Span) *Frame {
	g := *f
	g.From, g.Next = span.From, span.Next
	if s := f.sides[OfHour]; s != nil {
		g.sides[OfHour] = &side{dims: s.dims}
	}
	if f.Hours != nil {
		g.Hours = g.hours(span)
	}
	return &g
}

// axis returns the groups of an attribute that has numbers and a list of what
// passes; nil where one group of all will do.
func axis[T ~uint8 | ~uint16](f *Frame, of Attribute, passing []T) func(T) Group {
	s := f.sides[of]
	if s == nil && passing == nil {
		return nil
	}
	return func(x T) Group {
		switch {
		case passing != nil && !slices.Contains(passing, x):
			return Out
		case s == nil:
			return 0
		}
		return s.group(f.question.atlas, uint32(x))
	}
}

// comune returns the groups of comuni. What a code of the lists falls into is
// found once: there are thousands, and a hundred thousand cells ask for each.
func (f *Frame) comune() func(schema.ComuneID) Group {
	q, s := f.question, f.sides[OfComune]
	if s == nil && q.comuni == nil && q.provinces == nil {
		return nil
	}
	find := func(code schema.ComuneID) Group {
		if !q.passes(code) {
			return Out
		}
		if s == nil {
			return 0
		}
		return s.group(q.atlas, uint32(code))
	}
	if q.atlas == nil {
		return find
	}
	const unknown = 0
	found := make([]Group, len(q.atlas.places)) // By number: the group + 2.
	return func(code schema.ComuneID) Group {
		i, ok := q.atlas.number(uint32(code))
		if !ok {
			return find(code)
		}
		if found[i] == unknown {
			found[i] = find(code) + 2
		}
		return found[i] - 2
	}
}

// passes tells whether votes that were counted under code do.
func (q *Question) passes(code schema.ComuneID) bool {
	if q.provinces != nil && !slices.Contains(q.provinces, code.Province()) {
		return false
	}
	if q.comuni == nil {
		return true
	}
	_, in := slices.BinarySearch(q.comuni, code)
	return in
}

// office returns the groups of offices, which have no numbers: each is a group of
// its own, whatever offices there are.
func (f *Frame) office() func(schema.OfficeCode) Group {
	q, s := f.question, f.sides[OfOffice]
	if s == nil && q.offices == nil {
		return nil
	}
	return func(code schema.OfficeCode) Group {
		switch {
		case q.offices != nil && !slices.Contains(q.offices, code):
			return Out
		case s == nil:
			return 0
		}
		return s.officeGroup(code)
	}
}

func (s *side) officeGroup(code schema.OfficeCode) Group {
	g, ok := s.offices[code]
	if !ok {
		if s.offices == nil {
			s.offices = make(map[schema.OfficeCode]Group)
		}
		g = Group(len(s.texts))
		s.offices[code] = g
		s.texts = append(s.texts, string(code))
	}
	return g
}

// group returns the group of a value of the attribute.
func (s *side) group(a *atlas, x uint32) Group {
	var key uint64
	for _, d := range s.dims {
		key = key*d.radix + uint64(d.value(a, x))
	}
	return s.groupOf(key)
}

// fewGroups are found quicker in a list than in a map.
const fewGroups = 32

// find returns the group of a key, false where it has none yet.
func (s *side) find(key uint64) (Group, bool) {
	if s.groups != nil {
		g, ok := s.groups[key]
		return g, ok
	}
	i := slices.Index(s.keys, key)
	return Group(i), i >= 0
}

func (s *side) groupOf(key uint64) Group {
	if g, ok := s.find(key); ok {
		return g
	}
	g := Group(len(s.keys))
	s.keys = append(s.keys, key)
	switch {
	case s.groups != nil:
		s.groups[key] = g
	case len(s.keys) > fewGroups:
		s.groups = make(map[uint64]Group, 2*fewGroups)
		for i, key := range s.keys {
			s.groups[key] = Group(i)
		}
	}
	return g
}

// hours returns the groups of the hours of span.
func (f *Frame) hours(span Span) []Group {
	groups := make([]Group, 0, span.Next-span.From)
	hourly := f.hourly()
	f.question.clock.EachDay(span.From, span.Next, func(t calendar.Stretch) {
		for i := range uint32(t.Next - t.First) {
			if i > 0 && !hourly {
				groups = append(groups, groups[len(groups)-1])
				continue
			}
			groups = append(groups, f.hour(t, i, groups))
		}
	})
	return groups
}

// hourly tells whether the hours of a day may be of several groups.
func (f *Frame) hourly() bool {
	is := func(d *Dimension) bool { return d.hourly }
	s := f.sides[OfHour]
	return s != nil && slices.ContainsFunc(s.dims, is) || slices.ContainsFunc(f.question.hours, func(f filter) bool { return f.hourly })
}

// hour returns the group of the i-th hour of t, which comes after those of before.
func (f *Frame) hour(t calendar.Stretch, i uint32, before []Group) Group {
	for k := range f.question.hours {
		if d := &f.question.hours[k]; !d.passes(d.hour(t, i)) {
			return Out
		}
	}
	s := f.sides[OfHour]
	if s == nil {
		return 0
	}
	var key uint64
	for _, d := range s.dims {
		key = key*d.radix + uint64(d.hour(t, i))
	}
	if n := len(before); n > 0 && before[n-1] != Out && s.keys[before[n-1]] == key {
		return before[n-1] // As nearly always.
	}
	return s.groupOf(key)
}

// hour returns the value at the i-th hour of t.
func (d *Dimension) hour(t calendar.Stretch, i uint32) uint32 {
	if d.hourly {
		return d.at(t) + i
	}
	return d.at(t)
}

// value returns the value that dimension i of s has in group g.
func (s *side) value(g Group, i int) uint32 {
	key := s.keys[g]
	for k := len(s.dims) - 1; k > i; k-- {
		key /= s.dims[k].radix
	}
	return uint32(key % s.dims[i].radix)
}

// Text returns the text that the i-th dimension of an attribute, in the order of f's
// question, has in group g: for who needs no table.
func (f *Frame) Text(of Attribute, i int, g Group) string { return f.sides[of].text(g, i) }

// text returns the text that dimension i of s has in group g.
func (s *side) text(g Group, i int) string {
	if s.dims[i].Of == OfOffice {
		return s.texts[g]
	}
	return string(s.dims[i].text(nil, s.value(g, i)))
}
