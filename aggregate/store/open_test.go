package store_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/schema"
)

func TestApplyMayRunAgainButNotForAnotherLog(t *testing.T) {
	dsn := newDatabase(t, engine(t).DSN())
	f := func(id schema.Identity, problem string) {
		t.Helper()
		err := store.Apply(t.Context(), store.Config{DSN: dsn}, id)
		if problem == "" && err != nil {
			t.Errorf("%+v: %v", id, err)
		}
		if problem != "" && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%+v: got %v, want %q", id, err, problem)
		}
	}
	id := schema.Identity{Log: schema.LogID{1}, Partitions: 16, Rules: schema.RulesV1}
	f(id, "")
	f(id, "")
	f(schema.Identity{Log: schema.LogID{2}, Partitions: 16, Rules: schema.RulesV1}, "use a new database")
}

func TestOpenSaysWhenNothingWasApplied(t *testing.T) {
	server := engine(t)
	dsn := newDatabase(t, server.DSN())
	_, err := store.Open(t.Context(), store.Config{DSN: dsn}, store.Telemetry{})
	if !errors.Is(err, store.ErrNotApplied) || !strings.Contains(err.Error(), "mlf schema apply") {
		t.Errorf("no database: got %v, want %v", err, store.ErrNotApplied)
	}
	if err := store.Migrate(t.Context(), store.Config{DSN: dsn}); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, store.Config{DSN: dsn})
	if _, err := s.Identity(t.Context()); !errors.Is(err, store.ErrNotApplied) {
		t.Errorf("no identity: got %v, want %v", err, store.ErrNotApplied)
	}
	conn := dial(t, dsn)
	defer func() { _ = conn.Close() }()
	ask(t, conn, "ALTER TABLE segment_ledger DROP COLUMN events_in")
	_, err = store.Open(t.Context(), store.Config{DSN: dsn}, store.Telemetry{})
	if !errors.Is(err, store.ErrNotApplied) || !strings.Contains(err.Error(), "[segment_ledger.events_in]") {
		t.Errorf("a column of a later version is missing: got %v, want %v", err, store.ErrNotApplied)
	}
	ask(t, conn, "DROP TABLE segment_ledger")
	_, err = store.Open(t.Context(), store.Config{DSN: dsn}, store.Telemetry{})
	if !errors.Is(err, store.ErrNotApplied) || !strings.Contains(err.Error(), "[segment_ledger segment_ledger.events_in segment_ledger.present_next]") {
		t.Errorf("a table is missing: got %v, want %v", err, store.ErrNotApplied)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("the server did not survive: %v", err)
	}
}

func TestConfigValidate(t *testing.T) {
	f := func(c store.Config, problem string) {
		t.Helper()
		err := c.Validate()
		if problem == "" && err != nil || problem != "" && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%+v: got %v, want %q", c, err, problem)
		}
	}
	const dsn = "clickhouse://127.0.0.1:9000"
	f(store.Config{DSN: dsn}, "")
	f(store.Config{DSN: dsn + "/mlf_2?secure=true&dial_timeout=1s"}, "")
	f(store.Config{}, "no DSN")
	f(store.Config{DSN: "clickhouse://"}, "read store DSN")
	f(store.Config{DSN: "clickhouse://a:9000,b:9000/mlf?connection_open_strategy=round_robin"}, "2 servers: want one")
	f(store.Config{DSN: "clickhouse://a:9000,a:9000/mlf"}, "2 servers: want one")
	f(store.Config{DSN: "http://127.0.0.1:8123/mlf"}, "native protocol")
	f(store.Config{DSN: dsn + "/a-b"}, `database "a-b"`)
	f(store.Config{DSN: dsn + "/1a"}, `database "1a"`)
	f(store.Config{DSN: dsn + "/" + strings.Repeat("a", 65)}, "at most 64")
	f(store.Config{DSN: dsn, ConnsMax: -1}, "want 0 or more")
	f(store.Config{DSN: dsn, ReadMax: 1500 * time.Millisecond}, "whole seconds")
}

