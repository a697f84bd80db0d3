package query_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/aggregate/store/model"
	"mlf/query"
	"mlf/query/client"
	"mlf/query/fleet"
	"mlf/query/seen"
	"mlf/schema"
	"mlf/schema/heartbeat"
	"mlf/schema/network"
	"mlf/schema/presence"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

// A networkWorld is a server with terminals of Roma, and a store that has their days.
type networkWorld struct {
	*guarded
	days    *model.Store
	fleet   *fleet.Fleet
	network *network.Network
	reader  *seen.Reader
}

// newNetwork returns one that shows the public what is published; nil: everything.
func newNetwork(t *testing.T, published query.Published) *networkWorld {
	t.Helper()
	names := schematest.Lists(t)
	w := &networkWorld{guarded: &guarded{world: newWorldOf(t, query.Config{}, names)}, days: model.NewStore(time.Now())}
	w.network = network.New(w.terms)
	var err error
	if w.fleet, err = fleet.New(w.terms, names); err != nil {
		t.Fatal(err)
	}
	w.reader, err = seen.New(seen.Config{Store: func() seen.Store { return w.days }, Network: w.network, Heartbeats: w.fleet.Book})
	if err != nil {
		t.Fatal(err)
	}
	w.fleet.Follows(w.reader)
	parts := query.Parts{
		Store: func() query.Store { return w.memory }, Log: w.memory, Terminals: w.terms, Registry: names, Fleet: w.fleet,
		Network: w.network, Sightings: w.reader,
	}
	rule := query.DisclosureNone
	if published != nil {
		parts.Published, rule = published, query.DisclosureLots
	}
	if w.server, err = query.New(parts, query.Telemetry{}, query.Config{Disclosure: rule}); err != nil {
		t.Fatal(err)
	}
	return w
}

// enrol enrols a terminal of Roma that voted last some time ago; 0: never.
func (w *networkWorld) enrol(ago time.Duration) {
	w.t.Helper()
	e := &schema.Enrolment{
		Terminal: schema.NewTerminalID(), Token: schema.HashToken([]byte(schema.NewToken())), Comune: roma, Channel: schema.ChannelTotem,
		Scale: schema.ScaleMLF3, Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}}, Since: time.Now().AddDate(-1, 0, 0),
	}
	key, value, err := e.RegistryRecord()
	if err == nil {
		err = w.terms.Apply(key, value)
	}
	if ago > 0 && err == nil {
		at := schema.InstantOf(time.Now().Add(-ago))
		err = w.days.WriteDays(w.t.Context(), []presence.TerminalDay{{Terminal: e.Terminal, Day: presence.DayOf(at), First: at, Last: at, Ingested: at}})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// ask returns the figures that an address has.
func (w *networkWorld) ask(target string) client.Network {
	w.t.Helper()
	got := w.get(target)
	var n client.Network
	if got.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: got %d %s", target, got.StatusCode, got.body)
	}
	if err := json.Unmarshal(got.body, &n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestFiguresOfTheNetworkAreEverybodys: no votes are in them.
func TestFiguresOfTheNetworkAreEverybodys(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		pass(10 * time.Minute) // Until something is published.
		w := newNetwork(t, g.shelf)
		w.terms.SetComplete()
		w.network.SetComplete()
		w.fleet.Book.SetComplete()
		w.enrol(time.Hour)
		if n := w.ask("/v1/network"); n.Total.Claimed != 1 || *n.Total.Active != 1 || n.Meta.Disclosure != query.DisclosureLots {
			t.Errorf("got %+v", n)
		}
	})
}

