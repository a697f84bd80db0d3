// Package shares is which of several databases has which partitions of a log.
//
// It knows partitions. It must not know where the databases are, or what is in them.
package shares

import (
	"fmt"

	"mlf/schema"
)

// A Share is what one of several databases has of a log: a run of its partitions.
// All of them together have each partition once.
type Share struct {
	Number int // From 0.
	Of     int // How many databases there are; 1 has all, and is the least.
}

// Whole is the share of a database that has all of a log.
func Whole() Share { return Share{Of: 1} }

// Valid tells whether s is one of a log of n partitions, of which it has one at least.
func (s Share) Valid(n int) bool { return 0 <= s.Number && s.Number < s.Of && s.Of <= n }

// Span returns which of n partitions s has, half-open. s is valid.
func (s Share) Span(n int) (first, next schema.Partition) {
	if !s.Valid(n) {
		panic(fmt.Sprintf("BUG: share %v of %d partitions", s, n))
	}
	return schema.Partition(s.Number * n / s.Of), schema.Partition((s.Number + 1) * n / s.Of)
}

// Last tells whether s is the last of the shares, which also has what was added to the
// topic after the log's partitions, so that somebody says so of it.
func (s Share) Last() bool { return s.Number == s.Of-1 }

// Holds tells whether s has p of a log of n partitions.
func (s Share) Holds(p schema.Partition, n int) bool {
	first, next := s.Span(n)
	return p >= first && (p < next || s.Last())
}

// String writes s as people count: 1/2 is the first of two.
func (s Share) String() string { return fmt.Sprintf("%d/%d", s.Number+1, s.Of) }

// UnmarshalText reads what String writes.
func (s *Share) UnmarshalText(text []byte) error {
	var number, of int
	if n, err := fmt.Sscanf(string(text), "%d/%d", &number, &of); n != 2 || err != nil || fmt.Sprintf("%d/%d", number, of) != string(text) || number < 1 || number > of {
		return fmt.Errorf("share %q: want for instance 1/2, the first of two", text)
	}
	*s = Share{Number: number - 1, Of: of}
	return nil
}
