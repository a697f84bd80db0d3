package schema

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A Stream is what the text that a terminal sends with its votes stands for.
type Stream struct {
	Terminal TerminalID
	ID       StreamID
	Slot     Slot
}

// ErrStream is the one answer to a stream that is malformed, signed by no known
// key, or signed wrongly.
var ErrStream = errors.New("stream is not one that this service issued")

// A stream in text is base64url without padding over
//
//	key id 4 | terminal 8 | stream 8 | slot 2 | HMAC-SHA256 of these, first 16
//
// with big-endian numbers. 128 bits of HMAC are what RFC 2104 §5 allows at least.
const (
	streamBodyBytes = 4 + 8 + 8 + 2
	streamMACBytes  = 16
	streamTextBytes = (streamBodyBytes+streamMACBytes)*4/3 + 1
)

// NewStream returns a stream of e with a random id.
func NewStream(e *Enrolment) Stream {
	var b [8]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
	return Stream{Terminal: e.Terminal, ID: StreamID(binary.BigEndian.Uint64(b[:])), Slot: e.Slot}
}

// Sign returns s as text, at most 64 characters.
func (k StreamKey) Sign(s Stream) string {
	b := make([]byte, 0, streamBodyBytes+streamMACBytes)
	b = binary.BigEndian.AppendUint32(b, k.ID)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Terminal))
	b = binary.BigEndian.AppendUint64(b, uint64(s.ID))
	b = binary.BigEndian.AppendUint16(b, uint16(s.Slot))
	b = append(b, k.mac(b)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// verifyStream reads a stream that Sign wrote; keyOf returns the key with an id.
func verifyStream(text []byte, keyOf func(id uint32) (StreamKey, bool)) (Stream, error) {
	var b [streamBodyBytes + streamMACBytes]byte
	if len(text) != streamTextBytes {
		return Stream{}, ErrStream
	}
	if n, err := base64.RawURLEncoding.Strict().Decode(b[:], text); err != nil || n != len(b) {
		return Stream{}, ErrStream
	}
	body, mac := b[:streamBodyBytes], b[streamBodyBytes:]
	key, ok := keyOf(binary.BigEndian.Uint32(body))
	if !ok || !hmac.Equal(mac, key.mac(body)) {
		return Stream{}, ErrStream
	}
	s := Stream{
		Terminal: TerminalID(binary.BigEndian.Uint64(body[4:])),
		ID:       StreamID(binary.BigEndian.Uint64(body[12:])),
		Slot:     Slot(binary.BigEndian.Uint16(body[20:])),
	}
	if s.Slot >= Slots {
		return Stream{}, ErrStream
	}
	return s, nil
}

func (k StreamKey) mac(body []byte) []byte {
	h := hmac.New(sha256.New, k.Secret)
	h.Write(body)
	return h.Sum(nil)[:streamMACBytes]
}

// A StreamKey signs streams. The newest one signs, all verify, so a key is
// replaced without losing the streams that terminals hold.
type StreamKey struct {
	ID     uint32    `json:"id"` // Part of every stream.
	Made   time.Time `json:"made"`
	Secret []byte    `json:"secret"` // 32 random bytes.
}

const streamSecretBytes = 32

// NewStreamKey returns a random key. Its id is random too: two who make one at the
// same moment must not overwrite each other's, whose streams would be lost.
func NewStreamKey(made time.Time) StreamKey {
	var id [4]byte
	_, _ = rand.Read(id[:]) // Never fails (crypto/rand, Go 1.24).
	secret := make([]byte, streamSecretBytes)
	_, _ = rand.Read(secret)
	return StreamKey{ID: binary.BigEndian.Uint32(id[:]), Made: made.UTC(), Secret: secret}
}

// newer tells whether k signs in place of old: it was made later, or at the same
// moment and has the higher id, so that all processes choose the same.
func (k StreamKey) newer(old StreamKey) bool {
	return cmp.Or(k.Made.Compare(old.Made), cmp.Compare(k.ID, old.ID)) > 0
}

// RegistryRecord returns the key and value under which the registry topic keeps k.
func (k StreamKey) RegistryRecord() (key string, value []byte, err error) {
	value, err = json.Marshal(k)
	return fmt.Sprintf("%s%d", streamKeyKeyPrefix, k.ID), value, err
}
