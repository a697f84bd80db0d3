package heartbeat_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/heartbeat"
	"mlf/schema/votepb"
)

var update = flag.Bool("update", false, "rewrite the golden file in testdata") //nolint:gochecknoglobals // A flag must exist before main.

const now schema.Instant = 1_795_338_000_120 // 2026-11-22T09:00:00.120Z.

// seeds are heartbeats of a small device, of a large one, and the longest.
func seeds() []heartbeat.Heartbeat {
	return []heartbeat.Heartbeat{
		{Terminal: 7, At: now, Install: 1},
		{
			Terminal: 1<<64 - 1, At: now, Install: 0x9f3a62c1d05e7b48, Previous: 0x0102030405060708, Seq: 412, Waiting: 7, OldestMS: 90_000,
			Storage: heartbeat.Storage{Persisted: true, Known: true, Free: 1 << 30}, Clock: now - 250, Version: "kiosk-1.4.0+3",
			BatteryMV: 3200, Ignored: heartbeat.Ignored{Double: 4, Multi: 1},
		},
		{
			Terminal: 1 << 63, At: now, Install: 1<<64 - 1, Previous: 1 << 63, Seq: heartbeat.SeqMax, Waiting: heartbeat.WaitingMax,
			OldestMS: heartbeat.OldestMax * 1000, Storage: heartbeat.Storage{Known: true, Free: heartbeat.FreeMax, Lost: true},
			Clock: 253402300799999, Version: strings.Repeat("v", heartbeat.VersionMax), BatteryMV: heartbeat.BatteryMax,
			Ignored: heartbeat.Ignored{Double: heartbeat.IgnoredMax, Multi: heartbeat.IgnoredMax, Repeat: heartbeat.IgnoredMax},
			Copy:    heartbeat.Copy{Seen: now, Since: now - 1000, Told: now},
		},
		{Terminal: 7, At: now, Install: 2, Storage: heartbeat.Storage{Known: true}},
	}
}

// TestGolden fixes the records, key and value: what was written before must be read the same
// way.
func TestGolden(t *testing.T) {
	const file = "testdata/heartbeat.golden"
	var got bytes.Buffer
	for _, h := range seeds() {
		record := heartbeat.Append(nil, &h)
		fmt.Fprintf(&got, "# %s: %d bytes\n", h.Key(), len(record))
		for part := range slices.Chunk(record, 32) {
			fmt.Fprintf(&got, "%x\n", part)
		}
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
	}
}

// TestRoundTrip: what is written is read, and is the message of vote.proto.
func TestRoundTrip(t *testing.T) {
	for _, want := range seeds() {
		value := heartbeat.Append([]byte("x"), &want)[1:]
		if got, err := heartbeat.Decode(want.Key(), value); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		var m votepb.Heartbeat
		if err := proto.Unmarshal(value, &m); err != nil {
			t.Fatal(err)
		}
		if len(m.ProtoReflect().GetUnknown()) > 0 || m.GetTerminal() != uint64(want.Terminal) || m.GetSeq() != want.Seq || m.GetVersion() != want.Version ||
			m.GetInstall() != uint64(want.Install) || m.GetCopySeen() != uint64(want.Copy.Seen) || m.GetRepeat() != want.Ignored.Repeat {
			t.Errorf("vote.proto reads %v of %+v", &m, want)
		}
	}
}

func TestRefused(t *testing.T) {
	f := func(change func(*heartbeat.Heartbeat), want string) {
		t.Helper()
		h := seeds()[1]
		change(&h)
		if err := h.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(func(h *heartbeat.Heartbeat) { h.Install = 0 }, "install: want a text of 8 to 64 bytes")
	f(func(h *heartbeat.Heartbeat) { h.Install = h.Previous }, "install: want another")
	f(func(h *heartbeat.Heartbeat) { h.Seq = 1 << 53 }, "seq: want at most 9007199254740991")
	f(func(h *heartbeat.Heartbeat) { h.Waiting = heartbeat.WaitingMax + 1 }, "waiting:")
	f(func(h *heartbeat.Heartbeat) { h.OldestMS = heartbeat.OldestMax*1000 + 1 }, "oldest_ms:")
	f(func(h *heartbeat.Heartbeat) { h.Storage.Free = heartbeat.FreeMax + 1 }, "storage.free: want at most")
	f(func(h *heartbeat.Heartbeat) { h.Storage.Known = false }, "storage.free: want it known")
	f(func(h *heartbeat.Heartbeat) { h.BatteryMV = heartbeat.BatteryMax + 1 }, "battery_mv:")
	f(func(h *heartbeat.Heartbeat) { h.Ignored.Multi = heartbeat.IgnoredMax + 1 }, "pressed_ignored.multi:")
	f(func(h *heartbeat.Heartbeat) { h.Clock = -1 }, "clock:")
	f(func(h *heartbeat.Heartbeat) { h.Version = "1.4 beta" }, "version: want letters")
	f(func(h *heartbeat.Heartbeat) { h.Version = strings.Repeat("v", 65) }, "version: want at most 64")
}

// TestUndecodable: whatever is not as it was written is refused.
func TestUndecodable(t *testing.T) {
	f := func(key string, body []byte, want error) {
		t.Helper()
		if got, err := heartbeat.Decode(key, schema.AppendChecksum(bytes.Clone(body), 0)); !errors.Is(err, want) {
			t.Errorf("%x: got %+v, %v, want %v", body, got, err, want)
		}
	}
	key := schema.TerminalID(7).String()
	good := []byte{8, 1, 17, 7, 0, 0, 0, 0, 0, 0, 0, 33, 1, 0, 0, 0, 0, 0, 0, 0}
	f(key, good, nil)
	f(schema.TerminalID(8).String(), good, schema.ErrUndecodable)
	f(key, good[:len(good)-1], schema.ErrUndecodable)
	f(key, append(good, 8, 1), schema.ErrUndecodable)                         // Twice.
	f(key, append(good, 22<<3&0x7f|0x80, 1, 1), schema.ErrUndecodable)        // Unknown.
	f(key, append(good, 7<<3, 0xff, 0xff, 0xff, 0x7f), schema.ErrUndecodable) // More waiting than may be.
	f(key, append([]byte{8, 2}, good[2:]...), schema.ErrFormat)
	record := heartbeat.Append(nil, &seeds()[1])
	record[9] ^= 1
	if _, err := heartbeat.Decode(seeds()[1].Key(), record); !errors.Is(err, schema.ErrUndecodable) {
		t.Errorf("flipped: got %v", err)
	}
}

// FuzzDecode: no record makes it panic, and what it reads is written the same way.
func FuzzDecode(f *testing.F) {
	for _, h := range seeds() {
		f.Add(h.Key(), heartbeat.Append(nil, &h))
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		for _, value := range [][]byte{value, schema.AppendChecksum(bytes.Clone(value), 0)} {
			h, err := heartbeat.Decode(key, value)
			if err != nil {
				continue
			}
			if again, err := heartbeat.Decode(key, heartbeat.Append(nil, &h)); err != nil || again != h {
				t.Errorf("got %+v, %v, want %+v", again, err, h)
			}
		}
	})
}
