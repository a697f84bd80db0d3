package screens_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mlf/proof/browser"
	"mlf/proof/harness"
)

// The bodies of these tests: a comune, and a union that it belongs to.
const (
	sestriere = "c_i692"
	union     = "uc_x"
)

// desks are the addresses of a body's desk.
func desks() map[string]string {
	of := "body?ipa=" + sestriere
	return map[string]string{
		"desk-bodies": "body", "desk-terminals": of, "desk-closed": of + "&state=closed", "desk-claims": of + "&part=claims", "desk-orders": of + "&part=orders",
		"desk-alerts": of + "&part=alerts&state=all", "desk-settings": of + "&part=settings",
		"desk-union": "body?ipa=" + union, "desk-none": "body?ipa=nobody",
	}
}

// TestTheDesk looks after the terminals of a body, as somebody in its office would: first at
// a trial, which is open to the machine it runs on, then with the tokens of an issuer.
func TestTheDesk(t *testing.T) {
	if os.Getenv("MLF_TEST_SCREENS") == "" {
		t.Skip("make screens looks after a body's terminals")
	}
	r := newReader(t)
	up := harness.NewUp(t)
	up.Begin(t)
	r.home = pagesOf(up)
	join(t, up)
	r.each(t, "code", func(t *testing.T) { aCode(t, r, up) })
	r.each(t, "terminals", func(t *testing.T) { aTerminal(t, r.tab, r.home) })
	r.conflict(t, "orders", func(t *testing.T) { anOrder(t, r.tab, r.home) })
	r.conflict(t, "settings", func(t *testing.T) { whoIsTold(t, r) })
	r.conflict(t, "views", func(t *testing.T) { everyView(t, r, at{home: r.home, all: desks()}, looks()) })
	r.conflict(t, "layout", func(t *testing.T) { everyLayout(t, r.tab, at{home: r.home, all: desks()}) })
	r.leave(t)
	of := newIssuer(t)
	again(t, up, of.flags()...)
	r.conflict(t, "readers", func(t *testing.T) { readers(t, r.tab, r.home, of) })
	r.leave(t)
}

// conflict is each, where the browser also complains of answers of 400 to 409 that are
// shown in words.
func (r *reader) conflict(t *testing.T, name string, do func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		do(t)
		for _, line := range r.complaints.Take() {
			if !strings.Contains(line, "the server responded with a status of 40") {
				t.Errorf("the browser complains: %q", line)
			}
		}
	})
}

// join lets the bodies take part.
func join(t *testing.T, up *harness.Up) {
	t.Helper()
	harness.Run(t, "body", "add", "--kafka", up.Kafka, "--comune", "001263")
	harness.Run(t, "body", "add", union, "--kafka", up.Kafka, "--type", "unione", "--name", "Unione dei comuni della Via Lattea", "--comune", "001263,001022")
	harness.Eventually(t, 10*time.Second, func() error {
		status, text, err := harness.Get(t, pagesOf(up)+"v1/bodies")
		if err == nil && (status != http.StatusOK || !strings.Contains(text, union)) {
			err = fmt.Errorf("bodies: %d %s", status, text)
		}
		return err
	})
}

const (
	done    = `[...document.querySelectorAll(".part > .done")].map((e) => e.textContent).join("")`
	focused = `document.activeElement.id`
	faults  = `[...document.querySelectorAll(".fault:not([hidden])")].map((e) => e.textContent).join("; ")`
	dialogs = `document.querySelectorAll("dialog[open]").length`
)

