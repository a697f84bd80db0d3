package disclosure

import (
	"cmp"
	"fmt"
	"slices"

	"mlf/schema"
	"mlf/schema/registry"
)

const (
	// KDefault is the fewest votes of a lot where nothing else is said: the least
	// that the code of conduct of official statistics allows for a threshold.
	KDefault = 3

	// KMin is the least that is taken: at 1 every vote would be published.
	KMin = 2

	// KMax is far above every threshold that an agency uses.
	KMax = 1000
)

// Rules say what may be published, and where places lie. Only Places is required.
type Rules struct {
	// K is the fewest votes of a lot, KMin to KMax. 0: KDefault.
	K uint64

	// Hold keeps back lots whose votes all have one value (homogeneous=hold): who
	// knows of a person that he is among them would know how he voted.
	Hold bool

	Places Places
}

// Validate refuses rules that would publish single votes.
func (r *Rules) Validate() error {
	if k := r.k(); k < KMin || k > KMax {
		return fmt.Errorf("disclosure: threshold %d: want %d to %d", k, KMin, KMax)
	}
	return nil
}

func (r *Rules) k() uint64 { return cmp.Or(r.K, KDefault) }

// Places are where comuni lie on one day. The zero value knows none: votes are then
// of no region.
type Places struct {
	CodeOf   map[schema.ComuneID]schema.ComuneID   // Codes that votes were counted under to those that hold; others hold.
	RegionOf map[schema.ProvinceID]schema.RegionID // Of every province, also of those that are no more.
	Codes    []schema.ComuneID                     // Every code that votes may lie under, ascending.
	Comuni   []schema.ComuneID                     // The comuni that there are, ascending.
	Services []schema.ServiceID                    // All, ascending.
}

// PlacesOf returns the places of a registry as they are on day d.
func PlacesOf(reg *registry.Registry, d registry.Date) Places {
	p := Places{CodeOf: reg.CodesAt(d), RegionOf: reg.RegionOf()}
	for _, c := range reg.Comuni() {
		p.Codes = append(p.Codes, c.ID)
	}
	p.Codes = slices.Compact(p.Codes)
	for _, c := range reg.ComuniAt(d) {
		p.Comuni = append(p.Comuni, c.ID)
	}
	for _, s := range reg.Services() {
		p.Services = append(p.Services, s.ID)
	}
	return p
}

// now returns the code that holds of a comune.
func (p *Places) now(id schema.ComuneID) schema.ComuneID {
	if code, ok := p.CodeOf[id]; ok {
		return code
	}
	return id
}

// label returns the label of a spot at a level.
func (p *Places) label(level schema.LotLevel, s schema.Spot) schema.LotLabel {
	l := schema.LotLabel{Level: level, Spot: schema.Spot{Scale: s.Scale}}
	switch level {
	case schema.LotNation:
	case schema.LotRegion:
		l.Region = p.RegionOf[s.Comune.Province()]
	case schema.LotProvince:
		l.Province = s.Comune.Province()
	default:
		l.Comune = s.Comune
	}
	if level <= schema.LotService {
		l.Service = s.Service
	}
	if level <= schema.LotChannel {
		l.Channel = s.Channel
	}
	if level == schema.LotOffice {
		l.Office = s.Office
	}
	return l
}
