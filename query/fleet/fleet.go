package fleet

import (
	"cmp"
	"slices"
	"time"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/heartbeat"
	"mlf/schema/registry"
)

// A Fleet is all terminals and what is known of them. Book and Terminals are required, and
// shared: they are only looked up. Safe for use by several goroutines.
type Fleet struct {
	Book      *Book
	Terminals *schema.Terminals
	Zone      *time.Location // Rome's.

	Hours  *Hours                                      // Nil: UsualWeek of all.
	Region func(schema.ComuneID) schema.RegionID       // 0 where the comune is in no registry. Nil: always.
	Body   func(*schema.Enrolment) string              // Whose terminal it is; "" where nobody said. Nil: always; New has what enrolments say.
	Voted  func(schema.TerminalID) (at schema.Instant) // When a terminal last voted; 0: not known. Nil: always.
	Known  func() (asOf, since time.Time)              // As of when Voted is, and since when votes are known: see Votes.
}

// bodyOf returns whose terminal an enrolment says that it is.
func bodyOf(e *schema.Enrolment) string { return string(e.Body) }

// New returns the fleet of terminals, whose comuni names has. The error is of a machine that
// does not know Rome's clock.
func New(terminals *schema.Terminals, names *registry.Registry) (*Fleet, error) {
	clock, err := calendar.Rome()
	region := func(id schema.ComuneID) schema.RegionID {
		c, _ := names.Comune(id)
		return c.Region
	}
	return &Fleet{Book: new(Book), Terminals: terminals, Zone: clock.Zone(), Region: region, Body: bodyOf}, err
}

// A State is how a terminal does: the gravest thing that holds.
type State string

// The states, by gravity.
const (
	Copied  State = "copied"  // Two devices with its image were seen within a day.
	Silent  State = "silent"  // Nothing came for too long, in opening hours.
	Lost    State = "lost"    // Its device found less on its disk than it had written.
	Unheard State = "unheard" // Nothing came yet.
	OK      State = "ok"
)

// States are all states.
func States() []State { return []State{OK, Silent, Copied, Lost, Unheard} }

// A Terminal is one row of an answer; nil where no heartbeat came. What a device did not
// say is nil in Free, ClockErrorMS and BatteryMV, else 0 or false.
type Terminal struct {
	Terminal schema.TerminalID `json:"terminal"`
	Comune   schema.ComuneID   `json:"comune"`
	Region   string            `json:"region"`
	Body     string            `json:"body"`
	Office   schema.OfficeCode `json:"office"`
	Channel  string            `json:"channel"`
	Test     bool              `json:"test"`
	State    State             `json:"state"`
	LastSeen *time.Time        `json:"last_seen"`
	LastVote *time.Time        `json:"last_vote"`
	Seq      *uint64           `json:"seq"`
	Waiting  *uint32           `json:"waiting"`
	OldestMS *uint64           `json:"oldest_ms"`

	Persisted    *bool   `json:"persisted"`
	Free         *uint64 `json:"free"`
	Lost         *bool   `json:"lost"`
	ClockErrorMS *int64  `json:"clock_error_ms"` // The device's less ours.
	Version      string  `json:"version"`
	BatteryMV    *uint32 `json:"battery_mv"`

	PressedDouble *uint32    `json:"pressed_double"`
	PressedMulti  *uint32    `json:"pressed_multi"`
	PressedRepeat *uint32    `json:"pressed_repeat"`
	CopiedAt      *time.Time `json:"copied_at"`
}

// Counts are how many terminals are in each state; those for tests are not counted.
type Counts struct {
	By        string `json:"by"` // all, comune, region or body.
	Code      string `json:"code"`
	Terminals int    `json:"terminals"`
	OK        int    `json:"ok"`
	Silent    int    `json:"silent"`
	Copied    int    `json:"copied"`
	Lost      int    `json:"lost"`
	Unheard   int    `json:"unheard"`
	Waiting   uint64 `json:"waiting"` // Votes that are in devices.

	untaken int // That are heard, with a vote that nobody takes.
}

// An Answer is what was asked for.
type Answer struct {
	AsOf          time.Time  `json:"as_of"`
	KnownSince    *time.Time `json:"known_since"` // Since when votes that came in are known; nil: since the log began.
	SilentMinutes int        `json:"silent_minutes"`
	Counts        []Counts   `json:"counts"`    // By code.
	Terminals     []Terminal `json:"terminals"` // By comune and id; none where counts are by group.

	grouped bool
}

// rowsMax is the most terminals, or groups, of an answer: all of a large region.
const rowsMax = 20_000

