package kiosk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	page "mlf/proof/browser"
	"mlf/proof/harness"
)

// axe is where the page's own sources have it from.
const axe = "../../ingest/kiosk/web/node_modules/axe-core/axe.min.js"

// looks are the ways in which a screen is looked at.
type look struct {
	name          string
	width, height int64
	forced        bool
}

func looks() []look {
	return []look{{"totem", 1024, 768, false}, {"phone", 360, 640, false}, {"forced", 1024, 768, true}}
}

// screens holds each screen, in three languages and at two sizes, to what a closed device
// owes to everybody: targets of 20 mm, nothing cut off, and what axe-core can see.
func screens(t *testing.T, p *place) {
	services := []map[string]string{{"code": "anagrafe", "it": "Anagrafe", "en": "Population register", "de": "Meldeamt"}, {"code": "tributi", "it": "Tributi", "en": "Taxes", "de": "Abgaben"}}
	p.front.configure(p.term, map[string]any{"services": services, "reasons": []string{"waiting_time", "staff", "must_return", "negative_answer", "other"}, "cooldown_ms": 3000})
	auditor := page.NewAuditor(t, axe)
	d := p.device("")
	d.start("")
	for _, l := range looks()[:2] {
		d.do("look", chromedp.EmulateViewport(l.width, l.height))
		d.see(auditor, "setup", l, "it")
	}
	d.open("#t=" + p.term.Token)
	d.shows("service")
	for _, l := range looks() {
		feature := "none"
		if l.forced {
			feature = "active"
		}
		d.do("look", chromedp.EmulateViewport(l.width, l.height), page.Prefer("forced-colors", feature))
		for _, language := range []string{"it", "en", "de"} {
			d.tour(auditor, l, language)
		}
	}
	d.do("nobody comes", page.Prefer("forced-colors", "none"), page.Before(`const later = setTimeout; globalThis.setTimeout = (what, when, ...more) => later(what, when === 60000 ? 100 : when, ...more);`), chromedp.Reload())
	for _, l := range looks()[:2] {
		d.do("look", chromedp.EmulateViewport(l.width, l.height))
		d.see(auditor, "attract", l, "it")
	}
	if err := d.pick("begin"); err != nil {
		t.Error(err)
	}
	d.shows("service")
	p.settles(d)
}

// see looks at a screen when it is there.
func (d *device) see(auditor *page.Auditor, screen string, l look, language string) {
	d.t.Helper()
	d.shows(screen)
	name := strings.Join([]string{"kiosk", screen, language, l.name}, "-")
	d.do(name, page.Picture(name))
	d.fits(name)
	found, err := auditor.Audit(d.tab)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, line := range found {
		d.t.Errorf("%s: %s", name, line)
	}
}

// tour goes through the screens of one citizen.
func (d *device) tour(auditor *page.Auditor, l look, language string) {
	d.t.Helper()
	press := func(selector string) {
		harness.LetPass(600 * time.Millisecond)
		if ok, err := ask[bool](d, fmt.Sprintf(`(() => { const b = document.querySelector('%s'); b?.click(); return !!b; })()`, selector)); err != nil || !ok {
			d.t.Fatalf("%s: nothing to press: %v", selector, err)
		}
	}
	see := func(screen string) {
		d.t.Helper()
		d.see(auditor, screen, l, language)
	}
	d.shows("service")
	press(`[data-tool="` + language + `"]`)
	see("service")
	press(`[data-option="anagrafe"]`)
	see("face")
	press(`[data-option="red"]`)
	see("reason")
	press(`[data-option="skipped"]`)
	d.pressed++
	see("thanks")
	d.thanked++
	d.shows("service")
	if language == "it" {
		press(`[data-tool="contrast"]`)
		press(`[data-tool="reach"]`)
		press(`[data-option="anagrafe"]`)
		d.do("picture", page.Picture("kiosk-contrast-left-"+l.name))
		press(`[data-option="back"]`)
		press(`[data-tool="contrast"]`)
		press(`[data-tool="reach"]`)
		press(`[data-tool="reach"]`)
	}
}

// fits tells of what is smaller than a finger, or cut off.
func (d *device) fits(name string) {
	d.t.Helper()
	wrong, err := ask[[]string](d, `(() => {
		const wrong = [];
		for (const b of document.querySelectorAll("button")) {
			const r = b.getBoundingClientRect();
			if (r.width < 76 || r.height < 76) wrong.push("small: " + b.textContent + " " + Math.round(r.width) + "x" + Math.round(r.height));
			if (b.scrollWidth > b.clientWidth + 1 || b.scrollHeight > b.clientHeight + 1) wrong.push("cut off: " + b.textContent);
			if (r.left < 0 || r.right > innerWidth + 1) wrong.push("outside: " + b.textContent);
			if (!b.closest("#screen") && innerWidth > 600 && r.bottom > innerHeight + 1) wrong.push("below the screen: " + b.textContent);
		}
		if (document.documentElement.scrollWidth > innerWidth) wrong.push("wider than the screen");
		return wrong;
	})()`)
	if err != nil {
		d.t.Fatal(err)
	}
	slices.Sort(wrong)
	for _, one := range slices.Compact(wrong) {
		d.t.Errorf("%s: %s", name, one)
	}
}
