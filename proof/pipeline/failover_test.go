package pipeline_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/harness"
)

// TestAnswersFailOver: a log is counted into two databases of two servers, of which one
// freezes, and then the other. Answers go on, also those that memory has not got, and
// never go back.
func TestAnswersFailOver(t *testing.T) {
	t.Parallel()
	a := startEngines(t)
	other, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: t.TempDir()}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	b := &engines{a.log, other}
	for _, e := range []*engines{a, b} {
		harness.Run(t, "schema", "apply", "--partitions", "2", "--kafka", e.log.Addr(), "--clickhouse", e.store.DSN())
		e.stage(t, "mlf", "aggregate")
	}
	page, admin := harness.FreeAddr(t), harness.FreeAddr(t)
	answers := harness.Start(t, "query", "--admin", admin, "--kafka", a.log.Addr(), "--clickhouse", a.store.DSN()+","+b.store.DSN(),
		"--listen", page, "--disclosure", "none", "--quota-public", "off")
	harness.WaitReady(t, answers, admin)
	cast := a.votes(t, page)
	cast(1)
	shows(t, page, 1)
	asked(t, admin, a)

	freeze := func(e *engines, signal syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(e.store.Pid(), signal); err != nil {
			t.Fatal(err)
		}
	}
	freeze(a, syscall.SIGSTOP)
	t.Cleanup(func() { _ = syscall.Kill(a.store.Pid(), syscall.SIGCONT) })
	frozen := time.Now()
	asked(t, admin, b)
	if took := time.Since(frozen); took > 6*time.Second { // 5, and what a busy machine takes.
		t.Errorf("the other was asked after %v, want 5 s", took)
	}
	cast(2)
	shows(t, page, 2)
	checked(t, page)

	freeze(a, syscall.SIGCONT)
	becomes(t, admin, "mlf_query_copy_behind_records", 0)
	asked(t, admin, b)
	freeze(b, syscall.SIGSTOP)
	t.Cleanup(func() { _ = syscall.Kill(b.store.Pid(), syscall.SIGCONT) })
	asked(t, admin, a)
	cast(3)
	shows(t, page, 3)
	checked(t, page)
	freeze(b, syscall.SIGCONT)
	becomes(t, admin, "mlf_query_copy_behind_records", 0)
	checked(t, page)
}

// asked waits until a process asks the database of e.
func asked(t *testing.T, admin string, e *engines) {
	t.Helper()
	want := fmt.Sprintf("mlf_query_copy_asked{database=%q} 1\n", e.store.Addr()+"/mlf")
	harness.Eventually(t, 15*time.Second, func() error {
		_, body, err := harness.Get(t, "http://"+admin+"/metrics")
		if err != nil || !strings.Contains(body, want) {
			return fmt.Errorf("%w: no %s", err, want)
		}
		return nil
	})
}

// checked has an answer from memory compared with the database that is asked.
func checked(t *testing.T, page string) {
	t.Helper()
	harness.Eventually(t, 10*time.Second, func() error {
		status, body, err := harness.Get(t, "http://"+page+"/v1/stats?from=2025-01-01&to=2028-01-01&group=comune&check=store")
		if err != nil || status != http.StatusOK || !strings.Contains(body, `"store":"agrees"`) {
			return fmt.Errorf("%w: %d %s", err, status, body)
		}
		return nil
	})
}
