package query_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mlf/query"
	"mlf/query/access"
	"mlf/query/desk"
	"mlf/schema/schematest"
)

// testDesk are routes that say who asked.
func testDesk() []desk.Route {
	says := func(w http.ResponseWriter, r *http.Request, who access.Identity) error {
		_, err := fmt.Fprintf(w, "%s %s %s %v", r.Method, who.Role, r.PathValue("body"), who.Own.Bodies)
		return err
	}
	refuses := func(http.ResponseWriter, *http.Request, access.Identity) error {
		r := &desk.Refusal{Status: http.StatusConflict, Type: "not-paid", Title: "The programme does not pay for this", Detail: "see findings"}
		return r.With("findings", []string{"bonus"})
	}
	return []desk.Route{
		{Name: "things", Method: http.MethodGet, Path: "/v1/things/{body}", Least: access.Body, Handle: says},
		{Name: "thing", Method: http.MethodDelete, Path: "/v1/things/{body}", Least: access.Operator, Handle: says},
		{Name: "thing", Method: http.MethodPost, Path: "/v1/things", Least: access.Body, Handle: refuses},
		{Name: "thing", Method: http.MethodPut, Path: "/v1/things", Least: access.Body, Handle: func(http.ResponseWriter, *http.Request, access.Identity) error { return errors.New("burnt") }},
	}
}

