package screens_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/command"
	"mlf/proof/browser"
	"mlf/proof/harness"
	"mlf/query/dashboard"
)

// axe is where the page's own tests have it from.
const axe = "../../query/dashboard/web/node_modules/axe-core/axe.min.js"

// The addresses that are looked at: each view as it comes, and some of its questions.
func addresses() map[string]string {
	all := map[string]string{
		"trend-compare":  "trend?comune=058091&period=last-30-days&compare=year&measure=net",
		"trend-hours":    "trend?from=2026-10-24&to=2026-10-26&step=hour", // The clock is moved.
		"map-provinces":  "map?level=province&measure=red_share",
		"map-comuni":     "map?province=058",
		"heatmap-comune": "heatmap?comune=058091&measure=red_share",
		"ranking-comuni": "ranking?by=comune&min_n=100",
		"ranking-fell":   "ranking?by=region&period=last-quarter&compare=previous",
		"compare-places": "compare?a=comune=058091&b=comune=015146&c=region=16&period=last-365-days",
		"reasons-comune": "reasons?comune=058091",
		"place-comune":   "place?comune=058091",
		"place-region":   "place?region=16",
		"place-small":    "place?comune=" + alone,
		"quality-comune": "quality?comune=058091",
		"network-class":  "network?by=population_class",
	}
	maps.Copy(all, asTheyCome())
	return all
}

// asTheyCome are the views, without a question.
func asTheyCome() map[string]string {
	all := make(map[string]string)
	for _, view := range views() {
		all[cmp.Or(view, "today")] = view
	}
	return all
}

// views are all but the bulletin, which there is only when something was published, and the
// desk, which is of bodies.
func views() []string {
	return append(slices.DeleteFunc(dashboard.Views(), func(view string) bool { return view == bulletin || view == deskView }), "")
}

const (
	bulletin = "bulletin"
	deskView = "body"
)

// bulletins are the addresses of last month's, of the nation and of a region.
func bulletins() map[string]string {
	return map[string]string{bulletin: bulletin, "bulletin-region": "bulletin?region=16"}
}

// alone is a comune that nobody votes in: Morterone has some thirty residents.
const alone = "097055"

// nowhere is no code of a comune.
const nowhere = "nowhere"

// shown waits until a view has its figures, and is no longer dimmed.
func shown(limit time.Duration) browser.Step {
	return browser.ShowsWithin(limit, `document.documentElement.dataset.shown !== undefined && !document.getElementById("view").hasAttribute("aria-busy") && document.getElementById("view").children.length > 0
		&& getComputedStyle(document.getElementById("view")).opacity === "1"
		&& ![...document.querySelectorAll("#view svg.picture")].some((picture) => picture.getClientRects().length > 0 && !picture.hasAttribute("aria-label"))`, "true")
}

const (
	scrolls = `document.documentElement.scrollWidth - document.documentElement.clientWidth`
	voted   = `Number(document.querySelector("#view .total").textContent.replace(/\D/g, ""))`
	refused = `[...document.querySelectorAll("#view .notice[role=alert]")].map((e) => e.textContent).join("; ")`
)

// TestScreens walks through the screens of a year. Where MLF_SCREENSHOTS names a folder,
// it leaves pictures of every view there.
func TestScreens(t *testing.T) {
	if os.Getenv("MLF_TEST_SCREENS") == "" && os.Getenv("MLF_TEST_SCREENS_AT") == "" {
		t.Skip("make screens walks through the screens of a year")
	}
	r := newReader(t)
	home, up := aYear(t)
	r.home = home
	here := at{home: home, all: addresses()}
	r.each(t, "views", func(t *testing.T) { everyView(t, r, here, looks()) })
	r.each(t, "layout", func(t *testing.T) { everyLayout(t, r.tab, here) })
	r.each(t, "filters", func(t *testing.T) { everyFilter(t, r.tab, home) })
	r.each(t, "files", func(t *testing.T) { everyFile(t, r.tab, here) })
	r.each(t, "old browsers", func(t *testing.T) { oldBrowsers(t, here) })
	r.each(t, "budget", func(t *testing.T) { budgets(t, r.tab, home) })
	r.each(t, "ways", func(t *testing.T) { ways(t, r.tab, home) })
	r.each(t, "crowds", func(t *testing.T) { crowds(t, r.tab, home) })
	if up != nil {
		r.each(t, "live", func(t *testing.T) { live(t, r.tab, up) })
	}
	r.each(t, "bulletins", func(t *testing.T) {
		published(t, home)
		monthly := at{home: home, all: bulletins()}
		everyView(t, r, monthly, looks())
		everyLayout(t, r.tab, monthly)
		everyFile(t, r.tab, monthly)
	})
	if up != nil {
		of := newIssuer(t)
		r.leave(t)
		published(t, home) // So are lots.
		again(t, up, of.flags()...)
		public := addresses()
		delete(public, "trend-hours") // The public is not told hours.
		r.each(t, "lots", func(t *testing.T) { everyView(t, r, at{home: home, all: public, as: "lots-"}, glances()) })
		r.each(t, "roles", func(t *testing.T) { roles(t, r.tab, home, of) })
	}
	r.leave(t)
}

