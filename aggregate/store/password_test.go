package store_test

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/schema"
)

// TestThePasswordIsAskedByEachConnection: it changes with a restart of the server,
// and the store that was open goes on, by the driver and by columns.
func TestThePasswordIsAskedByEachConnection(t *testing.T) {
	dir := t.TempDir()
	server := engineOf(t, embedded.Config{Dir: dir, Password: "first"})
	unsigned := strings.Replace(server.DSN(), ":first@", "@", 1)
	first := func() (string, error) { return "first", nil }
	if err := store.Apply(t.Context(), store.Config{DSN: unsigned, Password: first}, schema.Identity{Log: schema.LogID{1}, Partitions: 1, Rules: schema.RulesV2}); err != nil {
		t.Fatal(err)
	}
	var addr, password atomic.Pointer[string]
	set := func(to *atomic.Pointer[string], text string) { to.Store(&text) }
	set(&addr, server.Addr())
	set(&password, "first")
	dsn := strings.Replace(server.DSN(), ":first@"+server.Addr(), "@"+balance(t, func() string { return *addr.Load() }), 1)
	ask := func() (string, error) {
		if *password.Load() == "" {
			return "", os.ErrNotExist
		}
		return *password.Load(), nil
	}
	s := openStore(t, store.Config{DSN: dsn, Password: ask})
	works := func() error {
		if err := s.Ping(t.Context()); err != nil {
			return err
		}
		_, err := s.Segments(t.Context())
		return err
	}
	if err := works(); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	set(&addr, engineOf(t, embedded.Config{Dir: dir, Password: "second"}).Addr())
	await(t, "refusal", func() bool { return store.Hopeless(works()) })
	set(&password, "")
	if err := works(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the password cannot be read", err)
	}
	set(&password, "second")
	if err := works(); err != nil {
		t.Errorf("with the new password: %v", err)
	}
}

func TestTwoPasswordsAreRefused(t *testing.T) {
	ask := func() (string, error) { return "x", nil }
	if err := (store.Config{DSN: "clickhouse://u@h:9000/mlf", Password: ask}).Validate(); err != nil {
		t.Error(err)
	}
	for _, dsn := range []string{"clickhouse://u:geheim@h:9000/mlf", "clickhouse://h:9000/mlf?username=u&password=geheim"} {
		if err := (store.Config{DSN: dsn, Password: ask}).Validate(); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("got %v, want an error without the password", err)
		}
	}
}
