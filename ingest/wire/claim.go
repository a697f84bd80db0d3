package wire

import (
	"errors"
	"fmt"

	"mlf/schema"
)

// A claim is one vote as its terminal states it: read, not yet judged. What
// could not be understood is a mark and no error, because a citizen's face is
// never thrown away for a wrong attribute, nor a vote for its neighbour.
type claim struct {
	seq     schema.Seq       // 0: none, or no integer in range.
	wall    schema.Instant   // `at`, by the terminal's wall clock.
	age     int64            // `age_ms`, in milliseconds.
	value   schema.Value     // 0: none, or not of the terminal's scale.
	reason  schema.Reason    // What is counted; other for an unknown one.
	service schema.ServiceID // What is counted; unspecified for an unknown one.

	wallState, ageState       given
	badService, unknownReason bool
}

// given is what became of an attribute that may be left out.
type given uint8

const (
	absent given = iota
	valid
	invalid
)

// A message is the body of POST /v1/votes, from either encoding.
type message struct {
	stream      []byte // Its own memory.
	streamGiven bool
	sent        schema.Instant // `sent_at`.
	sentState   given
	votesGiven  bool
	claims      []claim
}

// reset forgets the message and keeps its memory.
func (m *message) reset() {
	*m = message{stream: m.stream[:0], claims: m.claims[:0]}
}

// criteria are what the claims of one terminal are read against.
type criteria struct {
	words    *words
	enrolled *schema.Enrolment
	votesMax int
}

// ErrTooMany is the error of a body with more votes than its reader was to take.
var ErrTooMany = errors.New("too many votes")

// errIncomplete is the error of a message without a stream or without votes.
var errIncomplete = errors.New("the members stream (a string) and votes (an array) are both needed")

// malformed is the error of a body that is not of the message's shape.
type malformed struct {
	at   int // Position in the decoded body, in bytes.
	want string
}

func (e *malformed) Error() string { return fmt.Sprintf("byte %d: want %s", e.at, e.want) }

// open adds a claim to m; nil when there are as many as there may be. It is
// valid until the next one is opened.
func (f *criteria) open(m *message) *claim {
	if len(m.claims) >= f.votesMax {
		return nil
	}
	m.claims = append(m.claims, claim{service: f.enrolled.DefaultService()})
	return &m.claims[len(m.claims)-1]
}

// readSeq takes a seq. It is what a vote is known by, so nothing is rounded.
func (c *claim) readSeq(n number) {
	seq, _ := n.whole()
	c.setSeq(seq)
}

// setSeq takes an integer as the seq; setAge does so as the age.
func (c *claim) setSeq(n int64) {
	c.seq = 0
	if n >= 1 && n <= numberMax {
		c.seq = schema.Seq(n)
	}
}

func (c *claim) readWall(text []byte) {
	c.wall, c.wallState = readInstant(text)
}

// readInstant reads an instant with its zone.
func readInstant(text []byte) (schema.Instant, given) {
	t, ok := parseTime(text)
	if !ok {
		return 0, invalid
	}
	return t, valid
}

// readAge takes an age, to the nearest millisecond.
func (c *claim) readAge(n number) {
	age, ok := n.rounded()
	if !ok {
		age = -1
	}
	c.setAge(age)
}

func (c *claim) setAge(n int64) {
	c.age, c.ageState = n, valid
	if n < 0 || n > numberMax {
		c.age, c.ageState = 0, invalid
	}
}

// readValue takes a value of a scale other than mlf3.
func (f *criteria) readValue(c *claim, n number) {
	c.value = 0
	if value, ok := n.whole(); ok && value <= int64(f.enrolled.Scale.Max()) {
		c.value = schema.Value(value)
	}
}

// readService takes the code of a service: of two that differ in case only the
// one as it is written, else the first.
func (f *criteria) readService(c *claim, code []byte) {
	id, ok := f.enrolled.Service(code)
	if !ok {
		id, ok = f.serviceInAnyCase(code)
	}
	c.service, c.badService = id, !ok
}

func (f *criteria) serviceInAnyCase(code []byte) (schema.ServiceID, bool) {
	for i := range f.enrolled.Services {
		if s := &f.enrolled.Services[i]; sameWord(s.Code, code) {
			return s.ID, true
		}
	}
	return schema.ServiceUnspecified, false
}

func (f *criteria) noService(c *claim) {
	c.service, c.badService = f.enrolled.DefaultService(), false
}

func (f *criteria) readReason(c *claim, code []byte) {
	r := f.words.usualReason(code)
	if !r.OfferedOn(f.enrolled.Channel) {
		f.unusualReason(c, code)
		return
	}
	c.reason, c.unknownReason = r, false
}

// unusualReason takes a reason that is written otherwise, or is none here.
func (f *criteria) unusualReason(c *claim, code []byte) {
	r := schema.Reason(find(f.words.reasons, code))
	if !r.OfferedOn(f.enrolled.Channel) {
		c.otherReason()
		return
	}
	c.reason, c.unknownReason = r, false
}

func (c *claim) otherReason() {
	c.reason, c.unknownReason = schema.ReasonOther, true
}

// faces tells whether the terminal says face and not value.
func (f *criteria) faces() bool { return f.enrolled.Scale == schema.ScaleMLF3 }

// words are the codes of schema's enumerations, laid out so that a code is found
// in a body without a string being made of it.
type words struct {
	faces   []string // By value.
	reasons []string // By reason.
}

func newWords() *words {
	w := &words{
		faces:   make([]string, schema.ScaleMLF3.Max()+1),
		reasons: make([]string, schema.ReasonMax+1),
	}
	for v := schema.Value(1); v <= schema.ScaleMLF3.Max(); v++ {
		w.faces[v] = v.Face()
	}
	for r := schema.Reason(1); r <= schema.ReasonMax; r++ {
		w.reasons[r] = r.String()
	}
	return w
}

// usualFace returns the value of a face that is written as it is; 0 for no face.
func (w *words) usualFace(code []byte) schema.Value {
	for v := 1; v < len(w.faces); v++ {
		if w.faces[v] == string(code) {
			return schema.Value(v)
		}
	}
	return schema.Voided
}

// face returns the value of a face in any case; 0 for no face.
func (w *words) face(code []byte) schema.Value {
	if v := w.usualFace(code); v != schema.Voided {
		return v
	}
	return schema.Value(find(w.faces, code))
}

func (w *words) usualReason(code []byte) schema.Reason {
	for r := 1; r < len(w.reasons); r++ {
		if w.reasons[r] == string(code) {
			return schema.Reason(r)
		}
	}
	return schema.ReasonNone
}

// find returns where code is among words in any case; 0 where it is not.
func find(words []string, code []byte) int {
	for i := 1; i < len(words); i++ {
		if sameWord(words[i], code) {
			return i
		}
	}
	return 0
}

// sameWord tells whether code is word, whatever the case of its ASCII letters.
// Other letters have no case: the Kelvin sign is no k.
func sameWord(word string, code []byte) bool {
	if len(word) != len(code) {
		return false
	}
	for i := range code {
		if lower(word[i]) != lower(code[i]) {
			return false
		}
	}
	return true
}
