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
	registry *registry.Registry
	clock    calendar.Clock
	all      []*Dimension
	names    []string
	services []string          // Codes by number; "" where there is none.
	codes    []schema.ComuneID // All that comuni have had, ascending.
	now      atomic.Pointer[atlas]
}

// NewVocabulary returns the words of a registry, by a clock.
func NewVocabulary(reg *registry.Registry, clock calendar.Clock) *Vocabulary {
	v := &Vocabulary{registry: reg, clock: clock, services: serviceCodes(reg), codes: comuneCodes(reg)}
	v.all = v.dimensions()
	for _, d := range v.all {
		v.names = append(v.names, d.Name)
	}
	return v
}

// Clock returns the clock that days, weeks and months are by.
func (v *Vocabulary) Clock() calendar.Clock { return v.clock }

// Dimensions returns all dimensions. The slice is shared: do not change it.
func (v *Vocabulary) Dimensions() []*Dimension { return v.all }

// Codes returns every code that a comune has or has had, ascending. The slice is
// shared: do not change it.
func (v *Vocabulary) Codes() []schema.ComuneID { return v.codes }

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
	day      registry.Date
	index    []uint16 // By code: where in places it is, plus one; 0 for a code of no list.
	places   []place
	regionOf map[schema.ProvinceID]schema.RegionID
}

// A place is what a code stands for.
type place struct {
	comune uint32 // The code of the day.
	region schema.RegionID
}

// atlasAt returns the atlas of the day of now. It is made once a day.
func (v *Vocabulary) atlasAt(now time.Time) *atlas {
	day := registry.DateOf(now.In(v.clock.Zone()))
	if a := v.now.Load(); a != nil && a.day == day {
		return a
	}
	a := &atlas{day: day, regionOf: v.registry.RegionOf(), index: make([]uint16, int(v.codes[len(v.codes)-1])+1)}
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
	return place{comune: code, region: a.regionOf[schema.ComuneID(code).Province()]}
}
