// Package place is what is told of a comune beside its code: its names, where it lies, and
// what it was called before and is called now.
//
// It knows the registry. It must not know what is asked, nor of votes.
package place

import (
	"slices"

	"mlf/schema"
	"mlf/schema/registry"
)

// A Named is a place by its code and name.
type Named struct {
	Code  string `json:"code"`
	Name  string `json:"name"`
	Sigla string `json:"sigla,omitempty"`
}

// A Comune is one as it was under Code, with what it is called now.
type Comune struct {
	Code       schema.ComuneID `json:"code"`
	Name       string          `json:"name"`
	NameIT     string          `json:"name_it"`
	NameAlt    string          `json:"name_alt,omitempty"`
	Province   Named           `json:"province"`
	Region     Named           `json:"region"`
	Population uint32          `json:"population"`
	Cadastral  string          `json:"cadastral_code"`
	Lat        float64         `json:"lat"`
	Lon        float64         `json:"lon"`
	ValidFrom  string          `json:"valid_from,omitempty"`
	ValidTo    string          `json:"valid_to,omitempty"`

	Current    *schema.ComuneID  `json:"current_code,omitempty"`
	Former     []schema.ComuneID `json:"former_codes,omitempty"`
	MergedInto *Named            `json:"merged_into,omitempty"`
	MergedFrom []schema.ComuneID `json:"merged_from,omitempty"`
}

// Of returns what is told of c on a day. names must hold it.
func Of(names *registry.Registry, c *registry.Comune, today registry.Date) Comune {
	province, _ := names.Province(c.Province) // The registry holds no comune without them.
	region, _ := names.Region(c.Region)
	a := Comune{
		Code:       c.ID,
		Name:       c.Name,
		NameIT:     c.NameIT,
		NameAlt:    c.NameAlt,
		Province:   Named{Code: c.Province.String(), Name: province.Name, Sigla: c.Sigla},
		Region:     Named{Code: c.Region.String(), Name: region.Name},
		Population: c.Population,
		Cadastral:  c.Cadastral,
		Lat:        c.Lat,
		Lon:        c.Lon,
	}
	if c.ValidFrom != 0 {
		a.ValidFrom = c.ValidFrom.String()
	}
	if c.ValidTo != 0 {
		a.ValidTo = c.ValidTo.String()
	}
	a.history(names, c.ID, today)
	return a
}

// history says what the comune was called before code id, what it is called now,
// and what it was merged with.
func (a *Comune) history(names *registry.Registry, id schema.ComuneID, today registry.Date) {
	if now, ok := names.ComuneAt(id, today); ok && now.ID != id {
		a.Current = &now.ID
	}
	codes := names.Codes(id)
	a.Former = codes[:slices.Index(codes, id)]
	if id != codes[len(codes)-1] {
		return // Mergers are of its last code.
	}
	if m, ok := names.MergedInto(id); ok {
		into, _ := names.ComuneAt(m.Into, max(today, m.On))
		a.MergedInto = &Named{Code: into.ID.String(), Name: into.Name}
	}
	a.MergedFrom = names.MergedFrom(id)
}
