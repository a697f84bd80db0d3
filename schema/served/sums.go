package served

import "mlf/schema"

// A Question asks for sums over days [From, Next).
type Question struct {
	From, Next schema.Day
	Keep       func(Place) bool // Which places; nil: all.
	By         By
}

// By says what the rows of an answer are told apart by. What is not asked for is
// zero in their keys.
type By struct{ Comune, Office, Service, Channel, Day bool }

// of returns k without what is not asked for.
func (by By) of(p Place, day schema.Day) (k Key) {
	if by.Comune {
		k.Comune = p.Comune
	}
	if by.Office {
		k.Office = p.Office
	}
	if by.Service {
		k.Service = p.Service
	}
	if by.Channel {
		k.Channel = p.Channel
	}
	if by.Day {
		k.Day = day
	}
	return k
}

// A Sum is the users of what is known. Whoever sets votes against them counts the
// votes of the same places and days alone (Users tells which), and says how many of
// them there are.
type Sum struct {
	Users uint64
	Known int // Places and days summed up, from 1; days on which nobody came included.
}

// Sums answers q. A key that is missing is not known: it is null, and not 0. Whether
// everything was read that there is, Complete tells.
func (b *Book) Sums(q Question) map[Key]Sum {
	sums := make(map[Key]Sum)
	b.mu.RLock()
	defer b.mu.RUnlock()
	for place, d := range b.places {
		if q.Keep != nil && !q.Keep(place) {
			continue
		}
		first, _ := d.find(q.From)
		for _, n := range d.of[first:] {
			if n.day >= q.Next {
				break
			}
			if n.users == withdrawn {
				continue
			}
			k := q.By.of(place, n.day)
			s := sums[k]
			sums[k] = Sum{s.Users + uint64(n.users), s.Known + 1}
		}
	}
	return sums
}

// Users returns how many users were served at a place on a day; false where it is
// not known.
func (b *Book) Users(p Place, day schema.Day) (users uint32, known bool) {
	s, told := b.Held(Key{Comune: p.Comune, Office: p.Office, Service: p.Service, Channel: p.Channel, Day: day})
	return s.Users, told && !s.Withdrawn
}
