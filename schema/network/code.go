package network

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// codeLetters are what codes are written with: consonants, of which none looks like
// another or a digit, and which make no words (RFC 8628, section 6.1).
const codeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// codeLength is the letters of a code: 12 of 20 are 51.8 bits. It can be typed, and
// nobody finds one in its 24 hours who may be wrong ten times an hour.
const codeLength = 12

// A Code makes a device somebody's terminals, once. It is a secret: only its hash is kept.
// The text is without hyphens.
type Code string

// NewCode returns a random code.
func NewCode() Code {
	code := make([]byte, 0, codeLength)
	var b [32]byte
	for {
		_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
		for _, x := range b {
			if int(x) >= 256/len(codeLetters)*len(codeLetters) {
				continue // The letters would not be equally likely.
			}
			if code = append(code, codeLetters[int(x)%len(codeLetters)]); len(code) == codeLength {
				return Code(code)
			}
		}
	}
}

// codeTextMax bounds what is looked at: nobody types more hyphens than letters.
const codeTextMax = 64

// ParseCode reads a code as people type it: capitals or small letters, with hyphens and
// blanks anywhere. The error does not repeat what was typed: it may be nearly a secret.
func ParseCode(text string) (Code, error) {
	if len(text) > codeTextMax {
		return "", fmt.Errorf("code of %d bytes: want %d letters like BCDF-GHJK-LMNP", len(text), codeLength)
	}
	var code []byte
	for i := range len(text) {
		c := text[i]
		switch {
		case c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		if strings.IndexByte(codeLetters, c) < 0 {
			return "", fmt.Errorf("code has a character that no code has: want %d of the letters %s", codeLength, codeLetters)
		}
		code = append(code, c)
	}
	if len(code) != codeLength {
		return "", fmt.Errorf("code of %d letters: want %d like BCDF-GHJK-LMNP", len(code), codeLength)
	}
	return Code(code), nil
}

// String writes the code in groups of four: BCDF-GHJK-LMNP.
func (c Code) String() string {
	var groups []string
	for rest := string(c); rest != ""; rest = rest[min(4, len(rest)):] {
		groups = append(groups, rest[:min(4, len(rest))])
	}
	return strings.Join(groups, "-")
}

// Hash returns what is kept of c.
func (c Code) Hash() CodeHash { return sha256.Sum256([]byte(c)) }

// A CodeHash is the SHA-256 of a code, its letters in capitals and nothing between them.
// Whoever can read the registry can find the code by trying, in days: it has expired then.
type CodeHash [sha256.Size]byte

// String writes the hash in hexadecimal.
func (h CodeHash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes String.
func (h CodeHash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *CodeHash) UnmarshalText(text []byte) (err error) {
	*h, err = ParseCodeHash(string(text))
	return err
}

// ParseCodeHash reads what String wrote, small letters only: it is part of a key.
func ParseCodeHash(text string) (h CodeHash, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(h) || hex.EncodeToString(b) != text {
		return CodeHash{}, fmt.Errorf("hash of a code, %.70q: want %d digits of hexadecimal, in small letters", text, hex.EncodedLen(len(h)))
	}
	return CodeHash(b), nil
}
