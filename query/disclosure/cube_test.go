package disclosure_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mlf/aggregate/store/model"
	"mlf/query/cube/packed"
	"mlf/query/disclosure"
	"mlf/schema"
)

// A cubeView is the counts of the cube.
type cubeView struct{ *packed.Cells }

func (cubeView) Ledger() []schema.LedgerTotals { return nil }

// cube returns ballots as the cube holds them.
func cube(t *testing.T, ballots tallyView) cubeView {
	t.Helper()
	b := packed.NewBuilder(packed.Config{
		Clock: rome(t), FreshMax: 100,
		RegionOf: func(id schema.ComuneID) schema.RegionID { return small().RegionOf[id.Province()] },
	})
	for i, v := range ballots {
		leaf := b.Leaf(&schema.Cell{
			Comune: v.Comune, Office: v.Office, Service: v.Service, Channel: v.Channel, Scale: v.Scale, Class: v.class,
		})
		var one packed.Values
		one[v.value-1] = 1
		b.Add(leaf, v.hour, &one)
		if v.reason != 0 {
			b.AddReason(leaf, v.hour, schema.KeyOfReason(v.value, v.reason), 1)
		}
		if i%70 == 0 {
			b.Cells()
		}
	}
	return cubeView{b.Cells()}
}

// TestTheCubeIsPublished: lots of the cube's counts are those of the ballots, night
// after night, with what was taken read back.
func TestTheCubeIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &country{rng: rand.New(rand.NewPCG(2, 8))} //nolint:gosec // A test's.
		pass(28 * 24 * time.Hour)                       // No vote is older than the bubble's clock, as it begins.
		tables, rules := model.NewStore(time.Now()), &disclosure.Rules{Places: small()}
		n := nights{rules: rules}
		for range 15 {
			for range 3 {
				c.vote()
				pass(8 * time.Hour)
			}
			c.ballots = slices.DeleteFunc(c.ballots, func(b ballot) bool { return b.Comune == 7777 })
			today := schema.Day(time.Now().Unix() / 86400)
			header, err := disclosure.Publish(t.Context(), rules, tables, cube(t, c.view(0)), today)
			if err != nil {
				t.Fatal(err)
			}
			n.release(t, today, c.view(0).spotDays()...)
			var got []schema.Lot
			err = tables.Lots(t.Context(), schema.LotQuery{Attempts: []schema.AttemptID{header.Attempt}, Next: 1 << 20}, func(_ schema.AttemptID, l *schema.Lot) error {
				got = append(got, *l)
				return nil
			})
			if err != nil || !reflect.DeepEqual(got, n.last.Lots) {
				t.Fatalf("day %d: got %d lots, %v, want %d", today, len(got), err, len(n.last.Lots))
			}
		}
	})
}
