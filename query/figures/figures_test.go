package figures_test

import (
	"math"
	"strings"
	"testing"

	"mlf/query/figures"
)

// near tells whether a and b are the same to so many decimals.
func near(a, b float64, decimals int) bool {
	return math.Abs(a-b) <= 0.5000001*math.Pow10(-decimals)
}

// The values are the roots p of (k/n - p)² = z² p(1-p)/n, found by bisection with
// 40 digits: another way than the closed form under test. The last four are of
// statsmodels 0.14, proportion_confint(k, n, method="wilson").
func TestShare(t *testing.T) {
	f := func(k, n uint64, low, high float64) {
		t.Helper()
		got, ok := figures.Share(k, n, figures.Independent)
		if !ok || !near(got.Low, low, 6) || !near(got.High, high, 6) || got.Value != float64(k)/float64(n) {
			t.Errorf("%d of %d: got %+v, want %.6f to %.6f", k, n, got, low, high)
		}
	}
	f(0, 1, 0, 0.793451)
	f(1, 1, 0.206549, 1)
	f(0, 10, 0, 0.277533)
	f(10, 10, 0.722467, 1)
	f(5, 10, 0.236593, 0.763407)
	f(9, 10, 0.595850, 0.982124)
	f(27, 30, 0.743789, 0.965400)
	f(90, 100, 0.825634, 0.944771)
	f(900, 1000, 0.879848, 0.917091)
	f(7, 8, 0.529112, 0.977583)
	f(1, 1_000_000, 0.0000001765, 0.0000056649)
	f(1<<52, 1<<53, 0.4999999897, 0.5000000103)
	for n := uint64(1); n < 5000; n++ { // Exactly, without the dust of rounding.
		none, _ := figures.Share(0, n, figures.Independent)
		all, _ := figures.Share(n, n, figures.Independent)
		if none.Low != 0 || all.High != 1 {
			t.Fatalf("of %d: got %v and %v, want 0 and 1", n, none.Low, all.High)
		}
	}
	f(936, 1258, 0.7192051827, 0.7673852647)
	f(174, 1258, 0.1203358593, 0.1584958880)
}

// R. G. Newcombe, Statistics in Medicine 17 (1998), pages 857-872, table I, method 3.
func TestShareIsNewcombesThird(t *testing.T) {
	f := func(k, n uint64, low, high float64) {
		t.Helper()
		got, _ := figures.Share(k, n, figures.Independent)
		if !near(got.Low, low, 4) || !near(got.High, high, 4) {
			t.Errorf("%d of %d: got %+v, want %.4f to %.4f", k, n, got, low, high)
		}
	}
	f(81, 263, 0.2553, 0.3662)
	f(15, 148, 0.0624, 0.1605)
	f(0, 20, 0, 0.1611)
	f(1, 29, 0.0061, 0.1718)
}

// The widths at 90 % green by which a reader of the programme is told how many votes
// are few, in per cent.
func TestShareOfFewVotes(t *testing.T) {
	f := func(n uint64, low, high float64) {
		t.Helper()
		got, _ := figures.Share(n*9/10, n, figures.Independent)
		if !near(100*got.Low, low, 1) || !near(100*got.High, high, 1) {
			t.Errorf("90 %% of %d: got %+v, want %.1f to %.1f", n, got, low, high)
		}
	}
	f(10, 59.6, 98.2)
	f(30, 74.4, 96.5)
	f(50, 78.6, 95.7)
	f(100, 82.6, 94.5)
	f(400, 86.7, 92.6)
	f(1000, 88.0, 91.7)
}

// Milan, 23 March to 26 April 2009: the only full small table of the programme that was
// printed. Four states of 1,258 users.
func TestShareOfMilan(t *testing.T) {
	f := func(k uint64, percent float64) {
		t.Helper()
		if got, _ := figures.Share(k, 936+93+174+55, figures.Independent); !near(100*got.Value, percent, 2) {
			t.Errorf("%d: got %.4f %%, want %.2f", k, 100*got.Value, percent)
		}
	}
	f(936, 74.40)
	f(93, 7.39)
	f(174, 13.83)
	f(55, 4.37)
	// 109 of 609 are negative at the protocol, 25 of 224 at funerals, 40 of 425 at identity cards.
	if x, freedom := figures.Pearson([]uint64{40, 425 - 40, 109, 609 - 109, 25, 224 - 25}, 2); !near(x, 16.756832, 6) || freedom != 2 {
		t.Errorf("got %v with %d, want 16.756832 with 2 (scipy 1.15, chi2_contingency)", x, freedom)
	}
}

