package query_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
	"mlf/query"
	"mlf/schema"
)

// complaints is what the browser refused or a script did not survive.
const complaints = `
	window.complaints = [];
	addEventListener("securitypolicyviolation", (e) => complaints.push(e.violatedDirective + " " + e.blockedURI));
	addEventListener("error", (e) => complaints.push(String(e.message)));
	addEventListener("unhandledrejection", (e) => complaints.push(String(e.reason)));
	console.error = (...words) => complaints.push(words.join(" "));`

// TestReference: what the OpenAPI document describes can be read and tried at
// /docs, under the page's own policy, also where a proxy serves it under a path.
func TestReference(t *testing.T) {
	w := newWorld(t, query.Config{})
	w.memory.vote(cell(500_000), schema.Green, 7)
	ctx := browser.Open(t)
	run := browser.Reader(t, ctx)
	run("watch", browser.Before(complaints))
	f := func(what, prefix string) {
		t.Helper()
		site := w.serve(t, func(next http.Handler) http.Handler { return http.StripPrefix(prefix, next) })
		run(what, chromedp.EmulateViewport(1280, 1400), chromedp.Navigate(site[:len(site)-1]+prefix+"/docs"),
			browser.Shows(`document.querySelectorAll(".opblock").length > 9`, "true"),
			chromedp.Click(chromedp.CSS(`#operations-statistics-readLedger .opblock-summary-control`)),
			browser.Shows(`!!document.querySelector(".try-out__btn")`, "true"),
			chromedp.Click(chromedp.CSS(".try-out__btn")),
			browser.Shows(`!!document.querySelector(".execute")`, "true"),
			chromedp.Click(chromedp.CSS(".execute")),
			browser.Shows(`document.querySelector(".live-responses-table")?.textContent`, "next_offset"),
			browser.Shows(`JSON.stringify(complaints)`, "[]"), browser.Picture("reference"))
	}
	f("at the root", "")
	f("under a path", "/statistiche")
}
