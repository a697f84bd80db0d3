package figures_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"mlf/query/figures"
)

// trialsVariable sets how often each case of TestCoverage is drawn.
const trialsVariable = "MLF_FIGURES_TRIALS"

// TestCoverage draws votes where the truth is known and looks how often it lies inside of
// what is said to hold it in 95 %. Seen with -v, a table; with 100,000 trials it is the one
// in doc.go. Each must reach its least, less three standard errors of the drawing.
func TestCoverage(t *testing.T) {
	trials := 2000
	if text := os.Getenv(trialsVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s: %v", trialsVariable, err)
		}
		trials = n
	}
	t.Logf("%-60s %6s  %s, %d trials", "what", "covers", "normal approximation beside", trials)
	for i, c := range cases() {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		covered, plain := 0, 0
		for range trials {
			inside, beside := c.draw(rng)
			covered += one(inside)
			plain += one(beside)
		}
		share := float64(covered) / float64(trials)
		t.Logf("%-60s %.3f   %.3f", c.name, share, float64(plain)/float64(trials))
		if share < c.least-3*math.Sqrt(c.least*(1-c.least)/float64(trials)) {
			t.Errorf("%s: %.4f are covered, want %.3f", c.name, share, c.least)
		}
	}
}

// A coverageCase draws votes once: does the interval hold the truth, and does what one
// would take without this package?
type coverageCase struct {
	name  string
	least float64
	draw  func(rng *rand.Rand) (inside, beside bool)
}

