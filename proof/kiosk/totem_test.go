package kiosk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mlf/proof/harness"
)

// choose presses what has these texts, one after the other, until the vote is thanked for.
func (d *device) choose(home string, options ...string) {
	d.t.Helper()
	for _, one := range options {
		harness.LetPass(600 * time.Millisecond)
		ok, err := ask[bool](d, fmt.Sprintf(`(() => { const b = [...document.querySelectorAll("#screen button")].find((b) => b.textContent.includes(%q)); b?.click(); return !!b; })()`, one))
		if err != nil || !ok {
			text, _ := ask[string](d, `document.body.innerText`)
			d.t.Fatalf("there is no %q: %v: %s", one, err, text)
		}
	}
	d.shows("thanks")
	d.pressed++
	d.thanked++
	d.shows(home)
}

// offers holds the first screen to the bodies that it names.
func (d *device) offers(want string) {
	d.t.Helper()
	harness.Eventually(d.t, 30*time.Second, func() error {
		got, err := ask[string](d, `[...document.querySelectorAll("#screen .choices button")].map((b) => b.textContent).join(", ")`)
		if err == nil && got != want {
			err = fmt.Errorf("it offers %q, want %q", got, want)
		}
		return err
	})
}

// totem is a device of several bodies: which, then which service, then which face. One
// body revokes its own terminal, then another: the rest goes on, and what is revoked takes
// no votes, over a restart without a network too.
func totem(t *testing.T, p *place) {
	up := p.front.up
	milan, naples := harness.EnrolIn(t, "015146", up.Kafka, up.Ingest, up.Query), harness.EnrolIn(t, "063049", up.Kafka, up.Ingest, up.Query)
	services := []map[string]string{{"code": "anagrafe", "it": "Anagrafe", "en": "Population register", "de": "Meldeamt"}, {"code": "tributi", "it": "Tributi", "en": "Taxes", "de": "Abgaben"}}
	p.front.configure(p.term, map[string]any{"services": services, "watermark": ""})
	p.front.configure(milan, map[string]any{"name": "Comune di Milano", "comune": "015146", "services": services, "watermark": ""})
	p.front.configure(naples, map[string]any{"name": "Comune di Napoli", "comune": "063049", "services": services, "watermark": ""})
	p.front.mu.Lock()
	p.front.claims["BCDFGHJKLMNP"] = &claim{preview: map[string]any{"name": "Unione dei Comuni", "office": "Sportello unico", "channel": "totem", "services": []string{"anagrafe", "tributi"}, "terminals": 3}, tokens: []string{p.term.Token, milan.Token, naples.Token}}
	p.front.mu.Unlock()
	d := p.device("")
	d.start("#c=bcdf-ghjk-lmnp")
	d.shows("setup")
	harness.LetPass(500 * time.Millisecond)
	if err := d.pick("go"); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 10*time.Second, func() error { return d.pick("yes") })
	d.shows("comune")
	d.offers("Comune di Roma, Comune di Milano, Comune di Napoli")
	d.choose("comune", "Roma", "Tributi", "Soddisfatto")
	d.choose("comune", "Milano", "Anagrafe", "Neutro")
	d.choose("comune", "Napoli", "Tributi", "Insoddisfatto")
	p.settles(d)
	d.drained()
	p.worker(d)

	harness.Run(t, "terminal", "revoke", "--kafka", up.Kafka, milan.ID)
	harness.LetPass(1500 * time.Millisecond)
	d.choose("comune", "Milano", "Anagrafe", "Soddisfatto") // It has not been told yet.
	d.thanked--
	d.offers("Comune di Roma, Comune di Napoli")
	d.says("Terminale revocato: Comune di Milano")
	d.choose("comune", "Napoli", "Anagrafe", "Soddisfatto")
	d.choose("comune", "Roma", "Anagrafe", "Soddisfatto")
	p.settles(d)
	d.keeps(1) // Milan's, which nobody counts.

	harness.Run(t, "terminal", "revoke", "--kafka", up.Kafka, naples.ID)
	harness.LetPass(1500 * time.Millisecond)
	d.choose("service", "Napoli", "Anagrafe", "Soddisfatto")
	d.thanked--
	d.offers("Anagrafe, Tributi") // Nobody is left to choose from.
	p.front.close()
	d.quit()
	d.start("")
	d.shows("service")
	d.choose("service", "Tributi", "Neutro")
	p.front.listen()
	p.settles(d)
	d.keeps(2) // What the two bodies' terminals still hold.

	second := p.device("")
	second.start("#c=BCDFGHJKLMNP")
	second.shows("setup")
	harness.LetPass(500 * time.Millisecond)
	_ = second.pick("go")
	harness.Eventually(t, 10*time.Second, func() error {
		text, err := ask[string](second, `document.body.innerText`)
		if err == nil && !strings.Contains(text, "già stato usato") {
			err = fmt.Errorf("the second device says %q", text)
		}
		return err
	})
}
