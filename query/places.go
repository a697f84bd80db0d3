package query

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"mlf/schema"
	"mlf/schema/registry"
)

// places are the comuni by all the codes that they have had. Terminals keep the
// code that they were enrolled with, so votes of one comune may lie under
// several, whatever the time.
type places struct {
	*registry.Registry
	zone *time.Location
}

// readPlaces turns comuni into all of their codes, and provinces and regions
// into the codes of their comuni, because the store knows comuni only and
// derives the province from the code that was counted.
func (q *question) readPlaces(values url.Values, p places) error {
	regions, err := readFilter(q, values, "region", schema.ParseRegion, p.Region)
	if err != nil {
		return err
	}
	provinces, err := readFilter(q, values, "province", schema.ParseProvince, p.Province)
	if err != nil {
		return err
	}
	comuni, err := readFilter(q, values, "comune", schema.ParseComune, p.Comune)
	if err != nil {
		return err
	}
	for _, id := range comuni {
		q.Comuni = append(q.Comuni, p.Codes(id)...)
	}
	slices.Sort(q.Comuni)
	q.Comuni = slices.Compact(q.Comuni)
	if len(regions) > 0 {
		provinces = p.within(regions, provinces)
		q.nothing = len(provinces) == 0 // An empty filter would let everything pass.
	}
	if len(provinces) > 0 {
		q.narrow(p.territory(provinces, q.From, q.Next))
	}
	return nil
}

// within returns the provinces of the regions and, where some are given, of
// these only.
func (p places) within(regions []schema.RegionID, given []schema.ProvinceID) []schema.ProvinceID {
	var within []schema.ProvinceID
	for _, region := range regions {
		within = append(within, p.ProvincesOf(region)...)
	}
	if len(given) > 0 {
		within = slices.DeleteFunc(within, func(p schema.ProvinceID) bool { return !slices.Contains(given, p) })
	}
	return within
}

// territory returns the codes of the provinces, by Rome's days.
func (p places) territory(provinces []schema.ProvinceID, from, next schema.Hour) registry.Territory {
	day := func(h schema.Hour) registry.Date { return registry.DateOf(h.Time().In(p.zone)) }
	return p.Territory(provinces, day(from), day(next-1)+1)
}

// narrow lets only codes of t pass.
func (q *question) narrow(t registry.Territory) {
	q.Provinces = t.Provinces
	switch {
	case len(t.Comuni) == 0:
	case len(q.Comuni) == 0:
		q.Comuni = t.Comuni
	default:
		q.Comuni = slices.DeleteFunc(q.Comuni, func(id schema.ComuneID) bool {
			_, in := slices.BinarySearch(t.Comuni, id)
			return !in
		})
		q.nothing = len(q.Comuni) == 0
	}
}

// label gives the rows the codes that hold today: a comune is one row, and in
// the province that it is in, under whatever code its votes were counted.
func (q *question) label(reg *registry.Registry, today registry.Date) {
	if !slices.ContainsFunc(q.Group, func(c schema.Column) bool { return c <= schema.ColumnComune }) {
		return
	}
	q.today, q.CodeOf = today, reg.CodesAt(today)
	if slices.Contains(q.Group, schema.ColumnRegion) {
		q.RegionOf = reg.RegionOf()
	}
}

// readFilter reads a filter by ISTAT codes. A code that no place has is an
// error: it is misspelt, and would look like a place without votes.
func readFilter[ID fmt.Stringer, Place any](q *question, values url.Values, name string,
	parse func(string) (ID, error), known func(ID) (Place, bool),
) ([]ID, error) {
	ids, texts, err := parseList(values, name, parse)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if _, ok := known(id); !ok {
			return nil, badParameter(name, "no %s has the code %v", name, id)
		}
	}
	q.keep(name, texts)
	return ids, nil
}
