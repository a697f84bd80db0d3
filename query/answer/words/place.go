package words

import (
	"mlf/schema"
	"mlf/schema/registry"
)

// A Place is a comune, a region or the nation.
type Place struct {
	Level  string // comune, region or nation.
	Code   string // "" of the nation, as is Name.
	Name   string
	Comuni int // How many it has; 0 where it is one.
}

// FindPlace finds the place of a code, as of today: of a comune or a region, "" for
// the nation. False for one that is in no list.
func FindPlace(reg *registry.Registry, level, code string, today registry.Date) (Place, bool) {
	switch level {
	case "comune":
		id, err := schema.ParseComune(code)
		c, ok := reg.Comune(id)
		return Place{Level: level, Code: code, Name: c.Name}, ok && err == nil
	case "region":
		id, err := schema.ParseRegion(code)
		r, ok := reg.Region(id)
		return Place{level, code, r.Name, comuniOf(reg, id, today)}, ok && err == nil
	}
	return Place{Level: "nation", Comuni: comuniOf(reg, 0, today)}, true
}

// comuniOf returns how many comuni a region has; 0 stands for all regions.
func comuniOf(reg *registry.Registry, region schema.RegionID, today registry.Date) (n int) {
	comuni := reg.Comuni()
	for i := range comuni {
		if c := &comuni[i]; (c.Region == region || region == 0) && c.ValidOn(today) {
			n++
		}
	}
	return n
}
