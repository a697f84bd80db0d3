package call

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"mlf/schema"
)

// A Call is one call whose caller pressed a key.
type Call struct {
	// ID tells the call from all others of its exchange, and of all exchanges where
	// they have serial numbers: "serial/id", or the id alone. 1 to IDMax bytes; see
	// IDOf. It is for hashing: what is stored is its Identity.
	ID string

	Key   string         // One of 0 to 9, * and #.
	Queue string         // What the caller had called for, such as "tributi"; "": not said. At most QueueMax bytes.
	At    schema.Instant // When the call ended, or the key was pressed. Where HasAt.
	HasAt bool
}

// Limits of what a call says, in bytes.
const (
	IDMax    = 64
	QueueMax = 64
)

// Identity returns 128 bits that are the same however often, and by whatever way, a
// call is told: its webhook, that webhook again, the exchange's file.
func (c Call) Identity() (identity [16]byte) {
	sum := sha256.Sum256([]byte("call\x00" + c.ID))
	copy(identity[:], sum[:])
	return identity
}

// IDOf returns the ID of the call that an exchange calls id; serial is the exchange's
// own, and may be empty. Both are letters, digits and ._:- only. Digits alone, six of
// them or more, may be somebody's telephone number and are refused, but for Asterisk's
// "1648876393.439". The error says for people what is wanted and quotes nothing.
func IDOf(serial, id string) (string, error) {
	whole := id
	if serial != "" {
		whole = serial + "/" + id
	}
	switch {
	case id == "" || strings.Trim(serial+id, idCharacters) != "":
		return "", errors.New("want the id of the call to be letters, digits and any of ._:-")
	case len(whole) > IDMax:
		return "", fmt.Errorf("want the id of the call, with the serial number of the exchange, to have at most %d bytes", IDMax)
	case maybeNumber(id):
		return "", errors.New("want the id of the call to have a letter, or the form 1648876393.439: digits alone may be a telephone number")
	}
	return whole, nil
}

const (
	digits       = "0123456789"
	separators   = "._:-"
	idCharacters = digits + separators + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	// numberDigitsMin is how many digits the shortest telephone number of a person has.
	numberDigitsMin = 6
)

// maybeNumber tells whether text could be a telephone number, however it is grouped.
func maybeNumber(text string) bool {
	if strings.Trim(text, digits+separators) != "" {
		return false
	}
	if _, ok := Began(text); ok {
		text = text[:max(0, strings.LastIndexByte(text, '-'))] // The name of the system.
	}
	return countDigits(text) >= numberDigitsMin
}

// countDigits counts the digits of all scripts.
func countDigits(text string) (n int) {
	for _, c := range text {
		if unicode.IsDigit(c) {
			n++
		}
	}
	return n
}

// Began returns when the call with an id of Asterisk's form began: seconds since 1970,
// a point, and a number that goes up with every call of the exchange, "1648876393.439";
// before them perhaps the name of the system and a hyphen. The seconds are of the years
// 2001 to 2065, so no Italian mobile number, which begins with 3, is taken for them.
func Began(id string) (schema.Instant, bool) {
	const least, below = 1_000_000_000, 3_000_000_000
	seconds, number, ok := strings.Cut(id[strings.LastIndexByte(id, '-')+1:], ".")
	if !ok || number == "" || len(number) > 10 || strings.Trim(number, digits) != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(seconds, 10, 64)
	if err != nil || n < least || n >= below {
		return 0, false
	}
	return schema.Instant(n * 1000), true
}

// KeyOf returns text as a key of a telephone.
func KeyOf(text string) (string, error) {
	if len(text) != 1 || !strings.Contains(digits+"*#", text) {
		return "", errors.New("want one key: 0 to 9, * or #")
	}
	return text, nil
}

// QueueOf returns text as the name of a queue. Short numbers are queues, longer ones
// could be those of people.
func QueueOf(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case len(text) > QueueMax:
		return "", fmt.Errorf("want the name of a queue of at most %d bytes", QueueMax)
	case strings.ContainsFunc(text, unicode.IsControl):
		return "", errors.New("want the name of a queue without control characters")
	case countDigits(text) >= numberDigitsMin || strings.Contains(text, "@"):
		return "", fmt.Errorf("want the name of a queue with fewer than %d digits: more may be a telephone number", numberDigitsMin)
	}
	return text, nil
}