func TestNoVotesHaveNoFigure(t *testing.T) {
	f := func(name string, ok bool) {
		t.Helper()
		if ok {
			t.Errorf("%s of nothing is a figure", name)
		}
	}
	_, ok := figures.Share(0, 0, figures.Independent)
	f("share", ok)
	_, ok = figures.Net(figures.Faces{}, figures.Independent)
	f("net", ok)
	_, ok = figures.Mean([]uint64{0, 0, 0}, figures.Independent)
	f("mean", ok)
	_, ok = figures.Compare(figures.Sample{N: 5}, figures.Sample{})
	f("difference", ok)
	_, ok = figures.Change(0, 5)
	f("change", ok)
	_, ok = figures.Participate([]figures.Turnout{{Votes: 5, Known: true}, {Votes: 2, Served: 9}})
	f("participation", ok)
	_, ok = figures.Standardise([]figures.Stratum{{N: 5}, {Weight: 1}})
	f("standardised figure", ok)
	_, freedom := figures.Pearson([]uint64{5, 0, 7, 0}, 2)
	f("chi-square", freedom != 0)
}

// Help Scout's sample: 37.27 % great less 31.82 % not good. Its interval is of the formula
// written a second time, in Python.
func TestNet(t *testing.T) {
	f := func(faces figures.Faces, value, low, high float64) {
		t.Helper()
		got, ok := figures.Net(faces, figures.Independent)
		if !ok || !near(got.Value, value, 6) || !near(got.Low, low, 6) || !near(got.High, high, 6) {
			t.Errorf("%+v: got %+v, want %.6f, %.6f to %.6f", faces, got, value, low, high)
		}
	}
	f(figures.Faces{Green: 41, Yellow: 34, Red: 35}, 0.054545, -0.099738, 0.205716)
	// Without yellow it is that of green: 2 × 0.595850 - 1 to 2 × 0.982124 - 1.
	f(figures.Faces{Green: 9, Red: 1}, 0.8, 0.191700, 0.964248)
	// By hand: all green; 1 - √2 z²/(10+z²).
	f(figures.Faces{Green: 10}, 1, 0.607509, 1)
	f(figures.Faces{Red: 10}, -1, -1, -0.607509)
	f(figures.Faces{Yellow: 10}, 0, -0.277533, 0.277533)
}

// GOV.UK's satisfaction of two services, counts from very dissatisfied to very
// satisfied, was printed as 80 and 91: it is the mean, not the share of the satisfied.
func TestMean(t *testing.T) {
	f := func(value float64, counts ...uint64) {
		t.Helper()
		got, ok := figures.Mean(counts, figures.Independent)
		if !ok || !near(got.Value, value, 2) {
			t.Errorf("%v: got %+v, want %.2f", counts, got, value)
		}
	}
	f(79.58, 23, 46, 153, 419, 528)
	f(91.03, 67, 73, 205, 1276, 4434)
	f(50, 0, 7, 0)
	f(0, 3, 0)
	f(100, 0, 0, 0, 0, 1)
}

// R. G. Newcombe, Statistics in Medicine 17 (1998), pages 873-890, table II, method 10;
// p of statsmodels 0.14, proportions_ztest.
func TestCompare(t *testing.T) {
	f := func(ka, na, kb, nb uint64, low, high, p float64) {
		t.Helper()
		got, ok := figures.Compare(figures.Sample{K: ka, N: na}, figures.Sample{K: kb, N: nb})
		if !ok || !near(got.Low, low, 4) || !near(got.High, high, 4) || !near(got.P, p, 10) {
			t.Errorf("%d/%d - %d/%d: got %+v, want %.4f to %.4f, p = %.10f", ka, na, kb, nb, got, low, high, p)
		}
	}
	f(56, 70, 48, 80, 0.0524, 0.3339, 0.0080450814)
	f(9, 10, 3, 10, 0.1705, 0.8090, 0.0061698993)
	f(6, 7, 2, 7, 0.0582, 0.8062, 0.0307535613)
	f(5, 56, 0, 29, -0.0381, 0.1926, 0.0971865682)
	f(0, 10, 0, 20, -0.1611, 0.2775, 1)
	f(0, 10, 0, 10, -0.2775, 0.2775, 1)
	f(10, 10, 0, 20, 0.6791, 1.0000, 0.0000000432)
	f(10, 10, 0, 10, 0.6075, 1.0000, 0.0000077442)
}

