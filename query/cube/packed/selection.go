package packed

import (
	"math/bits"
	"slices"

	"mlf/query/question"
	"mlf/schema"
)

// out is the group of what is not asked for, as question.Out. What only the axis of
// the class leaves out is below it: see excludedGroup.
const out = int32(question.Out)

// excludedGroup is the group of leaves that every axis but that of the class takes.
func excludedGroup(c schema.Class) int32 {
	if c > schema.ClassMax {
		return out
	}
	return out - 1 - int32(c)
}

func excludedClass(group int32) schema.Class { return schema.Class(out - 1 - group) }

// axisN is how many axes a group of leaves is of: all but that of the hours.
const axisN = 6

// A selection is what a question takes of the leaves: which, and in what group. A
// group of leaves is a number for one group of each axis.
type selection struct {
	leaves *leaves
	axes   *question.Axes

	comune  []int32 // Group by position in leaves.comuni; nil: only those of picked are known.
	service []int32 // By number; so the others.
	channel []int32
	scale   []int32
	class   []int32
	office  []int32 // By number; nil until it is needed for all.

	sizes  [axisN]uint64 // Groups of each axis: the highest met, and one.
	groups int           // Groups of leaves.

	// Where the product of sizes is too high, groups are listed as they are met.
	keys    []question.Key
	numbers map[question.Key]int32

	grain  grain   // Of the cells that are read.
	cells  taking  // By grain.
	each   taking  // Of leaves: for reasons, and for cells where they are of leaves.
	combos []int32 // Group of each combo, where cells are not of leaves: for fresh ones.
}

// A taking says what of a column of numbers is taken, and in what group.
type taking struct {
	isFew  bool
	picked []pick  // Few, ascending; else:
	groups []int32 // By number.
}

// A pick is a leaf that a question takes.
type pick struct {
	leaf  uint32
	group int32
}

func newSelection(l *leaves, a *question.Axes) *selection {
	s := &selection{leaves: l, axes: a}
	for i := range s.sizes {
		s.sizes[i] = 1
	}
	places := s.places()
	n, regions := s.leavesOf(places), s.regions(places)
	if regions == nil && s.few(n) {
		s.meet(places)
		s.pick(places, n)
		s.cells = s.each
		return s
	}
	s.service = groupsOf(l.service, a.Service, &s.sizes[2])
	s.channel = groupsOf(l.channel, a.Channel, &s.sizes[3])
	s.scale = groupsOf(l.scale, a.Scale, &s.sizes[4])
	s.class = groupsOf(l.class, a.Class, &s.sizes[5])
	if a.Office == nil {
		s.number()
	}
	if regions != nil {
		s.coarsen(regions)
	}
	if regions == nil || a.Reasons {
		s.takeLeaves(places, n)
	}
	if regions == nil {
		s.cells = s.each
	}
	return s
}

// highest returns the highest of all, 0 of none.
func highest[T ~uint8 | ~uint16](all []T) T {
	most := T(0)
	for _, v := range all {
		most = max(most, v)
	}
	return most
}

// takeLeaves decides which leaves are taken, of the n that places have.
func (s *selection) takeLeaves(places []pick, n int) {
	if s.few(n) {
		s.pick(places, n)
		return
	}
	s.office = make([]int32, len(s.leaves.offices))
	if s.axes.Office != nil {
		for i, code := range s.leaves.offices {
			s.office[i] = groupOf(s.axes.Office, code, &s.sizes[1])
		}
		s.number()
	}
	s.all()
}

// leavesOf is how many leaves places have.
func (s *selection) leavesOf(places []pick) int {
	n := 0
	for _, p := range places {
		n += len(s.leaves.comuni[p.leaf].leaves)
	}
	return n
}

// places returns the comuni that are taken, by position, with their groups.
func (s *selection) places() []pick {
	a, l := s.axes, s.leaves
	if a.Comuni != nil && len(a.Comuni)*4 < len(l.comuni) {
		places := make([]pick, 0, len(a.Comuni))
		for _, id := range a.Comuni {
			if at, ok := l.comune(id); ok {
				if g := groupOf(a.Comune, id, &s.sizes[0]); g >= 0 {
					places = append(places, pick{at, g})
				}
			}
		}
		slices.SortFunc(places, func(a, b pick) int { return int(a.leaf) - int(b.leaf) })
		places = slices.Compact(places) // Who asks for a place twice gets it once.
		s.fill(places)
		return places
	}
	s.comune = make([]int32, len(l.comuni))
	places := make([]pick, 0, len(l.comuni))
	for at := range l.comuni {
		g := groupOf(a.Comune, l.comuni[at].id, &s.sizes[0])
		s.comune[at] = g
		if g >= 0 {
			places = append(places, pick{uint32(at), g})
		}
	}
	return places
}

// fill makes comune from places, where they turn out to have many leaves.
func (s *selection) fill(places []pick) {
	if s.few(s.leavesOf(places)) {
		return
	}
	s.comune = make([]int32, len(s.leaves.comuni))
	for i := range s.comune {
		s.comune[i] = out
	}
	for _, p := range places {
		s.comune[p.leaf] = p.group
	}
}

// groupOf asks the function of an axis, and notes in size how many groups it has.
func groupOf[T any](f func(T) question.Group, v T, size *uint64) int32 {
	if f == nil {
		return 0
	}
	g := f(v)
	if g < 0 {
		return out
	}
	*size = max(*size, uint64(g)+1)
	return int32(g)
}

// groupsOf returns the group of each of all, by its number.
func groupsOf[T ~uint8 | ~uint16](all []T, f func(T) question.Group, size *uint64) []int32 {
	if f == nil {
		return nil
	}
	groups := make([]int32, int(highest(all))+1)
	for _, v := range all {
		groups[v] = groupOf(f, v, size)
	}
	return groups
}

