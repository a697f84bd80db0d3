package compare_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"mlf/aggregate/compare"
	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/schema"
	"mlf/schema/presence"
)

func TestMain(m *testing.M) {
	embedded.ChildMain()
	os.Exit(m.Run())
}

// TestDatabasesOfARealEngineAreCompared: they keep rows in the order that is asked for,
// in parts that are not merged and reasons that are not sorted.
func TestDatabasesOfARealEngineAreCompared(t *testing.T) {
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if errors.Is(err, embedded.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	l := newLog(random(t, 1), 400)
	address := strings.TrimSuffix(server.DSN(), "/mlf")
	a, b := database(t, address+"/mlf_a", l, 400), database(t, address+"/mlf_b", l, 70)
	cfg := config(a, b)
	cfg.Wait = 2 * time.Second
	r, err := compare.Run(t.Context(), cfg)
	if err != nil || !r.Equal() || r.Cells.Equal != r.Cells.All() || r.Votes != partitions*400 || r.Segments != partitions*10 || r.RowsOpen != 0 || r.Days.Equal == 0 {
		t.Fatalf("got %+v, %v", r, err)
	}
	row := l.rollups(1, 4, 5*segmentRecords)[3]
	row.Reasons = schema.AddReasons(row.Reasons, []schema.ReasonNumber{{Key: schema.KeyOfReason(schema.Red, schema.ReasonOther), N: 1}})
	missing := row
	missing.Office = "sud"
	if err := b.WriteRollups(t.Context(), []schema.Rollup{row, missing}); err != nil {
		t.Fatal(err)
	}
	day := l.days(0, 50, 51)[0]
	day.First -= 5_000_000 // Before all of its hour.
	if err := b.WriteDays(t.Context(), []presence.TerminalDay{day}); err != nil {
		t.Fatal(err)
	}
	r, err = compare.Run(t.Context(), cfg)
	if err != nil || r.Differences != 3 || r.Cells.Different != 2 || r.Days.Different != 1 || r.Shown[2].Days == nil {
		t.Fatalf("got %+v, %v, want two rows and a day", r, err)
	}
	for _, d := range r.Shown[:2] {
		if d.Row == nil || d.Partition != 1 || d.Segment != 4 || d.Open {
			t.Errorf("got %+v", d)
		}
	}
}

// database returns a database that has counted l: in steps of so many records.
func database(t *testing.T, dsn string, l *log, step int) *store.Store {
	t.Helper()
	if err := store.Apply(t.Context(), store.Config{DSN: dsn}, schema.Identity{Log: schema.LogID{7}, Partitions: partitions, Rules: schema.RulesV2}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{DSN: dsn}, store.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c := &count{t: t, into: s, log: l}
	for next := step; next < 400+step; next += step {
		c.all(min(next, 400))
	}
	return s
}
