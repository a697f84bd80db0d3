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
		{"1 killed at any moment", killedAtAnyMoment},
		{"2 power cut", powerCut},
		{"3 files cut", cutFiles},
		{"4 cleared under the page", clearedUnderThePage},
		{"4 database gone while closed", clearedWhileClosed},
		{"5 noise in the files", noise},
		{"5 immutable files", immutable},
		{"6 disk full", diskFull},
		{"7 ten windows", manyTabs},
		{"7 reloads", reloads},
		{"8 cloned", cloned},
		{"9 restored", restored},
		{"9 restored without a network", restoredOffline},
		{"10 a browser that promises nothing", incognito},
		{"11 http", insecure},
		{"12 clocks", clocks},
		{"13 offline", offline},
		{"14 answers of others", lies},
		{"15 poisoned", poisoned},
		{"16 barred", barred},
		{"17 later", later},
		{"18 deployed", deployed},
		{"19 broken version", brokenVersion},
		{"20 hands", hands},
		{"21 held key", heldKey},
		{"22 left alone", leftAlone},
		{"23 renderer crash", crash},
		{"23 memory and what draws", pressure},
		{"24 other keys", otherKeys},
		{"a totem of a union", totem},
		{"screens", screens},
		{"read aloud", aloud},
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
	p.settles(d)
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
		for d.vote("green") == nil { // Until the browser is dead.
		}
		timer.Stop()
		d.kill()
		d.start("")
		d.shows("face")
	}
	d.drained()
	p.settles(d)
}
