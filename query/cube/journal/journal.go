package journal

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"mlf/query/question"
	"mlf/schema"
)

// A Source is where changes come from: what is of one position together.
type Source struct {
	Partition schema.Partition
	Segment   schema.Segment
}

// A Change is months of comuni that have changed, of one source.
type Change struct {
	Source
	Months  []question.PlaceMonth
	Covered bool // All that came of the source so far is of the position.
}

// A Journal is what has changed up to the newest state. Its zero value is empty and
// ready. Safe for use by several goroutines: one notes, all ask.
type Journal struct {
	mu      sync.Mutex
	number  uint64  // Of the newest state.
	states  []state // Ascending by number, position and time.
	thinAt  int     // How many there were when they were thinned.
	changes []change
	numbers map[question.PlaceMonth]uint64 // The newest number of each.
	waiting map[Source]map[question.PlaceMonth]struct{}

	distrusted question.Position
}

// A state is a position that answers were given as of.
type state struct {
	number   uint64
	at       int64 // Unix milliseconds.
	position question.Position
}

// A change is a month of a comune with the number of the state that covers it. It
// stands as long as the month has no newer one.
type change struct {
	question.PlaceMonth
	number uint64
}

// Replace lets j, which is empty, come after old, whose counts, up to position p, are not
// to be believed or of another log: whoever asks from there is told that it is not known.
func (j *Journal) Replace(old *Journal, p question.Position) { j.distrusted = old.distrusted.Join(p) }

// Note takes the changes of a new state, which is at position from now on. Positions never
// fall. The position becomes the journal's; Months stay the caller's.
func (j *Journal) Note(position question.Position, now time.Time, changes []Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.number++
	for i := range changes {
		j.note(&changes[i])
	}
	if len(j.distrusted) > 0 && j.distrusted.Reaches(position) {
		return
	}
	if n := len(j.states); n > 0 && slices.Equal(j.states[n-1].position, position) {
		j.states[n-1].number = j.number // All that was covered before still is.
		return
	}
	j.states = append(j.states, state{j.number, now.UnixMilli(), position})
	if len(j.states) >= j.thinAt+thinEvery {
		j.thin(now)
		j.thinAt = len(j.states)
	}
}

func (j *Journal) note(c *Change) {
	if !c.Covered {
		j.wait(c)
		return
	}
	for m := range j.waiting[c.Source] {
		j.cover(m)
	}
	delete(j.waiting, c.Source)
	for _, m := range c.Months {
		j.cover(m)
	}
}

func (j *Journal) wait(c *Change) {
	if j.waiting == nil {
		j.waiting = make(map[Source]map[question.PlaceMonth]struct{})
	}
	waiting := j.waiting[c.Source]
	if waiting == nil {
		waiting = make(map[question.PlaceMonth]struct{})
		j.waiting[c.Source] = waiting
	}
	for _, m := range c.Months {
		waiting[m] = struct{}{}
	}
}

// cover gives m the number of the newest state.
func (j *Journal) cover(m question.PlaceMonth) {
	if j.numbers == nil {
		j.numbers = make(map[question.PlaceMonth]uint64)
	}
	if j.numbers[m] == j.number {
		return
	}
	j.numbers[m] = j.number
	j.changes = append(j.changes, change{m, j.number})
	if len(j.changes) > 2*len(j.numbers)+changesSpare {
		j.compact()
	}
}

// changesSpare is how many changes that have newer ones may stay at least.
const changesSpare = 1024

// compact forgets changes that have newer ones.
func (j *Journal) compact() {
	j.changes = slices.DeleteFunc(j.changes, func(c change) bool { return j.numbers[c.PlaceMonth] != c.number })
}

// Since returns the months of comuni of which anything may differ from what anybody was
// shown as of p, each once, in no order; false where that is not known so far back. The
// newest state must reach p.
func (j *Journal) Since(p question.Position) (changed []question.PlaceMonth, known bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := len(j.states) - 1
	for i >= 0 && !p.Reaches(j.states[i].position) {
		i--
	}
	if i < 0 {
		return nil, false
	}
	seen := make(map[question.PlaceMonth]struct{})
	for _, waiting := range j.waiting {
		for m := range waiting {
			seen[m] = struct{}{}
		}
	}
	for _, c := range j.changes[j.after(j.states[i].number):] {
		seen[c.PlaceMonth] = struct{}{}
	}
	for m := range seen {
		changed = append(changed, m)
	}
	return changed, true
}

// How long it is known what has changed, and how many states that takes: of what is an
// hour old, one a minute; of what is a month old, two a day.
const (
	KeptFor   = 40 * 24 * time.Hour
	thinEvery = 256
	thinBy    = 64 // A state goes where those beside it are closer than this part of its age.
)

// thin forgets states that are too close together for their age, or too old, and what
// changed before all others.
func (j *Journal) thin(now time.Time) {
	kept := j.states[:0]
	last := len(j.states) - 1
	for i, s := range j.states {
		age := now.UnixMilli() - s.at
		if age > KeptFor.Milliseconds() && i < last {
			continue
		}
		if n := len(kept); n > 0 && i < last && j.states[i+1].at-kept[n-1].at < age/thinBy {
			continue
		}
		kept = append(kept, s)
	}
	clear(j.states[len(kept):])
	j.states = kept
	first := j.after(kept[0].number)
	for _, c := range j.changes[:first] {
		if j.numbers[c.PlaceMonth] == c.number {
			delete(j.numbers, c.PlaceMonth)
		}
	}
	j.changes = j.changes[first:]
}

// after returns the position of the first change that has a higher number than n.
func (j *Journal) after(n uint64) int {
	first, _ := slices.BinarySearchFunc(j.changes, n+1, func(c change, n uint64) int { return cmp.Compare(c.number, n) })
	return first
}
