package words

import (
	"mlf/schema"
	"mlf/schema/registry"
)

// A Place is a comune, a province, a region or the nation.
type Place struct {
	Level  string // comune, province, region or nation.
	Code   string // "" of the nation, as is Name.
	Name   string
	Comuni int // How many it has; 0 where it is one.
}

// FindPlace finds the place of a code, as of today: of a comune, a province or a region, ""
// for the nation. False for one that is in no list.
func FindPlace(reg *registry.Registry, level, code string, today registry.Date) (Place, bool) {
	switch level {
	case "comune":
		id, err := schema.ParseComune(code)
		c, ok := reg.Comune(id)
		return Place{Level: level, Code: code, Name: c.Name}, ok && err == nil
	case "province":
		id, err := schema.ParseProvince(code)
		p, ok := reg.Province(id)
		return Place{level, code, p.Name, comuniOf(reg, today, func(c *registry.Comune) bool { return c.ID.Province() == id })}, ok && err == nil
	case "region":
		id, err := schema.ParseRegion(code)
		r, ok := reg.Region(id)
		return Place{level, code, r.Name, comuniOf(reg, today, func(c *registry.Comune) bool { return c.Region == id })}, ok && err == nil
	}
	return Place{Level: "nation", Comuni: comuniOf(reg, today, func(*registry.Comune) bool { return true })}, true
}

// comuniOf returns how many of the comuni of today are in a place.
func comuniOf(reg *registry.Registry, today registry.Date, isIn func(*registry.Comune) bool) (n int) {
	comuni := reg.Comuni()
	for i := range comuni {
		if c := &comuni[i]; isIn(c) && c.ValidOn(today) {
			n++
		}
	}
	return n
}
