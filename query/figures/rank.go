package figures

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A Contender is one of those that are put in order, by its figure of N votes.
type Contender struct {
	Figure Estimate // Not looked at where N is 0.
	N      uint64
}

// A Reference is what contenders are held against: the figure of the nation, say, taken
// for known, and how far a single vote lies from it in the mean. A contender that is itself a good
// part of the reference draws it towards itself: the test is then too mild, never too hard.
type Reference struct {
	Value     float64
	Deviation float64 // Standard deviation of one vote, at least 0.
	Min, Max  float64 // Between which the figure lies: 0 and 1 for a share.
}

// ShareReference returns the reference of a share of k of n, Share's. False at n = 0.
func ShareReference(k, n uint64) (Reference, bool) {
	share, ok := Share(k, n, Independent)
	return Reference{Value: share.Value, Deviation: math.Sqrt(share.Value * (1 - share.Value)), Max: 1}, ok
}

// NetReference returns the reference of Net's. False without votes.
func NetReference(f Faces) (Reference, bool) {
	r, ok := MeanReference([]uint64{f.Red, f.Yellow, f.Green})
	return Reference{Value: r.Value/50 - 1, Deviation: r.Deviation / 50, Min: -1, Max: 1}, ok
}

// MeanReference returns the reference of Mean's. False without votes.
func MeanReference(counts []uint64) (Reference, bool) {
	mean, ok := Mean(counts, Independent)
	if !ok {
		return Reference{}, false
	}
	n, squares := 0.0, 0.0
	for i, count := range counts {
		off := 50*(weight(i, len(counts))+1) - mean.Value
		n += float64(count)
		squares += float64(count) * off * off
	}
	return Reference{Value: mean.Value, Deviation: math.Sqrt(squares / n), Max: 100}, true
}

// z998 is the 99.9 % quantile of the normal distribution: the outer limits of a funnel.
const z998 = 3.090232306167813

// A Funnel is where the figure of so many votes lies if it is the reference's: inside of
// Low and High in 95 % of cases, of Lowest and Highest in 99.8 %.
type Funnel struct {
	Lowest, Low, High, Highest float64
}

// Funnel returns r ± z Deviation/√n, within Min and Max; n is 1 or more. A figure is
// outside of Low and High where its test says p < 0.05.
//
// D. J. Spiegelhalter, Funnel plots for comparing institutional performance, Statistics
// in Medicine 24 (2005), pages 1185-1202.
func (r Reference) Funnel(n uint64) Funnel {
	deviation := r.Deviation / math.Sqrt(float64(max(n, 1)))
	at := func(z float64) float64 { return min(max(r.Value+z*deviation, r.Min), r.Max) }
	return Funnel{at(-z998), at(-z95), at(z95), at(z998)}
}

// Test returns how often a figure of n votes would be as far from the reference as value,
// or farther, if it were the reference's: two-sided score test, 0 to 1. No votes differ
// from nothing: 1.
func (r Reference) Test(value float64, n uint64) float64 {
	off := math.Abs(value - r.Value)
	if n == 0 || off <= dust*(r.Max-r.Min) {
		return 1
	}
	// Where all votes of the reference are alike, and these are not, it is that of infinity: 0.
	return twoSided(off / r.Deviation * math.Sqrt(float64(n)))
}

// dust is how far two figures may lie apart, as part of their range, that are the same
// but for rounding.
const dust = 1e-12

// A Ranked is a contender in its order.
type Ranked struct {
	Index int // Of the contender, as given.

	// Place counts from 1, for the highest figure; equal figures share it. Best and
	// Worst are the places that its interval leaves possible: 1 + those that lie above
	// it as a whole, and all but those that lie below it. A place says nothing without them.
	Place, Best, Worst int

	Funnel  Funnel
	P, Q    float64 // Of the difference from the reference; Q over all that are ranked.
	Differs bool    // Q < 0.05.
}

// Rank puts contenders in order by their figures, the highest first, those of equal figures as
// given. Small are those with fewer than least votes (1 at least), by index: they are
// listed apart, as their place would be chance, and are in nobody's Place or Q.
//
// Q says who differs from the reference, Best and Worst who is before whom: the false
// discovery rate cannot say that. Intervals that do not overlap are a hard test: of two
// whose intervals touch, p is about 0.006.
//
// H. Goldstein and D. J. Spiegelhalter, League tables and their limitations, Journal of
// the Royal Statistical Society A 159 (1996), pages 385-443; K. Klein, T. Wright and J.
// Wieczorek, A joint confidence region for an overall ranking of populations, Journal of
// the Royal Statistical Society C 69 (2020), pages 589-606, for the places.
func Rank(of []Contender, against Reference, least uint64) (ranked []Ranked, small []int) {
	order := make([]keyed, 0, len(of))
	for i, c := range of {
		if c.N < max(least, 1) {
			small = append(small, i)
			continue
		}
		if math.IsNaN(c.Figure.Value) || !(c.Figure.Low <= c.Figure.High) {
			panic(fmt.Sprintf("BUG: contender %d has the figure %v", i, c.Figure))
		}
		order = append(order, keyed{-c.Figure.Value, i})
	}
	slices.SortFunc(order, keyed.compare)
	ranked = make([]Ranked, len(order))
	for at, k := range order {
		c := of[k.index]
		ranked[at] = Ranked{Index: k.index, Funnel: against.Funnel(c.N), P: against.Test(c.Figure.Value, c.N)}
	}
	place(ranked, of)
	discover(ranked)
	return ranked, small
}

// A keyed is what is sorted in place of something large.
type keyed struct {
	key   float64
	index int
}

func (k keyed) compare(other keyed) int {
	switch {
	case k.key < other.key:
		return -1
	case k.key > other.key:
		return 1
	}
	return cmp.Compare(k.index, other.index)
}

// place fills in the places of what is in order.
func place(ranked []Ranked, of []Contender) {
	lows, highs := make([]float64, len(ranked)), make([]float64, len(ranked))
	for i := range ranked {
		r := &ranked[i]
		r.Place = i + 1
		if i > 0 && of[r.Index].Figure.Value == of[ranked[i-1].Index].Figure.Value {
			r.Place = ranked[i-1].Place
		}
		lows[i], highs[i] = of[r.Index].Figure.Low, of[r.Index].Figure.High
	}
	slices.Sort(lows)
	slices.Sort(highs)
	for i := range ranked {
		figure := of[ranked[i].Index].Figure
		ranked[i].Best = 1 + len(lows) - above(lows, figure.High)
		ranked[i].Worst = len(highs) - below(highs, figure.Low)
	}
}

// above returns the index of the first of sorted that is above x.
func above(sorted []float64, x float64) int {
	i, _ := slices.BinarySearchFunc(sorted, x, func(of, x float64) int {
		if of > x {
			return 1
		}
		return -1
	})
	return i
}

// below returns how many of sorted are below x.
func below(sorted []float64, x float64) int {
	i, _ := slices.BinarySearch(sorted, x)
	return i
}

// discover fills in what differs.
func discover(ranked []Ranked) {
	p := make([]float64, len(ranked))
	for i, r := range ranked {
		p[i] = r.P
	}
	for i, q := range FalseDiscovery(p) {
		ranked[i].Q, ranked[i].Differs = q, q < 0.05
	}
}
