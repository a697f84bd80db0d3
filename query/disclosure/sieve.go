package disclosure

import (
	"mlf/query/question"
	"mlf/schema"
)

// A fate is what becomes of votes at an axis.
type fate uint8

const (
	within    fate = iota // All of them are in one group.
	outside               // None of them was asked for.
	straddles             // Some may be in another group than others, or in none.
)

// A sieve tells which labels lie within the groups of a question. What a label
// does not say it answers for all that it may be.
type sieve struct {
	a         *question.Axes
	places    *Places
	class     question.Group
	channel   place // Of any channel.
	service   place // Of any service.
	provinces map[schema.ProvinceID]place
	regions   map[schema.RegionID]place
	nation    place
}

// A place is where what may be many things falls.
type place struct {
	group question.Group // question.Out where it straddles.
	fate  fate
}

// sieve returns the sieve of a.
func (l *Lots) sieve(a *question.Axes) *sieve {
	s := &sieve{a: a, places: &l.places, class: at(a.Class, schema.ClassOK).group}
	s.channel = join(a.Channel, schema.Channels())
	s.service = join(a.Service, l.places.Services)
	if len(l.wide) > 0 {
		s.findPlaces(l)
	}
	return s
}

// findPlaces finds where provinces, regions and the nation fall. Where the comuni
// are listed, provinces without any of them need not be looked into.
func (s *sieve) findPlaces(l *Lots) {
	s.provinces, s.regions = make(map[schema.ProvinceID]place), make(map[schema.RegionID]place)
	touched := make(map[schema.ProvinceID]bool)
	for _, id := range s.a.Comuni {
		touched[l.places.now(id).Province()] = true
	}
	s.nation = place{question.Out, straddles} // Of no comuni.
	for i, province := range l.provinces {
		p := place{question.Out, outside}
		if s.a.Comuni == nil || touched[province] {
			p = join(s.a.Comune, l.comuni[province])
		}
		s.provinces[province] = p
		region := l.places.RegionOf[province]
		if before, ok := s.regions[region]; ok {
			s.regions[region] = before.with(p)
		} else {
			s.regions[region] = p
		}
		if i == 0 {
			s.nation = p
		} else {
			s.nation = s.nation.with(p)
		}
	}
}

// with returns where things fall that fall to p or q.
func (p place) with(q place) place {
	if p == q {
		return p
	}
	return place{question.Out, straddles}
}

// at returns where one thing falls.
func at[T any](axis func(T) question.Group, of T) place {
	if axis == nil {
		return place{0, within}
	}
	if g := axis(of); g >= 0 {
		return place{g, within}
	}
	return place{question.Out, outside}
}

// join returns where things fall of which it is not known which.
func join[T any](axis func(T) question.Group, some []T) place {
	if axis == nil {
		return place{0, within}
	}
	if len(some) == 0 {
		return place{question.Out, straddles}
	}
	p := at(axis, some[0])
	for _, of := range some[1:] {
		p = p.with(at(axis, of))
	}
	return p
}

// key returns the key of a label, its Hour apart; of an axis that the label
// straddles, the group is question.Out.
func (s *sieve) key(l *schema.LotLabel) (question.Key, fate) {
	places := [...]place{s.comune(l), s.office(l), s.channel, s.service, at(s.a.Scale, l.Scale), {s.class, within}}
	if l.Level <= schema.LotChannel {
		places[2] = at(s.a.Channel, l.Channel)
	}
	if l.Level <= schema.LotService {
		places[3] = at(s.a.Service, l.Service)
	}
	if s.class < 0 {
		return question.Key{}, outside
	}
	worst := within
	for _, p := range places {
		if p.fate == outside {
			return question.Key{}, outside
		}
		worst = max(worst, p.fate)
	}
	return question.Key{
		Comune: places[0].group, Office: places[1].group, Channel: places[2].group, Service: places[3].group,
		Scale: places[4].group, Class: places[5].group,
	}, worst
}

func (s *sieve) comune(l *schema.LotLabel) place {
	var p place
	var ok bool
	switch l.Level {
	case schema.LotNation:
		p, ok = s.nation, true
	case schema.LotRegion:
		p, ok = s.regions[l.Region]
	case schema.LotProvince:
		p, ok = s.provinces[l.Province]
	default:
		return at(s.a.Comune, s.places.now(l.Comune))
	}
	if !ok { // A province that is no more: it is not known what lies in it.
		return s.unknown(l)
	}
	return p
}

// unknown returns where a place falls of which the comuni are not known.
func (s *sieve) unknown(l *schema.LotLabel) place {
	if s.a.Comune == nil {
		return place{0, within}
	}
	if l.Level == schema.LotProvince {
		if p, ok := s.regions[s.places.RegionOf[l.Province]]; ok {
			return p
		}
	}
	return place{question.Out, straddles}
}

func (s *sieve) office(l *schema.LotLabel) place {
	switch {
	case s.a.Office == nil:
		return place{0, within}
	case l.Level == schema.LotOffice:
		return at(s.a.Office, l.Office)
	default:
		return place{question.Out, straddles}
	}
}
