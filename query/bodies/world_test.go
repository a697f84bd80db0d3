package bodies_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	_ "time/tzdata" // As main does, so that the tests need none of the machine's.

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/ingest/enrolment"
	"mlf/query"
	"mlf/query/access"
	"mlf/query/bodies"
	"mlf/query/client"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

func TestMain(m *testing.M) {
	openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.FileBodyDecoder)
	os.Exit(m.Run())
}

const (
	testIssuer   = "https://login.example.it"
	testAudience = "mlf"
)

// A world is a registry topic on the embedded broker, with three bodies: Roma and
// Sestriere, and a union of Sestriere and Pragelato, which has not joined by itself.
type world struct {
	t      *testing.T
	broker string
	names  *registry.Registry
	keys   string
	key    ed25519.PrivateKey
	router routers.Router
	now    atomic.Int64 // What all processes' clocks show, in seconds; 0: the machine's.
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, broker: b.Addr(), router: schematest.Router(t), names: schematest.Lists(t)}
	w.issue()
	c := w.client()
	if _, err := c.Apply(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	joined := registry.DateOf(time.Now().AddDate(-1, 0, 0))
	for _, body := range []network.Body{
		{Code: "c_h501", Type: network.TypeComune, Name: "Roma Capitale", Joined: joined, Members: []network.Member{{Comune: 58091}}},
		{Code: "c_i692", Type: network.TypeComune, Name: "Comune di Sestriere", Joined: joined, Members: []network.Member{{Comune: 1263}}},
		{Code: "uc_x", Type: network.TypeUnion, Name: "Unione montana", Joined: joined, Members: []network.Member{{Comune: 1263}, {Comune: 1201, From: joined}, {Comune: 1272, To: joined}}},
	} {
		w.put(c, body.RegistryRecord)
	}
	return w
}

