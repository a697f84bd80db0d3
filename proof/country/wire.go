package country

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/votepb"
)

// A wire is how a terminal writes: makers differ, so all that the protocol
// allows occurs.
type wire struct {
	protobuf bool
	coding   string // Content-Encoding; empty for none.
	clock    clockMode
	ahead    schema.Instant // How far its wall clock is ahead, in milliseconds; constant.
	slow     bool           // Its wall clock is behind by more than a day.
	zone     *time.Location // In which it writes times.
	hand     hand
}

// A clockMode is how a terminal tells when a vote was cast.
type clockMode uint8

const (
	clockAge   clockMode = iota // age_ms.
	clockWall                   // at, with sent_at.
	clockBoth                   // Both.
	clockStray                  // age_ms, and an at that is nonsense.
	clockSpare                  // at with sent_at, and an age_ms that is none.
)

// dates tells whether w says when a request was sent.
func (w *wire) dates() bool {
	return w.clock == clockWall || w.clock == clockBoth || w.clock == clockSpare
}

func newWire(rng *rand.Rand, days int, first schema.Hour) wire {
	var w wire
	switch pick(rng, []float64{0.40, 0.25, 0.15, 0.10, 0.10}) {
	case 1:
		w.coding = "gzip"
	case 2:
		w.coding = "zstd"
	case 3:
		w.protobuf = true
	case 4:
		w.protobuf, w.coding = true, "gzip"
	}
	w.clock = clockMode(pick(rng, []float64{0.42, 0.40, 0.08, 0.05, 0.05}))
	w.setClock(rng, days, first)
	w.zone = [...]*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", 2*3600)}[rng.IntN(3)]
	w.hand = newHand(rng)
	return w
}

// How wrong wall clocks are. A clock that is believed must never come to be one
// that is not while a simulation goes on, however long, so all keep an hour from
// where the protocol draws its lines.
const (
	aheadMax  = 3 * 24 * time.Hour
	behindMax = 23 * time.Hour
	slowMin   = 25 * time.Hour

	// unset is what a clock without a battery says at the first hour of the plan:
	// it counts from its last boot.
	unset = schema.Instant(26 * 3600 * 1000)
)

// setClock draws how wrong the wall clock is; half are right. Days is how many the
// plan has before now: a clock can be slow for as long as its terminal is enrolled.
func (w *wire) setClock(rng *rand.Rand, days int, first schema.Hour) {
	shares := []float64{0.50, 0.37, 0.10, 0.03}
	if days == 0 {
		shares[3] = 0
	}
	span := func(from, to time.Duration) schema.Instant {
		return schema.Instant(from.Milliseconds() + rng.Int64N((to - from).Milliseconds()))
	}
	switch pick(rng, shares) {
	case 1:
		w.ahead = span(-behindMax, aheadMax)
	case 2:
		w.ahead = unset - schema.InstantOf(first.Time())
	case 3:
		w.ahead = -span(slowMin, enrolledBefore+time.Duration(days)*24*time.Hour-time.Hour)
		w.slow = true
	}
}

func (w *wire) contentType() string {
	if w.protobuf {
		return "application/x-protobuf"
	}
	return "application/json"
}

// An expected is what the answer to a request must say.
type expected struct {
	Accepted, Rejected, Warnings int
}

// expect returns what the service must answer to units of t.
func (t *terminal) expect(units []unit) expected {
	var e expected
	for i := range units {
		for j := range units[i].votes {
			v := &units[i].votes[j]
			if v.value == schema.Voided {
				e.Rejected++
				continue
			}
			e.Accepted++
			for _, warned := range [...]bool{t.late(v), v.service == serviceUnknown, v.reason == reasonUnknown} {
				if warned {
					e.Warnings++
				}
			}
		}
	}
	return e
}

// An encoder writes request bodies. It belongs to one worker; what it returns
// is valid until its next call.
type encoder struct {
	plain    []byte
	squeezed []byte
	packed   bytes.Buffer
	gzip     *gzip.Writer
	zstd     *zstd.Encoder
}

func newEncoder() (*encoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("make zstd encoder: %w", err)
	}
	g, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return &encoder{gzip: g, zstd: z}, err
}

// encode returns the body of a request with units, sent at now.
func (e *encoder) encode(t *terminal, stream string, units []unit, now schema.Instant) ([]byte, error) {
	if t.wire.protobuf {
		body, err := proto.MarshalOptions{}.MarshalAppend(e.plain[:0], t.message(stream, units, now))
		if err != nil {
			return nil, fmt.Errorf("encode votes of terminal %d: %w", t.index, err)
		}
		e.plain = body
	} else {
		e.plain = t.appendJSON(e.plain[:0], stream, units, now)
	}
	switch t.wire.coding {
	case "gzip":
		e.packed.Reset()
		e.gzip.Reset(&e.packed)
		_, _ = e.gzip.Write(e.plain) // A bytes.Buffer takes everything.
		_ = e.gzip.Close()
		return e.packed.Bytes(), nil
	case "zstd":
		e.squeezed = e.zstd.EncodeAll(e.plain, e.squeezed[:0])
		return e.squeezed, nil
	}
	return e.plain, nil
}

// A posting is when a request is sent, and what it says of that.
type posting struct {
	now  schema.Instant
	sent schema.Instant // By the terminal's wall clock; 0: it does not say.
}

// posting returns that of a request with units which is sent at now.
func (t *terminal) posting(units []unit, now schema.Instant) posting {
	switch {
	case units[0].frozen():
		return posting{now, now - schema.Instant(frozenFor.Milliseconds())}
	case t.wire.dates():
		return posting{now, now + t.wire.ahead}
	}
	return posting{now: now}
}

