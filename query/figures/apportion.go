package figures

import (
	"cmp"
	"math/bits"
	"slices"
)

// Apportion returns the parts of counts in their sum, in units of which all together are
// whole: for whole = 100 per cent that add up to 100. Each has its whole units, and those
// with the largest remainders one more; of equal ones the larger count, then the first. No
// part is a unit or more beside the exact one. Nil where nothing was counted.
//
// The method of A. Hamilton, Report on apportionment (1792), and T. Hare; M. L. Balinski and
// H. P. Young, Fair Representation (2001), chapter 2.
func Apportion(counts []uint64, whole uint64) []uint64 {
	fit, n := fitting(counts)
	if n == 0 {
		return nil
	}
	parts, rests := make([]uint64, len(counts)), make([]uint64, len(counts))
	order, left := make([]int, len(counts)), whole
	for i, count := range fit {
		high, low := bits.Mul64(count, whole)
		parts[i], rests[i] = bits.Div64(high, low, n) // count ≤ n: the part fits.
		left -= parts[i]
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rests[b], rests[a]), cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, i := range order[:left] {
		parts[i]++
	}
	return parts
}

// fitting returns counts whose sum fits, and that sum: those given, or their same part
// where it does not.
func fitting(counts []uint64) (fit []uint64, n uint64) {
	for _, count := range counts {
		var carry uint64
		if n, carry = bits.Add64(n, count, 0); carry > 0 {
			less := make([]uint64, len(counts))
			for i, count := range counts {
				less[i] = count >> bits.Len(uint(len(counts)))
			}
			return fitting(less)
		}
	}
	return counts, n
}
