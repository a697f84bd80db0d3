package pipeline_test

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlf/proof/harness"
)

// highest returns the highest value of a metric, over its labels; false where there is none.
func highest(t *testing.T, admin, metric string) (value float64, found bool) {
	t.Helper()
	_, body, err := harness.Get(t, "http://"+admin+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if name, _, _ = strings.Cut(name, "{"); name != metric {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		value, found = max(value, v), true
	}
	return value, found
}

// becomes waits until a metric is at least so much, or none at all for 0.
func becomes(t *testing.T, admin, metric string, least float64) {
	t.Helper()
	harness.Eventually(t, 40*time.Second, func() error {
		got, found := highest(t, admin, metric)
		if !found || got < least || least == 0 && got > 0 {
			return fmt.Errorf("%s is %v, there: %v; want %v", metric, got, found, least)
		}
		return nil
	})
}

// TestAFrozenStoreIsSeen by a scrape of those whom nobody answers; and that nobody
// counts, when the worker is dead besides.
func TestAFrozenStoreIsSeen(t *testing.T) {
	t.Parallel()
	e := startEngines(t)
	harness.Run(t, "schema", "apply", "--partitions", "2", "--kafka", e.log.Addr(), "--clickhouse", e.store.DSN())
	worker, counting := e.stage(t, "mlf", "aggregate")
	page := harness.FreeAddr(t)
	_, answering := e.stage(t, "mlf", "query", "--listen", page, "--disclosure", "none", "--quota-public", "off")
	cast := e.votes(t, page)
	cast(1)
	shows(t, page, 1)
	becomes(t, counting, "mlf_consumer_lag_messages", 0)
	becomes(t, answering, "mlf_uncounted_records", 0)

	if err := syscall.Kill(e.store.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	thaw := func() { _ = syscall.Kill(e.store.Pid(), syscall.SIGCONT) }
	t.Cleanup(thaw)
	cast(2)
	becomes(t, counting, "mlf_consumer_lag_messages", 1)
	becomes(t, counting, "mlf_consumer_event_age_seconds", 5)
	becomes(t, counting, "mlf_aggregate_oldest_unflushed_seconds", 5)
	becomes(t, answering, "mlf_uncounted_records", 1)
	becomes(t, answering, "mlf_counted_age_seconds", 10)
	shows(t, page, 2)

	worker.Kill()
	thaw()
	cast(3)
	becomes(t, answering, "mlf_uncounted_records", 2)
	becomes(t, answering, "mlf_counted_age_seconds", 20)
	e.stage(t, "mlf", "aggregate")
	becomes(t, answering, "mlf_uncounted_records", 0)
	becomes(t, answering, "mlf_counted_age_seconds", 0)
	shows(t, page, 3)
}
