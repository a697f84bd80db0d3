package kiosk_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"mlf/proof/harness"
)

// A situation is one that a kiosk meets.
type situation struct {
	name string
	meet func(t *testing.T, p *place)
}

func situations() []situation {
	return []situation{
		{"votes are counted", votesAreCounted},
		{"killed at any moment", killedAtAnyMoment},
	}
}

// TestKiosk has a kiosk meet all of them, with either way of keeping IndexedDB.
func TestKiosk(t *testing.T) {
	if os.Getenv("MLF_TEST_KIOSK") == "" {
		t.Skip("takes minutes and Chromium: run make kiosk-proof")
	}
	up := harness.NewUp(t)
	up.Begin(t)
	for engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			for _, one := range situations() {
				t.Run(one.name, func(t *testing.T) { one.meet(t, newPlace(t, up, engine)) })
			}
		})
	}
}

func votesAreCounted(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(5)
	d.drained()
	p.settles(0, d)
}

// killedAtAnyMoment is situation 1: SIGKILL between press and thanks, send and answer.
func killedAtAnyMoment(t *testing.T, p *place) {
	kills, _ := strconv.Atoi(os.Getenv("MLF_TEST_KILLS"))
	d := p.device("")
	d.setUp()
	d.votes(1)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // A schedule.
	for range max(kills, 5) {
		timer := time.AfterFunc(time.Duration(random.IntN(2500))*time.Millisecond, d.killNow)
		for d.vote("green") == nil { //nolint:revive // Until the browser is dead.
		}
		timer.Stop()
		d.kill()
		d.start("")
		d.shows("face")
	}
	d.drained()
	p.settles(0, d)
}
