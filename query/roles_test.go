package query_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store/model"
	"mlf/query"
	"mlf/query/access"
	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/opendata"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
	book "mlf/schema/served"
)

const (
	testIssuer   = "https://login.example.it"
	testAudience = "mlf"
	milano       = schema.ComuneID(15146)
)

// A guarded world shows the public lots, and knows tokens. It lives in a bubble.
type guarded struct {
	*world
	tables *model.Store
	shelf  *disclosure.Shelf
	book   *book.Book
	key    ed25519.PrivateKey
	stop   func() // Ends what publishes.
}

// newGuarded returns one on 29 January 2000: where the bubble's clock begins there is
// no time before.
func newGuarded(t *testing.T, rule string, quota *access.Quota) *guarded {
	t.Helper()
	pass(28 * 24 * time.Hour)
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	m := newMemory(t)
	return newGuardedOf(t, rule, quota, m, &held{memory: m, clock: clock, changed: []question.PlaceMonth{{Comune: roma, Month: 2000 * 12}, {Comune: milano, Month: 2000*12 + 1}}})
}

// newGuardedOf returns one that answers from counts, which are m's.
func newGuardedOf(t *testing.T, rule string, quota *access.Quota, m *memory, counts query.Counts) *guarded {
	t.Helper()
	names := schematest.Lists(t)
	g := &guarded{
		world:  &world{t: t, memory: m, terms: new(schema.Terminals), reg: prometheus.NewRegistry(), router: schematest.Router(t)},
		tables: model.NewStore(time.Now()),
		book:   new(book.Book),
	}
	g.book.SetComplete()
	places := func(d schema.Day) disclosure.Places { return disclosure.PlacesOf(names, registry.Date(d)) }
	var err error
	if g.shelf, err = disclosure.NewShelf(g.tables, places, disclosure.Telemetry{}); err != nil {
		t.Fatal(err)
	}
	releaser, err := disclosure.NewReleaser(disclosure.ReleaserConfig{
		Places: places, Ledger: g.tables, Served: g.book, View: func() (question.View, error) { return counts.View(), nil },
	}, disclosure.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	open, err := opendata.New(opendata.Parts{Source: g.tables, Published: g.shelf, Registry: names}, opendata.Config{})
	if err != nil {
		t.Fatal(err)
	}
	parts := query.Parts{
		Store: func() query.Store { return g.memory }, Counts: counts, Log: g.memory, Terminals: g.terms, Registry: names,
		Published: g.shelf, Served: g.book, Open: open, Access: g.issuer(names), Quota: quota,
	}
	if g.server, err = query.New(parts, query.Telemetry{Registerer: g.reg}, query.Config{Disclosure: rule}); err != nil {
		t.Fatal(err)
	}
	complete(t, g.reg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- releaser.Run(ctx) }()
	go func() { done <- g.shelf.Run(ctx) }()
	g.stop = func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	return g
}

// issuer returns who knows the tokens of a key in a file.
func (g *guarded) issuer(names *registry.Registry) *access.Access {
	g.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		g.t.Fatal(err)
	}
	g.key = private
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: "1", Use: "sig"}}})
	if err != nil {
		g.t.Fatal(err)
	}
	file := filepath.Join(g.t.TempDir(), "keys.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		g.t.Fatal(err)
	}
	a, err := access.New(access.Config{Issuer: testIssuer, Audience: testAudience, KeysFile: file, Service: names.ServiceID})
	if err != nil {
		g.t.Fatal(err)
	}
	return a
}

// as returns the header of somebody with claims.
func (g *guarded) as(role string, claims ...string) []string {
	g.t.Helper()
	all := map[string]any{
		"iss": testIssuer, "aud": testAudience, "sub": role + strings.Join(claims, " "), "mlf_role": role,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	for i := 0; i < len(claims); i += 2 {
		all[claims[i]] = claims[i+1]
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: g.key}, new(jose.SignerOptions).WithType("JWT").WithHeader("kid", "1"))
	if err != nil {
		g.t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(all).Serialize()
	if err != nil {
		g.t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token}
}

// pass moves the bubble's clock.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // As it says.

// cast counts votes of a comune, now.
func (g *guarded) cast(comune schema.ComuneID, v schema.Value, n uint64) {
	c := cell(schema.HourOf(time.Now()))
	c.Comune = comune
	g.memory.vote(c, v, n)
}

// shown returns how the answer to target is shown, and its votes by row.
func (g *guarded) shown(target string, headers ...string) string {
	g.t.Helper()
	got := g.get(target, headers...)
	if got.StatusCode != http.StatusOK {
		return fmt.Sprintf("%d %s", got.StatusCode, got.body)
	}
	var stats struct {
		Meta struct{ Disclosure string }
		Rows []struct{ N uint64 }
	}
	got.json(g.t, &stats)
	text := stats.Meta.Disclosure
	for _, row := range stats.Rows {
		text += fmt.Sprint(" ", row.N)
	}
	return text
}

func inBubble(t *testing.T, rule string, quota func() *access.Quota, f func(*testing.T, *guarded)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var q *access.Quota
		if quota != nil {
			q = quota()
		}
		g := newGuarded(t, rule, q)
		defer g.stop()
		f(t, g)
	})
}

