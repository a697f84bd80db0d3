package foreign

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"mlf/schema"
)

// A box has five buttons and counters of 16 bits, as a Smilio has. Of every eight boxes
// four were in use before, and their counters are about to begin again at 0.
type box struct {
	network string // The way in which its network speaks.
	address string // As its network writes it.
	index   int
}

// networks are the ways of the networks, by turns.
func networks() []string { return []string{"ttn3", "chirpstack4", "skiply", "sigfox"} }

// playBox plays one box, and the server of its network.
func playBox(s *source) {
	b := box{network: networks()[s.index%4], index: s.index}
	s.way = b.network
	switch b.network {
	case "skiply":
		b.address = fmt.Sprintf("SA%06d", s.index)
		s.Name = strings.ToLower(b.address)
	case "sigfox":
		b.address = fmt.Sprintf("%X", 0x1D000+s.index)
		s.Name = strings.ToLower(fmt.Sprintf("%08X", 0x1D000+s.index))
	default:
		b.address = fmt.Sprintf("0004A30B%08X", s.index)
		s.Name = strings.ToLower(b.address)
	}
	m := meter{
		values: 5, busy: 10 + 40*s.votes.Float64(),
		interval: schema.Instant(11+s.votes.IntN(49)) * hour / 60, // Sigfox carries 140 frames a day.
	}
	if s.Scale, s.FromZero = schema.ScaleStars5, s.index%8 < 4; !s.FromZero {
		for i := range m.start {
			m.start[i] = 1<<16 - 1 - s.votes.Uint64N(100)
		}
		m.steady = b.hasNoSessions() // A fall of such counters could be either.
	}
	reports := s.reports(&m)
	bodies := make([][]byte, len(reports))
	for i := range reports {
		bodies[i] = b.push(s, &reports[i])
		if reports[i].kind == bootReport && !b.hasNoSessions() {
			s.other(&b, &reports[i])
		}
	}
	deliver := s.deliver
	if b.hasNoSessions() {
		deliver = func(reports []report) []arrival { return s.deliverUnmarked(reports, b.network == "sigfox") }
	}
	for _, a := range deliver(reports) {
		s.post(a.at, b.path("up"), bodies[a.index])
		kind := reports[a.index].kind
		s.newest().Event = kind == totalsReport || kind == bootReport && b.network != "skiply"
	}
}

// hasNoSessions tells whether the network tells of no joins: frames are ordered by when
// they were received.
func (b *box) hasNoSessions() bool { return b.network == "skiply" || b.network == "sigfox" }

// path returns where the network sends an event.
func (b *box) path(event string) string {
	if b.network == "chirpstack4" {
		return "/v1/uplinks/chirpstack4?event=" + event
	}
	return "/v1/uplinks/" + b.network
}

// The frames of a Smilio, firmware 2.0.1.x.
const (
	frameAlive  = 0x01
	frameTotals = 0x02
	frameBadge  = 0x03 // As frameTotals, sent because somebody who cleans held a badge to it.
	frameBoot   = 0x04
)

// frame returns the payload by which a box says r.
func (b *box) frame(s *source, r *report) []byte {
	if r.kind == bootReport {
		return []byte{frameBoot, 0, 0xAA, 0xAA, 2, 3, 4, 5}
	}
	if r.kind == aliveReport {
		frame := binary.BigEndian.AppendUint16([]byte{frameAlive}, 3200)
		return append(binary.BigEndian.AppendUint16(frame, 2900), 0x64)
	}
	frame := []byte{frameTotals}
	if s.weather.IntN(20) == 0 {
		frame[0] = frameBadge
	}
	for _, n := range r.totals {
		frame = binary.BigEndian.AppendUint16(frame, uint16(n))
	}
	return frame
}

// address returns the device address of a session: each join gives another one, which
// boxes may share.
func address(session int) uint32 {
	const network, addresses = 0x26000000, 1 << 25
	return network | uint32(session%addresses)
}

// A ttnUplink is a webhook of The Things Stack v3. What is zero or empty is left out of
// its JSON.
type ttnUplink struct {
	IDs struct {
		DeviceID      string `json:"device_id"`
		ApplicationID struct {
			ID string `json:"application_id"`
		} `json:"application_ids"`
		DevEUI  string `json:"dev_eui"`
		DevAddr string `json:"dev_addr"`
	} `json:"end_device_ids"`
	Received string      `json:"received_at"`
	Uplink   *ttnMessage `json:"uplink_message,omitempty"`
	Join     *ttnMessage `json:"join_accept,omitempty"`

	Simulated bool `json:"simulated,omitempty"`
}

