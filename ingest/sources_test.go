package ingest_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"mlf/ingest"
	"mlf/ingest/form"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/proxies"
	"mlf/schema/source"
)

const ownRating = `{"id":"00000000-0000-4000-8000-0000000000a0","value":4,"reason":"clear"}`

// openSources opens a door that knows a site, a network, an exchange and a device.
func openSources(t *testing.T, ready *atomic.Bool, limits form.Config) (*door, *terminal) {
	t.Helper()
	sources := new(source.Sources)
	terminals := new(schema.Terminals)
	d := open(t, ingest.Config{Sources: &ingest.Sources{
		Desk: form.New(sources, terminals, limits), Ready: ready.Load,
		Proxies: proxies.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
	}})
	put := func(key string, value []byte, err error) {
		t.Helper()
		if err == nil {
			err = errors.Join(sources.Apply(key, value), terminals.Apply(key, value))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	web := d.enrol(func(e *schema.Enrolment) { e.Channel, e.Scale = schema.ChannelWeb, schema.ScaleStars5 })
	box := d.enrol(nil)
	revoked := d.enrol(func(e *schema.Enrolment) { e.Revoked, e.Token = true, schema.HashToken([]byte("revoked")) })
	for _, tm := range []*terminal{web, box, revoked} {
		put(tm.RegistryRecord())
	}
	put(source.Site{Name: "site", Terminal: web.Terminal, Way: source.Script, Origins: []string{"https://www.comune.example.it"}}.RegistryRecord())
	put(source.Site{Name: "form", Terminal: web.Terminal, Way: source.Form}.RegistryRecord())
	put(source.Integration{Name: "lora", Way: source.TTN3, Token: schema.HashToken([]byte("lora"))}.RegistryRecord())
	put(source.Integration{Name: "pbx", Way: source.Generic, Token: schema.HashToken([]byte("pbx"))}.RegistryRecord())
	put(source.Device{Integration: "lora", Address: "0004a30b001c0530", Terminal: box.Terminal}.RegistryRecord())
	put(source.Device{Integration: "pbx", Terminal: box.Terminal}.RegistryRecord())
	return d, box
}

// record returns the kind of the only record on the log, and forgets it.
func (d *door) record() event.Kind {
	d.t.Helper()
	records, _ := d.log.take()
	if len(records) != 1 {
		d.t.Fatalf("got %d records, want 1", len(records))
	}
	return event.KindOf(records[0])
}

// TestWhatSourcesSay: the examples of the description are taken, each as one record.
func TestWhatSourcesSay(t *testing.T) {
	var ready atomic.Bool
	ready.Store(true)
	d, box := openSources(t, &ready, form.Config{})
	doc := described(t)
	f := func(path, described, token, want string, status int, kind event.Kind) {
		t.Helper()
		got := d.post(path, token, doc.body("POST", described, "application/json"))
		if got.status != status || got.body != want {
			t.Fatalf("%s: got %d %s, want %d %s", path, got.status, got.body, status, want)
		}
		doc.check("POST", described, got)
		if k := d.record(); k != kind {
			t.Errorf("%s: got a record of kind %d, want %d", path, k, kind)
		}
	}
	const taken = `{"success":true,"status":"ok"}`
	f("/v1/ratings/site", "/v1/ratings/{site}", "", taken, 200, event.Votes)
	f("/v1/uplinks/ttn3", "/v1/uplinks/{network}", "lora", taken, 200, event.Reading)
	f("/v1/calls/generic", "/v1/calls/{kind}", "pbx", taken, 200, event.Votes)
	f("/v1/counters", "/v1/counters", box.token, `{"accepted":1}`, 202, event.Reading)
}

func TestWhatSourcesAreRefused(t *testing.T) {
	var ready atomic.Bool
	ready.Store(true)
	d, box := openSources(t, &ready, form.Config{})
	doc := described(t)
	f := func(method, path, described, token, body string, status int, code string, header ...string) {
		t.Helper()
		got := d.send(method, path, token, []byte(body), header...)
		wantProblem(t, got, status, code)
		wantShared(t, path, got)
		if method == "POST" {
			doc.check(method, described, got)
		}
		d.wantRecords(0)
	}
	const ratings, uplinks, calls, counters = "/v1/ratings/{site}", "/v1/uplinks/{network}", "/v1/calls/{kind}", "/v1/counters"
	f("POST", "/v1/ratings/nobody", ratings, "", ownRating, 404, "not-found")
	f("POST", "/v1/uplinks/pigeon", uplinks, "lora", `{}`, 404, "not-found")
	f("POST", "/v1/uplinks/ttn3", uplinks, "lora", strings.Replace(string(doc.body("POST", uplinks, "application/json")), "C0530", "C0999", 1), 404, "unknown-device")
	f("POST", "/v1/uplinks/ttn3", uplinks, "", `{}`, 401, "unknown-token")
	f("POST", "/v1/uplinks/ttn3", uplinks, box.token, `{}`, 401, "unknown-token")
	f("POST", "/v1/counters", counters, "", `{}`, 401, "unknown-token")
	f("POST", "/v1/counters", counters, "revoked", `{}`, 403, "revoked-terminal")
	f("POST", "/v1/calls/generic", calls, "lora", `{}`, 403, "other-way")
	f("POST", "/v1/ratings/site", ratings, "", ownRating, 403, "other-origin", "Origin", "https://evil.example")
	f("POST", "/v1/ratings/form", ratings, "", ownRating, 403, "other-way")
	f("GET", "/v1/ratings/site", ratings, "", "", 405, "method-not-allowed")
	f("PUT", "/v1/counters", counters, "", "", 405, "method-not-allowed")
	f("POST", "/v1/ratings/site", ratings, "", `{`, 400, "malformed-body")
	f("POST", "/v1/ratings/site", ratings, "", strings.Replace(ownRating, "4,", "9,", 1), 400, "bad-value")
	f("POST", "/v1/ratings/site", ratings, "", strings.Repeat("x", form.BodyMax+1), 413, "too-large")
	f("POST", "/v1/ratings/site", ratings, "", ownRating, 415, "unsupported-media-type", "Content-Encoding", "br")
	f("POST", "/v1/uplinks/ttn3", uplinks, "lora", strings.Replace(string(doc.body("POST", uplinks, "application/json")), "AgABABAAoAAjABA=", "QAABAAAAAQAAAAE=", 1), 422, "uncountable")

	w := d.dial()
	w.say("POST /v1/ratings/site HTTP/1.1\nHost: mlf\n\n")
	got := w.hear()
	wantProblem(t, got, 411, "length-required")
	doc.check("POST", ratings, got)

	for _, n := range []int{form.BodyMax + 1, 2 << 20} { // The second is more than votes may have, too.
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(bytes.Repeat([]byte(" "), n))
		_ = z.Close()
		f("POST", "/v1/ratings/site", ratings, "", packed.String(), 413, "too-large", "Content-Encoding", "gzip")
		got := d.send("POST", "/v1/ratings/site", "", packed.Bytes(), "Content-Encoding", "gzip")
		if want := fmt.Sprintf("want at most %d bytes", form.BodyMax); !strings.Contains(got.body, want) {
			t.Errorf("%d bytes: got %s, want %q", n, got.body, want)
		}
	}

	d.log.set(mood{err: errors.New("no leader")})
	f("POST", "/v1/ratings/site", ratings, "", ownRating, 503, "no-acknowledgement")
	d.log.set(mood{})
	ready.Store(false)
	f("POST", "/v1/ratings/site", ratings, "", ownRating, 503, "sources-unready")
	f("POST", "/v1/counters", counters, box.token, `{}`, 503, "sources-unready")
}

// TestRatingsOfPages: what browsers ask before, and how a body may come.
func TestRatingsOfPages(t *testing.T) {
	var ready atomic.Bool
	ready.Store(true)
	d, _ := openSources(t, &ready, form.Config{})
	asked := d.send("OPTIONS", "/v1/ratings/site", "", nil, "Origin", "https://www.comune.example.it", "Content-Type", "",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "cache-control,content-type")
	wantShared(t, "preflight", asked)
	allowed := strings.ToLower(asked.header.Get("Access-Control-Allow-Headers"))
	if asked.status != 204 || !strings.Contains(allowed, "cache-control") || !strings.Contains(allowed, "content-type") || asked.header.Get("Access-Control-Max-Age") != "86400" {
		t.Errorf("got %d %v, want 204 that allows cache-control and content-type for a day", asked.status, asked.header)
	}
	const taken = `{"success":true,"status":"ok"}`
	f := func(what string, got answer, records int) {
		t.Helper()
		if got.status != 200 || got.body != taken {
			t.Errorf("%s: got %d %s, want 200 %s", what, got.status, got.body, taken)
		}
		d.wantRecords(records)
	}
	f("our page behind a poster", d.post("/v1/ratings/site", "", []byte(ownRating), "Origin", "http://"+d.addr), 1)
	f("a page of the site", d.post("/v1/ratings/site", "", []byte(ownRating), "Origin", "https://www.comune.example.it"), 1)
	f("a bot", d.post("/v1/ratings/site", "", []byte(strings.Replace(ownRating, "{", `{"website":"https://spam.example",`, 1))), 0)
	f("a form that asks for more", d.post("/v1/ratings/form", "", []byte("action=load_more&page=2"), "Content-Type", "application/x-www-form-urlencoded"), 0)
	f("a form", d.post("/v1/ratings/form", "", []byte("action=save_rating&title=T&star=2&radioResponse=Altro&freeText=null&page=https%3A%2F%2Fwww.comune.example.it%2Fa"),
		"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"), 1)

	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(ownRating))
	_ = z.Close()
	f("gzip", d.post("/v1/ratings/site", "", packed.Bytes(), "Content-Encoding", "gzip"), 1)

	w := d.dial()
	w.say("POST /v1/ratings/site HTTP/1.1\nHost: mlf\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n" +
		fmt.Sprintf("a\n%s\n%x\n%s\n0\n\n", ownRating[:10], len(ownRating)-10, ownRating[10:]))
	f("two chunks", w.hear(), 1)
}

// TestTooManyRatings: of one network of clients, as the proxy tells it.
func TestTooManyRatings(t *testing.T) {
	var ready atomic.Bool
	ready.Store(true)
	d, _ := openSources(t, &ready, form.Config{ClientAMinute: 2, SiteAMinute: 4})
	f := func(client string, status int, retry string) {
		t.Helper()
		got := d.post("/v1/ratings/site", "", []byte(ownRating), "X-Forwarded-For", client)
		if got.status != status || got.header.Get("Retry-After") != retry {
			t.Errorf("%s: got %d, Retry-After %q, want %d, %q", client, got.status, got.header.Get("Retry-After"), status, retry)
		}
		described(t).check("POST", "/v1/ratings/{site}", got)
	}
	f("192.0.2.1", 200, "")
	f("192.0.2.2", 200, "")
	f("192.0.2.3", 429, "30")
	f("198.51.100.1", 200, "")
	f("203.0.113.1", 200, "")
	f("203.0.114.1", 429, "15") // The site has had its own.
}
