package schema

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// A TicketSecret is what the keys of TLS session tickets are made from, a key for
// each day. Whoever has read it makes the same ones, by the clock alone: a terminal
// resumes its session at whichever process it meets, and none of them needs the
// right to write to the registry.
type TicketSecret struct {
	Made   time.Time `json:"made"`
	Secret []byte    `json:"secret"` // 32 random bytes.
}

const ticketSecretBytes = 32

// ticketSecretKey is the key of every ticket secret in the registry topic: the last
// one holds, and compaction takes away those before it.
const ticketSecretKey = "ticket-secret/1"

// NewTicketSecret returns a random secret.
func NewTicketSecret(made time.Time) TicketSecret {
	secret := make([]byte, ticketSecretBytes)
	_, _ = rand.Read(secret) // Never fails (crypto/rand, Go 1.24).
	return TicketSecret{Made: made.UTC(), Secret: secret}
}

// RegistryRecord returns the key and value under which the registry topic keeps s.
func (s TicketSecret) RegistryRecord() (key string, value []byte, err error) {
	value, err = json.Marshal(s)
	return ticketSecretKey, value, err
}

// A TicketDay is a day of UTC, counted from 1970-01-01: that of a ticket key.
type TicketDay int64

// TicketDayOf returns the day of t.
func TicketDayOf(t time.Time) TicketDay {
	const day = 24 * 60 * 60 // Unix time has no leap seconds.
	return TicketDay(t.Unix() / day)
}

// TicketKeys is how many days' keys are good at a time. A terminal that is used
// every working day resumes, but for the first vote after a weekend.
const TicketKeys = 3

// Keys returns the keys of day and of the days before it, of which only the first
// is for new tickets.
func (s *TicketSecret) Keys(day TicketDay) [TicketKeys][32]byte {
	var keys [TicketKeys][32]byte
	for i := range keys {
		info := "mlf tls ticket key of day " + strconv.FormatInt(int64(day)-int64(i), 10)
		key, err := hkdf.Key(sha256.New, s.Secret, nil, info, len(keys[i]))
		if err != nil {
			panic(fmt.Sprintf("BUG: derive a key of %d bytes: %v", len(keys[i]), err)) // HKDF-SHA256 gives up to 8,160.
		}
		copy(keys[i][:], key)
	}
	return keys
}

// setTickets takes the record of a ticket secret.
func (t *Terminals) setTickets(key string, value []byte) error {
	s := new(TicketSecret)
	if err := json.Unmarshal(value, s); err != nil {
		return fmt.Errorf("read registry record %s: %w", key, err)
	}
	if len(s.Secret) != ticketSecretBytes {
		return fmt.Errorf("read registry record %s: secret of %d bytes: want %d", key, len(s.Secret), ticketSecretBytes)
	}
	if old := t.tickets.Load(); old == nil || !bytes.Equal(old.Secret, s.Secret) {
		t.tickets.Store(s)
	}
	return nil
}

// TicketSecret returns the secret of session tickets; nil when there is none. It is
// shared: do not change it. As long as the secret is the same, so is the pointer.
func (t *Terminals) TicketSecret() *TicketSecret { return t.tickets.Load() }
