package query_test

import (
	"bytes"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/query"
	"mlf/query/access"
	"mlf/query/embed"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

// lastMonth fills the memory with a few votes of the month before afternoon.
func lastMonth(t testing.TB, w *world) {
	t.Helper()
	c := cell(hour(t, "2026-10-14T09:00:00Z"))
	w.memory.vote(c, schema.Green, 2869)
	w.memory.vote(c, schema.Yellow, 299)
	w.memory.vote(c, schema.Red, 141)
	w.memory.vote(cell(hour(t, "2026-11-14T09:00:00Z")), schema.Red, 1000) // Of this month.
}

func embedWorld(t testing.TB, cfg query.Config) *world {
	t.Helper()
	cfg.Now = afternoon
	w := newWorld(t, cfg)
	lastMonth(t, w)
	return w
}

// What is embedded is what the public answer says, made of that very answer.
func TestEmbedSaysWhatTheAnswerSays(t *testing.T) {
	w := embedWorld(t, query.Config{})
	names := schematest.Lists(t)
	maker, err := embed.New(names)
	if err != nil {
		t.Fatal(err)
	}
	said, err := embed.Read(w.get("/v1/comuni/058091?period=last-month").body)
	if err != nil {
		t.Fatal(err)
	}
	if said.N != 3309 || said.Name != "Roma" {
		t.Fatalf("got %+v", said)
	}
	want, err := maker.Page(said, embed.Look{Lang: registry.English, Theme: "dark"})
	if err != nil {
		t.Fatal(err)
	}
	got := w.get("/embed/comune/058091?lang=en&theme=dark")
	if got.StatusCode != http.StatusOK || !bytes.Equal(got.body, want) {
		t.Errorf("got %d %s, want %s", got.StatusCode, got.body, want)
	}
	h := got.Header
	if h.Get("Content-Security-Policy") != embed.Policy || h.Get("Set-Cookie") != "" || h.Get("Content-Language") != "en" || h.Get("Cache-Control") != "public, max-age=1" {
		t.Errorf("got headers %v", h)
	}
	drawn, err := maker.Picture(said, registry.English)
	if err != nil {
		t.Fatal(err)
	}
	picture := w.get("/embed/comune/058091.png?lang=en")
	if picture.StatusCode != http.StatusOK || !bytes.Equal(picture.body, drawn) || picture.Header.Get("Content-Type") != "image/png" {
		t.Errorf("got %d %v", picture.StatusCode, picture.Header)
	}
	if again := w.get("/embed/comune/058091.png?lang=en"); !bytes.Equal(again.body, drawn) || again.Header.Get("Etag") != picture.Header.Get("Etag") {
		t.Error("a picture that was kept is another")
	}
}

// The picture is another when figures are, and only then asked for again.
func TestEmbedChangesWithItsFigures(t *testing.T) {
	w := embedWorld(t, query.Config{})
	for _, path := range []string{"/embed/comune/058091", "/embed/comune/058091.png", "/embed/comune/058091.png?lang=de"} {
		first := w.get(path)
		tag := first.Header.Get("ETag")
		w.memory.vote(cell(hour(t, "2026-11-15T09:00:00Z")), schema.Green, 7)
		if got := w.get(path, "If-None-Match", tag); got.StatusCode != http.StatusNotModified || got.Header.Get("Cache-Control") != "public, max-age=1" || len(got.body) > 0 {
			t.Errorf("%s: votes of another month: got %d %v", path, got.StatusCode, got.Header)
		}
		if got := w.do(http.MethodHead, path); got.StatusCode != http.StatusOK || len(got.body) > 0 || got.Header.Get("ETag") != tag {
			t.Errorf("HEAD %s: got %d %v", path, got.StatusCode, got.Header)
		}
		w.memory.vote(cell(hour(t, "2026-10-15T09:00:00Z")), schema.Red, 1)
		if got := w.get(path, "If-None-Match", tag); got.StatusCode != http.StatusOK || bytes.Equal(got.body, first.body) || got.Header.Get("ETag") == tag {
			t.Errorf("%s: another vote: got %d %v", path, got.StatusCode, got.Header)
		}
	}
	picture, err := png.Decode(bytes.NewReader(w.get("/embed/comune/058091.png").body))
	if err != nil || picture.Bounds().Dx() != 1200 || picture.Bounds().Dy() != 630 {
		t.Errorf("got %v, %v", picture.Bounds(), err)
	}
}

func TestEmbedLanguages(t *testing.T) {
	w := embedWorld(t, query.Config{URL: "https://mlf.example.it/voti/"})
	f := func(path, accepted, want string) {
		t.Helper()
		got := w.get(path, "Accept-Language", accepted)
		if got.StatusCode != http.StatusOK || !strings.Contains(string(got.body), want) || !strings.Contains(strings.Join(got.Header["Vary"], ","), "Accept-Language") {
			t.Errorf("%s in %q: got %d %v %s", path, accepted, got.StatusCode, got.Header, got.body)
		}
	}
	f("/embed/comune/058091", "de-CH, fr", `<html lang="de">`)
	f("/embed/comune/058091", "fr", `<html lang="it">`)
	f("/embed/comune/058091?lang=en&utm_source=x", "de", `<html lang="en">`)
	f("/embed/comune/058091", "", `content="https://mlf.example.it/voti/embed/comune/058091.png?lang=it"`)
	f("//embed/comune/058091", "", `<html lang="it">`)
}

func TestEmbedRefuses(t *testing.T) {
	w := embedWorld(t, query.Config{})
	for _, path := range []string{
		"/embed/comune/58091", "/embed/comune/roma", "/embed/comune/058091.csv", "/embed/comune/058091.png.png", "/embed/comune/", "/embed/comune",
		"/embed/", "/embed/page.html", "/embed/comune/058999", "/embed/comune/058999.png", "/embed/comune/058091%2Fx", "/embed/regione/12",
	} {
		w.get(path).problem(t, http.StatusNotFound, "not-found")
	}
	for _, parameter := range []string{"lang=fr", "lang=", "lang=it&lang=en", "theme=pink", "theme=", "period=today", "service=x"} {
		w.get("/embed/comune/058091?"+parameter).problem(t, http.StatusBadRequest, "bad-parameter")
	}
	w.get("/embed/comune/058091.png?theme=dark").problem(t, http.StatusBadRequest, "bad-parameter")
	w.do(http.MethodPost, "/embed/comune/058091").problem(t, http.StatusMethodNotAllowed, "method-not-allowed")
	got := w.get("/embed/comune/058999?lang=en", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if got.StatusCode != http.StatusNotFound || got.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(string(got.body), "There is no comune with the ISTAT code 058999.") {
		t.Errorf("a reader is told %d %s", got.StatusCode, got.body)
	}
	w.memory.storeErr = schema.ErrTooDear
	w.get("/embed/comune/058091").problem(t, http.StatusServiceUnavailable, "too-dear")
	got = w.get("/embed/comune/058091", "Accept", "text/html")
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || got.Header.Get("Cache-Control") != "no-store" || !strings.Contains(string(got.body), "Le cifre non arrivano adesso.") {
		t.Errorf("a reader is told %d %v %s", got.StatusCode, got.Header, got.body)
	}
	if got := w.get("/embed/comune/058091.png", "Accept", "text/html"); got.Header.Get("Content-Type") != schema.ProblemType {
		t.Errorf("a picture's reader is told %v", got.Header)
	}
}

func TestEmbedFiles(t *testing.T) {
	w := embedWorld(t, query.Config{})
	got := w.get("/embed/frame.js")
	if got.StatusCode != http.StatusOK || got.Header.Get("Cache-Control") != "public, max-age=3600" || got.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
	if again := w.get("/embed/frame.js", "If-None-Match", got.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("got %d", again.StatusCode)
	}
}

// Whoever asks, what is embedded is what the public is shown; and asking for it counts as
// asking for the answer.
func TestEmbedIsPublic(t *testing.T) {
	limited := func() *access.Quota {
		q, err := access.NewQuota(access.QuotaConfig{Public: access.Rate{Burst: 20, PerSecond: 0.01}, Known: access.Rate{Off: true}})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	inBubble(t, query.DisclosureLots, limited, func(t *testing.T, g *guarded) {
		const ofRoma, ofMilano, ofTorino = "/embed/comune/058091?lang=en", "/embed/comune/015146?lang=en", "/embed/comune/001272?lang=en"
		g.get(ofRoma).problem(t, http.StatusServiceUnavailable, "unpublished")
		g.cast(roma, schema.Green, 2)  // Too few for a lot of Roma's own,
		g.cast(58003, schema.Red, 2)   // not for one of its province.
		g.cast(1272, schema.Yellow, 2) // Too few for any.
		g.cast(milano, schema.Green, 5)
		pass(8 * 24 * time.Hour) // It is February.
		token := g.as("analyst")
		for path, want := range map[string]string{ofRoma: "The votes of this month are too few", ofMilano: "<strong>100.0%</strong>", ofTorino: "No votes of this month are published."} {
			public, known := g.get(path), g.get(path, token...)
			if public.StatusCode != http.StatusOK || !strings.Contains(string(public.body), want) {
				t.Errorf("%s: got %d %s", path, public.StatusCode, public.body)
			}
			if !bytes.Equal(public.body, known.body) || public.Header.Get("ETag") != known.Header.Get("ETag") || known.Header.Get("Cache-Control") != public.Header.Get("Cache-Control") {
				t.Errorf("%s: a token changes what is embedded: %v %s", path, known.Header, known.body)
			}
			if strings.Contains(strings.Join(public.Header["Vary"], ","), "Authorization") || public.Header.Get("X-RateLimit-Remaining") == "" {
				t.Errorf("%s: got %v", path, public.Header)
			}
		}
		if got := g.get(ofRoma, "Authorization", "Bearer wrong"); got.StatusCode != http.StatusOK {
			t.Errorf("a bad token: got %d", got.StatusCode)
		}
		for range 20 {
			g.get("/embed/comune/058091.png")
		}
		g.get("/embed/comune/058091.png").problem(t, http.StatusTooManyRequests, "too-many-requests")
		g.get(ofRoma, "Authorization", token[1]).problem(t, http.StatusTooManyRequests, "too-many-requests")
	})
}
