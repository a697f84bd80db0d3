package script_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/ingest/rating"
	"mlf/proof/browser"
)

// TestRatingsOfSites has citizens rate pages whose forms behave as those of the themes
// do: what they have finished arrives, once, and nothing else does.
func TestRatingsOfSites(t *testing.T) {
	tab := human(t)
	browser.Reader(t, tab)("a human", chromedp.Navigate("about:blank"), browser.Shows("navigator.webdriver", "false"))
	run := func(name string, f func(*testing.T, context.Context, *door, *site)) {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t)
			f(t, tab, d, newSite(t, d, `rating.js" data-site="`+key+`"`))
			browser.Reader(t, tab)("leave", chromedp.Navigate("about:blank"))
		})
	}
	run("every rating", everyRating)
	run("volto", volto)
	run("once", once)
	run("checks", officialChecks)
	run("unfinished", unfinished)
	run("trapped", trapped)
	run("away", awayAndBack)
	run("cut", lostAnswer)
	run("crowded", crowded)
	run("hostile", hostile)
}

// rated is one way through the reference component.
type rated struct {
	value, chosen int // chosen: the answer, from 0; -1 for none.
	text          string
}

// everyWay is every value with each kind of answer, with and without text.
func everyWay() (all []rated) {
	for value := 1; value <= 5; value++ {
		for _, chosen := range []int{-1, value % 4, 4} {
			all = append(all, rated{value, chosen, ""}, rated{value, chosen, "L'ufficio è chiuso"})
		}
	}
	return all
}

// reason is what is to be counted.
func (r rated) reason() string {
	negative := []string{"unclear", "incomplete", "unsure", "technical", "other"}
	positive := []string{"clear", "complete", "sure", "no_trouble", "other"}
	switch {
	case r.chosen < 0:
		return "skipped"
	case r.value > 3:
		return positive[r.chosen]
	}
	return negative[r.chosen]
}

// rate goes through the component to its end.
func (r rated) rate() []browser.Step {
	steps := []browser.Step{press(star(r.value))}
	if r.chosen >= 0 {
		base := 6
		if r.value > 3 {
			base = 1
		}
		steps = append(steps, press(fmt.Sprintf("label[for=radio-%d]", base+r.chosen)))
	}
	return append(steps, press(".btn-next"), browser.Script(fmt.Sprintf(`document.querySelector("#formGroupExampleInputWithHelp").value = %q`, r.text)), press(".btn-next"))
}

// everyRating is given to the theme of each age: of 1.12.6, of which the site itself gets
// only those with text, every way there is; of the others some. All arrive here, exactly
// once.
func everyRating(t *testing.T, tab context.Context, d *door, s *site) {
	for kind, kept := range map[string]func(rated) bool{
		"wordpress-1.12.6": func(r rated) bool { return r.text != "" },
		"wordpress-1.11.1": func(rated) bool { return true },
		"static":           func(rated) bool { return false },
	} {
		var want []string
		keeps := 0
		ways := everyWay()
		if kind != "wordpress-1.12.6" {
			ways = []rated{ways[0], ways[3], ways[4], ways[20], ways[23], ways[25]}
		}
		for i, r := range ways {
			browser.Reader(t, tab)(kind, append(append([]browser.Step{chromedp.Navigate(s.page(kind))}, r.rate()...), d.arrives(i+1))...)
			want = append(want, fmt.Sprintf("%d %s clarity %s/a/%s/", r.value, r.reason(), s.URL, kind))
			if kept(r) {
				keeps++
			}
		}
		browser.Reader(t, tab)(kind, append([]browser.Step{chromedp.Navigate(s.page(kind))}, settled()...)...)
		if got := lines(d.ratings()); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", kind, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if took := s.took(); len(took) != keeps {
			t.Errorf("%s: the site itself got %d ratings, want %d", kind, len(took), keeps)
		}
	}
	if d.preflights() == 0 {
		t.Error("the browser has asked for nothing beforehand: this is no other origin")
	}
}