// Answer answers q of the terminals that visible lets through, as of now. The error is a
// *question.Error where there are too many.
func (f *Fleet) Answer(q *Question, visible func(*schema.Enrolment) bool, now time.Time) (*Answer, error) {
	a := &Answer{AsOf: now.UTC(), KnownSince: f.knownSince(now), SilentMinutes: q.SilentMinutes, Counts: []Counts{}, Terminals: []Terminal{}, grouped: q.Group != ""}
	counts := make(map[string]*Counts)
	if !a.grouped {
		counts[""] = &Counts{By: "all"}
	}
	for _, e := range f.Terminals.All() {
		if e.Revoked || !visible(e) || !q.of(e.Comune, f.region(e.Comune)) {
			continue
		}
		t := f.terminal(e, now, time.Duration(q.SilentMinutes)*time.Minute)
		if len(q.States) > 0 && !slices.Contains(q.States, t.State) {
			continue
		}
		code := q.code(&t)
		if counts[code] == nil {
			counts[code] = &Counts{By: q.Group, Code: code}
		}
		counts[code].add(&t)
		if !a.grouped {
			a.Terminals = append(a.Terminals, t)
		}
		if len(a.Terminals) > rowsMax || len(counts) > rowsMax {
			return nil, &question.Error{Parameter: "comune", Detail: "more than 20,000 rows; want some comuni, a region, a state, or a group", TooMuch: true}
		}
	}
	for _, c := range counts {
		a.Counts = append(a.Counts, *c)
	}
	slices.SortFunc(a.Counts, func(a, b Counts) int { return cmp.Compare(a.Code, b.Code) })
	slices.SortFunc(a.Terminals, func(a, b Terminal) int {
		return cmp.Or(cmp.Compare(a.Comune, b.Comune), cmp.Compare(a.Terminal, b.Terminal))
	})
	return a, nil
}

// add counts one terminal.
func (c *Counts) add(t *Terminal) {
	if t.Test {
		return
	}
	c.Terminals++
	*map[State]*int{OK: &c.OK, Silent: &c.Silent, Copied: &c.Copied, Lost: &c.Lost, Unheard: &c.Unheard}[t.State]++
	if t.Waiting != nil {
		c.Waiting += uint64(*t.Waiting)
	}
}

// region returns the digits of a comune's region; "" where it is in no registry.
func (f *Fleet) region(c schema.ComuneID) string {
	if f.Region != nil {
		if r := f.Region(c); r != 0 {
			return r.String()
		}
	}
	return ""
}

// terminal says how one terminal does.
func (f *Fleet) terminal(e *schema.Enrolment, now time.Time, silent time.Duration) Terminal {
	t := Terminal{
		Terminal: e.Terminal, Comune: e.Comune, Region: f.region(e.Comune), Office: e.Office, Channel: e.Channel.String(), Test: e.Test,
	}
	if f.Body != nil {
		t.Body = f.Body(e)
	}
	var last, voted schema.Instant
	h, known := f.Book.Last(e.Terminal)
	if known {
		t.say(&h)
		last = h.At
	}
	if f.Voted != nil {
		if voted = f.Voted(e.Terminal); voted != 0 {
			t.LastVote = at(voted)
		}
	}
	if voted > last {
		last, now = voted, f.judged(now)
	}
	t.State = f.state(e, &h, last, now, silent)
	return t
}

// state returns the gravest that holds of a terminal that was last heard of at last.
func (f *Fleet) state(e *schema.Enrolment, h *heartbeat.Heartbeat, last schema.Instant, now time.Time, silent time.Duration) State {
	switch {
	case h.Copy.Copied(schema.InstantOf(now)):
		return Copied
	case last == 0:
		return Unheard
	case f.Open(e, last.Time(), now, silent) >= silent:
		return Silent
	case h.Storage.Lost:
		return Lost
	}
	return OK
}

// say fills in what a heartbeat says.
func (t *Terminal) say(h *heartbeat.Heartbeat) {
	t.LastSeen, t.Version = at(h.At), h.Version
	t.Seq, t.Waiting, t.OldestMS = &h.Seq, &h.Waiting, &h.OldestMS
	t.Persisted, t.Lost = &h.Storage.Persisted, &h.Storage.Lost
	t.PressedDouble, t.PressedMulti, t.PressedRepeat = &h.Ignored.Double, &h.Ignored.Multi, &h.Ignored.Repeat
	if h.Storage.Known {
		t.Free = &h.Storage.Free
	}
	if h.Clock != 0 {
		ahead := int64(h.Clock - h.At)
		t.ClockErrorMS = &ahead
	}
	if h.BatteryMV != 0 {
		t.BatteryMV = &h.BatteryMV
	}
	if h.Copy.Seen != 0 {
		t.CopiedAt = at(h.Copy.Seen)
	}
}

func at(i schema.Instant) *time.Time {
	t := i.Time()
	return &t
}
