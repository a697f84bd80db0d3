package script_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mlf/proof/browser"
)

// axeFile is axe-core, where make page-check installs it.
const axeFile = "../../../query/dashboard/web/node_modules/axe-core/axe.min.js"

// phone makes the window as narrow as the law's checks have it.
func phone() browser.Step { return chromedp.EmulateViewport(360, 640) }

// fits tells how much wider than the window the page is: 0, or a reader must scroll.
const fits = `"wider by " + (document.documentElement.scrollWidth - document.documentElement.clientWidth)`

// targets are the controls and labels that are smaller than 44 pixels.
const targets = `"small: " + [...document.querySelectorAll(".mlf-row label, .mlf-answer label, .mlf-send")].filter((e) => e.offsetParent).filter((e) => e.getBoundingClientRect().height < 43.9).map((e) => e.textContent).join()`

// TestWidget: the form on a page that has none passes the official checks, and one who
// has no mouse.
func TestWidget(t *testing.T) {
	tab := human(t)
	run := func(name, attributes string, f func(*testing.T, context.Context, *door, *site)) {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t)
			f(t, tab, d, newSite(t, d, `widget.js" data-site="`+key+`" `+attributes))
			browser.Reader(t, tab)("leave", chromedp.Navigate("about:blank"))
		})
	}
	run("mouse", `data-service="anagrafe"`, widgetByMouse)
	run("keys", `data-question="ease" data-text="event"`, widgetByKeys)
	run("checks", "", widgetIsChecked)
	run("narrow", `data-text="event"`, widgetIsNarrow)
	run("languages", "", widgetSpeaks)
	run("trap", "", widgetTraps)
	run("both", "", widgetBesideTheOther)
}

func widgetByMouse(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	thanks := browser.Shows(`document.querySelector("[data-mlf-rating]").textContent`, "Grazie, il tuo parere")
	run("with an answer", chromedp.Navigate(s.page("none")), click(star(2)), click(`label[for$="-negative-technical"]`), click(".mlf-send"), thanks, d.arrives(1))
	run("without", chromedp.Navigate(s.page("none")), click(star(5)), click(".mlf-send"), thanks, d.arrives(2))
	run("another star", chromedp.Navigate(s.page("none")), click(star(1)), click(`label[for$="-negative-unclear"]`), click(star(4)), click(".mlf-send"), thanks, d.arrives(3))
	run("leave", append([]browser.Step{chromedp.Navigate(s.page("none"))}, settled()...)...)
	page := " clarity " + s.URL + "/a/none/ anagrafe"
	comes(t, d, "2 technical"+page, "5 skipped"+page, "4 skipped"+page)
}

// widgetByKeys goes through the form by the keyboard alone; the words go to the page, and
// to nobody else.
func widgetByKeys(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	at := func(want string) browser.Step { return browser.Shows("document.activeElement.id", want) }
	run("keys", chromedp.Navigate(s.page("none")), browser.Script(`document.addEventListener("mlf-rating", (e) => { window.told = JSON.stringify(e.detail) })`),
		browser.Script(`document.querySelector("h1").tabIndex = -1; document.querySelector("h1").focus()`),
		chromedp.KeyEvent("\t"), at("-value-1"), chromedp.KeyEvent(" "), browser.Shows(`document.querySelector(".mlf-on").textContent`, "★"),
		chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight), at("-value-4"),
		chromedp.KeyEvent("\t"), at("-positive-clear"), chromedp.KeyEvent(" "), chromedp.KeyEvent(kb.ArrowRight), at("-positive-complete"),
		chromedp.KeyEvent("\t"), at("-text"), chromedp.KeyEvent("Bravi, davvero"),
		chromedp.KeyEvent("\t"), browser.Shows("document.activeElement.className", "mlf-send"), chromedp.KeyEvent("\r"),
		browser.Shows("document.activeElement.textContent", "Grazie"), d.arrives(1),
		browser.Shows("window.told", `{"value":4,"reason":"complete","text":"Bravi, davvero"}`))
	if body := d.last(); strings.Contains(body, "Bravi") || strings.Contains(body, "text") {
		t.Errorf("what the citizen wrote was sent: %s", body)
	}
	comes(t, d, "4 complete ease "+s.URL+"/a/none/")
}

