package setup_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/ingest/enrolment"
	"mlf/ingest/setup"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

func now() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

// A world is a registry on a log of its own, with a body, and a desk before it.
type world struct {
	t      *testing.T
	offers *enrolment.Offers
	desk   *setup.Desk
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
	client, err := broker.New(broker.Config{Brokers: []string{b.Addr()}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if _, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	union := network.Body{Code: "uc_x", Type: network.TypeUnion, Name: "Unione X", Joined: registry.DateOf(now()), Members: []network.Member{{Comune: 1263}, {Comune: 1022}}}
	sestriere := network.Body{Code: "c_i692", Type: network.TypeComune, Name: "Comune di Sestriere", Joined: registry.DateOf(now()), Members: []network.Member{{Comune: 1263}}}
	for _, body := range []network.Body{union, sestriere} {
		key, value, err := body.RegistryRecord()
		if err == nil {
			err = client.PutRegistry(t.Context(), key, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	offers, err := enrolment.NewOffers(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, offers, setup.New(offers, lists(t), "https://stat.example.it/v1/terminals/self/watermark")}
}

func lists(t testing.TB) *registry.Registry {
	t.Helper()
	all := schematest.Lists(t)
	return all
}

func totem(c schema.ComuneID, b schema.BodyCode, office schema.OfficeCode) schema.Enrolment {
	return schema.Enrolment{
		Comune: c, Body: b, Office: office, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3, Since: now(),
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}, {Code: "tributi", ID: 4}},
	}
}

// code makes a code of a body for terminals.
func (w *world) code(b schema.BodyCode, terminals ...schema.Enrolment) (string, *network.Offer) {
	w.t.Helper()
	code, offer, err := w.offers.Create(w.t.Context(), b, terminals, now())
	if err != nil {
		w.t.Fatal(err)
	}
	return code.String(), offer
}

// said is an answer in words.
func said(body []byte, err error) string {
	var e *setup.Error
	switch {
	case errors.As(err, &e) && e.Retry > 0:
		return fmt.Sprintf("problem %d, %v: %s", e.Problem, e.Retry, e.Detail)
	case errors.As(err, &e):
		return fmt.Sprintf("problem %d: %s", e.Problem, e.Detail)
	case err != nil:
		return "ERROR " + err.Error()
	}
	return string(body)
}

func hash(token string) string { return fmt.Sprintf("%x", schema.HashToken([]byte(token))) }

func claimOf(code string, device int, tokens ...string) string {
	var sums []string
	for _, t := range tokens {
		sums = append(sums, `"`+hash(t)+`"`)
	}
	return fmt.Sprintf(`{"code":%q,"claim":"00000000-0000-4000-8000-%012x","token_sha256":[%s]}`, code, device, strings.Join(sums, ","))
}

const renewed = "want a code that is new; mlf claim new makes one"

func TestPreview(t *testing.T) {
	w := newWorld(t)
	one, _ := w.code("c_i692", totem(1263, "c_i692", "sportello-unico"))
	two, _ := w.code("uc_x", totem(1263, "c_i692", "a"), totem(1022, "", "b"))
	bare, _ := w.code("uc_x", totem(1022, "", ""))
	gone, offer := w.code("c_i692", totem(1263, "", ""))
	if err := w.offers.Withdraw(t.Context(), offer.Hash, now()); err != nil {
		t.Fatal(err)
	}
	f := func(at time.Duration, body, want string) {
		t.Helper()
		if got := said(w.desk.Preview(t.Context(), []byte(body), netip.MustParseAddr("192.0.2.1"), now().Add(at))); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
	const expires = `"expires":"2026-11-28T12:00:00Z"}`
	f(0, `{"code":"`+one+`"}`, `{"name":"Comune di Sestriere","office":"sportello-unico","channel":"totem","services":["Anagrafe","Tributi"],"terminals":1,`+expires)
	f(0, `{"code":"`+strings.ToLower(strings.ReplaceAll(one, "-", " "))+`"}`, `{"name":"Comune di Sestriere","office":"sportello-unico","channel":"totem","services":["Anagrafe","Tributi"],"terminals":1,`+expires)
	f(0, `{"code":"`+two+`"}`, `{"name":"Unione X","office":"","channel":"totem","services":["Anagrafe","Tributi"],"terminals":2,`+expires)
	f(0, `{"code":"`+bare+`"}`, `{"name":"Unione X","office":"","channel":"totem","services":["Anagrafe","Tributi"],"terminals":1,`+expires)
	f(24*time.Hour, `{"code":"`+one+`"}`, "problem 4: "+renewed)
	f(0, `{"code":"`+gone+`"}`, "problem 5: "+renewed)
	f(0, `{"code":"BCDF-GHJK-LMNP"}`, "problem 2: want a code of 12 letters like BCDF-GHJK-LMNP, as it was made in the last 24 hours")
	for _, body := range []string{``, `{}`, `[]`, `{"code":7}`, `{"code":"x"`} {
		f(0, body, `problem 1: want {"code":"…"}`)
	}
}

func TestClaim(t *testing.T) {
	w := newWorld(t)
	code, offer := w.code("uc_x", totem(1263, "c_i692", "a"), totem(1022, "", "b"))
	f := func(at time.Duration, body, want string) {
		t.Helper()
		if got := said(w.desk.Claim(t.Context(), []byte(body), netip.MustParseAddr("192.0.2.1"), now().Add(at))); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
	const shape = `problem 1: want {"code":"…","claim":"UUID","token_sha256":["64 digits of hexadecimal"]}`
	f(0, `{"code":"`+code+`","claim":"x","token_sha256":["z"]}`, shape)
	f(0, `{}`, shape)
	f(0, claimOf(code, 1, "a"), "problem 1: attempt cannot be taken: 1 hashes of tokens: want 2, one for each terminal")
	f(24*time.Hour, claimOf(code, 1, "a", "b"), "problem 4: "+renewed)
	taken := fmt.Sprintf(`{"device":"00000000-0000-4000-8000-000000000001","terminals":["%v","%v"]}`, offer.Terminals[0].Terminal, offer.Terminals[1].Terminal)
	f(0, claimOf(code, 1, "a", "b"), taken)
	f(time.Hour, claimOf(code, 1, "a", "b"), taken)    // Its answer was lost.
	f(48*time.Hour, claimOf(code, 1, "a", "b"), taken) // It was off for two days.
	f(0, claimOf(code, 2, "c", "d"), "problem 3: "+renewed)
	e := w.offers.Network().Terminals().ByToken([]byte("b"))
	if e == nil || e.Comune != 1022 || e.Office != "b" || e.Device != "00000000-0000-4000-8000-000000000001" {
		t.Errorf("got %+v, want the second terminal by its token", e)
	}
}

// Ten tries an hour find nothing, and others are not kept from theirs.
func TestWrongCodes(t *testing.T) {
	w := newWorld(t)
	code, _ := w.code("c_i692", totem(1263, "", ""))
	f := func(client string, at time.Duration, code, want string) {
		t.Helper()
		got := said(w.desk.Preview(t.Context(), []byte(`{"code":"`+code+`"}`), netip.MustParseAddr(client), now().Add(at)))
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", client, got, want)
		}
	}
	for i := range 10 {
		f("192.0.2.1", time.Duration(i)*time.Minute, code, `{"name"`) // What is right costs nothing.
		f(fmt.Sprint("192.0.2.", i), time.Duration(i)*time.Minute, "BCDFGHJKLMNP", "problem 2")
	}
	f("192.0.2.99", 10*time.Minute, "BCDFGHJKLMNP", "problem 6, 50m0s: want at most 10 wrong codes an hour")
	f("192.0.2.99", 10*time.Minute, code, "problem 6, 50m0s")
	f("192.0.3.1", 10*time.Minute, code, `{"name"`)
	f("2001:db8::1", 10*time.Minute, "?", "problem 2")
	f("192.0.2.99", time.Hour, code, `{"name"`)
	if got := said(w.desk.Claim(t.Context(), []byte(claimOf("BCDFGHJKLMNP", 1, "a")), netip.MustParseAddr("192.0.2.5"), now().Add(time.Hour))); !strings.HasPrefix(got, "problem 2") {
		t.Errorf("got %s, want a code that is unknown", got)
	}
	if got := said(w.desk.Claim(t.Context(), []byte(claimOf(code, 1, "a")), netip.MustParseAddr("192.0.2.5"), now().Add(time.Hour))); !strings.HasPrefix(got, "problem 6") {
		t.Errorf("got %s, want it told to wait", got)
	}
}

func TestConfig(t *testing.T) {
	w := newWorld(t)
	f := func(e schema.Enrolment, want string) string {
		t.Helper()
		e.Terminal = 0x1234
		body, etag := w.desk.Config(&e)
		if string(body) != want {
			t.Errorf("got  %s\nwant %s", body, want)
		}
		return etag
	}
	const services = `"services":[{"code":"anagrafe","it":"Anagrafe","en":"Population register","de":"Meldeamt"},{"code":"tributi","it":"Tributi","en":"Local taxes","de":"Gemeindesteuern"}],"default_service":"anagrafe"`
	const rest = `"languages":["it","en","de"],"cooldown_ms":2000,"test":%t,"watermark":"https://stat.example.it/v1/terminals/self/watermark"}`
	id := schema.TerminalID(0x1234).String()
	at := totem(1263, "c_i692", "sportello-unico")
	first := f(at, `{"terminal":"`+id+`","comune":"001263","name":"Comune di Sestriere","office":"sportello-unico","channel":"totem","scale":"mlf3",`+services+
		`,"faces":["green","yellow","red"],"reasons":["waiting_time","staff","must_return","negative_answer","other"],`+fmt.Sprintf(rest, false))
	if again := f(at, string(first1(w.desk.Config(&schema.Enrolment{Terminal: 0x1234, Comune: 1263, Body: "c_i692", Office: "sportello-unico", Channel: at.Channel, Scale: at.Scale, Services: at.Services})))); again != first {
		t.Errorf("got ETag %s, then %s", first, again)
	}
	web := totem(1263, "nobody", "")
	web.Channel, web.Scale, web.Test = schema.ChannelWeb, schema.ScaleStars5, true
	other := f(web, `{"terminal":"`+id+`","comune":"001263","name":"Sestriere","office":"","channel":"web","scale":"stars5",`+services+
		`,"faces":[],"reasons":["unclear","incomplete","unsure","technical","other"],`+fmt.Sprintf(rest, true))
	if other == first || len(other) != 18 {
		t.Errorf("got ETag %s of another configuration, and %s", other, first)
	}
}

func first1(body []byte, _ string) []byte { return body }

// Whatever is sent, nothing of it is told back but what its shape should be.
func FuzzClaim(f *testing.F) {
	terminals := new(schema.Terminals)
	desk := setup.New(enrolment.FollowedOffers(nil, network.New(terminals)), lists(f), "")
	f.Add([]byte(`{"code":"BCDF-GHJK-LMNP","claim":"00000000-0000-4000-8000-000000000001","token_sha256":["00"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for i, answer := range []func() ([]byte, error){
			func() ([]byte, error) { return desk.Preview(t.Context(), body, netip.Addr{}, now()) },
			func() ([]byte, error) { return desk.Claim(t.Context(), body, netip.Addr{}, now()) },
		} {
			var e *setup.Error
			if _, err := answer(); !errors.As(err, &e) || e.Problem != setup.Malformed && e.Problem != setup.Unknown && e.Problem != setup.TooMany {
				t.Errorf("%d: got %v, want it refused", i, err)
			}
		}
	})
}
