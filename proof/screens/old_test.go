package screens_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
)

// oldBrowsers shows each view in a browser as old as the oldest that is said to do.
func oldBrowsers(t *testing.T, where at) {
	t.Helper()
	tab := browser.Open(t)
	complaints := browser.Listen(t, tab)
	run := browser.Reader(t, tab)
	run("grows old", browser.Before(browser.Young), chromedp.EmulateViewport(1280, 900))
	for _, name := range where.names() {
		run(name, chromedp.Navigate(where.home+where.all[name]), shown(20*time.Second))
		if problem := browser.Ask[string](t, tab, refused); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
		if found := complaints.Take(); len(found) > 0 {
			t.Errorf("%s: the browser complains: %s", name, strings.Join(found, "; "))
		}
	}
}