// official are the texts that the checks look for.
const official = `(() => {
	const text = (e) => (e ? e.textContent.trim().toLowerCase() : "missing");
	const all = (of, name) => [...of.querySelectorAll('[data-element="' + name + '"]')];
	const form = document.querySelector('[data-element="feedback"]');
	const found = [];
	const is = (what, got, want) => { if (got !== want) found.push(what + ": " + got); };
	is("title", text(form.querySelector('[data-element="feedback-title"]')), "quanto sono chiare le informazioni su questa pagina?");
	is("input", all(form, "feedback-input-text").length, 1);
	for (const n of [1, 2, 3, 4, 5]) is("star " + n, all(form, "feedback-rate-" + n).length, 1);
	const branches = {
		"feedback-rating-positive": ["quali sono stati gli aspetti che hai preferito?", "le indicazioni erano chiare,le indicazioni erano complete,capivo sempre che stavo procedendo correttamente,non ho avuto problemi tecnici,altro"],
		"feedback-rating-negative": ["dove hai incontrato le maggiori difficoltà?", "a volte le indicazioni non erano chiare,a volte le indicazioni non erano complete,a volte non capivo se stavo procedendo correttamente,ho avuto problemi tecnici,altro"],
	};
	for (const [name, [question, answers]] of Object.entries(branches)) {
		const branch = form.querySelector('[data-element="' + name + '"]');
		is(name, text(branch.querySelector('[data-element="feedback-rating-question"]')), question);
		is(name, all(branch, "feedback-rating-answer").map(text).join(), answers);
	}
	return "wrong: " + found.join("; ");
})()`

// widgetIsChecked: the form is as the official checks want it, and they are no rating.
func widgetIsChecked(t *testing.T, tab context.Context, d *door, s *site) {
	steps := []browser.Step{chromedp.Navigate(s.page("none")), browser.Shows(official+` + "."`, "wrong: .")}
	for n := 1; n <= 5; n++ {
		steps = append(steps, checker(n)...)
	}
	browser.Reader(t, tab)("checks", append(steps, chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("none")), chromedp.Sleep(1200*time.Millisecond))...)
	comes(t, d)
}

// widgetIsNarrow: nothing is cut off at 360 pixels, all can be hit with a thumb, and
// axe-core finds nothing.
func widgetIsNarrow(t *testing.T, tab context.Context, _ *door, s *site) {
	run := browser.Reader(t, tab)
	run("narrow", phone(), chromedp.Navigate(s.page("none")), browser.Shows(fits+` + "."`, "wider by 0."))
	for n := 1; n <= 5; n++ {
		run("star", click(star(n)), browser.Shows(fits+` + "."`, "wider by 0."), browser.Shows(targets+` + "."`, "small: ."))
	}
	run("picture", browser.Picture("rating-widget"))
	t.Run("axe", func(t *testing.T) { audited(t, browser.NewAuditor(t, axeFile), tab) })
	run("wide again", chromedp.EmulateViewport(1280, 900))
}

// audited fails where axe-core finds something.
func audited(t *testing.T, by *browser.Auditor, tab context.Context) {
	t.Helper()
	found, err := by.Audit(tab)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range found {
		t.Error(line)
	}
}

// widgetSpeaks the language of the page, before that of the browser.
func widgetSpeaks(t *testing.T, tab context.Context, d *door, s *site) {
	run := browser.Reader(t, tab)
	of := func(language, want string) {
		t.Helper()
		as := browser.Tab(t, tab)
		browser.Reader(t, as)(language, browser.Before(`document.addEventListener("readystatechange", () => { if (document.readyState === "interactive") document.documentElement.lang = "`+language+`" })`),
			chromedp.Navigate(s.page("none")), browser.Shows(`document.querySelector(".mlf-title").textContent`, want), browser.Shows(`document.querySelector(".mlf").lang`, strings.ToLower(language[:2])))
	}
	of("it-IT", "Quanto sono chiare")
	of("EN", "How clear is")
	of("de-IT", "Wie verständlich")
	run("of a tag", chromedp.Navigate(newSite(t, d, `widget.js" data-site="`+key+`" data-lang="de" data-question="ease"`).page("none")), browser.Shows(`document.querySelector(".mlf-title").textContent`, "Wie einfach war es"))
}

