package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/schema"
	"mlf/schema/finding"
)

// TestChecksFindWhatIsWrong: each check on a real server where it holds, and where it
// does not.
func TestChecksFindWhatIsWrong(t *testing.T) {
	server := engine(t)
	dsn := newDatabase(t, server.DSN())
	look := func(dsn string) map[string]finding.Finding {
		t.Helper()
		s, err := store.New(store.Config{DSN: dsn}, store.Telemetry{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		age := func(context.Context) (time.Duration, error) { return 48 * time.Hour, nil }
		worst := make(map[string]finding.Finding)
		for _, f := range finding.Run(t.Context(), 5*time.Second, s.Checks("aggregate", age)...) {
			if old, ok := worst[f.Check]; !ok || old.Status == finding.OK {
				worst[f.Check] = f
			}
			if (f.Status == finding.Fail || f.Status == finding.Warn) && (f.Breaks == "" || f.Remedy == "") {
				t.Errorf("%+v: says not what breaks, or not what to do", f)
			}
		}
		return worst
	}
	f := func(found map[string]finding.Finding, check string, want finding.Status, says string) {
		t.Helper()
		if got := found["clickhouse."+check]; got.Status != want || !strings.Contains(got.Says, says) {
			t.Errorf("%s: got %+v, want %s with %q", check, got, want, says)
		}
	}
	f(look(dsn), "tables", finding.Fail, "mlf schema apply")
	id := schema.Identity{Log: schema.NewLogID(), Partitions: 4, Rules: schema.RulesV2}
	if err := store.Apply(t.Context(), store.Config{DSN: dsn}, id); err != nil {
		t.Fatal(err)
	}
	well := look(dsn)
	for _, check := range []string{"tables", "fsync", "rights", "clock", "partitions", "one_log", "one_worker"} {
		f(well, check, finding.OK, "")
	}
	if got := well["clickhouse.disk"]; got.Status == finding.Skipped || got.Says == "" {
		t.Errorf("disk: got %+v", got)
	}

	f(look(dsn+"?readonly=1"), "rights", finding.Fail, "readonly")
	others := look(strings.Replace(dsn, "/mlf_test", "/other", 1))
	f(others, "tables", finding.Fail, "")
	for check, got := range others { // Whose database it is not must not be told that all is well.
		if got.Status == finding.OK {
			t.Errorf("%s of a database that there is not: got %+v", check, got)
		}
	}

	conn := dial(t, dsn)
	defer func() { _ = conn.Close() }()
	ask(t, conn, "ALTER TABLE segment_ledger MODIFY SETTING fsync_after_insert = 0")
	f(look(dsn), "fsync", finding.Fail, "segment_ledger has not fsync_after_insert = 1")
	if err := store.Apply(t.Context(), store.Config{DSN: dsn}, id); err == nil || !strings.Contains(err.Error(), "fsync_after_insert") || !store.Hopeless(err) {
		t.Errorf("apply: got %v, want a refusal", err)
	}
	ask(t, conn, "INSERT INTO partition_state (partition, state, reason, since) VALUES (2, 'halted', 'the log was rewritten', now64(3))")
	f(look(dsn), "partitions", finding.Fail, "partition 2 is halted: the log was rewritten")
	ask(t, conn, "INSERT INTO segment_ledger (partition, segment, chain) VALUES (1, 7, 'a'), (1, 7, 'b')")
	f(look(dsn), "one_log", finding.Fail, "7 of partition 1")
	ask(t, conn, "INSERT INTO checkpoint (partition, next, taken) SELECT 3, number, now64(3) - toIntervalSecond(60 * number) FROM numbers(4)")
	f(look(dsn), "one_worker", finding.OK, "")
	ask(t, conn, "INSERT INTO checkpoint (partition, next, taken) SELECT 3, number, now64(3) - toIntervalSecond(60 * number + 30) FROM numbers(4)")
	f(look(dsn), "one_worker", finding.Warn, "[3]")
	ask(t, conn, "INSERT INTO log_identity (log, partitions, rules) VALUES ('another', 4, 2)")
	f(look(dsn), "tables", finding.Fail, "2 logs")
}
