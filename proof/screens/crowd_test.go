package screens_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
)

const (
	pulse  = `document.querySelector("#view .pulse").dataset.state`
	notice = `document.querySelector("#view .now .notice").textContent`
)

// crowds has many pages, pages that nobody sees, and a server that has no room for them.
func crowds(t *testing.T, tab context.Context, home string) {
	t.Helper()
	t.Run("refused", func(t *testing.T) { refusedPagesWait(t, tab, home) })
	t.Run("forty", func(t *testing.T) { fortyPages(t, tab, home) })
	t.Run("hidden", func(t *testing.T) { hiddenPagesAskNothing(t, tab, home) })
	browser.Reader(t, tab)("leave", chromedp.Navigate("about:blank"))
}

// isFigures tells whether a request asks for what changes.
func isFigures(r *http.Request) bool {
	return r.URL.Path == "/v1/query" || r.URL.Path == "/v1/ledger" || r.URL.Path == "/v1/live"
}

// refusedPagesWait has a server refuse: it is left alone for as long as it asks for, the
// figures stay, with their age, and are new again when it answers.
func refusedPagesWait(t *testing.T, tab context.Context, home string) {
	t.Helper()
	const wait = 3 * time.Second
	var mu sync.Mutex
	var refuse bool
	refused := make(map[string][]time.Time)
	srv := behind(t, home, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			no := refuse && isFigures(r)
			if no {
				refused[r.URL.Path] = append(refused[r.URL.Path], time.Now())
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
	run := browser.Reader(t, tab)
	run("live", chromedp.Navigate(srv.URL+"/?lang=it"), shown(20*time.Second), browser.Shows(pulse, "live"))
	before := browser.Ask[string](t, tab, `document.querySelector("#view .total").textContent`)
	set(true)
	srv.CloseClientConnections()
	run("refused", browser.ShowsWithin(60*time.Second, notice, "Il server non può rispondere ora"), browser.Shows(`document.querySelector("#view .total").textContent`, before), browser.Picture("refused"))
	run("goes on asking", chromedp.Sleep(4*wait))
	set(false)
	run("live again", browser.ShowsWithin(60*time.Second, pulse, "live"), browser.ShowsWithin(20*time.Second, `document.querySelector("#view .now .notice").hidden`, "true"))
	mu.Lock()
	defer mu.Unlock()
	for path, times := range refused {
		for i := range len(times) - 1 {
			if gap := times[i+1].Sub(times[i]); gap < wait && path != "/v1/live" { // Browsers do not tell a page how long an event stream is to wait.
				t.Errorf("%s: asked again after %v, want at least %v", path, gap, wait)
			}
		}
	}
	if len(refused["/v1/ledger"]) < 2 {
		t.Errorf("refused: %v; want the ledger twice at least", refused)
	}
}

// fortyPages opens as many at once before a server that refuses what it has no room for:
// each shows its figures in the end.
func fortyPages(t *testing.T, tab context.Context, home string) {
	t.Helper()
	var refused atomic.Int64
	room := make(chan struct{}, 2)
	const moment = 200 * time.Millisecond
	srv := behind(t, home, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/forty":
				_, _ = fmt.Fprint(w, "<!doctype html>"+strings.Repeat(`<iframe src="/trend?lang=it"></iframe>`, 40))
			case isFigures(r):
				select {
				case room <- struct{}{}:
					defer func() { <-room }()
					<-time.After(moment)
					next.ServeHTTP(w, r)
				default:
					refused.Add(1)
					w.Header().Set("Retry-After", "1")
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			default:
				next.ServeHTTP(w, r)
			}
		})
	})
	const whole = `[...document.querySelectorAll("iframe")].filter(({ contentDocument: page }) => page?.querySelectorAll("#view .segment").length > 30).length`
	browser.Reader(t, tab)("forty", chromedp.Navigate(srv.URL+"/forty"), browser.ShowsWithin(2*time.Minute, whole, "40"))
	if refused.Load() == 0 {
		t.Error("no request was refused: the test tests nothing")
	}
}

// hiddenPagesAskNothing has a page that nobody sees: it asks nothing, and is up to date
// as soon as it is seen.
func hiddenPagesAskNothing(t *testing.T, tab context.Context, home string) {
	t.Helper()
	var asked, open atomic.Int64
	srv := behind(t, home, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isFigures(r) {
				asked.Add(1)
				open.Add(1)
				defer open.Add(-1)
			}
			next.ServeHTTP(w, r)
		})
	})
	see := func(hidden bool) browser.Step {
		return browser.Script(fmt.Sprintf(`Object.defineProperty(document, "hidden", { value: %t, configurable: true }); document.dispatchEvent(new Event("visibilitychange"))`, hidden))
	}
	run := browser.Reader(t, tab)
	run("live", chromedp.Navigate(srv.URL+"/?lang=it"), shown(20*time.Second), browser.Shows(pulse, "live"))
	run("hidden", see(true), chromedp.Sleep(time.Second))
	before := asked.Load()
	if n := open.Load(); n != 0 {
		t.Errorf("%d requests of a hidden page are open", n)
	}
	run("still hidden", chromedp.Sleep(12*time.Second)) // The ledger is looked at every ten.
	if got := asked.Load() - before; got != 0 {
		t.Errorf("got %d requests of a hidden page in 12 s", got)
	}
	run("seen", see(false), browser.Shows(pulse, "live"))
	if asked.Load() == before {
		t.Error("a page that is seen again asks nothing")
	}
}
