package schema

import (
	"fmt"
	"strings"
)

// A Seq numbers the votes of one stream. The terminal raises it by one for
// every vote and never uses a number twice. Range 1 to SeqMax; gaps are filled
// later or closed by a voided vote.
type Seq uint64

// SeqMax is the highest seq a terminal may use, 2^53-1: the highest integer
// that every JSON reader keeps exactly (RFC 8259 §6).
const SeqMax Seq = 1<<53 - 1

// A SeqSpan is the half-open range of seqs [First, Next).
type SeqSpan struct{ First, Next Seq }

// A Value is what a vote says on its Scale, higher is better. 1 to the scale's
// Max; 0 stands for a voided vote, one that closes its seq and counts nothing.
type Value uint8

// The three faces of "Mettiamoci la faccia" as values of ScaleMLF3.
const (
	Voided Value = 0
	Red    Value = 1
	Yellow Value = 2
	Green  Value = 3
)

// ValueMax is the highest value of any scale.
const ValueMax Value = 5

// A Vote is one sealed vote as the log keeps it.
type Vote struct {
	Seq       Seq
	At        Instant // Vote time: when the citizen pressed. Arrival for a late clock.
	Wall      Instant // By the terminal's own wall clock; 0: none. At most WallApartMax from At.
	Service   ServiceID
	Value     Value
	Reason    Reason
	LateClock bool // The terminal's time could not be used; At is the arrival.
}

// WallApartMax is how far a terminal's wall clock may be from the vote time, in
// milliseconds, either way: 17,839 years, more than RFC 3339 can write. The log
// gives a difference eight bytes at most.
const WallApartMax = 1 << 49

// Class tells how a counted vote is to be read. Statistics show ClassOK unless
// asked otherwise; no class is ever dropped.
type Class uint8

// The classes, in the order in which they are decided: test, late clock, burst.
const (
	ClassOK        Class = 1
	ClassBurst     Class = 2 // Less than BurstWindow after the vote before it.
	ClassLateClock Class = 3 // Counted in the hour of arrival.
	ClassTest      Class = 4 // From a terminal enrolled for tests.
)

// ClassMax is the highest class.
const ClassMax = ClassTest

// BurstWindow is the time within which a second vote of a stream on a counter
// or totem is taken for the same citizen pressing again, in milliseconds:
// 0 to BurstWindow-1 after the vote before it.
const BurstWindow = 2000

// A Channel is where citizens vote.
type Channel uint8

// The channels.
const (
	ChannelCounter Channel = 1
	ChannelTotem   Channel = 2
	ChannelPhone   Channel = 3
	ChannelWeb     Channel = 4
	ChannelDigital Channel = 5
)

// A Scale is the set of values a terminal offers.
type Scale uint8

// The scales. ScaleMLF3 is the three faces: red 1, yellow 2, green 3.
const (
	ScaleMLF3    Scale = 1
	ScaleSmiley4 Scale = 2
	ScaleStars5  Scale = 3
)

// Max returns the highest value of s; 0 when s is no scale.
func (s Scale) Max() Value {
	switch s {
	case ScaleMLF3:
		return 3
	case ScaleSmiley4:
		return 4
	case ScaleStars5:
		return 5
	}
	return 0
}

// A Reason is the citizen's answer to the question asked after a vote.
type Reason uint8

// The reasons. ReasonNone: the question was not asked. Skipped and timeout are
// answers of their own: the question was asked and nothing was chosen.
const (
	ReasonNone           Reason = 0
	ReasonWaitingTime    Reason = 1
	ReasonStaff          Reason = 2
	ReasonMustReturn     Reason = 3
	ReasonNegativeAnswer Reason = 4
	ReasonUnclear        Reason = 5
	ReasonIncomplete     Reason = 6
	ReasonUnsure         Reason = 7
	ReasonTechnical      Reason = 8
	ReasonOther          Reason = 9
	ReasonSkipped        Reason = 10
	ReasonTimeout        Reason = 11

	// The positive branch of the municipal sites: what the citizen liked.
	ReasonClear     Reason = 12
	ReasonComplete  Reason = 13
	ReasonSure      Reason = 14
	ReasonNoTrouble Reason = 15
)

// ReasonMax is the highest reason; the log gives it four bits, and all are used.
const ReasonMax = ReasonNoTrouble

