package kiosk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	page "mlf/proof/browser"
	"mlf/proof/harness"
)

// recorded is run before the page: what it has spoken is written down, and lasts as long
// as a test says. Its clock of choices runs 20 times as fast when a test wants to see it end.
const recorded = `
	globalThis.spoken = [];
	globalThis.lasts = 50;
	let now = null;
	speechSynthesis.speak = (u) => {
		now = u;
		spoken.push([u.lang, Math.round(u.volume * 3), u.text].join(" "));
		if (lasts < 0) setTimeout(() => u.onerror?.({ error: "synthesis-failed" }), 10);
		else setTimeout(() => { if (now === u) { now = null; u.onend?.({}); } }, lasts);
	};
	speechSynthesis.cancel = () => { const u = now; now = null; u?.onerror?.({ error: "interrupted" }); };
	const every = setInterval;
	globalThis.fast = false;
	globalThis.setInterval = (what, when, ...more) => {
		let ticks = 0;
		return when === 1000 ? every(() => { if (fast || ++ticks % 20 === 0) what(...more); }, 50) : every(what, when, ...more);
	};`

// speaks holds the page to what it has said since the last call.
func (d *device) speaks(what string, want ...string) {
	d.t.Helper()
	harness.Eventually(d.t, 5*time.Second, func() error {
		got, err := ask[[]string](d, `spoken`)
		if err == nil && strings.Join(got, "\n") != strings.Join(want, "\n") {
			err = fmt.Errorf("%s: it says\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return err
	})
	if _, err := ask[bool](d, `(spoken.length = 0, true)`); err != nil {
		d.t.Fatal(err)
	}
}

// types presses a key of a pad.
func (d *device) types(name string) {
	d.t.Helper()
	harness.LetPass(600 * time.Millisecond)
	d.do("press "+name, key(input.DispatchKeyEventTypeKeyDown, name, false), key(input.DispatchKeyEventTypeKeyUp, name, false))
}

func (d *device) presses(selector string) {
	d.t.Helper()
	harness.LetPass(600 * time.Millisecond)
	d.do("press "+selector, chromedp.Click(selector))
}

func (d *device) lasts(milliseconds int) {
	d.t.Helper()
	if _, err := ask[bool](d, fmt.Sprintf(`(lasts = %d, true)`, milliseconds)); err != nil {
		d.t.Fatal(err)
	}
}

// aloud is a citizen who does not see the screen: everything is said, from the choice of a
// service to the thanks, by touch or by keys alone, and nothing to whoever comes next.
func aloud(t *testing.T, p *place) {
	once(t, p)
	services := []map[string]string{{"code": "anagrafe", "it": "Anagrafe", "en": "Population register", "de": "Meldeamt"}, {"code": "tributi", "it": "Tributi", "en": "Taxes", "de": "Abgaben"}}
	p.front.configure(p.term, map[string]any{"services": services, "reasons": []string{"waiting_time", "staff"}})
	d := p.device("")
	d.launch(true)
	d.do("write down what is said", page.Before(recorded))
	d.open("#t=" + p.term.Token)
	d.shows("service")
	harness.LetPass(time.Second)
	d.speaks("nobody has asked for it")

	how := map[string]string{"it": message(t, "it", "by_keys"), "de": message(t, "de", "by_keys")}
	wait := "4: Più tempo. 5: Indietro. "
	d.presses(`[data-tool="listen"]`)
	d.speaks("asked for", "it-IT 2 Quale servizio ha usato? 1: Anagrafe. 2: Tributi. "+how["it"])
	d.presses(`[data-tool="louder"]`)
	d.speaks("louder", "it-IT 3 Quale servizio ha usato? 1: Anagrafe. 2: Tributi. "+how["it"])
	d.types("2")
	d.shows("face")
	d.speaks("faces", "it-IT 3 Com’è andata: Tributi? 1: Soddisfatto. 2: Neutro. 3: Insoddisfatto. "+wait+how["it"])
	d.types("ArrowRight")
	d.speaks("gone over", "it-IT 3 Soddisfatto")
	d.lasts(3000)
	if _, err := ask[bool](d, `(fast = true)`); err != nil {
		t.Fatal(err)
	}
	d.types("3")
	d.pressed++
	d.shows("reason")
	d.speaks("reasons", "it-IT 3 Che cosa non è andato? 1: Tempo di attesa. 2: Professionalità del personale. 3: Preferisco non dirlo. 4: Più tempo. "+how["it"])
	harness.LetPass(1500 * time.Millisecond)
	d.shows("reason") // Its time would be over, were it not for what is still being said.
	d.shows("thanks")
	d.thanked++
	d.speaks("thanks", "it-IT 3 "+message(t, "it", "thanks")+" "+message(t, "it", "thanks_more"))
	harness.LetPass(1500 * time.Millisecond)
	d.shows("thanks") // It is said to its end.
	d.shows("service")
	harness.LetPass(time.Second)
	d.speaks("the next citizen has not asked for it")

	d.lasts(50)
	d.presses(`[data-tool="de"]`)
	d.types("0")
	d.speaks("by a key, in German, not as loud as for the one before", "de-DE 2 Welchen Dienst haben Sie genutzt? 1: Meldeamt. 2: Abgaben. "+how["de"])
	d.types("0")
	d.types("ArrowRight")
	harness.LetPass(500 * time.Millisecond)
	d.speaks("stopped by the same key")
	d.lasts(-1)
	d.types("0")
	harness.Eventually(t, 5*time.Second, func() error {
		text, err := ask[string](d, `document.getElementById("tools").innerText`)
		if err == nil && !strings.Contains(text, message(t, "de", "mute")) {
			err = fmt.Errorf("a machine without a voice says %q", text)
		}
		return err
	})
	p.settles(d)
}

// once skips on one of the two ways of keeping IndexedDB what is the same with both.
func once(t *testing.T, p *place) {
	t.Helper()
	if p.engine != "LevelDB" {
		t.Skip("it is the same however votes are kept: looked at once")
	}
}
