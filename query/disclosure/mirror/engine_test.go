package mirror_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/query/disclosure"
	"mlf/query/disclosure/mirror"
	"mlf/schema"
)

func TestMain(m *testing.M) {
	embedded.ChildMain()
	os.Exit(m.Run())
}

// A later store is some minutes ahead, so that a release is settled at once.
type later struct{ *store.Store }

func (l later) Notes(ctx context.Context) ([]schema.ReleaseNote, time.Time, error) {
	notes, now, err := l.Store.Notes(ctx)
	return notes, now.Add(2 * disclosure.SettleAfter), err
}

// engine returns a server of its own with a database that keeps releases.
func engine(t *testing.T) (*embedded.Server, mirror.Member) {
	t.Helper()
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if errors.Is(err, embedded.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := store.Apply(t.Context(), store.Config{DSN: server.DSN()}, schema.Identity{Log: schema.LogID{7}, Partitions: 1, Rules: schema.RulesV2}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{DSN: server.DSN()}, store.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return server, mirror.Member{Name: s.Place(), Copy: later{s}}
}

// TestTheOtherEngineShowsTheSame: one of two servers ends, and all that was published is
// read from the other, and from a third that was filled from it, to the last row.
func TestTheOtherEngineShowsTheSame(t *testing.T) {
	server, a := engine(t)
	other, b := engine(t)
	if b.Name < a.Name { // Releases are written to the first one first.
		server, a, b = other, b, a
	}
	m, err := mirror.New(mirror.Telemetry{}, a, b)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 9)) //nolint:gosec // A test's.
	for range 3 {
		if err := publish(t.Context(), m, rng); err != nil {
			t.Fatal(err)
		}
		if err := m.Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before, err := shown(t.Context(), m)
	if err != nil || len(before) != 3 {
		t.Fatalf("%d releases are shown, %v: want 3", len(before), err)
	}
	for i := range before {
		if equal, err := mirror.Equal(t.Context(), a.Copy, b.Copy, &before[i].Release); err != nil || !equal {
			t.Errorf("release %d is not the same in both, %v", before[i].Number, err)
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	after, err := shown(t.Context(), m)
	if err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("without the first: got %+v, %v, want %+v", after, err, before)
	}
	if err := publish(t.Context(), m, rng); err == nil {
		t.Error("something was published while one is away")
	}
	_, c := engine(t)
	if m, err = mirror.New(mirror.Telemetry{}, b, c); err != nil {
		t.Fatal(err)
	}
	if err := m.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if held, err := mirror.Held(t.Context(), c.Copy); err != nil || len(held) != 3 {
		t.Errorf("the new one has %d releases, %v: want 3", len(held), err)
	}
	alone, err := mirror.New(mirror.Telemetry{}, c)
	if err != nil {
		t.Fatal(err)
	}
	if third, err := shown(t.Context(), alone); err == nil && !reflect.DeepEqual(third, before) || err != nil {
		t.Errorf("the new one alone: got %+v, %v, want %+v", third, err, before)
	}
	if err := publish(t.Context(), m, rng); err != nil {
		t.Errorf("with a new one: %v", err)
	}
	one := before[0].Release
	if err := c.Copy.WriteLots(t.Context(), rowsIn(t, c.Copy, &one), []schema.Lot{before[0].lots[0]}, nil); err != nil {
		t.Fatal(err)
	}
	if equal, err := mirror.Equal(t.Context(), b.Copy, c.Copy, &one); err != nil || equal {
		t.Errorf("with a lot that is there twice they are equal, %v", err)
	}
}

// rowsIn returns the attempt that the rows of a release have in a database.
func rowsIn(t *testing.T, c mirror.Copy, r *schema.Release) schema.AttemptID {
	t.Helper()
	notes, _, err := c.Notes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notes {
		if n.Attempt == r.Attempt && n.Rows != 0 {
			return n.Rows
		}
	}
	t.Fatalf("release %d is not there", r.Number)
	return 0
}
