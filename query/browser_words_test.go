package query_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mlf/query"
	"mlf/schema"
)

// Every landmark has a name of its own, in every language, with all tables open.
func TestLandmarks(t *testing.T) {
	const names = `(() => {
		const text = (ids) => ids.split(" ").map((id) => document.getElementById(id).textContent.trim()).join(" ");
		const found = [...document.querySelectorAll("main, nav, aside, form, search, section, body > header, body > footer, [role]")].filter((e) =>
			!e.hasAttribute("role") || ["region", "main", "navigation", "banner", "contentinfo", "complementary", "form", "search"].includes(e.getAttribute("role")))
			.map((e) => e.hasAttribute("aria-labelledby") ? text(e.getAttribute("aria-labelledby")) : e.getAttribute("aria-label") ?? e.tagName);
		const twice = found.filter((name, i) => name.trim() === "" || found.indexOf(name) !== i);
		const ids = [...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i);
		const outside = [...document.body.children].filter((e) => !e.matches("header, main, footer, .skip, svg.defs")).map((e) => e.outerHTML.slice(0, 60));
		return found.length + " landmarks" + (twice.length ? ", twice: " + twice.join() : "") + (ids.length ? ", ids twice: " + ids.join() : "") + (outside.length ? ", outside: " + outside.join() : "");
	})()`
	home := aWorld(t, afternoon()).serve(t, asItIs)
	run := reader(t, browser(t))
	for _, lang := range []string{"it", "en", "de"} {
		run(lang, chromedp.Navigate(home+"?lang="+lang), shows("document.body.dataset.state", "live"),
			shows("document.documentElement.lang", lang), shows("/^10 landmarks$/.test("+names+") || "+names, "true"))
	}
}

// changeOfClock is a world in which each hour from 23:00 to 03:00 UTC has votes of
// its own, on a morning when the clock was moved.
func changeOfClock(t *testing.T, day string) string {
	t.Helper()
	now := hour(t, day+"T09:00:00Z").Time().Add(31 * time.Minute)
	w := newWorld(t, query.Config{Now: func() time.Time { return now }})
	for i := range uint64(5) {
		w.memory.vote(cell(hour(t, day+"T00:00:00Z")-1+schema.Hour(i)), schema.Green, 100+i)
	}
	return w.serve(t, asItIs)
}

// On the day of the change two hours have one name on the clock: the zone tells
// them apart, in the table, in the chart and where it is pointed at.
func TestTheRepeatedHour(t *testing.T) {
	home := changeOfClock(t, "2026-10-25")
	const heads = `[...document.querySelectorAll("#hours-table tbody tr")].map((tr) => tr.cells[0].textContent + "=" + tr.cells[1].textContent).join()`
	const drawn = `[...document.querySelectorAll("#bars text")].map((e) => e.textContent).join()`
	run := reader(t, browser(t))
	f := func(lang, summer, winter string) {
		t.Helper()
		run(lang, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+"?lang="+lang),
			shows(heads, "03–04=103,02 "+winter+"–03=102,02 "+summer+"–02 "+winter+"=101,01–02 "+summer+"=100"),
			shows(drawn, summer), shows(drawn, winter), shows(drawn+".match(/\\b02\\b/g).length", "2"), chromedp.Focus(chromedp.CSS("#bars")))
		for range 9 {
			run("back", chromedp.KeyEvent(kb.ArrowLeft))
		}
		run(lang+" tip", shows(of("tip"), "02 "+winter+"–03 · 102"), chromedp.KeyEvent(kb.ArrowLeft),
			shows(of("tip"), "02 "+summer+"–02 "+winter+" · 101"), picture(lang+"-clock"))
	}
	f("it", "CEST", "CET")
	f("en", "CEST", "CET")
	f("de", "MESZ", "MEZ")
	run("narrow", chromedp.EmulateViewport(320, 900), chromedp.Navigate(home+"?lang=it"), shows(drawn, "CE"), picture("it-clock-320"))

	home = changeOfClock(t, "2026-03-29")
	run("spring", chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+"?lang=it"),
		shows(heads, "04–05=103,03 CEST–04=102,01 CET–03 CEST=101,00–01 CET=100"))
}

// Shares on the screen add up to 100.0 %.
func TestSharesAddUp(t *testing.T) {
	const sum = `["green", "yellow", "red"].map((face) => Number(document.getElementById("share-" + face).textContent.replace(/\D/g, "")))
		.reduce((a, b) => a + b, 0)`
	run := reader(t, browser(t))
	f := func(green, yellow, red uint64, want string) {
		t.Helper()
		now := afternoon()
		w := newWorld(t, query.Config{Now: func() time.Time { return now }})
		c := cell(schema.HourOf(now))
		w.memory.vote(c, schema.Green, green)
		w.memory.vote(c, schema.Yellow, yellow)
		w.memory.vote(c, schema.Red, red)
		run(want, chromedp.Navigate(w.serve(t, asItIs)+"?lang=en"), shows(of("share-green")+" + ' ' + "+of("share-yellow")+" + ' ' + "+of("share-red"), want),
			shows(sum, "1000"), shows(of("comuni-table"), strings.Fields(want)[0]))
	}
	f(1, 1, 1, "33.4% 33.3% 33.3%")
	f(5, 1, 1, "71.4% 14.3% 14.3%")
	f(6666, 6667, 6667, "33.3% 33.4% 33.3%")
	f(1, 2000, 1, "0.1% 99.9% 0.0%")
	f(0, 7, 0, "0.0% 100.0% 0.0%")
}

