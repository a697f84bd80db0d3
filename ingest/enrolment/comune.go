package enrolment

import (
	"mlf/schema"
	"mlf/schema/registry"
)

// ComuneNow returns the code that a comune has on a day, given any that it has had. A
// comune that was merged into another has none: whoever enrols decides.
func ComuneNow(lists *registry.Registry, code string, today registry.Date) (schema.ComuneID, error) {
	comune, err := lists.ComuneNow(code, today)
	return comune.ID, err
}
