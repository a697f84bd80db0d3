package screens_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mlf/proof/browser"
	"mlf/proof/harness"
)

// kept is how much a page has left in its browser, beside language and theme.
const kept = `Object.keys(localStorage).filter((key) => key !== "mlf-language" && key !== "mlf-theme").length + document.cookie.length + sessionStorage.length`

// ways goes to places by what readers use: links, keys, the back button, an address that
// somebody sent them, a path of a proxy, a slow line.
func ways(t *testing.T, tab context.Context, home string) {
	t.Helper()
	run := browser.Reader(t, tab)
	title, place := `document.getElementById("title").textContent`, `document.getElementById("subtitle").textContent`

	run("a place by its name", chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+"trend?lang=it"), shown(20*time.Second),
		chromedp.Focus(chromedp.CSS("#filter-place")), chromedp.SendKeys(chromedp.CSS("#filter-place"), "rom"),
		browser.Shows(`document.querySelectorAll("#places li").length > 2`, "true"))
	run("choose", chromedp.SendKeys(chromedp.CSS("#filter-place"), "a"), browser.Shows(`document.getElementById("places").textContent`, "Roma"),
		browser.Script(`[...document.querySelectorAll("#places li")].find((li) => li.textContent.startsWith("Roma (RM)")).dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, cancelable: true }))`),
		browser.Shows("location.search", "comune=058091"), browser.Shows(place, "Roma"), browser.Shows("document.title", "Roma"))
	run("another view of it", browser.Script(`[...document.querySelectorAll("#views a")].find((a) => a.href.includes("/heatmap")).click()`),
		browser.Shows("location.pathname", "/heatmap"), browser.Shows("location.search", "comune=058091"), browser.Shows(title, "Ore della settimana"), shown(20*time.Second))
	run("back", chromedp.NavigateBack(), browser.Shows("location.pathname", "/trend"), browser.Shows("location.search", "comune=058091"),
		browser.Shows(title, "Andamento"), browser.Shows(place, "Roma"))
	run("back again", chromedp.NavigateBack(), browser.Shows(place, "Tutta Italia"), browser.Shows("location.search.includes('comune')", "false"))
	run("keys", shown(20*time.Second), browser.Shows(`document.querySelectorAll("#view svg.picture .line").length > 0`, "true"), chromedp.Focus(chromedp.CSS("#view svg.picture")), chromedp.KeyEvent(kb.End),
		browser.Shows(`document.querySelector("#view .tip").hidden`, "false"), browser.Shows(`document.querySelector("#view .tip").textContent.length > 10`, "true"))
	run("explained", browser.Script(`document.querySelector("#view .explain").click()`), browser.Shows(`document.querySelector("dialog[open]").textContent`, "share.1"),
		browser.Shows(`document.querySelector("dialog[open]").textContent`, "v1/"), browser.Picture("explained"), chromedp.KeyEvent(kb.Escape), browser.Shows(`document.querySelectorAll("dialog").length`, "0"))
	run("noise of tools", chromedp.Navigate(home+"trend?utm_source=mail&fbclid=x&comune=058091"), shown(20*time.Second), browser.Shows(place, "Roma"))
	run("what is wrong is said", chromedp.Navigate(home+"trend?lang=it&comune="+nowhere), browser.Shows(refused, "filtri"))
	run("nothing is kept but", browser.Shows(kept, "0"))

	t.Run("under a path", func(t *testing.T) { underAPath(t, tab, home) })
	t.Run("slow", func(t *testing.T) { slowly(t, tab, home) })
}

// behind is a proxy in front of home that does with each request what do says.
func behind(t *testing.T, home string, do func(next http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	target, err := url.Parse(home)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1 // Events go on at once.
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	srv := httptest.NewServer(do(proxy))
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	return srv
}

// underAPath serves the pages as a proxy does that has other things at its root.
func underAPath(t *testing.T, tab context.Context, home string) {
	t.Helper()
	var mu sync.Mutex
	var astray []string
	srv := behind(t, home, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path, ours := strings.CutPrefix(r.URL.Path, "/city/faces/")
			if !ours {
				mu.Lock()
				astray = append(astray, r.URL.Path)
				mu.Unlock()
				http.NotFound(w, r)
				return
			}
			r.URL.Path = "/" + path
			next.ServeHTTP(w, r)
		})
	})
	run := browser.Reader(t, tab)
	run("the first view", chromedp.Navigate(srv.URL+"/city/faces/?lang=de"), shown(20*time.Second), browser.Shows(`document.getElementById("title").textContent`, "Heute"),
		browser.Script(`[...document.querySelectorAll("#views a")].find((a) => a.href.includes("/trend")).click()`), browser.Shows("location.pathname", "/city/faces/trend"), shown(20*time.Second))
	run("a view", chromedp.Navigate(srv.URL+"/city/faces/reasons?lang=en"), shown(20*time.Second), browser.Shows(`document.getElementById("title").textContent`, "Reasons"))
	const outside = `[...document.querySelectorAll("a, link, script")].map((e) => e.href || e.src).filter((url) => url && !new URL(url).pathname.startsWith("/city/faces/")).join()`
	if got := browser.Ask[string](t, tab, outside); got != "" {
		t.Errorf("addresses outside the path: %s", got)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, path := range astray {
		if path != "/favicon.ico" {
			t.Errorf("asked outside the path: %s", path)
		}
	}
}

// slowly has every answer come 4 s late: the figures come.
func slowly(t *testing.T, tab context.Context, home string) {
	t.Helper()
	slow := behind(t, home, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			timer := time.NewTimer(4 * time.Second)
			defer timer.Stop()
			select {
			case <-timer.C:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		})
	})
	browser.Reader(t, tab)("4 s an answer", chromedp.Navigate(slow.URL+"/trend?lang=it"), shown(90*time.Second),
		browser.Shows(refused+".length", "0"))
}

// live casts votes and looks at them come; then it cuts the line, and mends it.
func live(t *testing.T, tab context.Context, up *harness.Up) {
	t.Helper()
	var mu sync.Mutex
	cut := false
	srv := behind(t, "http://"+up.Query+"/", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			no := cut
			mu.Unlock()
			if no {
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	})
	run := browser.Reader(t, tab)
	run("live", chromedp.Navigate(srv.URL+"/?lang=it"), shown(20*time.Second), browser.Shows(pulse, "live"))
	term := harness.Enrol(t, up.Kafka, up.Ingest, up.Query)
	seq := 0
	vote := func() {
		t.Helper()
		seq++
		if status, answer := term.Cast(fmt.Sprintf(`[{"seq":%d,"age_ms":0,"face":"green"}]`, seq)); status != http.StatusAccepted {
			t.Fatal(status, answer)
		}
	}
	before := browser.Ask[int](t, tab, voted)
	vote()
	run("a vote comes", browser.ShowsWithin(20*time.Second, voted+" - "+fmt.Sprint(before), "1"))
	mu.Lock()
	cut = true
	mu.Unlock()
	srv.CloseClientConnections()
	run("cut", browser.Script(`window.dispatchEvent(new Event("online"))`), browser.ShowsWithin(90*time.Second, pulse, "cut"))
	mu.Lock()
	cut = false
	mu.Unlock()
	harness.LetPass(3 * time.Second) // Two votes within as long are one person's.
	vote()
	run("mended", browser.ShowsWithin(90*time.Second, pulse, "live"), browser.ShowsWithin(20*time.Second, voted+" - "+fmt.Sprint(before), "2"))
}
