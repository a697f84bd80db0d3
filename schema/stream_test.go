package schema_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"mlf/schema"
)

// streamKey returns a key of which everything is known.
func streamKey(id uint32) schema.StreamKey {
	return schema.StreamKey{
		ID:     id,
		Made:   time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Secret: bytes.Repeat([]byte{byte(id)}, 32),
	}
}

func stream() schema.Stream {
	return schema.Stream{Terminal: 0x1122334455667788, ID: 0x99aabbccddeeff00, Slot: 517}
}

// apply puts a record of the registry topic into t, as if it had been read.
func apply(t testing.TB, terminals *schema.Terminals, record func() (string, []byte, error)) {
	t.Helper()
	key, value, err := record()
	if err != nil {
		t.Fatal(err)
	}
	if err := terminals.Apply(key, value); err != nil {
		t.Fatal(err)
	}
}

func TestStream(t *testing.T) {
	var terminals schema.Terminals
	if _, ok := terminals.SigningKey(); ok {
		t.Error("there is a signing key before any was applied")
	}
	apply(t, &terminals, streamKey(7).RegistryRecord)
	text := streamKey(7).Sign(stream())
	if len(text) > 64 {
		t.Errorf("stream of %d characters: want at most 64", len(text))
	}
	if got, err := terminals.Stream([]byte(text)); err != nil || got != stream() {
		t.Errorf("got %+v, error %v, want %+v", got, err, stream())
	}

	// A newer key signs, of two made at once that of the higher id; the old one
	// still verifies; an older one read late does not sign again.
	old := streamKey(10)
	old.Made = old.Made.Add(-time.Second)
	newer := streamKey(6)
	newer.Made = newer.Made.Add(time.Second)
	for _, next := range []struct {
		key  schema.StreamKey
		want uint32
	}{{streamKey(9), 9}, {streamKey(8), 9}, {old, 9}, {newer, 6}, {streamKey(9), 6}} {
		apply(t, &terminals, next.key.RegistryRecord)
		if k, ok := terminals.SigningKey(); !ok || k.ID != next.want {
			t.Errorf("after key %d: got signing key %d, want %d", next.key.ID, k.ID, next.want)
		}
	}
	for id := uint32(6); id <= 10; id++ {
		if got, err := terminals.Stream([]byte(streamKey(id).Sign(stream()))); err != nil || got != stream() {
			t.Errorf("key %d: got %+v, error %v", id, got, err)
		}
	}
}

func TestStreamRefusals(t *testing.T) {
	var terminals schema.Terminals
	apply(t, &terminals, streamKey(7).RegistryRecord)
	f := func(what, text string) {
		t.Helper()
		if got, err := terminals.Stream([]byte(text)); !errors.Is(err, schema.ErrStream) || got != (schema.Stream{}) {
			t.Errorf("%s: got %+v, error %v, want %v", what, got, err, schema.ErrStream)
		}
	}
	text := streamKey(7).Sign(stream())
	f("nothing", "")
	f("cut short", text[:len(text)-1])
	f("longer", text+"A")
	f("padded", text+"=")
	f("with a newline", text[:20]+"\n"+text[21:])
	f("in the other alphabet", "+"+text[1:])
	f("unknown key", streamKey(8).Sign(stream()))
	forged := streamKey(7)
	forged.Secret = bytes.Repeat([]byte{1}, 32)
	f("another secret", forged.Sign(stream()))
	beyond := stream()
	beyond.Slot = schema.Slots
	f("slot out of range", streamKey(7).Sign(beyond))

	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		f("a bit flipped", base64.RawURLEncoding.EncodeToString(raw))
		raw[i/8] ^= 1 << (i % 8)
	}
	// Every character counts, the last one's spare bits too: one stream, one text.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range text {
		for _, c := range alphabet {
			if byte(c) != text[i] {
				f("a character changed", text[:i]+string(c)+text[i+1:])
			}
		}
	}
}

func TestNewStream(t *testing.T) {
	e := enrolment()
	a, b := schema.NewStream(&e), schema.NewStream(&e)
	if a.Terminal != e.Terminal || a.Slot != e.Slot || a.ID == b.ID {
		t.Errorf("got %+v and %+v, want two streams of %+v", a, b, e)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte(streamKey(7).Sign(stream())))
	f.Add([]byte(streamKey(8).Sign(stream())))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		var terminals schema.Terminals
		apply(t, &terminals, streamKey(7).RegistryRecord)
		s, err := terminals.Stream(text)
		if err == nil && streamKey(7).Sign(s) != string(text) {
			t.Fatalf("%q is not the text of %+v", text, s)
		}
	})
}