// newDesk returns a server of testDesk.
func newDesk(t *testing.T, issues bool) *guarded {
	t.Helper()
	names := schematest.Lists(t)
	w := &guarded{world: newWorldOf(t, query.Config{}, names)}
	parts := query.Parts{Store: func() query.Store { return w.memory }, Log: w.memory, Terminals: w.terms, Registry: names, Desk: testDesk()}
	if issues {
		parts.Access = w.issuer(names)
	}
	var err error
	if w.server, err = query.New(parts, query.Telemetry{}, query.Config{Disclosure: query.DisclosureNone}); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestDeskAsksWhoAsks(t *testing.T) {
	w := newDesk(t, true)
	f := func(want, method, target string, who ...string) {
		t.Helper()
		got := w.do(method, target, who...)
		if text := fmt.Sprint(got.StatusCode, " ", string(got.body)); !strings.HasPrefix(text, want) {
			t.Errorf("%s %s: got %s, want %s", method, target, text, want)
		}
		if kept := got.Header.Get("Cache-Control"); kept != "no-store" && got.StatusCode != http.StatusNoContent {
			t.Errorf("%s %s: got Cache-Control %q", method, target, kept)
		}
	}
	body := w.as("body", "mlf_bodies", "C_H501")
	f("200 GET body c_h501 [c_h501]", "GET", "/v1/things/c_h501", body...)
	f("200 HEAD body c_h501 [c_h501]", "HEAD", "/v1/things/c_h501", body...)
	f("200 GET analyst x []", "GET", "/v1/things/x", w.as("analyst")...)
	f("200 DELETE operator x []", "DELETE", "/v1/things/x", w.as("operator")...)
	f(`403 {"type":"urn:mlf:problem:forbidden"`, "DELETE", "/v1/things/c_h501", body...)
	f(`401 {"type":"urn:mlf:problem:unknown-token"`, "GET", "/v1/things/x")
	f(`409 {"type":"urn:mlf:problem:not-paid","title":"The programme does not pay for this","status":409,"detail":"see findings","instance":"`, "POST", "/v1/things", body...)
	f(`405 {"type":"urn:mlf:problem:method-not-allowed"`, "PATCH", "/v1/things/x", body...)
	f(`500 {"type":"urn:mlf:problem:internal"`, "PUT", "/v1/things", body...)
	f("204", "OPTIONS", "/v1/things")
	if got := w.do("POST", "/v1/things", body...); !strings.HasSuffix(string(got.body), `,"findings":["bonus"]}`) {
		t.Errorf("got %s", got.body)
	}
	for method, want := range map[string]string{"/v1/things/x": "DELETE, GET, HEAD, OPTIONS", "/v1/things": "POST, PUT, OPTIONS"} {
		if got := w.do("PATCH", method, body...).Header.Get("Allow"); got != want {
			t.Errorf("%s: got Allow %q, want %q", method, got, want)
		}
	}
}

// TestWithoutIssuer: what is not for everybody is for who sits before the machine.
func TestWithoutIssuer(t *testing.T) {
	w := newDesk(t, false)
	addr, stop := listen(t, w.world)
	defer func() { _ = stop() }()
	f := func(want int, method, target, host string, headers ...string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = cmp.Or(host, addr)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if got.StatusCode != want || want == http.StatusForbidden && !strings.Contains(string(body), "urn:mlf:problem:issuer-needed") {
			t.Errorf("%s %s %s %v: got %d %s, want %d", method, target, host, headers, got.StatusCode, body, want)
		}
	}
	f(http.StatusOK, "GET", "/v1/things/x", "")
	f(http.StatusOK, "DELETE", "/v1/things/x", "localhost:8081")
	f(http.StatusOK, "DELETE", "/v1/things/x", "[::1]")
	f(http.StatusForbidden, "GET", "/v1/things/x", "mlf.example.it")
	f(http.StatusForbidden, "GET", "/v1/things/x", "", "X-Forwarded-For", "203.0.113.4")
	f(http.StatusForbidden, "GET", "/v1/things/x", "", "Forwarded", "for=203.0.113.4")
	f(http.StatusForbidden, "DELETE", "/v1/things/x", "", "Origin", "https://evil.example.it")
	f(http.StatusForbidden, "GET", "/v1/things/x", "", "Origin", "https://evil.example.it")
	f(http.StatusForbidden, "GET", "/v1/things/x", "", "Sec-Fetch-Site", "cross-site")
	f(http.StatusOK, "DELETE", "/v1/things/x", "", "Origin", "http://"+addr)
	f(http.StatusOK, "GET", "/v1/things/x", "", "Sec-Fetch-Site", "same-origin")
}

// TestWithoutIssuerElsewhere: a listener that others reach is none.
func TestWithoutIssuerElsewhere(t *testing.T) {
	w := newFleet(t, nil, false)
	w.terms.SetComplete()
	w.fleet.Book.SetComplete()
	f := func(server *query.Server, target string, listener net.Addr, want int) {
		t.Helper()
		r := httptest.NewRequestWithContext(desk.WithListener(t.Context(), listener), http.MethodGet, target, nil)
		r.Host = "127.0.0.1"
		got := httptest.NewRecorder()
		server.Handler().ServeHTTP(got, r)
		if got.Code != want {
			t.Errorf("%s at %v: got %d %s, want %d", target, listener, got.Code, got.Body, want)
		}
	}
	for _, at := range []net.Addr{&net.TCPAddr{IP: net.IPv4zero}, &net.TCPAddr{IP: net.IPv6zero}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, &net.UnixAddr{}, nil} {
		f(w.server, "/v1/fleet", at, http.StatusForbidden)
		f(newDesk(t, false).server, "/v1/things/x", at, http.StatusForbidden)
	}
	f(w.server, "/v1/fleet", &net.TCPAddr{IP: net.IPv6loopback}, http.StatusOK)
}

func TestDeskIsChecked(t *testing.T) {
	f := func(want string, change func(*desk.Route)) {
		t.Helper()
		routes := testDesk()
		change(&routes[0])
		if err := desk.Check(routes); fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f("<nil>", func(*desk.Route) {})
	f("route PATCH /v1/things/{body}: want GET, POST, PUT or DELETE", func(rt *desk.Route) { rt.Method = "PATCH" })
	f("route GET /things: want a path below /v1/", func(rt *desk.Route) { rt.Path = "/things" })
	f("route GET /v1/things/{body}: want a name, and what answers it", func(rt *desk.Route) { rt.Name = "" })
	f("route DELETE /v1/things/{body}: there are two", func(rt *desk.Route) { rt.Method = "DELETE" })
}