// aCode makes two codes, prints them, and a device becomes a terminal by the first; the
// other is withdrawn.
func aCode(t *testing.T, r *reader, up *harness.Up) {
	t.Helper()
	tab := r.tab
	run := browser.Reader(t, tab)
	run("a trial is open", chromedp.EmulateViewport(1280, 900), chromedp.Navigate(r.home+"?lang=it"), shown(20*time.Second), browser.Shows(`document.getElementById("views").textContent`, "Ente"))
	run("a form that lacks something", chromedp.Navigate(r.home+desks()["desk-claims"]+"&lang=it"), shown(20*time.Second),
		chromedp.SetValue(chromedp.CSS("#claim-office"), "due parole"), chromedp.Click(chromedp.CSS("#claim-form-act")),
		browser.Shows(faults, "Soltanto lettere"), browser.Shows(faults, "almeno un servizio"), browser.Shows(focused, "claim-office"))
	audited(t, r, "desk-faults")
	run("codes", chromedp.SetValue(chromedp.CSS("#claim-office"), "sportello"), chromedp.SetValue(chromedp.CSS("#claim-count"), "2"),
		browser.Script(`document.querySelector("#claim-services input[value=anagrafe]").click()`), chromedp.Click(chromedp.CSS("#claim-form-act")),
		browser.Shows(`document.querySelectorAll("dialog.cards .qr").length`, "2"), browser.Shows(focused, "cards-title"), browser.Picture("desk-cards"))
	audited(t, r, "desk-cards")
	codes := browser.Ask[[]string](t, tab, `[...document.querySelectorAll(".claim-card .code")].map((e) => e.textContent)`)
	if len(codes) != 2 || codes[0] == codes[1] {
		t.Fatalf("got codes %q", codes)
	}
	run("they stand in no address", browser.Shows(`[location.href, ...performance.getEntries().map((e) => e.name)].join(" ").includes("`+strings.ReplaceAll(codes[0], "-", "")+`")`, "false"))
	run("on paper", browser.Script(`window.print = () => { document.documentElement.dataset.printed = "asked"; }`),
		chromedp.Click(chromedp.CSS("#cards-print")), browser.Shows(`document.documentElement.dataset.print + document.documentElement.dataset.printed`, "cardsasked"), browser.Script(`dispatchEvent(new Event("afterprint"))`))
	run("they are not lost by a key", chromedp.KeyEvent(kb.Escape), browser.Shows(focused, "cards-gone"), browser.Shows(dialogs, "1"))
	run("closed", chromedp.KeyEvent(kb.Enter), browser.Shows(dialogs, "0"), browser.Shows(done, "Codici fatti: 2"))

	hash := strings.Repeat("2cf24dba5fb0a30e", 4)
	status, text, err := harness.Do(t, http.MethodPost, "http://"+up.Ingest+"/v1/claims", "", `{"code":"`+codes[0]+`","claim":"4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c01","token_sha256":["`+hash+`"]}`)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("redeem: %d %s, %v", status, text, err)
	}
	const states = `[...document.querySelectorAll("[aria-labelledby=claims] .state")].map((e) => e.textContent).join()`
	run("used", chromedp.Navigate(r.home+desks()["desk-claims"]+"&lang=it"), shown(20*time.Second), browser.Shows(states, "usato"), browser.Shows(states, "aperto"))
	run("withdrawn", chromedp.Click(chromedp.CSS("[id^=withdraw-]")), browser.Shows(dialogs, "1"), chromedp.Click(chromedp.CSS("#sure-act")), browser.Shows(done, "ritirato"), browser.Shows(states, "ritirato"), browser.Shows(focused, "claims"))
	run("nothing is kept", browser.Shows(kept, "0"))
}

// audited reads what is on the screen as axe does.
func audited(t *testing.T, r *reader, what string) {
	t.Helper()
	found, err := r.auditor.Audit(r.tab)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, line := range found {
		t.Errorf("%s: %s", what, line)
	}
}

// aTerminal takes a terminal out of service, by the keyboard alone.
func aTerminal(t *testing.T, tab context.Context, home string) {
	t.Helper()
	run := browser.Reader(t, tab)
	const states = `[...document.querySelectorAll(".part tbody .state")].map((e) => e.textContent).join()`
	run("a terminal", chromedp.Navigate(home+desks()["desk-terminals"]+"&lang=it"), shown(20*time.Second), browser.Shows(`document.querySelectorAll(".part tbody tr").length`, "1"))
	run("what closing does is said", chromedp.Focus(chromedp.CSS("[id^=close-]")), chromedp.KeyEvent(kb.Enter), browser.Shows(`document.querySelector("dialog[open]").textContent`, "400 giorni"), browser.Shows(focused, "sure-not"), browser.Picture("desk-close"))
	run("no", chromedp.KeyEvent(kb.Enter), browser.Shows(dialogs, "0"), browser.Shows(focused, "close-"))
	run("yes", chromedp.KeyEvent(kb.Enter), browser.Shows(dialogs, "1"), browser.Shows(focused, "sure-not"), chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)), browser.Shows(focused, "sure-act"), chromedp.KeyEvent(kb.Enter),
		browser.Shows(done, "è chiuso"), browser.Shows(states, "chiuso"), browser.Shows(dialogs, "0"), browser.Shows(focused, "terminals"))
	run("only some", chromedp.SetValue(chromedp.CSS("#state"), "closed"), browser.Script(`delete document.documentElement.dataset.shown; document.getElementById("state").dispatchEvent(new Event("change"))`), shown(20*time.Second),
		browser.Shows("location.search", "state=closed"), browser.Shows(states, "chiuso"))
	run("revoked", chromedp.Click(chromedp.CSS("[id^=revoke-]")), browser.Shows(`document.querySelector("dialog[open]").textContent`, "non arriveranno più"), chromedp.Click(chromedp.CSS("#sure-act")), browser.Shows(done, "è revocato"))
}

