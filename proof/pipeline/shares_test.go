package pipeline_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/command"
	kafka "mlf/ingest/broker/embedded"
	"mlf/proof/harness"
)

// A shared country is counted into the shares of two servers, and into one database
// beside them.
type shared struct {
	*engines                    // The log, and the server that the front is on.
	other    *clickhouse.Server // Of the second share, and of the database beside.
}

const sharedPartitions = 4

func startShared(t *testing.T) *shared {
	t.Helper()
	log, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	start := func(others ...string) *clickhouse.Server {
		server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: t.TempDir(), Password: "secret", Cluster: others}, clickhouse.Telemetry{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		return server
	}
	other := start()
	s := &shared{other: other, engines: &engines{log, start(other.Addr())}}
	apply := func(database string, flags ...string) {
		harness.Run(t, append([]string{"schema", "apply", "--partitions", fmt.Sprint(sharedPartitions), "--kafka", log.Addr(), "--clickhouse", database}, flags...)...)
	}
	apply(in(s.store, "mlf_share"), "--share", "1/2")
	apply(in(s.other, "mlf_share"), "--share", "2/2")
	apply(in(s.store, "mlf"), "--shares", "mlf/mlf_share")
	apply(in(s.other, "mlf_b"))
	return s
}

// in returns the address of a database on server.
func in(server *clickhouse.Server, database string) string {
	return strings.TrimSuffix(server.DSN(), "/mlf") + "/" + database
}

// work starts a worker of a database on server.
func (s *shared) work(t *testing.T, server *clickhouse.Server, database string) *harness.Command {
	t.Helper()
	worker, _ := (&engines{s.log, server}).stage(t, database, "aggregate")
	return worker
}

// inBoth tells whether votes of both shares were counted.
func inBoth(t *testing.T, page string) bool {
	t.Helper()
	var votes [2]uint64
	for p, row := range harness.ReadLedger(t, page).Partitions {
		votes[p*len(votes)/sharedPartitions] += row.Counted
	}
	return votes[0] > 0 && votes[1] > 0
}

// TestACountryOnTwoServers: what two servers have counted, each its share, is what one
// has that counted all, whoever is killed on the way. Who has a part only is not asked,
// and while one of the two is silent the store is not.
func TestACountryOnTwoServers(t *testing.T) {
	t.Parallel()
	s := startShared(t)
	workers := []*harness.Command{s.work(t, s.store, "mlf_share"), s.work(t, s.other, "mlf_share")}
	s.work(t, s.other, "mlf_b")
	page, listen := harness.FreeAddr(t), harness.FreeAddr(t)
	s.stage(t, "mlf", "query", "--listen", page, "--disclosure", "none", "--quota-public", "off")
	s.stage(t, "mlf", "ingest", "--listen", listen)
	votes := 0
	cast := func(term *harness.Terminal, seq int) {
		t.Helper()
		if status, body := term.Cast(fmt.Sprintf(`[{"seq":%d,"age_ms":0,"face":"green"}]`, seq)); status != http.StatusAccepted {
			t.Fatal(status, body)
		}
		votes++
	}
	var terminals []*harness.Terminal
	for _, comune := range []string{"058091", "015146", "063049", "001272", "082053", "010025", "037006", "048017"} {
		terminals = append(terminals, harness.EnrolIn(t, comune, s.log.Addr(), listen, page))
		cast(terminals[len(terminals)-1], 1)
	}
	shows(t, page, votes)
	if !inBoth(t, page) {
		t.Fatal("all comuni are one share's: choose others")
	}
	for i, server := range []*clickhouse.Server{s.store, s.other} {
		workers[i].Kill()
		for _, term := range terminals {
			cast(term, 2+i)
		}
		workers[i] = s.work(t, server, "mlf_share")
	}
	shows(t, page, votes)
	checked(t, page)
	s.wantEqual(t, votes)
	for i, want := range []string{"[0,1]", "[2,3]"} {
		if log := workers[i].Stderr(); !strings.Contains(log, `"msg":"partitions are assigned","partitions":`+want) {
			t.Errorf("the worker of share %d: want partitions %s\n%s", i+1, want, log)
		}
	}
	s.wantRefused(t)

	if err := syscall.Kill(s.other.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(s.other.Pid(), syscall.SIGCONT) })
	status, body, err := harness.Get(t, "http://"+page+"/v1/stats?from=2025-01-01&to=2028-01-01&group=comune&check=store")
	if err != nil || status == http.StatusOK && !strings.Contains(body, `"store":"unknown"`) {
		t.Errorf("while a server is frozen: got %d %s, %v: want the store not to answer", status, body, err)
	}
	shows(t, page, votes)
	if err := syscall.Kill(s.other.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	checked(t, page)
}

// wantEqual waits until the front and the database beside have the same, of so many votes.
func (s *shared) wantEqual(t *testing.T, votes int) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, func() error {
		c := harness.Start(t, "compare", "--json", in(s.store, "mlf"), in(s.other, "mlf_b"))
		if code := c.Wait(time.Minute); code != command.ExitDone {
			return fmt.Errorf("exit code %d: %s%s", code, c.Stdout(), c.Stderr())
		}
		if r := harness.Decode[compared](t, c.Stdout()); !r.Equal || r.CellsEqual != r.Cells || r.Votes != votes {
			return fmt.Errorf("got %+v, want %d votes", r, votes)
		}
		return nil
	})
}

// wantRefused has those refused at once who would count into the front, or answer from a
// share.
func (s *shared) wantRefused(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"aggregate", "--clickhouse", in(s.store, "mlf")},
		{"query", "--listen", harness.FreeAddr(t), "--disclosure", "none", "--quota-public", "off", "--clickhouse", in(s.store, "mlf_share")},
		{"schema", "apply", "--partitions", "4", "--clickhouse", in(s.store, "mlf_share")},
		{"schema", "apply", "--partitions", "4", "--clickhouse", in(s.store, "mlf_share"), "--share", "2/2"},
		{"schema", "apply", "--partitions", "4", "--clickhouse", in(s.other, "mlf_b"), "--share", "1/2"},
	} {
		if args[0] != "schema" {
			args = append(args, "--admin", harness.FreeAddr(t))
		}
		c := harness.Start(t, append(args, "--kafka", s.log.Addr())...)
		if code := c.Wait(20 * time.Second); code != command.ExitFailed {
			t.Errorf("mlf %v: exit code %d, want %d\n%s", args, code, command.ExitFailed, c.Stderr())
		}
	}
}