// lines are ratings, each in a line, without an id that is there twice.
func lines(all []rating.Rating) (lines []string) {
	seen := make(map[string]bool)
	for i := range all {
		r := &all[i]
		line := said(r)
		if seen[identity(r)] || !r.HasID || !r.HasAge || r.AgeMS > 5000 {
			line += fmt.Sprintf(" (id %s, age %d)", identity(r), r.AgeMS)
		}
		seen[identity(r)] = true
		lines = append(lines, line)
	}
	return lines
}

// comes compares what has come since the last look.
func comes(t *testing.T, d *door, want ...string) {
	t.Helper()
	if got := lines(d.ratings()); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// volto has a form without an event, whose elements do not stay.
func volto(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	page := fmt.Sprintf("ease %s/a/volto/", s.URL)
	open := func() browser.Step { return chromedp.Navigate(s.page("volto")) }
	run("two stars", open(), click(star(2)), click("[for=negative-0]"), click("#next"), click("#next"), d.arrives(1))
	run("five stars, with text", open(), click(star(5)), click("[for=positive-3]"), click("#next"), chromedp.SendKeys(chromedp.CSS("textarea"), "tutto facile"), click("#next"), d.arrives(2))
	run("back and on", open(), click(star(4)), click("[for=positive-0]"), click("#next"), click("#prev"), click("[for=positive-1]"), click("#next"), click("#prev"), click("#next"), click("#next"), d.arrives(3))
	run("another star", open(), click(star(1)), click("[for=negative-0]"), click(star(5)), click("[for=positive-4]"), click("#next"), click("#next"), d.arrives(4))
	run("no answer, so no way on", open(), click(star(3)), click("#next"), chromedp.Sleep(700*time.Millisecond))
	run("a key", open(), click(star(3)), click("[for=negative-2]"), click("#next"), browser.Script(`document.querySelector("#next").focus()`), chromedp.KeyEvent("\r"), d.arrives(5))
	run("leave", append([]browser.Step{open()}, settled()...)...)
	comes(t, d, "2 unclear "+page, "5 no_trouble "+page, "4 complete "+page, "5 other "+page, "3 unsure "+page)
	if took := s.took(); len(took) != 5 {
		t.Errorf("the site itself got %d ratings, want 5", len(took))
	}
}

// once: the end is announced more than once, and the last button pressed again.
func once(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	run("two events", append(append([]browser.Step{chromedp.Navigate(s.page("static"))}, rated{4, 0, ""}.rate()...),
		browser.Script(`document.dispatchEvent(new Event("feedback-submit")); document.dispatchEvent(new Event("feedback-submit"))`),
		d.arrives(1), chromedp.Sleep(300*time.Millisecond), browser.Script(`document.dispatchEvent(new Event("feedback-submit"))`), press(".btn-next"))...)
	run("leave", append([]browser.Step{chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("static"))}, settled()...)...)
	comes(t, d, "4 clear clarity "+s.URL+"/a/static/")
}

// checker does to a form what the official checks do to a page: each star is pressed by
// the mouse and once more from within; then only its answers may be seen.
func checker(n int) []browser.Step {
	seen := `[...document.querySelectorAll('[data-element="feedback-rating-positive"], [data-element="feedback-rating-negative"]')].filter((e) => e.offsetParent && getComputedStyle(e).visibility !== "hidden" && e.getBoundingClientRect().height > 0).map((e) => e.dataset.element).join()`
	want := "feedback-rating-negative"
	if n > 3 {
		want = "feedback-rating-positive"
	}
	return []browser.Step{click(star(n)), press(star(n)), browser.Shows(`"<" + `+seen+` + ">"`, "<"+want+">")}
}

