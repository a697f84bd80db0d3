package schema_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/schema"
)

// enrolment is of a totem in Roma, whose token is "token".
func enrolment() schema.Enrolment {
	return schema.Enrolment{
		Terminal: 0x1122334455667788,
		Token:    schema.HashToken([]byte("token")),
		Comune:   58091,
		Office:   "municipio-1",
		Channel:  schema.ChannelTotem,
		Scale:    schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 3}, {Code: "tributi", ID: 9}},
		Since:    time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC),
		Ordinal:  4,
		Slot:     schema.SlotOf(58091, 4),
	}
}

func TestTerminalsLife(t *testing.T) {
	var terminals schema.Terminals
	look := func(when, token string, want *schema.Enrolment) {
		t.Helper()
		got := terminals.ByToken([]byte(token))
		if (got == nil) != (want == nil) || got != nil && (got.Terminal != want.Terminal || got.Revoked != want.Revoked) {
			t.Errorf("%s: token %q: got %+v, want %+v", when, token, got, want)
		}
	}
	e := enrolment()
	look("before", "token", nil)
	if terminals.ByID(e.Terminal) != nil || terminals.NextOrdinal(e.Comune) != 0 || len(terminals.All()) != 0 {
		t.Error("an empty registry knows a terminal")
	}

	apply(t, &terminals, e.RegistryRecord)
	apply(t, &terminals, e.RegistryRecord) // Read again: nothing changes.
	look("enrolled", "token", &e)
	look("enrolled", "tokem", nil)
	look("enrolled", "", nil)
	got := *terminals.ByID(e.Terminal)
	if !slices.Equal(got.Services, e.Services) || !got.Since.Equal(e.Since) || got.Office != e.Office || got.Slot != e.Slot {
		t.Errorf("got %+v, want %+v", got, e)
	}
	if n := terminals.NextOrdinal(e.Comune); n != 5 {
		t.Errorf("got next ordinal %d, want 5", n)
	}

	changed := e
	changed.Token = schema.HashToken([]byte("second"))
	apply(t, &terminals, changed.RegistryRecord)
	look("a new token", "token", nil)
	look("a new token", "second", &changed)

	revoked := changed
	revoked.Revoked = true
	apply(t, &terminals, revoked.RegistryRecord)
	look("revoked", "second", &revoked)

	other := e
	other.Terminal, other.Ordinal, other.Token = 1, 2, schema.HashToken([]byte("third"))
	apply(t, &terminals, other.RegistryRecord)
	look("another one", "third", &other)
	look("another one", "second", &revoked)
	if n := terminals.NextOrdinal(e.Comune); n != 5 {
		t.Errorf("got next ordinal %d after a lower one, want 5", n)
	}
	if all := terminals.All(); len(all) != 2 {
		t.Errorf("got %d terminals, want 2", len(all))
	}
}

func TestEnrolmentServices(t *testing.T) {
	e := enrolment()
	f := func(code string, want schema.ServiceID, wantOK bool) {
		t.Helper()
		if got, ok := e.Service([]byte(code)); got != want || ok != wantOK {
			t.Errorf("%q: got %d %v, want %d %v", code, got, ok, want, wantOK)
		}
	}
	f("anagrafe", 3, true)
	f("tributi", 9, true)
	f("", schema.ServiceUnspecified, false)
	f("Anagrafe", schema.ServiceUnspecified, false)
	if got := e.DefaultService(); got != 3 {
		t.Errorf("got default service %d, want 3", got)
	}
}

// TestTerminalsRefusals: a record that cannot be served is refused whole, and
// what was known stays.
func TestTerminalsRefusals(t *testing.T) {
	var terminals schema.Terminals
	e := enrolment()
	apply(t, &terminals, e.RegistryRecord)
	apply(t, &terminals, streamKey(7).RegistryRecord)
	f := func(key, value string) {
		t.Helper()
		if err := terminals.Apply(key, []byte(value)); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s %s: got error %v, want one that names the key", key, value, err)
		}
		if k, ok := terminals.SigningKey(); terminals.ByToken([]byte("token")) == nil || len(terminals.All()) != 1 || !ok || k.ID != 7 {
			t.Fatalf("%s %s: the registry changed", key, value)
		}
	}
	f("heartbeat/1", "{}")
	f("closed/x", "{}")
	f("closed/"+e.Terminal.String(), "?")
	f("closed/"+e.Terminal.String(), `{"terminal":"`+e.Terminal.String()+`"}`)                                       // No time,
	f("closed/"+schema.TerminalID(1).String(), `{"terminal":"`+e.Terminal.String()+`","at":"2026-11-27T09:00:00Z"}`) // another's.
	f("revoked/x", "{}")
	f("", "{}")
	f("terminal/x", "")
	f("terminal/x", "{")
	f("terminal/x", "{}")
	f("stream-key/8", "{}")
	f("stream-key/8", `{"id":8,"secret":"AAAA"}`)

	change := func(change func(e *schema.Enrolment)) {
		t.Helper()
		e := enrolment()
		change(&e)
		if key, _, err := e.RegistryRecord(); err == nil {
			t.Errorf("%s: a record was made of %+v", key, e)
		}
		value, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		f("terminal/"+e.Terminal.String(), string(value))
	}
	change(func(e *schema.Enrolment) { e.Services = nil })
	change(func(e *schema.Enrolment) { e.Services = make([]schema.EnrolledService, schema.EnrolledServicesMax+1) })
	change(func(e *schema.Enrolment) { e.Slot = schema.Slots })
	change(func(e *schema.Enrolment) { e.Channel = 6 })
	change(func(e *schema.Enrolment) { e.Scale = 0 })
	change(func(e *schema.Enrolment) { e.Comune = 0 })
	change(func(e *schema.Enrolment) { e.Office = "sede nord" })
	change(func(e *schema.Enrolment) { e.Body = "c/h501" })
	change(func(e *schema.Enrolment) { e.Device = strings.Repeat("d", schema.DeviceMax+1) })
}

