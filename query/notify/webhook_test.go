package notify_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlf/proof/authority"
	"mlf/query/notify"
)

const hooks = "hooks.example.org"

// TestTheVectorOfStandardWebhooks is the one that its libraries are tested with.
func TestTheVectorOfStandardWebhooks(t *testing.T) {
	secret, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	const id, want = "msg_p5jXN8AQM9LWM0D4loKWxJek", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	at, payload := time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)
	if got := notify.Signature(id, at, payload, secret); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	if got := notify.Signature(id, at, payload, secret, secret); got != want+" "+want {
		t.Errorf("signatures %s, want the same twice", got)
	}
	if got := notify.SecretText(secret); got != "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" {
		t.Errorf("text of the secret: %s", got)
	}
}

// receiver is a webhook on this machine, with a certificate for its name.
type receiver struct {
	sender  *notify.Sender
	port    string
	looked  atomic.Int32 // Names.
	address atomic.Pointer[[]netip.Addr]
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	signer := authority.New(t, time.Now().AddDate(1, 0, 0))
	return newReceiverOf(t, answer, signer, signer.Pair(t, hooks, time.Now().AddDate(0, 1, 0)))
}

func newReceiverOf(t *testing.T, answer http.HandlerFunc, signer *authority.Authority, pair *tls.Certificate) *receiver {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*pair}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{port: at.Port()}
	r.address.Store(&[]netip.Addr{netip.MustParseAddr("127.0.0.1")})
	r.sender, err = notify.New(notify.Config{
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Product:  "mlf/1.2.3",
		Roots:    signer.Pool(),
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			r.looked.Add(1)
			return *r.address.Load(), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *receiver) target(path string) notify.Target {
	return notify.Target{Kind: notify.Webhook, Address: "https://" + hooks + ":" + r.port + path, Secret: []byte("0123456789abcdef0123456789abcdef")}
}

func message() *notify.Message {
	return &notify.Message{
		ID: "alert-1_opened", At: time.Date(2026, 11, 27, 9, 30, 0, 0, time.FixedZone("", 3600)), Kind: "alert.opened",
		Body:    json.RawMessage(`{"n": 142, "text": "<più & meno>"}`),
		Subject: "Più rossi del solito: anagrafe", Text: "Città: 31 % rossi.\n", HTML: "<p>Città: 31 % rossi.</p>\n", Language: "it",
	}
}

func TestAWebhookIsSigned(t *testing.T) {
	var got *http.Request
	var body []byte
	r := newReceiver(t, func(w http.ResponseWriter, request *http.Request) {
		got = request
		body, _ = io.ReadAll(request.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	target := r.target("/path?key=1")
	target.Previous = []byte("fedcba9876543210fedcba9876543210")
	before := time.Now().Unix()
	if result := r.sender.Send(t.Context(), target, message()); result != (notify.Result{Delivered: true, Status: 204}) {
		t.Fatalf("result %+v", result)
	}
	const want = `{"type":"alert.opened","timestamp":"2026-11-27T08:30:00Z","data":{"n":142,"text":"\u003cpiù \u0026 meno\u003e"}}`
	if string(body) != want {
		t.Errorf("body %s\nwant %s", body, want)
	}
	if got.Method != http.MethodPost || got.URL.String() != "/path?key=1" || got.Host != hooks+":"+r.port || got.Proto != "HTTP/1.1" {
		t.Errorf("request %s %s to %s by %s", got.Method, got.URL, got.Host, got.Proto)
	}
	f := func(field, want string) {
		t.Helper()
		if got := got.Header.Get(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	f("webhook-id", "alert-1_opened")
	f("Content-Type", "application/json")
	f("User-Agent", "mlf/1.2.3")
	f("Accept-Encoding", "")
	at, err := strconv.ParseInt(got.Header.Get("webhook-timestamp"), 10, 64)
	if err != nil || at < before || at > time.Now().Unix() {
		t.Errorf("webhook-timestamp %s: want now", got.Header.Get("webhook-timestamp"))
	}
	f("webhook-signature", notify.Signature("alert-1_opened", time.Unix(at, 0), body, target.Secret, target.Previous))
}

func TestWhatAnAnswerMeans(t *testing.T) {
	var status int
	var after string
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.Header().Set("Location", "https://127.0.0.1:1/")
		w.WriteHeader(status)
	})
	f := func(of int, field string, want notify.Result) {
		t.Helper()
		status, after = of, field
		got := r.sender.Send(t.Context(), r.target("/secret"), message())
		if want.Status = of; got.Delivered != want.Delivered || got.Final != want.Final || got.Status != of || got.RetryAfter != want.RetryAfter {
			t.Errorf("%d: %+v, want %+v", of, got, want)
		}
		if got.Delivered != (got.Detail == "") || strings.Contains(got.Detail, "secret") {
			t.Errorf("%d: detail %q", of, got.Detail)
		}
	}
	f(200, "", notify.Result{Delivered: true})
	f(202, "60", notify.Result{Delivered: true})
	f(299, "", notify.Result{Delivered: true})
	f(301, "", notify.Result{Final: true})
	f(302, "", notify.Result{})
	f(307, "", notify.Result{})
	f(308, "", notify.Result{Final: true})
	f(400, "60", notify.Result{Final: true})
	f(401, "", notify.Result{Final: true})
	f(404, "", notify.Result{Final: true})
	f(408, "", notify.Result{})
	f(410, "", notify.Result{Final: true})
	f(425, "", notify.Result{})
	f(429, "", notify.Result{})
	f(429, "120", notify.Result{RetryAfter: 2 * time.Minute})
	f(429, "9999999", notify.Result{RetryAfter: 24 * time.Hour})
	f(429, "-5", notify.Result{})
	f(429, "soon", notify.Result{})
	f(429, "Fri, 27 Nov 2020 08:30:00 GMT", notify.Result{})
	f(429, "Fri, 27 Nov 2399 08:30:00 GMT", notify.Result{RetryAfter: 24 * time.Hour})
	f(500, "", notify.Result{})
	f(501, "", notify.Result{})
	f(503, "30", notify.Result{RetryAfter: 30 * time.Second})
	f(599, "", notify.Result{})
}

// fails asserts that nothing was delivered, and why.
func fails(t *testing.T, got notify.Result, final bool, detail string) {
	t.Helper()
	if got.Delivered || got.Final != final || !strings.Contains(got.Detail, detail) || len(got.Detail) > 200 {
		t.Errorf("%+v: want final %t, and %q", got, final, detail)
	}
}

// TestNamesThatLeadInside: a name is judged by all of its addresses, and asked once.
func TestNamesThatLeadInside(t *testing.T) {
	var requests atomic.Int32
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	f := func(addresses ...string) {
		t.Helper()
		var all []netip.Addr
		for _, a := range addresses {
			all = append(all, netip.MustParseAddr(a))
		}
		r.address.Store(&all)
		fails(t, r.sender.Send(t.Context(), r.target("/"), message()), true, hooks+" leads to an address that is not public")
	}
	f("10.0.0.1")
	f("127.0.0.2")
	f("169.254.169.254")
	f("127.0.0.1", "169.254.169.254")
	f("93.184.216.34", "::1")
	f("fd00:ec2::254")
	f("::ffff:10.0.0.1")
	f("64:ff9b::169.254.169.254")
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests came in", n)
	}
	looked := r.looked.Load()
	r.address.Store(&[]netip.Addr{netip.MustParseAddr("127.0.0.1")})
	if got := r.sender.Send(t.Context(), r.target("/"), message()); !got.Delivered {
		t.Errorf("%+v", got)
	}
	if n := r.looked.Load() - looked; n != 1 {
		t.Errorf("a name was looked up %d times: want once, or the second answer may be another", n)
	}
	many := make([]netip.Addr, 65)
	for i := range many {
		many[i] = netip.MustParseAddr("127.0.0.1")
	}
	r.address.Store(&many)
	fails(t, r.sender.Send(t.Context(), r.target("/"), message()), false, "65 addresses")
	r.address.Store(&[]netip.Addr{})
	fails(t, r.sender.Send(t.Context(), r.target("/"), message()), false, "no address")
}

// TestRebinding: a resolver that answers otherwise the next time leads nowhere, neither
// within an attempt nor by the next one.
func TestRebinding(t *testing.T) {
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came in") })
	var asked atomic.Int32
	sender, err := notify.New(notify.Config{
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}, // Nobody listens there.
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			if asked.Add(1) == 1 {
				return []netip.Addr{netip.MustParseAddr("127.0.0.9")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	fails(t, sender.Send(t.Context(), r.target("/"), message()), false, "connection refused")
	if n := asked.Load(); n != 1 {
		t.Errorf("the resolver was asked %d times", n)
	}
	fails(t, sender.Send(t.Context(), r.target("/"), message()), true, "not public")
}

func TestTheNextAddressIsTried(t *testing.T) {
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) {})
	other := netip.MustParseAddr("127.0.0.9") // Nobody listens there.
	sender, err := notify.New(notify.Config{
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Resolve:  func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{other, other}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	fails(t, sender.Send(t.Context(), r.target("/"), message()), false, "connection refused")
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var inside atomic.Int32
	metadata := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	defer metadata.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		r := newReceiver(t, func(w http.ResponseWriter, request *http.Request) {
			http.Redirect(w, request, metadata.URL, status)
		})
		fails(t, r.sender.Send(t.Context(), r.target("/"), message()), status == 301 || status == 308, "redirects are not followed")
	}
	if inside.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestCertificates(t *testing.T) {
	signer, stranger := authority.New(t, time.Now().AddDate(1, 0, 0)), authority.New(t, time.Now().AddDate(1, 0, 0))
	answer := func(http.ResponseWriter, *http.Request) {}
	f := func(of *authority.Authority, name string, until time.Time, want string) {
		t.Helper()
		r := newReceiverOf(t, answer, signer, of.Pair(t, name, until))
		fails(t, r.sender.Send(t.Context(), r.target("/secret"), message()), false, "its certificate does not hold: "+want)
	}
	f(stranger, hooks, time.Now().AddDate(0, 1, 0), "signed by an unknown authority")
	f(signer, "others.example.org", time.Now().AddDate(0, 1, 0), "x509: certificate is valid for localhost, others.example.org")
	f(signer, hooks, time.Now().AddDate(0, 0, -1), "x509: certificate has expired")
}

// TestReceiversThatDoNotAnswer: each costs no more than the deadline.
func TestReceiversThatDoNotAnswer(t *testing.T) {
	f := func(name, detail string, answer http.HandlerFunc) {
		t.Helper()
		r := newReceiver(t, answer)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		got := r.sender.Send(ctx, r.target("/secret"), message())
		if fails(t, got, false, detail); t.Failed() {
			t.Log(name)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
	f("hangs", "no answer in time", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // The server notices who leaves only after that.
		<-r.Context().Done()
	})
	f("closes", "EOF", func(w http.ResponseWriter, _ *http.Request) { shut(hijack(w)) })
	f("is no HTTP", "malformed HTTP", func(w http.ResponseWriter, _ *http.Request) {
		line := hijack(w)
		fmt.Fprint(line, "220 mail.example.org ESMTP\r\n\r\n")
		shut(line)
	})
	f("drips its header", "no answer in time", func(w http.ResponseWriter, r *http.Request) {
		line := hijack(w)
		defer shut(line)
		fmt.Fprint(line, "HTTP/1.1 200 OK\r\n")
		drip(line, "X-Drip: 1\r\n")
	})
	f("has an endless header", "exceeded", func(w http.ResponseWriter, _ *http.Request) {
		line := hijack(w)
		defer shut(line)
		fmt.Fprint(line, "HTTP/1.1 200 OK\r\nX-Long: ")
		for range 1000 {
			fmt.Fprint(line, strings.Repeat("a", 1000))
		}
	})
}

// TestAnAnswerIsReadInPart: its status is all that counts, and what follows it holds
// nobody up.
func TestAnAnswerIsReadInPart(t *testing.T) {
	f := func(name string, answer http.HandlerFunc) {
		t.Helper()
		r := newReceiver(t, answer)
		began := time.Now()
		if got := r.sender.Send(t.Context(), r.target("/"), message()); !got.Delivered {
			t.Errorf("%s: %+v", name, got)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
	f("writes without end", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	f("drips", func(w http.ResponseWriter, r *http.Request) {
		line := hijack(w)
		defer shut(line)
		fmt.Fprint(line, "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n")
		drip(line, "a")
	})
	f("claims to be packed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write([]byte("not packed"))
	})
}

// drip writes a text every now and then, until nobody reads it.
func drip(line net.Conn, text string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := line.Write([]byte(text)); err != nil {
			return
		}
	}
}

func shut(line io.Closer) { _ = line.Close() }

func hijack(w http.ResponseWriter) net.Conn {
	line, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	return line
}

// TestTheEnvironmentIsNoProxy: only one that was asked for is used.
func TestTheEnvironmentIsNoProxy(t *testing.T) {
	var asked atomic.Pointer[string]
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(&r.RequestURI)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) {})
	if got := r.sender.Send(t.Context(), r.target("/"), message()); !got.Delivered || asked.Load() != nil {
		t.Errorf("%+v, and the proxy was asked for %v", got, asked.Load())
	}
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := notify.New(notify.Config{Proxy: at})
	if err != nil {
		t.Fatal(err)
	}
	fails(t, sender.Send(t.Context(), r.target("/secret"), message()), false, "Forbidden")
	if got := asked.Load(); got == nil || *got != hooks+":"+r.port {
		t.Errorf("the proxy was asked for %v, want %s", got, hooks+":"+r.port)
	}
}

func TestWhatIsNoMessage(t *testing.T) {
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came in") })
	f := func(change func(m *notify.Message), want string) {
		t.Helper()
		m := message()
		change(m)
		fails(t, r.sender.Send(t.Context(), r.target("/"), m), true, want)
	}
	f(func(m *notify.Message) { m.ID = "" }, "id")
	f(func(m *notify.Message) { m.ID = "a.b" }, "id")
	f(func(m *notify.Message) { m.ID = "a\r\nb" }, "id")
	f(func(m *notify.Message) { m.ID = strings.Repeat("a", 65) }, "1 to 64")
	f(func(m *notify.Message) { m.Kind = "" }, "kind")
	f(func(m *notify.Message) { m.Kind = "Alert" }, "kind")
	f(func(m *notify.Message) { m.Body = nil }, "want JSON")
	f(func(m *notify.Message) { m.Body = []byte("{") }, "want JSON")
	f(func(m *notify.Message) { m.Body = []byte(`"` + strings.Repeat("a", 64<<10) + `"`) }, "at most 65536")
	f(func(m *notify.Message) { m.At = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }, "year")
}

// TestMain: who hangs or drips leaves nothing running here.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
