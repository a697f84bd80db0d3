package rating

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// The length of a message's id, in bytes: a UUID has 36 with its dashes, an id of IO 26. A
// shorter one could be guessed, or be a number that somebody has.
const (
	messageMin = 16
	messageMax = 64
)

// A MessageKey names a message that asked for a rating, an IO message for instance: a hash,
// of which nobody reads the id.
type MessageKey [16]byte

// ParseMessage reads the id of a message: letters, digits, - and _, 16 to 64 of them, which
// are no fiscal code. The error says what is wanted, and quotes nothing.
func ParseMessage(id string) (key MessageKey, err error) {
	if len(id) < messageMin || len(id) > messageMax || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return key, fmt.Errorf("message of %d bytes: want %d to %d letters, digits, - and _", len(id), messageMin, messageMax)
	}
	for part := range strings.FieldsFuncSeq(id, func(c rune) bool { return c == '-' || c == '_' }) {
		if isFiscalCode(part) {
			return key, errors.New("message: it has a fiscal code, which must be in no address: want a random id")
		}
	}
	sum := sha256.Sum256([]byte("mlf message\x00" + id))
	copy(key[:], sum[:])
	return key, nil
}

// isFiscalCode tells whether text is of the shape of a person's fiscal code (decree of 12
// March 1974), also where digits were replaced by letters because two people had one.
func isFiscalCode(text string) bool {
	const digit = `[0-9L-NP-V]`
	return len(text) == 16 && regexp.MustCompile(`(?i)^[A-Z]{6}`+digit+`{2}[A-Z]`+digit+`{2}[A-Z]`+digit+`{3}[A-Z]$`).MatchString(text)
}
