package kiosk_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/ingest/kiosk"
	"mlf/proof/harness"
)

// A front is the address that a kiosk knows: it serves the page, hands votes and streams
// on to mlf ingest, and answers what mlf does not yet: configurations, heartbeats, claims.
// Whatever lies between a kiosk and its service can be played here.
type front struct {
	t      *testing.T
	up     *harness.Up
	addr   string
	page   *kiosk.Page
	policy string
	ingest *httputil.ReverseProxy

	mu        sync.Mutex
	server    *http.Server
	interfere func(w http.ResponseWriter, r *http.Request, on http.Handler) bool // True: it has answered.
	files     map[string]kiosk.File                                              // In place of the page's, by path; without a body there is none.
	configs   map[string]map[string]any                                          // By token.
	installs  map[string]string                                                  // By token: what was told last.
	beats     []heartbeat
	asked     []asked
	claims    map[string]*claim // By code.
	claimed   map[string]string // A token's sum: the token that mlf knows in its place.
}

// A heartbeat is as much of one as tests look at.
type heartbeat struct {
	Install, Previous string
	Seq, Waiting      int
	Storage           struct{ Lost, Persisted bool }
	Ignored           map[string]int `json:"pressed_ignored"`
}

// asked is a request that came for votes.
type asked struct {
	at     time.Time
	status int
	body   string
}

// A claim is a code that somebody made for a device, and who took it.
type claim struct {
	preview map[string]any
	tokens  []string // Of terminals that were enrolled for it.
	by      string
}

func newFront(t *testing.T, up *harness.Up) *front {
	t.Helper()
	page, err := kiosk.New()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := kiosk.Policy("http://" + up.Query + "/v1/terminals/self/watermark")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{
		t: t, up: up, addr: harness.FreeAddr(t), page: page, policy: policy,
		ingest: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: up.Ingest}),
		files:  make(map[string]kiosk.File), configs: make(map[string]map[string]any), installs: make(map[string]string),
		claims: make(map[string]*claim), claimed: make(map[string]string),
	}
	f.ingest.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	f.listen()
	t.Cleanup(f.close)
	return f
}

func (f *front) url() string { return "http://" + f.addr + kiosk.Root }

// listen begins to answer, again after close.
func (f *front) listen() {
	f.t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.WithoutCancel(f.t.Context()), "tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	f.mu.Lock()
	f.server = server
	f.mu.Unlock()
	go func() { _ = server.Serve(listener) }()
}

// close takes the service away, and cuts what is open.
func (f *front) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.server.Close()
}

// meddle has f play what lies between, until it is told otherwise.
func (f *front) meddle(how func(w http.ResponseWriter, r *http.Request, on http.Handler) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.interfere = how
}

// answered returns the requests for votes since the last call.
func (f *front) answered() []asked {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.asked
	f.asked = nil
	return all
}

func (f *front) heartbeats() []heartbeat {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]heartbeat(nil), f.beats...)
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	interfere := f.interfere
	f.mu.Unlock()
	if interfere != nil && strings.HasPrefix(r.URL.Path, "/v1/") && interfere(w, r, http.HandlerFunc(f.route)) {
		return
	}
	f.route(w, r)
}

func (f *front) route(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/k":
		http.Redirect(w, r, kiosk.Root, http.StatusPermanentRedirect)
	case strings.HasPrefix(r.URL.Path, kiosk.Root):
		f.file(w, r)
	case r.URL.Path == "/v1/terminals/self/config":
		f.config(w, r)
	case r.URL.Path == "/v1/heartbeats":
		f.beat(w, r)
	case strings.HasPrefix(r.URL.Path, "/v1/claims"):
		f.claim(w, r)
	default:
		f.handOn(w, r)
	}
}

func (f *front) file(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	file, other := f.files[r.URL.Path]
	f.mu.Unlock()
	ok := other && file.Body != nil
	if !other {
		file, ok = f.page.Lookup(r.URL.Path)
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", file.ContentType)
	w.Header().Set("Cache-Control", file.Cache)
	w.Header().Set("Content-Security-Policy", f.policy)
	_, _ = w.Write(file.Body)
}

// handOn asks mlf ingest, and notes what came of votes. Who claimed a terminal has a token
// of his own; mlf knows another.
func (f *front) handOn(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	if known := f.claimed[sumOf(bearer(r))]; known != "" {
		r.Header.Set("Authorization", "Bearer "+known)
	}
	f.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/watermark") {
		httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: f.up.Query}).ServeHTTP(w, r)
		return
	}
	if r.URL.Path != "/v1/votes" {
		f.ingest.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	recorded := &recorder{ResponseWriter: w}
	f.ingest.ServeHTTP(recorded, r)
	f.mu.Lock()
	f.asked = append(f.asked, asked{time.Now(), recorded.status, string(body)})
	f.mu.Unlock()
}

// read reads a request's body, and leaves it to be read again.
func read(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return string(body)
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func sumOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// refuse answers as mlf does.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"type":"urn:mlf:problem:%s","title":"x","status":%d}`, code, status)
}

func (f *front) config(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	token := bearer(r)
	if of := f.claimed[sumOf(token)]; of != "" {
		token = of
	}
	config := f.configs[token]
	f.mu.Unlock()
	if config == nil {
		refuse(w, http.StatusUnauthorized, "unknown-token")
		return
	}
	text, _ := json.Marshal(config)
	etag := `"` + sumOf(string(text))[:16] + `"`
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	answer(w, http.StatusOK, config)
}

// beat takes a heartbeat; one that was called otherwise before is of a copy.
func (f *front) beat(w http.ResponseWriter, r *http.Request) {
	var told heartbeat
	if err := json.NewDecoder(r.Body).Decode(&told); err != nil {
		refuse(w, http.StatusBadRequest, "malformed-body")
		return
	}
	f.mu.Lock()
	f.beats = append(f.beats, told)
	last := f.installs[bearer(r)]
	copied := last != "" && told.Previous != last && told.Install != last
	if !copied {
		f.installs[bearer(r)] = told.Install
	}
	f.mu.Unlock()
	if copied {
		refuse(w, http.StatusConflict, "copied")
		return
	}
	answer(w, http.StatusOK, map[string]any{"interval_s": 300, "config": ""})
}

func (f *front) claim(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Code, Claim string
		Sums        []string `json:"token_sha256"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, "malformed-body")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.claims[asked.Code]
	switch {
	case c == nil || c.by != "" && c.by != asked.Claim:
		refuse(w, http.StatusGone, "used")
	case strings.HasSuffix(r.URL.Path, "/preview"):
		answer(w, http.StatusOK, c.preview)
	case len(asked.Sums) != len(c.tokens):
		refuse(w, http.StatusBadRequest, "malformed-body")
	default:
		c.by = asked.Claim
		for i, sum := range asked.Sums {
			f.claimed[sum] = c.tokens[i]
		}
		answer(w, http.StatusCreated, map[string]any{"device": "d-1", "terminals": make([]string, len(c.tokens))})
	}
}
