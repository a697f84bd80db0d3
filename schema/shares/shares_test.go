package shares_test

import (
	"testing"

	"mlf/schema"
	"mlf/schema/shares"
)

// TestSharesHaveEachPartitionOnce: also those that were added to the topic.
func TestSharesHaveEachPartitionOnce(t *testing.T) {
	for n := 1; n <= 64; n++ {
		for of := 1; of <= n; of++ {
			for p := range schema.Partition(n + 2) {
				holders := 0
				for number := range of {
					if (shares.Share{Number: number, Of: of}).Holds(p, n) {
						holders++
					}
				}
				if holders != 1 {
					t.Fatalf("partition %d of %d is in %d of %d shares: want 1", p, n, holders, of)
				}
			}
			for number := range of {
				if first, next := (shares.Share{Number: number, Of: of}).Span(n); first >= next {
					t.Fatalf("share %d of %d has nothing of %d partitions", number, of, n)
				}
			}
		}
	}
}

func TestSharesThatAreNone(t *testing.T) {
	for _, s := range []shares.Share{{}, {Number: 2, Of: 2}, {Number: -1, Of: 1}, {Number: 0, Of: 5}} {
		if s.Valid(4) {
			t.Errorf("%v is taken for a share of 4 partitions", s)
		}
	}
}

func TestSharesAreReadAsTheyAreWritten(t *testing.T) {
	var s shares.Share
	for _, text := range []string{"1/1", "1/2", "2/2", "10/16"} {
		if err := s.UnmarshalText([]byte(text)); err != nil || s.String() != text {
			t.Errorf("%s: got %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "1", "0/2", "3/2", "1/2/3", "-1/2", "1/-2", "01/2", "1 /2", "1/2 ", "a/b"} {
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, s)
		}
	}
}
