package uplink

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mlf/ingest/object"
	"mlf/schema"
)

// A Network is who pushes uplinks, and so the form of a body.
type Network uint8

// The networks.
const (
	TTN3        Network = 1 // The Things Stack v3: webhooks, JSON.
	ChirpStack4 Network = 2 // ChirpStack v4: HTTP integration, JSON.
	Skiply      Network = 3 // The maker's own push (primary API).
	Sigfox      Network = 4 // A callback whose body has Sigfox's variables under their own names.
)

// Networks lists the networks in ascending order.
func Networks() []Network { return []Network{TTN3, ChirpStack4, Skiply, Sigfox} }

// String returns the code of n, as it stands in the path of a request.
func (n Network) String() string {
	switch n {
	case TTN3:
		return "ttn3"
	case ChirpStack4:
		return "chirpstack4"
	case Skiply:
		return "skiply"
	case Sigfox:
		return "sigfox"
	}
	return fmt.Sprintf("network-%d", uint8(n))
}

// ParseNetwork returns the network with the given code.
func ParseNetwork(code string) (Network, error) {
	all := Networks()
	i := slices.IndexFunc(all, func(n Network) bool { return n.String() == code })
	if i < 0 {
		return 0, errors.New("network: want one of ttn3, chirpstack4, skiply, sigfox")
	}
	return all[i], nil
}

// Limits of what is read.
const (
	// BytesMax is the longest body, in bytes. One with thirty gateways and the names
	// of a long chain of servers is below 20 KiB.
	BytesMax = 64 << 10

	// PayloadMax is the longest payload of a frame, in bytes. LoRaWAN carries 242.
	PayloadMax = 255
)

// ErrOther says that a body is no uplink, or an uplink that says nothing of buttons:
// a join, a status, an acknowledgement. It is answered as if all were well, for the
// network would only send it again.
var ErrOther = errors.New("no uplink: nothing to count")

// An Uplink is one frame of a device as its network delivered it.
type Uplink struct {
	// Device is the DevEUI as 16 lower-case hexadecimal digits; a Sigfox id as 8 of
	// them; with Skiply its own id of the device, in lower case.
	Device string

	// Session is another one after the device has joined anew, when frames are
	// numbered from 0 again: a hash of session_key_id (TTN3; of dev_addr for a device
	// that never joins and has none) or of devAddr (ChirpStack4). Skiply and Sigfox
	// tell of no session: it is always the same, and Frame never begins again.
	Session [16]byte

	// Frame orders the frames of a session, and of one frame it is the same however
	// often it is delivered: f_cnt (TTN3), fCnt (ChirpStack4), 0 to 2^32-1; left out
	// means 0. Skiply and Sigfox number frames as well (sq_num, seqNumber), but from 0
	// again after a power cut or 4,096 frames, and do not say so: there it is the
	// second of reception times 65,536 and 16 bits of that number.
	Frame uint64

	Port      uint8          // LoRaWAN's FPort; left out means 0.
	At        schema.Instant // When the network received it; 0: not said.
	Simulated bool           // Sent by hand from a console of TTN.
	Payload   []byte         // At most PayloadMax bytes; empty: the frame was for the network alone. The caller's.
}

// Read reads what network n pushed. event is the query parameter of that name, which
// ChirpStack4 says what a body is by; others need none. The error is ErrOther, or says
// for people what is wanted; it never quotes the body.
func Read(n Network, event string, body []byte) (Uplink, error) {
	if event != "" && event != "up" {
		return Uplink{}, ErrOther
	}
	if n == ChirpStack4 && event == "" {
		return Uplink{}, errors.New("want the parameter event: ChirpStack adds ?event=up")
	}
	o, err := object.Read(body, BytesMax)
	if err != nil {
		return Uplink{}, err
	}
	var u Uplink
	switch n {
	case TTN3:
		u = readTTN3(o)
	case ChirpStack4:
		u = readChirpStack4(o)
	case Skiply:
		u = readSkiply(o)
	case Sigfox:
		u = readSigfox(o)
	default:
		return Uplink{}, fmt.Errorf("%v: want a known network", n)
	}
	if err := o.Err(); err != nil {
		return Uplink{}, err
	}
	return u, nil
}

// sessionOf returns the session that a text names. The field is hashed with it: a
// device address is no session key id, even where the letters are the same.
func sessionOf(field, text string) (session [16]byte) {
	sum := sha256.Sum256([]byte(field + "\x00" + text))
	copy(session[:], sum[:])
	return session
}

// hexDigits returns text in lower case where it is one to digits hexadecimal digits,
// with zeros before it up to digits; else "".
func hexDigits(text string, digits int) string {
	text = strings.ToLower(text)
	if text == "" || len(text) > digits || strings.Trim(text, "0123456789abcdef") != "" {
		return ""
	}
	return strings.Repeat("0", digits-len(text)) + text
}
