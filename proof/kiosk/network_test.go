package kiosk_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/ingest/kiosk"
	page "mlf/proof/browser"
	"mlf/proof/harness"
)

// offline is situation 13: votes without a network, over a restart without one.
func offline(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(2)
	harness.Eventually(t, 20*time.Second, func() error {
		ready, err := ask[bool](d, `navigator.serviceWorker.ready.then(() => caches.keys()).then((k) => k.some((n) => n.startsWith("mlf-kiosk-files-")))`)
		if err == nil && !ready {
			err = fmt.Errorf("the worker has no files yet")
		}
		return err
	})
	harness.LetPass(2 * time.Second)
	p.front.close()
	d.votes(3)
	d.quit()
	d.start("")
	d.shows("face")
	d.votes(3)
	p.front.listen()
	p.settles(d)
	d.drained()
}

// lies is situation 14: answers that are none of the service.
func lies(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	html := func(status int) func(http.ResponseWriter, *http.Request, http.Handler) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<h1>Benvenuti!</h1>"))
			return true
		}
	}
	said := func(body string) func(http.ResponseWriter, *http.Request, http.Handler) bool {
		return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if r.URL.Path != "/v1/votes" {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	for _, lie := range []func(http.ResponseWriter, *http.Request, http.Handler) bool{
		html(http.StatusOK), html(http.StatusAccepted), html(http.StatusNetworkAuthenticationRequired), html(http.StatusForbidden), html(http.StatusRequestEntityTooLarge), html(http.StatusBadRequest),
		func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			http.Redirect(w, r, "/k/", http.StatusFound)
			return true
		},
		said(`{"accepted":0,"rejected":[],"warnings":[]}`), said(`{"acc`), said(`[]`),
		func(w http.ResponseWriter, r *http.Request, on http.Handler) bool { // It is on the log, and its answer is cut.
			on.ServeHTTP(httptest.NewRecorder(), r)
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(`{"accepted":1`))
			return true
		},
	} {
		p.front.meddle(lie)
		d.votes(1)
	}
	p.front.meddle(nil)
	p.settles(d)
	d.drained()
}

// poisoned is situation 15: one vote that makes the service refuse its batch, and a
// service that takes few.
func poisoned(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	p.front.close()
	d.votes(6)
	if err := d.vote("red"); err != nil {
		t.Fatal(err)
	}
	d.votes(4)
	d.pressed, d.thanked = d.pressed-1, d.thanked-1 // The red one is not to be counted.
	p.front.meddle(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path != "/v1/votes" {
			return false
		}
		body := read(r)
		switch {
		case strings.Contains(body, `"red"`):
			refuse(w, http.StatusBadRequest, "malformed-body")
		case strings.Count(body, `"seq"`) > 4:
			refuse(w, http.StatusRequestEntityTooLarge, "too-many-votes")
		default:
			return false
		}
		return true
	})
	p.front.listen()
	p.settles(d)
	d.drained()
	closed := false
	for _, one := range p.front.answered() {
		closed = closed || one.status == http.StatusAccepted && strings.Contains(one.body, `{"seq":7}`)
	}
	if !closed {
		t.Error("the number of the vote that was refused is not closed")
	}
}

