package uplink_test

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"mlf/ingest/uplink"
)

func frameOf(t testing.TB, digits string) []byte {
	t.Helper()
	payload, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func TestFramesOfASmilio(t *testing.T) {
	f := func(digits string, want uplink.Reading) {
		t.Helper()
		if got, err := uplink.Smilio(frameOf(t, digits)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", digits, got, err, want)
		}
	}
	some := [5]uint16{1, 16, 160, 35, 16}
	f("020001001000A000230010", uplink.Reading{Kind: uplink.Counters, Counters: some})
	f("030001001000A000230010", uplink.Reading{Kind: uplink.Counters, Counters: some, Badge: true})
	f("02FFFF0000800000FFFF00", uplink.Reading{Kind: uplink.Counters, Counters: [5]uint16{65535, 0, 32768, 255, 65280}})
	f("4000010000000100000001", uplink.Reading{Kind: uplink.Pulse, Counters: [5]uint16{1, 0, 1, 0, 1}})
	f("010C800C8064", uplink.Reading{Kind: uplink.KeepAlive, IdleMV: 3200, SendMV: 3200})
	f("010C800BB864", uplink.Reading{Kind: uplink.KeepAlive, IdleMV: 3200, SendMV: 3000})
	f("0400AAAA02030405", uplink.Reading{Kind: uplink.Boot})
	f("30010002000000132445", uplink.Reading{Kind: uplink.Code})
	f("11010002132446132445", uplink.Reading{Kind: uplink.Code})
	f("33010002132446132445", uplink.Reading{Kind: uplink.Code})
}

// TestWhatIsNoFrameOfASmilioIsRefused: a frame of the code mode, read as counters,
// once gave somebody 944 votes.
func TestWhatIsNoFrameOfASmilioIsRefused(t *testing.T) {
	const known = ": want 02, 03 or 40 and 11, 01 and 6, 04 and 8, or a code and 10"
	f := func(digits, want string) {
		t.Helper()
		if got, err := uplink.Smilio(frameOf(t, digits)); errorOf(err) != "frame of a Smilio"+want || got != (uplink.Reading{}) {
			t.Errorf("%s: got %+v, %v, want error %s", digits, got, err, want)
		}
	}
	f("00", " begins with 00 and has 1 bytes"+known)
	f("1100010010003B00230010", " begins with 11 and has 11 bytes"+known)
	f("020001001000A0002300", " begins with 02 and has 10 bytes"+known)
	f("020001001000A00023001000", " begins with 02 and has 12 bytes"+known)
	f("03", " begins with 03 and has 1 bytes"+known)
	f("0400AAAA020304", " begins with 04 and has 7 bytes"+known)
	f("010C800C80", " begins with 01 and has 5 bytes"+known)
	f("010C800C8065", ": want a keep-alive to end with 64")
	f("01010002000000132445", " begins with 01 and has 10 bytes"+known)
	f("20010002000000132445", " begins with 20 and has 10 bytes"+known)
	f("050001001000A000230010", " begins with 05 and has 11 bytes"+known)
	f("FF34010001", " begins with FF and has 5 bytes"+known)
}

// FuzzSmilio: what is read as counters is what the bytes say, of a frame of the one
// length that has them.
func FuzzSmilio(f *testing.F) {
	for _, digits := range []string{"020001001000A000230010", "010C800C8064", "0400AAAA02030405", "30010002000000132445", "4000010000000100000001"} {
		f.Add(frameOf(f, digits))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := uplink.Smilio(payload)
		if err != nil {
			if r != (uplink.Reading{}) {
				t.Errorf("got %+v beside %v", r, err)
			}
			return
		}
		if r.Kind != uplink.Counters && r.Kind != uplink.Pulse {
			if r.Counters != [5]uint16{} {
				t.Errorf("a frame %v has counters %v", r.Kind, r.Counters)
			}
			return
		}
		var back []byte
		for _, n := range r.Counters {
			back = binary.BigEndian.AppendUint16(back, n)
		}
		if string(back) != string(payload[1:]) {
			t.Errorf("got %v of %x", r.Counters, payload)
		}
	})
}
