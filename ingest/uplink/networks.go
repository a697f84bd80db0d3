package uplink

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"mlf/ingest/object"
	"mlf/schema"
)

// wantDevEUI is what the id of a LoRaWAN device looks like.
const wantDevEUI = "16 hexadecimal digits"

// readTTN3 reads a webhook of The Things Stack v3 (its documentation: Data Formats).
// What is zero or empty is left out of its JSON: the first frame of a session has no
// f_cnt, one for the network alone has neither f_port nor frm_payload.
func readTTN3(o object.Object) (u Uplink) {
	if !o.Has("uplink_message") {
		for name := range o.Names() {
			if strings.HasPrefix(name, "join_") || strings.HasPrefix(name, "downlink_") || strings.HasPrefix(name, "location_") ||
				name == "service_data" || name == "uplink_normalized" {
				o.Fail(ErrOther)
			}
		}
		o.Want("uplink_message", "an object")
		return u
	}
	ids, message := o.Object("end_device_ids"), o.Object("uplink_message")
	u.Device = devEUI(ids, "dev_eui")
	if id := message.Text("session_key_id"); id != "" {
		u.Session = sessionOf("session_key_id", id)
	} else {
		u.Session = address(ids, "dev_addr")
	}
	u.Frame = message.Number("f_cnt", frameMax)
	u.Port = uint8(message.Number("f_port", 255))
	u.Payload = decoded(message, "frm_payload")
	if u.At = message.Instant("received_at"); u.At == 0 {
		u.At = o.Instant("received_at") // Some ms later: what the application server says.
	}
	u.Simulated = o.Flag("simulated")
	return u
}

// readChirpStack4 reads an uplink of ChirpStack v4 (its documentation: Event types).
// It leaves out what is zero, too.
func readChirpStack4(o object.Object) (u Uplink) {
	u.Device = devEUI(o.Object("deviceInfo"), "devEui")
	u.Session = address(o, "devAddr")
	u.Frame = o.Number("fCnt", frameMax)
	u.Port = uint8(o.Number("fPort", 255))
	u.Payload = decoded(o, "data")
	u.At = o.Instant("time")
	return u
}

// devEUI returns the DevEUI called name.
func devEUI(o object.Object, name string) string {
	text := o.Text(name)
	device := hexDigits(text, 16)
	if len(text) != 16 || device == "" {
		o.Want(name, wantDevEUI)
	}
	return device
}

// address returns the session by the device address called name.
func address(o object.Object, name string) [16]byte {
	text := o.Text(name)
	address := hexDigits(text, 8)
	if len(text) != 8 || address == "" {
		o.Want(name, "8 hexadecimal digits")
	}
	return sessionOf("dev_addr", address)
}

// decoded returns the bytes of the payload called name (RFC 4648, section 4).
func decoded(o object.Object, name string) []byte {
	payload, err := base64.StdEncoding.Strict().DecodeString(o.LongText(name))
	if err != nil || len(payload) > PayloadMax {
		o.Want(name, fmt.Sprintf("base64 of at most %d bytes", PayloadMax))
		return nil
	}
	return payload
}

// readSkiply reads the maker's own push. Of a frame with counters it says the bytes
// again in numbers: index has the totals as the device keeps them. What it calls
// increment is what its server found new in a frame, so a push that is lost loses
// votes, and one that comes twice doubles them: it is not read. Nor is rawPayload, which
// not all of its servers send; in the example of its documentation ("What is the format
// of the data pushed by Skiply") it says other totals than index.
func readSkiply(o object.Object) (u Uplink) {
	if device := o.Text("device"); device != "" && strings.Trim(device, alphanumeric) == "" {
		u.Device = strings.ToLower(device)
	} else {
		o.Want("device", "letters and digits")
	}
	u.Session = sessionOf("skiply", "")
	u.timed(o, o.Instant("time"), "time", o.Number("sq_num", frameMax))
	switch kind := o.Text("frameType"); kind {
	case "02", "03":
		u.Payload = frameOf(o.Object("data"), "index", kind[1]-'0')
	case "01", "04": // Batteries, settings: in no form that is documented.
		o.Fail(ErrOther)
	default:
		o.Want("frameType", `"02" or "03": running modes that send counters`)
	}
	return u
}

// alphanumeric has the characters of Skiply's ids.
const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// timed sets when u was received, which is needed to order frames that are numbered
// from 0 again without a word. Of the number 16 bits are enough: it only tells frames of
// one second apart.
func (u *Uplink) timed(o object.Object, at schema.Instant, name string, sequence uint64) {
	if at == 0 {
		o.Want(name, "when the frame was received")
	}
	u.At = at
	u.Frame = uint64(at/1000)<<16 | sequence&(1<<16-1)
}

// frameOf returns the totals of the array called name as a Smilio would have sent them.
func frameOf(o object.Object, name string, header byte) []byte {
	totals := o.Numbers(name, 1<<16-1)
	if len(totals) != Buttons {
		o.Want(name, fmt.Sprintf("%d integers", Buttons))
	}
	payload := []byte{header}
	for _, n := range totals {
		payload = append(payload, byte(n>>8), byte(n))
	}
	return payload
}

// readSigfox reads a callback of Sigfox's backend. Its body is what the customer
// writes, with variables in it: here device, time, data and seqNumber under their own
// names, the numbers bare or in quotation marks (Sigfox's documentation: Callbacks,
// Data).
func readSigfox(o object.Object) (u Uplink) {
	if u.Device = hexDigits(o.Text("device"), 8); u.Device == "" {
		o.Want("device", "1 to 8 hexadecimal digits")
	}
	u.Session = sessionOf("sigfox", "")
	seconds := o.Quoted("time", secondsMax)
	u.timed(o, schema.Instant(seconds*1000), "time", o.Quoted("seqNumber", frameMax))
	payload, err := hex.DecodeString(o.Text("data"))
	if err != nil {
		o.Want("data", "hexadecimal digits, two a byte")
	}
	u.Payload = payload
	return u
}

// secondsMax is the last second that RFC 3339 can write, in the year 9999.
const secondsMax = 253402300799

// frameMax is the highest number that LoRaWAN gives a frame.
const frameMax = math.MaxUint32
