package kiosk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mlf/ingest/kiosk"
	"mlf/proof/harness"
)

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

// brokenVersion is situation 19: versions whose worker throws when it is installed, cannot
// be read, is not there, lacks one of its files, or never says that it is installed. The
// one before goes on, over a restart too, and a good one that comes later is taken.
func brokenVersion(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	p.worker(d)
	broken := func(what string) {
		t.Helper()
		_, _ = ask[bool](d, `navigator.serviceWorker.getRegistration().then((r) => { r.update().catch(() => {}); return true; })`)
		harness.LetPass(1500 * time.Millisecond)
		d.votes(1)
		d.do("reload", chromedpReload())
		d.shows("face")
		d.votes(1)
		p.worker(d)
		if got := d.version(); strings.Contains(got, "TOMORROW") {
			t.Errorf("%s: the page is %q", what, got)
		}
	}
	good := func(what, title string) {
		t.Helper()
		p.change(title)
		if _, err := ask[bool](d, `navigator.serviceWorker.getRegistration().then((r) => { r.update().catch(() => {}); return true; })`); err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, 30*time.Second, func() error {
			if got := d.version(); !strings.Contains(got, title) {
				return fmt.Errorf("after %s the page is still %q", what, got)
			}
			return nil
		})
		d.shows("face")
		d.votes(1)
		p.worker(d)
	}
	p.replace("", []byte("<title>BROKEN TOMORROW</title>"))
	p.replace("sw.js", []byte(`addEventListener("install", (event) => { event.waitUntil(Promise.reject(new Error("broken"))); }); // 1`))
	broken("a worker that cannot be installed")
	p.replace("sw.js", []byte(`addEventListener("install", () => { throw new Error("broken"); }); throw new Error("broken");`))
	broken("a worker that throws")
	p.replace("sw.js", []byte(`this is no script (`))
	broken("a worker that cannot be read")
	p.replace("sw.js", nil)
	broken("no worker")
	p.change("HALF OF TOMORROW")
	worker, _ := p.front.page.Lookup(kiosk.Root + "sw.js")
	p.replace("sw.js", []byte(strings.NewReplacer("mlf-kiosk-files-", "mlf-kiosk-files-half-", "kiosk.webmanifest", "missing.webmanifest").Replace(string(worker.Body))))
	broken("a worker with a file that is not there")
	good("broken ones", "VERSION OF MORNING")

	p.replace("", []byte("<title>BROKEN TOMORROW</title>"))
	p.replace("sw.js", []byte(`addEventListener("install", (event) => event.waitUntil(new Promise(() => {})));`))
	broken("a worker that hangs")
	d.quit() // Until the browser has started again, or for five minutes, it is waited for.
	d.start("")
	d.shows("face")
	d.votes(1)
	good("one that hung", "VERSION OF NOON")
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
	p.replace("sw.js", []byte(strings.Replace(string(worker.Body), "mlf-kiosk-files-", "mlf-kiosk-files-"+strings.ToLower(strings.ReplaceAll(title, " ", "-"))+"-", 1)))
}

func (d *device) version() string {
	title, err := ask[string](d, `document.title`)
	if err != nil {
		return ""
	}
	return title
}
