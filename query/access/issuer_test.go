package access_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"mlf/query/access"
)

const (
	issuerURL = "https://login.example.it/realms/pa"
	audience  = "https://mlf.example.it"
)

// An issuer publishes keys without a network.
type issuer struct {
	mu      sync.Mutex
	keys    []jose.JSONWebKey
	say     string // In place of the key set.
	name    string // In the discovery document.
	jwks    string
	moved   string // Where the key set is, in place of it.
	down    bool
	fetched int // Key sets.
	asked   int // Discovery documents.
}

func newIssuer(keys ...signer) *issuer {
	i := &issuer{name: issuerURL, jwks: issuerURL + "/keys"}
	i.publish(keys...)
	return i
}

func (i *issuer) publish(keys ...signer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = nil
	for _, key := range keys {
		i.keys = append(i.keys, key.public())
	}
}

func (i *issuer) set(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f()
}

func (i *issuer) fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetched
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.down {
		i.fetched++
		return nil, errors.New("connection refused")
	}
	answer := func(v any) (*http.Response, error) {
		text, err := json.Marshal(v)
		if raw, ok := v.(string); ok {
			text = []byte(raw)
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(text)), Request: r}, err
	}
	switch r.URL.String() {
	case issuerURL + "/.well-known/openid-configuration":
		i.asked++
		return answer(map[string]string{"issuer": i.name, "jwks_uri": i.jwks})
	case i.jwks, "http://login.example.it/keys":
		i.fetched++
		if i.moved != "" && r.URL.Scheme == "https" {
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {i.moved}}, Body: http.NoBody, Request: r}, nil
		}
		if i.say != "" {
			return answer(i.say)
		}
		return answer(jose.JSONWebKeySet{Keys: i.keys})
	}
	return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Request: r}, nil
}

// A signer is a private key with a name.
type signer struct {
	id  string
	alg jose.SignatureAlgorithm
	key crypto.Signer
}

func (s signer) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.key.Public(), KeyID: s.id, Use: "sig"}
}

func edKey(t testing.TB, id string) signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, jose.EdDSA, key}
}

func ecKey(t testing.TB, id string, curve elliptic.Curve, alg jose.SignatureAlgorithm) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, alg, key}
}

func rsaKey(t testing.TB, id string, alg jose.SignatureAlgorithm) signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, alg, key}
}

// claims are those of a good analyst's token, changed.
func claims(change map[string]any) map[string]any {
	c := map[string]any{
		"iss": issuerURL, "aud": audience, "sub": "anna", "mlf_role": "analyst",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(c, change)
	for name, value := range c {
		if value == nil {
			delete(c, name)
		}
	}
	return c
}

// token signs claims with s; header is added to what is usual.
func (s signer) token(t testing.TB, claims map[string]any, header map[string]any) string {
	t.Helper()
	options := new(jose.SignerOptions).WithType("JWT").WithHeader("kid", s.id)
	for name, value := range header {
		options = options.WithHeader(jose.HeaderKey(name), value)
	}
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: s.key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(made).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// open returns an Access that runs until the test ends.
func open(t *testing.T, i *issuer, change func(*access.Config)) *access.Access {
	t.Helper()
	cfg := access.Config{Issuer: issuerURL, Audience: audience, Transport: i}
	if change != nil {
		change(&cfg)
	}
	a, err := access.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := a.Run(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	return a
}

func request(t testing.TB, fields ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/stats", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		r.Header.Add("Authorization", field)
	}
	return r
}

// identify says who has token; the refusal is nil where it is good.
func identify(t testing.TB, a *access.Access, token string) (access.Identity, *access.Refusal) {
	t.Helper()
	id, err := a.Identify(request(t, "Bearer "+token))
	if err == nil {
		return id, nil
	}
	var refusal *access.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if id.Role != access.Public || id.Subject != "" {
		t.Errorf("refused, and %+v", id)
	}
	return id, refusal
}

// writeKeys writes the public keys to a file.
func writeKeys(t testing.TB, path string, keys ...signer) {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, key := range keys {
		set.Keys = append(set.Keys, key.public())
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	// At once: who reads beside must not find half of it.
	if err := errors.Join(os.WriteFile(path+".new", text, 0o600), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

// canceled returns a context of somebody who does not wait.
func canceled(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