// TestAFirstDay looks at the screens of a service that nobody has voted at, and of one at
// which the first terminals are just voting, as make run has it.
func TestAFirstDay(t *testing.T) {
	if os.Getenv("MLF_TEST_SCREENS") == "" {
		t.Skip("make screens walks through the screens of a first day")
	}
	r := newReader(t)
	up := harness.NewUp(t)
	up.Begin(t)
	r.home = pagesOf(up)
	r.each(t, "empty", func(t *testing.T) { everyView(t, r, at{home: r.home, all: asTheyCome(), as: "empty-"}, glances()) })
	simulation := harness.Start(t, "simulate", "--pace", "real", "--terminals", "1000", "--rate", "20", "--ingest", "http://"+up.Ingest, "--query", "http://"+up.Query, "--kafka", up.Kafka)
	browser.Reader(t, r.tab)("first votes", chromedp.Navigate(r.home+"?lang=it"), browser.ShowsWithin(2*time.Minute, voted+" > 20", "true"))
	r.each(t, "first votes", func(t *testing.T) { everyView(t, r, at{home: r.home, all: asTheyCome(), as: "first-"}, glances()) })
	r.leave(t)
	if code := simulation.Stop(); code != command.ExitDone {
		t.Errorf("simulate: exit code %d\n%s", code, harness.Tail(simulation.Stderr()))
	}
}

// A reader looks at the pages of a service, and hears what the browser complains of.
type reader struct {
	tab        context.Context
	auditor    *browser.Auditor
	complaints *browser.Complaints
	home       string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	tab := browser.Open(t)
	browser.Reader(t, tab)("nothing glides away from under the mouse", browser.Prefer("prefers-reduced-motion", "reduce"))
	return &reader{tab: tab, auditor: browser.NewAuditor(t, axe), complaints: browser.Listen(t, tab)}
}

// each runs a part of a test, in which the browser may complain only of what is asked for
// in vain or without right, or cut or refused by what is in between, on purpose.
func (r *reader) each(t *testing.T, name string, do func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		do(t)
		found := slices.DeleteFunc(r.complaints.Take(), func(line string) bool {
			return strings.Contains(line, nowhere) || strings.Contains(line, "401 (Unauthorized)") || strings.Contains(line, "Failed to load resource") && !strings.Contains(line, r.home)
		})
		if len(found) > 0 {
			t.Errorf("the browser complains: %q", found)
		}
	})
}

// leave ends what the page goes on asking.
func (r *reader) leave(t *testing.T) {
	t.Helper()
	browser.Reader(t, r.tab)("leave", chromedp.Navigate("about:blank"))
}

// at is addresses of a service, by what they show, and what pictures of them are named.
type at struct {
	home string
	all  map[string]string
	as   string
}

// names are what the addresses show, in order.
func (a at) names() []string { return slices.Sorted(maps.Keys(a.all)) }

// published waits until there is a bulletin of last month: what is released holds after
// some minutes.
func published(t *testing.T, home string) {
	t.Helper()
	last := time.Now().AddDate(0, 0, -time.Now().Day()).Format("2006-01")
	harness.Eventually(t, 12*time.Minute, func() error {
		status, answer, err := harness.Get(t, home+"v1/bulletin/"+last)
		if err == nil && status != http.StatusOK {
			err = errors.New(answer)
		}
		return err
	})
}

// A look is how a view is looked at.
type look struct {
	lang, theme string
	width       int64
}

