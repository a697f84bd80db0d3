package cube

import (
	"testing"

	"mlf/query/cube/cubetest"
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
	merged := schema.Rollup{Cell: u.Cell, Partition: u.Partition, Segment: u.Segment, Reasons: schema.MaxReasons(old.Reasons, u.Reasons)}
	for i := range merged.Values {
		merged.Values[i] = max(old.Values[i], u.Values[i])
	}
	n[k] = merged
}

// A world draws rows of a small country.
type world struct{ *cubetest.World }

func newWorld(t testing.TB, seed uint64) *world {
	t.Helper()
	return &world{cubetest.NewWorld(t, seed)}
}

func (w *world) row(partitions int) schema.Rollup {
	r := schema.Rollup{Cell: w.Cell(), Partition: schema.Partition(w.IntN(partitions)), Segment: schema.Segment(w.IntN(3))}
	for v := range r.Scale.Max() {
		r.Values[v] = w.Count()
	}
	if total(&r.Values) > 0 && w.IntN(3) == 0 {
		r.Reasons = w.Reasons()
	}
	return r
}
