package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mlf/schema"
)

// A State is how an alert is.
type State string

// The states.
const (
	Open   State = "open"
	Closed State = "closed"
)

// A Share is a part of some votes, with its interval of 95 %.
type Share struct {
	N        uint64  `json:"n"`
	Negative uint64  `json:"negative"`
	Share    float64 `json:"share"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// Figures are what an alert of red, fall or misuse was judged by: of red and fall Negative are
// red faces, or one and two stars; of misuse votes that came too fast. Times are [From, To).
type Figures struct {
	Share
	Baseline       Share     `json:"baseline"`
	Difference     float64   `json:"difference"`
	DifferenceLow  float64   `json:"difference_low"` // Of the interval of 95 %.
	DifferenceHigh float64   `json:"difference_high"`
	P              float64   `json:"p"`      // Two-sided, of one look.
	Effect         float64   `json:"effect"` // How many votes count as one; at least 1.
	From           time.Time `json:"from"`
	To             time.Time `json:"to"`
	BaselineFrom   time.Time `json:"baseline_from"`
	BaselineTo     time.Time `json:"baseline_to"`
	LeftOut        []string  `json:"left_out"` // Days that are not compared: holidays and breaks.
}

// An Outcome is what became of one message to one target.
type Outcome struct {
	At        time.Time `json:"at"`
	Delivered bool      `json:"delivered"`
	Detail    string    `json:"detail,omitempty"`
}

// The events that are told.
const (
	Opened  = "opened"
	Updated = "updated"
	Ended   = "closed"
)

// Told is a message that is told, or is to be: it is written before it is sent, so that
// whoever goes on after a crash sends the same message again, by which receivers know it.
type Told struct {
	Day     string             `json:"day"`     // Of Rome, as 2026-11-25. One message a day.
	Event   string             `json:"event"`   // opened, updated or closed.
	Message string             `json:"message"` // The message's id; that of a digest is in several alerts.
	At      time.Time          `json:"at"`
	Size    float64            `json:"size"`    // How grave it was then.
	Results map[string]Outcome `json:"results"` // By target; those without are to be sent.
}

// toldMax is how many messages of an alert are remembered: all that still matter.
const toldMax = 32

// An Alert is something that a body wanted to be told of. Its id never changes, and neither
// do Body, Kind, Scope and First.
type Alert struct {
	ID       string          `json:"id"`
	Body     schema.BodyCode `json:"ipa"`
	Kind     Kind            `json:"kind"`
	Scope    Scope           `json:"scope"`
	First    schema.Hour     `json:"first_hour"` // In which it opened first.
	State    State           `json:"state"`
	Opened   time.Time       `json:"opened"` // The last time that it did.
	Closed   time.Time       `json:"closed,omitzero"`
	Updated  time.Time       `json:"updated"`
	Reopened int             `json:"reopened"`

	// Calm is since when it would not open; zero: it would. It closes when that is long enough.
	Calm      time.Time `json:"calm,omitzero"`
	Threshold float64   `json:"threshold"`

	Figures   *Figures            `json:"figures,omitempty"`
	Terminals []schema.TerminalID `json:"terminals,omitempty"` // Silent or copied, at most TerminalsMax.
	Count     int                 `json:"terminals_count,omitempty"`
	Told      []Told              `json:"told,omitempty"` // By day.
}

// ID returns the id of an alert of a body that opens in an hour: two watchers that see the
// same make the same.
func ID(body schema.BodyCode, kind Kind, scope Scope, first schema.Hour) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d", body, kind, scope, first))
	return hex.EncodeToString(sum[:16])
}

// Size returns how grave a is, to see whether it has become worse: the difference of shares,
// or how many terminals.
func (a *Alert) Size() float64 {
	if a.Figures != nil {
		return math.Abs(a.Figures.Difference)
	}
	return float64(a.Count)
}

// Validate refuses an alert that says something impossible.
func (a *Alert) Validate() error {
	if !slices.Contains(Kinds(), a.Kind) || a.Scope.check() != nil {
		return fmt.Errorf("alert %.40q: kind %.20q, scope %.80q: want those of a rule", a.ID, string(a.Kind), a.Scope.String())
	}
	if want := ID(a.Body, a.Kind, a.Scope, a.First); a.ID != want {
		return fmt.Errorf("alert %.40q: want id %s by what it is about", a.ID, want)
	}
	if a.State != Open && a.State != Closed || a.Opened.IsZero() || a.Updated.IsZero() || (a.State == Closed) == a.Closed.IsZero() {
		return fmt.Errorf("alert %s: state %.20q: want open or closed, and since when", a.ID, string(a.State))
	}
	if len(a.Terminals) > TerminalsMax || len(a.Told) > toldMax || a.Reopened < 0 || a.Count < len(a.Terminals) {
		return fmt.Errorf("alert %s: %d terminals, %d messages: want at most %d and %d", a.ID, len(a.Terminals), len(a.Told), TerminalsMax, toldMax)
	}
	for _, told := range a.Told {
		if len(told.Results) > WebhooksMax+EmailsMax {
			return fmt.Errorf("alert %s: a message to %d: want at most %d", a.ID, len(told.Results), WebhooksMax+EmailsMax)
		}
	}
	return nil
}

// Note adds t to what was told, or what became of it.
func (a *Alert) Note(t Told) { a.Told = joinTold(a.Told, []Told{t}) }

// ToldOn returns what was told on a day; nil for nothing.
func (a *Alert) ToldOn(day string) *Told {
	i := slices.IndexFunc(a.Told, func(t Told) bool { return t.Day == day })
	if i < 0 {
		return nil
	}
	return &a.Told[i]
}

// Join returns what two records of one id come to, in whichever order: what the later one
// says, and all that either told.
func (a *Alert) Join(b *Alert) *Alert {
	if b == nil {
		return a
	}
	later := *a
	if c := cmp.Or(a.Updated.Compare(b.Updated), cmp.Compare(a.Reopened, b.Reopened), strings.Compare(a.told(nil), b.told(nil))); c < 0 {
		later = *b
	}
	later.Told = joinTold(a.Told, b.Told)
	return &later
}

// told writes a with other messages, so that two can be compared without theirs.
func (a *Alert) told(messages []Told) string {
	bare := *a
	bare.Told = messages
	text, _ := json.Marshal(&bare) // It is made of what can be written.
	return string(text)
}

// joinTold returns the messages of both, by day, the newest toldMax.
func joinTold(a, b []Told) []Told {
	byDay := make(map[string]Told)
	for _, t := range slices.Concat(a, b) {
		t.Results = maps.Clone(t.Results)
		if held, known := byDay[t.Day]; known {
			t = held.join(t)
		}
		byDay[t.Day] = t
	}
	days := slices.Sorted(maps.Keys(byDay))
	days = days[max(0, len(days)-toldMax):]
	var joined []Told
	for _, day := range days {
		joined = append(joined, byDay[day])
	}
	return joined
}

// join returns what two watchers come to that wrote of one day: the message of the earlier, and
// what became of both.
func (t Told) join(o Told) Told {
	first := t
	if c := cmp.Or(t.At.Compare(o.At), strings.Compare(t.Message, o.Message), strings.Compare(t.Event, o.Event), cmp.Compare(t.Size, o.Size)); c > 0 {
		first = o
	}
	first.Results = maps.Clone(t.Results)
	for target, out := range o.Results {
		if first.Results == nil {
			first.Results = make(map[string]Outcome)
		}
		held, known := first.Results[target]
		if !known || better(out, held) {
			first.Results[target] = out
		}
	}
	return first
}

// better tells whether a says more of what became of a message than b.
func better(a, b Outcome) bool {
	if a.Delivered != b.Delivered {
		return a.Delivered
	}
	return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Detail, b.Detail)) > 0
}

// A Note is what somebody said of an alert.
type Note struct {
	Alert        string    `json:"alert"`
	ID           string    `json:"id"` // 32 digits of hexadecimal, drawn at random.
	By           string    `json:"by"`
	At           time.Time `json:"at"`
	Text         string    `json:"text"`
	Acknowledges bool      `json:"acknowledges"` // Nothing more is told of the alert until it closes.
}

// Validate refuses a note that says nothing, or too much.
func (n *Note) Validate() error {
	if !isID(n.Alert) || !isID(n.ID) || n.At.IsZero() || !isLine(n.By, ByMax) {
		return fmt.Errorf("note %.40q: want an id of 32 digits of hexadecimal, by whom in at most %d bytes, and when", n.ID, ByMax)
	}
	if utf8.RuneCountInString(n.Text) > NoteMax || !utf8.ValidString(n.Text) || strings.ContainsFunc(n.Text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
		return fmt.Errorf("text: want at most %d letters of UTF-8", NoteMax)
	}
	if n.Text == "" && !n.Acknowledges {
		return errors.New("text: want some")
	}
	return nil
}

// A Test is a message that somebody wants to see arrive.
type Test struct {
	Body    schema.BodyCode    `json:"ipa"`
	ID      string             `json:"id"`
	By      string             `json:"by"`
	Asked   time.Time          `json:"asked"`
	Results map[string]Outcome `json:"results,omitempty"` // By target; nil: not sent yet.
}

// Validate refuses a test that nobody can have asked for.
func (t *Test) Validate() error {
	if code, err := schema.ParseBody(string(t.Body)); err != nil || code != t.Body {
		return errors.Join(err, fmt.Errorf("body %.40q: want an IPA code in small letters", string(t.Body)))
	}
	if !isID(t.ID) || t.Asked.IsZero() || !isLine(t.By, ByMax) || len(t.Results) > WebhooksMax+EmailsMax {
		return errors.New("test: want an id, when, by whom, and at most 25 results")
	}
	return nil
}
