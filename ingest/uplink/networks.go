package uplink

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"mlf/schema"
)

// wantDevEUI is what the id of a LoRaWAN device looks like.
const wantDevEUI = "16 hexadecimal digits"

// readTTN3 reads a webhook of The Things Stack v3 (its documentation: Data Formats).
// What is zero or empty is left out of its JSON: the first frame of a session has no
// f_cnt, one for the network alone has neither f_port nor frm_payload.
func readTTN3(o object) (u Uplink) {
	if !o.has("uplink_message") {
		for name := range o.members {
			if strings.HasPrefix(name, "join_") || strings.HasPrefix(name, "downlink_") || strings.HasPrefix(name, "location_") ||
				name == "service_data" || name == "uplink_normalized" {
				o.other()
			}
		}
		o.wanted("uplink_message", "an object")
		return u
	}
	ids, message := o.object("end_device_ids"), o.object("uplink_message")
	u.Device = ids.devEUI("dev_eui")
	if id := message.text("session_key_id"); id != "" {
		u.Session = sessionOf("session_key_id", id)
	} else {
		u.Session = ids.address("dev_addr")
	}
	u.Frame = message.number("f_cnt", frameMax)
	u.Port = uint8(message.number("f_port", 255))
	u.Payload = message.base64("frm_payload")
	if u.At = message.instant("received_at"); u.At == 0 {
		u.At = o.instant("received_at") // Some ms later: what the application server says.
	}
	u.Simulated = o.flag("simulated")
	return u
}

// readChirpStack4 reads an uplink of ChirpStack v4 (its documentation: Event types).
// It leaves out what is zero, too.
func readChirpStack4(o object) (u Uplink) {
	u.Device = o.object("deviceInfo").devEUI("devEui")
	u.Session = o.address("devAddr")
	u.Frame = o.number("fCnt", frameMax)
	u.Port = uint8(o.number("fPort", 255))
	u.Payload = o.base64("data")
	u.At = o.instant("time")
	return u
}

// devEUI returns the DevEUI called name.
func (o object) devEUI(name string) string {
	text := o.text(name)
	device := hexDigits(text, 16)
	if len(text) != 16 || device == "" {
		o.wanted(name, wantDevEUI)
	}
	return device
}

// address returns the session by the device address called name.
func (o object) address(name string) [16]byte {
	text := o.text(name)
	address := hexDigits(text, 8)
	if len(text) != 8 || address == "" {
		o.wanted(name, "8 hexadecimal digits")
	}
	return sessionOf("dev_addr", address)
}

// base64 returns the bytes of the payload called name (RFC 4648, section 4).
func (o object) base64(name string) []byte {
	payload, err := base64.StdEncoding.Strict().DecodeString(o.longText(name))
	if err != nil || len(payload) > PayloadMax {
		o.wanted(name, fmt.Sprintf("base64 of at most %d bytes", PayloadMax))
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
func readSkiply(o object) (u Uplink) {
	if device := o.text("device"); device != "" && strings.Trim(device, alphanumeric) == "" {
		u.Device = strings.ToLower(device)
	} else {
		o.wanted("device", "letters and digits")
	}
	u.Session = sessionOf("skiply", "")
	u.timed(o, o.instant("time"), "time", o.number("sq_num", frameMax))
	switch kind := o.text("frameType"); kind {
	case "02", "03":
		u.Payload = o.object("data").frame("index", kind[1]-'0')
	case "01", "04": // Batteries, settings: in no form that is documented.
		o.other()
	default:
		o.wanted("frameType", `"02" or "03": running modes that send counters`)
	}
	return u
}

// alphanumeric has the characters of Skiply's ids.
const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// timed sets when u was received, which is needed to order frames that are numbered
// from 0 again without a word. Of the number 16 bits are enough: it only tells frames of
// one second apart.
func (u *Uplink) timed(o object, at schema.Instant, name string, sequence uint64) {
	if at == 0 {
		o.wanted(name, "when the frame was received")
	}
	u.At = at
	u.Frame = uint64(at/1000)<<16 | sequence&(1<<16-1)
}

// frame returns the totals of the array called name as a Smilio would have sent them.
func (o object) frame(name string, header byte) []byte {
	totals := o.numbers(name, 1<<16-1)
	if len(totals) != Buttons {
		o.wanted(name, fmt.Sprintf("%d integers", Buttons))
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
func readSigfox(o object) (u Uplink) {
	if u.Device = hexDigits(o.text("device"), 8); u.Device == "" {
		o.wanted("device", "1 to 8 hexadecimal digits")
	}
	u.Session = sessionOf("sigfox", "")
	seconds := o.either("time", secondsMax)
	u.timed(o, schema.Instant(seconds*1000), "time", o.either("seqNumber", frameMax))
	payload, err := hex.DecodeString(o.text("data"))
	if err != nil {
		o.wanted("data", "hexadecimal digits, two a byte")
	}
	u.Payload = payload
	return u
}
