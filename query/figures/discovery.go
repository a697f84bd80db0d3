package figures

import (
	"fmt"
	"slices"
)

// FalseDiscovery returns, for each test's p, its q: who calls all differences real
// whose q is at most 0.05 is wrong about 5 % of them in the mean, however many were
// looked at. Benjamini and Hochberg: the i-th smallest of m becomes the least p_j m/j
// of all j >= i. p are of one answer, 0 to 1; what could not be tested is left out, not
// 1. It holds for tests that are independent or lean the same way.
//
// Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the
// Royal Statistical Society B 57 (1995), pages 289-300; as values to read: D. Yekutieli
// and Y. Benjamini, Journal of Statistical Planning and Inference 82 (1999), pages
// 171-196.
func FalseDiscovery(p []float64) []float64 {
	order := make([]keyed, len(p))
	for i := range order {
		mustBeProbability(p[i])
		order[i] = keyed{p[i], i}
	}
	slices.SortFunc(order, keyed.compare)
	q, least := make([]float64, len(p)), 1.0
	for i := len(order) - 1; i >= 0; i-- {
		least = min(least, order[i].key*float64(len(p))/float64(i+1))
		q[order[i].index] = max(least, order[i].key) // Dust of rounding, where i is the last.
	}
	return q
}

// mustBeProbability stops where a test gave what is none.
func mustBeProbability(p float64) {
	if !(0 <= p && p <= 1) {
		panic(fmt.Sprintf("BUG: p is %v", p))
	}
}
