package question

import (
	"sync"

	"mlf/schema"
	"mlf/schema/registry"
)

// readNames reads whether columns of codes have their names beside them, and in which
// language.
func (r *asker) readNames() error {
	text, err := Single(r.values, "names")
	if _, ok := r.values["names"]; err != nil || !ok {
		return err
	}
	for _, lang := range registry.Langs() {
		if string(lang) == text {
			r.q.names = &namer{registry: r.registry, lang: lang, day: registry.DateOf(r.now.In(r.clock.Zone())), lists: make(map[registry.List]map[string]registry.Label)}
			return nil
		}
	}
	return wrong("names", "%q: want it, en or de", text)
}

// A namer names codes in a language, places as they are called on a day.
type namer struct {
	registry *registry.Registry
	lang     registry.Lang
	day      registry.Date

	mu    sync.Mutex // Of lists: questions are asked again and again, by several at once.
	lists map[registry.List]map[string]registry.Label
}

// ListOf returns the list that has the codes of a dimension; "" for one of none: times,
// offices, regions, provinces and comuni.
func ListOf(dimension string) registry.List {
	switch dimension {
	case "macro_area":
		return registry.ListMacroAreas
	case "population_class":
		return registry.ListPopulationClasses
	case "service":
		return registry.ListServices
	case "category":
		return registry.ListCategories
	case "channel":
		return registry.ListChannels
	case "scale":
		return registry.ListScales
	case "class":
		return registry.ListClasses
	}
	return ""
}

// HasNames tells whether a dimension's codes are to have their names beside them.
func (q *Question) HasNames(dimension string) bool {
	return q.names != nil && (dimension == "region" || dimension == "province" || dimension == "comune" || ListOf(dimension) != "")
}

// NameOf returns the name of a code of a dimension that HasNames; "" of one of no list.
func (q *Question) NameOf(dimension, code string) string {
	n := q.names
	switch dimension {
	case "region":
		id, _ := schema.ParseRegion(code) // Of no code, 0: no place has it.
		place, _ := n.registry.Region(id)
		return place.Name
	case "province":
		id, _ := schema.ParseProvince(code)
		place, _ := n.registry.Province(id)
		return place.Name
	case "comune":
		id, _ := schema.ParseComune(code)
		place, ok := n.registry.ComuneAt(id, n.day)
		if !ok {
			place, _ = n.registry.Comune(id)
		}
		return place.Name
	}
	return n.list(ListOf(dimension))[code].In(n.lang)
}

// list returns a list by its codes.
func (n *namer) list(of registry.List) map[string]registry.Label {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lists[of] == nil {
		n.lists[of] = make(map[string]registry.Label)
		for _, e := range n.registry.Labels(of) {
			n.lists[of][e.Code] = e.Label
		}
	}
	return n.lists[of]
}
