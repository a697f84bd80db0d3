package figures_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mlf/query/figures"
)

const dust = 1e-9

// countMax is the largest count that a float64 holds exactly.
const countMax = 1 << 53

func count() *rapid.Generator[uint64] {
	return rapid.OneOf(rapid.Uint64Range(0, 40), rapid.Uint64Range(0, countMax))
}

func effect() *rapid.Generator[figures.Effect] {
	return rapid.Map(rapid.Float64Range(0, 1e6), func(e float64) figures.Effect { return figures.Effect(e) })
}

func faces() *rapid.Generator[figures.Faces] {
	return rapid.Custom(func(t *rapid.T) figures.Faces {
		return figures.Faces{Green: count().Draw(t, "green"), Yellow: count().Draw(t, "yellow"), Red: count().Draw(t, "red")}
	})
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// within fails unless e is an interval around its value inside of [least, most].
func within(t failer, e figures.Estimate, least, most float64) {
	t.Helper()
	if !(least <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= most) {
		t.Fatalf("got %+v, want an interval within %v and %v", e, least, most)
	}
}

// mirrored fails unless b is a seen from the other side: sum - a.
func mirrored(t failer, a, b figures.Estimate, sum float64) {
	t.Helper()
	if math.Abs(a.Value+b.Value-sum) > dust || math.Abs(a.Low+b.High-sum) > dust || math.Abs(a.High+b.Low-sum) > dust {
		t.Fatalf("%+v and %+v are not symmetric around %v", a, b, sum/2)
	}
}

func TestShareIsAnInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, countMax).Draw(t, "n")
		k := rapid.Uint64Range(0, n).Draw(t, "k")
		e := effect().Draw(t, "effect")
		share, _ := figures.Share(k, n, e)
		within(t, share, 0, 1)
		// What is green for one is not green for the other.
		other, _ := figures.Share(n-k, n, e)
		mirrored(t, share, other, 1)
	})
}

// More votes of the same mix say more; a larger effect says less.
func TestShareIsSurerOfMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 1<<30).Draw(t, "n")
		k := rapid.Uint64Range(0, n).Draw(t, "k")
		times := rapid.Uint64Range(2, 1<<20).Draw(t, "times")
		few, _ := figures.Share(k, n, figures.Independent)
		many, _ := figures.Share(k*times, n*times, figures.Independent)
		clustered, _ := figures.Share(k, n, figures.Effect(times))
		width := func(e figures.Estimate) float64 { return e.High - e.Low }
		if !(width(many) < width(few) && width(few) <= width(clustered)) {
			t.Fatalf("%d of %d: %v is not below %v is not below %v", k, n, width(many), width(few), width(clustered))
		}
	})
}

// One vote more of a kind: the share's ends do not fall.
func TestShareRisesWithItsVotes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 5000).Draw(t, "n")
		k := rapid.Uint64Range(0, n-1).Draw(t, "k")
		less, _ := figures.Share(k, n, figures.Independent)
		more, _ := figures.Share(k+1, n, figures.Independent)
		if !(less.Low < more.Low && less.Value < more.Value && less.High < more.High) {
			t.Fatalf("%d of %d: %+v, one more %+v", k, n, less, more)
		}
	})
}

func TestNetIsAnInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, e := faces().Draw(t, "faces"), effect().Draw(t, "effect")
		net, ok := figures.Net(f, e)
		if !ok {
			return
		}
		within(t, net, -1, 1)
		turned, _ := figures.Net(figures.Faces{Green: f.Red, Yellow: f.Yellow, Red: f.Green}, e)
		mirrored(t, net, turned, 0)
	})
}

// Two words for one thing: the mean of three faces is the net, on another scale.
func TestTheMeanOfFacesIsTheNet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, e := faces().Draw(t, "faces"), effect().Draw(t, "effect")
		net, ok := figures.Net(f, e)
		mean, same := figures.Mean([]uint64{f.Red, f.Yellow, f.Green}, e)
		if ok != same {
			t.Fatalf("net is %v, mean is %v", ok, same)
		}
		for _, pair := range [][2]float64{{net.Value, mean.Value}, {net.Low, mean.Low}, {net.High, mean.High}} {
			if ok && math.Abs(50*(pair[0]+1)-pair[1]) > 1e-6 {
				t.Fatalf("net %+v, mean %+v", net, mean)
			}
		}
	})
}

func TestMeanIsAnInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts, e := rapid.SliceOfN(count(), 2, 10).Draw(t, "counts"), effect().Draw(t, "effect")
		mean, ok := figures.Mean(counts, e)
		if !ok {
			return
		}
		within(t, mean, 0, 100)
		turned := slices.Clone(counts)
		slices.Reverse(turned)
		other, _ := figures.Mean(turned, e)
		if math.Abs(mean.Low+other.High-100) > 1e-6 || math.Abs(mean.High+other.Low-100) > 1e-6 {
			t.Fatalf("%+v and %+v are not symmetric", mean, other)
		}
	})
}

