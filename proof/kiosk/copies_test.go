package kiosk_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	page "mlf/proof/browser"
	"mlf/proof/harness"
)

// manyTabs is situation 7: of ten windows one votes, and the others say so; a storm of
// reloads leaves one, too.
func manyTabs(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(2)
	for i := range 9 {
		tab := page.Tab(t, d.tab)
		if err := chromedp.Do(tab, chromedp.Navigate(d.url), page.Shows("document.documentElement.dataset.screen", "other_window")); err != nil {
			t.Fatalf("window %d: %v", i, err)
		}
	}
	d.votes(2)
	for range 10 {
		ctx, cancel := context.WithTimeout(d.tab, 50*time.Millisecond)
		_ = chromedp.Do(ctx, page.Script("location.reload()"))
		cancel()
	}
	p.settles(d)
}

// reloads: one window that is loaded again and again votes on.
func reloads(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	for range 5 {
		d.votes(1)
		for range 3 {
			d.do("reload", chromedp.Reload())
		}
		d.shows("face")
	}
	p.settles(d)
}

// cloned is situation 8: a profile on two machines, both of which go on.
func cloned(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(3)
	d.drained()
	d.quit()
	other := d.copied()
	d.start("")
	other.start("")
	d.shows("face")
	other.shows("face")
	for range 4 {
		d.votes(1)
		if err := other.vote("red"); err != nil {
			t.Fatal(err)
		}
	}
	p.settles(d, other)
}

// restored is situation 9: a profile of last week in the place of today's.
func restored(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(3)
	p.settles(d)
	d.quit()
	old := d.copied()
	d.start("")
	d.shows("face")
	d.votes(3)
	d.drained()
	p.settles(d)
	old = d.after(old)
	old.shows("face")
	old.votes(4)
	p.settles(old)
}

// restoredOffline: the same, and there is no network when it begins.
func restoredOffline(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(2)
	p.settles(d)
	d.quit()
	old := d.copied()
	d.start("")
	d.shows("face")
	d.votes(3)
	d.drained()
	p.front.close()
	old = d.after(old)
	old.shows("face")
	old.votes(4)
	p.front.listen()
	p.settles(old)
}

// incognito is situation 10: a browser that promises nothing, a private window and a guest
// take no terminal, and say why in three languages. They are those of Chromium itself,
// with the permission to keep things.
func incognito(t *testing.T, p *place) {
	for _, mode := range []string{"", "incognito", "guest"} {
		d := p.device("")
		if mode != "" {
			d.flags = append(d.flags, chromedp.Flag(mode, true))
		}
		d.launch(mode != "")
		d.open("#t=" + p.term.Token)
		d.shows("setup")
		for _, language := range []string{"it", "en", "de"} {
			want := message(t, language, "setup_private")
			if _, err := ask[bool](d, fmt.Sprintf(`(document.querySelector('[data-tool="%s"]').click(), true)`, language)); err != nil {
				t.Fatal(err)
			}
			harness.Eventually(t, 10*time.Second, func() error {
				text, err := ask[string](d, `document.getElementById("wrong").textContent`)
				if err == nil && text != want {
					err = fmt.Errorf("%q: it says %q, want %q", mode, text, want)
				}
				return err
			})
		}
		hash, err := ask[string](d, `location.href`)
		if err != nil || hash != d.url {
			t.Errorf("the address is %q, %v: want no token in it", hash, err)
		}
		if mode != "" {
			d.quit()
			if n := d.disturb(func(string, fs.FileInfo) error { return nil }); n > 0 {
				t.Errorf("%s: %d files of a database are left: it was no private window", mode, n)
			}
		}
	}
	p.settles()
}

// message is what the page says in a language.
func message(t *testing.T, language, key string) string {
	t.Helper()
	text, err := os.ReadFile("../../ingest/kiosk/web/messages/" + language + ".json") //nolint:gosec // Of this repository.
	if err != nil {
		t.Fatal(err)
	}
	said := harness.Decode[map[string]string](t, string(text))[key]
	if said == "" {
		t.Fatalf("there is no %s in %s", key, language)
	}
	return said
}

// insecure is situation 11: an address of http.
func insecure(t *testing.T, p *place) {
	d := p.device("")
	d.flags = append(d.flags, chromedp.Flag("host-resolver-rules", "MAP kiosk.example 127.0.0.1"))
	d.launch(true)
	d.url = "http://" + strings.Replace(p.front.addr, "127.0.0.1", "kiosk.example", 1) + "/k/"
	d.open("")
	d.shows("https")
	text, err := ask[string](d, `document.body.innerText`)
	if err != nil || !strings.Contains(text, "https://") {
		t.Errorf("it says %q, %v", text, err)
	}
}
