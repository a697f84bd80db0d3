package query_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/schema"
)

// after answers each request for which slow(path) is true when d has passed.
func after(d time.Duration, slow func(path string) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if slow(r.URL.String()) {
				timer := time.NewTimer(d)
				defer timer.Stop()
				select {
				case <-timer.C:
				case <-r.Context().Done():
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// On a slow line the page shows what it has: each request has its own time.
func TestSlowAnswers(t *testing.T) {
	w := aWorld(t, afternoon())
	everything := func(string) bool { return true }
	run := reader(t, browser(t))
	run("4 s an answer", chromedp.Navigate(w.serve(t, after(4*time.Second, everything))+"?lang=it"),
		patiently(of("count-green"), "22.966"), patiently(of("comuni-table"), "Roma RM"), patiently(of("votes_in"), "33.897"),
		patiently("document.body.dataset.state", "live"), shows(`document.getElementById("notice").hidden`, "true"))

	f := func(what, never string, shown ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		home := w.serve(t, after(time.Hour, func(url string) bool { return strings.Contains(url, never) }))
		run(what, append([]chromedp.Action[chromedp.Void]{chromedp.Navigate(home + "?lang=it")}, shown...)...)
	}
	today, hours := shows(of("count-green"), "22.966"), shows(`document.querySelectorAll("#hours-table tbody tr").length`, "24")
	comuni, ledger := shows(of("comuni-table"), "Roma RM"), shows(of("votes_in"), "33.897")
	f("no ledger", "/v1/ledger", today, hours, comuni)
	f("no hours", "group=hour", today, comuni, ledger, patiently(of("notice"), "Senza risposta: Ultime 24 ore (–)"),
		shows("document.body.dataset.state", "trouble"), today)
	f("no comuni", "group=comune&", today, hours, ledger)
	f("no names", "/v1/registry/comuni", today, hours, ledger, shows(of("comuni-table"), "058091"))
	f("no labels", "/v1/registry/labels", today, hours, comuni, ledger)
	f("no day", "to=2026-11-23", hours, comuni, ledger)
}

// patiently is shows for what may take long.
func patiently(expression, want string) chromedp.Action[chromedp.Void] {
	return showsWithin(40*time.Second, expression, want)
}

// A refusing server is left alone for as long as it asks for, the pages do not
// come back as one, and the last figures stay, with their age.
func TestRefusedPagesWait(t *testing.T) {
	const wait = 3 * time.Second
	w := aWorld(t, afternoon())
	var mu sync.Mutex
	var refuse bool
	refused := make(map[string][]time.Time)
	home := w.serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			no := refuse && strings.HasPrefix(r.URL.Path, "/v1/")
			if no {
				refused[r.URL.String()] = append(refused[r.URL.String()], time.Now())
			}
			mu.Unlock()
			if no {
				w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	set := func(to bool) { mu.Lock(); refuse = to; mu.Unlock() }
	run := reader(t, browser(t))
	run("live", chromedp.Navigate(home+"?lang=it"), shows("document.body.dataset.state", "live"), shows(of("count-green"), "22.966"),
		shows(of("comuni-table"), "Roma RM"), shows(`document.querySelectorAll("#hours-table tbody tr").length`, "24"))
	set(true)
	run("refused", shows(of("notice"), "Il server non può rispondere ora. Le cifre qui sotto sono delle 16:31:"),
		shows(of("freshness"), "cifre di"), patiently(of("freshness"), "cifre di 12"), shows(of("count-green"), "22.966"), picture("it-refused"))
	set(false)
	run("live again", patiently("document.body.dataset.state", "live"), shows(`document.getElementById("notice").hidden`, "true"))
	mu.Lock()
	defer mu.Unlock()
	gaps := make(map[time.Duration]bool)
	for url, times := range refused {
		for i := range len(times) - 1 {
			gap := times[i+1].Sub(times[i])
			gaps[gap.Truncate(10*time.Millisecond)] = true
			if gap < wait {
				t.Errorf("%s: asked again after %v, want at least %v", url, gap, wait)
			}
		}
	}
	if len(refused) < 4 || len(gaps) < 3 {
		t.Errorf("got %d questions refused, and asked again after %v: want four, each after a time of its own", len(refused), gaps)
	}
}

// narrow lets two questions through at a time, each for a moment, and refuses
// those that find no room for as long.
func narrow(moment time.Duration, refused func()) func(http.Handler) http.Handler {
	room := make(chan struct{}, 2)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/stats" {
				next.ServeHTTP(w, r)
				return
			}
			patience := time.NewTimer(moment)
			defer patience.Stop()
			select {
			case room <- struct{}{}:
			case <-patience.C:
				refused()
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			defer func() { <-room }()
			after(moment, func(string) bool { return true })(next).ServeHTTP(w, r)
		})
	}
}

// Forty pages open at once before a server that refuses what it has no room for:
// each shows its figures in the end.
func TestFortyPages(t *testing.T) {
	w := aWorld(t, afternoon())
	var refused atomic.Int64
	gate := narrow(100*time.Millisecond, func() { refused.Add(1) })
	home := w.serve(t, func(next http.Handler) http.Handler {
		frames := strings.Repeat(`<iframe src="/?lang=it"></iframe>`, 40)
		server := gate(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/forty" {
				_, _ = fmt.Fprint(w, "<!doctype html>"+frames)
				return
			}
			server.ServeHTTP(w, r)
		})
	})
	const shown = `[...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument).filter((page) =>
		page.getElementById("count-green")?.textContent === "22.966" && page.getElementById("comuni-table").textContent.includes("Roma")
			&& page.querySelectorAll("#hours-table tbody tr").length === 24).length`
	reader(t, browser(t))("forty", chromedp.Navigate(home+"forty"), patiently(shown, "40"))
	t.Log(refused.Load(), "requests refused")
	if refused.Load() == 0 {
		t.Error("no request was refused: the test tests nothing")
	}
}

