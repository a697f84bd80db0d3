package access_test

import (
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mlf/query/access"
	"mlf/schema"
)

func TestWhoHasNoTokenIsThePublic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, newIssuer(edKey(t, "a")), nil)
		for _, fields := range [][]string{nil, {"Basic YTpi"}, {"Negotiate x"}, {""}} {
			if id, err := a.Identify(request(t, fields...)); err != nil || id.Role != access.Public || id.Subject != "" {
				t.Errorf("%q: got %+v, %v, want the public", fields, id, err)
			}
		}
	})
}

func TestEveryAlgorithmOfTheListIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := []signer{
			rsaKey(t, "rs", jose.RS256), rsaKey(t, "ps", jose.PS256), ecKey(t, "ec", elliptic.P256(), jose.ES256), edKey(t, "ed"),
		}
		a := open(t, newIssuer(keys...), nil)
		for _, key := range keys {
			id, refusal := identify(t, a, key.token(t, claims(nil), nil))
			if refusal != nil || id.Role != access.Analyst || id.Subject != "anna" || id.Expires.Unix() != time.Now().Add(time.Hour).Unix() {
				t.Errorf("%s: got %+v, %v, want the analyst anna", key.alg, id, refusal)
			}
		}
	})
}

func segment(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// sharedSecret signs with the bytes of a public key, as if they were a secret.
func sharedSecret(header map[string]any, claims map[string]any, secret []byte) string {
	signed := segment(header) + "." + segment(claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// TestTokensOfAttackersAreRefused: each with 401 and invalid_token, none as the public.
func TestTokensOfAttackersAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, other, stranger := rsaKey(t, "a", jose.RS256), edKey(t, "b"), edKey(t, "a")
		a := open(t, newIssuer(good, other), nil)
		der, err := x509.MarshalPKIXPublicKey(good.key.Public())
		if err != nil {
			t.Fatal(err)
		}
		inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		hs := map[string]any{"alg": "HS256", "kid": "a", "typ": "JWT"}
		parts := strings.Split(good.token(t, claims(nil), nil), ".")
		f := func(name, token string) {
			t.Helper()
			_, refusal := identify(t, a, token)
			if refusal == nil || refusal.Status != http.StatusUnauthorized || refusal.Code != "invalid_token" {
				t.Errorf("%s: got %+v, want 401 and invalid_token", name, refusal)
			}
		}
		f("alg none", segment(map[string]any{"alg": "none"})+"."+segment(claims(nil))+".")
		f("alg None, signed", segment(map[string]any{"alg": "None", "kid": "a"})+"."+parts[1]+"."+parts[2])
		f("no alg", segment(map[string]any{"kid": "a"})+"."+parts[1]+"."+parts[2])
		f("HS256 with the public key's PEM", sharedSecret(hs, claims(nil), inPEM))
		f("HS256 with the public key's DER", sharedSecret(hs, claims(nil), der))
		f("HS256 with nothing", sharedSecret(hs, claims(nil), nil))
		f("no signature", parts[0]+"."+parts[1]+".")
		f("another's signature", stranger.token(t, claims(nil), nil))
		f("PS256 said of RS256's", segment(map[string]any{"alg": "PS256", "kid": "a"})+"."+parts[1]+"."+parts[2])
		f("claims changed", parts[0]+"."+segment(claims(map[string]any{"mlf_role": "operator"}))+"."+parts[2])
		f("a key in the token", signer{"c", jose.EdDSA, stranger.key}.token(t, claims(nil), map[string]any{"jwk": stranger.public()}))
		f("a key's address in the token", signer{"c", jose.EdDSA, stranger.key}.token(t, claims(nil), map[string]any{"jku": "https://evil.example/keys"}))
		f("kid of a path", signer{"../../dev/null", jose.EdDSA, stranger.key}.token(t, claims(nil), nil))
		f("no kid", signer{"", jose.EdDSA, other.key}.token(t, claims(nil), nil))
		f("crit", good.token(t, claims(nil), map[string]any{"crit": []string{"x"}, "x": 1}))
		f("a logout token", good.token(t, claims(nil), map[string]any{"typ": "logout+jwt"}))
		f("another issuer", good.token(t, claims(map[string]any{"iss": "https://login.example.it/realms/pa/"}), nil))
		f("no issuer", good.token(t, claims(map[string]any{"iss": nil}), nil))
		f("another audience", good.token(t, claims(map[string]any{"aud": []string{"https://other.example.it"}}), nil))
		f("no audience", good.token(t, claims(map[string]any{"aud": nil}), nil))
		f("no subject", good.token(t, claims(map[string]any{"sub": nil}), nil))
		f("a long subject", good.token(t, claims(map[string]any{"sub": strings.Repeat("a", 256)}), nil))
		f("expired", good.token(t, claims(map[string]any{"exp": time.Now().Add(-31 * time.Second).Unix()}), nil))
		f("expired long ago, by a huge negative", good.token(t, claims(map[string]any{"exp": -1e17}), nil))
		f("never expires", good.token(t, claims(map[string]any{"exp": nil}), nil))
		f("expires in no time", good.token(t, claims(map[string]any{"exp": 1e300}), nil))
		f("expires by a word", good.token(t, claims(map[string]any{"exp": "tomorrow"}), nil))
		f("not yet", good.token(t, claims(map[string]any{"nbf": time.Now().Add(32 * time.Second).Unix()}), nil))
		f("of tomorrow", good.token(t, claims(map[string]any{"iat": time.Now().Add(24 * time.Hour).Unix()}), nil))
		f("huge", good.token(t, claims(map[string]any{"x": strings.Repeat("a", 9<<10)}), nil))
		f("nothing", "")
		f("dots", "..")
		f("five parts", strings.Join(append(parts, "a", "a"), "."))
		f("JSON serialisation", `{"payload":"`+parts[1]+`","protected":"`+parts[0]+`","signature":"`+parts[2]+`"}`)
		f("two words", strings.Join(parts, ".")+" "+strings.Join(parts, "."))
	})
}