type ttnMessage struct {
	SessionKeyID string `json:"session_key_id"`
	Port         uint8  `json:"f_port,omitempty"`
	Count        uint64 `json:"f_cnt,omitempty"`
	Payload      string `json:"frm_payload,omitempty"`
	Received     string `json:"received_at"`
}

// A chirpUplink is an event of ChirpStack v4, which leaves out what is zero, too.
type chirpUplink struct {
	Deduplication string `json:"deduplicationId"`
	Time          string `json:"time"`
	Device        struct {
		Name   string            `json:"deviceName"`
		DevEUI string            `json:"devEui"`
		Tags   map[string]string `json:"tags"`
	} `json:"deviceInfo"`
	DevAddr string `json:"devAddr"`
	Count   uint64 `json:"fCnt,omitempty"`
	Port    uint8  `json:"fPort,omitempty"`
	Payload string `json:"data,omitempty"`
}

// smilioPort is the LoRaWAN port of all its frames.
const smilioPort = 2

// push returns what the network says when it has received the frame of r.
func (b *box) push(s *source, r *report) []byte {
	if b.network == "skiply" {
		return marshal(b.skiplyPush(r))
	}
	frame := b.frame(s, r)
	switch b.network {
	case "sigfox":
		return marshal(b.sigfoxCallback(r, frame))
	case "chirpstack4":
		return marshal(b.chirpUplink(r, frame))
	}
	return marshal(b.ttnUplink(r, frame))
}

func (b *box) ttnUplink(r *report, frame []byte) *ttnUplink {
	var u ttnUplink
	u.IDs.DeviceID, u.IDs.DevEUI = fmt.Sprintf("totem-%d", b.index), b.address
	u.IDs.ApplicationID.ID = "mlf"
	u.IDs.DevAddr = fmt.Sprintf("%08X", address(r.session))
	u.Received = stamp(r.at + 200)
	u.Uplink = &ttnMessage{
		SessionKeyID: base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "session %d of %d", r.session, b.index)),
		Port:         smilioPort, Count: r.number, Payload: base64.StdEncoding.EncodeToString(frame), Received: stamp(r.at),
	}
	return &u
}

func (b *box) chirpUplink(r *report, frame []byte) *chirpUplink {
	var u chirpUplink
	u.Deduplication = fmt.Sprintf("%08x-0000-4000-8000-%012x", b.index, r.session<<32|int(r.number))
	u.Time = r.at.Time().Format("2006-01-02T15:04:05.000023242-07:00")
	u.Device.Name, u.Device.DevEUI = fmt.Sprintf("totem-%d", b.index), strings.ToLower(b.address)
	u.DevAddr = fmt.Sprintf("%08x", address(r.session))
	u.Count, u.Port, u.Payload = r.number, smilioPort, base64.StdEncoding.EncodeToString(frame)
	return &u
}

// other adds what a network tells beside uplinks when a box joins anew, none of which
// counts: that it joined, and of The Things Stack at times a frame by hand, from the
// console of somebody who looks why it was away.
func (s *source) other(b *box, boot *report) {
	if b.network == "chirpstack4" {
		u := b.chirpUplink(boot, nil)
		u.Port = 0
		s.aside(boot.at, b.path("join"), marshal(u))
		return
	}
	u := b.ttnUplink(boot, nil)
	u.Uplink, u.Join = nil, &ttnMessage{SessionKeyID: u.Uplink.SessionKeyID, Received: u.Uplink.Received}
	s.aside(boot.at, b.path("join"), marshal(u))
	if s.weather.IntN(2) == 0 {
		u := b.ttnUplink(boot, []byte{frameTotals, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9})
		u.Uplink.SessionKeyID, u.Simulated = "", true
		s.aside(boot.at+1000, b.path("up"), marshal(u))
		s.play.Truth.Simulated++
	}
}

// stamp returns at as RFC 3339, to the millisecond.
func stamp(at schema.Instant) string { return at.Time().Format(time.RFC3339Nano) }

// marshal returns v as JSON. What is played can always be written.
func marshal(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("BUG: %T cannot be written: %v", v, err))
	}
	return body
}
