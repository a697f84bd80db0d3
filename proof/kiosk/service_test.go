package kiosk_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"mlf/proof/harness"
)

// TestKioskOfTheService has nothing between the kiosk and mlf up: the page is its own, the
// code is one that the command line has made, and the vote is in its statistics.
func TestKioskOfTheService(t *testing.T) {
	if os.Getenv("MLF_TEST_KIOSK") == "" {
		t.Skip("takes minutes and Chromium: run make kiosk-proof")
	}
	up := harness.NewUp(t)
	up.Begin(t)
	harness.Run(t, "body", "add", "--kafka", up.Kafka, "--comune", "001263", "--name", "Comune di Sestriere")
	line := harness.Run(t, "claim", "new", "--kafka", up.Kafka, "--body", "c_i692", "--comune", "001263", "--office", "sportello-unico", "--channel", "totem", "--services", "anagrafe", "--json")
	code := harness.Decode[struct{ Code string }](t, line).Code

	p := &place{t: t, front: &front{t: t, up: up, addr: up.Ingest}, engine: anyEngine()}
	d := p.device("")
	d.url = "http://" + up.Ingest + "/k"
	d.start("#c=" + code)
	d.shows("setup")
	harness.LetPass(500 * time.Millisecond)
	if err := d.pick("go"); err != nil {
		t.Fatal(err)
	}
	shown := func(want string) func() error {
		return func() error {
			text, err := ask[string](d, `document.body.innerText`)
			if err == nil && !strings.Contains(text, want) {
				err = fmt.Errorf("the page says %q: want %q", text, want)
			}
			return err
		}
	}
	harness.Eventually(t, 20*time.Second, shown("Comune di Sestriere · sportello-unico · Anagrafe"))
	if err := d.pick("yes"); err != nil {
		t.Fatal(err)
	}
	d.shows("face")
	if err := d.vote("green"); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func() error {
		if got := harness.Faces(t, up.Query); got != [3]int{1, 0, 0} {
			return fmt.Errorf("got %v, want one green", got)
		}
		return nil
	})

	harness.Eventually(t, 20*time.Second, func() error { // It tells how it is, and the service understands it.
		_, fleet, err := harness.Get(t, "http://"+up.Query+"/v1/fleet?comune=001263&state=ok")
		if err == nil && !strings.Contains(fleet, `"body":"c_i692"`) {
			err = fmt.Errorf("the fleet is %s", fleet)
		}
		return err
	})

	other := p.device("")
	other.url = d.url
	other.start("#c=" + code)
	other.shows("setup")
	harness.LetPass(500 * time.Millisecond)
	_ = other.pick("go")
	harness.Eventually(t, 20*time.Second, func() error {
		text, err := ask[string](other, `document.body.innerText`)
		if err == nil && !strings.Contains(text, "già stato usato") {
			err = fmt.Errorf("the second device says %q", text)
		}
		return err
	})
}

// anyEngine is one of the ways of keeping IndexedDB.
func anyEngine() string {
	for engine := range engines() {
		return engine
	}
	return ""
}
