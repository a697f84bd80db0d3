package country

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// A hand is how a terminal spells what it writes: languages differ.
type hand struct {
	layout string // Of times, for package time.
	number spelling
	word   spelling
}

// A spelling is one of the ways to write the same number or word.
type spelling uint8

const (
	plain spelling = iota
	quoted
	decimal
	scientific

	upper
	capital
)

func newHand(rng *rand.Rand) hand {
	const usual = "2006-01-02T15:04:05.000Z07:00" // JavaScript, Go, Rust.
	h := hand{layout: usual}
	if rng.Float64() < 0.7 {
		return h
	}
	h.layout = [...]string{
		usual,
		"2006-01-02t15:04:05.000Z07:00",
		"2006-01-02 15:04:05.000000-07:00",           // Python.
		"2006-01-02T15:04:05.000-0700",               // C, PHP.
		"2006-01-02 15:04:05.000 -0700",              // Ruby.
		"2006-01-02T15:04:05,000-07",                 // ISO 8601.
		"2006-01-02T15:04:05.0000000-07:00",          // .NET.
		"2006-01-02T15:04:05.000Z07:00[Europe/Rome]", // Java.
	}[rng.IntN(8)]
	h.number = [...]spelling{plain, quoted, decimal, scientific}[rng.IntN(4)]
	h.word = [...]spelling{plain, upper, capital}[rng.IntN(3)]
	return h
}

// spell writes a word.
func (h *hand) spell(word string) string {
	switch {
	case h.word == upper:
		return strings.ToUpper(word)
	case h.word == capital && word != "":
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return word
}

// appendNumber writes a number.
func (h *hand) appendNumber(dst []byte, n int64) []byte {
	switch h.number {
	case quoted:
		return append(strconv.AppendInt(append(dst, '"'), n, 10), '"')
	case decimal:
		return append(strconv.AppendInt(dst, n, 10), ".0"...)
	case scientific:
		return strconv.AppendFloat(dst, float64(n), 'e', -1, 64) // Exact up to 2^53.
	default:
	}
	return strconv.AppendInt(dst, n, 10)
}