// Ten times the votes that count a tenth each are as many.
func TestCompareCountsTheEffect(t *testing.T) {
	want, _ := figures.Compare(figures.Sample{K: 56, N: 70}, figures.Sample{K: 48, N: 80})
	got, _ := figures.Compare(figures.Sample{K: 560, N: 700, Effect: 10}, figures.Sample{K: 960, N: 1600, Effect: 20})
	if !near(got.P, want.P, 12) || !near(got.Z, want.Z, 12) || !near(got.Low, want.Low, 12) || !near(got.High, want.High, 12) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The fifteen tests of Benjamini and Hochberg (1995), section 3.2: at 0.05 the first four
// are discoveries. Values of R's p.adjust(p, "BH").
func TestFalseDiscovery(t *testing.T) {
	p := []float64{
		0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
		0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
	}
	want := []float64{
		0.0015, 0.0030, 0.0095, 0.035625, 0.0603, 0.063857142857, 0.063857142857, 0.0645, 0.0765, 0.4860,
		0.581181818182, 0.714875, 0.753230769231, 0.813214285714, 1,
	}
	for i, q := range figures.FalseDiscovery(p) {
		if !near(q, want[i], 10) {
			t.Errorf("test %d: got %v, want %v", i, q, want[i])
		}
	}
	if got := figures.FalseDiscovery(nil); len(got) != 0 {
		t.Errorf("of no tests: got %v", got)
	}
}

// A. Agresti, An Introduction to Categorical Data Analysis, 2nd edition (2007), page 38:
// party by gender; as in the help of R's chisq.test.
func TestPearson(t *testing.T) {
	f := func(columns int, cells ...uint64) {
		t.Helper()
		if x, freedom := figures.Pearson(cells, columns); !near(x, 30.070149, 6) || freedom != 2 {
			t.Errorf("%v: got %v with %d, want 30.070149 with 2", cells, x, freedom)
		}
	}
	f(3, 762, 327, 468, 484, 239, 477)
	f(4, 762, 327, 0, 468, 0, 0, 0, 0, 484, 239, 0, 477) // An empty row and an empty column.
}

// Every product is up by a point and the total down from 81 to 78, because more of the
// second year's came from where scores are low. The mean of three equal weights tells
// the truth: up by one.
func TestStandardise(t *testing.T) {
	year := func(n [3]uint64, scores [3]float64) []figures.Stratum {
		strata := make([]figures.Stratum, 3)
		for i := range strata {
			strata[i] = figures.Stratum{Figure: figures.Estimate{Value: scores[i], Low: scores[i] - 3, High: scores[i] + 4}, N: n[i], Weight: 1}
		}
		return strata
	}
	f := func(n [3]uint64, scores [3]float64, crude, standard float64) {
		t.Helper()
		got, ok := figures.Standardise(year(n, scores))
		if !ok || !near(got.Crude, crude, 0) || !near(got.Value, standard, 9) || got.Covered != 1 {
			t.Errorf("got %+v, want %v and %v", got, crude, standard)
		}
		if !near(got.Low, standard-math.Sqrt(3), 9) || !near(got.High, standard+4/math.Sqrt(3), 9) {
			t.Errorf("got %+v, want an interval of a third of √27 and √48", got)
		}
	}
	f([3]uint64{300, 200, 100}, [3]float64{85, 78, 73}, 81, 236.0/3)
	f([3]uint64{100, 200, 300}, [3]float64{86, 79, 74}, 78, 239.0/3)

	strata := year([3]uint64{300, 0, 100}, [3]float64{85, 78, 73})
	strata[0].Weight, strata[1].Weight, strata[2].Weight = 30, 10, 0
	got, ok := figures.Standardise(strata)
	if !ok || got.Value != 85 || got.Covered != 0.75 || len(got.Dropped) != 1 || got.Dropped[0] != 1 || got.Outside != 100 || got.Crude != 82 {
		t.Errorf("got %+v, want 85 of three quarters of the weight, stratum 1 dropped, 100 votes outside", got)
	}
}

// Weights are proportions: the largest numbers that there are do not overflow.
func TestStandardiseTakesAnyWeights(t *testing.T) {
	figure := figures.Estimate{Value: 0.5, Low: 0.4, High: 0.6}
	strata := []figures.Stratum{{figure, 9, math.MaxFloat64}, {figure, 9, math.MaxFloat64}, {figure, 0, math.MaxFloat64}, {figure, 9, 1e-300}}
	got, ok := figures.Standardise(strata)
	if !ok || !near(got.Value, 0.5, 12) || !near(got.Covered, 2.0/3, 12) {
		t.Errorf("got %+v, %v, want 0.5 of two thirds", got, ok)
	}
}

// Intervals that touch do not part two places; who has the reference's figure does not
// differ, even where all of its votes are alike; and who has no votes has no place.
func TestRank(t *testing.T) {
	of := []figures.Contender{
		{figures.Estimate{Value: 0.5, Low: 0.4, High: 0.6}, 90},
		{figures.Estimate{Value: 0.7, Low: 0.6, High: 0.8}, 90},
		{N: 0},
		{figures.Estimate{Value: 1, Low: 0.81, High: 1}, 20},
		{figures.Estimate{Value: 0.5, Low: 0.1, High: 0.9}, 5},
	}
	reference, _ := figures.ShareReference(7, 7)
	ranked, small := figures.Rank(of, reference, 0)
	if len(small) != 1 || small[0] != 2 || len(ranked) != 4 {
		t.Fatalf("got %+v and %v", ranked, small)
	}
	f := func(at, index, place, best, worst int, differs bool) {
		t.Helper()
		if r := ranked[at]; r.Index != index || r.Place != place || r.Best != best || r.Worst != worst || r.Differs != differs {
			t.Errorf("at %d: got %+v, want %d, %d (%d to %d), differs %v", at, r, index, place, best, worst, differs)
		}
	}
	f(0, 3, 1, 1, 2, false)
	f(1, 1, 2, 2, 4, true)
	f(2, 0, 3, 2, 4, true)
	f(3, 4, 3, 1, 4, true)
}

// Of one day like the other there is no effect; if every vote stands for ten of its day,
// ten are one.
func TestDesignEffect(t *testing.T) {
	f := func(want float64, days ...uint64) {
		t.Helper()
		if got, ok := figures.DesignEffect(days, 2); !ok || !near(float64(got), want, 9) {
			t.Errorf("%v: got %v, want %v", days, got, want)
		}
	}
	f(1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1)
	f(100.0/9, 10, 0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 10) // X² = 100, 9 degrees.
	f(1, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0)
	if _, ok := figures.DesignEffect([]uint64{9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 0, 0}, 2); ok {
		t.Error("nine days with votes have an effect, want none")
	}
	clustered, _ := figures.Share(50, 100, 10)
	alone, _ := figures.Share(5, 10, figures.Independent)
	if clustered != alone {
		t.Errorf("100 votes that count as 10: got %+v, want %+v", clustered, alone)
	}
}

// The rates of December 2011: 15, 7 and 4 % at counters, on the phone, on the web.
func TestParticipate(t *testing.T) {
	f := func(rate, coverage float64, turnouts ...figures.Turnout) {
		t.Helper()
		got, ok := figures.Participate(turnouts)
		if !ok || got.Rate != rate || got.Coverage != coverage {
			t.Errorf("%v: got %+v, want %v of %v", turnouts, got, rate, coverage)
		}
	}
	f(0.15, 1, figures.Turnout{Votes: 15, Served: 100, Known: true})
	f(0.07, 0.5, figures.Turnout{Votes: 7, Served: 60, Known: true}, figures.Turnout{Served: 40, Known: true}, figures.Turnout{Votes: 7})
	f(0.04, 1, figures.Turnout{Votes: 4, Served: 100, Known: true}, figures.Turnout{})
	f(1.5, 1, figures.Turnout{Votes: 3, Served: 2, Known: true})
	f(0, 1, figures.Turnout{Served: 2, Known: true})
}

func TestChange(t *testing.T) {
	f := func(before, now uint64, want float64) {
		t.Helper()
		if got, ok := figures.Change(before, now); !ok || got != want {
			t.Errorf("%d to %d: got %v, want %v", before, now, got, want)
		}
	}
	f(100, 150, 0.5)
	f(100, 0, -1)
	f(7, 7, 0)
}

func TestStatus(t *testing.T) {
	f := func(s figures.Status, want string) {
		t.Helper()
		if got := s.String(); got != want || s.Code() != want[0] {
			t.Errorf("got %s and %c, want %s", got, s.Code(), want)
		}
	}
	f(0, "A")
	f(figures.Status(0).Of(0), "A")
	f(figures.Status(0).Of(1), "L")
	f(figures.Status(0).Of(29), "L")
	f(figures.Status(0).Of(30), "A")
	f((figures.Provisional | figures.Running).Of(12), "RPL")
	f(figures.Break|figures.Provisional, "BP")
	f(figures.Suppressed.Of(2), "Q") // L beside it would tell how much is hidden.
	f((figures.Missing | figures.Suppressed | figures.Break), "MQB")
}

func TestEveryFormulaHasAText(t *testing.T) {
	seen := make(map[figures.Formula]bool)
	for _, f := range figures.Formulas() {
		if f.Text() == "" || strings.Contains(f.Text(), "\n") || seen[f] || !strings.Contains(string(f), ".") {
			t.Errorf("formula %q: want a name and version of its own and a text of one line, got %q", f, f.Text())
		}
		seen[f] = true
	}
	if figures.Formula("share.0").Text() != "" {
		t.Error("share.0 has a text, and is none")
	}
}