func TestClocksMayDifferByTheLeeway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := edKey(t, "a")
		a := open(t, newIssuer(key), nil)
		now := time.Now()
		for _, change := range []map[string]any{
			{"exp": now.Add(-29 * time.Second).Unix()},
			{"nbf": now.Add(29 * time.Second).Unix()},
			{"iat": now.Add(29 * time.Second).Unix()},
			{"aud": []string{"https://other.example.it", audience}},
		} {
			if _, refusal := identify(t, a, key.token(t, claims(change), nil)); refusal != nil {
				t.Errorf("%v: got %v, want it taken", change, refusal)
			}
		}
	})
}

// A set may have keys that no token may be signed by.
func TestKeysThatAreNotForTokensAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // That is what is tested.
		if err != nil {
			t.Skip("this Go makes no keys of 1,024 bits: ", err)
		}
		short, large := signer{"short", jose.RS256, weak}, ecKey(t, "large", elliptic.P384(), jose.ES384)
		sealing, good := edKey(t, "sealing"), edKey(t, "good")
		i := newIssuer(good)
		encryption := sealing.public()
		encryption.Use = "enc"
		secret := jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "secret"}
		bound := rsaKey(t, "bound", jose.PS256)
		toRS256 := bound.public()
		toRS256.Algorithm = string(jose.RS256)
		i.keys = append(i.keys, short.public(), large.public(), encryption, secret, toRS256)
		a := open(t, i, nil)
		for _, key := range []signer{short, large, sealing, bound} {
			if _, refusal := identify(t, a, key.token(t, claims(nil), nil)); refusal == nil || refusal.Status != http.StatusUnauthorized {
				t.Errorf("%s: got %v, want 401", key.id, refusal)
			}
		}
		token := sharedSecret(map[string]any{"alg": "HS256", "kid": "secret"}, claims(nil), secret.Key.([]byte))
		if _, refusal := identify(t, a, token); refusal == nil || refusal.Status != http.StatusUnauthorized {
			t.Errorf("a secret of the set: got %v, want 401", refusal)
		}
		if _, refusal := identify(t, a, good.token(t, claims(nil), nil)); refusal != nil {
			t.Errorf("the good one beside them: got %v", refusal)
		}
	})
}

func TestRolesAndWhatIsABodysOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := edKey(t, "a")
		a := open(t, newIssuer(key), func(c *access.Config) {
			c.Service = func(code string) (schema.ServiceID, bool) { return 7, code == "anagrafe" }
		})
		f := func(want string, change map[string]any) {
			t.Helper()
			id, refusal := identify(t, a, key.token(t, claims(change), nil))
			got := fmt.Sprint(id.Role, id.Own.Comuni, id.Own.Offices, id.Own.Services, len(id.Own.Terminals))
			if refusal != nil {
				got = fmt.Sprint(refusal.Status, " ", refusal.Code)
			}
			if got != want {
				t.Errorf("%v: got %s, want %s", change, got, want)
			}
		}
		f("analyst [] [] [] 0", nil)
		f("operator [] [] [] 0", map[string]any{"mlf_role": []string{"body", "operator", "offline_access"}})
		f("operator [] [] [] 0", map[string]any{"mlf_role": []string{"operator", "analyst", "body"}})
		f("analyst [] [] [] 0", map[string]any{"mlf_role": "openid analyst", "mlf_comuni": 5})
		f("403 insufficient_scope", map[string]any{"mlf_role": nil})
		f("403 insufficient_scope", map[string]any{"mlf_role": "Analyst"})
		f("403 insufficient_scope", map[string]any{"mlf_role": true})
		body := func(change map[string]any) map[string]any {
			change["mlf_role"] = "body"
			return change
		}
		f("body [058091] [] [] 0", body(map[string]any{"mlf_comuni": "058091"}))
		f("body [015146 058091] [sede-1] [7] 1", body(map[string]any{
			"mlf_comuni": []string{"058091", "015146", "058091"}, "mlf_offices": []string{"sede-1"}, "mlf_services": "anagrafe",
			"mlf_terminals": []string{schema.TerminalID(5).String()},
		}))
		f("body [] [] [] 1", body(map[string]any{"mlf_terminals": schema.TerminalID(5).String()}))
		f("403 insufficient_scope", body(map[string]any{}))
		f("403 insufficient_scope", body(map[string]any{"mlf_comuni": []string{}}))
		f("403 insufficient_scope", body(map[string]any{"mlf_comuni": []string{"058091", "58091"}}))
		f("403 insufficient_scope", body(map[string]any{"mlf_comuni": 58091}))
		f("403 insufficient_scope", body(map[string]any{"mlf_comuni": "058091", "mlf_offices": []string{}}))
		f("403 insufficient_scope", body(map[string]any{"mlf_comuni": "058091", "mlf_offices": []string{""}}))
		f("403 insufficient_scope", body(map[string]any{"mlf_comuni": "058091", "mlf_services": "tributi"}))
		f("403 insufficient_scope", body(map[string]any{"mlf_comuni": "058091", "mlf_terminals": "t-1"}))
	})
}

