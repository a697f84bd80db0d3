package script_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/ingest/rating"
	"mlf/ingest/rating/script"
	"mlf/proof/browser"
)

// key is the public key of the site.
const key = "comune-di-prova"

// A door is the server that ratings are sent to: another origin than the site, so that
// the browser asks it before it sends.
type door struct {
	*httptest.Server
	t     *testing.T
	files map[string]script.File

	mu     sync.Mutex
	mode   string // "": takes; "away": 503; "cut": takes, and the answer is lost; "hotel": 200 and a page of somebody else's.
	came   []rating.Rating
	bodies []string
	asked  int // Preflights.
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, files: make(map[string]script.File)}
	all, err := script.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		d.files[f.Name] = f
	}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, isFile := strings.CutPrefix(r.URL.Path, "/v1/")
	h := w.Header()
	switch {
	case strings.HasPrefix(r.URL.Path, "/v/"):
		h.Set("Content-Security-Policy", script.PagePolicy)
		name, isFile = "page.html", true
	case r.URL.Path == "/v1/ratings/"+key:
		d.take(w, r)
		return
	}
	f, ok := d.files[name]
	if !isFile || !ok {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", f.Type)
	h.Set("Access-Control-Allow-Origin", "*")
	_, _ = w.Write(f.Body)
}

