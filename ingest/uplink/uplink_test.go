package uplink_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mlf/ingest/uplink"
)

// ttn3 is a body of TTN3 that is right, but for what replaces old in it.
func ttn3(old, with string) string {
	const right = `{"end_device_ids":{"dev_eui":"0004A30B001C0530","dev_addr":"00BCB929"},"received_at":"2026-11-26T08:00:01.1Z",` +
		`"uplink_message":{"session_key_id":"AXBS","f_port":2,"f_cnt":150,"frm_payload":"AgABABAAoAAjABA=","received_at":"2026-11-26T08:00:00.9Z"}}`
	return strings.Replace(right, old, with, 1)
}

func TestABodyThatIsWrongIsToldWhatIsWanted(t *testing.T) {
	f := func(n uplink.Network, body, want string) {
		t.Helper()
		if _, err := uplink.Read(n, "up", []byte(body)); errorOf(err) != want {
			t.Errorf("%.120s\n got %v\nwant %s", body, err, want)
		}
	}
	const ttn, chirp, skiply, sigfox = uplink.TTN3, uplink.ChirpStack4, uplink.Skiply, uplink.Sigfox
	f(ttn, ttn3("", ""), "")
	f(ttn, ``, "want JSON: cannot be read at byte 0")
	f(ttn, `{"a":}`, "want JSON: cannot be read at byte 6")
	f(ttn, `{} {}`, "want JSON: cannot be read at byte 4")
	f(ttn, `null`, "want a JSON object")
	f(ttn, `[1]`, "want a JSON object")
	f(ttn, "{\"a\":\"\xff\"}", "want UTF-8")
	f(ttn, `{"a":"`+strings.Repeat("x", uplink.BytesMax)+`"}`, "want a body of at most 65536 bytes")
	f(ttn, `{"a":`+strings.Repeat("[", 32)+strings.Repeat("]", 32)+`}`, "want at most 32 arrays and objects inside each other")
	f(ttn, `{"a":"`+strings.Repeat(`[\"`, 32)+`"}`, "uplink_message: want an object")
	f(ttn, ttn3(`"uplink_message":{`, `"uplink_message":[{`), "want JSON: cannot be read at byte 249")
	f(ttn, ttn3(`"uplink_message":{`, `"uplink_message":7,"x":{`), "uplink_message: want an object")
	f(ttn, ttn3(`0004A30B001C0530`, `0004A30B001C053`), "end_device_ids.dev_eui: want 16 hexadecimal digits")
	f(ttn, ttn3(`"0004A30B001C0530"`, `"0004A30B001C053G"`), "end_device_ids.dev_eui: want 16 hexadecimal digits")
	f(ttn, ttn3(`"dev_eui"`, `"Dev_EUI"`), "end_device_ids.dev_eui: want 16 hexadecimal digits")
	f(ttn, ttn3(`"session_key_id":"AXBS",`, ``), "")
	f(ttn, ttn3(`"session_key_id":"AXBS"`, `"session_key_id":"`+strings.Repeat("A", 65)+`"`), "uplink_message.session_key_id: want a text of at most 64 bytes")
	f(ttn, strings.Replace(ttn3(`"session_key_id":"AXBS",`, ``), "00BCB929", "0xBCB929", 1), "end_device_ids.dev_addr: want 8 hexadecimal digits")
	f(ttn, ttn3(`"f_cnt":150`, `"f_cnt":4294967295`), "")
	f(ttn, ttn3(`"f_cnt":150`, `"f_cnt":4294967296`), "uplink_message.f_cnt: want an integer from 0 to 4294967295")
	f(ttn, ttn3(`"f_cnt":150`, `"f_cnt":-1`), "uplink_message.f_cnt: want an integer from 0 to 4294967295")
	f(ttn, ttn3(`"f_cnt":150`, `"f_cnt":1e2`), "uplink_message.f_cnt: want an integer from 0 to 4294967295")
	f(ttn, ttn3(`"f_cnt":150`, `"f_cnt":"150"`), "uplink_message.f_cnt: want an integer from 0 to 4294967295")
	f(ttn, ttn3(`"f_cnt":150`, `"f_cnt":null`), "")
	f(ttn, ttn3(`"f_port":2`, `"f_port":256`), "uplink_message.f_port: want an integer from 0 to 255")
	f(ttn, ttn3(`ABA=`, `ABA`), "uplink_message.frm_payload: want base64 of at most 255 bytes")
	f(ttn, ttn3(`ABA=`, `AB-=`), "uplink_message.frm_payload: want base64 of at most 255 bytes")
	f(ttn, ttn3(`AgABABAAoAAjABA=`, strings.Repeat("AAAA", 86)), "uplink_message.frm_payload: want base64 of at most 255 bytes")
	f(ttn, ttn3(`08:00:00.9Z`, `08:00:00.9`), "uplink_message.received_at: want a time as of RFC 3339, 2026-11-26T08:00:00Z")
	f(ttn, ttn3(`"uplink_message"`, `"simulated":"yes","uplink_message"`), "simulated: want true or false")
	f(chirp, `{"deviceInfo":{"devEui":"0004a30b001c0530"},"devAddr":"00189440"}`, "")
	f(chirp, `{"deviceInfo":{"devEui":"AASjCwAcBTA="},"devAddr":"00189440"}`, "deviceInfo.devEui: want 16 hexadecimal digits")
	f(chirp, `{"deviceInfo":{"devEui":"0004a30b001c0530"}}`, "devAddr: want 8 hexadecimal digits")
	const counted = `{"device":"SA1","time":"2026-11-26T08:00:00Z","sq_num":1,"frameType":"03","data":{"index":[1,0,16,1,65535]}}`
	replaced := func(old, with string) string { return strings.Replace(counted, old, with, 1) }
	f(skiply, counted, "")
	f(skiply, replaced(`"time":"2026-11-26T08:00:00Z",`, ``), "time: want when the frame was received")
	f(skiply, replaced(`SA1`, "S\u212a1"), "device: want letters and digits")
	f(skiply, replaced(`65535`, `65536`), "data.index[4]: want an integer from 0 to 65535")
	f(skiply, replaced(`65535`, `1,1`), "data.index: want 5 integers")
	f(skiply, replaced(`"index"`, `"increment"`), "data.index: want an array of integers")
	f(skiply, replaced(`"03"`, `"40"`), `frameType: want "02" or "03": running modes that send counters`)
	f(skiply, replaced(`"03"`, `"01"`), "no uplink: nothing to count")
	f(skiply, replaced(`"sq_num":1`, `"sq_num":65536`), "")
	f(skiply, replaced(`"sq_num":1`, `"sq_num":4294967296`), "sq_num: want an integer from 0 to 4294967295")
	f(sigfox, `{"device":"1D4A2","time":1764144000,"data":"0200","seqNumber":7}`, "")
	f(sigfox, `{"device":"1D4A2F001","time":1764144000,"data":"0200"}`, "device: want 1 to 8 hexadecimal digits")
	f(sigfox, `{"device":"1D4A2","time":"{time}","data":"0200"}`, "time: want an integer from 0 to 253402300799")
	f(sigfox, `{"device":"1D4A2","data":"0200"}`, "time: want when the frame was received")
	f(sigfox, `{"device":"1D4A2","time":1764144000,"data":"020"}`, "data: want hexadecimal digits, two a byte")
	f(0, `{}`, "network-0: want a known network")
}

