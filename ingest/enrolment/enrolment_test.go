package enrolment_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/schematest"
)

// newClient returns a client of a log of its own, set up.
func newClient(t *testing.T) *broker.Client {
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
	return client
}

func newEnroller(t *testing.T, client enrolment.Registry) *enrolment.Enroller {
	t.Helper()
	e, err := enrolment.New(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// template is of a counter in a comune.
func template(c schema.ComuneID) schema.Enrolment {
	return schema.Enrolment{
		Comune: c, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 3}}, Since: time.Unix(1_793_610_000, 0),
	}
}

func enrolOne(t *testing.T, e *enrolment.Enroller) schema.Enrolled {
	t.Helper()
	enrolled, err := e.Enrol(t.Context(), []schema.Enrolment{template(58091)})
	if err != nil || len(enrolled) != 1 {
		t.Fatalf("got %v, error %v, want one terminal", enrolled, err)
	}
	return enrolled[0]
}

func revoke(e *schema.Enrolment) { e.Revoked = true }

func newToken(token string) func(e *schema.Enrolment) {
	return func(e *schema.Enrolment) { e.Token = schema.HashToken([]byte(token)) }
}

func TestEnrolNumbersTheTerminalsOfAComune(t *testing.T) {
	client := newClient(t)
	e := newEnroller(t, client)
	first, err := e.Enrol(t.Context(), []schema.Enrolment{template(58091), template(1001), template(58091)})
	if err != nil || len(first) != 3 {
		t.Fatalf("got %v, error %v, want three terminals", first, err)
	}
	second := enrolOne(t, newEnroller(t, client))
	read := newEnroller(t, client).Terminals()
	for i, want := range map[schema.Enrolled]uint32{first[0]: 0, first[1]: 0, first[2]: 1, second: 2} {
		got := read.ByToken([]byte(i.Token))
		if got == nil || got.Terminal != i.Terminal || got.Ordinal != want || got.Slot != schema.SlotOf(got.Comune, want) {
			t.Errorf("got %+v, want ordinal %d", got, want)
		}
	}
}

// TestRevocationIsNotUndone: revoke and token are two commands that read, change
// and write; they may read and write in any order beside each other.
func TestRevocationIsNotUndone(t *testing.T) {
	client := newClient(t)
	f := func(what string, act func(revoker, other *enrolment.Enroller, id schema.TerminalID)) {
		t.Helper()
		terminal := enrolOne(t, newEnroller(t, client)).Terminal
		act(newEnroller(t, client), newEnroller(t, client), terminal)
		if got := newEnroller(t, client).Terminals().ByID(terminal); got == nil || !got.Revoked {
			t.Errorf("%s: got %+v, want it revoked", what, got)
		}
	}
	change := func(e *enrolment.Enroller, id schema.TerminalID, change func(*schema.Enrolment)) {
		t.Helper()
		if _, err := e.Change(t.Context(), id, change); err != nil {
			t.Error(err)
		}
	}
	f("alone", func(revoker, _ *enrolment.Enroller, id schema.TerminalID) { change(revoker, id, revoke) })
	f("the other writes before", func(revoker, other *enrolment.Enroller, id schema.TerminalID) {
		change(other, id, newToken("a"))
		change(revoker, id, revoke)
	})
	f("the other writes after", func(revoker, other *enrolment.Enroller, id schema.TerminalID) {
		change(revoker, id, revoke)
		change(other, id, newToken("b"))
	})
	f("the other reads and writes after", func(revoker, _ *enrolment.Enroller, id schema.TerminalID) {
		change(revoker, id, revoke)
		change(newEnroller(t, client), id, newToken("c"))
	})
	for range 10 {
		f("at once", func(revoker, other *enrolment.Enroller, id schema.TerminalID) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = revoker.Change(context.WithoutCancel(t.Context()), id, revoke)
			}()
			_, _ = other.Change(t.Context(), id, newToken("d"))
			<-done
		})
	}
}

// TestANewTokenThatIsHandedOutHolds: of two who give a terminal a new token at
// once, whoever is told that it worked has the token that works.
func TestANewTokenThatIsHandedOutHolds(t *testing.T) {
	client := newClient(t)
	id := enrolOne(t, newEnroller(t, client)).Terminal
	late := &lateRegistry{Registry: client, after: func() {
		if _, err := newEnroller(t, client).Change(t.Context(), id, newToken("theirs")); err != nil {
			t.Error(err)
		}
	}}
	_, err := newEnroller(t, late).Change(t.Context(), id, newToken("mine"))
	if err == nil || !strings.Contains(err.Error(), "at the same moment") {
		t.Errorf("got %v, want an error: another's token holds", err)
	}
	if newEnroller(t, client).Terminals().ByToken([]byte("theirs")) == nil {
		t.Error("the other's token does not hold")
	}
}

// A lateRegistry lets somebody else write after each record that is put.
type lateRegistry struct {
	enrolment.Registry
	after func()
}

func (r *lateRegistry) PutRegistry(ctx context.Context, key string, value []byte) error {
	err := r.Registry.PutRegistry(ctx, key, value)
	r.after()
	return err
}

func TestChangeOfAnUnknownTerminal(t *testing.T) {
	e := newEnroller(t, newClient(t))
	if _, err := e.Change(t.Context(), 7, revoke); err == nil || !strings.Contains(err.Error(), "not enrolled") {
		t.Errorf("got %v, want an error", err)
	}
}

func TestServices(t *testing.T) {
	lists := schematest.Lists(t)
	f := func(codes, first, want string) {
		t.Helper()
		services, err := enrolment.Services(lists, strings.Split(codes, ","), first)
		var got []string
		for _, s := range services {
			got = append(got, s.Code)
		}
		text := strings.Join(got, ",")
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, want) {
			t.Errorf("%s, first %q: got %s, want %s", codes, first, text, want)
		}
	}
	f("anagrafe,tributi", "", "anagrafe,tributi")
	f("anagrafe,tributi", "tributi", "tributi,anagrafe")
	f("anagrafe,tributi", "urp", "--default-service urp")
	f("anagrafe,tribute", "", "--services tribute: not in the registry; want some of ")
	f("anagrafe,anagrafe", "", "named twice")
}

func TestSince(t *testing.T) {
	now := time.Date(2026, 11, 26, 22, 30, 0, 0, time.UTC) // 23:30 in Rome.
	f := func(day, want string) {
		t.Helper()
		got, err := enrolment.Since(day, now)
		text := got.UTC().Format(time.RFC3339)
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, want) {
			t.Errorf("%q: got %s, want %s", day, text, want)
		}
	}
	f("", "2026-11-26T22:30:00Z")
	f("2026-11-01", "2026-10-31T23:00:00Z")
	f("2026-07-01", "2026-06-30T22:00:00Z")
	f("2026-11-27", "2026-11-26T23:00:00Z") // Tomorrow: a terminal that is set up the evening before.
	f("2026-11-28", "every vote until then would count as late")
	f("2030-01-01", "every vote until then would count as late")
	f("26/11/2026", "want a date like 2026-11-01")
	f("2026-13-01", "want a date like 2026-11-01")
}
