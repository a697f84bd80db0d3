package screens_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"mlf/proof/browser"
	"mlf/proof/harness"
)

// An issuer signs tokens, and keeps its key set in a file.
type issuer struct {
	keys string
	key  ed25519.PrivateKey
}

const (
	issuerName = "https://login.example.it"
	audience   = "mlf"
)

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: "1", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{keys: filepath.Join(t.TempDir(), "keys.json"), key: private}
	if err := os.WriteFile(i.keys, set, 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

// token is one of a role and a body's comuni, for an hour.
func (i *issuer) token(t *testing.T, role string, comuni ...string) string {
	t.Helper()
	return i.tokenOf(t, role, map[string]any{"mlf_comuni": comuni})
}

// tokenOf is one of a role, with further claims, for an hour.
func (i *issuer) tokenOf(t *testing.T, role string, further map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: i.key}, new(jose.SignerOptions).WithType("JWT").WithHeader("kid", "1"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	token, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": issuerName, "aud": audience, "sub": role, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "mlf_role": role,
	}).Claims(further).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// flags are those of a service that shows the public lots, and others what their
// tokens say.
func (i *issuer) flags() []string {
	return []string{"--disclosure", "lots", "--issuer", issuerName, "--audience", audience, "--issuer-keys", i.keys}
}

const (
	whose  = `document.getElementById("audience").hidden ? "the public's" : document.getElementById("audience").textContent`
	signIn = "#reader .sign-in"
)

// roles shows the same address to the public, to a body, to an analyst, and to somebody
// whose token is of nobody.
func roles(t *testing.T, tab context.Context, home string, of *issuer) {
	t.Helper()
	run := browser.Reader(t, tab)
	enter := func(token string) {
		t.Helper()
		run("sign in", chromedp.Click(chromedp.CSS(signIn)), chromedp.SendKeys(chromedp.CSS("#token"), token), chromedp.KeyEvent(kb.Enter))
	}
	leave := func() {
		t.Helper()
		run("sign out", browser.Script(`delete document.documentElement.dataset.shown`), chromedp.Click(chromedp.CSS(signIn)), shown(20*time.Second), browser.Shows(whose, "the public's"))
	}
	const year = "trend?period=last-365-days&lang=it"
	run("the public", chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+year), shown(20*time.Second), browser.Shows(whose, "the public's"))
	public := browser.Ask[int](t, tab, voted)

	enter(of.token(t, "body", "058091"))
	run("a body", browser.Shows(whose, "del proprio ente"), shown(20*time.Second), browser.Picture("role-body"))
	body := browser.Ask[int](t, tab, voted)
	run("a body goes on", browser.Script(`[...document.querySelectorAll("#views a")].find((a) => a.href.includes("place")).click()`), browser.Shows("location.pathname", "/place"), shown(20*time.Second), browser.Shows(whose, "del proprio ente"))
	for _, view := range views() {
		run(view, browser.Script(`delete document.documentElement.dataset.shown; [...document.querySelectorAll("#views a")].find((a) => a.pathname.endsWith("/`+view+`")).click()`), shown(20*time.Second))
		if problem := browser.Ask[string](t, tab, refused); problem != "" && view != "compare" { // Which compares others with each other, until its own are chosen.
			t.Errorf("a body's %q: %s", view, problem)
		}
	}
	run("what a body compares can be chosen anew", browser.Script(`delete document.documentElement.dataset.shown; [...document.querySelectorAll("#views a")].find((a) => a.pathname.endsWith("/compare")).click()`), shown(20*time.Second),
		browser.Shows(`document.getElementById("chosen") !== null`, "true"), browser.Picture("role-body-compare"))
	run("back", chromedp.Evaluate[chromedp.Void](`void [...document.querySelectorAll("#views a")].find((a) => a.href.includes("trend")).click()`), browser.Shows("location.pathname", "/trend"), shown(20*time.Second))
	leave()

	run("the same", chromedp.Navigate(home+year), shown(20*time.Second), browser.Shows(whose, "the public's"))
	enter(of.token(t, "analyst"))
	run("an analyst", browser.Shows(whose, "tutto il Paese"), shown(20*time.Second))
	all := browser.Ask[int](t, tab, voted)
	if body == 0 || body >= public || public > all {
		t.Errorf("votes of a year: a body's %d, the public's %d, all %d", body, public, all)
	}
	for as, want := range map[string]int{of.token(t, "body", "058091"): body, of.token(t, "analyst"): all} {
		_, told, err := harness.Do(t, "GET", home+"v1/stats?period=last-365-days&compare=previous", as, "") // As the trend does: of hours that are over.
		if err != nil {
			t.Fatal(err)
		}
		if got := harness.Decode[struct{ Rows []struct{ N int } }](t, told).Rows[0].N; got != want {
			t.Errorf("shown %d votes, the API answers %d", want, got)
		}
	}
	run("nothing is kept", browser.Shows(kept, "0"), chromedp.Navigate(home+year), shown(20*time.Second), browser.Shows(whose, "the public's"))
	enter("nobody's")
	run("no token", browser.Shows(refused, "token"), browser.Picture("role-refused"))
	leave()
}
