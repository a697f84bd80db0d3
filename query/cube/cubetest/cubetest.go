// Package cubetest draws a small country for the tests of the cube and of what it is
// packed in.
//
// It knows cells and Rome's months. It must not know how either keeps them.
package cubetest

import (
	"math/rand/v2"
	"testing"

	"mlf/query/calendar"
	"mlf/schema"
)

// Rome is the clock of tests.
func Rome(t testing.TB) calendar.Clock {
	t.Helper()
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	return clock
}

// RegionOf is by the province, which two share.
func RegionOf(c schema.ComuneID) schema.RegionID { return schema.RegionID(c.Province()+1) / 2 }

// A World draws rows of a small country, over months with both changes of the clock.
type World struct {
	*rand.Rand
	First schema.Hour
	Hours int
}

// NewWorld returns the world of a seed.
func NewWorld(t testing.TB, seed uint64) *World {
	t.Helper()
	clock := Rome(t)
	r := rand.New(rand.NewPCG(seed, 1))
	first, _ := clock.Hours(calendar.MonthOf(2025, 3))
	_, next := clock.Hours(calendar.MonthOf(2025, 10))
	if r.IntN(2) == 0 {
		_, next = clock.Hours(calendar.MonthOf(2025, 3)) // Everything in one month.
	}
	return &World{r, first, int(next - first)}
}

// Comune draws one of a few.
func (w *World) Comune() schema.ComuneID { return schema.ComuneID(1000*(1+w.IntN(4)) + 1 + w.IntN(4)) }

// Cell draws one of the world's.
func (w *World) Cell() schema.Cell {
	offices := []schema.OfficeCode{"", "", "nord", "sud.2"}
	return schema.Cell{
		Comune: w.Comune(), Office: offices[w.IntN(4)],
		Service: schema.ServiceID(w.IntN(3) * 500), Channel: schema.Channel(1 + w.IntN(5)),
		Scale: schema.Scale(1 + w.IntN(3)), Class: schema.Class(1 + w.IntN(4)),
		Hour: w.First + schema.Hour(w.IntN(w.Hours)),
	}
}

// Count draws one that is mostly small, and now and then longer than 16 or 32 bits.
func (w *World) Count() uint64 {
	switch n := w.IntN(200); n {
	case 0:
		return w.Uint64N(1 << 40)
	case 1, 2:
		return w.Uint64N(1 << 18)
	case 3, 4, 5, 6, 7, 8, 9:
		return w.Uint64N(400)
	default:
		return uint64(n % 3)
	}
}

// Reasons draws how many votes of a cell carry which.
func (w *World) Reasons() (reasons []schema.ReasonNumber) {
	for range 1 + w.IntN(3) {
		key := schema.KeyOfReason(schema.Value(1+w.IntN(3)), schema.Reason(1+w.IntN(15)))
		reasons = schema.MaxReasons(reasons, []schema.ReasonNumber{{Key: key, N: 1 + w.Count()}})
	}
	return reasons
}
