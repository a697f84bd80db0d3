package packed

import (
	"slices"

	"mlf/query/question"
)

// fewLeaves is how many leaves, of a hundred, are so few that each is looked up.
const fewLeaves = 10

// few tells whether n leaves are so few that each is looked up.
func (s *selection) few(n int) bool { return n*100 <= len(s.leaves.keys)*fewLeaves }

// meet finds the groups of what the leaves of places have: of few leaves these are few,
// and so are their products.
func (s *selection) meet(places []pick) {
	a, l := s.axes, s.leaves
	s.service, s.channel = noneOf(l.service, a.Service), noneOf(l.channel, a.Channel)
	s.scale, s.class = noneOf(l.scale, a.Scale), noneOf(l.class, a.Class)
	for _, p := range places {
		for _, leaf := range l.comuni[p.leaf].leaves {
			k := &l.keys[leaf]
			meet(s.service, a.Service, k.service, &s.sizes[2])
			meet(s.channel, a.Channel, k.channel, &s.sizes[3])
			meet(s.scale, a.Scale, k.scale, &s.sizes[4])
			meet(s.class, a.Class, k.class, &s.sizes[5])
		}
	}
	if a.Office == nil {
		s.number()
	}
}

// meet notes the group of v, if it is not known.
func meet[T ~uint8 | ~uint16](groups []int32, f func(T) question.Group, v T, size *uint64) {
	if f != nil && groups[v] == out {
		groups[v] = groupOf(f, v, size)
	}
}

// noneOf returns room for the groups of all, by number.
func noneOf[T ~uint8 | ~uint16](all []T, f func(T) question.Group) []int32 {
	if f == nil {
		return nil
	}
	groups := make([]int32, int(highest(all))+1)
	for i := range groups {
		groups[i] = out
	}
	return groups
}

// pick takes the n leaves of places.
func (s *selection) pick(places []pick, n int) {
	offices := make([]int32, 0, n)
	picked := make([]pick, 0, n)
	for _, p := range places {
		for _, leaf := range s.leaves.comuni[p.leaf].leaves {
			office := int32(0)
			if s.axes.Office != nil {
				office = groupOf(s.axes.Office, s.leaves.offices[s.leaves.keys[leaf].office], &s.sizes[1])
			}
			if office >= 0 {
				picked = append(picked, pick{leaf, p.group})
				offices = append(offices, office)
			}
		}
	}
	if s.axes.Office != nil {
		s.number()
	}
	kept := picked[:0]
	for i, p := range picked {
		k := &s.leaves.keys[p.leaf]
		p.group = s.group(p.group, offices[i], combo{service: k.service, channel: k.channel, scale: k.scale, class: k.class})
		if p.group != out {
			kept = append(kept, p)
		}
	}
	slices.SortFunc(kept, func(a, b pick) int { return int(a.leaf) - int(b.leaf) })
	s.each = taking{isFew: true, picked: kept}
}
