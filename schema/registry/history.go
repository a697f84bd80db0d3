package registry

import (
	"slices"

	"mlf/schema"
)

// A comune may have had several codes, one after the other; each of them stands
// for it for ever, because votes and enrolments keep the code they were given.

// Codes returns the codes that the comune of id has had, the oldest first; nil
// for a code that no comune ever had.
func (r *Registry) Codes(id schema.ComuneID) []schema.ComuneID {
	if codes := r.codes[id]; codes != nil {
		return codes
	}
	if _, ok := r.Comune(id); !ok {
		return nil
	}
	return []schema.ComuneID{id}
}

// ComuneAt returns the comune of id, whichever of its codes that is, as it was
// on day d: before its beginning as it began, after its end as it ended.
func (r *Registry) ComuneAt(id schema.ComuneID, d Date) (Comune, bool) {
	var found Comune
	ok := false
	r.eachForm(id, func(c *Comune) {
		if !ok || c.ValidFrom <= d {
			found, ok = *c, true
		}
	})
	return found, ok
}

// eachForm calls f with the forms of the comune of id, under all of its codes,
// the oldest first.
func (r *Registry) eachForm(id schema.ComuneID, f func(*Comune)) {
	for _, code := range r.Codes(id) {
		next := r.after(code)
		first := next
		for first > 0 && r.comuni[first-1].ID == code {
			first--
		}
		for i := first; i < next; i++ {
			f(&r.comuni[i])
		}
	}
}

// MergedInto tells which comune the comune of id, whichever of its codes that
// is, was merged into or will be.
func (r *Registry) MergedInto(id schema.ComuneID) (Merger, bool) {
	codes := r.Codes(id)
	if codes == nil {
		return Merger{}, false
	}
	m, ok := r.merged[codes[len(codes)-1]]
	return m, ok
}

// MergedFrom returns the last codes of the comuni that were merged into the
// comune of id, ascending. The slice is the caller's.
func (r *Registry) MergedFrom(id schema.ComuneID) []schema.ComuneID {
	codes := r.Codes(id)
	var from []schema.ComuneID
	for code, m := range r.merged {
		if slices.Contains(codes, m.Into) {
			from = append(from, code)
		}
	}
	slices.Sort(from)
	return from
}

// CodesAt maps every code that on day d is not its comune's to the one that is.
// The map is the caller's.
func (r *Registry) CodesAt(d Date) map[schema.ComuneID]schema.ComuneID {
	other := make(map[schema.ComuneID]schema.ComuneID, len(r.codes))
	for code, codes := range r.codes {
		if code != codes[0] {
			continue // Each comune once.
		}
		c, _ := r.ComuneAt(code, d)
		for _, code := range codes {
			if code != c.ID {
				other[code] = c.ID
			}
		}
	}
	return other
}

// A Territory is the codes whose votes are those of some provinces: all that
// begin with the code of one of Provinces or, where the provinces' comuni and
// their codes are not divided so neatly, those of Comuni. One of the two is empty.
type Territory struct {
	Provinces []schema.ProvinceID // Ascending.
	Comuni    []schema.ComuneID   // Ascending.
}

// Territory returns the codes of the comuni that belonged to one of the
// provinces on some day from first to the day before next: every code that such
// a comune has had. Of a province that had no comuni in that time it takes those
// that it has had in another. The slices are the caller's.
func (r *Registry) Territory(provinces []schema.ProvinceID, first, next Date) Territory {
	var t Territory
	codes := make(map[schema.ComuneID]bool)
	for _, p := range provinces {
		of := r.comuniOf(p, first, next)
		if len(of) == 0 {
			of = r.codesLike(p)
		}
		if len(of) == 0 { // A list of one's own may have the province alone.
			t.Provinces = append(t.Provinces, p)
		}
		for _, id := range of {
			for _, code := range r.Codes(id) {
				codes[code] = true
			}
		}
	}
	all := 0
	for code := range codes {
		t.Comuni = append(t.Comuni, code)
		if p := code.Province(); !slices.Contains(t.Provinces, p) {
			t.Provinces = append(t.Provinces, p)
			all += len(r.codesLike(p))
		}
	}
	slices.Sort(t.Comuni)
	slices.Sort(t.Provinces)
	if all == len(codes) {
		return Territory{Provinces: t.Provinces}
	}
	return Territory{Comuni: t.Comuni}
}

// codesLike returns the codes that begin with province p's, ascending.
func (r *Registry) codesLike(p schema.ProvinceID) []schema.ComuneID {
	first := schema.ComuneID(p) * 1000
	var codes []schema.ComuneID
	for _, c := range r.comuni[r.after(first-1):r.after(first+999)] {
		if n := len(codes); n == 0 || codes[n-1] != c.ID {
			codes = append(codes, c.ID)
		}
	}
	return codes
}

// comuniOf returns a code of each comune that belonged to p in the time. The
// first province of a comune is taken to be that of ever before, its last to be
// that of ever after: votes of another time are somewhere, too.
func (r *Registry) comuniOf(p schema.ProvinceID, first, next Date) []schema.ComuneID {
	var of []schema.ComuneID
	for _, code := range r.codesLike(p) {
		var form *Comune // It ends where the next begins.
		var begins Date
		belonged := false
		r.eachForm(code, func(c *Comune) {
			if form == nil {
				form, begins = c, 0
				return
			}
			belonged = belonged || form.Province == p && begins < next && c.ValidFrom > first
			form, begins = c, c.ValidFrom
		})
		if belonged || form.Province == p && begins < next {
			of = append(of, code)
		}
	}
	return of
}