// widgetTraps: who fills in what nobody sees is shown to the server.
func widgetTraps(t *testing.T, tab context.Context, d *door, s *site) {
	d.set("hotel")
	browser.Reader(t, tab)("trap", chromedp.Navigate(s.page("none")), browser.Script(`document.querySelector(".mlf-trap input").value = "x"`), click(star(5)), click(".mlf-send"),
		browser.Shows(`localStorage.getItem("mlf-ratings")`, `"website":"x"`), browser.Script("localStorage.clear()"))
	comes(t, d)
}

// widgetBesideTheOther: the script for pages with a form of their own leaves ours alone.
func widgetBesideTheOther(t *testing.T, tab context.Context, d *door, _ *site) {
	both := newSite(t, d, `rating.js" data-site="`+key+`" defer></script><script src="`+d.URL+`/v1/widget.js" data-site="`+key+`"`)
	run := browser.Reader(t, tab)
	run("both", chromedp.Navigate(both.page("none")), click(star(3)), click(`label[for$="-negative-other"]`), click(".mlf-send"), d.arrives(1))
	run("leave", append([]browser.Step{chromedp.Navigate(both.page("none"))}, settled()...)...)
	comes(t, d, "3 other clarity "+both.URL+"/a/none/")
}

// TestWidgetOnAGuardedPage: a site with a content policy allows our scripts, our styles
// and what they send, and nothing else is asked for.
func TestWidgetOnAGuardedPage(t *testing.T) {
	tab := human(t)
	d := newDoor(t)
	s := newSite(t, d, `widget.js" data-site="`+key+`"`)
	complaints := browser.Listen(t, tab)
	browser.Reader(t, tab)("guarded", chromedp.Navigate(s.page("guarded")), browser.Shows(`getComputedStyle(document.querySelector(".mlf-star")).minWidth`, "48px"),
		click(star(4)), click(`label[for$="-positive-clear"]`), click(".mlf-send"), d.arrives(1))
	comes(t, d, "4 clear clarity "+s.URL+"/a/guarded/")
	if found := complaints.Take(); len(found) > 0 {
		t.Errorf("complaints: %s", strings.Join(found, "\n"))
	}
}

// TestPhonePage: the page behind the code on a poster takes one rating a session.
func TestPhonePage(t *testing.T) {
	tab := human(t)
	d := newDoor(t)
	complaints := browser.Listen(t, tab)
	run := browser.Reader(t, tab)
	address := func(query string) string { return d.URL + "/v/" + key + query }
	thanks := browser.Shows(`document.querySelector("main").textContent`, "Grazie, il tuo parere")
	run("narrow", phone(), chromedp.Navigate(address("?s=anagrafe")), browser.Shows(`document.title`, "Come valuti questo servizio?"), browser.Shows(fits+` + "."`, "wider by 0."),
		click(".mlf-star"), click(`.mlf-row label:nth-of-type(4)`), browser.Shows(fits+` + "."`, "wider by 0."), browser.Shows(targets+` + "."`, "small: ."), browser.Picture("rating-phone"))
	axe := func(name string) {
		t.Run("axe "+name, func(t *testing.T) { audited(t, browser.NewAuditor(t, axeFile), tab) })
	}
	axe("form")
	run("rate", click(`label[for$="-positive-sure"]`), click(".mlf-send"), thanks, d.arrives(1))
	axe("thanks")
	run("again", chromedp.Navigate("about:blank"), chromedp.Navigate(address("?s=anagrafe")), thanks)
	axe("again")
	run("another service", chromedp.Navigate(address("?s=tributi&lang=de")), browser.Shows(`document.documentElement.lang`, "de"), click(".mlf-star"), click(".mlf-send"), d.arrives(2))
	run("large letters", browser.Script(`document.documentElement.style.fontSize = "200%"`), chromedp.Navigate(address("?s=urp&lang=de")), click(`.mlf-row label:nth-of-type(2)`),
		browser.Script(`document.documentElement.style.fontSize = "200%"`), browser.Shows(fits+` + "."`, "wider by 0."))
	run("no service", chromedp.Navigate(address("")), click(".mlf-star"), click(".mlf-send"), thanks, d.arrives(3))
	run("no key", chromedp.Navigate(d.URL+"/v/?s=anagrafe"), browser.Shows(`document.querySelector("main").textContent`, "non è completo"))
	axe("no key")
	run("a broken key", chromedp.Navigate(d.URL+"/v/%3Cb%3E"), browser.Shows(`document.querySelector("main").textContent`, "non è completo"))
	run("leave", append([]browser.Step{chromedp.Navigate(address("?s=anagrafe"))}, settled()...)...)
	comes(t, d, "4 sure   anagrafe", "1 skipped   tributi", "1 skipped  ")
	if found := complaints.Take(); len(found) > 0 {
		t.Errorf("complaints: %s", strings.Join(found, "\n"))
	}
	noScript(t, d)
}

