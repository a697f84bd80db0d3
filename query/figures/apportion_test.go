package figures_test

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"mlf/query/figures"
)

func TestApportion(t *testing.T) {
	f := func(counts []uint64, whole uint64, want ...uint64) {
		t.Helper()
		if got := figures.Apportion(counts, whole); !slices.Equal(got, want) {
			t.Errorf("%d in %d: got %d, want %d", counts, whole, got, want)
		}
	}
	f([]uint64{1, 1, 1}, 100, 34, 33, 33) // Of equal ones the first,
	f([]uint64{1, 2, 3}, 100, 17, 33, 50)
	f([]uint64{1, 7}, 100, 12, 88) // and before it the larger: 12.5 and 87.5.
	f([]uint64{2869, 299, 141}, 100, 87, 9, 4)
	f([]uint64{2869, 299, 141}, 1000, 867, 90, 43)
	f([]uint64{0, 0, 5}, 100, 0, 0, 100)
	f([]uint64{1, 0, 1e9}, 100, 0, 0, 100)
	f([]uint64{7}, 1000, 1000)
	f([]uint64{3, 5}, 0, 0, 0)
	f([]uint64{0, 0, 0}, 100)
	f(nil, 100)
	f([]uint64{math.MaxUint64, math.MaxUint64}, 100, 50, 50)
	f([]uint64{math.MaxUint64, 0, math.MaxUint64}, math.MaxUint64, math.MaxUint64/2+1, 0, math.MaxUint64/2)
}

// FuzzApportion: parts add up, none is a unit beside the exact one, more votes are never a
// smaller part.
func FuzzApportion(f *testing.F) {
	for _, c := range [][3]uint64{{0, 0, 0}, {1, 1, 1}, {2869, 299, 141}, {0, 1, math.MaxUint64}, {math.MaxUint64, math.MaxUint64, math.MaxUint64}} {
		f.Add(c[0], c[1], c[2], uint64(100))
		f.Add(c[0], c[1], c[2], uint64(1000))
		f.Add(c[0], c[1], c[2], uint64(math.MaxUint64))
	}
	f.Fuzz(func(t *testing.T, a, b, c, whole uint64) {
		counts := []uint64{a, b, c}
		kept := slices.Clone(counts)
		parts := figures.Apportion(counts, whole)
		if !slices.Equal(counts, kept) {
			t.Fatal("what was given has changed")
		}
		sum := func(of []uint64) *big.Int {
			n := new(big.Int)
			for _, x := range of {
				n.Add(n, new(big.Int).SetUint64(x))
			}
			return n
		}
		n, all := sum(counts), new(big.Int).SetUint64(whole)
		if parts == nil {
			if n.Sign() != 0 {
				t.Fatalf("%d: got none", counts)
			}
			return
		}
		if sum(parts).Cmp(all) != 0 {
			t.Errorf("%d in %d: %d do not add up", counts, whole, parts)
		}
		for i, part := range parts {
			// |part·n - count·whole| < n, where the counts were not too many to be exact.
			off := new(big.Int).Mul(new(big.Int).SetUint64(part), n)
			off.Sub(off, new(big.Int).Mul(new(big.Int).SetUint64(counts[i]), all))
			if n.IsUint64() && off.CmpAbs(n) >= 0 {
				t.Errorf("%d in %d: part %d is %d", counts, whole, i, part)
			}
			for k, other := range parts {
				if counts[i] > counts[k] && part < other {
					t.Errorf("%d in %d: %d for more votes than %d", counts, whole, part, other)
				}
			}
		}
	})
}
