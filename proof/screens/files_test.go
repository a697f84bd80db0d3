package screens_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
	"mlf/proof/harness"
)

// A panel is what is shown of one question, the numbers in its charts' tables but how many places have them, and
// where its figures can be had.
type panel struct {
	Title string   `json:"title"`
	Call  string   `json:"call"`
	CSV   string   `json:"csv"`
	Shown []string `json:"shown"`
}

// panels are those that say where their figures are.
const panels = `[...document.querySelectorAll("#view section.card")].filter((card) => card.querySelector(".menu a[data-format=csv]")).map((card) => ({
	title: card.querySelector("h2").textContent,
	call: card.querySelector(".menu .api-call code").textContent,
	csv: card.querySelector(".menu a[data-format=csv]").href,
	shown: [...card.querySelectorAll(".twin td.n")].filter((cell) => !/^(Comuni|Province|Regioni|Posto)$/.test(cell.dataset.head)).map((cell) => cell.textContent.trim()).filter((said) => /^[0-9]{1,3}(\.[0-9]{3})*$/.test(said)).map((said) => said.replace(/\./g, "")),
}))`

// everyFile takes each file of each view away: it is what the API answers under the
// address that the view tells, and has the votes that the view shows.
func everyFile(t *testing.T, tab context.Context, of at) {
	t.Helper()
	run := browser.Reader(t, tab)
	for _, view := range of.names() {
		run(view, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(of.home+of.all[view]), shown(20*time.Second))
		links := browser.Ask[[]string](t, tab, `[...document.querySelectorAll("#view .menu a[data-format]")].map((a) => a.href)`)
		all := browser.Ask[[]panel](t, tab, panels)
		if len(all) == 0 || len(links) != 4*len(all) {
			t.Errorf("%q: %d questions and %d files", view, len(all), len(links))
		}
		for _, url := range links {
			answer(t, url)
		}
		for _, one := range all {
			answer(t, one.Call)
			if missing := one.lacks(t); len(missing) > 0 {
				t.Errorf("%q: %s: shown, and not in %s: %q", view, one.Title, one.CSV, missing)
			}
		}
		everyPicture(t, tab, view)
	}
}

// lacks returns the numbers of votes that are shown of a panel, and not in its file: who
// has none is not in it.
func (p *panel) lacks(t *testing.T) []string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(answer(t, p.CSV))).ReadAll()
	if err != nil || len(records) == 0 {
		t.Errorf("%s: %d records, %v", p.CSV, len(records), err)
	}
	return slices.DeleteFunc(p.Shown, func(n string) bool {
		return n == "0" || slices.ContainsFunc(records, func(record []string) bool { return slices.Contains(record, n) })
	})
}

// everyPicture takes the pictures of a view's charts away.
func everyPicture(t *testing.T, tab context.Context, view string) {
	t.Helper()
	if browser.Ask[int](t, tab, `document.querySelectorAll("#view .frame svg.picture").length`) == 0 {
		return
	}
	const taken = `document.documentElement.dataset.taken`
	for _, ending := range []string{"PNG", "SVG"} {
		browser.Reader(t, tab)(view+" "+ending, browser.Script(`{ const made = URL.createObjectURL; URL.createObjectURL = (blob) => { document.documentElement.dataset.taken = blob.type + " " + (blob.size > 1000); URL.createObjectURL = made; return made.call(URL, blob); };
			[...document.querySelectorAll("#view .menu button")].find((b) => b.textContent === "`+ending+`").click(); }`),
			browser.Shows(taken, strings.ToLower(ending)), browser.Shows(taken, "true"), browser.Script("delete document.documentElement.dataset.taken"))
	}
}

// answer is what the API answers to an address; it is an error where there is nothing.
func answer(t *testing.T, url string) string {
	t.Helper()
	status, body, err := harness.Get(t, url)
	if err != nil || status != http.StatusOK || body == "" {
		t.Errorf("%s: %d %.300s, %v", url, status, body, err)
	}
	return body
}
