package query_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
	"mlf/query"
	"mlf/schema"
)

// heads are the first cells of the table of the first chart.
const heads = `[...document.querySelectorAll("#view tbody tr")].map((tr) => tr.cells[0].textContent).join()`

// The page shows its figures in browsers of the last four years, and says so
// where it cannot.
func TestOldBrowsers(t *testing.T) {
	w := aWorld(t, afternoon())
	home := w.serve(t, asItIs)

	ctx := browser.Open(t)
	browser.Reader(t, ctx)("four years old", browser.Before(browser.Young), chromedp.Navigate(home+"trend?period=2026-11-22&step=hour&lang=it"),
		browser.Shows(`document.querySelector("#view .total").textContent`, "24.987 voti"), browser.Shows(`document.querySelectorAll("#view .segment").length > 30`, "true"),
		browser.Shows(heads, "15–16"), browser.Shows(`document.getElementById("old").hidden`, "true"))

	older := func(what, code, lang, want string) {
		t.Helper()
		browser.Reader(t, browser.Tab(t, ctx))(what, browser.Before(code), chromedp.Navigate(home+"?lang="+lang),
			browser.Shows(`document.getElementById("old").hidden`, "false"), browser.Shows(`document.getElementById("old").textContent`, want),
			browser.Shows(`document.getElementById("old").textContent`, "Safari 15.4"), browser.Picture("old-"+lang))
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
			if strings.HasPrefix(r.URL.Path, "/assets/app-") {
				w.Header().Set("Content-Type", "text/javascript")
				_, _ = w.Write([]byte("this is no JavaScript"))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	browser.Reader(t, browser.Open(t))("load", chromedp.Navigate(home+"?lang=it"), browser.Shows(`document.getElementById("old").hidden`, "false"))
}

// Times are computed: in whatever way a browser writes dates, hours are Rome's.
func TestDatesInAnyWriting(t *testing.T) {
	home := aWorld(t, afternoon()).serve(t, asItIs)
	ctx := browser.Open(t)
	for _, locale := range []string{"sv", "ar-EG", "fa", "th", "ja-JP-u-ca-japanese", "en-US"} {
		browser.Reader(t, browser.Tab(t, ctx))(locale, browser.Before(strings.ReplaceAll(`
			const Format = Intl.DateTimeFormat;
			Intl.DateTimeFormat = function (_, options) { return new Format("LOCALE", options); };
			Object.defineProperty(navigator, "languages", { value: ["LOCALE"] });
			Date.prototype.toLocaleDateString = Date.prototype.toLocaleString = () => "?";`, "LOCALE", locale)),
			chromedp.Navigate(home+"trend?period=2026-11-22&step=hour"), browser.Shows(heads, "00–01"), browser.Shows(heads, "15–16"))
	}
}

// An error in the page's own script is told as such: whoever reads that the
// server does not answer looks in the wrong place.
func TestOwnErrors(t *testing.T) {
	home := aWorld(t, afternoon()).serve(t, asItIs)
	browser.Reader(t, browser.Open(t))("own error", browser.Before(`Intl.PluralRules.prototype.select = () => { throw new Error("own") }`),
		chromedp.Navigate(home+"trend?lang=it"), browser.Shows(`document.querySelector("#view .notice").textContent`, "Errore di questa pagina"))
}

// On the days on which the clock is moved two hours have one name, or a name has no
// hour: the zone tells them apart, in the table and where it is pointed at.
func TestTheRepeatedHour(t *testing.T) {
	run := browser.Reader(t, browser.Open(t))
	f := func(day, lang, want string) {
		t.Helper()
		now := hour(t, day+"T09:00:00Z").Time()
		w := newWorld(t, query.Config{Now: func() time.Time { return now }})
		for i := range uint64(5) {
			w.memory.vote(cell(hour(t, day+"T00:00:00Z")-1+schema.Hour(i)), schema.Green, 100+i)
		}
		run(day+" "+lang, chromedp.Navigate(w.serve(t, asItIs)+"trend?period="+day+"&step=hour&lang="+lang), browser.Shows(heads, want))
	}
	f("2026-10-25", "it", "01–02 CEST")
	f("2026-10-25", "it", "02 CEST–02 CET")
	f("2026-10-25", "de", "02 MESZ–02 MEZ")
	f("2026-10-25", "en", "02 CET–03")
	f("2026-03-29", "it", "01 CET–03 CEST")
}
