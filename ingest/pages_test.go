package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/ingest"
	"mlf/ingest/enrolment"
	"mlf/ingest/pages"
	"mlf/ingest/setup"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/proxies"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

// A registryDouble is the registry topic, followed within the call that writes to it.
type registryDouble struct {
	mu      sync.Mutex
	network *network.Network
	err     error         // What PutRegistry returns.
	hold    chan struct{} // PutRegistry waits until it is closed.
	entered chan struct{} // One for each that waits.
}

func (r *registryDouble) ReadRecords(context.Context, func(string, []byte) error) error { return nil }

func (r *registryDouble) PutRegistry(ctx context.Context, key string, value []byte) error {
	r.mu.Lock()
	err, hold := r.err, r.hold
	r.mu.Unlock()
	if hold != nil {
		r.entered <- struct{}{}
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(r.network.Terminals().Apply(key, value), r.network.Apply(key, value))
}

func (r *registryDouble) set(err error, hold chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err, r.hold = err, hold
}

// A pageDoor is a door that shows pages and sets devices up.
type pageDoor struct {
	*door
	topic  *registryDouble
	offers *enrolment.Offers
}

func openPages(t *testing.T) *pageDoor {
	t.Helper()
	lists := schematest.Lists(t)
	terminals := new(schema.Terminals)
	n := network.New(terminals)
	topic := &registryDouble{network: n, entered: make(chan struct{}, 64)}
	offers := enrolment.FollowedOffers(topic, n)
	files, err := pages.New("https://stat.example.it/v1/terminals/self/watermark", func(name string) bool { return name == "site" })
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, ingest.Config{Pages: &ingest.Pages{
		Files: files, Desk: setup.New(offers, lists, "https://stat.example.it/v1/terminals/self/watermark"),
		Proxies: proxies.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
	}})
	c := &pageDoor{d, topic, offers}
	body := network.Body{Code: "c_i692", Type: network.TypeComune, Name: "Comune di Sestriere", Joined: registry.DateOf(clock), Members: []network.Member{{Comune: 1263}}}
	key, value, err := body.RegistryRecord()
	if err == nil {
		err = topic.PutRegistry(t.Context(), key, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// complete tells that all was read.
func (c *pageDoor) complete() {
	c.terminals.SetComplete()
	c.topic.network.SetComplete()
	c.topic.network.Terminals().SetComplete()
}

func (c *pageDoor) code(made time.Time) (string, *network.Offer) {
	c.t.Helper()
	code, offer, err := c.offers.Create(c.t.Context(), "c_i692", []schema.Enrolment{{
		Comune: 1263, Office: "sportello-unico", Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3, Since: made,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}},
	}}, made)
	if err != nil {
		c.t.Fatal(err)
	}
	return code.String(), offer
}

func TestPagesAndScripts(t *testing.T) {
	d := openPages(t)
	f := func(method, path string, status int, name, value string, header ...string) answer {
		t.Helper()
		got := d.send(method, path, "", nil, header...)
		if got.status != status || got.header.Get(name) != value {
			t.Errorf("%s %s: got %d, %s %q, want %d, %q", method, path, got.status, name, got.header.Get(name), status, value)
		}
		wantShared(t, path, got)
		return got
	}
	wantProblem(t, f("GET", "/v/site", 503, "", ""), 503, "terminals-unread")
	d.complete()
	d.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	f("GET", "/k", 308, "Location", "/k/")
	page := f("GET", "/k/", 200, "Content-Type", "text/html; charset=utf-8")
	if !strings.Contains(page.header.Get("Content-Security-Policy"), "connect-src 'self' https://stat.example.it;") || page.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(page.body, `id="screen"`) {
		t.Errorf("got %v, want the kiosk under its policy", page.header)
	}
	tag := page.header.Get("ETag")
	if kept := f("GET", "/k/", 304, "ETag", tag, "If-None-Match", tag); kept.body != "" {
		t.Errorf("got %d bytes with 304", len(kept.body))
	}
	if head := f("HEAD", "/k/", 200, "Content-Length", fmt.Sprint(len(page.body)), "Accept-Encoding", "identity"); head.body != "" {
		t.Errorf("got %d bytes of HEAD", len(head.body))
	}
	f("GET", "/v1/rating.js", 200, "Content-Encoding", "gzip", "Accept-Encoding", "gzip")
	f("GET", "/v1/widget.css", 200, "Cache-Control", "public, max-age=3600")
	f("GET", "/v/site?s=anagrafe", 200, "Referrer-Policy", "no-referrer")
	f("POST", "/k/", 405, "Allow", "GET, HEAD")
	f("OPTIONS", "/v1/rating.js", 204, "Allow", "GET, HEAD, OPTIONS")
	wantProblem(t, f("GET", "/k/x", 404, "", ""), 404, "not-found")
	wantProblem(t, f("GET", "/v/nobody", 404, "", ""), 404, "not-found")
	wantProblem(t, f("GET", "/k/%2e%2e/v1/x", 404, "", ""), 404, "not-found")
}

func TestConfigurations(t *testing.T) {
	d := openPages(t)
	doc := described(t)
	const path = "/v1/terminals/self/config"
	get := func(token string, header ...string) answer {
		t.Helper()
		got := d.send("GET", path, token, nil, header...)
		doc.check("GET", path, got)
		wantShared(t, path, got)
		return got
	}
	wantProblem(t, get("early"), 503, "terminals-unread")
	tm := d.enrol(nil)
	revoked := d.enrol(func(e *schema.Enrolment) { e.Revoked = true })
	wantProblem(t, get(tm.token), 503, "terminals-unread") // Bodies are still being read.
	d.complete()
	got := get(tm.token)
	want := `{"terminal":"` + tm.Terminal.String() + `","comune":"058091","name":"Roma","office":"eur","channel":"counter","scale":"mlf3","services":[{"code":"anagrafe",`
	if got.status != 200 || !strings.HasPrefix(got.body, want) || got.header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("got %d %s, want %s…", got.status, got.body, want)
	}
	tag := got.header.Get("ETag")
	if kept := get(tm.token, "If-None-Match", tag); kept.status != 304 || kept.body != "" || kept.header.Get("ETag") != tag {
		t.Errorf("got %d %s, want 304", kept.status, kept.body)
	}
	if other := get(tm.token, "If-None-Match", `"x"`); other.status != 200 || other.body != got.body {
		t.Errorf("got %d, want the same again", other.status)
	}
	wantProblem(t, get(""), 401, "unknown-token")
	wantProblem(t, get("nobody"), 401, "unknown-token")
	wantProblem(t, get(revoked.token), 403, "revoked-terminal")
	wantProblem(t, d.post(path, tm.token, []byte("{}")), 405, "method-not-allowed")
	d.apply(schema.Closure{Terminal: tm.Terminal, At: clock}.RegistryRecord())
	if got := get(tm.token); got.status != 200 {
		t.Errorf("closed: got %d, want 200: it still sends what it holds", got.status)
	}
}

