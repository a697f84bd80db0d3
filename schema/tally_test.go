package schema_test

import (
	"testing"

	"mlf/schema"
)

// tallyOf returns the account that has n, n+1 and so on in the order of its numbers.
func tallyOf(n uint64) (t schema.Tally) {
	for i, to := range t.Numbers() {
		*to = n + uint64(i)
	}
	return t
}

// TestNumbersOfATally fixes their order, which is that of checkpoints, claims and columns.
func TestNumbersOfATally(t *testing.T) {
	want := schema.Tally{
		Records: 1, VotesIn: 2, Counted: 3, Duplicates: 4, Conflicts: 5, Quarantined: 6, Voided: 7,
		Events: schema.EventTally{In: 8, Used: 9, Repeated: 10, Stale: 11, Conflicts: 12, Quarantined: 13},
	}
	if got := tallyOf(1); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestTalliesAreMerged: number by number.
func TestTalliesAreMerged(t *testing.T) {
	want := schema.Tally{
		Records: 101, VotesIn: 103, Counted: 105, Duplicates: 107, Conflicts: 109, Quarantined: 111, Voided: 113,
		Events: schema.EventTally{In: 115, Used: 117, Repeated: 119, Stale: 121, Conflicts: 123, Quarantined: 125},
	}
	sum := tallyOf(1)
	if sum.Add(tallyOf(100)); sum != want {
		t.Errorf("got %+v, want %+v", sum, want)
	}
	for i := range schema.TallyNumbers {
		low, high := tallyOf(1), tallyOf(1)
		*high.Numbers()[i] = 50
		for _, pair := range [][2]schema.Tally{{low, high}, {high, low}} {
			got := pair[0]
			if got.Max(pair[1]); got != high {
				t.Errorf("number %d: got %+v, want %+v", i, got, high)
			}
		}
	}
}

// TestATallyIsBalanced: each vote and each event is in one of the others.
func TestATallyIsBalanced(t *testing.T) {
	good := schema.Tally{
		Records: 9, VotesIn: 31, Counted: 1, Duplicates: 2, Conflicts: 4, Quarantined: 8, Voided: 16,
		Events: schema.EventTally{In: 62, Used: 2, Repeated: 4, Stale: 8, Conflicts: 16, Quarantined: 32},
	}
	if !good.Balanced() || !(schema.Tally{}).Balanced() {
		t.Error("got false of one that is balanced")
	}
	for i := range schema.TallyNumbers {
		bad := good
		*bad.Numbers()[i]++
		if got, records := bad.Balanced(), i == 0; got != records {
			t.Errorf("one more in number %d: got %t, want %t", i, got, records)
		}
	}
}
