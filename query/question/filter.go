package question

import (
	"slices"

	"mlf/schema"
)

// readFilters reads the filters by the values of a dimension. Those of places and
// services become lists of what has such a value; those of time leave out hours.
func (r *asker) readFilters() error {
	for _, d := range r.all {
		if d.parse == nil {
			continue
		}
		f := filter{Dimension: d}
		if err := read(r, d.Name, &f.values, d.parse); err != nil {
			return err
		}
		if f.values != nil {
			r.apply(f)
		}
	}
	return nil
}

func (r *asker) apply(f filter) {
	q := r.q
	switch f.Of {
	case OfComune:
		q.comuni = r.keepComuni(f)
	case OfService:
		all := q.services
		if all == nil {
			for _, s := range r.registry.Services() {
				all = append(all, s.ID)
			}
		}
		q.services = slices.DeleteFunc(slices.Clone(all), func(id schema.ServiceID) bool { return !f.passes(f.value(nil, uint32(id))) })
	case OfHour:
		q.hours = append(q.hours, f)
	default:
		panic("BUG: no filter by " + f.Name)
	}
}

// keepComuni returns the codes that pass, of all of them or of those that passed
// before: those that are today of a place with such a value.
func (r *asker) keepComuni(f filter) []schema.ComuneID {
	today := r.today()
	all := r.q.comuni
	if all == nil {
		all = r.codes
	}
	kept := []schema.ComuneID{}
	for _, code := range all {
		if f.passes(f.value(today, uint32(code))) {
			kept = append(kept, code)
		}
	}
	return kept
}