func (w *world) client() *broker.Client {
	w.t.Helper()
	c, err := broker.New(broker.Config{Brokers: []string{w.broker}}, broker.Telemetry{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	return c
}

func (w *world) put(c *broker.Client, record func() (string, []byte, error)) {
	w.t.Helper()
	key, value, err := record()
	if err == nil {
		err = c.PutRegistry(w.t.Context(), key, value)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// enrol enrols a terminal as mlf terminal enrol does.
func (w *world) enrol(change func(*schema.Enrolment)) schema.TerminalID {
	w.t.Helper()
	e := schema.Enrolment{
		Comune: 1263, Office: "sportello", Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}}, Since: time.Now().Add(-time.Hour).Truncate(time.Second),
	}
	change(&e)
	by, err := enrolment.New(w.t.Context(), w.client())
	if err != nil {
		w.t.Fatal(err)
	}
	enrolled, err := by.Enrol(w.t.Context(), []schema.Enrolment{e})
	if err != nil {
		w.t.Fatal(err)
	}
	return enrolled[0].Terminal
}

// issue makes an issuer of tokens.
func (w *world) issue() {
	w.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: "1", Use: "sig"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.key, w.keys = private, filepath.Join(w.t.TempDir(), "keys.json")
	if err := os.WriteFile(w.keys, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// token returns one of somebody called subject, with a role and claims.
func (w *world) token(subject, role string, claims ...string) string {
	w.t.Helper()
	all := map[string]any{
		"iss": testIssuer, "aud": testAudience, "sub": subject, "mlf_role": role,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	for i := 0; i < len(claims); i += 2 {
		all[claims[i]] = claims[i+1]
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: w.key}, new(jose.SignerOptions).WithType("JWT").WithHeader("kid", "1"))
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(all).Serialize()
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// A process is a service that answers on a socket.
type process struct {
	*world
	url     string
	network *network.Network
	seen    sync.Map // By terminal, when it was seen and voted: [2]time.Time. Of others it is not known.
	fails   *failing
}

// A failing Registrar fails as a log does that nobody hears from: after it has noted a
// change, or before.
type failing struct {
	bodies.Registrar
	before, after atomic.Bool
}

var errGone = errors.New("the log does not answer")

func (f *failing) as(change func() error) error {
	if f.before.Load() {
		return errGone
	}
	if err := change(); err != nil {
		return err
	}
	if f.after.Load() {
		return errGone
	}
	return nil
}

func (f *failing) Make(ctx context.Context, draft network.Offer, now time.Time) (code network.Code, o *network.Offer, err error) {
	err = f.as(func() (err error) { code, o, err = f.Registrar.Make(ctx, draft, now); return err })
	return code, o, err
}

func (f *failing) WithdrawBy(ctx context.Context, hash network.CodeHash, by schema.By, now time.Time) error {
	return f.as(func() error { return f.Registrar.WithdrawBy(ctx, hash, by, now) })
}

func (f *failing) Close(ctx context.Context, id schema.TerminalID, at time.Time, by schema.By) error {
	return f.as(func() error { return f.Registrar.Close(ctx, id, at, by) })
}

func (f *failing) Revoke(ctx context.Context, id schema.TerminalID, by schema.By) error {
	return f.as(func() error { return f.Registrar.Revoke(ctx, id, by) })
}

func (f *failing) Order(ctx context.Context, o *network.Order) error {
	return f.as(func() error { return f.Registrar.Order(ctx, o) })
}

// process starts one, which has read the topic to its end.
func (w *world) process() *process {
	w.t.Helper()
	c := w.client()
	terminals := new(schema.Terminals)
	p := &process{world: w, network: network.New(terminals)}
	p.fails = &failing{Registrar: enrolment.NewClerk(c, p.network)}
	d, err := bodies.New(bodies.Parts{
		Network: p.network, Registry: w.names, Registrar: p.fails, Kiosk: "https://totem.example.it/k/", Now: w.clock,
		Seen: func(id schema.TerminalID) (seen, voted time.Time, known bool) {
			of, known := p.seen.Load(id)
			at, _ := of.([2]time.Time)
			return at[0], at[1], known
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	who, err := access.New(access.Config{
		Issuer: testIssuer, Audience: testAudience, KeysFile: w.keys, Service: w.names.ServiceID,
		ComuniOf: func(code schema.BodyCode) []schema.ComuneID {
			return p.network.ComuniOf(code, registry.DateOf(time.Now()))
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	server, err := query.New(query.Parts{
		Store: func() query.Store { return nil }, Log: c, Terminals: terminals, Registry: w.names, Access: who, Desk: d.Routes(),
	}, query.Telemetry{}, query.Config{Disclosure: query.DisclosureNone})
	if err != nil {
		w.t.Fatal(err)
	}
	w.run(func(ctx context.Context) error {
		apply := func(key string, value []byte) error {
			return errors.Join(terminals.Apply(key, value), p.network.Apply(key, value))
		}
		return c.Follow(ctx, apply, func() { terminals.SetComplete(); p.network.SetComplete() })
	})
	var lc net.ListenConfig
	ln, err := lc.Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.run(func(ctx context.Context) error { return server.Run(ctx, ln) })
	p.url = "http://" + ln.Addr().String()
	w.until(p.network.Complete)
	return p
}

func (w *world) clock() time.Time {
	if at := w.now.Load(); at != 0 {
		return time.Unix(at, 0)
	}
	return time.Now()
}

// run runs something until the test ends.
func (w *world) run(something func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	done := make(chan error, 1)
	go func() { done <- something(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

// until waits for what comes within moments.
func (w *world) until(there func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); !there(); {
		if time.Now().After(end) {
			w.t.Fatal("it did not come")
		}
		<-time.After(5 * time.Millisecond)
	}
}

// as returns a client of somebody with a token.
func (p *process) as(token string) *client.Client {
	return &client.Client{Base: p.url, Token: token}
}

// A reply is an answer, read to its end.
type reply struct {
	*http.Response
	body []byte
}

// do asks, and holds the answer against the description. A body that is no text is sent as JSON.
func (p *process) do(token, method, path string, body any) reply {
	p.t.Helper()
	text, isText := body.(string)
	if !isText && body != nil {
		written, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		text = string(written)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if text != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	got := reply{Response: res}
	got.body, err = io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		p.t.Fatal(err)
	}
	p.validate(r, got)
	return got
}

// says holds an answer against how it begins: its status, a problem's type, what is wrong.
func (p *process) says(want string, got reply) {
	p.t.Helper()
	var problem struct{ Type, Detail string }
	_ = json.Unmarshal(got.body, &problem)
	text := fmt.Sprint(got.StatusCode)
	if problem.Type != "" {
		text += " " + strings.TrimPrefix(problem.Type, "urn:mlf:problem:") + " " + problem.Detail
	}
	if !strings.HasPrefix(text, want) {
		p.t.Errorf("%s %s: got %s\n%s\nwant %s", got.Request.Method, got.Request.URL.Path, text, got.body, want)
	}
	if got.Header.Get("Cache-Control") != "no-store" {
		p.t.Errorf("%s: got Cache-Control %q", got.Request.URL.Path, got.Header.Get("Cache-Control"))
	}
}

func (p *process) validate(r *http.Request, got reply) {
	p.t.Helper()
	plain := r.Clone(r.Context())
	plain.URL.Host, plain.Host = "", ""
	route, params, err := p.router.FindRoute(plain)
	if err != nil {
		p.t.Errorf("%s %s is not described: %v", r.Method, r.URL.Path, err)
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: plain, PathParams: params, Route: route},
		Status:                 got.StatusCode, Header: got.Header, Body: io.NopCloser(bytes.NewReader(got.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(r.Context(), input); err != nil {
		p.t.Errorf("%s %s: answer %d is not as described: %v\n%s", r.Method, r.URL, got.StatusCode, err, got.body)
	}
}
