package words_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
	"mlf/query/notify/words"
)

// TestLettersOnAScreen: on the narrowest phone and on a desk, light and dark, nothing
// sticks out, nothing is loaded, and axe-core has nothing to say.
func TestLettersOnAScreen(t *testing.T) {
	ctx := browser.Open(t)
	auditor := browser.NewAuditor(t, "../../dashboard/web/node_modules/axe-core/axe.min.js")
	complaints := browser.Listen(t, ctx)
	all, w := stories(t), words.Read()
	long := all["misuse-opened"]
	long.Terminals = []string{strings.Repeat("W", 80), "Sportello <2> & \"altri\""}
	long.Link += strings.Repeat("a", 200)
	all["long"] = long
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		language, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		story, known := all[name]
		if !known {
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("Link", `<data:,>; rel="icon"`)
		fmt.Fprint(rw, w.Letter(language, &story).HTML)
	}))
	t.Cleanup(server.Close)
	run := browser.Reader(t, ctx)
	look := func(language, name, theme string, width int64) {
		t.Helper()
		as := fmt.Sprintf("letter-%s-%s-%s-%d", language, name, theme, width)
		run(as, browser.Prefer("prefers-color-scheme", theme), chromedp.EmulateViewport(width, 900), chromedp.Navigate(server.URL+"/"+language+"/"+name),
			browser.Shows(`document.documentElement.lang`, language),
			browser.Shows(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, "0"),
			browser.Shows(`document.querySelectorAll("img, script, style, link, iframe, form, [background], [src]").length`, "0"),
			browser.Picture(as),
			browser.Script(`document.documentElement.style.backgroundColor = "Canvas"`)) // As it is; axe-core takes what is not said for white.
		found, err := auditor.Audit(ctx)
		if err != nil {
			t.Fatal(as, err)
		}
		for _, line := range found {
			t.Errorf("%s: %s", as, line)
		}
	}
	for _, language := range []string{"it", "en", "de"} {
		for _, name := range keys(all) {
			look(language, name, "light", 360)
		}
		look(language, "red-opened", "dark", 360)
		look(language, "digest", "dark", 800)
	}
	for _, path := range asked {
		if path != "/favicon.ico" && strings.Count(path, "/") != 2 {
			t.Errorf("a letter loads %s", path)
		}
	}
	for _, complaint := range complaints.Take() {
		if !strings.Contains(complaint, "favicon") {
			t.Errorf("complaint: %s", complaint)
		}
	}
}
