package pipeline_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	kafka "mlf/ingest/broker/embedded"
	"mlf/proof/harness"
)

// engines are a log and a store for stages that are processes of their own.
type engines struct {
	log   *kafka.Broker
	store *clickhouse.Server
}

func startEngines(t *testing.T) *engines {
	t.Helper()
	log, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	store, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: t.TempDir()}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &engines{log, store}
}

// stage starts a stage that counts into database, or reads it, and waits until it is
// ready. It returns its admin listener.
func (e *engines) stage(t *testing.T, database, name string, flags ...string) (c *harness.Command, admin string) {
	t.Helper()
	admin = harness.FreeAddr(t)
	dsn := strings.TrimSuffix(e.store.DSN(), "/mlf") + "/" + database
	c = harness.Start(t, append(append(strings.Fields(name), "--admin", admin, "--kafka", e.log.Addr(), "--clickhouse", dsn), flags...)...)
	harness.WaitReady(t, c, admin)
	return c, admin
}

// count makes a database, and starts a worker that counts into it and a process that
// answers from it.
func (e *engines) count(t *testing.T, database string) (worker *harness.Command, page string) {
	t.Helper()
	harness.Run(t, "schema", "apply", "--partitions", "3", "--kafka", e.log.Addr(),
		"--clickhouse", strings.TrimSuffix(e.store.DSN(), "/mlf")+"/"+database)
	worker, _ = e.stage(t, database, "aggregate")
	page = harness.FreeAddr(t)
	e.stage(t, database, "query", "--listen", page, "--disclosure", "none", "--quota-public", "off")
	return worker, page
}

// votes starts an ingest, and returns what casts the vote of a number there.
func (e *engines) votes(t *testing.T, query string) func(seq int) {
	t.Helper()
	ingest := harness.FreeAddr(t)
	e.stage(t, "mlf", "ingest", "--listen", ingest)
	term := harness.Enrol(t, e.log.Addr(), ingest, query)
	return func(seq int) {
		t.Helper()
		if status, body := term.Cast(fmt.Sprintf(`[{"seq":%d,"age_ms":0,"face":"green"}]`, seq)); status != http.StatusAccepted {
			t.Fatal(status, body)
		}
	}
}

// shows waits until query answers that so many green faces were counted.
func shows(t *testing.T, query string, want int) {
	t.Helper()
	harness.Eventually(t, 15*time.Second, func() error {
		if got := harness.Faces(t, query); got != [3]int{want, 0, 0} {
			return fmt.Errorf("faces: got %v, want %d green", got, want)
		}
		return nil
	})
}

// TestASecondDatabaseIsCountedBesideTheFirst: its workers take no partition from those
// of the first, which count on all the while, and both come to the same.
func TestASecondDatabaseIsCountedBesideTheFirst(t *testing.T) {
	e := startEngines(t)
	first, queryA := e.count(t, "mlf")
	cast := e.votes(t, queryA)
	cast(1)
	shows(t, queryA, 1)

	second, queryB := e.count(t, "mlf_b")
	shows(t, queryB, 1)
	cast(2)
	shows(t, queryA, 2)
	shows(t, queryB, 2)
	a, b := harness.ReadLedger(t, queryA), harness.ReadLedger(t, queryB)
	if a.Totals.Tally != b.Totals.Tally || a.Totals.Next != b.Totals.Next {
		t.Errorf("ledgers differ:\n%+v\n%+v", a.Totals, b.Totals)
	}
	const assigned = `"msg":"partitions are assigned","partitions":[0,1,2]}`
	for name, worker := range map[string]*harness.Command{"first": first, "second": second} {
		log := worker.Stderr()
		if strings.Count(log, "partitions are assigned") != 1 || !strings.Contains(log, assigned) {
			t.Errorf("the workers of the %s database: want all partitions, once\n%s", name, log)
		}
	}
}
