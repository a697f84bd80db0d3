package figures

import (
	"fmt"
	"math"
)

// A Stratum is one channel × category of what is standardised: its figure (a share, a
// net, a mean), the votes that it is of, and what it weighs in the reference's mix.
type Stratum struct {
	Figure Estimate // Not looked at where N is 0.
	N      uint64
	Weight float64 // At least 0, finite: the reference's votes, say. Only proportions matter.
}

// Standardised is a figure as it would be with the mix of a reference, beside what it is
// with its own. Each stratum may go up and the crude figure down, because more votes came
// from where figures are low (Simpson): then the standardised one goes up.
type Standardised struct {
	Estimate
	Crude   float64 // Σ n_i p_i / Σ n_i over all strata.
	Covered float64 // Part of the reference's weight that strata with votes have, above 0, to 1.
	Dropped []int   // Strata that weigh something and have no votes, by index.
	Outside uint64  // Votes of strata that weigh nothing: in Crude alone.
}

// Standardise returns the figure with the reference's mix (direct standardisation).
// Strata without votes are dropped and the weights of the others made to add up to 1:
//
//	p = Σ w_i p_i, L = p - √(Σ w_i² (p_i-l_i)²), U = p + √(Σ w_i² (u_i-p_i)²)
//
// How much was dropped is in Covered: far from 1 it says little. False where no stratum
// that weighs something has votes.
//
// G. Y. Zou, W. Huang and X. Zhang, Computational Statistics and Data Analysis 53
// (2009), pages 1080-1085, for the interval (MOVER); E. H. Simpson, Journal of the Royal
// Statistical Society B 13 (1951), pages 238-241.
func Standardise(strata []Stratum) (Standardised, bool) {
	heaviest, votes := measure(strata)
	if heaviest == 0 || votes == 0 {
		return Standardised{}, false
	}
	var s Standardised
	var all, used, below, above float64
	for i, of := range strata {
		w := of.Weight / heaviest // A sum of them cannot overflow.
		all += w
		switch {
		case of.N == 0 && w > 0:
			s.Dropped = append(s.Dropped, i)
		case of.N > 0:
			used += w
			s.Crude += float64(of.N) / votes * of.Figure.Value
			s.Value += w * of.Figure.Value
			below = math.Hypot(below, w*of.Figure.below())
			above = math.Hypot(above, w*of.Figure.above())
			if w == 0 {
				s.Outside += of.N
			}
		}
	}
	if used == 0 {
		return Standardised{}, false
	}
	s.Value /= used
	s.Low, s.High, s.Covered = s.Value-below/used, s.Value+above/used, used/all
	s.Estimate = s.within(bounds(strata))
	return s, true
}

// measure returns the heaviest weight and the sum of the votes.
func measure(strata []Stratum) (heaviest, votes float64) {
	for _, of := range strata {
		if !(of.Weight >= 0) || math.IsInf(of.Weight, 1) {
			panic(fmt.Sprintf("BUG: a stratum weighs %v", of.Weight))
		}
		heaviest = max(heaviest, of.Weight)
		votes += float64(of.N)
	}
	return heaviest, votes
}

// bounds returns where the intervals of all strata lie: a mean of them does, too.
func bounds(strata []Stratum) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, of := range strata {
		if of.N > 0 {
			least, most = min(least, of.Figure.Low), max(most, of.Figure.High)
		}
	}
	return least, most
}