// barred is situation 16: a token that was replaced, and a terminal that was revoked, with
// votes that wait.
func barred(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	p.front.close()
	d.votes(3)
	d.quit()
	newer := harness.Decode[struct{ Token string }](t, harness.Run(t, "terminal", "token", "--kafka", p.front.up.Kafka, p.term.ID, "--json")).Token
	old := p.term.Token
	p.term.Token = newer
	p.front.configure(p.term, nil)
	p.front.mu.Lock()
	delete(p.front.configs, old)
	p.front.mu.Unlock()
	asked := 0
	p.front.meddle(func(http.ResponseWriter, *http.Request, http.Handler) bool { asked++; return false })
	p.front.listen()
	d.start("")
	d.shows("face")
	d.votes(1)
	harness.LetPass(5 * time.Second)
	if asked > 3 {
		t.Errorf("an unknown token asked %d times in 5 s", asked)
	}
	text, err := ask[string](d, `document.getElementById("trouble").textContent`)
	if err != nil || !strings.Contains(text, "Gettone sconosciuto") {
		t.Errorf("it says %q, %v", text, err)
	}
	d.open("#t=" + newer)
	d.shows("face")
	p.settles(d)
	d.drained()

	harness.Run(t, "terminal", "revoke", "--kafka", p.front.up.Kafka, p.term.ID)
	harness.LetPass(1500 * time.Millisecond)
	before := d.thanked
	asked = 0
	d.votes(3)
	harness.LetPass(5 * time.Second)
	if asked > 5 {
		t.Errorf("a revoked terminal asked %d times in 5 s", asked)
	}
	if kept, err := ask[int](d, votesKept); err != nil || kept != 3 {
		t.Errorf("%d votes are kept, %v: want 3", kept, err)
	}
	d.thanked = before // What a revoked terminal holds is not counted, by intent.
	p.settles(d)
}

// later is situation 17: who was told to wait waits, whatever is pressed.
func later(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	const wait = 8 * time.Second
	var first time.Time
	early := 0
	p.front.meddle(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path != "/v1/votes" {
			return false
		}
		if first.IsZero() {
			first = time.Now()
			w.Header().Set("Retry-After", "8")
			refuse(w, http.StatusServiceUnavailable, "overloaded")
			return true
		}
		if time.Since(first) < wait {
			early++
		}
		return false
	})
	d.votes(5)
	p.settles(d)
	if early > 0 {
		t.Errorf("asked %d times before Retry-After", early)
	}
}

// deployed is situation 18: a new version comes while a reason is asked, and is taken when
// nobody stands there.
func deployed(t *testing.T, p *place) {
	p.front.configure(p.term, map[string]any{"reasons": []string{"waiting_time", "other"}})
	d := p.device("")
	d.setUp()
	p.worker(d)
	if err := d.pick("red"); err != nil {
		t.Fatal(err)
	}
	d.pressed++
	d.shows("reason")
	p.change("VERSION OF TOMORROW")
	if _, err := ask[bool](d, `navigator.serviceWorker.getRegistration().then((r) => { void r.update(); return true; })`); err != nil {
		t.Fatal(err)
	}
	harness.LetPass(4 * time.Second)
	d.shows("reason")
	if got := d.version(); strings.Contains(got, "TOMORROW") {
		t.Fatal("the page was replaced while a reason was asked")
	}
	if err := d.pick("waiting_time"); err != nil {
		t.Fatal(err)
	}
	d.shows("thanks")
	d.thanked++
	harness.Eventually(t, 20*time.Second, func() error {
		if got := d.version(); !strings.Contains(got, "TOMORROW") {
			return fmt.Errorf("the page is still %q", got)
		}
		return nil
	})
	d.shows("face")
	d.votes(1)
	p.settles(d)
}

// broken is situation 19: a version whose worker cannot be installed, and none at all.
func brokenVersion(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	p.worker(d)
	update := func() {
		_, _ = ask[bool](d, `navigator.serviceWorker.getRegistration().then((r) => r.update()).then(() => true, () => false)`)
		harness.LetPass(time.Second)
		d.do("reload", chromedpReload())
		d.shows("face")
		d.votes(1)
	}
	p.replace("sw.js", []byte(`addEventListener("install", () => { throw new Error("broken"); }); throw new Error("broken");`))
	update()
	p.replace("sw.js", nil)
	update()
	p.settles(d)
}

// worker waits until the page's worker has its files.
func (p *place) worker(d *device) {
	p.t.Helper()
	harness.Eventually(p.t, 20*time.Second, func() error {
		there, err := ask[bool](d, `navigator.serviceWorker.ready.then(async (r) => !!r.active && !!navigator.serviceWorker.controller)`)
		if err == nil && !there {
			err = fmt.Errorf("no worker has the page")
		}
		return err
	})
}