// officialChecks press every star, and count for nothing.
func officialChecks(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	for _, kind := range []string{"wordpress-1.12.6", "wordpress-1.11.1", "static", "volto"} {
		steps := []browser.Step{chromedp.Navigate(s.page(kind))}
		for n := 1; n <= 5; n++ {
			steps = append(steps, checker(n)...)
		}
		run(kind, append(steps, chromedp.Sleep(300*time.Millisecond), chromedp.Navigate("about:blank"), chromedp.Navigate(s.page(kind)), chromedp.Sleep(1200*time.Millisecond))...)
	}
	comes(t, d)
}

// unfinished: who leaves before the end has not rated.
func unfinished(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	leave := chromedp.Navigate("about:blank")
	run("a star", chromedp.Navigate(s.page("static")), click(star(5)), leave)
	run("an answer", chromedp.Navigate(s.page("static")), click(star(5)), click("label[for=radio-1]"), click(".btn-next"), leave)
	run("back to the beginning", chromedp.Navigate(s.page("static")), click(star(5)), click(".btn-next"), click(".btn-back"), click(".btn-back"), leave)
	run("volto", chromedp.Navigate(s.page("volto")), click(star(5)), click("[for=positive-0]"), click("#next"), click("#prev"), leave)
	run("another page, without loading", chromedp.Navigate(s.page("volto")), click(star(5)), click("[for=positive-0]"), click("#next"),
		browser.Script(`document.querySelector("textarea").insertAdjacentHTML("afterend", '<button type="button" id="clean">Cancella</button>')`), click("#clean"),
		browser.Script(`history.pushState(null, "", "/a/other/"); document.querySelector("#volto").remove()`), chromedp.Sleep(700*time.Millisecond))
	run("an event without a star", chromedp.Navigate(s.page("static")), browser.Script(`document.dispatchEvent(new Event("feedback-submit"))`))
	run("leave", append([]browser.Step{chromedp.Navigate(s.page("static"))}, settled()...)...)
	comes(t, d)
}

// trapped: what a program has filled in goes along, for the server to see.
func trapped(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	d.set("hotel") // The rating is no rating, and the test's door would complain.
	run("trap", chromedp.Navigate(s.page("volto")), browser.Script(`voltoTrap("http://spam.example")`), click(star(5)), click("[for=positive-0]"), click("#next"), click("#next"),
		browser.Shows(`localStorage.getItem("mlf-ratings")`, `"website":"http://spam.example"`), browser.Script(`localStorage.clear()`))
	comes(t, d)
}

// awayAndBack: a rating that the server did not take waits, and comes with its age.
func awayAndBack(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	waits := browser.Shows(`JSON.parse(localStorage.getItem("mlf-ratings")).map((w) => w.tries).join()`, "1")
	for _, mode := range []string{"away", "hotel"} {
		d.set(mode)
		run(mode, append(append([]browser.Step{chromedp.Navigate(s.page("static"))}, rated{2, 3, ""}.rate()...), waits)...)
		d.set("")
		run("back", append([]browser.Step{chromedp.Navigate(s.page("none")), d.arrives(1)}, settled()...)...)
		all := d.ratings()
		if len(all) != 1 || said(&all[0]) != "2 technical clarity "+s.URL+"/a/static/" || all[0].AgeMS < 3000 || all[0].AgeMS > 60_000 {
			t.Errorf("%s: got %+v", mode, all)
		}
	}
}

// lostAnswer: the server has taken a rating, and nobody heard of it. It comes again, under
// the same id.
func lostAnswer(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	d.set("cut")
	run("cut", append(append([]browser.Step{chromedp.Navigate(s.page("static"))}, rated{3, 0, ""}.rate()...), d.arrives(1))...)
	d.set("")
	before := d.count()
	run("again", append([]browser.Step{d.arrives(before + 1)}, settled()...)...)
	all := d.ratings()
	for i := range all {
		if identity(&all[i]) != identity(&all[0]) || said(&all[i]) != said(&all[0]) {
			t.Errorf("sending %d is %s %s, the first was %s %s", i, identity(&all[i]), said(&all[i]), identity(&all[0]), said(&all[0]))
		}
	}
}

