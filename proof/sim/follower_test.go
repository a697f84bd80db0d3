package sim

import (
	"testing"
	"testing/synctest"
)

// TestFollowersThatOneWouldBuildAreWrong plays ways to follow that look as if they
// did, in the same world, and sees that schedules exist in which each lacks votes or
// has too many. By the rule of schema.Claim none does.
func TestFollowersThatOneWouldBuildAreWrong(t *testing.T) {
	for r := range rules {
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			g, err := NewGround()
			if err != nil {
				t.Fatal(err)
			}
			wrong, played, example := 0, 0, ""
			schedules := uint64(40)
			if r != byTheBook {
				schedules = 200 // Until one is found.
			}
			for seed := uint64(1); seed <= schedules && (r == byTheBook || wrong == 0); seed++ {
				var err error
				synctest.Test(t, func(t *testing.T) {
					_, err = playWith(t.Context(), g, newWorld(seed, nil), newTracker(r))
				})
				played++
				if err != nil {
					wrong++
					example = err.Error()
				}
			}
			t.Logf("wrong in %d of %d schedules: %s", wrong, played, example[:min(len(example), 500)])
			switch {
			case r == byTheBook && wrong > 0:
				t.Errorf("%d of %d schedules end wrong: want none", wrong, played)
			case r != byTheBook && wrong == 0:
				t.Errorf("none of %d schedules ends wrong: the world is too kind to find it", played)
			}
		})
	}
}
