package query_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mlf/query"
	"mlf/schema"
)

// lost lists the texts of the page that a reader cannot read: what leaves the
// window or a box that cuts it off, lies below something else, or needs sideways
// scrolling. The window must be as high as the page.
const lost = `(() => {
	const found = [];
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) found.push("the page is " + root.scrollWidth + " wide, the window " + root.clientWidth);
	const cuts = (element) => ["hidden", "clip", "auto", "scroll"].includes(getComputedStyle(element).overflowX);
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walk.nextNode(); node; node = walk.nextNode()) {
		const element = node.parentElement;
		if (node.data.trim() === "" || element.closest("script, noscript, .skip, [hidden], [aria-hidden=true], .tip, .stacked > thead")) continue;
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
			if (element.closest("svg, .scroll")) continue;
			for (const x of [rect.left + 1, rect.right - 1]) {
				const top = document.elementFromPoint(x, rect.top + rect.height / 2);
				if (top && top !== element && !element.contains(top) && !top.contains(element)) found.push(what + " lies below " + top.tagName + "#" + top.id + "." + top.className);
			}
		}
	}
	const texts = [...document.querySelectorAll("#bars text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
	texts.forEach(([a, one], i) => texts.slice(i + 1).forEach(([b, two]) => {
		if (one.left < two.right - 1 && two.left < one.right - 1 && one.top + 3 < two.bottom - 3 && two.top + 3 < one.bottom - 3) found.push(a + " and " + b + " of the chart overlap");
	}));
	return found.slice(0, 8).join("\n") || "nothing is lost";
})()`

// inside tells whether what is said of an hour stands in the window, whole.
const inside = `(({ left, right, height }, tip) => tip.hidden === false && left >= 0 && right <= document.documentElement.clientWidth
	&& tip.scrollWidth <= tip.clientWidth && height <= tip.parentElement.offsetHeight)(document.getElementById("tip").getBoundingClientRect(), document.getElementById("tip"))`

// spacing is what WCAG 2.1 has readers set (1.4.12).
const spacing = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
	p { margin-bottom: 2em !important; }`

func style(css string) chromedp.Action[chromedp.Void] {
	return script("{ const style = new CSSStyleSheet(); style.replaceSync(`" + css + "`); document.adoptedStyleSheets = [style]; }")
}

// readable waits until the page is drawn as it stays, and says what is lost.
func readable() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := shows(lost, "nothing is lost")(ctx, tab); err != nil {
			return fmt.Errorf("lost: %s", strings.TrimSuffix(strings.SplitN(err.Error(), "got ", 2)[1], `, want "nothing is lost"`))
		}
		return nil
	})
}

// busy has five or seven digits in each figure.
func busy(t *testing.T, factor uint64) *world {
	t.Helper()
	now := afternoon()
	w := newWorld(t, query.Config{Now: func() time.Time { return now }})
	aDay(w, now)
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	for c, values := range w.memory.cells {
		for i := range values {
			values[i] *= factor
		}
		w.memory.cells[c] = values
	}
	w.memory.ledger[0].Tally = schema.Tally{
		Records: 1, VotesIn: 33_897 * factor, Counted: 30_000 * factor, Duplicates: 3_000 * factor, Conflicts: 800 * factor,
		Voided: 90 * factor, Quarantined: 7 * factor,
	}
	w.memory.ledger[1].State, w.memory.ledger[1].Reason = schema.StateHalted, "record 4711 is not the one that was counted"
	return w
}

// TestLargeLetters: nothing is lost at 200 %, nor with letters, words and lines
// further apart, from 320 pixels on.
func TestLargeLetters(t *testing.T) {
	for _, factor := range []uint64{1, 400} {
		home := busy(t, factor).serve(t, asItIs)
		ctx := browser(t)
		run := reader(t, ctx)
		for _, width := range []int64{1280, 1024, 768, 480, 360, 320} {
			for _, lang := range []string{"it", "en", "de"} {
				what := fmt.Sprintf("%d-%s-x%d", width, lang, factor)
				run(what, chromedp.EmulateViewport(width, 14000), chromedp.Navigate(home+"?lang="+lang),
					shows("document.body.dataset.state", "trouble"), shows(`document.querySelectorAll("#comuni-table tbody tr").length`, "8"),
					shows(`document.querySelectorAll("#bars .segment").length > 30`, "true"),
					script(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`))
				run(what+" usual", readable())
				run(what+" spacing", style(spacing), readable(), style(""))
				run(what+" 200 %", style(":root { font-size: 200%; }"), readable(), tall(what+"-200"))
				run(what+" tip", chromedp.Focus(chromedp.CSS("#bars")), chromedp.KeyEvent(kb.ArrowLeft), shows(inside, "true"))
				run(what+" 200 % and spacing", style(":root { font-size: 200%; } "+spacing), readable(), tall(what+"-both"))
			}
		}
	}
}

// tall is a picture of a page whose window is higher than it.
func tall(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if !strings.Contains(os.Getenv("MLF_SCREENSHOTS_OF"), name[:3]) {
			return nil
		}
		_, err := picture(name)(ctx, tab)
		return err
	})
}