// crowded: of more than 50 that wait the newest stay.
func crowded(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	d.set("away")
	run("sixty", chromedp.Navigate(s.page("static")), browser.Script(`for (let i = 0; i < 60; i++) {
			const input = document.querySelector(i < 10 ? "#star1a" : "#star5a");
			input.checked = true;
			input.dispatchEvent(new Event("change", { bubbles: true }));
			document.dispatchEvent(new Event("feedback-submit"));
		}`), browser.Shows(`JSON.parse(localStorage.getItem("mlf-ratings")).filter((w) => w.body.value === 5).length`, "50"),
		browser.Script(`localStorage.clear()`))
	comes(t, d)
}

// hostile: a page that forbids what we need goes on as if we were not there, and so does
// one where our stored ratings are garbage.
func hostile(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	fine := browser.Shows(`"wrongs: " + JSON.stringify(wrongs)`, "wrongs: []")
	thanks := browser.Shows(`document.querySelector('[data-step="3"]').className`, "")
	page := "4 clear clarity " + s.URL + "/a/static/"
	run("policy", append(append([]browser.Step{chromedp.Navigate(s.page("strict"))}, rated{4, 0, ""}.rate()...), thanks, browser.Shows(`localStorage.getItem("mlf-ratings")`, `"tries":1`), fine, browser.Script(`localStorage.clear()`))...)
	for _, garbage := range []string{"{", "7", "null", `[null,7,{}]`, `{"length":3}`, `[{"to":1,"body":{"id":2}}]`} {
		run(garbage, append(append([]browser.Step{chromedp.Navigate(s.page("static")), browser.Script(`localStorage.setItem("mlf-ratings", ` + "`" + garbage + "`" + `)`), chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("static"))},
			rated{4, 0, ""}.rate()...), d.arrives(1), chromedp.Sleep(1200*time.Millisecond), thanks, fine, browser.Script(`localStorage.clear()`))...)
		comes(t, d, page)
	}
	other := browser.Tab(t, tab)
	in := browser.Reader(t, other)
	in("no storage", append(append([]browser.Step{browser.Before(`Object.defineProperty(window, "localStorage", { get() { throw new Error("denied") } });`), chromedp.Navigate(s.page("static"))},
		rated{4, 0, ""}.rate()...), d.arrives(1), thanks, fine)...)
	comes(t, d, page)
	in("no fetch", append(append([]browser.Step{browser.Before(`window.fetch = undefined;`), chromedp.Navigate(s.page("static"))}, rated{4, 0, ""}.rate()...), thanks, fine)...)
	comes(t, d)
}

// TestIntegrity: a site may pin the script to its sum, and another script does not run.
func TestIntegrity(t *testing.T) {
	tab := human(t)
	d := newDoor(t)
	for _, name := range []string{"widget.js", "rating.js"} {
		pinned := newSite(t, d, fmt.Sprintf(`rating.js" integrity=%q crossorigin="anonymous" data-site="%s"`, file(t, name).Integrity, key))
		browser.Reader(t, tab)(name, append(append([]browser.Step{chromedp.Navigate(pinned.page("static"))}, rated{1, 4, ""}.rate()...), chromedp.Sleep(500*time.Millisecond))...)
		if name == "rating.js" {
			comes(t, d, "1 other clarity "+pinned.URL+"/a/static/")
		} else {
			comes(t, d)
		}
	}
}

// TestAProgramSaysSo: what a browser under control rates is a test.
func TestAProgramSaysSo(t *testing.T) {
	tab := browser.Open(t)
	d := newDoor(t)
	s := newSite(t, d, `rating.js" data-site="`+key+`" data-service="anagrafe"`)
	browser.Reader(t, tab)("rate", append(append([]browser.Step{chromedp.Navigate(s.page("static"))}, rated{1, 4, ""}.rate()...), d.arrives(1))...)
	comes(t, d, "1 other clarity "+s.URL+"/a/static/ anagrafe test")
}
