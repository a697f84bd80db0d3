package figures_test

import (
	"encoding/binary"
	"math"
	"reflect"
	"testing"

	"mlf/query/figures"
)

// FuzzNoFigureIsNotANumber: whatever was counted, what comes out is finite.
func FuzzNoFigureIsNotANumber(f *testing.F) {
	const most = math.MaxUint64
	for _, c := range [][4]uint64{
		{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 1}, {5, 5, 5, 5}, {countMax, 0, 1, countMax}, {most, most, most, most}, {1, most, 0, 0},
	} {
		f.Add(c[0], c[1], c[2], c[3], 1.0, []byte{9, 1, 9, 0, 0, 0, 7, 7})
		f.Add(c[0], c[1], c[2], c[3], math.Inf(1), []byte("0123456789012345678901234567890"))
		f.Add(c[0], c[1], c[2], c[3], math.NaN(), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, a, b, c, d uint64, x float64, raw []byte) {
		e := figures.Effect(x)
		k, n := min(a, b), max(a, b)
		share, ok := figures.Share(k, n, e)
		finite(t, "share", share, ok)
		net, ok := figures.Net(figures.Faces{Green: a, Yellow: b, Red: c}, e)
		finite(t, "net", net, ok)
		mean, ok := figures.Mean([]uint64{a, b, c, d}, e)
		finite(t, "mean", mean, ok)
		difference, ok := figures.Compare(figures.Sample{K: k, N: n, Effect: e}, figures.Sample{K: min(c, d), N: max(c, d)})
		finite(t, "difference", difference, ok)
		change, ok := figures.Change(a, b)
		finite(t, "change", change, ok)
		turnout, ok := figures.Participate([]figures.Turnout{{a, b, true}, {c, d, a%2 == 0}})
		finite(t, "participation", turnout, ok)
		chi, freedom := figures.Pearson([]uint64{a, b, c, d}, 2)
		finite(t, "chi-square", chi, freedom > 0)

		cells := make([]uint64, 0, len(raw))
		for _, cell := range raw {
			cells = append(cells, uint64(cell)<<(a%57))
		}
		cells = cells[:len(cells)/2*2]
		chi, freedom = figures.Pearson(cells, 2)
		finite(t, "chi-square", chi, freedom > 0)
		effect, ok := figures.DesignEffect(cells, 2)
		finite(t, "effect", effect, ok)
		ofMany(t, cells, x, e)
	})
}

func ofMany(t *testing.T, cells []uint64, x float64, e figures.Effect) {
	var strata []figures.Stratum
	var contenders []figures.Contender
	for i := 0; i+1 < len(cells); i += 2 {
		k, n := min(cells[i], cells[i+1]), max(cells[i], cells[i+1])
		share, _ := figures.Share(k, n, e)
		weight := math.Abs(x) * float64(cells[i])
		if math.IsNaN(weight) || math.IsInf(weight, 0) {
			weight = float64(binary.BigEndian.Uint16([]byte{byte(i), byte(n)}))
		}
		strata = append(strata, figures.Stratum{Figure: share, N: n, Weight: weight})
		contenders = append(contenders, figures.Contender{Figure: share, N: n})
	}
	standard, ok := figures.Standardise(strata)
	finite(t, "standardised", standard, ok)
	for _, reference := range references(cells) {
		ranked, _ := figures.Rank(contenders, reference, 3)
		finite(t, "ranked", ranked, true)
	}
}

func references(cells []uint64) (of []figures.Reference) {
	if len(cells) < 3 {
		return nil
	}
	if r, ok := figures.ShareReference(min(cells[0], cells[1]), max(cells[0], cells[1])); ok {
		of = append(of, r)
	}
	if r, ok := figures.NetReference(figures.Faces{Green: cells[0], Yellow: cells[1], Red: cells[2]}); ok {
		of = append(of, r)
	}
	return of
}

// finite fails if a number anywhere in v is none, and if what is no figure has one.
func finite(t *testing.T, name string, v any, ok bool) {
	t.Helper()
	if !ok && !reflect.ValueOf(v).IsZero() {
		t.Errorf("%s is none, and is %+v", name, v)
	}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Float64:
			if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
				t.Errorf("%s is %+v", name, v)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		default:
		}
	}
	walk(reflect.ValueOf(v))
}
