package query_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
	"mlf/query"
	"mlf/schema"
)

// TestEmbedded: the page of somebody else shows figures with the two lines that the
// documents have, as high as they are, without a cookie, and nobody else moves its frames.
func TestEmbedded(t *testing.T) {
	ctx := browser.Open(t)
	complaints := browser.Listen(t, ctx)
	w := newWorld(t, query.Config{Now: afternoon})
	lastMonth(t, w)
	service := w.serve(t, func(next http.Handler) http.Handler { return http.StripPrefix("/voti", next) }) + "voti/"
	const frames = `<iframe src="%[1]sembed/comune/058091%[2]s" title="Roma: voti dei cittadini" loading="lazy" width="100%%" height="320"></iframe>
		<script src="%[1]sembed/frame.js" async></script>`
	host := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/" {
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = fmt.Fprintf(rw, `<!doctype html><html lang="it"><title>Comune</title><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width"><body style="margin:0">`+
			frames+`<iframe id="other" src="about:blank" title="Altro" height="100"></iframe></body></html>`, service, r.URL.RawQuery)
	}))
	t.Cleanup(host.Close)

	run := browser.Reader(t, ctx)
	const frame, height = `document.querySelector("iframe")`, `document.querySelector("iframe").style.height`
	const own = `Math.ceil(document.documentElement.getBoundingClientRect().height)`
	heights := make(map[string]string)
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{320, 700} {
			name := fmt.Sprintf("embed-%s-%d", theme, width)
			run(name+" alone", chromedp.EmulateViewport(width, 900), chromedp.Navigate(service+"embed/comune/058091?theme="+theme),
				browser.Shows(`document.querySelector(".sure").textContent`, "Soddisfatto 86,7% di 3.309 voti"), browser.Shows(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, "0"),
				browser.Picture(name))
			high, err := chromedp.Run(ctx, chromedp.Evaluate[int](own))
			if err != nil {
				t.Fatal(err)
			}
			heights[name] = fmt.Sprintf("%dpx", high)
			run(name+" in a page", chromedp.Navigate(host.URL+"/??theme="+theme), browser.Shows(height, heights[name]), browser.Shows(frame+".clientHeight", strings.TrimSuffix(heights[name], "px")),
				browser.Shows(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, "0"), browser.Picture(name+"-in-a-page"))
		}
	}
	if narrow, wide := heights["embed-light-320"], heights["embed-light-700"]; narrow == wide {
		t.Errorf("narrow and wide are %s high", narrow)
	}
	run("another width", chromedp.EmulateViewport(320, 900), browser.Shows(height, heights["embed-dark-320"]))
	run("others", browser.Script(`window.postMessage({ mlf: "height", height: 4000 }, "*");
		document.getElementById("other").contentWindow.eval('parent.postMessage({ mlf: "height", height: 4001 }, "*")');`),
		chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := chromedp.Sleep(200*time.Millisecond)(ctx, tab)
			return err
		}),
		browser.Shows(height, heights["embed-dark-320"]), browser.Shows(`document.getElementById("other").style.height + "."`, "."))
	run("by the reader's preference", chromedp.Navigate(host.URL+"/"), browser.Shows(`String(parseInt(`+height+`) > 100)`, "true"))
	if found := complaints.Take(); len(found) > 0 {
		t.Errorf("the browser complains: %q", found)
	}
	cookies, err := chromedp.Run(ctx, chromedp.Action[int](func(ctx context.Context, tab *chromedp.Target) (int, error) {
		all, err := cdp.Call(ctx, tab, storage.GetCookies, storage.GetCookiesParams{})
		if err != nil {
			return 0, err
		}
		return len(all.Cookies), nil
	}))
	if err != nil || cookies != 0 {
		t.Errorf("got %d cookies, %v", cookies, err)
	}

	w.memory.mu.Lock()
	w.memory.storeErr = schema.ErrTooDear
	w.memory.mu.Unlock()
	run("no answer", chromedp.Navigate(service+"embed/comune/015146"), browser.Shows(`document.querySelector(".gap").textContent`, "Le cifre non arrivano adesso."))
}