const january = "/v1/stats?from=2000-01-01&to=2000-03-01"

// TestEachRoleIsShownItsOwn: the public lots, once they are published, a body what is
// its own, analysts all; and no answer of one is another's.
func TestEachRoleIsShownItsOwn(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		g.cast(roma, schema.Green, 2) // Too few for a lot of their own.
		g.cast(milano, schema.Green, 5)
		analyst, body := g.as("analyst"), g.as("body", "mlf_comuni", roma.String())
		check := func(target, public, own, all string) {
			t.Helper()
			for range 2 { // The second time it may come from what was made for another.
				if got := g.shown(target); got != public {
					t.Errorf("%s: the public is shown %s, want %s", target, got, public)
				}
				if got := g.shown(target, body...); got != own {
					t.Errorf("%s: a body is shown %s, want %s", target, got, own)
				}
				if got := g.shown(target, analyst...); got != all {
					t.Errorf("%s: an analyst is shown %s, want %s", target, got, all)
				}
			}
		}
		g.get(january).problem(t, http.StatusServiceUnavailable, "unpublished")
		pass(10 * time.Minute)
		analyst, body = g.as("analyst"), g.as("body", "mlf_comuni", roma.String())
		check(january, "lots 0", "own 2", "exact 7")
		pass(30 * time.Hour)
		analyst, body = g.as("analyst"), g.as("body", "mlf_comuni", roma.String())
		check(january, "lots 5", "own 2", "exact 7")
		check(january+"&group=comune", "lots 5", "own 2", "exact 5 2")
		pass(8 * 24 * time.Hour) // The month is closed: what is left waits for more.
		g.cast(roma, schema.Red, 1)
		analyst, body = g.as("analyst"), g.as("body", "mlf_comuni", roma.String())
		check(january+"&group=comune", "lots 5", "own 3", "exact 5 3")
		g.get(january+"&comune="+milano.String(), body...).problem(t, http.StatusForbidden, "not-own")
		g.get(january+"&comune="+milano.String()+","+roma.String(), body...).problem(t, http.StatusForbidden, "not-own")
	})
}

// TestATagOfOneIsNotAnothers: If-None-Match never says that the exact answer is what
// the public has, or the other way round; caches that are shared keep none of who has
// a token.
func TestATagOfOneIsNotAnothers(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		g.cast(roma, schema.Green, 5)
		pass(30 * time.Hour)
		askers := [][]string{nil, g.as("analyst"), g.as("body", "mlf_comuni", roma.String()), g.as("body", "mlf_comuni", milano.String())}
		for i, one := range askers {
			first := g.get(january, one...)
			for k, other := range askers {
				want := http.StatusOK
				if i == k {
					want = http.StatusNotModified
				}
				again := g.get(january, append([]string{"If-None-Match", first.Header.Get("ETag")}, other...)...)
				if again.StatusCode != want {
					t.Errorf("tag of %d sent by %d: got %d, want %d", i, k, again.StatusCode, want)
				}
			}
			kept, vary := first.Header.Get("Cache-Control"), strings.Join(first.Header.Values("Vary"), ", ")
			if strings.HasPrefix(kept, "public") != (one == nil) || !strings.Contains(vary, "Authorization") {
				t.Errorf("asker %d: got Cache-Control %q, Vary %q", i, kept, vary)
			}
		}
	})
}