// take answers as the door of ratings does.
func (d *door) take(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Set("Vary", "Origin")
	if r.Method == http.MethodOptions {
		d.asked++
		h.Set("Access-Control-Allow-Methods", "POST")
		h.Set("Access-Control-Allow-Headers", "content-type")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Cookie") != "" || strings.Contains(strings.TrimPrefix(r.Referer(), "http://"), "/a") {
		d.t.Errorf("sent with cookie %q and referer %q: %v", r.Header.Get("Cookie"), r.Referer(), err)
	}
	switch d.mode {
	case "away":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case "hotel":
		h.Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<h1>Welcome</h1>")
		return
	}
	read, err := rating.Read(r.Header.Get("Content-Type"), body)
	if err != nil {
		d.t.Errorf("%s: %v", body, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	d.came, d.bodies = append(d.came, read), append(d.bodies, string(body))
	if d.mode == "cut" {
		panic(http.ErrAbortHandler)
	}
	h.Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"success":true,"status":"ok"}`)
}

func (d *door) set(mode string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mode = mode
}

// ratings are all that came since the last call.
func (d *door) ratings() []rating.Rating {
	d.mu.Lock()
	defer d.mu.Unlock()
	came := d.came
	d.came, d.bodies = nil, nil
	return came
}

func (d *door) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.came)
}

// last is the newest body that came.
func (d *door) last() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bodies[len(d.bodies)-1]
}

// preflights is how often a browser has asked before it sent.
func (d *door) preflights() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// arrives waits until n ratings have come in all.
func (d *door) arrives(n int) browser.Step {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		for d.count() < n {
			if _, err := chromedp.Sleep(10*time.Millisecond)(ctx, tab); err != nil {
				return fmt.Errorf("%d ratings came, want %d", d.count(), n)
			}
		}
		return nil
	})
}

// said is a rating in a line: what the citizen has answered, and where.
func said(r *rating.Rating) string {
	line := fmt.Sprintf("%d %v %s %s", r.Value, r.Reason, r.Question, r.Page)
	if r.Reason == 0 {
		line = fmt.Sprintf("%d not asked %s %s", r.Value, r.Question, r.Page)
	}
	if r.Service != "" {
		line += " " + r.Service
	}
	if r.Test {
		line += " test"
	}
	return strings.Join(append([]string{line}, r.Warnings.Codes()...), " ")
}

// A site is a municipal site with a form, and the one tag of ours.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	takes []string // What the site's own server got of ratings.
	asked int
}

// newSite serves a page at /a/KIND/ for each kind of form, with the tag that brings in
// our script: its address, and attributes.
func newSite(t *testing.T, d *door, tag string) *site {
	t.Helper()
	s := &site{}
	read := func(name string) string {
		text, err := os.ReadFile("testdata/sites/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	component := read("component.html") + `<script src="/component.js"></script>`
	forms := map[string]string{
		"wordpress-1.12.6": component + `<script src="/wordpress.js" data-version="1.12.6"></script>`,
		"wordpress-1.11.1": component + `<script src="/wordpress.js" data-version="1.11.1"></script>`,
		"static":           component,
		"volto":            `<div id="volto"></div><script src="/volto.js"></script>`,
		"strict":           component,
		"none":             `<p>Una pagina</p><div data-mlf-rating></div>`,
		"guarded":          `<p>Una pagina</p><div data-mlf-rating></div>`,
	}
	own := map[bool]string{false: `<style>.off { display: none }</style><script>window.wrongs = []; addEventListener("error", (e) => wrongs.push(e.message)); addEventListener("unhandledrejection", (e) => wrongs.push("promise: " + e.reason))</script>`}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body) // A test's own.
			s.mu.Lock()
			s.takes = append(s.takes, string(body))
			s.mu.Unlock()
			return
		}
		switch kind := strings.Trim(strings.TrimPrefix(r.URL.Path, "/a/"), "/"); {
		case forms[kind] != "":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			switch kind {
			case "strict":
				w.Header().Set("Content-Security-Policy", "connect-src 'self'")
			case "guarded": // What a site must allow, and no more.
				w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'self'; script-src %[1]s; style-src %[1]s; connect-src %[1]s; img-src data:", d.URL))
			}
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "secret"})
			_, _ = fmt.Fprintf(w, `<!doctype html><html lang="it"><title>Servizi</title><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">%s<main><h1>Servizi</h1>%s</main><script src="%s/v1/%s defer></script></html>`, own[kind == "guarded"], forms[kind], d.URL, tag)
		case strings.HasSuffix(r.URL.Path, ".js"):
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = io.WriteString(w, read(strings.TrimPrefix(r.URL.Path, "/")))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// page is the address of a kind's page, with what a citizen may have asked it: each time
// another, so that the page is loaded anew.
func (s *site) page(kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return fmt.Sprintf("%s/a/%s/?s=mario+rossi+%d#x", s.URL, kind, s.asked)
}

func (s *site) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := s.takes
	s.takes = nil
	return took
}

// human opens a browser that is driven by nobody, as far as a page can tell, and that
// reaches nothing but this machine.
func human(t *testing.T) context.Context {
	t.Helper()
	return browser.Open(t, chromedp.Flag("enable-automation", false), chromedp.Flag("disable-blink-features", "AutomationControlled"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
}

// press clicks what a selector finds, from within the page.
func press(selector string) browser.Step {
	return browser.Script(`document.querySelector(` + "`" + selector + "`" + `).click()`)
}

// click clicks it with the mouse, once it can be seen: where it is now, as a form may draw
// itself anew at any time.
func click(selector string) browser.Step {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		seen := "(() => { const e = document.querySelector(`" + selector + "`); if (!e || !e.offsetParent) return []; e.scrollIntoView({ block: \"center\" }); const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2] })()"
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		for {
			at, err := chromedp.Evaluate[[]float64](seen)(ctx, tab)
			if err != nil {
				return fmt.Errorf("find %s: %w", selector, err)
			}
			if len(at) == 2 {
				_, err := chromedp.MouseClickXY(at[0], at[1])(ctx, tab)
				return err
			}
			if _, err := chromedp.Sleep(10*time.Millisecond)(ctx, tab); err != nil {
				return fmt.Errorf("%s cannot be seen: %w", selector, err)
			}
		}
	})
}

// star is the label of a star.
func star(n int) string { return fmt.Sprintf(`[data-element="feedback-rate-%d"]`, n) }

// settled waits until nothing is on the way to the door, and then for as long as a second
// sending would take.
func settled() []browser.Step {
	return []browser.Step{browser.Shows(`localStorage.getItem("mlf-ratings")`, "null"), chromedp.Sleep(1500 * time.Millisecond)}
}

// identity is a rating's own id.
func identity(r *rating.Rating) string { return hex.EncodeToString(r.ID[:]) }
