package wire_test

import (
	"strings"
	"testing"

	"mlf/ingest/wire"
	"mlf/schema"
	"mlf/schema/heartbeat"
)

const arrived schema.Instant = 1_795_338_000_120 // 2026-11-22T09:00:00.120Z.

const beat = `{"install":"9f3a62c1d05e7b48","previous":"0102030405060708","seq":412,"waiting":7,"oldest_ms":90000,
"storage":{"persisted":true,"free":1073741824,"lost":false},"clock":"2026-11-22T10:00:00.000+01:00","version":"kiosk-1.4.0",
"battery_mv":3200,"pressed_ignored":{"double":4,"multi":1,"repeat":0},"colour":["new",{}]}`

func TestHeartbeat(t *testing.T) {
	want := heartbeat.Heartbeat{
		Terminal: 7, At: arrived, Install: 0x9f3a62c1d05e7b48, Previous: 0x0102030405060708, Seq: 412, Waiting: 7, OldestMS: 90_000,
		Storage: heartbeat.Storage{Persisted: true, Known: true, Free: 1 << 30}, Clock: arrived - 120, Version: "kiosk-1.4.0",
		BatteryMV: 3200, Ignored: heartbeat.Ignored{Double: 4, Multi: 1},
	}
	if got, err := wire.Heartbeat([]byte(beat), 7, arrived); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	f := func(body string, want heartbeat.Heartbeat) {
		t.Helper()
		want.Terminal, want.At, want.Install = 7, arrived, 1
		if got, err := wire.Heartbeat([]byte(`{"install":"0000000000000001",`+body+`}`), 7, arrived); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", body, got, err, want)
		}
	}
	f(`"previous":null,"storage":null,"pressed_ignored":null,"clock":null,"version":null,"seq":null`, heartbeat.Heartbeat{})
	f(`"previous":"","version":"","clock":""`, heartbeat.Heartbeat{})
	f(`"storage":{"free":0}`, heartbeat.Heartbeat{Storage: heartbeat.Storage{Known: true}})
	f(`"storage":{"free":null,"lost":true,"persisted":null}`, heartbeat.Heartbeat{Storage: heartbeat.Storage{Lost: true}})
	f(`"clock":1795338000000.4,"seq":1e3,"seq":"12"`, heartbeat.Heartbeat{Clock: arrived - 120, Seq: 12})
}

// TestInstallIsAnyRandomText: a device that draws a UUID is told from others as well.
func TestInstallIsAnyRandomText(t *testing.T) {
	read := func(install, previous string) heartbeat.Heartbeat {
		t.Helper()
		got, err := wire.Heartbeat([]byte(`{"install":"`+install+`","previous":"`+previous+`"}`), 7, arrived)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	const one, other = "4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c01", "4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c02"
	a, b := read(one, other), read(other, one)
	if a.Install != b.Previous || a.Previous != b.Install || a.Install == a.Previous || a.Install == 0 {
		t.Errorf("got %x, %x and %x, %x", a.Install, a.Previous, b.Install, b.Previous)
	}
	if got := read("00000000000000ff", ""); got.Install != 255 || got.Previous != 0 {
		t.Errorf("got %x, %x", got.Install, got.Previous)
	}
}

func TestHeartbeatsRefused(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if got, err := wire.Heartbeat([]byte(body), 7, arrived); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %+v, %v, want %s", body, got, err, want)
		}
	}
	with := func(member string) string { return `{"install":"0000000000000001",` + member + `}` }
	f(``, "byte 0: want an object")
	f(`[]`, "byte 0: want an object")
	f(`null`, "byte 0: want an object")
	f(`{"seq":1}`, "install: want a text of 8 to 64 bytes, drawn at random")
	f(`{"install":"0000000000000000"}`, "install: want a text of 8 to 64 bytes, drawn at random")
	f(`{"install":"1234567"}`, "install: want a random text of 8 to 64 bytes")
	f(`{"install":"`+strings.Repeat("x", 65)+`"}`, "install: want a random text of 8 to 64 bytes")
	f(`{"install":7}`, "install: want a string")
	f(with(`"previous":"0000000000000001"`), "install: want another value than previous")
	f(with(`"seq":-1`), "seq: want a whole number from 0 to 9007199254740991")
	f(with(`"seq":1.5`), "seq: want a whole number")
	f(with(`"waiting":100000001`), "waiting: want a whole number from 0 to 100000000")
	f(with(`"storage":7`), "byte 40: want an object")
	f(with(`"storage":{"lost":1}`), "storage.lost: want true or false")
	f(with(`"clock":"2026-11-22T10:00:00"`), "clock: want a time with its zone")
	f(with(`"clock":-5`), "clock: want")
	f(with(`"pressed_ignored":{"double":"many"}`), "pressed_ignored.double: want a whole number from 0 to 2147483647")
	f(with(`"version":"a b"`), "version: want letters")
	f(with(`"seq":1`)+"x", "byte 38: want the end of the text")
	f(`{"install":"0000000000000001"`, "byte 29: want ',' or '}'")
}

// FuzzHeartbeat: no body makes the reader panic, and what it takes can be written and read.
func FuzzHeartbeat(f *testing.F) {
	f.Add([]byte(beat))
	f.Add([]byte(`{"install":"0000000000000001","clock":1.5e12,"storage":{"free":"7","x":[]},"seq":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := wire.Heartbeat(body, 7, arrived)
		if err != nil {
			return
		}
		if got, err := heartbeat.Decode(h.Key(), heartbeat.Append(nil, &h)); err != nil || got != h {
			t.Errorf("got %+v, %v, want %+v", got, err, h)
		}
	})
}