func TestClaims(t *testing.T) {
	d := openPages(t)
	doc := described(t)
	const preview, claims = "/v1/claims/preview", "/v1/claims"
	f := func(path, body string, status int, want string, header ...string) answer {
		t.Helper()
		got := d.post(path, "", []byte(body), header...)
		if got.status != status || !strings.HasPrefix(got.body, want) {
			t.Errorf("%s %s: got %d %s, want %d %s", path, body, got.status, got.body, status, want)
		}
		doc.check("POST", path, got)
		wantShared(t, path, got)
		return got
	}
	const urn = `{"type":"urn:mlf:problem:`
	code, offer := d.code(clock)
	old, _ := d.code(clock.Add(-25 * time.Hour))
	back, withdrawn := d.code(clock)
	if err := d.offers.Withdraw(t.Context(), withdrawn.Hash, clock); err != nil {
		t.Fatal(err)
	}
	shown := func(code string) string { return fmt.Sprintf(`{"code":%q}`, code) }
	attempt := func(code string, device int) string {
		return fmt.Sprintf(`{"code":%q,"claim":"00000000-0000-4000-8000-%012x","token_sha256":["%x"]}`, code, device, schema.HashToken(fmt.Append(nil, device)))
	}
	f(preview, shown(code), 503, urn+"terminals-unread")
	d.complete()
	f(preview, shown(code), 200, `{"name":"Comune di Sestriere","office":"sportello-unico","channel":"totem","services":["Anagrafe"],"terminals":1,"expires":"2026-11-23T09:00:00.12Z"}`)
	f(preview, shown(old), 410, urn+"expired-code")
	f(preview, shown(back), 410, urn+"withdrawn-code")
	f(claims, attempt(old, 1), 410, urn+"expired-code")
	f(claims, attempt(back, 1), 410, urn+"withdrawn-code")
	f(claims, strings.Replace(attempt(code, 1), `"token_sha256":["`, `"token_sha256":["00`, 1), 400, urn+"malformed-body")
	f(claims, `{`, 400, urn+"malformed-body")
	f(claims, attempt(code, 1), 415, urn+"unsupported-media-type", "Content-Type", "text/plain")
	f(claims, attempt(code, 1), 415, urn+"unsupported-media-type", "Content-Encoding", "br")
	f(claims, strings.Repeat(" ", setup.BodyMax+1), 413, urn+"too-large")
	wantProblem(t, d.send("GET", claims, "", nil), 405, "method-not-allowed")

	d.topic.set(errors.New("no leader"), nil)
	f(claims, attempt(code, 1), 503, urn+"claim-undecided")
	d.topic.set(nil, nil)
	device := `{"device":"00000000-0000-4000-8000-000000000001","terminals":["` + offer.Terminals[0].Terminal.String() + `"]}`
	if got := f(claims, attempt(code, 1), 201, device); got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v, want it kept by nobody", got.header)
	}
	f(claims, attempt(code, 1), 201, device)
	f(claims, attempt(code, 2), 410, urn+"used-code")
	f(preview, shown(code), 410, urn+"used-code")

	for range 10 {
		f(claims, attempt("BCDF-GHJK-LMNP", 1), 404, urn+"unknown-code", "X-Forwarded-For", "192.0.2.7")
	}
	if got := f(preview, shown(code), 429, urn+"too-many-codes", "X-Forwarded-For", "192.0.2.200"); got.header.Get("Retry-After") != "3600" {
		t.Errorf("got Retry-After %q, want an hour", got.header.Get("Retry-After"))
	}
	f(preview, shown(code), 410, urn+"used-code", "X-Forwarded-For", "198.51.100.1")
	d.stop()
	for _, secret := range []string{code, strings.ReplaceAll(code, "-", ""), old, back} {
		if strings.Contains(d.logged.String(), secret) {
			t.Errorf("the log tells the code %s", secret)
		}
	}
}

