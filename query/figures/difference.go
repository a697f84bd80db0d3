package figures

import "math"

// A Sample is K votes of a kind among N, with the effect by which they are not
// independent. K <= N.
type Sample struct {
	K, N   uint64
	Effect Effect
}

// A Difference is that of two shares, a less b, -1 to 1.
type Difference struct {
	Estimate
	Z float64 // Of the score test: above 0 where a is the larger.
	P float64 // Two-sided, 0 to 1: how often equal shares would differ so much or more.
}

// Compare returns the difference of two samples that share no vote. Interval and
// test are two answers to one question, made in two ways: close to p = 0.05 they may
// say different things. False where one has no votes.
//
// The interval is Subtract's of the two shares: Newcombe's hybrid score. The test is the
// score test, which is Pearson's chi-square of the table of two times two, without
// correction: z = (pa - pb) / √(p (1-p) (1/na + 1/nb)), p that of both together. Where
// all votes or none are of the kind, nothing speaks against equal shares: p = 1.
//
// R. G. Newcombe, Interval estimation for the difference between independent
// proportions: comparison of eleven methods, Statistics in Medicine 17 (1998), pages
// 873-890, method 10; J. N. K. Rao and A. J. Scott, Biometrics 48 (1992), pages
// 577-585, for samples with an effect: its counts are divided by it.
func Compare(a, b Sample) (Difference, bool) {
	pa, someA := Share(a.K, a.N, a.Effect)
	pb, someB := Share(b.K, b.N, b.Effect)
	if !someA || !someB {
		return Difference{}, false
	}
	d := Difference{Estimate: Subtract(pa, pb).within(-1, 1), P: 1}
	na, nb := float64(a.N), float64(b.N)
	na, nb = na/a.Effect.divisor(na), nb/b.Effect.divisor(nb)
	p := (na*pa.Value + nb*pb.Value) / (na + nb)
	if deviation := math.Sqrt(p * (1 - p) * (1/na + 1/nb)); deviation > 0 {
		d.Z = d.Value / deviation
		d.P = twoSided(d.Z)
	}
	return d, true
}

// Beyond returns the lowest difference a - b, or with z below 0 the highest, that is within |z|
// standard deviations of what was seen: a bound of Compare's interval at another level. Who
// looks often asks for more than 1.96. False where one has no votes.
func Beyond(a, b Sample, z float64) (float64, bool) {
	if a.N == 0 || b.N == 0 {
		return 0, false
	}
	wide := level{math.Abs(z), z * z}
	d := Subtract(wilsonAt(float64(a.K), float64(a.N), a.Effect, wide), wilsonAt(float64(b.K), float64(b.N), b.Effect, wide)).within(-1, 1)
	if z < 0 {
		return d.High, true
	}
	return d.Low, true
}

// Subtract returns a - b of two figures that no vote is in both of: two means, two
// nets, two standardised shares (MOVER). The interval is as far as those of both reach:
//
//	L = a - b - √((a-la)² + (ub-b)²), U = a - b + √((ua-a)² + (b-lb)²)
//
// G. Y. Zou and A. Donner, Statistics in Medicine 27 (2008), pages 1693-1702.
func Subtract(a, b Estimate) Estimate {
	d := Estimate{Value: a.Value - b.Value}
	d.Low = d.Value - math.Hypot(a.below(), b.above())
	d.High = d.Value + math.Hypot(a.above(), b.below())
	return d
}

// Change returns by what part of before now is more, -1 and above. Of nothing there is
// no part: false at before = 0, never an error, and never infinity.
func Change(before, now uint64) (float64, bool) {
	if before == 0 {
		return 0, false
	}
	return (float64(now) - float64(before)) / float64(before), true
}
