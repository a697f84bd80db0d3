package registry

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"mlf/schema"
)

// A Region is one of Italy's regions.
type Region struct {
	ID        schema.RegionID
	Name      string // Official, both languages where there are two.
	MacroArea string // Istat's ripartizione geografica: Nord-ovest, Nord-est, Centro, Sud, Isole.
}

// A Province is a province, a metropolitan city or what took its place.
type Province struct {
	ID     schema.ProvinceID
	Name   string // Official, both languages where there are two.
	Sigla  string // Two letters: RM.
	Region schema.RegionID
}

// A PopulationClass is a range of residents that the funding programmes use.
type PopulationClass struct {
	Code  string
	Label Label
	From  uint32 // The fewest residents; the first class has 0.
	Next  uint32 // One more than the most; 0 for no bound, which only the last class has.
}

// Area returns the code of r's macro area: its name in small letters, as
// ListMacroAreas has it.
func (r Region) Area() string { return strings.ReplaceAll(strings.ToLower(r.MacroArea), " ", "-") }

// Region returns the region with the given code.
func (r *Registry) Region(id schema.RegionID) (Region, bool) {
	i, ok := slices.BinarySearchFunc(r.regions, id, func(x Region, id schema.RegionID) int { return cmp.Compare(x.ID, id) })
	if !ok {
		return Region{}, false
	}
	return r.regions[i], true
}

// Regions returns the regions, ascending by code.
func (r *Registry) Regions() []Region { return r.regions }

// Province returns the province with the given code, also one that is no more.
func (r *Registry) Province(id schema.ProvinceID) (Province, bool) {
	for _, provinces := range [...][]Province{r.provinces, r.past} {
		i, ok := slices.BinarySearchFunc(provinces, id, func(x Province, id schema.ProvinceID) int { return cmp.Compare(x.ID, id) })
		if ok {
			return provinces[i], true
		}
	}
	return Province{}, false
}

// Provinces returns the provinces that there are, ascending by code.
func (r *Registry) Provinces() []Province { return r.provinces }

// ProvincesOf returns the provinces of a region, ascending, then those that are
// no more; nil for a region that does not exist. The slice is the caller's.
func (r *Registry) ProvincesOf(region schema.RegionID) []schema.ProvinceID {
	var ids []schema.ProvinceID
	for _, provinces := range [...][]Province{r.provinces, r.past} {
		for i := range provinces {
			if provinces[i].Region == region {
				ids = append(ids, provinces[i].ID)
			}
		}
	}
	return ids
}

// RegionOf maps every province to its region, also those that are no more.
func (r *Registry) RegionOf() map[schema.ProvinceID]schema.RegionID { return r.regionOf }

// PopulationClass returns the class of a comune with so many residents.
func (r *Registry) PopulationClass(residents uint32) PopulationClass {
	for _, c := range r.classes {
		if residents >= c.From && (residents < c.Next || c.Next == 0) {
			return c
		}
	}
	panic(fmt.Sprintf("BUG: no population class for %d residents", residents))
}

// PopulationClasses returns the classes, from the smallest comuni up.
func (r *Registry) PopulationClasses() []PopulationClass { return r.classes }

func (r *Registry) loadRegions(src source) error {
	seen := make(map[schema.RegionID]bool)
	err := readTable(src, "regions.csv", []string{"code", "name", "macro_area"}, func(row *row) {
		g := Region{ID: row.region()}
		once(row, seen, g.ID)
		g.Name, g.MacroArea = row.text(), row.text()
		r.regions = append(r.regions, g)
	})
	slices.SortFunc(r.regions, func(a, b Region) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

func (r *Registry) loadProvinces(src source) error {
	r.regionOf = make(map[schema.ProvinceID]schema.RegionID)
	seen, siglas := make(map[schema.ProvinceID]bool), make(map[string]bool)
	err := readTable(src, "provinces.csv", []string{"code", "name", "sigla", "region_code"}, func(row *row) {
		p := Province{ID: row.province()}
		once(row, seen, p.ID)
		p.Name = row.text()
		p.Sigla = row.text()
		once(row, siglas, p.Sigla)
		p.Region = row.region()
		if _, ok := r.Region(p.Region); !ok {
			row.fail("no region %v in regions.csv", p.Region)
		}
		r.provinces = append(r.provinces, p)
		r.regionOf[p.ID] = p.Region
	})
	slices.SortFunc(r.provinces, func(a, b Province) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

const pastProvincesFile = "past_provinces.csv"

// loadPastProvinces reads the provinces that are no more. Of a code that
// provinces.csv has, too, that one holds; and a list of the folder is not made
// to have what the program's list of the past refers to.
func (r *Registry) loadPastProvinces(src source) error {
	seen := make(map[schema.ProvinceID]bool)
	err := readTable(src, pastProvincesFile, []string{"code", "name", "sigla", "region_code"}, func(row *row) {
		p := Province{ID: row.province()}
		once(row, seen, p.ID)
		p.Name, p.Sigla, p.Region = row.text(), row.text(), row.region()
		_, ok := r.Region(p.Region)
		if !ok && src.holds(pastProvincesFile) {
			row.fail("no region %v in regions.csv", p.Region)
		}
		if _, known := r.regionOf[p.ID]; ok && !known {
			r.past = append(r.past, p)
			r.regionOf[p.ID] = p.Region
		}
	})
	slices.SortFunc(r.past, func(a, b Province) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

// loadPopulationClasses wants the file in ascending order, so that a gap or an
// overlap is seen on the line that makes it.
func (r *Registry) loadPopulationClasses(src source) error {
	const file = "population_classes.csv"
	var next uint32
	closed := false
	seen := make(map[string]bool)
	err := readTable(src, file, []string{"code", "label_it", "label_en", "label_de", "from", "next"}, func(row *row) {
		c := PopulationClass{Code: row.code()}
		once(row, seen, c.Code)
		c.Label = row.label()
		c.From = row.number(math.MaxUint32)
		if c.From != next || closed {
			row.fail("%d: want each class to begin where the one before ends, the first at 0", c.From)
		}
		if row.cells[row.at] == "" {
			closed = row.field() == ""
		} else if c.Next = row.number(math.MaxUint32); c.Next <= c.From {
			row.fail("%d: want more than %d", c.Next, c.From)
		}
		next = c.Next
		r.classes = append(r.classes, c)
		r.labels[ListPopulationClasses] = append(r.labels[ListPopulationClasses], Entry{Code: c.Code, Label: c.Label})
	})
	if err == nil && !closed {
		err = fmt.Errorf("read registry file %s: column next of the last line must be empty: no bound", file)
	}
	return err
}

// once refuses a key that an earlier line of the file has.
func once[K comparable](r *row, seen map[K]bool, key K) {
	if seen[key] {
		r.fail("%v occurs a second time", key)
	}
	seen[key] = true
}
