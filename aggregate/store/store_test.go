package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/aggregate/store/storetest"
	"mlf/proof/series"
)

func TestMain(m *testing.M) {
	embedded.ChildMain()
	goleak.VerifyTestMain(m)
}

func TestEmbeddedEngineIsAStore(t *testing.T) {
	server := engine(t)
	storetest.Run(t, func(t *testing.T) storetest.Subject { return open(t, server.DSN()) })
}

// TestServerIsAStore is for any server that mlf is to run on. It makes and drops
// databases of its own.
func TestServerIsAStore(t *testing.T) {
	dsn := os.Getenv("MLF_TEST_CLICKHOUSE")
	if dsn == "" {
		t.Skip("MLF_TEST_CLICKHOUSE is not set to a server's DSN")
	}
	storetest.Run(t, func(t *testing.T) storetest.Subject { return open(t, dsn) })
}

// engine starts an engine that ends with the test.
func engine(t testing.TB) *embedded.Server {
	t.Helper()
	return engineOf(t, embedded.Config{Dir: t.TempDir()})
}

func engineOf(t testing.TB, cfg embedded.Config) *embedded.Server {
	t.Helper()
	server, err := embedded.Start(t.Context(), cfg, embedded.Telemetry{})
	if errors.Is(err, embedded.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

var databases atomic.Uint64 //nolint:gochecknoglobals // Names must differ within the process.

// newDatabase returns a DSN like dsn that names a database of the test's own.
// It does not exist yet, and is dropped with the test.
func newDatabase(t testing.TB, dsn string) string {
	t.Helper()
	address, _, _ := strings.Cut(strings.TrimPrefix(dsn, "clickhouse://"), "/")
	name := fmt.Sprintf("mlf_test_%d_%d", os.Getpid(), databases.Add(1))
	admin := dial(t, "clickhouse://"+address+"/default")
	t.Cleanup(func() {
		if err := admin.Exec(context.WithoutCancel(t.Context()), "DROP DATABASE IF EXISTS "+name); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	return "clickhouse://" + address + "/" + name
}

func dial(t testing.TB, dsn string) driver.Conn {
	t.Helper()
	opt, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// open returns a new store on the server of dsn, with nothing in it.
func open(t testing.TB, dsn string) storetest.Subject {
	t.Helper()
	dsn = newDatabase(t, dsn)
	if err := store.Migrate(t.Context(), store.Config{DSN: dsn}); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, dsn)
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return storetest.Subject{
		Store: openStore(t, store.Config{DSN: dsn}),
		SQL: func(t testing.TB, statement string) uint64 {
			t.Helper()
			return ask(t, conn, statement)
		},
	}
}

func openStore(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	metrics := prometheus.NewRegistry()
	s, err := store.Open(t.Context(), cfg, store.Telemetry{Registerer: metrics})
	if err != nil {
		t.Fatal(err)
	}
	series.Complete(t, metrics, isRare)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// isRare tells whether a metric is of what is done once, by a person's command, or of
// an error of which nobody could know beforehand.
func isRare(name string) bool {
	rare := regexp.MustCompile(`table=(identity|bi_comune|bi_service)$|_errors_total code=[0-9]+ `)
	return rare.MatchString(name)
}

// ask runs a statement and returns the number it answers with.
func ask(t testing.TB, conn driver.Conn, statement string) uint64 {
	t.Helper()
	if !strings.HasPrefix(statement, "SELECT") {
		if err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		return 0
	}
	var n uint64
	if err := conn.QueryRow(t.Context(), statement).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
