package packed

import (
	"maps"
	"slices"

	"mlf/schema"
)

// A leafKey is a cell without its hour; its office is a number in offices.
type leafKey struct {
	comune  schema.ComuneID
	office  uint32
	service schema.ServiceID
	channel schema.Channel
	scale   schema.Scale
	class   schema.Class
}

// leaves are all leaves that there are, by number. What is there does not change,
// but for the combos: more are appended, so that readers of an older value go on
// with what they have.
type leaves struct {
	keys    []leafKey
	comunes []uint32 // By leaf: the position of its comune in comuni.
	combos  []uint32 // By leaf, a number in combo.
	combo   []combo
	regions []uint32 // By combo, a number in region.
	region  []combo  // Without service.
	scales  [grainN][]schema.Scale

	offices []schema.OfficeCode
	comuni  []comune           // In the order of their coming.
	byID    []comuneAt         // Sorted.
	placed  [regionsMax]int    // How many comuni are in each region.
	service []schema.ServiceID // All that there are; so channel, scale and class.
	channel []schema.Channel
	scale   []schema.Scale
	class   []schema.Class
}

// A comune is a place that has votes.
type comune struct {
	id     schema.ComuneID
	region schema.RegionID
	leaves []uint32 // Ascending.
}

type comuneAt struct {
	id schema.ComuneID
	at uint32
}

// comune returns the position of id.
func (l *leaves) comune(id schema.ComuneID) (uint32, bool) {
	i, ok := slices.BinarySearchFunc(l.byID, id, func(c comuneAt, id schema.ComuneID) int { return int(c.id) - int(id) })
	if !ok {
		return 0, false
	}
	return l.byID[i].at, true
}

// A catalogue is leaves that grow, and what finds them. It belongs to one goroutine.
type catalogue struct {
	leaves
	regionOf func(schema.ComuneID) schema.RegionID

	numbers  map[leafKey]uint32
	officeAt map[schema.OfficeCode]uint32
	comuneAt map[schema.ComuneID]uint32
	comboAt  map[combo]uint32
	regionAt map[combo]uint32
}

func newCatalogue(regionOf func(schema.ComuneID) schema.RegionID) *catalogue {
	if regionOf == nil {
		regionOf = func(schema.ComuneID) schema.RegionID { return 0 }
	}
	return &catalogue{
		regionOf: regionOf,
		numbers:  make(map[leafKey]uint32),
		officeAt: make(map[schema.OfficeCode]uint32),
		comuneAt: make(map[schema.ComuneID]uint32),
		comboAt:  make(map[combo]uint32),
		regionAt: make(map[combo]uint32),
	}
}

// leaf returns the number of the leaf that c is in.
func (c *catalogue) leaf(cell *schema.Cell) uint32 {
	office, ok := c.officeAt[cell.Office]
	if !ok {
		office = uint32(len(c.offices))
		c.offices = append(c.offices, cell.Office)
		c.officeAt[cell.Office] = office
	}
	return c.number(leafKey{cell.Comune, office, cell.Service, cell.Channel, cell.Scale, cell.Class})
}

// number returns the number of k, a new one where it has none.
func (c *catalogue) number(k leafKey) uint32 {
	n, ok := c.numbers[k]
	if ok {
		return n
	}
	n = uint32(len(c.keys))
	c.numbers[k] = n
	c.keys = append(c.keys, k)
	at, ok := c.comuneAt[k.comune]
	if !ok {
		at = uint32(len(c.comuni))
		c.comuneAt[k.comune] = at
		c.comuni = append(c.comuni, comune{id: k.comune, region: c.regionOf(k.comune)})
		c.placed[c.comuni[at].region]++
	}
	c.comunes = append(c.comunes, at)
	c.comuni[at].leaves = append(c.comuni[at].leaves, n)
	c.combos = append(c.combos, c.comboOf(k, c.comuni[at].region))
	c.scales[leafGrain] = append(c.scales[leafGrain], k.scale)
	c.service, c.channel = with(c.service, k.service), with(c.channel, k.channel)
	c.scale, c.class = with(c.scale, k.scale), with(c.class, k.class)
	return n
}

// comboOf returns the number of the combo of k, a new one where it has none.
func (c *catalogue) comboOf(k leafKey, region schema.RegionID) uint32 {
	of := combo{region, k.service, k.channel, k.scale, k.class}
	n, ok := numberIn(c.comboAt, &c.combo, of)
	if !ok {
		c.scales[comboGrain] = append(c.scales[comboGrain], k.scale)
		of.service = 0
		region, ok := numberIn(c.regionAt, &c.region, of)
		if !ok {
			c.scales[regionGrain] = append(c.scales[regionGrain], k.scale)
		}
		c.regions = append(c.regions, region)
	}
	return n
}

// numberIn returns the number of v in all; false where it is new there.
func numberIn(numbers map[combo]uint32, all *[]combo, v combo) (uint32, bool) {
	n, ok := numbers[v]
	if !ok {
		n = uint32(len(*all))
		numbers[v] = n
		*all = append(*all, v)
	}
	return n, ok
}

// with returns all, and v if it was not among them.
func with[T comparable](all []T, v T) []T {
	if slices.Contains(all, v) {
		return all
	}
	return append(all, v)
}

// view returns the leaves as they are now, for readers. What changes in place is
// copied: the list of comuni, whose leaves grow.
func (c *catalogue) view() *leaves {
	v := c.leaves
	v.comuni = slices.Clone(c.comuni)
	if len(c.byID) != len(c.comuni) {
		c.byID = make([]comuneAt, 0, len(c.comuni))
		for _, id := range slices.Sorted(maps.Keys(c.comuneAt)) {
			c.byID = append(c.byID, comuneAt{id, c.comuneAt[id]})
		}
		v.byID = c.byID
	}
	return &v
}

// regroup asks again which region each comune is in. It tells whether any is in
// another than before: then all sums by combo are to be made anew.
func (c *catalogue) regroup() bool {
	changed := false
	comuni := slices.Clone(c.comuni)
	for i := range comuni {
		region := c.regionOf(comuni[i].id)
		changed = changed || region != comuni[i].region
		comuni[i].region = region
	}
	if !changed {
		return false
	}
	c.comuni, c.placed = comuni, [regionsMax]int{}
	for i := range comuni {
		c.placed[comuni[i].region]++
	}
	c.combo, c.comboAt = nil, make(map[combo]uint32)
	c.region, c.regionAt = nil, make(map[combo]uint32)
	c.scales[comboGrain], c.scales[regionGrain] = nil, nil
	c.combos, c.regions = make([]uint32, 0, cap(c.combos)), nil
	for n, k := range c.keys {
		c.combos = append(c.combos, c.comboOf(k, comuni[c.comunes[n]].region))
	}
	return true
}
