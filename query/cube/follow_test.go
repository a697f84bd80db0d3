package cube

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"

	"mlf/schema"
)

// TestAFollowerIsExact: whatever workers, feed, store and the follower itself go
// through, a state has what its ledger says, and all of it in the end.
func TestAFollowerIsExact(t *testing.T) {
	happened := make(map[string]float64)
	for seed := range uint64(seeds(t)) {
		s, err := play(t, seed, "")
		if err != nil {
			t.Fatal(err)
		}
		for name, n := range s.happened {
			happened[name] += n
		}
	}
	for _, name := range []string{
		"restarts", "copies", "mlf_query_cube_gaps_total", "mlf_query_cube_sealed_total", "mlf_query_cube_foreign_total",
		"mlf_query_cube_loads_total start", "mlf_query_cube_loads_total behind", "mlf_query_cube_store_errors_total",
	} {
		if happened[name] == 0 {
			t.Errorf("%s never happened", name)
		}
	}
	if n := happened["mlf_query_cube_imbalances_total"]; n > 0 {
		t.Errorf("%v segments did not balance", n)
	}
	t.Log(happened)
}

// TestALostRowIsFound: sealing finds it, and all is loaded anew.
func TestALostRowIsFound(t *testing.T) {
	found := 0.0
	for seed := range uint64(seeds(t) / 4) {
		s, err := play(t, seed, "a row is lost")
		if err != nil {
			t.Fatal(err)
		}
		found += s.happened["mlf_query_cube_imbalances_total"]
	}
	if found == 0 {
		t.Error("no segment did not balance")
	}
}

// TestNaiveFollowersFail: what the simulation is worth.
func TestNaiveFollowersFail(t *testing.T) {
	for _, naive := range []string{"trusts after", "skips sealing", "publishes before taking", "forgets open rows", "copies without a partition"} {
		t.Run(naive, func(t *testing.T) {
			const seedsMax = 40
			for seed := range uint64(seedsMax) {
				if _, err := play(t, seed, naive); err != nil {
					t.Logf("caught: %v", err)
					return
				}
			}
			t.Errorf("a follower that %s was right in %d schedules", naive, seedsMax)
		})
	}
}

// seeds is how many schedules are played: MLF_CUBE_SEEDS, or some.
func seeds(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("MLF_CUBE_SEEDS")); err == nil {
		return n
	}
	return 60
}

// A feedOf changes what is read.
type feedOf struct {
	*feedDouble
	change func([]schema.ClaimBatch) []schema.ClaimBatch
}

func (f feedOf) Fetch(ctx context.Context, at schema.Offset) ([]schema.ClaimBatch, schema.Offset, error) {
	batches, next, err := f.feedDouble.Fetch(ctx, at)
	return f.change(batches), next, err
}

func mapClaims(batches []schema.ClaimBatch, change func(*schema.Claim)) []schema.ClaimBatch {
	out := make([]schema.ClaimBatch, 0, len(batches))
	for _, b := range batches {
		claims := make([]schema.Claim, 0, len(b.Claims))
		for _, c := range b.Claims {
			change(&c)
			claims = append(claims, c)
		}
		b.Claims = claims
		out = append(out, b)
	}
	return out
}

// lateRows gives positions at once and rows one read later, as who publishes before
// taking.
type lateRows struct {
	*feedDouble
	rows []schema.ClaimBatch
}

func (f *lateRows) Fetch(ctx context.Context, at schema.Offset) ([]schema.ClaimBatch, schema.Offset, error) {
	batches, next, err := f.feedDouble.Fetch(ctx, at)
	given := append(f.rows, mapClaims(batches, func(c *schema.Claim) { c.Rollups = nil })...)
	f.rows = mapClaims(batches, func(c *schema.Claim) { c.After, c.Next, c.Ledger = 0, 0, nil })
	return given, next, err
}

// countNothing takes from a claim what could be balanced.
func countNothing(c *schema.Claim) {
	c.Ledger = slices.Clone(c.Ledger)
	for i := range c.Ledger {
		c.Ledger[i].Counted = 0
	}
}

// neverClosed is a store whose segments never close: nothing is sealed.
type neverClosed struct{ *storeDouble }

func (s neverClosed) Segments(ctx context.Context) ([]schema.LedgerRow, error) {
	rows, err := s.storeDouble.Segments(ctx)
	for i := range rows {
		rows[i].Chain, rows[i].Counted = schema.Chain{}, 0
	}
	return rows, err
}