func TestCompareTurnsRound(t *testing.T) {
	sample := rapid.Custom(func(t *rapid.T) figures.Sample {
		n := rapid.OneOf(rapid.Uint64Range(1, 40), rapid.Uint64Range(1, countMax)).Draw(t, "n")
		return figures.Sample{K: rapid.Uint64Range(0, n).Draw(t, "k"), N: n, Effect: effect().Draw(t, "effect")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := sample.Draw(t, "a"), sample.Draw(t, "b")
		d, _ := figures.Compare(a, b)
		within(t, d.Estimate, -1, 1)
		if !(0 <= d.P && d.P <= 1) || math.IsNaN(d.Z) || math.IsInf(d.Z, 0) {
			t.Fatalf("got z %v, p %v", d.Z, d.P)
		}
		turned, _ := figures.Compare(b, a)
		mirrored(t, d.Estimate, turned.Estimate, 0)
		if math.Abs(d.P-turned.P) > dust {
			t.Fatalf("p is %v one way and %v the other", d.P, turned.P)
		}
	})
}

// The score test of two shares and Pearson's chi-square of their table are one test.
func TestTheScoreTestIsTheChiSquare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.Uint64Range(1, 1_000_000), 4, 4).Draw(t, "cells")
		chi, _ := figures.Pearson(cells, 2)
		d, _ := figures.Compare(figures.Sample{K: cells[0], N: cells[0] + cells[1]}, figures.Sample{K: cells[2], N: cells[2] + cells[3]})
		if p := math.Erfc(math.Sqrt(chi / 2)); math.Abs(d.Z*d.Z-chi) > dust*(1+chi) || math.Abs(d.P-p) > dust {
			t.Fatalf("z² %v with p %v, X² %v with p %v", d.Z*d.Z, d.P, chi, p)
		}
	})
}

func TestFalseDiscoveryKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "p")
		q := figures.FalseDiscovery(p)
		for i := range p {
			if !(p[i] <= q[i] && q[i] <= 1) {
				t.Fatalf("q %v of p %v", q[i], p[i])
			}
			for j := range p {
				if p[i] < p[j] && q[i] > q[j] {
					t.Fatalf("p %v < %v and q %v > %v", p[i], p[j], q[i], q[j])
				}
			}
		}
	})
}

// Weights in another unit, strata in another order, a stratum cut into two alike: the
// standardised value is the same. If every stratum rises, it rises.
func TestStandardiseIsOfTheMixAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strata := make([]figures.Stratum, rapid.IntRange(1, 8).Draw(t, "strata"))
		for i := range strata {
			n := rapid.Uint64Range(0, 1000).Draw(t, "n")
			strata[i] = figures.Stratum{N: n, Weight: rapid.Float64Range(0, 1e6).Draw(t, "weight")}
			strata[i].Figure, _ = figures.Share(rapid.Uint64Range(0, n).Draw(t, "k"), n, figures.Independent)
		}
		s, ok := figures.Standardise(strata)
		if !ok {
			return
		}
		within(t, s.Estimate, 0, 1)
		if !(0 < s.Covered && s.Covered <= 1 && 0 <= s.Crude && s.Crude <= 1+dust) {
			t.Fatalf("got %+v", s)
		}
		changed, risen := slices.Clone(strata), slices.Clone(strata)
		slices.Reverse(changed)
		for i := range changed {
			changed[i].Weight *= 7
			risen[i].Figure.Value = (risen[i].Figure.Value + risen[i].Figure.High) / 2
		}
		changed[0].Weight /= 2
		changed = append(changed, changed[0])
		if same, _ := figures.Standardise(changed); math.Abs(same.Value-s.Value) > dust || math.Abs(same.Covered-s.Covered) > dust {
			t.Fatalf("got %+v, and %+v of the same mix", s, same)
		}
		if up, _ := figures.Standardise(risen); up.Value < s.Value-dust {
			t.Fatalf("all strata rose, and the value fell from %v to %v", s.Value, up.Value)
		}
	})
}

// What is drawn by hand here is made with sorted ends there.
func TestRankIsAsDefined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := make([]figures.Contender, rapid.IntRange(0, 30).Draw(t, "contenders"))
		for i := range of {
			n := rapid.Uint64Range(0, 60).Draw(t, "n")
			of[i].N = n
			of[i].Figure, _ = figures.Share(rapid.Uint64Range(0, n).Draw(t, "k"), n, figures.Independent)
		}
		reference, _ := figures.ShareReference(8, 10)
		ranked, small := figures.Rank(of, reference, 10)
		if len(ranked)+len(small) != len(of) {
			t.Fatalf("%d ranked and %d small of %d", len(ranked), len(small), len(of))
		}
		for _, i := range small {
			if of[i].N >= 10 {
				t.Fatalf("%d votes are few", of[i].N)
			}
		}
		for _, r := range ranked {
			place, best, worst := 1, 1, len(ranked)
			for _, other := range ranked {
				mine, theirs := of[r.Index].Figure, of[other.Index].Figure
				if theirs.Value > mine.Value {
					place++
				}
				if theirs.Low > mine.High {
					best++
				}
				if theirs.High < mine.Low {
					worst--
				}
			}
			if r.Place != place || r.Best != best || r.Worst != worst || best > place || place > worst {
				t.Fatalf("got %+v, want %d, %d to %d", r, place, best, worst)
			}
			outside := of[r.Index].Figure.Value < r.Funnel.Low || of[r.Index].Figure.Value > r.Funnel.High
			if outside && r.P >= 0.05+dust || r.Differs != (r.Q < 0.05) || r.Q < r.P {
				t.Fatalf("%+v is outside of its funnel: %v", r, outside)
			}
		}
	})
}

// A yellow vote that turns green, or a red one that turns yellow, lowers no end of the
// net's interval: for all votes of up to 40.
func TestNetRisesWithItsVotes(t *testing.T) {
	for n := uint64(1); n <= 40; n++ {
		for green := range n + 1 {
			for red := range n + 1 - green {
				f := figures.Faces{Green: green, Yellow: n - green - red, Red: red}
				if f.Yellow == 0 {
					continue
				}
				was, _ := figures.Net(f, figures.Independent)
				is, _ := figures.Net(figures.Faces{Green: f.Green + 1, Yellow: f.Yellow - 1, Red: f.Red}, figures.Independent)
				if is.Value <= was.Value || is.Low < was.Low-dust || is.High < was.High-dust {
					t.Fatalf("%+v: %+v, with a green one for a yellow one %+v", f, was, is)
				}
			}
		}
	}
}