// replace serves other bytes for a file of the page; nil: there is none.
func (p *place) replace(name string, body []byte) {
	file, _ := p.front.page.Lookup(kiosk.Root + name)
	file.Body = body
	p.front.mu.Lock()
	defer p.front.mu.Unlock()
	p.front.files[kiosk.Root+name] = file
}

// change deploys a page with another title, and a worker that knows.
func (p *place) change(title string) {
	index, _ := p.front.page.Lookup(kiosk.Root)
	worker, _ := p.front.page.Lookup(kiosk.Root + "sw.js")
	p.replace("", []byte(strings.Replace(string(index.Body), "<title>Mettiamoci la faccia", "<title>"+title, 1)))
	p.replace("sw.js", []byte(strings.Replace(string(worker.Body), "mlf-kiosk-files-", "mlf-kiosk-files-next-", 1)))
}

func (d *device) version() string {
	title, err := ask[string](d, `document.title`)
	if err != nil {
		return ""
	}
	return title
}

// otherKeys is situation 24: the service was restored with other keys, and does not know
// the stream any more.
func otherKeys(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(2)
	p.settles(d)
	d.drained()
	stream, err := ask[string](d, `new Promise((done) => { const o = indexedDB.open("mlf-kiosk"); o.onsuccess = () => { const g = o.result.transaction("terminals").objectStore("terminals").getAll(); g.onsuccess = () => { o.result.close(); done(g.result[0].stream); }; }; })`)
	if err != nil {
		t.Fatal(err)
	}
	p.front.meddle(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path == "/v1/votes" && strings.Contains(read(r), stream) {
			refuse(w, http.StatusForbidden, "foreign-stream")
			return true
		}
		return false
	})
	d.votes(1) // Refused, and kept.
	harness.LetPass(2 * time.Second)
	d.votes(3)
	d.thanked--
	p.settles(d)
	if kept, err := ask[int](d, votesKept); err != nil || kept == 0 {
		t.Errorf("%d votes are kept, %v: want the one of the stream that is not known", kept, err)
	}
}

// clocks is situation 12: a wall clock that begins in 1970, one that jumps while votes
// wait, and one that is put right before they are sent.
func clocks(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.do("hours jump when told to", page.Before(`const wall = Date.now.bind(Date); Date.now = () => wall() + Number(localStorage.getItem("jump") ?? 0) * 3600e3;`), chromedp.Reload())
	d.shows("face")
	jump := func(hours int) {
		t.Helper()
		if _, err := ask[bool](d, fmt.Sprintf(`(localStorage.setItem("jump", "%d"), true)`, hours)); err != nil {
			t.Fatal(err)
		}
	}
	since1970 := -int(time.Since(time.Unix(0, 0)).Hours())
	for _, hours := range []int{3, -5, since1970, 0} {
		p.front.close()
		d.votes(1)
		jump(hours)
		d.votes(1)
		p.front.listen()
		harness.LetPass(2 * time.Second)
		p.front.close()
		d.votes(1)
		d.do("load again", chromedp.Reload())
		jump(0)
		p.front.listen()
		d.shows("face")
		p.settles(d)
	}
	from, to := time.Now().AddDate(0, 0, -399).Format(time.DateOnly), time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	_, body, err := harness.Get(t, fmt.Sprintf("http://%s/v1/stats?from=%s&to=%s&class=all&group=hour", p.front.up.Query, from, to))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range harness.Decode[struct {
		Rows []struct {
			Hour time.Time
			N    int
		}
	}](t, body).Rows {
		if age := time.Since(row.Hour); age > 3*time.Hour || age < 0 {
			t.Errorf("%d votes are in the hour of %v", row.N, row.Hour)
		}
	}
}
