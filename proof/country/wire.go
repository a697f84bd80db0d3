package country

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
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
	zone     *time.Location // In which it writes times.
}

// A clockMode is how a terminal tells when a vote was cast.
type clockMode uint8

const (
	clockAge  clockMode = iota // age_ms.
	clockWall                  // at, with sent_at.
	clockBoth                  // Both; age_ms wins, at is nonsense.
)

// aheadMax is how wrong a wall clock may be: a terminal whose battery died
// counts from its last boot.
const aheadMax = 3 * 24 * time.Hour

func newWire(rng *rand.Rand) wire {
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
	w.clock = clockMode(pick(rng, []float64{0.45, 0.45, 0.10}))
	if rng.Float64() < 0.5 {
		w.ahead = schema.Instant(rng.Int64N(2*aheadMax.Milliseconds()) - aheadMax.Milliseconds())
	}
	w.zone = [...]*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", 2*3600)}[rng.IntN(3)]
	return w
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

// expect returns what the service must answer to units.
func expect(units []unit) expected {
	var e expected
	for i := range units {
		for j := range units[i].votes {
			v := &units[i].votes[j]
			if v.value == schema.Voided {
				e.Rejected++
				continue
			}
			e.Accepted++
			for _, warned := range [...]bool{v.clock != clockGood, v.service == serviceUnknown, v.reason == reasonUnknown} {
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

// A moment is how a vote says when it was cast.
type moment struct {
	at     string
	age    int64
	hasAge bool
}

// tooOld is past the 400 days after which the protocol takes a time for wrong.
const tooOld = 401 * 24 * time.Hour

// moment returns what t writes about v's time in a request sent at now.
func (t *terminal) moment(v *vote, now schema.Instant) moment {
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
		return moment{age: int64(now-schema.InstantOf(t.enrol.Since)) + time.Hour.Milliseconds(), hasAge: true}
	default:
	}
	m := moment{age: int64(now - v.at), hasAge: t.wire.clock != clockWall}
	switch t.wire.clock {
	case clockWall:
		m.at = t.wire.wall(v.at)
	case clockBoth:
		m.at = "1970-01-01T00:00:07Z"
	default:
	}
	return m
}

// wall returns i by the terminal's wall clock.
func (w *wire) wall(i schema.Instant) string {
	return (i + w.ahead).Time().In(w.zone).Format("2006-01-02T15:04:05.000Z07:00")
}

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
	return t.enrol.Services[v.service].Code
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
	return v.value.Face(), 0
}

// appendJSON writes the request in JSON. None of the texts needs escaping.
func (t *terminal) appendJSON(dst []byte, stream string, units []unit, now schema.Instant) []byte {
	dst = append(append(dst, `{"stream":"`...), stream...)
	if t.wire.clock == clockWall {
		dst = append(append(dst, `","sent_at":"`...), t.wire.wall(now)...)
	}
	dst = append(dst, `","votes":[`...)
	for i := range units {
		for j := range units[i].votes {
			dst = append(t.appendVote(dst, &units[i].votes[j], now), ',')
		}
	}
	return append(dst[:len(dst)-1], "]}"...)
}

func (t *terminal) appendVote(dst []byte, v *vote, now schema.Instant) []byte {
	dst = strconv.AppendUint(append(dst, `{"seq":`...), uint64(v.seq), 10)
	if v.closes {
		return append(dst, '}')
	}
	face, value := t.face(v)
	m := t.moment(v, now)
	dst = appendText(dst, `,"at":"`, m.at)
	if m.hasAge {
		dst = strconv.AppendInt(append(dst, `,"age_ms":`...), m.age, 10)
	}
	dst = appendText(dst, `,"face":"`, face)
	if value != 0 {
		dst = strconv.AppendInt(append(dst, `,"value":`...), int64(value), 10)
	}
	dst = appendText(dst, `,"service":"`, t.service(v))
	dst = appendText(dst, `,"reason":"`, reasonCode(v.reason))
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
	if t.wire.clock == clockWall {
		m.SentAt = proto.String(t.wire.wall(now))
	}
	for i := range units {
		for j := range units[i].votes {
			m.Votes = append(m.Votes, t.voteMessage(&units[i].votes[j], now))
		}
	}
	return m
}

func (t *terminal) voteMessage(v *vote, now schema.Instant) *votepb.VoteMessage {
	m := &votepb.VoteMessage{Seq: proto.Int64(int64(v.seq))}
	if v.closes {
		return m
	}
	when := t.moment(v, now)
	if when.hasAge {
		m.AgeMs = proto.Int64(when.age)
	}
	face, value := t.face(v)
	if value != 0 {
		m.Value = proto.Int32(value)
	}
	m.At, m.Face = textOrNil(when.at), textOrNil(face)
	m.Service, m.Reason = textOrNil(t.service(v)), textOrNil(reasonCode(v.reason))
	return m
}

func textOrNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