// tell puts what is left out into the answers of /v1/stats, or takes it from them.
func tell(t *testing.T, excluded any) func(http.Handler) http.Handler {
	t.Helper()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/stats" {
				next.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			r.Header.Del("Accept-Encoding")
			next.ServeHTTP(rec, r)
			if rec.Code != http.StatusOK { // The page asks again.
				http.Error(w, rec.Body.String(), rec.Code)
				return
			}
			var answer struct {
				Meta map[string]any `json:"meta"`
				Rows []any          `json:"rows"`
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
				t.Errorf("%s: %v", r.URL, err)
				return
			}
			if answer.Meta["excluded"] = excluded; excluded == nil {
				delete(answer.Meta, "excluded")
			}
			if err := json.NewEncoder(w).Encode(answer); err != nil {
				t.Errorf("%s: %v", r.URL, err)
			}
		})
	}
}

type counts map[string]uint64

// What a figure leaves out stands beside it, and nobody reads that everything is
// counted beside votes in quarantine.
func TestWhatIsLeftOut(t *testing.T) {
	w := aWorld(t, afternoon())
	run := reader(t, browser(t))
	const none = `document.getElementById("left-out").hidden`
	run("not told", chromedp.Navigate(w.serve(t, tell(t, nil))+"?lang=it"), shows("document.body.dataset.state", "live"), shows(none, "true"),
		shows(of("lag"), "Tutto ciò che è arrivato è contato"))
	run("nothing", chromedp.Navigate(w.serve(t, tell(t, counts{"burst": 0, "late_clock": 0, "test": 0, "quarantined": 0, "conflicts": 0}))+"?lang=it"),
		shows("document.body.dataset.state", "live"), shows(none, "true"))

	w.memory.mu.Lock()
	w.memory.ledger[0].Add(schema.Tally{VotesIn: 1906, Quarantined: 1906})
	w.memory.mu.Unlock()
	home := w.serve(t, tell(t, counts{"burst": 49, "late_clock": 0, "test": 1200, "quarantined": 1906, "conflicts": 3}))
	f := func(lang, list, held, conflicts, lag, everything string) {
		t.Helper()
		run(lang, chromedp.Navigate(home+"?lang="+lang), shows(of("left-out"), list), shows(of("left-out"), held), shows(of("left-out"), conflicts),
			shows(of("lag"), lag), shows(`document.body.innerText.includes("`+everything+`")`, "false"), picture(lang+"-left-out"))
	}
	f("it", "in queste cifre: Ripetuto entro due secondi: 49; Voto di prova: 1.200.", "dall’inizio, e in nessuna cifra: 1.906.",
		"vale il primo voto: 3.", "non sono in nessuna cifra", "Tutto ciò che è arrivato")
	f("en", "Not in these figures: Repeated within two seconds: 49; Test vote: 1,200.", "in no figure: 1,906.", "the first vote holds: 3.",
		"1,906 in quarantine are in no figure", "Everything that came in")
	f("de", "Nicht in diesen Zahlen: Innerhalb von zwei Sekunden wiederholt: 49; Teststimme: 1.200.", "in keiner Zahl: 1.906.", "die erste Stimme gilt: 3.",
		"1.906 in Quarantäne sind in keiner Zahl", "Alles Eingegangene")
}

// The answers of the server itself tell it, too.
func TestWhatTheServerLeavesOut(t *testing.T) {
	w := aWorld(t, afternoon())
	c := cell(schema.HourOf(afternoon()))
	c.Class = schema.ClassBurst
	w.memory.vote(c, schema.Green, 49)
	reader(t, browser(t))("burst", chromedp.Navigate(w.serve(t, asItIs)+"?lang=it"),
		shows(of("left-out"), "in queste cifre: Ripetuto entro due secondi: 49."))
}

// The page offers today's data as CSV and for Excel, and says whose hours they have.
func TestDownloads(t *testing.T) {
	home := aWorld(t, afternoon()).serve(t, asItIs)
	run := reader(t, browser(t))
	const query = "/v1/stats?from=2026-11-22&to=2026-11-23&group=comune,service,hour&format="
	for lang, zone := range map[string]string{"it": "sono di Roma", "en": "are Rome’s", "de": "die von Rom"} {
		run(lang, chromedp.Navigate(home+"?lang="+lang), shows(`document.getElementById("csv").href`, query+"csv"),
			shows(`document.getElementById("excel").href`, query+"excel"), shows(of("excel"), "Excel"),
			shows("document.querySelector('footer').textContent", zone), shows("document.querySelector('footer').textContent", "UTC"))
	}
}