// in returns the group of a number; nil groups are one of all.
func in[T ~uint8 | ~uint16](groups []int32, v T) int32 {
	if groups == nil {
		return 0
	}
	return groups[v]
}

// productMax is the most groups of leaves that are numbered by a product.
const productMax = 1 << 22

// number decides how groups of leaves are numbered, now that sizes are known.
func (s *selection) number() {
	product := uint64(1)
	for _, n := range s.sizes {
		high, low := bits.Mul64(product, n)
		if high != 0 || low > productMax {
			s.numbers = make(map[question.Key]int32)
			return
		}
		product = low
	}
	s.groups = int(product)
}

// group returns the number of a group of leaves.
func (s *selection) group(comune, office int32, c combo) int32 {
	service, channel, scale := in(s.service, c.service), in(s.channel, c.channel), in(s.scale, c.scale)
	if comune < 0 || office < 0 || service < 0 || channel < 0 || scale < 0 {
		return out
	}
	class := in(s.class, c.class)
	if class < 0 {
		return excludedGroup(c.class)
	}
	if s.numbers != nil {
		return s.listed(question.Key{
			Comune: question.Group(comune), Office: question.Group(office), Service: question.Group(service),
			Channel: question.Group(channel), Scale: question.Group(scale), Class: question.Group(class),
		})
	}
	n := uint64(comune)
	for i, g := range [axisN - 1]int32{office, service, channel, scale, class} {
		n = n*s.sizes[i+1] + uint64(g)
	}
	return int32(n)
}

// key returns the groups that a group of leaves is of.
func (s *selection) key(group uint64) question.Key {
	if s.numbers != nil {
		return s.keys[group]
	}
	var g [axisN]question.Group
	for i := axisN - 1; i >= 0; i-- {
		g[i] = question.Group(group % s.sizes[i])
		group /= s.sizes[i]
	}
	return question.Key{Comune: g[0], Office: g[1], Service: g[2], Channel: g[3], Scale: g[4], Class: g[5]}
}

// listed returns the number of k, a new one where it has none.
func (s *selection) listed(k question.Key) int32 {
	n, ok := s.numbers[k]
	if !ok {
		n = int32(len(s.keys))
		s.numbers[k] = n
		s.keys = append(s.keys, k)
		s.groups = len(s.keys)
	}
	return n
}

// all takes leaves by the group of every one.
func (s *selection) all() {
	l := s.leaves
	groups := make([]int32, len(l.keys))
	for i := range groups {
		groups[i] = out
	}
	combos := s.withoutPlace()
	inPlace := s.sizes[2] * s.sizes[3] * s.sizes[4] * s.sizes[5]
	for at, g := range s.comune {
		if g < 0 {
			continue
		}
		place := int32(uint64(g) * s.sizes[1] * inPlace)
		for _, leaf := range l.comuni[at].leaves {
			if s.numbers != nil {
				groups[leaf] = s.group(g, s.office[l.keys[leaf].office], l.combo[l.combos[leaf]])
				continue
			}
			group := combos[l.combos[leaf]]
			if s.axes.Office != nil && group != out {
				group = s.inOffice(group, s.office[l.keys[leaf].office], inPlace)
			}
			if group >= 0 {
				group += place
			}
			groups[leaf] = group
		}
	}
	s.each.groups = groups
}

// inOffice returns group, which is of the first office, for another.
func (s *selection) inOffice(group, office int32, inPlace uint64) int32 {
	switch {
	case office < 0:
		return out
	case group < 0:
		return group
	}
	return group + int32(uint64(office)*inPlace)
}

// withoutPlace returns the group of every combo in the first comune and office.
func (s *selection) withoutPlace() []int32 {
	groups := make([]int32, len(s.leaves.combo))
	for i, c := range s.leaves.combo {
		if s.numbers == nil {
			groups[i] = s.group(0, 0, c)
		}
	}
	return groups
}

// coarsen has sums by region read, where all comuni of each region are in one group or
// none is taken, and offices are not told apart: those without service, where services
// are not either.
func (s *selection) coarsen(regions *[regionsMax]int32) {
	groupsOf := func(combos []combo) []int32 {
		groups := make([]int32, len(combos))
		for i, c := range combos {
			groups[i] = s.group(regions[c.region], 0, c)
		}
		return groups
	}
	if s.axes.Service != nil {
		s.grain, s.combos = comboGrain, groupsOf(s.leaves.combo)
		s.cells.groups = s.combos
		return
	}
	s.grain, s.cells.groups = regionGrain, groupsOf(s.leaves.region)
	s.combos = make([]int32, len(s.leaves.combo))
	for i, region := range s.leaves.regions {
		s.combos[i] = s.cells.groups[region]
	}
}

// regions returns the group of each region, nil where the cells of places are not those
// of regions: where comuni of one differ, or offices are told apart.
func (s *selection) regions(places []pick) *[regionsMax]int32 {
	if s.axes.Office != nil {
		return nil
	}
	var placed [regionsMax]int
	for _, p := range places {
		placed[s.leaves.comuni[p.leaf].region]++
	}
	for region, n := range placed {
		if n != 0 && n != s.leaves.placed[region] {
			return nil
		}
	}
	groups := new([regionsMax]int32)
	for i := range groups {
		groups[i] = out
	}
	for _, p := range places {
		region := s.leaves.comuni[p.leaf].region
		if groups[region] != out && groups[region] != p.group {
			return nil
		}
		groups[region] = p.group
	}
	return groups
}
