package uplink_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/ingest/uplink"
	"mlf/schema"
)

// A want is what a body of the corpus is to be read as.
type want struct {
	Network, Event string
	Uplink         *struct {
		Device    string
		Session   [2]string // The field, and its text in lower case where it is hexadecimal.
		Frame     uint64
		Port      uint8
		At        time.Time
		Simulated bool
		Payload   string
	}
	Reading *struct {
		Kind     string
		Counters [5]uint16
		Badge    bool
		IdleMV   uint16 `json:"idle_mv"`
		SendMV   uint16 `json:"send_mv"`
	}
	Error   string // Of the body.
	Refused string // Of the frame in it.
}

// bodies returns the corpus: what networks really push, by name.
func bodies(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/foreign/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	all := make(map[string][]byte)
	for _, file := range files {
		if strings.HasSuffix(file, ".want.json") {
			continue
		}
		if all[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func wantOf(t testing.TB, file string) (w want) {
	t.Helper()
	text, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".want.json")
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return w
}

func networkOf(t testing.TB, code string) uplink.Network {
	t.Helper()
	n, err := uplink.ParseNetwork(code)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatNetworksPush(t *testing.T) {
	for file, body := range bodies(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			w := wantOf(t, file)
			got, err := uplink.Read(networkOf(t, w.Network), w.Event, body)
			if errorOf(err) != w.Error {
				t.Fatalf("got error %v, want %q", err, w.Error)
			}
			if w.Uplink == nil {
				return
			}
			same(t, got, w)
			reading, err := uplink.Smilio(got.Payload)
			if errorOf(err) != w.Refused {
				t.Fatalf("got error %v, want %q", err, w.Refused)
			}
			if w.Reading == nil {
				return
			}
			if reading.Kind.String() != w.Reading.Kind || reading.Counters != w.Reading.Counters || reading.Badge != w.Reading.Badge ||
				reading.IdleMV != w.Reading.IdleMV || reading.SendMV != w.Reading.SendMV {
				t.Errorf("got %+v, want %+v", reading, *w.Reading)
			}
		})
	}
}

func same(t *testing.T, got uplink.Uplink, w want) {
	t.Helper()
	sum := sha256.Sum256([]byte(w.Uplink.Session[0] + "\x00" + w.Uplink.Session[1]))
	if !bytes.Equal(got.Session[:], sum[:16]) {
		t.Errorf("got session %x, want that of %q", got.Session, w.Uplink.Session)
	}
	if got.Device != w.Uplink.Device || got.Frame != w.Uplink.Frame || got.Port != w.Uplink.Port ||
		got.At != schema.InstantOf(w.Uplink.At) || got.Simulated != w.Uplink.Simulated || hex.EncodeToString(got.Payload) != w.Uplink.Payload {
		t.Errorf("got %+v, want %+v", got, *w.Uplink)
	}
}

func errorOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzRead: no body makes a reader panic; what it takes is within the bounds that are
// promised, and the same again when it is read again.
func FuzzRead(f *testing.F) {
	for file, body := range bodies(f) {
		w := wantOf(f, file)
		f.Add(uint8(networkOf(f, w.Network)), "up", body)
	}
	f.Fuzz(func(t *testing.T, n uint8, event string, body []byte) {
		u, err := uplink.Read(uplink.Network(n), event, body)
		if err != nil {
			if len(err.Error()) > 200 {
				t.Errorf("error is long: %v", err)
			}
			return
		}
		if u.Device == "" || u.Device != strings.ToLower(u.Device) || len(u.Device) > 64 {
			t.Errorf("got device %q", u.Device)
		}
		if u.At < 0 || len(u.Payload) > uplink.PayloadMax {
			t.Errorf("got %+v", u)
		}
		again, err := uplink.Read(uplink.Network(n), event, body)
		if err != nil || again.Frame != u.Frame || again.Session != u.Session || !bytes.Equal(again.Payload, u.Payload) {
			t.Errorf("read again: got %+v, %v, want %+v", again, err, u)
		}
		_, _ = uplink.Smilio(u.Payload)
	})
}
