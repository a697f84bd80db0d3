package query_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// young deletes what came after Chrome 102, Firefox 102 or Safari 15.4 and a page
// is tempted to use.
const young = `
	for (const name of ["any", "timeout"]) delete AbortSignal[name];
	for (const name of ["toReversed", "toSorted", "toSpliced", "with", "findLast", "findLastIndex"]) {
		delete Array.prototype[name];
	}
	for (const name of ["fromAsync"]) delete Array[name];
	for (const name of ["groupBy"]) { delete Object[name]; delete Map[name]; }
	for (const name of ["withResolvers", "try"]) delete Promise[name];
	for (const name of ["canParse", "parse"]) delete URL[name];
	for (const name of ["intersection", "union", "difference"]) delete Set.prototype[name];
	for (const name of ["isWellFormed", "toWellFormed"]) delete String.prototype[name];
	for (const name of ["Iterator", "requestIdleCallback", "scheduler", "navigation", "cookieStore", "Temporal"]) delete window[name];
	for (const name of ["Segmenter", "DurationFormat"]) delete Intl[name];
	for (const name of ["startViewTransition"]) delete Document.prototype[name];
	for (const name of ["checkVisibility", "moveBefore", "setHTML"]) delete Element.prototype[name];
	delete Response.json; delete window.Document.prototype.adoptedStyleSheets;`

// The page shows its figures in browsers of the last four years, and says so
// where it cannot.
func TestOldBrowsers(t *testing.T) {
	w := aWorld(t, afternoon())
	home := w.serve(t, asItIs)

	ctx := browser(t)
	reader(t, ctx)("four years old", before(young), chromedp.Navigate(home+"?lang=it"),
		shows("document.body.dataset.state", "live"), shows(of("count-green"), "22.966"), shows(of("comuni-table"), "Roma RM"),
		shows(`document.querySelectorAll("#bars .segment").length > 30`, "true"),
		shows(`document.querySelectorAll("#hours-table tbody tr").length`, "24"), shows(`document.getElementById("old").hidden`, "true"))

	older := func(what, code, lang, want string) {
		t.Helper()
		reader(t, tab(t, ctx))(what, before(code), chromedp.Navigate(home+"?lang="+lang),
			shows(`document.getElementById("old").hidden`, "false"), shows(of("old"), want), shows(of("old"), "Safari 15.4"),
			picture("old-"+lang))
	}
	older("no structuredClone", "delete window.structuredClone", "it", "browser più recente")
	older("no ResizeObserver", "delete window.ResizeObserver", "en", "newer browser")
	older("no fetch", "delete window.fetch", "de", "neueren Browser")
}

// A browser that does not understand a module, or never gets it, tells its reader.
func TestScriptThatNeverStarts(t *testing.T) {
	w := aWorld(t, afternoon())
	home := w.serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/assets/app.js" {
				w.Header().Set("Content-Type", "text/javascript")
				_, _ = w.Write([]byte("this is no JavaScript"))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	reader(t, browser(t))("load", chromedp.Navigate(home+"?lang=it"), shows(`document.getElementById("old").hidden`, "false"))
}

// The page's day is computed: in whatever way a browser writes dates, the page
// asks for Rome's day and shows it.
func TestDatesInAnyWriting(t *testing.T) {
	now := afternoon().Add(8 * 60 * 60 * 1e9) // 23:31 in UTC: in Rome it is tomorrow.
	ctx := browser(t)
	for _, locale := range []string{"sv", "ar-EG", "fa", "th", "ja-JP-u-ca-japanese", "en-US"} {
		w := aWorld(t, now)
		var mu sync.Mutex
		var asked []string
		home := w.serve(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked = append(asked, r.URL.String())
				mu.Unlock()
				next.ServeHTTP(w, r)
			})
		})
		reader(t, tab(t, ctx))(locale, before(strings.ReplaceAll(`
			const Format = Intl.DateTimeFormat;
			Intl.DateTimeFormat = function (_, options) { return new Format("LOCALE", options); };
			Object.defineProperty(navigator, "languages", { value: ["LOCALE"] });
			Date.prototype.toLocaleDateString = Date.prototype.toLocaleString = () => "?";`, "LOCALE", locale)),
			chromedp.Navigate(home), shows("document.body.dataset.state", "live"), shows(of("today-total"), "0 vot"),
			shows(of("comuni-table"), "Roma"), shows(`document.querySelector("#hours-table tbody th").textContent`, "00–01"))
		mu.Lock()
		if all := strings.Join(asked, "\n"); !strings.Contains(all, "from=2026-11-23&to=2026-11-24") {
			t.Errorf("%s: asked\n%s", locale, all)
		}
		mu.Unlock()
	}
}

// An error in the page's own script is told as such: whoever reads that the
// server does not answer looks in the wrong place.
func TestOwnErrors(t *testing.T) {
	w := aWorld(t, afternoon())
	home := w.serve(t, asItIs)
	reader(t, browser(t))("own error", before(`Intl.RelativeTimeFormat.prototype.format = () => { throw new Error("own") }`),
		chromedp.Navigate(home+"?lang=it"), shows(of("notice"), "Errore di questa pagina"), shows("document.body.dataset.state", "own"),
		shows(of("count-green"), "22.966"), shows(of("votes_in"), "."))
}
