package setup

import (
	"mlf/aggregate/store"
	"mlf/schema/registry"
)

// namesOf returns what BI tools are shown of the lists: every code that votes can
// lie under, in its newest form.
func namesOf(lists *registry.Registry) store.Names {
	var names store.Names
	for _, form := range lists.Comuni() {
		c, _ := lists.Comune(form.ID) // It is one of them.
		n := store.ComuneNames{
			ID: c.ID, Name: c.Name, Province: c.Province.String(), Region: c.Region.String(),
			Population: c.Population, PopulationClass: lists.PopulationClass(c.Population).Code,
		}
		if province, ok := lists.Province(c.Province); ok {
			n.ProvinceName = province.Name
		}
		if region, ok := lists.Region(c.Region); ok {
			n.RegionName, n.MacroArea = region.Name, region.MacroArea
		}
		names.Comuni = append(names.Comuni, n)
	}
	for _, s := range lists.Services() {
		names.Services = append(names.Services, store.ServiceNames{ID: s.ID, Code: s.Code, IT: s.Label.IT, EN: s.Label.EN, DE: s.Label.DE, Category: s.Category})
	}
	return names
}
