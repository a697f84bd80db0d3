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
	totem         bool // Of a size that many have: boxes and letters are measured.
	languages     []string
}

func looks() []look {
	all, long := []string{"it", "en", "de"}, []string{"it", "de"} // German has the longest words.
	return []look{
		{"small", 1024, 768, false, false, all},
		{"phone", 360, 640, false, false, all},
		{"forced", 1024, 768, true, false, all},
		{"totem", 1080, 1920, false, true, long},
		{"landscape", 1280, 800, false, true, long},
		{"portrait", 800, 1280, false, true, long},
	}
}

// screens holds each screen, in its languages and at the sizes of phones and totems, to
// what a closed device owes to everybody: targets of 20 mm, letters of 7 mm, nothing cut
// off or out of the reach of one hand, and what axe-core can see.
func screens(t *testing.T, p *place) {
	once(t, p)
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
		for _, language := range l.languages {
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
	if l.totem {
		d.measures(name, l.height > 1500)
	}
	found, err := auditor.Audit(d.tab)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, line := range found {
		d.t.Errorf("%s: %s", name, line)
	}
	if l.forced {
		return // The reader's own colours.
	}
	contrast, err := ask[[]string](d, `axe.run(document, { runOnly: { type: "rule", values: ["color-contrast-enhanced"] } }).then((r) => r.violations.flatMap((v) => v.nodes.map((n) => n.html + ": " + n.failureSummary)))`)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, line := range contrast {
		d.t.Errorf("%s: less than 7:1: %s", name, line)
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
	if l.totem {
		d.oneHand(auditor, l, language)
	}
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

// oneHand holds the screen of faces to the side on which a hand is.
func (d *device) oneHand(auditor *page.Auditor, l look, language string) {
	d.t.Helper()
	for _, side := range []string{"left", "right", "middle"} {
		harness.LetPass(600 * time.Millisecond)
		if ok, err := ask[bool](d, `(() => { const b = document.querySelector('[data-tool="reach"]'); b?.click(); return document.documentElement.dataset.reach; })() === "`+side+`"`); err != nil || !ok {
			d.t.Errorf("the reach is not %s: %v", side, err)
		}
		if side == "middle" {
			return
		}
		at := l
		at.name += "-" + side
		d.see(auditor, "face", at, language)
		far, err := ask[[]string](d, fmt.Sprintf(`[...document.querySelectorAll("#screen button")].filter((b) => { const r = b.getBoundingClientRect(); return %q === "left" ? r.right > innerWidth * 0.72 : r.left < innerWidth * 0.28; }).map((b) => b.textContent)`, side))
		if err != nil || len(far) > 0 {
			d.t.Errorf("kiosk-face-%s-%s: out of the reach of one hand: %q, %v", language, at.name, far, err)
		}
	}
}

// measures holds a totem's screen to measured boxes: targets apart from each other, faces
// of one size, letters whose capitals have 7.3 mm at 96 dpi, and on a tall screen nothing
// to press above its lower two thirds.
func (d *device) measures(name string, tall bool) {
	d.t.Helper()
	wrong, err := ask[[]string](d, fmt.Sprintf(`((tall) => {
		const wrong = [];
		const size = (e) => parseFloat(getComputedStyle(e).fontSize);
		const boxes = [...document.querySelectorAll("button")].map((b) => [b, b.getBoundingClientRect()]);
		for (const [b, r] of boxes) {
			const least = b.closest("#tools") ? 24 : 40;
			if (size(b) < least) wrong.push("letters of " + size(b) + " px: " + b.textContent);
			if (tall && r.top < innerHeight / 3) wrong.push("out of reach for who sits: " + b.textContent + " at " + Math.round(r.top));
			for (const [other, o] of boxes) {
				if (other === b) break;
				const [dx, dy] = [Math.max(o.left - r.right, r.left - o.right), Math.max(o.top - r.bottom, r.top - o.bottom)];
				if (Math.max(dx, dy) < 8) wrong.push("too near: " + b.textContent + " and " + other.textContent);
			}
		}
		for (const one of document.querySelectorAll("h1, #screen p")) if (size(one) < 40) wrong.push("letters of " + size(one) + " px: " + one.textContent);
		const faces = boxes.filter(([b]) => b.querySelector("svg")).map(([, r]) => Math.round(r.width) + "x" + Math.round(r.height));
		if (new Set(faces).size > 1) wrong.push("faces of " + faces.join(", "));
		return wrong;
	})(%v)`, tall))
	if err != nil {
		d.t.Fatal(err)
	}
	slices.Sort(wrong)
	for _, one := range slices.Compact(wrong) {
		d.t.Errorf("%s: %s", name, one)
	}
}