// TestBodiesBringTheirComuni: beside those that the token names; a body that is no comune
// brings none.
func TestBodiesBringTheirComuni(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := edKey(t, "a")
		a := open(t, newIssuer(key), func(c *access.Config) {
			c.ComuniOf = func(code schema.BodyCode) []schema.ComuneID {
				return map[schema.BodyCode][]schema.ComuneID{"c_h501": {58091}, "c_f205": {15146}}[code]
			}
		})
		f := func(want string, changes map[string]any) {
			t.Helper()
			changes["mlf_role"] = "body"
			id, refusal := identify(t, a, key.token(t, claims(changes), nil))
			got := fmt.Sprint(id.Own.Bodies, id.Own.Comuni)
			if refusal != nil {
				got = fmt.Sprint(refusal.Status, " ", refusal.Code)
			}
			if got != want {
				t.Errorf("%v: got %s, want %s", changes, got, want)
			}
		}
		f("[c_h501] [058091]", map[string]any{"mlf_bodies": "C_H501"})
		f("[c_f205 c_h501] [015146 058091]", map[string]any{"mlf_bodies": []string{"c_h501", "c_f205", "c_h501"}, "mlf_comuni": "058091"})
		f("[uc_x] []", map[string]any{"mlf_bodies": "uc_x"})
		f("[uc_x] [001263]", map[string]any{"mlf_bodies": "uc_x", "mlf_comuni": "001263"})
		f("403 insufficient_scope", map[string]any{"mlf_bodies": []string{}})
		f("403 insufficient_scope", map[string]any{"mlf_bodies": "c_h501 c/h"})
		f("403 insufficient_scope", map[string]any{"mlf_bodies": 7, "mlf_comuni": "058091"})
	})
}

// Issuers name claims and roles as they like; those of Keycloak lie below others.
func TestClaimsHaveTheNamesOfTheIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := edKey(t, "a")
		a := open(t, newIssuer(key), func(c *access.Config) {
			c.Claims = access.Claims{Role: "realm_access.roles", Comuni: "https://mlf.example.it/comuni"}
			c.Roles = access.RoleNames{Body: "mlf-ente"}
		})
		token := key.token(t, claims(map[string]any{
			"mlf_role": "operator", "realm_access": map[string]any{"roles": []string{"body", "mlf-ente"}},
			"https://mlf.example.it/comuni": []string{"058091"},
		}), nil)
		id, refusal := identify(t, a, token)
		if refusal != nil || id.Role != access.Body || !slices.Equal(id.Own.Comuni, []schema.ComuneID{58091}) {
			t.Errorf("got %+v, %v, want the body of 058091", id, refusal)
		}
	})
}

func TestOwnHolds(t *testing.T) {
	own := access.Own{Comuni: []schema.ComuneID{15146, 58091}, Services: []schema.ServiceID{3, 7}}
	f := func(want bool, c schema.ComuneID, office schema.OfficeCode, s schema.ServiceID) {
		t.Helper()
		if got := own.Holds(c, office, s); got != want {
			t.Errorf("%v, %q, %d: got %v, want %v", c, office, s, got, want)
		}
	}
	f(true, 58091, "sede-1", 7)
	f(false, 58092, "sede-1", 7)
	f(false, 58091, "sede-1", 8)
	own.Offices = []schema.OfficeCode{"sede-2"}
	f(false, 58091, "sede-1", 7)
	f(true, 58091, "sede-2", 7)
	if (&access.Own{Terminals: []schema.TerminalID{1}}).Holds(58091, "", 7) {
		t.Error("who has no comune holds one")
	}
}

func TestRequire(t *testing.T) {
	f := func(id access.Identity, least access.Role, status int) {
		t.Helper()
		err := id.Require(least)
		if got := statusOf(err); got != status {
			t.Errorf("%v for %v: got %d, want %d", id.Role, least, got, status)
		}
	}
	f(access.Identity{}, access.Public, 0)
	f(access.Identity{}, access.Body, http.StatusUnauthorized)
	f(access.Identity{Role: access.Body}, access.Analyst, http.StatusForbidden)
	f(access.Identity{Role: access.Operator}, access.Analyst, 0)
}

func statusOf(err error) int {
	refusal, ok := err.(*access.Refusal) //nolint:errorlint // It is what is promised.
	if !ok {
		return 0
	}
	return refusal.Status
}

