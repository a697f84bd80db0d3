package question

import (
	"slices"
	"sync/atomic"
	"time"

	"mlf/query/calendar"
	"mlf/schema"
	"mlf/schema/registry"
)

// A Vocabulary is the words that questions are asked in: dimensions, places,
// services, the calendar. Safe for concurrent use.
type Vocabulary struct {
	registry                        *registry.Registry
	clock                           calendar.Clock
	all                             []*Dimension
	names                           []string
	services                        []string          // Codes by number; "" where there is none.
	categoryOf                      []uint16          // Of the services, by number.
	macroAreas, classes, categories []string          // Codes.
	codes                           []schema.ComuneID // All that comuni have had, ascending.
	now                             atomic.Pointer[atlas]
}

// NewVocabulary returns the words of a registry, by a clock.
func NewVocabulary(reg *registry.Registry, clock calendar.Clock) *Vocabulary {
	v := &Vocabulary{registry: reg, clock: clock, services: serviceCodes(reg), codes: comuneCodes(reg)}
	v.macroAreas = macroAreas(reg)
	for _, c := range reg.PopulationClasses() {
		v.classes = append(v.classes, c.Code)
	}
	for _, e := range reg.Labels(registry.ListCategories) {
		v.categories = append(v.categories, e.Code)
	}
	slices.Sort(v.categories)
	v.categoryOf = make([]uint16, len(v.services))
	for _, s := range reg.Services() {
		v.categoryOf[s.ID] = uint16(slices.Index(v.categories, s.Category) + 1)
	}
	v.all = v.dimensions()
	for _, d := range v.all {
		v.names = append(v.names, d.Name)
	}
	return v
}

// Clock returns the clock that days, weeks and months are by.
func (v *Vocabulary) Clock() calendar.Clock { return v.clock }

// Registry returns the registry whose words they are.
func (v *Vocabulary) Registry() *registry.Registry { return v.registry }

// Dimensions returns all dimensions. The slice is shared: do not change it.
func (v *Vocabulary) Dimensions() []*Dimension { return v.all }

// Codes returns every code that a comune has or has had, ascending. The slice is
// shared: do not change it.
func (v *Vocabulary) Codes() []schema.ComuneID { return v.codes }

// RegionOf returns the region that a comune lies in today, under whatever code; 0
// for a code of no list. Safe for concurrent use.
func (v *Vocabulary) RegionOf(id schema.ComuneID) schema.RegionID {
	return v.atlasAt(time.Now()).place(uint32(id)).region
}

// serviceCodes returns the services' codes by number. Own services may have
// numbers up to 65,535, so this is made once: 1 MiB then.
func serviceCodes(reg *registry.Registry) []string {
	services := reg.Services()
	codes := make([]string, int(services[len(services)-1].ID)+1)
	for _, service := range services {
		codes[service.ID] = service.Code
	}
	return codes
}

// macroAreas returns the codes of the macro areas in Istat's order, which is that
// of the regions: from the north-west to the islands.
func macroAreas(reg *registry.Registry) []string {
	var codes []string
	for _, region := range reg.Regions() {
		if code := region.Area(); !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// category returns the number of a service's category; 0 for none.
func (v *Vocabulary) category(service uint32) uint32 {
	if int(service) < len(v.categoryOf) {
		return uint32(v.categoryOf[service])
	}
	return 0
}

func comuneCodes(reg *registry.Registry) []schema.ComuneID {
	var codes []schema.ComuneID
	for i := range reg.Comuni() {
		codes = append(codes, reg.Codes(reg.Comuni()[i].ID)...)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// An atlas is the places as they are on one day: rows have the codes that hold
// then, so that a comune is one row, and in the province that it is in, under
// whatever code its votes were counted.
type atlas struct {
	*Vocabulary
	day    registry.Date
	index  []uint16 // By code: where in places it is, plus one; 0 for a code of no list.
	places []place
}

// A place is what a code stands for.
type place struct {
	comune    uint32 // The code of the day.
	region    schema.RegionID
	macroArea uint8 // Its number in the list, as are the next two; 0 for none.
	class     uint8
	small     uint8 // Of truths.
}

// smallMax is the most residents of a small comune: law 158 of 6 October 2017,
// article 1. (The funding programmes' first class has one less.)
const smallMax = 5000

// atlasAt returns the atlas of the day of now. It is made once a day.
func (v *Vocabulary) atlasAt(now time.Time) *atlas {
	day := registry.DateOf(now.In(v.clock.Zone()))
	if a := v.now.Load(); a != nil && a.day == day {
		return a
	}
	a := &atlas{Vocabulary: v, day: day, index: make([]uint16, int(v.codes[len(v.codes)-1])+1)}
	other := v.registry.CodesAt(day)
	for i, code := range v.codes {
		now, ok := other[code]
		if !ok {
			now = code
		}
		a.index[code] = uint16(i + 1)
		a.places = append(a.places, a.placeOf(uint32(now)))
	}
	v.now.Store(a)
	return a
}

// number returns the number of a code among those of the lists; false for one of
// none.
func (a *atlas) number(code uint32) (int, bool) {
	if int(code) >= len(a.index) || a.index[code] == 0 {
		return 0, false
	}
	return int(a.index[code]) - 1, true
}

// place returns what code stands for. Of one that is in no list the province, and
// with it the region, are known all the same.
func (a *atlas) place(code uint32) place {
	if i, ok := a.number(code); ok {
		return a.places[i]
	}
	return a.placeOf(code)
}

func (a *atlas) placeOf(code uint32) place {
	p := place{comune: code, region: a.registry.RegionOf()[schema.ComuneID(code).Province()]}
	if region, ok := a.registry.Region(p.region); ok {
		p.macroArea = uint8(slices.Index(a.macroAreas, region.Area()) + 1)
	}
	if c, ok := a.registry.ComuneAt(schema.ComuneID(code), a.day); ok {
		p.class = uint8(slices.Index(a.classes, a.registry.PopulationClass(c.Population).Code) + 1)
		p.small = uint8(truth(c.Population <= smallMax))
	}
	return p
}
