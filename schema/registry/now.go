package registry

import (
	"fmt"

	"mlf/schema"
)

// ComuneNow returns the comune that has had a code, as it is today. One that was merged
// into another has none: whoever asks decides.
func (r *Registry) ComuneNow(code string, today Date) (Comune, error) {
	id, err := schema.ParseComune(code)
	if err != nil {
		return Comune{}, err
	}
	comune, ok := r.ComuneAt(id, today)
	if !ok {
		return Comune{}, fmt.Errorf("comune %v: not in the registry; look it up with GET /v1/registry/comuni?q=NAME", id)
	}
	if m, merged := r.MergedInto(id); merged && m.On <= today {
		into, _ := r.ComuneAt(m.Into, today)
		return Comune{}, fmt.Errorf("comune %v: %s was merged into %s on %v; want %v", id, comune.Name, into.Name, m.On, into.ID)
	}
	return comune, nil
}