func TestConfigValidateKeepsThePassword(t *testing.T) {
	for _, dsn := range []string{"clickhouse://u:geheim@:%zz/mlf", "clickhouse://u:geheim@h:9000/a-b", "http://u:geheim@h:8123/mlf"} {
		if err := (store.Config{DSN: dsn}).Validate(); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("got %v, want an error without the password", err)
		}
	}
}

// TestStoreOutlivesItsServer kills the server under a writer that does what the
// flush does: it sends the same rows until they are acknowledged.
func TestStoreOutlivesItsServer(t *testing.T) {
	reg := prometheus.NewRegistry()
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{Registerer: reg})
	if errors.Is(err, embedded.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	subject := open(t, server.DSN())
	before, err := subject.Started(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// A restart within StartedTolerance of the start could not be told from none.
	await(t, "a later start", func() bool { return time.Since(before) > 2*store.StartedTolerance })

	const batches = 60
	rows := make([]schema.Rollup, 500)
	for n := range uint64(batches) {
		for i := range rows {
			rows[i] = schema.Rollup{
				Cell:   schema.Cell{Comune: schema.ComuneID(i + 1), Channel: 1, Scale: 1, Class: 1, Hour: 500_000},
				Values: [schema.ValueMax]uint64{n + 1},
			}
		}
		if n%20 == 10 {
			kill(t, server.Pid())
		}
		await(t, "an acknowledged insert", func() bool { return subject.WriteRollups(t.Context(), rows) == nil })
	}

	got, err := subject.Stats(t.Context(), schema.StatsQuery{From: 500_000, Next: 500_001, RowsMax: 10})
	if err != nil || len(got.Rows) != 1 || got.Rows[0].N() != batches*500 {
		t.Errorf("got %+v, %v, want %d votes", got, err, batches*500)
	}
	after, err := subject.Started(t.Context())
	if err != nil || after.Sub(before) < store.StartedTolerance {
		t.Errorf("start before %v, after %v, %v: want at least %v between", before, after, err, store.StartedTolerance)
	}
}

func TestReadsOverTheLimitsAreTooDear(t *testing.T) {
	dsn := newDatabase(t, engine(t).DSN())
	if err := store.Migrate(t.Context(), store.Config{DSN: dsn}); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, store.Config{DSN: dsn})
	rows := make([]schema.Rollup, 300_000)
	for i := range rows {
		rows[i] = schema.Rollup{Cell: schema.Cell{Comune: schema.ComuneID(i), Hour: 500_000}, Values: [schema.ValueMax]uint64{1}}
	}
	if err := s.WriteRollups(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	q := schema.StatsQuery{From: 500_000, Next: 500_001, Group: []schema.Column{schema.ColumnComune}, RowsMax: 400_000}
	if got, err := s.Stats(t.Context(), q); err != nil || len(got.Rows) != len(rows) {
		t.Errorf("%d rows, %v: want %d", len(got.Rows), err, len(rows))
	}
	small := openStore(t, store.Config{DSN: dsn, ReadMemoryMax: 1 << 20})
	if got, err := small.Stats(t.Context(), q); !errors.Is(err, schema.ErrTooDear) {
		t.Errorf("1 MiB of memory: got %d rows, %v, want %v", len(got.Rows), err, schema.ErrTooDear)
	}
	few := q
	few.RowsMax = 1000
	var server *clickhouse.Exception // It is the server that stops, not we after all has been read.
	if got, err := s.Stats(t.Context(), few); !errors.Is(err, schema.ErrTooManyRows) || !errors.As(err, &server) {
		t.Errorf("more than 1,000 rows: got %d rows, %v, want %v", len(got.Rows), err, schema.ErrTooManyRows)
	}
	if _, err := s.Stats(canceled(t), q); err == nil || errors.Is(err, schema.ErrTooDear) {
		t.Errorf("canceled by the caller: got %v, want an error that is not %v", err, schema.ErrTooDear)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMetricsCountRowsReadsAndErrors(t *testing.T) {
	dsn := newDatabase(t, engine(t).DSN())
	if err := store.Migrate(t.Context(), store.Config{DSN: dsn}); err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	s, err := store.Open(t.Context(), store.Config{DSN: dsn}, store.Telemetry{Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.WriteRollups(t.Context(), make([]schema.Rollup, 3)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Started(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteRollups(canceled(t), make([]schema.Rollup, 3)); err == nil {
		t.Error("a write whose caller is gone succeeded")
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels string
			for _, label := range m.GetLabel() {
				labels += "/" + label.GetValue()
			}
			got[family.GetName()+labels] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"mlf_clickhouse_insert_rows_total/rollup":              3,
		"mlf_clickhouse_insert_duration_seconds/rollup":        1,
		"mlf_clickhouse_read_duration_seconds/started":         1,
		"mlf_clickhouse_insert_errors_total/connection/rollup": 1,
	} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// kill ends the process as a crash does.
func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err != nil || pid == os.Getpid() {
		t.Fatalf("server has process %d, %v", pid, err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
}

// await tries until ok or 30 s have passed.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("no %s within 30 s", what)
		case <-tick.C:
		}
	}
}

// TestWritesAreDurable: an acknowledged row survives a power cut only where insert,
// folder and merge are synced; none of it is the server's default.
func TestWritesAreDurable(t *testing.T) {
	s := open(t, engine(t).DSN())
	tables := s.SQL(t, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'goose_db_version'")
	if tables < 6 {
		t.Errorf("%d tables: want at least 6", tables)
	}
	for _, setting := range []string{
		"fsync_after_insert = 1", "fsync_part_directory = 1",
		"min_rows_to_fsync_after_merge = 1", "min_compressed_bytes_to_fsync_after_merge = 1",
	} {
		got := s.SQL(t, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name != 'goose_db_version' AND position(engine_full, '"+setting+"') > 0")
		if got != tables {
			t.Errorf("%d tables have %s: want all %d", got, setting, tables)
		}
	}
}

// TestApplyMayRunSeveralTimesAtOnce: an orchestrator may start the job twice.
func TestApplyMayRunSeveralTimesAtOnce(t *testing.T) {
	server := engine(t)
	id := schema.Identity{Log: schema.LogID{1}, Partitions: 16, Rules: schema.RulesV1}
	for range 5 {
		dsn := newDatabase(t, server.DSN())
		const jobs = 4
		results := make(chan error, jobs)
		for range jobs {
			go func() { results <- store.Apply(t.Context(), store.Config{DSN: dsn}, id) }()
		}
		for range jobs {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		s := openStore(t, store.Config{DSN: dsn})
		if got, err := s.Identity(t.Context()); err != nil || got != id {
			t.Errorf("got %+v, %v, want %+v", got, err, id)
		}
		if err := store.Apply(t.Context(), store.Config{DSN: dsn}, id); err != nil {
			t.Errorf("once more: %v", err)
		}
	}
}

// TestMigrationsMayRunAgain forgets which have run, as happens where one was cut
// off between its statement and the note that it was made.
func TestMigrationsMayRunAgain(t *testing.T) {
	dsn := newDatabase(t, engine(t).DSN())
	if err := store.Migrate(t.Context(), store.Config{DSN: dsn}); err != nil {
		t.Fatal(err)
	}
	if err := openStore(t, store.Config{DSN: dsn}).WriteRollups(t.Context(), make([]schema.Rollup, 1)); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, dsn)
	defer func() { _ = conn.Close() }()
	const shape = "SELECT groupBitXor(cityHash64(name, create_table_query)) FROM system.tables WHERE database = currentDatabase() AND name != 'goose_db_version'"
	before := ask(t, conn, shape)
	ask(t, conn, "DROP TABLE goose_db_version SYNC")
	if err := store.Migrate(t.Context(), store.Config{DSN: dsn}); err != nil {
		t.Fatal(err)
	}
	if after := ask(t, conn, shape); after != before {
		t.Error("the tables are not what they were")
	}
	if got := ask(t, conn, "SELECT count() FROM votes_rollup"); got != 1 {
		t.Errorf("%d rows: want the one that was there", got)
	}
}
