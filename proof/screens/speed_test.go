package screens_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"mlf/proof/browser"
	"mlf/query/dashboard"
)

// timed clicks on a link of the views, or chooses a period, and returns how many
// milliseconds it took until the figures were drawn.
const timed = `(async (view, period) => {
	const root = document.documentElement;
	const drawn = () => root.dataset.shown !== undefined && !document.getElementById("view").hasAttribute("aria-busy");
	const frame = () => new Promise(requestAnimationFrame);
	const select = document.querySelector("#filters select[name=period]");
	delete root.dataset.shown;
	const began = performance.now();
	if (period === "") [...document.querySelectorAll("#views a")].find((a) => a.pathname.endsWith("/" + view)).click();
	else { select.value = period; select.dispatchEvent(new Event("change")); }
	while (!drawn()) await frame();
	await frame();
	return performance.now() - began;
})`

// BenchmarkScreens measures from click to figures, in a browser on the same machine: of
// each view when it is opened, and when another period is chosen, medians in
// milliseconds. MLF_TEST_SCREENS_AT names a service that has votes, as make year.
func BenchmarkScreens(b *testing.B) {
	home := os.Getenv("MLF_TEST_SCREENS_AT")
	if _, err := exec.LookPath("chromium"); home == "" || err != nil {
		b.Skip("MLF_TEST_SCREENS_AT names no service, or there is no chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox)
	allocated, cancel := chromedp.NewExecAllocator(b.Context(), options...)
	defer cancel()
	tab, cancel := chromedp.NewContext(allocated)
	defer cancel()
	for _, view := range dashboard.Views() {
		if view == "quality" || view == "bulletin" || view == "compare" { // They have no choice of a period, or figures of none.
			continue
		}
		b.Run(view, func(b *testing.B) {
			var opened, chosen []float64
			for b.Loop() {
				if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+"/?lang=it"), browser.Shows(`document.documentElement.dataset.shown`, "today")); err != nil {
					b.Fatal(err)
				}
				opened = append(opened, took(b, tab, view, ""))
				for _, period := range []string{"last-30-days", "last-7-days", "this-year"} {
					chosen = append(chosen, took(b, tab, view, period))
				}
			}
			b.ReportMetric(median(opened), "open-ms")
			b.ReportMetric(median(chosen), "choose-ms")
		})
	}
}

func took(b *testing.B, tab context.Context, view, period string) float64 {
	b.Helper()
	got, err := chromedp.Run(tab, chromedp.Evaluate[float64](fmt.Sprintf("%s(%q, %q)", timed, view, period), chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatal(err)
	}
	return got
}

func median(of []float64) float64 {
	slices.SortFunc(of, cmp.Compare)
	return of[len(of)/2]
}
