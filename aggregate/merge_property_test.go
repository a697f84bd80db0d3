package aggregate_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mlf/aggregate/store/model"
	"mlf/schema"
)

// TestRowsMergeInAnyOrder holds the store that the other tests believe in to what
// makes the count exact: rows merge to the same whatever their order (commutative),
// however they are cut (associative) and however often they come (idempotent).
// The real store is held to the same in storetest.
func TestRowsMergeInAnyOrder(t *testing.T) {
	row := rapid.Custom(func(t *rapid.T) schema.Rollup {
		r := schema.Rollup{
			Cell:    schema.Cell{Comune: 58091, Hour: schema.Hour(rapid.IntRange(0, 1).Draw(t, "hour"))},
			Segment: schema.Segment(rapid.IntRange(0, 1).Draw(t, "segment")),
		}
		for i := range r.Values {
			r.Values[i] = rapid.Uint64Range(0, 5).Draw(t, "votes")
		}
		for range rapid.IntRange(0, 3).Draw(t, "reasons") {
			key := schema.KeyOfReason(schema.Red, schema.Reason(rapid.IntRange(1, 3).Draw(t, "reason")))
			r.Reasons = schema.MaxReasons(r.Reasons, []schema.ReasonNumber{{Key: key, N: rapid.Uint64Range(1, 5).Draw(t, "times")}})
		}
		return r
	})
	merged := func(rows ...schema.Rollup) *model.Tables {
		to := model.New()
		for _, r := range rows {
			to.Rollup(r)
		}
		return to
	}
	flat := func(ts *model.Tables) (rows []schema.Rollup) {
		for _, r := range ts.Rollups {
			rows = append(rows, r)
		}
		return rows
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(row, 0, 12).Draw(t, "rows")
		want := merged(rows...)
		shuffled := rapid.Permutation(rows).Draw(t, "order")
		cut := rapid.IntRange(0, len(rows)).Draw(t, "cut")
		again := rows[:rapid.IntRange(0, len(rows)).Draw(t, "again")]
		for how, got := range map[string]*model.Tables{
			"in another order":   merged(shuffled...),
			"merged in parts":    merged(append(flat(merged(rows[cut:]...)), flat(merged(rows[:cut]...))...)...),
			"some of them twice": merged(slices.Concat(rows, again)...),
		} {
			if !reflect.DeepEqual(got.Rollups, want.Rollups) {
				t.Fatalf("%s: got %v, want %v", how, got.Rollups, want.Rollups)
			}
		}
	})
}
