package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/command"
	"mlf/proof/harness"
)

// compared is what the test reads of a report.
type compared struct {
	Equal          bool
	From           []int
	Cells          int
	CellsEqual     int `json:"cells_equal"`
	CellsBounded   int `json:"cells_bounded"`
	CellsDifferent int `json:"cells_different"`
	Votes          int
	Differences    []struct {
		Cell struct{ Comune, Service, Scale string }
		Open bool
		A, B struct{ Values map[string]int }
	}
}

// compare compares the databases, and returns the report of one that ended with code.
func (e *engines) compare(t *testing.T, code int, flags ...string) compared {
	t.Helper()
	dsn := strings.TrimSuffix(e.store.DSN(), "/mlf")
	c := harness.Start(t, append([]string{"compare", "--json", dsn + "/mlf", dsn + "/mlf_b"}, flags...)...)
	if got := c.Wait(time.Minute); got != code {
		t.Fatalf("exit code %d, want %d\n%s%s", got, code, c.Stdout(), c.Stderr())
	}
	var report compared
	if err := json.Unmarshal([]byte(c.Stdout()), &report); err != nil {
		t.Fatalf("%v: %s", err, c.Stdout())
	}
	return report
}

// exec runs a statement that no stage knows of.
func (e *engines) exec(t *testing.T, statement string) {
	t.Helper()
	opt, err := clickhouse.ParseDSN(strings.TrimSuffix(e.store.DSN(), "/mlf") + "/default")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// TestTwoDatabasesAreCompared: while votes come in, when none do, and when somebody
// has changed one row of one of them.
func TestTwoDatabasesAreCompared(t *testing.T) {
	e := startEngines(t)
	_, queryA := e.count(t, "mlf")
	cast := e.votes(t, queryA)
	cast(1)
	shows(t, queryA, 1)
	_, queryB := e.count(t, "mlf_b")
	shows(t, queryB, 1)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	votes := make(chan int, 1)
	go func() {
		n := 1
		defer func() { votes <- n }()
		for ctx.Err() == nil {
			n++
			cast(n)
		}
	}()
	for range 3 {
		if r := e.compare(t, command.ExitDone); !r.Equal || r.Cells < 1 || r.CellsDifferent != 0 {
			t.Errorf("while votes come in: got %+v", r)
		}
	}
	stop()
	n := <-votes
	harness.Eventually(t, 30*time.Second, func() error { // Once A has all of them on disk.
		if r := e.compare(t, command.ExitDone); !r.Equal || r.Cells < 1 || r.CellsEqual != r.Cells || r.Votes != n || len(r.From) != 3 {
			return fmt.Errorf("when none come: got %+v, want %d votes", r, n)
		}
		return nil
	})

	e.exec(t, "INSERT INTO mlf_b.votes_rollup SELECT * REPLACE (v3 + 1 AS v3) FROM mlf_b.votes_rollup FINAL LIMIT 1")
	r := e.compare(t, command.ExitFailed, "--wait", "2s")
	if r.Equal || r.CellsDifferent != 1 || len(r.Differences) != 1 {
		t.Fatalf("got %+v, want one cell", r)
	}
	if d := r.Differences[0]; d.Cell.Comune != "058091" || d.Cell.Service != "anagrafe" || d.B.Values["green"] != d.A.Values["green"]+1 || !d.Open {
		t.Errorf("got %+v, want a green face more in B", d)
	}
}
