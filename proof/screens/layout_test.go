package screens_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
)

// lost lists the texts of a page that a reader cannot read: what leaves the window, its
// drawing, or a box that cuts it off; what lies below something else; names of a chart
// that lie on each other. The window must be as high as the page.
const lost = `(() => {
	const found = [];
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) found.push("the page is " + root.scrollWidth + " wide, the window " + root.clientWidth);
	const cuts = (element) => ["hidden", "clip", "auto", "scroll"].includes(getComputedStyle(element).overflowX);
	const scrolled = (element) => element && (["auto", "scroll"].includes(getComputedStyle(element).overflowY) || scrolled(element.parentElement));
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walk.nextNode(); node; node = walk.nextNode()) {
		const element = node.parentElement;
		if (node.data.trim() === "" || element.closest("script, noscript, option, .skiplinks, .visually-hidden, [hidden], [aria-hidden=true], .tip, .stacked > thead")) continue;
		if (element.closest("details:not([open])") && !element.closest("summary")) continue;
		const range = document.createRange();
		range.selectNodeContents(node);
		for (const rect of range.getClientRects()) {
			const what = "“" + node.data.trim().slice(0, 30) + "” at " + Math.round(rect.left) + "–" + Math.round(rect.right);
			if (rect.left < -0.5 || rect.right > root.clientWidth + 0.5) found.push(what + " leaves the window");
			for (let box = element; box; box = box.parentElement) {
				const edge = box.getBoundingClientRect();
				if (box.tagName === "svg" && (rect.left < edge.left - 1 || rect.right > edge.right + 1 || rect.top < edge.top - 2 || rect.bottom > edge.bottom + 2)) found.push(what + " leaves its drawing");
				if (box.tagName !== "svg" && box !== document.body && cuts(box) && (rect.left < edge.left - 1 || rect.right > edge.right + 1)) found.push(what + " is cut off");
			}
			if (element.closest("svg") || scrolled(element)) continue;
			for (const x of [rect.left + 1, rect.right - 1]) {
				const top = document.elementFromPoint(x, rect.top + rect.height / 2);
				if (top && top !== element && [...top.getClientRects()].some((box) => box.left <= x && x <= box.right) && !element.contains(top) && !top.contains(element)) found.push(what + " lies below " + top.tagName + "#" + top.id + "." + top.className);
			}
		}
	}
	for (const picture of document.querySelectorAll("svg.picture")) {
		const ink = ({ left, right, top, height }) => ({ left, right: right - 1, top: top + 0.25 * height, bottom: top + 0.75 * height }); // Without what a line has above and below most letters.
		const texts = [...picture.querySelectorAll("text")].map((text) => [text.textContent, ink(text.getBoundingClientRect())]);
		texts.forEach(([a, one], i) => texts.slice(i + 1).forEach(([b, two]) => {
			if (one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom) found.push(a + " and " + b + " of a chart overlap");
		}));
	}
	return found.slice(0, 8).join("\n") || "nothing is lost";
})()`

// faint lists the names of charts that stand out too little from what is behind them
// (WCAG 2.1, 1.4.3); axe-core does not look at drawings.
const faint = `(() => {
	const parts = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
	const linear = (of255) => (of255 <= 10 ? of255 / 255 / 12.92 : ((of255 / 255 + 0.055) / 1.055) ** 2.4);
	const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const behind = (element) => { for (; element; element = element.parentElement) { const c = parts(getComputedStyle(element).backgroundColor); if (c.length === 3 || c[3] > 0.99) return c; } return [255, 255, 255]; };
	const found = [];
	for (const text of document.querySelectorAll("svg.picture text:not(.on)")) {
		if (text.textContent.trim() === "") continue;
		const [a, b] = [light(parts(getComputedStyle(text).fill)), light(behind(text))].sort((a, b) => b - a);
		const ratio = (a + 0.05) / (b + 0.05);
		if (!(ratio >= 4.5)) found.push("“" + text.textContent + "” stands out " + ratio.toFixed(2));
	}
	return found.slice(0, 8).join("\n") || "nothing is faint";
})()`

// spacing is what WCAG 2.1 has readers set (1.4.12), and large letters are of 1.4.4.
const (
	spacing = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }`
	large   = `:root { font-size: 200%; }`
)

// styled sets what a reader has set for all pages.
func styled(css string) browser.Step {
	return browser.Script("{ const style = new CSSStyleSheet(); style.replaceSync(`" + css + "`); document.adoptedStyleSheets = [style]; }")
}

// everyLayout shows each view with letters twice as large, with letters, words and lines
// further apart, with both, and in colours of the reader's own: nothing is lost.
func everyLayout(t *testing.T, tab context.Context, of at) {
	t.Helper()
	for _, name := range of.names() {
		t.Run(name, func(t *testing.T) {
			for _, width := range []int64{320, 1280} {
				layout(t, tab, fmt.Sprintf("%s-%d", name, width), chromedp.EmulateViewport(width, 16000), chromedp.Navigate(of.home+of.all[name]))
			}
		})
	}
}

// layout looks at one page.
func layout(t *testing.T, tab context.Context, what string, opened ...browser.Step) {
	t.Helper()
	run := browser.Reader(t, tab)
	settles := func(as, expression, want string) {
		t.Helper()
		if err := chromedp.Do(tab, browser.ShowsWithin(3*time.Second, expression, want)); err != nil {
			t.Errorf("%s, %s:\n%s", what, as, browser.Ask[string](t, tab, expression))
			run(what, browser.Picture("lost-"+what+"-"+as))
		}
	}
	prefer := func(features ...string) browser.Step {
		return browser.Prefer(append(features, "prefers-reduced-motion", "reduce")...)
	}
	run(what, append(opened, prefer("prefers-color-scheme", "light"), shown(20*time.Second),
		browser.Script(`document.querySelectorAll("details:not(.menu)").forEach((d) => { d.open = true; })`))...)
	for _, set := range [][2]string{{"as it is", ""}, {"spacing", spacing}, {"large", large}, {"both", large + spacing}} {
		run(what, styled(set[1]))
		settles(set[0], lost, "nothing is lost")
	}
	run(what, styled(""))
	for _, scheme := range []string{"light", "dark"} {
		run(what, prefer("prefers-color-scheme", scheme))
		settles(scheme, faint, "nothing is faint")
		run(what, prefer("prefers-color-scheme", scheme, "forced-colors", "active"))
		settles("forced "+scheme, faint, "nothing is faint")
		run(what, browser.Picture(what+"-forced-"+scheme))
	}
}
