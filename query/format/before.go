package format

import (
	"strconv"
	"strings"

	"mlf/query/question"
	"mlf/schema"
)

// The columns of what a row is compared with, of faces and of any other scale.
const (
	faceBefore  = "compare_green,compare_yellow,compare_red,compare_n,compare_green_share,n_change,green_share_change"
	valueBefore = "compare_v1,compare_v2,compare_v3,compare_v4,compare_v5,compare_n,n_change"
)

// beforeNames returns the names of these columns.
func (e *Rows) beforeNames() string {
	if e.Table.Faces {
		return faceBefore
	}
	return valueBefore
}

// A change is how a row differs from what it is compared with. There is none from
// nothing, nor of a share of nothing.
type change struct {
	counts []uint64
	share  *float64 // Of green before.
	n      *float64 // Of the votes: 0.25 for a quarter more.
	shares *float64 // Of the shares: 0.02 for two points more.
}

func (e *Rows) changeOf(row, before *question.Count) change {
	now, then := row.N(), before.N()
	c := change{counts: append(before.Values[:len(before.Values):len(before.Values)], then)}
	if e.Table.Faces {
		v := &before.Values
		c.counts = []uint64{v[schema.Green-1], v[schema.Yellow-1], v[schema.Red-1], then}
	}
	if then == 0 {
		return c
	}
	n := (float64(now) - float64(then)) / float64(then)
	share := float64(before.Values[schema.Green-1]) / float64(then)
	c.n, c.share = &n, &share
	if now > 0 {
		difference := float64(row.Values[schema.Green-1])/float64(now) - share
		c.shares = &difference
	}
	return c
}

// fields calls f with every number, in the order of the names; nil is none.
func (e *Rows) fields(c change, count func(uint64), number func(*float64)) {
	for _, n := range c.counts {
		count(n)
	}
	if e.Table.Faces {
		number(c.share)
	}
	number(c.n)
	if e.Table.Faces {
		number(c.shares)
	}
}

// appendBeforeJSON writes the members of what a row is compared with.
func (e *Rows) appendBeforeJSON(dst []byte, row, before *question.Count) []byte {
	names := strings.Split(e.beforeNames(), ",")
	name := func() {
		dst = append(append(append(dst, `,"`...), names[0]...), `":`...)
		names = names[1:]
	}
	e.fields(e.changeOf(row, before), func(n uint64) {
		name()
		dst = strconv.AppendUint(dst, n, 10)
	}, func(x *float64) {
		name()
		if x == nil {
			dst = append(dst, "null"...)
			return
		}
		dst = appendShare(dst, *x)
	})
	return dst
}

// appendBefore writes the columns of what a row is compared with.
func (e *Rows) appendBefore(dst []byte, row, before *question.Count, comma, point byte) []byte {
	e.fields(e.changeOf(row, before), func(n uint64) {
		dst = strconv.AppendUint(append(dst, comma), n, 10)
	}, func(x *float64) {
		if dst = append(dst, comma); x != nil {
			dst = appendDecimal(dst, *x, point)
		}
	})
	return dst
}

// appendDecimal writes x with another decimal point.
func appendDecimal(dst []byte, x float64, point byte) []byte {
	from := len(dst)
	dst = appendShare(dst, x)
	for i := range dst[from:] {
		if dst[from+i] == '.' {
			dst[from+i] = point
		}
	}
	return dst
}