// anOrder is refused by its programme, in words, and noted without it.
func anOrder(t *testing.T, tab context.Context, home string) {
	t.Helper()
	run := browser.Reader(t, tab)
	run("an order", chromedp.Navigate(home+desks()["desk-orders"]+"&lang=it"), shown(20*time.Second), chromedp.SetValue(chromedp.CSS("#order-gross"), "quattrocento"),
		chromedp.Click(chromedp.CSS("#order-form-act")), browser.Shows(faults, "importo come 400"), browser.Shows(focused, "order-gross"))
	run("too late", chromedp.SetValue(chromedp.CSS("#order-gross"), "400,50"), chromedp.SetValue(chromedp.CSS("#order-bonus"), "400"), chromedp.SetValue(chromedp.CSS("#order-programme"), "2009-2012"),
		chromedp.Click(chromedp.CSS("#order-form-act")), browser.Shows(`document.getElementById("order-form-said").textContent`, "non è nei giorni del bando"), browser.Picture("desk-order-broken"))
	run("its own money", chromedp.SetValue(chromedp.CSS("#order-programme"), ""), chromedp.SetValue(chromedp.CSS("#order-id"), "2026-001"), chromedp.Click(chromedp.CSS("#order-form-act")),
		browser.Shows(done, "2026-001"), browser.Shows(`document.querySelector("[aria-labelledby=orders] tbody").textContent`, "400,50"))
}

// whoIsTold sets what a body is told of and who is told, while somebody else does, too.
func whoIsTold(t *testing.T, r *reader) {
	t.Helper()
	run := browser.Reader(t, r.tab)
	const (
		at     = "v1/bodies/" + sestriere + "/alert-settings"
		said   = `document.getElementById("settings-form-said").textContent`
		secret = `document.querySelector("#secrets code")?.textContent ?? "none"`
	)
	here := func() (version int, language string) {
		t.Helper()
		status, text, err := harness.Get(t, r.home+at)
		if err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", at, status, text, err)
		}
		got := harness.Decode[struct {
			Version  int
			Language string
		}](t, text)
		return got.Version, got.Language
	}
	run("the usual rules", chromedp.Navigate(r.home+desks()["desk-settings"]+"&lang=it"), shown(20*time.Second), browser.Shows(`document.querySelectorAll(".rule").length`, "4"),
		browser.Shows(`document.querySelector(".part").textContent`, "Nessuno ha ancora scelto"))
	run("too much", chromedp.SetValue(chromedp.CSS("#rule-0-threshold"), "99"), chromedp.SetValue(chromedp.CSS("#settings-emails"), "urp"), chromedp.Click(chromedp.CSS("#settings-form-act")),
		browser.Shows(faults, "da 1 a 50"), browser.Shows(faults, "urp non è un indirizzo"), browser.Shows(focused, "rule-0-threshold"))
	audited(t, r, "desk-settings-faults")
	run("saved", chromedp.SetValue(chromedp.CSS("#rule-0-threshold"), "7,5"), chromedp.SetValue(chromedp.CSS("#settings-emails"), "urp@comune.example.it"), chromedp.SetValue(chromedp.CSS("#settings-hooks"), "https://avvisi.example.it/mlf"),
		chromedp.Click(chromedp.CSS("#settings-form-act")), browser.Shows(done, "Salvato"), browser.Shows(secret, "whsec_"), browser.Shows(focused, "settings-form-act"), browser.Picture("desk-secret"))
	run("the secret is shown once", chromedp.Navigate(r.home+desks()["desk-settings"]+"&lang=it"), shown(20*time.Second), browser.Shows(secret, "none"), browser.Shows(`document.getElementById("rule-0-threshold").value`, "7,5"))
	version, _ := here()
	if status, text, err := harness.Do(t, http.MethodPut, r.home+at, "", fmt.Sprintf(`{"version":%d,"language":"de","rules":[],"webhooks":[],"emails":["urp@comune.example.it"],"quiet_hours":null}`, version)); err != nil || status != http.StatusOK {
		t.Fatalf("another changes it: %d %s, %v", status, text, err)
	}
	run("nobody is overwritten", chromedp.Click(chromedp.CSS("#settings-form-act")), browser.Shows(said, "Qualcun altro"), chromedp.Click(chromedp.CSS("#settings-reload")),
		browser.Shows(`document.getElementById("settings-language").value`, "de"), browser.Shows(`document.querySelectorAll(".rule").length`, "0"))
	if got, language := here(); got != version+1 || language != "de" {
		t.Errorf("got version %d in %q, want %d in de", got, language, version+1)
	}
	run("a rule more", chromedp.Click(chromedp.CSS("#rule-add")), browser.Shows(focused, "rule-0-on"), chromedp.SetValue(chromedp.CSS("#settings-language"), "it"), chromedp.Click(chromedp.CSS("#settings-form-act")), browser.Shows(done, "Salvato"))
	run("a test", chromedp.Click(chromedp.CSS("#test-form-act")), browser.Shows(done, "La prova è chiesta"), browser.Shows(`document.querySelector(".test").textContent`, "Prova chiesta"))
	run("alerts", chromedp.Navigate(r.home+"body?ipa="+sestriere+"&part=alerts&lang=it"), shown(20*time.Second), browser.Shows(`document.querySelector(".part").textContent`, "Nessun avviso aperto"))
}