// TestThePublicLearnsNothingOfArrivals: as votes come in, until the night, nothing
// that the public can ask for changes.
func TestThePublicLearnsNothingOfArrivals(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		g.cast(roma, schema.Green, 5)
		pass(30 * time.Hour)
		asked := []string{
			january, january + "&group=day", january + "&group=comune&compare=year&fill=zero&group=day", "/v1/ledger", "/v1/trend?period=2000-01&step=day",
			"/v1/ranking?period=2000-01&by=comune", "/v1/ranking?period=2000-02&by=comune&min_n=1&compare=previous", "/v1/compare?a=period=2000-01%26comune=058091&b=period=2000-01%26comune=015146", "/v1/reasons?period=2000-01",
		}
		before := make([]string, len(asked))
		look := func(target string) string {
			got := g.get(target)
			got.Header.Del("X-Request-ID")
			if got.StatusCode != http.StatusOK {
				t.Errorf("%s: got %d %s", target, got.StatusCode, got.body)
			}
			return fmt.Sprint(got.Header, string(got.body))
		}
		for i, target := range asked {
			before[i] = look(target)
		}
		g.cast(roma, schema.Red, 100)
		burst := cell(schema.HourOf(time.Now()))
		burst.Class = schema.ClassBurst
		g.memory.vote(burst, schema.Red, 50)
		g.memory.ledger[0].Conflicts, g.memory.ledger[0].Quarantined = 3, 4
		for i, target := range asked {
			if after := look(target); after != before[i] {
				t.Errorf("%s: was\n%s\nis\n%s", target, before[i], after)
			}
		}
	})
}

// TestThePublicIsToldWhatItMayAsk: of what is not published it is refused, with what
// is.
func TestThePublicIsToldWhatItMayAsk(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		pass(10 * time.Minute)
		refused := func(target, parameter, word string) {
			t.Helper()
			p := g.get(target).problem(t, http.StatusForbidden, "not-published")
			if p.Parameter != parameter || !strings.Contains(p.Detail, word) {
				t.Errorf("%s: got parameter %q, %s", target, p.Parameter, p.Detail)
			}
			if got := g.get(target, g.as("analyst")...); got.StatusCode != http.StatusOK {
				t.Errorf("%s: an analyst got %d %s", target, got.StatusCode, got.body)
			}
		}
		refused(january+"&group=hour", "group", "day")
		refused(january+"&group=weekday,hour_of_day", "group", "weekday")
		refused(january+"&hour_of_day=9", "hour_of_day", "days")
		refused(january+"&class=all", "class", "ok")
		refused(january+"&class=burst", "class", "ok")
		refused("/v1/stats?from=2000-01-10T10:00:00Z&to=2000-01-11", "from", "days")
		refused("/v1/stats?from=2000-01-10&to=2000-01-11T10:00:00Z", "to", "days")
		refused("/v1/heatmap?period=2000-01", "group", "weekday")
		refused(january+"&check=store", "check", "exact")
		exact := g.get(january, g.as("analyst")...).Header.Get("X-MLF-Position")
		g.get(january+"&at_least="+exact).problem(t, http.StatusBadRequest, "bad-parameter")
		if got := g.get(january + "&at_least=" + g.get(january).Header.Get("X-MLF-Position")); got.StatusCode != http.StatusOK {
			t.Errorf("the public's own position: got %d %s", got.StatusCode, got.body)
		}
	})
}

// TestABodysOfficesHaveEnoughVotes: what names an office needs ten votes a week.
func TestABodysOfficesHaveEnoughVotes(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		for office, n := range map[schema.OfficeCode]uint64{"A": 9, "B": 10, "C": 11} {
			c := cell(schema.HourOf(time.Now()))
			c.Office = office
			g.memory.vote(c, schema.Green, n)
		}
		body := g.as("body", "mlf_comuni", roma.String())
		of := g.as("body", "mlf_comuni", roma.String(), "mlf_offices", "A")
		week := "/v1/stats?from=2000-01-24&to=2000-01-31"
		for _, c := range []struct {
			target, want string
			as           []string
		}{
			{week, "own 30", body},
			{week + "&group=office", "own 10 11", body},
			{week + "&office=A", "own 0", body},
			{week + "&office=B&group=channel", "own 10", body},
			{"/v1/stats?from=2000-01-17&to=2000-01-31&group=office", "own", body},
			{week, "own 0", of},
			{week + "&class=burst", "own 0", of},
		} {
			if got := g.shown(c.target, c.as...); got != c.want {
				t.Errorf("%s: got %s, want %s", c.target, got, c.want)
			}
		}
		g.get(week+"&office=B", of...).problem(t, http.StatusForbidden, "not-own")
	})
}

