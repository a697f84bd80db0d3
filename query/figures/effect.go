package figures

import "fmt"

// DesignEffect returns by how much the votes of a day are more alike than chance would
// have them: Pearson's X² of the table of days over its degrees of freedom, at least
// 1. Cells are the votes by kind, so many columns to a day; {green, others} for a share.
// False with fewer than EffectDaysMin days that have votes. Votes all of one kind show
// nothing: 1.
//
// It sees what days have in common (a queue, a strike, one finger on a quiet day), not
// what whole months have.
//
// P. McCullagh and J. A. Nelder, Generalized Linear Models, 2nd edition (1989), section
// 4.5; J. N. K. Rao and A. J. Scott, Biometrics 48 (1992), pages 577-585.
func DesignEffect(cells []uint64, columns int) (Effect, bool) {
	t := newTable(cells, columns)
	if t.someRows < EffectDaysMin {
		return 0, false
	}
	x, freedom := t.pearson()
	if freedom == 0 {
		return Independent, true
	}
	return max(Independent, Effect(x/float64(freedom))), true
}

// EffectDaysMin is the fewest days that a design effect is told from.
const EffectDaysMin = 10

// A table is counts with their sums by row and column.
type table struct {
	cells                 []uint64
	rows, columns         []float64
	all                   float64
	someRows, someColumns int // That have votes.
}

func newTable(cells []uint64, columns int) table {
	if columns < 1 || len(cells)%columns != 0 {
		panic(fmt.Sprintf("BUG: a table of %d cells in %d columns", len(cells), columns))
	}
	t := table{cells: cells, rows: make([]float64, len(cells)/columns), columns: make([]float64, columns)}
	for i, count := range cells {
		t.rows[i/columns] += float64(count)
		t.columns[i%columns] += float64(count)
		t.all += float64(count)
	}
	t.someRows, t.someColumns = some(t.rows), some(t.columns)
	return t
}

func some(sums []float64) (n int) {
	for _, sum := range sums {
		if sum > 0 {
			n++
		}
	}
	return n
}

// pearson returns X² and its degrees of freedom; 0 of them where there is nothing to
// compare. Rows and columns without votes are left out.
//
//	X² = Σ (seen - expected)² / expected, expected = row × column / all
//
// K. Pearson, Philosophical Magazine 50 (1900), pages 157-175.
func (t table) pearson() (x float64, freedom int) {
	if t.someRows < 2 || t.someColumns < 2 {
		return 0, 0
	}
	for i, count := range t.cells {
		if expected := t.expected(i); expected > 0 {
			off := float64(count) - expected
			x += off * off / expected
		}
	}
	return x, (t.someRows - 1) * (t.someColumns - 1)
}

func (t table) expected(i int) float64 {
	return t.rows[i/len(t.columns)] * t.columns[i%len(t.columns)] / t.all
}