// TestMessagePage: the page behind the button of a message asks for ease, in three
// languages, keeps no cookie, and takes one rating of a message a session; whoever opens
// the message elsewhere sends the same message.
func TestMessagePage(t *testing.T) {
	tab := human(t)
	d := newDoor(t)
	complaints := browser.Listen(t, tab)
	run := browser.Reader(t, tab)
	const one, two = "01HMRVQ8Z9T5W4N2K7B3C6D1E0", "7d444840-9dc0-11d1-b245-5ffdce74fad2"
	address := func(message, lang string) string {
		return d.URL + "/v/" + key + "?s=tributi&m=" + message + "&lang=" + lang
	}
	for lang, title := range map[string]string{"it": "Quanto è stato facile usare questo servizio?", "en": "How easy was it to use this service?", "de": "Wie einfach war es, diesen Dienst zu nutzen?"} {
		run(lang, phone(), chromedp.Navigate(address(one, lang)), browser.Shows(`document.title`, title), browser.Shows(`document.querySelector("h1").textContent`, title),
			browser.Shows(`document.documentElement.lang`, lang), click(`.mlf-row label:nth-of-type(2)`), browser.Shows(fits+` + "."`, "wider by 0."), browser.Shows(targets+` + "."`, "small: ."))
		t.Run("axe "+lang, func(t *testing.T) { audited(t, browser.NewAuditor(t, axeFile), tab) })
	}
	thanks := browser.Shows(`document.querySelector("main").textContent`, "Grazie, il tuo parere")
	run("rate", chromedp.Navigate(address(one, "it")), click(".mlf-star"), click(".mlf-send"), thanks, d.arrives(1))
	run("again", chromedp.Navigate("about:blank"), chromedp.Navigate(address(one, "it")), thanks)
	run("another message", chromedp.Navigate(address(two, "it")), click(`.mlf-row label:nth-of-type(5)`), click(".mlf-send"), thanks, d.arrives(2))
	run("elsewhere", browser.Script(`sessionStorage.clear()`), chromedp.Navigate(address(one, "it")), click(`.mlf-row label:nth-of-type(5)`), click(".mlf-send"), d.arrives(3))
	run("no cookie", append(settled(), browser.Shows(`"<" + document.cookie + ">"`, "<>"))...)
	all := d.ratings()
	comesAs := func(i int, want string) {
		t.Helper()
		if len(all) != 3 || said(&all[i]) != want || !all[i].HasMessage {
			t.Errorf("rating %d: got %+v, want %s", i, all, want)
		}
	}
	comesAs(0, "1 skipped ease  tributi")
	comesAs(1, "5 skipped ease  tributi")
	comesAs(2, "5 skipped ease  tributi")
	if len(all) == 3 && (all[0].Message != all[2].Message || all[0].Message == all[1].Message || all[0].ID == all[2].ID) {
		t.Errorf("messages: got %x, %x, %x", all[0].Message, all[1].Message, all[2].Message)
	}
	if found := complaints.Take(); len(found) > 0 {
		t.Errorf("complaints: %s", strings.Join(found, "\n"))
	}
}

// noScript: who has none is told so.
func noScript(t *testing.T, d *door) {
	t.Helper()
	tab := human(t)
	off := chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	browser.Reader(t, tab)("no script", off, chromedp.Navigate(fmt.Sprintf("%s/v/%s", d.URL, key)), browser.Shows(`document.querySelector("noscript").textContent`, "serve JavaScript"))
}