// A moment is how a vote says when it was cast.
type moment struct {
	at     string
	age    int64
	hasAge bool
}

const (
	// tooOld is past the 400 days after which the protocol takes a time for wrong.
	tooOld = 401 * 24 * time.Hour

	// tornBy is past the 5 min by which two clocks may differ about a vote.
	tornBy = 6 * time.Minute
)

// moment returns what t writes about v's time.
func (t *terminal) moment(v *vote, p posting) moment {
	switch v.clock {
	case clockNone:
		return moment{}
	case clockText:
		return moment{at: "ieri verso le dieci"}
	case clockNegative:
		return moment{age: -1, hasAge: true}
	case clockTooOld:
		return moment{age: tooOld.Milliseconds(), hasAge: true}
	case clockBefore:
		return moment{age: int64(p.now-schema.InstantOf(t.enrol.Since)) + time.Hour.Milliseconds(), hasAge: true}
	case clockTorn:
		return moment{at: t.wire.write(v.at + t.wire.ahead), age: int64(p.now-v.at) + tornBy.Milliseconds(), hasAge: true}
	case clockFrozen: // As it was right when the body was made.
		return moment{at: t.wire.write(v.at), age: int64(p.sent - v.at), hasAge: t.wire.clock != clockWall}
	default:
	}
	m := moment{age: int64(p.now - v.at), hasAge: t.wire.clock != clockWall}
	switch t.wire.clock {
	case clockWall, clockBoth:
		m.at = t.wire.write(v.at + t.wire.ahead)
	case clockSpare:
		m.at, m.age = t.wire.write(v.at+t.wire.ahead), -1
	case clockStray:
		m.at = "1970-01-01T00:00:07Z"
	default:
	}
	return m
}

// write writes what the wall clock shows.
func (w *wire) write(i schema.Instant) string { return i.Time().In(w.zone).Format(w.hand.layout) }

// What terminals send that no service knows.
const (
	strangeFace    = "blue"
	strangeValue   = 9
	strangeService = "oroscopo"
	strangeReason  = "mercury_retrograde"
)

func (t *terminal) service(v *vote) string {
	switch v.service {
	case serviceAbsent:
		return ""
	case serviceUnknown:
		return strangeService
	}
	return t.wire.hand.spell(t.enrol.Services[v.service].Code)
}

func reasonCode(r schema.Reason) string {
	switch r {
	case schema.ReasonNone:
		return ""
	case reasonUnknown:
		return strangeReason
	default:
		return r.String()
	}
}

// face returns what t sends as v's face, or as its value.
func (t *terminal) face(v *vote) (face string, value int32) {
	switch {
	case v.closes:
		return "", 0
	case t.enrol.Scale != schema.ScaleMLF3:
		if v.value == schema.Voided {
			return "", strangeValue
		}
		return "", int32(v.value)
	case v.value == schema.Voided:
		return strangeFace, 0
	}
	return t.wire.hand.spell(v.value.Face()), 0
}

// appendJSON writes the request in JSON. None of the texts needs escaping.
func (t *terminal) appendJSON(dst []byte, stream string, units []unit, now schema.Instant) []byte {
	dst = append(append(dst, `{"stream":"`...), stream...)
	p := t.posting(units, now)
	if p.sent != 0 {
		dst = append(append(dst, `","sent_at":"`...), t.wire.write(p.sent)...)
	}
	dst = append(dst, `","votes":[`...)
	for i := range units {
		for j := range units[i].votes {
			dst = append(t.appendVote(dst, &units[i].votes[j], p), ',')
		}
	}
	return append(dst[:len(dst)-1], "]}"...)
}

func (t *terminal) appendVote(dst []byte, v *vote, p posting) []byte {
	hand := &t.wire.hand
	dst = hand.appendNumber(append(dst, `{"seq":`...), int64(v.seq))
	if v.closes {
		return append(dst, '}')
	}
	face, value := t.face(v)
	m := t.moment(v, p)
	dst = appendText(dst, `,"at":"`, m.at)
	if m.hasAge {
		dst = hand.appendNumber(append(dst, `,"age_ms":`...), m.age)
	}
	dst = appendText(dst, `,"face":"`, face)
	if value != 0 {
		dst = hand.appendNumber(append(dst, `,"value":`...), int64(value))
	}
	dst = appendText(dst, `,"service":"`, t.service(v))
	dst = appendText(dst, `,"reason":"`, hand.spell(reasonCode(v.reason)))
	return append(dst, '}')
}

func appendText(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	return append(append(append(dst, key...), text...), '"')
}

// message returns the request as protobuf's message.
func (t *terminal) message(stream string, units []unit, now schema.Instant) *votepb.VotesRequest {
	m := &votepb.VotesRequest{Stream: stream}
	p := t.posting(units, now)
	if p.sent != 0 {
		m.SentAt = proto.String(t.wire.write(p.sent))
	}
	for i := range units {
		for j := range units[i].votes {
			m.Votes = append(m.Votes, t.voteMessage(&units[i].votes[j], p))
		}
	}
	return m
}

func (t *terminal) voteMessage(v *vote, p posting) *votepb.VoteMessage {
	m := &votepb.VoteMessage{Seq: proto.Int64(int64(v.seq))}
	if v.closes {
		return m
	}
	when := t.moment(v, p)
	if when.hasAge {
		m.AgeMs = proto.Int64(when.age)
	}
	face, value := t.face(v)
	if value != 0 {
		m.Value = proto.Int32(value)
	}
	m.At, m.Face = textOrNil(when.at), textOrNil(face)
	m.Service, m.Reason = textOrNil(t.service(v)), textOrNil(t.wire.hand.spell(reasonCode(v.reason)))
	return m
}

func textOrNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