// A page that nobody sees asks nothing, and is up to date as soon as it is seen.
func TestHiddenPagesAskNothing(t *testing.T) {
	w := aWorld(t, afternoon())
	var mu sync.Mutex
	asked := 0
	home := w.serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v1/") {
				mu.Lock()
				asked++
				mu.Unlock()
			}
			next.ServeHTTP(w, r)
		})
	})
	count := func() int { mu.Lock(); defer mu.Unlock(); return asked }
	see := func(hidden bool) chromedp.Action[chromedp.Void] {
		return script(fmt.Sprintf(`Object.defineProperty(document, "hidden", { value: %t, configurable: true });
			document.dispatchEvent(new Event("visibilitychange"))`, hidden))
	}
	run := reader(t, browser(t))
	run("live", chromedp.Navigate(home+"?lang=it"), shows("document.body.dataset.state", "live"), shows(of("comuni-table"), "Roma RM"))
	run("hidden", see(true), chromedp.Sleep(500*time.Millisecond))
	before := count()
	w.memory.vote(cell(schema.HourOf(afternoon())), schema.Red, 5)
	run("still hidden", chromedp.Sleep(5*time.Second))
	if got := count() - before; got != 0 {
		t.Errorf("got %d requests of a hidden page in 5 s", got)
	}
	run("seen", see(false), shows(of("count-red"), "2.079"))
}

// TestUnderAPath serves the page as a proxy does that has other things at its root.
func TestUnderAPath(t *testing.T) {
	w := aWorld(t, afternoon())
	var mu sync.Mutex
	var astray []string
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		path, ours := strings.CutPrefix(r.URL.Path, "/city/faces")
		if !ours {
			mu.Lock()
			astray = append(astray, r.URL.Path)
			mu.Unlock()
			http.NotFound(rw, r)
			return
		}
		r.URL.Path = "/" + path // Of /city/faces/ that is //: some proxies join so.
		w.server.Handler().ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	const outside = `[...document.querySelectorAll("a, link, script")].map((e) => e.href || e.src)
		.filter((url) => url && !new URL(url).pathname.startsWith("/city/faces/")).join()`
	run := reader(t, browser(t))
	f := func(path string) {
		t.Helper()
		run(path, chromedp.Navigate(srv.URL+path), shows("document.body.dataset.state", "live"),
			shows(of("count-green"), "22.966"), shows(of("comuni-table"), "Roma RM"), shows(of("tile-green"), "Zufrieden"),
			shows(`document.getElementById("csv").href`, "/city/faces/v1/stats?from="), shows("("+outside+").length", "0"),
			chromedp.Click(chromedp.CSS("[data-lang=en]")), shows(of("today-title"), "Today"), shows("location.pathname", "/city/faces/"))
	}
	f("/city/faces/?lang=de")
	mu.Lock()
	if len(astray) > 0 {
		t.Errorf("asked outside the path: %q", astray)
	}
	mu.Unlock()
	f("/city/faces?lang=de") // It finds nothing but the way to its slash.
}