// What RFC 6750 asks beside the status.
func TestRefusalsChallenge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := edKey(t, "a")
		a := open(t, newIssuer(key), nil)
		f := func(want string, err error) {
			t.Helper()
			h := make(http.Header)
			err.(*access.Refusal).SetHeader(h) //nolint:errorlint // It is what is promised.
			if got := h.Get("WWW-Authenticate"); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		_, err := a.Identify(request(t, "Bearer "+key.token(t, claims(map[string]any{"exp": 1}), nil)))
		f(`Bearer realm="mlf", error="invalid_token", error_description="the token has expired"`, err)
		_, err = a.Identify(request(t, "bearer "+key.token(t, claims(map[string]any{"mlf_role": nil}), nil)))
		f(`Bearer realm="mlf", error="insufficient_scope", error_description="the token gives no role of this service"`, err)
		_, err = a.Identify(request(t, "Bearer a", "Bearer b"))
		f(`Bearer realm="mlf", error="invalid_request", error_description="send one Authorization field"`, err)
		f(`Bearer realm="mlf"`, access.Identity{}.Require(access.Body))
	})
}

// Without an issuer there are no roles: a token for something else, of a terminal say, does
// not keep anybody from what is public.
func TestWithoutAnIssuerAllAreThePublic(t *testing.T) {
	a, err := access.New(access.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, fields := range [][]string{nil, {"Bearer abc"}, {"Bearer " + edKey(t, "a").token(t, claims(nil), nil)}} {
		if id, err := a.Identify(request(t, fields...)); err != nil || id.Role != access.Public || id.Subject != "" {
			t.Errorf("%q: got %+v, %v, want the public", fields, id, err)
		}
	}
}

func TestConfigIsRefused(t *testing.T) {
	f := func(c access.Config) {
		t.Helper()
		if _, err := access.New(c); err == nil {
			t.Errorf("%+v: taken", c)
		}
	}
	f(access.Config{Issuer: issuerURL})
	f(access.Config{Audience: audience, KeysURL: issuerURL})
	f(access.Config{Issuer: "http://login.example.it", Audience: audience})
	f(access.Config{Issuer: "interop.pagopa.it", Audience: audience})
	f(access.Config{Issuer: "x", Audience: audience, KeysURL: "http://10.0.0.1/keys"})
	f(access.Config{Issuer: issuerURL, Audience: audience, KeysURL: issuerURL, KeysFile: "keys.json"})
	f(access.Config{Issuer: issuerURL, Audience: audience, Leeway: time.Hour})
	f(access.Config{Issuer: issuerURL, Audience: audience, KeysFile: "/nowhere"})
}

// Over a real connection of loopback.
func TestKeysComeOverHTTP(t *testing.T) {
	key := edKey(t, "a")
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	defer srv.Close()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, srv.URL, srv.URL+"/moved")
	})
	mux.Handle("GET /moved", http.RedirectHandler("/keys", http.StatusFound))
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.public()}})
	})
	a := open(t, nil, func(c *access.Config) { c.Issuer, c.Transport = srv.URL, nil })
	if id, refusal := identify(t, a, key.token(t, claims(map[string]any{"iss": srv.URL}), nil)); refusal != nil || id.Role != access.Analyst {
		t.Errorf("got %+v, %v, want the analyst", id, refusal)
	}
}

func BenchmarkIdentify(b *testing.B) {
	for _, key := range []signer{rsaKey(b, "rs", jose.RS256), ecKey(b, "ec", elliptic.P256(), jose.ES256), edKey(b, "ed")} {
		b.Run(string(key.alg), func(b *testing.B) {
			path := b.TempDir() + "/keys.json"
			writeKeys(b, path, key)
			a, err := access.New(access.Config{Issuer: issuerURL, Audience: audience, KeysFile: path})
			if err != nil {
				b.Fatal(err)
			}
			r := request(b, "Bearer "+key.token(b, claims(nil), nil))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Identify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
