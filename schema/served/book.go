package served

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"mlf/schema"
)

// A Place is where and for what users are served: a key without its day.
type Place struct {
	Comune  schema.ComuneID
	Office  schema.OfficeCode
	Service schema.ServiceID
	Channel schema.Channel
}

// placeOf returns the place of k.
func placeOf(k *Key) Place { return Place{k.Comune, k.Office, k.Service, k.Channel} }

// A Book is the numbers of served users as of the last record applied. Its zero
// value is empty and ready. Safe for use by several goroutines.
//
// The topic is compacted: of each key it keeps the record that came last, which
// should be the one that holds. Two processes that write at once may put an older
// one after it. A book keeps the one that holds whatever the order, so as long as
// anybody has read both, it can be put last again.
type Book struct {
	// Since is the first day that is kept; set it before the first record. A reader
	// that answers for all time leaves it 0.
	Since schema.Day

	mu       sync.RWMutex
	places   map[Place]*days
	comuni   map[schema.ComuneID]int // How many places each has.
	behind   map[Key]struct{}        // The topic's last record is not the one that holds.
	complete atomic.Bool
	version  atomic.Uint64
}

// days are the numbers of one place, 16 bytes each.
type days struct {
	of []number // By day.

	// How the newest number came of a queue's display, if it did.
	tickets   Tickets
	ticketDay schema.Day
}

// A number is what is known of one place and day.
type number struct {
	revision uint64
	users    uint32 // Or withdrawn.
	day      schema.Day
}

// withdrawn stands for the users of a number that was withdrawn.
const withdrawn = 1<<32 - 1

// numberOf returns what is kept of s.
func numberOf(s *Served) number {
	n := number{s.Revision, s.Users, s.Day}
	if s.Withdrawn {
		n.users = withdrawn
	}
	return n
}

// served returns what n was made of, for a key.
func (n number) served(k Key) Served {
	if n.users == withdrawn {
		return Served{Key: k, Revision: n.revision, Withdrawn: true}
	}
	return Served{Key: k, Revision: n.revision, Users: n.users}
}

// SetComplete tells that everything was applied that the topic held when reading
// began.
func (b *Book) SetComplete() { b.complete.Store(true) }

// Version returns a number that differs when any number of users does: a sum over all of
// them, so that whoever knows the same has the same, in whatever order it came.
func (b *Book) Version() uint64 { return b.version.Load() }

// Knows tells whether anything was told of a comune.
func (b *Book) Knows(c schema.ComuneID) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.comuni[c] > 0
}

// Comuni calls f with the comuni of which anything was told, in no order.
func (b *Book) Comuni(f func(schema.ComuneID)) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for c := range b.comuni {
		f(c)
	}
}

// Complete tells whether what is not in b is not on the topic either.
func (b *Book) Complete() bool { return b.complete.Load() }

// Apply takes one record of the topic. A record applied again changes nothing, and
// neither does one that another supersedes, nor a nil value: what was told is withdrawn in
// words. One that cannot be read is an error and changes nothing.
func (b *Book) Apply(key string, value []byte) error {
	if value == nil {
		return nil
	}
	s, err := Decode(key, value)
	if err == nil {
		b.Note(s)
	}
	return err
}

// Note takes rows that are on the topic, before they are read from there: whoever
// wrote them need not wait for that. They are read all the same.
func (b *Book) Note(rows ...Served) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range rows {
		if rows[i].Day >= b.Since {
			b.note(&rows[i])
		}
	}
}

// note takes s, which is the last of its key on the topic so far. b is locked.
func (b *Book) note(s *Served) {
	if b.places == nil {
		b.places, b.comuni = make(map[Place]*days), make(map[schema.ComuneID]int)
		b.behind = make(map[Key]struct{})
	}
	d := b.places[placeOf(&s.Key)]
	if d == nil {
		d = new(days)
		b.places[placeOf(&s.Key)] = d
		b.comuni[s.Comune]++
	}
	before := d.stamp(&s.Key)
	superseded := d.take(s)
	b.version.Add(d.stamp(&s.Key) - before)
	if superseded {
		b.behind[s.Key] = struct{}{}
		return
	}
	delete(b.behind, s.Key)
}

// take keeps s where it holds, and tells whether another does.
func (d *days) take(s *Served) (superseded bool) {
	i, found := d.find(s.Day)
	if !found {
		d.of = slices.Insert(d.of, i, number{})
	}
	held := d.of[i].served(s.Key)
	switch order := s.Compare(&held); {
	case order < 0:
		return true
	case order > 0:
		d.of[i] = numberOf(s)
		if s.Day >= d.ticketDay {
			d.tickets, d.ticketDay = s.Tickets, s.Day
		}
	}
	return false
}

// stamp returns what the number of k's day adds to a version, 0 where there is none.
func (d *days) stamp(k *Key) uint64 {
	i, found := d.find(k.Day)
	if !found {
		return 0
	}
	h := mix(uint64(k.Comune)<<32 | uint64(k.Service)<<16 | uint64(k.Channel))
	for i := range len(k.Office) {
		h = mix(h ^ uint64(k.Office[i]))
	}
	n := &d.of[i]
	return mix(mix(h^uint64(n.day)<<32^uint64(n.users)) ^ n.revision)
}

// mix spreads the bits of x over all of the result.
func mix(x uint64) uint64 {
	const a, b = 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9
	high, low := bits.Mul64(x^a, b)
	return high ^ low ^ bits.RotateLeft64(x*a, 29)
}

// find returns where the number of day is, or would be.
func (d *days) find(day schema.Day) (i int, found bool) {
	if n := len(d.of); n == 0 || d.of[n-1].day < day { // Nearly all come in order.
		return n, false
	}
	return slices.BinarySearchFunc(d.of, day, func(n number, day schema.Day) int { return cmp.Compare(n.day, day) })
}

// Held returns what holds for k, a withdrawal too; false where nothing was told. Its Tickets
// are there while no later day of the place is known.
func (b *Book) Held(k Key) (Served, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.held(k)
}

// held is Held while b is locked.
func (b *Book) held(k Key) (Served, bool) {
	d := b.places[placeOf(&k)]
	if d == nil {
		return Served{}, false
	}
	i, found := d.find(k.Day)
	if !found {
		return Served{}, false
	}
	s := d.of[i].served(k)
	if d.ticketDay == k.Day {
		s.Tickets = d.tickets
	}
	return s, true
}

// PlacesMax is how many places one comune may have, as who writes should see to:
// Roma's offices with all that they do, and little enough that a stolen token fills
// 30 MB of each process. Offices are whatever an administration calls them.
const PlacesMax = 4096

// Room tells whether a number of k has room: its place has some already, or its
// comune may have another place.
func (b *Book) Room(k Key) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.places[placeOf(&k)] != nil || b.comuni[k.Comune] < PlacesMax
}

// Behind returns up to most numbers that hold and are not the last of their keys on
// the topic: until each is appended again compaction may take it away. They are
// behind until they are read again.
func (b *Book) Behind(most int) (rows []Served) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for k := range b.behind {
		if len(rows) == most {
			break
		}
		if s, ok := b.held(k); ok {
			rows = append(rows, s)
		}
	}
	return rows
}
