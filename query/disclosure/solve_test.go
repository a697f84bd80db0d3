package disclosure_test

import (
	"math/big"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// A voteSet is some of the votes of a world, at most 256.
type voteSet [4]uint64

func (s *voteSet) add(vote int)      { s[vote/64] |= 1 << (vote % 64) }
func (s *voteSet) has(vote int) bool { return s[vote/64]>>(vote%64)&1 == 1 }
func (s *voteSet) join(t voteSet) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s *voteSet) size() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// An attacker collects equations over the values of votes, one for each figure that
// was published, and solves them. It knows more than any that there is: which votes
// each figure is of. It works modulo a prime of 61 bits, which a determinant of
// these sizes is a multiple of by chance only; what it finds is verified with
// fractions.
type attacker struct {
	votes int
	seen  map[voteSet]bool
	kept  []voteSet  // The equations that said something new.
	rows  [][]uint64 // Those, reduced: row i has 1 in column pivot[i], where all others have 0.
	pivot []int
}

const prime = 1<<61 - 1

func mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return reduce(hi<<3|lo>>61, lo&prime)
}

// reduce adds two numbers up to the prime.
func reduce(a, b uint64) uint64 {
	s := a + b
	if s >= prime {
		s -= prime
	}
	return s
}

func negate(a uint64) uint64 { return reduce(prime-a, 0) }

// inverse returns 1/a, by Fermat.
func inverse(a uint64) uint64 {
	result := uint64(1)
	for e := uint64(prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			result = mul(result, a)
		}
		a = mul(a, a)
	}
	return result
}

// learn adds an equation: a figure of exactly these votes was published.
func (a *attacker) learn(s voteSet) {
	if a.seen[s] || s == (voteSet{}) {
		return
	}
	a.seen[s] = true
	row := make([]uint64, a.votes)
	for i := range row {
		if s.has(i) {
			row[i] = 1
		}
	}
	for i, p := range a.pivot {
		subtractRow(row, a.rows[i], row[p])
	}
	p := slices.IndexFunc(row, func(x uint64) bool { return x != 0 })
	if p < 0 {
		return
	}
	scale := inverse(row[p])
	for i := range row {
		row[i] = mul(row[i], scale)
	}
	for _, other := range a.rows {
		subtractRow(other, row, other[p])
	}
	a.rows, a.pivot, a.kept = append(a.rows, row), append(a.pivot, p), append(a.kept, s)
}

// subtractRow takes f times other out of row.
func subtractRow(row, other []uint64, f uint64) {
	if f == 0 {
		return
	}
	minus := negate(f)
	for i, x := range other {
		if x != 0 {
			row[i] = reduce(row[i], mul(x, minus))
		}
	}
}

// determined returns a set of at most size votes (at most 4) whose sum is known,
// nil where there is none: sets whose rows of a basis of the null space add up to
// nothing. Rows are told apart by their product with a random vector.
func (a *attacker) determined(size int, rng *rand.Rand) []int {
	random := make([]uint64, a.votes)
	for i := range random {
		random[i] = rng.Uint64N(prime)
	}
	mark := slices.Clone(random) // Of a free column.
	for i, p := range a.pivot {
		mark[p] = 0
		for c, x := range a.rows[i] {
			if c != p && x != 0 {
				mark[p] = reduce(mark[p], negate(mul(x, random[c])))
			}
		}
	}
	one := make(map[uint64]int)
	two := make(map[uint64][2]int)
	for i, m := range mark {
		if m == 0 {
			return []int{i}
		}
		if j, ok := one[negate(m)]; ok && size >= 2 {
			return []int{j, i}
		}
		if pair, ok := two[negate(m)]; ok && size >= 3 {
			return []int{pair[0], pair[1], i}
		}
		if size >= 4 {
			for j := range i {
				if pair, ok := two[negate(reduce(m, mark[j]))]; ok && pair[0] != j && pair[1] != j {
					return []int{pair[0], pair[1], j, i}
				}
			}
		}
		one[m] = i
		if size >= 3 {
			for j := range i {
				two[reduce(m, mark[j])] = [2]int{j, i}
			}
		}
	}
	return nil
}

// verify tells whether the sum over votes follows from the equations, with
// fractions.
func (a *attacker) verify(votes []int) bool {
	rows := make([][]*big.Rat, 0, len(a.kept)+1)
	var goal voteSet
	for _, v := range votes {
		goal.add(v)
	}
	for _, s := range append(slices.Clone(a.kept), goal) {
		row := make([]*big.Rat, a.votes)
		for i := range row {
			row[i] = new(big.Rat)
			if s.has(i) {
				row[i].SetInt64(1)
			}
		}
		rows = append(rows, row)
	}
	var pivots []int
	for i, row := range rows {
		for j, p := range pivots {
			if f := new(big.Rat).Set(row[p]); f.Sign() != 0 {
				for c := range row {
					if rows[j][c].Sign() != 0 {
						row[c].Sub(row[c], new(big.Rat).Mul(f, rows[j][c]))
					}
				}
			}
		}
		p := slices.IndexFunc(row, func(x *big.Rat) bool { return x.Sign() != 0 })
		if p < 0 {
			return i == len(rows)-1 // The goal, and nothing that the attacker kept.
		}
		f := new(big.Rat).Inv(row[p])
		for c := range row {
			row[c].Mul(row[c], f)
		}
		pivots = append(pivots, p)
	}
	return false
}

func TestTheAttackerCanSolve(t *testing.T) {
	sets := func(all ...[]int) []voteSet {
		var s []voteSet
		for _, votes := range all {
			var one voteSet
			for _, v := range votes {
				one.add(v)
			}
			s = append(s, one)
		}
		return s
	}
	for _, tt := range []struct {
		name      string
		equations []voteSet
		size      int
		want      []int
	}{
		{"a difference", sets([]int{0, 1, 2, 3}, []int{0, 1, 3}), 2, []int{2}},
		{"nothing but lots", sets([]int{0, 1, 2}, []int{3, 4, 5}, []int{0, 1, 2, 3, 4, 5}), 2, nil},
		{"half of a triangle", sets([]int{0, 1}, []int{1, 2}, []int{0, 2}), 1, []int{0}},
		{"a pair", sets([]int{0, 1, 2, 3, 4}, []int{0, 1, 2}), 2, []int{3, 4}},
		{"a pair is not one", sets([]int{0, 1, 2, 3, 4}, []int{0, 1, 2}), 1, nil},
		{"three", sets([]int{0, 1, 2, 3, 4, 5, 6}, []int{0, 1, 2, 6}), 3, []int{3, 4, 5}},
		{"four", sets([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}, []int{0, 1, 2, 6, 8}), 4, []int{3, 4, 5, 7}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &attacker{votes: 9, seen: make(map[voteSet]bool)}
			for _, s := range tt.equations {
				a.learn(s)
			}
			got := a.determined(tt.size, rand.New(rand.NewPCG(1, 2))) //nolint:gosec // A test's.
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if got != nil && !a.verify(got) {
				t.Errorf("%v does not follow", got)
			}
		})
	}
}
