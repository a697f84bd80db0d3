package query_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/query"
	"mlf/query/access"
	"mlf/query/client"
	"mlf/query/fleet"
	"mlf/schema"
	"mlf/schema/heartbeat"
	"mlf/schema/schematest"
)

// A fleetWorld is a server with terminals, of Roma and Milano.
type fleetWorld struct {
	*guarded
	fleet        *fleet.Fleet
	roma, milano schema.TerminalID
}

// newFleet returns one whose terminals beat now, and whose public is shown what of has
// published, if there is one.
func newFleet(t *testing.T, of *guarded, issues bool) *fleetWorld {
	t.Helper()
	names := schematest.Lists(t)
	w := &fleetWorld{guarded: &guarded{world: newWorldOf(t, query.Config{}, names)}}
	var err error
	if w.fleet, err = fleet.New(w.terms, names); err != nil {
		t.Fatal(err)
	}
	parts := query.Parts{Store: func() query.Store { return w.memory }, Log: w.memory, Terminals: w.terms, Registry: names, Fleet: w.fleet}
	if issues {
		parts.Access = w.issuer(names)
	}
	rule := query.DisclosureNone
	if of != nil {
		rule, parts.Published = query.DisclosureLots, of.shelf
	}
	if w.server, err = query.New(parts, query.Telemetry{}, query.Config{Disclosure: rule}); err != nil {
		t.Fatal(err)
	}
	w.roma, w.milano = w.enrolAt(roma, "eur", ""), w.enrolAt(milano, "", "uc_x")
	return w
}

func (w *fleetWorld) enrolAt(c schema.ComuneID, office schema.OfficeCode, body schema.BodyCode) schema.TerminalID {
	w.t.Helper()
	e := &schema.Enrolment{
		Terminal: schema.NewTerminalID(), Token: schema.HashToken([]byte(schema.NewToken())), Comune: c, Office: office, Body: body, Channel: schema.ChannelTotem,
		Scale: schema.ScaleMLF3, Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}},
	}
	key, value, err := e.RegistryRecord()
	if err == nil {
		err = w.terms.Apply(key, value)
	}
	h := heartbeat.Heartbeat{Terminal: e.Terminal, At: schema.InstantOf(time.Now()), Install: 1, Waiting: 7}
	if err == nil {
		err = w.fleet.Book.Apply(h.Key(), heartbeat.Append(nil, &h))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return e.Terminal
}

// seen returns whose terminals an answer has.
func (w *fleetWorld) seen(target string, headers ...string) string {
	w.t.Helper()
	got := w.get(target, headers...)
	var answer client.Fleet
	if got.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: got %d %s", target, got.StatusCode, got.body)
	}
	if err := json.Unmarshal(got.body, &answer); err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, t := range answer.Terminals {
		all = append(all, t.Comune)
	}
	return strings.Join(all, " ")
}

// TestFleetIsShownToWhoLooksAfterIt: each role sees its own.
func TestFleetIsShownToWhoLooksAfterIt(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		for _, of := range []*guarded{nil, g} {
			w := newFleet(t, of, true)
			w.get("/v1/fleet", w.as("operator")...).problem(t, http.StatusServiceUnavailable, "loading")
			w.terms.SetComplete()
			w.fleet.Book.SetComplete()
			f := func(want, target string, who ...string) {
				t.Helper()
				if got := w.seen(target, who...); got != want {
					t.Errorf("%s: got %s, want %s", target, got, want)
				}
			}
			f("015146 058091", "/v1/fleet", w.as("operator")...)
			f("015146 058091", "/v1/fleet", w.as("analyst")...)
			f("058091", "/v1/fleet?region=12", w.as("operator")...)
			f("058091", "/v1/fleet", w.as("body", "mlf_comuni", roma.String())...)
			f("", "/v1/fleet?comune=015146", w.as("body", "mlf_comuni", roma.String())...)
			f("058091", "/v1/fleet", w.as("body", "mlf_comuni", roma.String(), "mlf_offices", "eur")...)
			f("", "/v1/fleet", w.as("body", "mlf_comuni", roma.String(), "mlf_offices", "ostia")...)
			f("015146", "/v1/fleet", w.as("body", "mlf_terminals", w.milano.String())...)
			f("015146", "/v1/fleet", w.as("body", "mlf_bodies", "uc_x")...)
			f("", "/v1/fleet", w.as("body", "mlf_bodies", "c_x")...)
			f("", "/v1/fleet", w.as("body", "mlf_bodies", "uc_x", "mlf_offices", "eur")...)
			w.get("/v1/fleet").problem(t, http.StatusUnauthorized, "unknown-token")
		}
	})
}

// TestFleetWithoutTokens: where there are none, and every count is everybody's, so is this;
// where the public is shown lots, it is nobody's.
func TestFleetWithoutTokens(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		newFleet(t, g, false).get("/v1/fleet").problem(t, http.StatusUnauthorized, "unknown-token")
	})
	w := newFleet(t, nil, false)
	w.terms.SetComplete()
	w.fleet.Book.SetComplete()
	if got := w.seen("/v1/fleet"); got != "015146 058091" {
		t.Errorf("got %s", got)
	}
	got := w.get("/v1/fleet?group=region&format=csv")
	if want := lines("by,code,terminals,ok,silent,copied,lost,unheard,waiting", "region,03,1,1,0,0,0,0,7", "region,12,1,1,0,0,0,0,7"); string(got.body) != want {
		t.Errorf("got %q, want %q", got.body, want)
	}
	if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv") {
		t.Errorf("got Content-Type %s", kind)
	}
	w.get("/v1/fleet?state=dead").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/fleet?stat=silent").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/fleet?format=xlsx").problem(t, http.StatusBadRequest, "bad-parameter")
	newWorld(t, query.Config{}).get("/v1/fleet").problem(t, http.StatusNotFound, "not-found")
	if (*access.Access)(nil).Enabled() {
		t.Error("nobody issues tokens")
	}
}