// OfferedOn tells whether a terminal of channel c offers r as an answer.
// ReasonOther, ReasonSkipped and ReasonTimeout are offered everywhere.
func (r Reason) OfferedOn(c Channel) bool {
	digital := c == ChannelWeb || c == ChannelDigital
	switch {
	case r >= ReasonWaitingTime && r <= ReasonNegativeAnswer:
		return !digital
	case r >= ReasonUnclear && r <= ReasonTechnical, r >= ReasonClear && r <= ReasonNoTrouble:
		return digital
	}
	return r >= ReasonOther && r <= ReasonTimeout
}

// The codes of the enumerations, on the wire, in the command line and in the
// answers. Their labels for people are data: schema/registry.
var (
	classCodes   = []string{1: "ok", 2: "burst", 3: "late_clock", 4: "test"}
	channelCodes = []string{1: "counter", 2: "totem", 3: "phone", 4: "web", 5: "digital"}
	scaleCodes   = []string{1: "mlf3", 2: "smiley4", 3: "stars5"}
	faceCodes    = []string{1: "red", 2: "yellow", 3: "green"}
	reasonCodes  = []string{
		1: "waiting_time", 2: "staff", 3: "must_return", 4: "negative_answer",
		5: "unclear", 6: "incomplete", 7: "unsure", 8: "technical",
		9: "other", 10: "skipped", 11: "timeout",
		12: "clear", 13: "complete", 14: "sure", 15: "no_trouble",
	}
)

func (c Class) String() string   { return codeOf("class", classCodes, uint8(c)) }
func (c Channel) String() string { return codeOf("channel", channelCodes, uint8(c)) }
func (s Scale) String() string   { return codeOf("scale", scaleCodes, uint8(s)) }
func (r Reason) String() string  { return codeOf("reason", reasonCodes, uint8(r)) }

// Face returns the code of v on ScaleMLF3: "red", "yellow" or "green".
func (v Value) Face() string { return codeOf("value", faceCodes, uint8(v)) }

// Classes lists the classes in ascending order, as do Channels and Scales theirs.
func Classes() []Class { return []Class{ClassOK, ClassBurst, ClassLateClock, ClassTest} }

// Channels lists the channels.
func Channels() []Channel {
	return []Channel{ChannelCounter, ChannelTotem, ChannelPhone, ChannelWeb, ChannelDigital}
}

// Scales lists the scales.
func Scales() []Scale { return []Scale{ScaleMLF3, ScaleSmiley4, ScaleStars5} }

// ParseClass returns the class with the given code.
func ParseClass(code string) (Class, error) {
	n, err := parseCode("class", classCodes, code)
	return Class(n), err
}

// ParseChannel returns the channel with the given code.
func ParseChannel(code string) (Channel, error) {
	n, err := parseCode("channel", channelCodes, code)
	return Channel(n), err
}

// ParseScale returns the scale with the given code.
func ParseScale(code string) (Scale, error) {
	n, err := parseCode("scale", scaleCodes, code)
	return Scale(n), err
}

// ParseReason returns the reason with the given code.
func ParseReason(code string) (Reason, error) {
	n, err := parseCode("reason", reasonCodes, code)
	return Reason(n), err
}

// ParseFace returns the value on ScaleMLF3 of the face with the given code.
func ParseFace(code string) (Value, error) {
	n, err := parseCode("face", faceCodes, code)
	return Value(n), err
}

// MarshalText writes the channel's code.
func (c Channel) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a channel's code.
func (c *Channel) UnmarshalText(text []byte) (err error) {
	*c, err = ParseChannel(string(text))
	return err
}

// MarshalText writes the scale's code.
func (s Scale) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a scale's code.
func (s *Scale) UnmarshalText(text []byte) (err error) {
	*s, err = ParseScale(string(text))
	return err
}

// codeOf returns codes[n], or a readable stand-in where n has no code: what is
// printed here may come from a newer writer.
func codeOf(kind string, codes []string, n uint8) string {
	if int(n) < len(codes) && codes[n] != "" {
		return codes[n]
	}
	return fmt.Sprintf("%s-%d", kind, n)
}

func parseCode(kind string, codes []string, code string) (uint8, error) {
	for n, c := range codes {
		if c == code && c != "" {
			return uint8(n), nil
		}
	}
	return 0, fmt.Errorf("%s %q: want one of %s", kind, code, strings.Join(nonEmpty(codes), ", "))
}

func nonEmpty(codes []string) []string {
	var kept []string
	for _, c := range codes {
		if c != "" {
			kept = append(kept, c)
		}
	}
	return kept
}
