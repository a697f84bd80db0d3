package cube

import (
	"math/rand/v2"
	"testing"

	"mlf/query/calendar"
	"mlf/schema"
)

// A naiveKey is what the store merges by.
type naiveKey struct {
	partition schema.Partition
	segment   schema.Segment
	cell      schema.Cell
}

// A naiveStore is rows by maximum, in a map: what the cube is compared with.
type naiveStore map[naiveKey]schema.Rollup

func (n naiveStore) take(u schema.Rollup) {
	k := naiveKey{u.Partition, u.Segment, u.Cell}
	old := n[k]
	merged := schema.Rollup{Cell: u.Cell, Partition: u.Partition, Segment: u.Segment, Reasons: make(map[schema.ReasonKey]uint64)}
	for i := range merged.Values {
		merged.Values[i] = max(old.Values[i], u.Values[i])
	}
	for _, reasons := range []map[schema.ReasonKey]uint64{old.Reasons, u.Reasons} {
		for key, count := range reasons {
			merged.Reasons[key] = max(merged.Reasons[key], count)
		}
	}
	n[k] = merged
}

// rome is the clock of tests.
func rome(t testing.TB) calendar.Clock {
	t.Helper()
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	return clock
}

// A world draws rows of a small country, over months with both changes of the clock.
type world struct {
	*rand.Rand
	first schema.Hour
	hours int
}

func newWorld(t testing.TB, seed uint64) *world {
	clock := rome(t)
	r := rand.New(rand.NewPCG(seed, 1))
	first, _ := clock.Hours(calendar.MonthOf(2025, 3))
	_, next := clock.Hours(calendar.MonthOf(2025, 10))
	if r.IntN(2) == 0 {
		_, next = clock.Hours(calendar.MonthOf(2025, 3)) // Everything in one month.
	}
	return &world{r, first, int(next - first)}
}

func (w *world) comune() schema.ComuneID { return schema.ComuneID(1000*(1+w.IntN(4)) + 1 + w.IntN(4)) }

func (w *world) cell() schema.Cell {
	offices := []schema.OfficeCode{"", "", "nord", "sud.2"}
	return schema.Cell{
		Comune: w.comune(), Office: offices[w.IntN(4)],
		Service: schema.ServiceID(w.IntN(3) * 500), Channel: schema.Channel(1 + w.IntN(5)),
		Scale: schema.Scale(1 + w.IntN(3)), Class: schema.Class(1 + w.IntN(4)),
		Hour: w.first + schema.Hour(w.IntN(w.hours)),
	}
}

// count draws one that is mostly small, and now and then longer than 16 or 32 bits.
func (w *world) count() uint64 {
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

func (w *world) row(partitions int) schema.Rollup {
	r := schema.Rollup{Cell: w.cell(), Partition: schema.Partition(w.IntN(partitions)), Segment: schema.Segment(w.IntN(3))}
	for v := range r.Scale.Max() {
		r.Values[v] = w.count()
	}
	if total(&r.Values) > 0 && w.IntN(3) == 0 {
		r.Reasons = map[schema.ReasonKey]uint64{}
		for range 1 + w.IntN(3) {
			r.Reasons[schema.KeyOfReason(schema.Value(1+w.IntN(3)), schema.Reason(1+w.IntN(15)))] = 1 + w.count()
		}
	}
	return r
}

// regionOf is by the province, which two share.
func regionOf(c schema.ComuneID) schema.RegionID { return schema.RegionID(c.Province()+1) / 2 }