// TestARowThatLacksVotesSaysSo: a lot of two days is in neither, and in their month.
func TestARowThatLacksVotesSaysSo(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		g.cast(roma, schema.Green, 5)
		pass(24 * time.Hour)
		g.cast(roma, schema.Red, 1)
		pass(24 * time.Hour)
		g.cast(roma, schema.Red, 2)
		pass(30 * time.Hour)
		var stats struct {
			Rows []shown
		}
		days := g.get(january + "&group=day&fill=zero")
		days.json(t, &stats)
		if got := fmt.Sprint(stats.Rows[28:31]); got != "[5PL nullQP nullQP]" || days.Header.Get("X-MLF-Partial") != "2" {
			t.Errorf("got days %s, X-MLF-Partial %q", got, days.Header.Get("X-MLF-Partial"))
		}
		months := g.get(january + "&group=month")
		months.json(t, &stats)
		if got := fmt.Sprint(stats.Rows); got != "[8A]" || months.Header.Get("X-MLF-Partial") != "" {
			t.Errorf("got months %s, X-MLF-Partial %q", got, months.Header.Get("X-MLF-Partial"))
		}
		if got := g.get("/v1/trend?from=2000-01-29&to=2000-02-01&step=day").Header.Get("X-MLF-Partial"); got == "" {
			t.Error("the trend of days does not say that they lack votes")
		}
	})
}

// TestNoneShowsEverybodyEverything, and says so.
func TestNoneShowsEverybodyEverything(t *testing.T) {
	inBubble(t, query.DisclosureNone, nil, func(t *testing.T, g *guarded) {
		g.cast(milano, schema.Green, 1)
		for _, who := range [][]string{nil, g.as("body", "mlf_comuni", roma.String()), g.as("operator")} {
			if got := g.shown(january, who...); got != "none 1" {
				t.Errorf("got %s, want all", got)
			}
		}
	})
}

// TestABadTokenIsNoPublic: who sends a token that is not good is told so.
func TestABadTokenIsNoPublic(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		pass(10 * time.Minute)
		got := g.get(january, "Authorization", "Bearer x.y.z")
		got.problem(t, http.StatusUnauthorized, "unknown-token")
		if !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("got WWW-Authenticate %q", got.Header.Get("WWW-Authenticate"))
		}
		g.get(january, g.as("reader")...).problem(t, http.StatusForbidden, "forbidden")
		g.get("/v1/registry/services", "Authorization", "Bearer x.y.z").problem(t, http.StatusUnauthorized, "unknown-token")
		if got := g.get("/status", "Authorization", "Bearer x.y.z"); got.StatusCode != http.StatusOK {
			t.Errorf("status: got %d", got.StatusCode)
		}
	})
}

// TestClientsHaveQuotas: each of its own, look-ups a tenth, and none for the page.
func TestClientsHaveQuotas(t *testing.T) {
	quota := func() *access.Quota {
		q, err := access.NewQuota(access.QuotaConfig{Public: access.Rate{Burst: 3, PerSecond: 0.1}})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	inBubble(t, query.DisclosureNone, quota, func(t *testing.T, g *guarded) {
		for range 20 {
			if got := g.get("/v1/registry/services"); got.StatusCode != http.StatusOK {
				t.Fatalf("registry: got %d", got.StatusCode)
			}
		}
		if got := g.get(january); got.StatusCode != http.StatusOK || got.Header.Get("X-RateLimit-Remaining") != "0" || got.Header.Get("X-RateLimit-Limit") != "3" {
			t.Errorf("got %d, %v", got.StatusCode, got.Header)
		}
		got := g.get(january)
		got.problem(t, http.StatusTooManyRequests, "too-many-requests")
		if got.Header.Get("Retry-After") != "10" {
			t.Errorf("got Retry-After %q, want 10", got.Header.Get("Retry-After"))
		}
		for _, path := range []string{"/", "/status", "/openapi.yaml", "/docs/"} {
			if got := g.get(path); got.StatusCode != http.StatusOK {
				t.Errorf("%s: got %d", path, got.StatusCode)
			}
		}
		if got := g.get(january, g.as("analyst")...); got.StatusCode != http.StatusOK {
			t.Errorf("an analyst: got %d", got.StatusCode)
		}
		pass(10 * time.Second)
		if got := g.get(january); got.StatusCode != http.StatusOK {
			t.Errorf("later: got %d", got.StatusCode)
		}
	})
}