func TestTheEventSaysWhatABodyIs(t *testing.T) {
	f := func(n uplink.Network, event, body, want string) {
		t.Helper()
		if _, err := uplink.Read(n, event, []byte(body)); errorOf(err) != want {
			t.Errorf("%v %s %s: got %v, want %s", n, event, body, err, want)
		}
	}
	for _, event := range []string{"join", "status", "ack", "txack", "log", "location", "integration"} {
		f(uplink.ChirpStack4, event, `{`, uplink.ErrOther.Error())
	}
	f(uplink.ChirpStack4, "", `{}`, "want the parameter event: ChirpStack adds ?event=up")
	for _, kind := range []string{"join_accept", "downlink_ack", "downlink_queued", "location_solved", "service_data", "uplink_normalized"} {
		f(uplink.TTN3, "", `{"`+kind+`":{}}`, uplink.ErrOther.Error())
	}
	f(uplink.TTN3, "", `{"uplink":{}}`, "uplink_message: want an object")
}

// TestASessionIsAnotherOneAfterAJoin: and only then, for frames are numbered within it.
func TestASessionIsAnotherOneAfterAJoin(t *testing.T) {
	session := func(n uplink.Network, body string) [16]byte {
		u, err := uplink.Read(n, "up", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return u.Session
	}
	f := func(n uplink.Network, one, other string, want bool) {
		t.Helper()
		if got := session(n, one) == session(n, other); got != want {
			t.Errorf("%s\n%s\nsame session: got %v, want %v", one, other, got, want)
		}
	}
	const chirp = `{"deviceInfo":{"devEui":"0004a30b001c0530"},"devAddr":"%s","fCnt":%d}`
	f(uplink.TTN3, ttn3("", ""), ttn3("150", "151"), true)
	f(uplink.TTN3, ttn3("", ""), ttn3("AXBS", "AXBT"), false)
	f(uplink.TTN3, ttn3("", ""), ttn3("00BCB929", "00BCB930"), true)
	f(uplink.ChirpStack4, fmt.Sprintf(chirp, "00189440", 1), fmt.Sprintf(chirp, "00189440", 2), true)
	f(uplink.ChirpStack4, fmt.Sprintf(chirp, "00189440", 1), fmt.Sprintf(chirp, "00189441", 2), false)
}

// TestFramesWithoutASessionAreOrderedByTime: after a power cut they are numbered from 0
// again, and Sigfox does so after 4,096.
func TestFramesWithoutASessionAreOrderedByTime(t *testing.T) {
	frame := func(n uplink.Network, body string) uint64 {
		u, err := uplink.Read(n, "", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return u.Frame
	}
	const sigfox, skiply = `{"device":"1D4A2","time":%d,"data":"02","seqNumber":%d}`, `{"device":"SA1","time":"2026-11-26T08:00:%02d.5Z","sq_num":%d,"frameType":"02","data":{"index":[0,0,0,0,0]}}`
	f := func(before, after uint64) {
		t.Helper()
		if before >= after {
			t.Errorf("got frames %d and %d: want the second higher", before, after)
		}
	}
	f(frame(uplink.Sigfox, fmt.Sprintf(sigfox, 1764144000, 4095)), frame(uplink.Sigfox, fmt.Sprintf(sigfox, 1764144001, 0)))
	f(frame(uplink.Sigfox, fmt.Sprintf(sigfox, 1764144000, 7)), frame(uplink.Sigfox, fmt.Sprintf(sigfox, 1764144000, 8)))
	f(frame(uplink.Skiply, fmt.Sprintf(skiply, 1, 98)), frame(uplink.Skiply, fmt.Sprintf(skiply, 2, 0)))
}

func TestNetworksHaveCodes(t *testing.T) {
	for _, n := range uplink.Networks() {
		if got := networkOf(t, n.String()); got != n {
			t.Errorf("got %v, want %v", got, n)
		}
	}
	if _, err := uplink.ParseNetwork("network-0"); errorOf(err) != "network: want one of ttn3, chirpstack4, skiply, sigfox" {
		t.Error(err)
	}
}

func TestAnEmptyFrameSaysNothing(t *testing.T) {
	if _, err := uplink.Smilio(nil); !errors.Is(err, uplink.ErrOther) {
		t.Error(err)
	}
}