// readers shows the desk to the public, to a body, to another, and to an analyst.
func readers(t *testing.T, tab context.Context, home string, of *issuer) {
	t.Helper()
	run := browser.Reader(t, tab)
	bodies := func(role string, codes ...string) string {
		return of.tokenOf(t, role, map[string]any{"mlf_bodies": codes})
	}
	const entry = `[...document.querySelectorAll("#views a")].some((a) => a.pathname.endsWith("/body"))`
	enter := func(token string) {
		t.Helper()
		run("sign in", browser.Script(`delete document.documentElement.dataset.shown`), chromedp.Click(chromedp.CSS(signIn)), chromedp.SendKeys(chromedp.CSS("#token"), token), chromedp.KeyEvent(kb.Enter), shown(20*time.Second))
	}
	run("the public", chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+"accessibility?lang=it"), shown(20*time.Second), browser.Shows(entry, "false"))
	run("who has no token is asked for it", chromedp.Navigate(home+"body?lang=it"), shown(20*time.Second), browser.Shows(`document.getElementById("view").textContent`, "Serve il token"), browser.Picture("desk-sign-in"))
	enter(bodies("body", sestriere))
	run("a body is shown its own", browser.Shows(`document.getElementById("body-name").textContent`, "Comune di Sestriere"), browser.Shows(entry, "true"), browser.Shows("location.href.length < 80", "true"))
	run("and no other", browser.Script(`delete document.documentElement.dataset.shown; { const a = document.createElement("a"); a.href = "body?ipa=`+union+`&lang=it"; document.getElementById("view").append(a); a.click(); }`), shown(20*time.Second),
		browser.Shows(`document.getElementById("view").textContent`, "di un altro ente"))
	run("nothing is kept", browser.Shows(kept, "0"), chromedp.Navigate(home+"body?lang=it"), shown(20*time.Second), browser.Shows(entry, "true"), browser.Shows(`document.getElementById("view").textContent`, "Serve il token"))
	enter(of.token(t, "analyst"))
	run("an analyst reads", browser.Shows(`document.querySelectorAll(".bodies li").length`, "2"), chromedp.Click(chromedp.CSS(".bodies a")), browser.Shows(`document.getElementById("body-name") !== null`, "true"))
	for _, path := range []string{"", "/" + sestriere, "/" + sestriere + "/terminals", "/" + sestriere + "/claims", "/" + sestriere + "/orders"} {
		uncached(t, home+"v1/bodies"+path, of.token(t, "analyst"))
	}
}

// uncached tells that what the desk answers is kept by nobody on its way.
func uncached(t *testing.T, url, token string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if got := answer.Header.Get("Cache-Control"); answer.StatusCode != http.StatusOK || got != "no-store" {
		t.Errorf("%s: got %d, Cache-Control %q", url, answer.StatusCode, got)
	}
}
