package enrolment

import (
	"fmt"

	"mlf/schema"
	"mlf/schema/registry"
)

// ComuneNow returns the code that a comune has on a day, given any that it has had. A
// comune that was merged into another has none: whoever enrols decides.
func ComuneNow(lists *registry.Registry, code string, today registry.Date) (schema.ComuneID, error) {
	id, err := schema.ParseComune(code)
	if err != nil {
		return 0, err
	}
	comune, ok := lists.ComuneAt(id, today)
	if !ok {
		return 0, fmt.Errorf("comune %v: not in the registry; look it up with GET /v1/registry/comuni?q=NAME", id)
	}
	if m, merged := lists.MergedInto(id); merged && m.On <= today {
		into, _ := lists.ComuneAt(m.Into, today)
		return 0, fmt.Errorf("comune %v: %s was merged into %s on %v; want %v", id, comune.Name, into.Name, m.On, into.ID)
	}
	return comune.ID, nil
}