// looks are all.
func looks() []look {
	return []look{{"it", "light", 320}, {"it", "light", 768}, {"it", "light", 1280}, {"it", "dark", 1280}, {"en", "light", 1280}, {"de", "dark", 320}}
}

// glances are those at views that are looked at elsewhere, too.
func glances() []look { return []look{{"it", "dark", 320}, {"en", "light", 1280}} }

// everyView looks at each view: nothing is refused, complained of, cut off or hard to
// reach.
func everyView(t *testing.T, r *reader, of at, by []look) {
	t.Helper()
	tab := r.tab
	run := browser.Reader(t, tab)
	for _, name := range of.names() {
		for _, as := range by {
			what := fmt.Sprintf("%s%s-%s-%s-%d", of.as, name, as.lang, as.theme, as.width)
			separator := "?"
			if strings.Contains(of.all[name], "?") {
				separator = "&"
			}
			run(what, chromedp.EmulateViewport(as.width, 900), browser.Prefer("prefers-color-scheme", as.theme, "prefers-reduced-motion", "reduce"),
				chromedp.Navigate(of.home+of.all[name]+separator+"lang="+as.lang), shown(20*time.Second))
			if problem := browser.Ask[string](t, tab, refused); problem != "" {
				t.Errorf("%s: %s", what, problem)
			}
			if err := chromedp.Do(tab, browser.ShowsWithin(3*time.Second, scrolls, "0")); err != nil {
				t.Errorf("%s: it scrolls sideways: %v", what, err)
			}
			run(what, browser.Picture(what))
			found, err := r.auditor.Audit(tab)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			for _, line := range found {
				t.Errorf("%s: %s", what, line)
			}
		}
	}
}

// everyFilter chooses each value of each choice of each view: it stands in the address,
// and the view is shown.
func everyFilter(t *testing.T, tab context.Context, home string) {
	t.Helper()
	run := browser.Reader(t, tab)
	for _, view := range views() {
		run(view, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+view+"?lang=it"), shown(20*time.Second))
		names := browser.Ask[[]string](t, tab, `[...document.querySelectorAll("#filters select")].map((e) => e.name)`)
		for _, name := range names {
			values := browser.Ask[[]string](t, tab, fmt.Sprintf(`[...document.querySelector("#filters select[name=%s]").options].map((o) => o.value)`, name))
			for _, value := range few(values) {
				if value == "" {
					continue
				}
				what := fmt.Sprintf("%s?%s=%s", view, name, value)
				run(what, browser.Script(fmt.Sprintf(`{ const e = document.querySelector("#filters select[name=%s]"); e.value = %q; delete document.documentElement.dataset.shown; e.dispatchEvent(new Event("change")); }`, name, value)),
					shown(20*time.Second), browser.Shows(fmt.Sprintf(`new URLSearchParams(location.search).get(%q)`, name), value))
				if problem := browser.Ask[string](t, tab, refused); problem != "" && !cannotBe(what) {
					t.Errorf("%s: %s", what, problem)
				}
			}
			run(view, chromedp.Navigate(home+view+"?lang=it"), shown(20*time.Second))
		}
	}
}

// cannotBe tells whether a choice has no figures in a year that has just been voted: it
// is said in words.
func cannotBe(what string) bool {
	return what == "trend?step=hour" // A year of hours.
}

// few are all of few values, and of many, three.
func few(values []string) []string {
	if len(values) <= 16 {
		return values
	}
	return []string{values[1], values[len(values)/2], values[len(values)-1]}
}

// budgets are the most bytes, compressed and without fonts, that a view may need.
func budgets(t *testing.T, tab context.Context, home string) {
	t.Helper()
	run := browser.Reader(t, tab)
	const weight = `performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
		.filter((e) => !e.name.endsWith(".woff2") && !/\/v1\//.test(e.name)).reduce((sum, e) => sum + e.encodedBodySize, 0)`
	for view, most := range map[string]int{"": 90_000, "trend": 90_000, "map": 150_000} {
		run(view, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+view), shown(20*time.Second))
		got := browser.Ask[int](t, tab, weight)
		t.Logf("%q: %d bytes", view, got)
		if got > most || got < 10_000 {
			t.Errorf("%q: %d bytes: want at most %d", view, got, most)
		}
	}
}