// TestClaimsHoldNobodyUp: some wait for the registry, one more is told to come back, and
// votes notice nothing.
func TestClaimsHoldNobodyUp(t *testing.T) {
	d := openPages(t)
	tm := d.enrol(nil)
	d.complete()
	code, _ := d.code(clock)
	hold := make(chan struct{})
	d.topic.set(nil, hold)
	const atOnce = 8
	answers := make(chan answer, atOnce)
	attempt := func(device int) []byte {
		return fmt.Appendf(nil, `{"code":%q,"claim":"00000000-0000-4000-8000-%012x","token_sha256":["%x"]}`, code, device, schema.HashToken(fmt.Append(nil, device)))
	}
	for i := range atOnce {
		go func() { answers <- d.post("/v1/claims", "", attempt(i)) }()
	}
	for range atOnce {
		<-d.topic.entered
	}
	wantProblem(t, d.post("/v1/claims", "", attempt(99)), 503, "overloaded")
	if got := d.votes(tm, green); got.status != 202 {
		t.Errorf("got %d %s, want the vote taken", got.status, got.body)
	}
	d.topic.set(nil, nil)
	close(hold)
	won := 0
	for range atOnce {
		switch got := <-answers; got.status {
		case 201:
			won++
		case 410:
		default:
			t.Errorf("got %d %s, want 201 or 410", got.status, got.body)
		}
	}
	if won != 1 {
		t.Errorf("%d devices have the code, want 1", won)
	}
}
