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

// slow points along the first chart for 300 frames, and returns how many of them came
// more than 20 ms after the one before: at 60 a second it is 17.
const slow = `(async () => {
	const picture = document.querySelector("#view svg.picture");
	picture.scrollIntoView();
	const { left, top, width, height } = picture.getBoundingClientRect();
	let late = 0;
	let last = await new Promise(requestAnimationFrame);
	for (let i = 0; i < 300; i++) {
		picture.dispatchEvent(new PointerEvent("pointermove", { clientX: left + ((i * 7) % width), clientY: top + ((i * 3) % height) }));
		const now = await new Promise(requestAnimationFrame);
		if (now - last > 20) late++;
		last = now;
	}
	return late;
})()`

// BenchmarkScreens measures from click to figures, in a browser on the same machine: of
// each view when it is opened, and when another period is chosen, medians in
// milliseconds; and how many of 300 frames are late while a chart is pointed along.
// MLF_TEST_SCREENS_AT names a service that has votes, as make year.
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
	for _, view := range views() {
		b.Run(cmp.Or(view, "today"), func(b *testing.B) {
			periods := []string{"last-30-days", "last-7-days", "this-year"}
			if view == "" {
				periods = nil
			}
			var opened, chosen, late []float64
			for b.Loop() {
				if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+"/accessibility?lang=it"), browser.Shows(`document.documentElement.dataset.shown`, "accessibility")); err != nil {
					b.Fatal(err)
				}
				opened = append(opened, took(b, tab, view, ""))
				for _, period := range periods {
					chosen = append(chosen, took(b, tab, view, period))
				}
				late = append(late, measured(b, tab, slow))
			}
			b.ReportMetric(median(opened), "open-ms")
			if len(chosen) > 0 {
				b.ReportMetric(median(chosen), "choose-ms")
			}
			b.ReportMetric(median(late), "late-frames")
		})
	}
}

func took(b *testing.B, tab context.Context, view, period string) float64 {
	b.Helper()
	return measured(b, tab, fmt.Sprintf("%s(%q, %q)", timed, view, period))
}

func measured(b *testing.B, tab context.Context, script string) float64 {
	b.Helper()
	got, err := chromedp.Run(tab, chromedp.Evaluate[float64](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatal(err)
	}
	return got
}

func median(of []float64) float64 {
	slices.SortFunc(of, cmp.Compare)
	return of[len(of)/2]
}