func cases() []coverageCase {
	return []coverageCase{
		shareCase(10, 0.9, 0.92), shareCase(30, 0.9, 0.93), shareCase(100, 0.9, 0.93), shareCase(1000, 0.9, 0.94),
		shareCase(30, 0.99, 0.95), shareCase(30, 0.5, 0.93), shareCase(10, 0.5, 0.97),
		netCase(10, [3]float64{0.06, 0.13, 0.81}, 0.94), netCase(30, [3]float64{0.06, 0.13, 0.81}, 0.94),
		netCase(100, [3]float64{0.06, 0.13, 0.81}, 0.94), netCase(30, [3]float64{0.1, 0, 0.9}, 0.92),
		netCase(100, [3]float64{0.3, 0.2, 0.5}, 0.94), netCase(100, [3]float64{0.01, 0.02, 0.97}, 0.94),
		meanCase(10, 0.93), meanCase(30, 0.94), meanCase(100, 0.94),
		differenceCase(10, 30, 0.94), differenceCase(30, 30, 0.94), differenceCase(100, 400, 0.94),
		standardCase(0.94), clusteredCase(20, 0.92), clusteredCase(60, 0.93),
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func holds(e figures.Estimate, truth float64) bool { return e.Low <= truth && truth <= e.High }

// z is that of 95 %.
const z = 1.959964

// normal tells whether truth lies within z standard errors of value.
func normal(value, variance, n, truth float64) bool {
	return math.Abs(value-truth) <= z*math.Sqrt(variance/n)
}

// binomial draws how many of n are of the kind.
func binomial(rng *rand.Rand, n int, p float64) (k uint64) {
	for range n {
		k += uint64(one(rng.Float64() < p))
	}
	return k
}

// multinomial draws n votes by value.
func multinomial(rng *rand.Rand, n int, p []float64) []uint64 {
	counts := make([]uint64, len(p))
	for range n {
		u, i := rng.Float64(), 0
		for i < len(p)-1 && u >= p[i] {
			u -= p[i]
			i++
		}
		counts[i]++
	}
	return counts
}

func shareCase(n int, p, least float64) coverageCase {
	return coverageCase{fmt.Sprintf("share.1, %v of %d", p, n), least, func(rng *rand.Rand) (bool, bool) {
		k := binomial(rng, n, p)
		got, _ := figures.Share(k, uint64(n), figures.Independent)
		return holds(got, p), normal(got.Value, got.Value*(1-got.Value), float64(n), p)
	}}
}

func netCase(n int, p [3]float64, least float64) coverageCase {
	return coverageCase{fmt.Sprintf("net.1, red, yellow, green %v of %d", p, n), least, func(rng *rand.Rand) (bool, bool) {
		c := multinomial(rng, n, p[:])
		got, _ := figures.Net(figures.Faces{Red: c[0], Yellow: c[1], Green: c[2]}, figures.Independent)
		both := float64(c[0]+c[2]) / float64(n)
		return holds(got, p[2]-p[0]), normal(got.Value, both-got.Value*got.Value, float64(n), p[2]-p[0])
	}}
}

func meanCase(n int, least float64) coverageCase {
	p := []float64{0.04, 0.06, 0.1, 0.3, 0.5}
	const truth = 25*0.06 + 50*0.1 + 75*0.3 + 100*0.5
	return coverageCase{fmt.Sprintf("mean.1, five stars %v of %d", p, n), least, func(rng *rand.Rand) (bool, bool) {
		c := multinomial(rng, n, p)
		got, _ := figures.Mean(c, figures.Independent)
		squares := 0.0
		for i, count := range c {
			squares += float64(count) * math.Pow(25*float64(i)-got.Value, 2)
		}
		return holds(got, truth), normal(got.Value, squares/float64(n), float64(n), truth)
	}}
}

func differenceCase(na, nb int, least float64) coverageCase {
	const pa, pb = 0.9, 0.8
	return coverageCase{fmt.Sprintf("diff.1, %v of %d less %v of %d", pa, na, pb, nb), least, func(rng *rand.Rand) (bool, bool) {
		a := figures.Sample{K: binomial(rng, na, pa), N: uint64(na)}
		b := figures.Sample{K: binomial(rng, nb, pb), N: uint64(nb)}
		got, _ := figures.Compare(a, b)
		sa, sb := float64(a.K)/float64(na), float64(b.K)/float64(nb)
		return holds(got.Estimate, pa-pb), normal(got.Value, sa*(1-sa)/float64(na)+sb*(1-sb)/float64(nb), 1, pa-pb)
	}}
}

func standardCase(least float64) coverageCase {
	n, p, w := [3]int{40, 15, 80}, [3]float64{0.95, 0.7, 0.8}, [3]float64{0.2, 0.5, 0.3}
	truth := p[0]*w[0] + p[1]*w[1] + p[2]*w[2]
	return coverageCase{"std.1, three channels of 40, 15 and 80", least, func(rng *rand.Rand) (bool, bool) {
		strata, variance := make([]figures.Stratum, 3), 0.0
		for i := range strata {
			strata[i] = figures.Stratum{N: uint64(n[i]), Weight: w[i]}
			strata[i].Figure, _ = figures.Share(binomial(rng, n[i], p[i]), uint64(n[i]), figures.Independent)
			s := strata[i].Figure.Value
			variance += w[i] * w[i] * s * (1 - s) / float64(n[i])
		}
		got, _ := figures.Standardise(strata)
		return holds(got.Estimate, truth), normal(got.Value, variance, 1, truth)
	}}
}

// clusteredCase has days that are good or bad as a whole, 20 votes each. Beside it the
// interval that believes in independent votes.
func clusteredCase(days int, least float64) coverageCase {
	const p, off, votes = 0.8, 0.15, 20
	return coverageCase{fmt.Sprintf("share.1 clustered, %d days of 0.65 or 0.95 of 20", days), least, func(rng *rand.Rand) (bool, bool) {
		cells, k := make([]uint64, 0, 2*days), uint64(0)
		for range days {
			sign := float64(2*rng.IntN(2) - 1)
			of := binomial(rng, votes, p+sign*off)
			cells, k = append(cells, of, votes-of), k+of
		}
		effect, _ := figures.DesignEffect(cells, 2)
		got, _ := figures.Share(k, uint64(days*votes), effect)
		naive, _ := figures.Share(k, uint64(days*votes), figures.Independent)
		return holds(got, p), holds(naive, p)
	}}
}

// TestFalseDiscoveriesAreFew ranks 2,000 offices of which a tenth are worse than the
// nation: of those that are said to differ, few are others.
func TestFalseDiscoveriesAreFew(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	reference, _ := figures.ShareReference(81, 100)
	found, wrong, naive := 0, 0, 0
	for range 10 {
		contenders := make([]figures.Contender, 2000)
		for i := range contenders {
			p := 0.81
			if i%10 == 0 {
				p = 0.66
			}
			n := 30 + rng.IntN(300)
			share, _ := figures.Share(binomial(rng, n, p), uint64(n), figures.Independent)
			contenders[i] = figures.Contender{Figure: share, N: uint64(n)}
		}
		ranked, _ := figures.Rank(contenders, reference, 30)
		for _, r := range ranked {
			found += one(r.Differs)
			wrong += one(r.Differs && r.Index%10 != 0)
			naive += one(r.P < 0.05 && r.Index%10 != 0)
		}
	}
	t.Logf("%d of 2,000 differ, %d of them wrongly; without q %d would", found, wrong, naive)
	if share := float64(wrong) / float64(found); share > 0.06 || found < 1000 {
		t.Errorf("%.3f of %d discoveries are wrong, want 0.05 of at least 1,000", share, found)
	}
}

func BenchmarkShare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = figures.Share(93, 117, figures.Independent)
	}
}

// BenchmarkRank ranks all comuni.
func BenchmarkRank(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	contenders := make([]figures.Contender, 7896)
	for i := range contenders {
		n := 30 + rng.IntN(300)
		share, _ := figures.Share(binomial(rng, n, 0.81), uint64(n), figures.Independent)
		contenders[i] = figures.Contender{Figure: share, N: uint64(n)}
	}
	reference, _ := figures.ShareReference(81, 100)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = figures.Rank(contenders, reference, 30)
	}
}