// TestTerminalsTogether is for the race detector: one applies, many look up.
func TestTerminalsTogether(t *testing.T) {
	var terminals schema.Terminals
	apply(t, &terminals, streamKey(7).RegistryRecord)
	text := []byte(streamKey(7).Sign(stream()))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 200 {
				if e := terminals.ByToken([]byte("token")); e != nil && e.DefaultService() != 3 {
					t.Errorf("got default service %d", e.DefaultService())
				}
				if _, err := terminals.Stream(text); err != nil {
					t.Error(err)
				}
				terminals.All()
				terminals.NextOrdinal(58091)
			}
		})
	}
	for i := range 200 {
		e := enrolment()
		e.Revoked = i%2 == 1
		apply(t, &terminals, e.RegistryRecord)
	}
	group.Wait()
}

func TestParseTerminalID(t *testing.T) {
	f := func(id schema.TerminalID, text string) {
		t.Helper()
		if got := id.String(); got != text {
			t.Errorf("%d: written as %q, want %q", id, got, text)
		}
		var got schema.TerminalID
		if err := got.UnmarshalText([]byte(text)); err != nil || got != id {
			t.Errorf("%q: got %d, error %v, want %d", text, got, err, id)
		}
	}
	f(0, "t-0000000000000")
	f(1, "t-0000000000002")
	f(1<<64-1, "t-vvvvvvvvvvvvu")

	refuse := func(text string) {
		t.Helper()
		if got, err := schema.ParseTerminalID(text); err == nil || got != 0 {
			t.Errorf("%q: got %v, error %v, want an error", text, got, err)
		}
	}
	refuse("")
	refuse("t-")
	refuse("0000000000000")
	refuse("t-000000000000")
	refuse("t-00000000000000")
	refuse("t-000000000000w")
	refuse("t-0000000000003")
	refuse("t-000000\n0000000")
	if a, b := schema.NewTerminalID(), schema.NewTerminalID(); a == b {
		t.Errorf("two terminals are both %v", a)
	}
}

func TestToken(t *testing.T) {
	a, b := schema.NewToken(), schema.NewToken()
	if a == b || len(a) != 43 {
		t.Errorf("got tokens %q and %q, want two of 43 characters", a, b)
	}
	h := schema.HashToken([]byte(a))
	text, err := h.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var got schema.TokenHash
	if err := got.UnmarshalText(text); err != nil || got != h {
		t.Errorf("%s: got %x, error %v, want %x", text, got, err, h)
	}
	for _, bad := range []string{"", "a", string(text[1:]), string(text) + "00", strings.Repeat("g", len(text))} {
		if err := got.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken for a hash", bad)
		}
	}
}

// TestNewStreamKey: two that are made at the same moment, by two who do not know
// of each other, are told apart.
func TestNewStreamKey(t *testing.T) {
	made := time.Date(2026, 11, 1, 9, 0, 0, 0, time.FixedZone("Rome", 3600))
	a, b := schema.NewStreamKey(made), schema.NewStreamKey(made)
	if a.ID == b.ID || !a.Made.Equal(made) || a.Made.Location() != time.UTC || len(a.Secret) != 32 || slices.Equal(a.Secret, b.Secret) {
		t.Errorf("got %+v and %+v", a, b)
	}
	key, _, err := a.RegistryRecord()
	if want := fmt.Sprintf("stream-key/%d", a.ID); err != nil || key != want {
		t.Errorf("got key %q, error %v, want %s", key, err, want)
	}
}

