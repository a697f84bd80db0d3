package question

import (
	"fmt"
	"slices"

	"mlf/schema"
	"mlf/schema/registry"
)

// readPlaces turns comuni into all of their codes, and provinces and regions into
// the codes of their comuni: terminals keep the code that they were enrolled with,
// so votes of one comune may lie under several, whatever the time.
func (r *asker) readPlaces() error {
	q := r.q
	regions, err := readCodes(r, "region", schema.ParseRegion, r.registry.Region)
	if err != nil {
		return err
	}
	provinces, err := readCodes(r, "province", schema.ParseProvince, r.registry.Province)
	if err != nil {
		return err
	}
	comuni, err := readCodes(r, "comune", schema.ParseComune, r.registry.Comune)
	if err != nil {
		return err
	}
	for _, id := range comuni {
		q.comuni = append(q.comuni, r.registry.Codes(id)...)
	}
	slices.Sort(q.comuni)
	q.comuni = slices.Compact(q.comuni)
	if regions != nil {
		provinces = r.within(regions, provinces)
	}
	if provinces != nil {
		q.narrow(r.territory(provinces))
	}
	return nil
}

// within returns the provinces of the regions and, where some are given, of these
// only. It is not nil: no province is one that nothing passes.
func (r *asker) within(regions []schema.RegionID, given []schema.ProvinceID) []schema.ProvinceID {
	within := []schema.ProvinceID{}
	for _, region := range regions {
		within = append(within, r.registry.ProvincesOf(region)...)
	}
	if given != nil {
		within = slices.DeleteFunc(within, func(p schema.ProvinceID) bool { return !slices.Contains(given, p) })
	}
	return within
}

// territory returns the codes of the provinces, by Rome's days.
func (r *asker) territory(provinces []schema.ProvinceID) registry.Territory {
	day := func(h schema.Hour) registry.Date { return registry.Date(r.clock.DayOf(h)) }
	return r.registry.Territory(provinces, day(r.q.From), day(r.q.Next-1)+1)
}

// narrow lets only codes of t pass.
func (q *Question) narrow(t registry.Territory) {
	switch {
	case len(t.Comuni) == 0 && len(t.Provinces) == 0:
		q.comuni = []schema.ComuneID{}
	case len(t.Comuni) == 0:
		q.provinces = t.Provinces
	case q.comuni == nil:
		q.comuni = t.Comuni
	default:
		q.comuni = slices.DeleteFunc(q.comuni, func(id schema.ComuneID) bool {
			_, in := slices.BinarySearch(t.Comuni, id)
			return !in
		})
	}
}

// readCodes reads a filter by ISTAT codes. A code that no place has is an error:
// it is misspelt, and would look like a place without votes.
func readCodes[ID fmt.Stringer, Place any](r *asker, name string,
	parse func(string) (ID, error), known func(ID) (Place, bool),
) (ids []ID, err error) {
	if err := read(r, name, &ids, parse); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if _, ok := known(id); !ok {
			return nil, wrong(name, "no %s has the code %v", name, id)
		}
	}
	return ids, nil
}
