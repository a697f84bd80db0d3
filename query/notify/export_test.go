package notify

import (
	"bytes"
	"time"
)

// Signature is the field webhook-signature.
func Signature(id string, at time.Time, payload []byte, secrets ...[]byte) string {
	return signature(id, at, payload, secrets...)
}

// Letter is m as a mailbox gets it, at a time.
func Letter(s *Sender, t Target, m *Message, now time.Time) ([]byte, error) {
	letter, err := s.letter(t, m, now)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	_, err = letter.WriteTo(&text)
	return text.Bytes(), err
}