// TestRevocationWins: a revocation has a record of its own, so no enrolment that
// was written beside it undoes it, in whatever order the two are read.
func TestRevocationWins(t *testing.T) {
	enrolled, changed, revoked := enrolment(), enrolment(), enrolment()
	changed.Token = schema.HashToken([]byte("second"))
	revoked.Revoked = true
	records := map[string]func() (string, []byte, error){
		"enrol":      enrolled.RegistryRecord,
		"new token":  changed.RegistryRecord,
		"revoked":    revoked.RegistryRecord, // As versions wrote it that knew no other way,
		"revocation": schema.Revocation{Terminal: enrolled.Terminal, At: time.Unix(1_793_610_000, 0)}.RegistryRecord,
	}
	f := func(want bool, order ...string) {
		t.Helper()
		var terminals schema.Terminals
		for _, name := range order {
			apply(t, &terminals, records[name])
		}
		e := terminals.ByID(enrolled.Terminal)
		if e == nil || e.Revoked != want {
			t.Fatalf("%v: got %+v, want revoked %v", order, e, want)
		}
		token := "token"
		if e.Token == changed.Token {
			token = "second"
		}
		if by := terminals.ByToken([]byte(token)); by != e {
			t.Errorf("%v: by token %+v, by id %+v", order, by, e)
		}
	}
	f(false, "enrol", "new token")
	f(true, "enrol", "revoked") // and as they read it.
	f(false, "enrol", "revoked", "new token")
	f(true, "enrol", "revocation")
	f(true, "revocation", "enrol")
	f(true, "enrol", "revocation", "revoked", "new token")
	f(true, "enrol", "revocation", "new token", "revoked")
	f(true, "enrol", "new token", "revocation", "revoked")
	f(true, "new token", "revocation")
	f(true, "revocation", "revoked", "new token", "new token")

	var terminals schema.Terminals
	apply(t, &terminals, enrolled.RegistryRecord)
	before, version := terminals.ByID(enrolled.Terminal), terminals.Version()
	apply(t, &terminals, records["revocation"])
	if before.Revoked || terminals.Version() == version {
		t.Error("an enrolment that somebody looked up changed under his hands, or the version did not change")
	}
	// The key alone decides: what stands in the value of a later version's does not.
	key, _, err := records["revocation"]()
	if err != nil {
		t.Fatal(err)
	}
	var later schema.Terminals
	apply(t, &later, enrolled.RegistryRecord)
	if err := later.Apply(key, []byte("?")); err != nil || !later.ByID(enrolled.Terminal).Revoked {
		t.Errorf("a revocation of another form: error %v", err)
	}
}

// TestClosureHolds: a closure has a record of its own, so a new token does not open the
// terminal again, and it is known in whatever order the two are read.
func TestClosureHolds(t *testing.T) {
	enrolled, changed := enrolment(), enrolment()
	changed.Token = schema.HashToken([]byte("second"))
	at := time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC)
	closure := schema.Closure{Terminal: enrolled.Terminal, At: at}
	f := func(want time.Time, order ...func() (string, []byte, error)) {
		t.Helper()
		var terminals schema.Terminals
		for _, record := range order {
			apply(t, &terminals, record)
		}
		e := terminals.ByID(enrolled.Terminal)
		if e == nil || !e.Closed.Equal(want) || e.Revoked {
			t.Fatalf("got %+v, want closed %v", e, want)
		}
	}
	f(time.Time{}, enrolled.RegistryRecord, changed.RegistryRecord)
	f(at, enrolled.RegistryRecord, closure.RegistryRecord)
	f(at, closure.RegistryRecord, enrolled.RegistryRecord)
	f(at, enrolled.RegistryRecord, closure.RegistryRecord, changed.RegistryRecord, closure.RegistryRecord)
	later := schema.Closure{Terminal: enrolled.Terminal, At: at.Add(time.Hour)}
	f(later.At, enrolled.RegistryRecord, closure.RegistryRecord, later.RegistryRecord)
	f(later.At, later.RegistryRecord, enrolled.RegistryRecord)

	var terminals schema.Terminals
	apply(t, &terminals, enrolled.RegistryRecord)
	before, version := terminals.ByID(enrolled.Terminal), terminals.Version()
	apply(t, &terminals, closure.RegistryRecord)
	if !before.Closed.IsZero() || terminals.Version() == version {
		t.Error("an enrolment that somebody looked up changed under his hands, or the version did not change")
	}
	if _, _, err := (schema.Closure{Terminal: 1}).RegistryRecord(); err == nil {
		t.Error("a closure without a time became a record")
	}
}

// TestRecordsOfOthersAreSkipped: what is none of its makes no error and no terminal.
func TestRecordsOfOthersAreSkipped(t *testing.T) {
	var terminals schema.Terminals
	for _, key := range []string{"annotation/x", "body/c_h501", "order/o-1", "claim/00", "claim/00/u/n"} {
		if err := terminals.Apply(key, []byte("?")); err != nil || len(terminals.All()) != 0 {
			t.Errorf("%s: got %v", key, err)
		}
	}
}

func TestParseBody(t *testing.T) {
	f := func(code string, want schema.BodyCode) {
		t.Helper()
		if got, err := schema.ParseBody(code); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", code, got, err, want)
		}
	}
	f("c_h501", "c_h501")
	f("C_H501", "c_h501")
	f("UNI.a-1", "uni.a-1")
	f("", "")
	f("c/h501", "")
	f("c h501", "")
	f("città", "")
	f(strings.Repeat("b", schema.BodyCodeMax), schema.BodyCode(strings.Repeat("b", schema.BodyCodeMax)))
	f(strings.Repeat("b", schema.BodyCodeMax+1), "")
}