// TestNetworkOverHTTP: figures change with what they are made of.
func TestNetworkOverHTTP(t *testing.T) {
	w := newNetwork(t, nil)
	w.get("/v1/network").problem(t, http.StatusServiceUnavailable, "loading")
	w.terms.SetComplete()
	w.get("/v1/network").problem(t, http.StatusServiceUnavailable, "loading")
	w.network.SetComplete()
	w.fleet.Book.SetComplete()
	body := &network.Body{Code: "c_h501", Type: network.TypeComune, Name: "Comune di Roma", Joined: 0, Members: []network.Member{{Comune: roma}}}
	if joined, err := registry.ParseDate("2020-01-01"); err == nil {
		body.Joined = joined
	}
	key, value, err := body.RegistryRecord()
	if err == nil {
		err = w.network.Apply(key, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.enrol(24 * time.Hour)
	w.enrol(40 * 24 * time.Hour)
	n := w.ask("/v1/network")
	if c := n.Total; c.BodiesJoined != 1 || *c.BodiesActive != 1 || c.Claimed != 2 || *c.Active != 1 || *c.Silent != 1 || *c.Idle != 0 || n.KnownSince != nil || len(n.Meta.Warnings) != 0 || len(n.Rows) != 1 || *n.Rows[0].Region != "12" {
		t.Errorf("got %+v", n)
	}
	first := w.get("/v1/network?by=region").Header.Get("ETag")
	w.enrol(time.Hour)
	if n := w.ask("/v1/network"); n.Total.Claimed != 3 || *n.Total.Active != 2 {
		t.Errorf("after one more: got %+v", n.Total)
	}
	if again := w.get("/v1/network?by=region", "If-None-Match", first); again.StatusCode != http.StatusOK {
		t.Errorf("one that has changed: got %d", again.StatusCode)
	}
	past := w.ask("/v1/network?by=region&at=" + time.Now().AddDate(0, 0, -20).Format(time.DateOnly))
	if *past.Total.Active != 1 || past.Total.Claimed != 3 {
		t.Errorf("20 days ago: got %+v", past.Total)
	}
	csv := w.get("/v1/network.csv?by=region")
	if text := string(csv.body); !strings.HasSuffix(text, "\n12,Lazio,1,0,1,1,1,0,3,2,0,1,0,0\r\n") {
		t.Errorf("got %q", text)
	}

	// An older worker counts now.
	newest := schema.InstantOf(time.Now())
	if err := w.days.WriteLedger(t.Context(), []schema.LedgerRow{{Next: 10, Newest: newest}}, nil); err != nil {
		t.Fatal(err)
	}
	n = w.ask("/v1/network")
	if c := n.Total; c.BodiesActive != nil || c.Active != nil || c.Idle != nil || c.Silent != nil || c.Claimed != 3 || n.KnownSince == nil || !n.KnownSince.Equal(newest.Time()) ||
		len(n.Meta.Warnings) != 1 || n.Meta.Warnings[0].Code != "votes-not-known" {
		t.Errorf("got %+v", n)
	}
	if text := string(w.get("/v1/network.csv?by=region").body); !strings.HasSuffix(text, "\n12,Lazio,1,0,1,,1,0,3,,,,0,0\r\n") {
		t.Errorf("got %q", text)
	}
	w.get("/v1/network?by=comune").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/network?at=2999-01-01").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/network?comune=058091").problem(t, http.StatusBadRequest, "bad-parameter")
	newWorld(t, query.Config{}).get("/v1/network").problem(t, http.StatusNotFound, "not-found")
}

// TestFleetSaysSinceWhenVotesAreKnown, and has the last vote of who gives no other sign.
func TestFleetSaysSinceWhenVotesAreKnown(t *testing.T) {
	w := newNetwork(t, nil)
	w.terms.SetComplete()
	w.fleet.Book.SetComplete()
	w.enrol(time.Minute)
	ask := func() (f client.Fleet) {
		t.Helper()
		got := w.get("/v1/fleet")
		if err := json.Unmarshal(got.body, &f); err != nil || len(f.Terminals) != 1 {
			t.Fatalf("%v: got %s", err, got.body)
		}
		return f
	}
	if f := ask(); f.KnownSince == nil || !f.KnownSince.Equal(f.AsOf) || f.Terminals[0].LastVote != nil || f.Terminals[0].State != "unheard" {
		t.Errorf("before anything is read: got %+v", f)
	}
	if err := w.reader.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := ask(); f.KnownSince != nil || f.Terminals[0].LastVote == nil || f.Terminals[0].State != "ok" {
		t.Errorf("got %+v", f)
	}
	h := heartbeat.Heartbeat{Terminal: schema.NewTerminalID(), At: schema.InstantOf(time.Now()), Install: 1}
	if err := w.fleet.Book.Apply(h.Key(), heartbeat.Append(nil, &h)); err != nil { // Of nobody who is enrolled.
		t.Fatal(err)
	}
	newest := schema.InstantOf(time.Now())
	err := w.days.WriteLedger(t.Context(), []schema.LedgerRow{{Next: 10, Newest: newest}}, nil)
	if err == nil {
		err = w.reader.Read(t.Context())
	}
	if f := ask(); err != nil || f.KnownSince == nil || !f.KnownSince.Equal(newest.Time()) || f.Terminals[0].LastVote == nil {
		t.Errorf("%v: got %+v", err, f)
	}
}
