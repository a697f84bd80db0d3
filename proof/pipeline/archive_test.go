package pipeline_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/command"
	embedded "mlf/ingest/broker/embedded"
	"mlf/proof/harness"
	"mlf/proof/kafka"
)

// A site is a Kafka, and stages that count its log into a database.
type site struct {
	kafka, dsn    string
	ingest, query string
	stop          func() // Of Kafka, whose data are gone then.
	stages        []*harness.Command
}

// embeddedKafka starts the broker of mlf up.
func embeddedKafka(t *testing.T) (addr string, stop func()) {
	t.Helper()
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	return b.Addr(), func() { _ = b.Close() }
}

// threeBrokers starts a cluster of Apache Kafka.
func threeBrokers(t *testing.T) (addr string, stop func()) {
	t.Helper()
	c, err := kafka.Start(t.Context(), kafka.Config{Brokers: 3})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(c.Addrs(), ","), c.Stop
}

// startSite starts a Kafka; there is no log yet.
func startSite(t *testing.T, start func(t *testing.T) (string, func()), store *clickhouse.Server, database string) *site {
	t.Helper()
	s := &site{dsn: strings.TrimSuffix(store.DSN(), "/mlf") + "/" + database, ingest: harness.FreeAddr(t), query: harness.FreeAddr(t)}
	s.kafka, s.stop = start(t)
	t.Cleanup(func() { s.stop() })
	return s
}

// serve makes the database, and what of the log is missing, and starts all stages. Every
// record says which request it is of, to a collector that is away: nothing shall mind.
func (s *site) serve(t *testing.T) {
	t.Helper()
	harness.Run(t, "schema", "apply", "--partitions", "4", "--kafka", s.kafka, "--clickhouse", s.dsn)
	for _, args := range [][]string{
		{"ingest", "--listen", s.ingest, "--trace-endpoint", "http://" + harness.FreeAddr(t), "--trace-ratio", "1"},
		{"aggregate"},
		{"query", "--listen", s.query, "--disclosure", "none", "--quota-public", "off"},
	} {
		admin := harness.FreeAddr(t)
		c := harness.Start(t, append(args, "--admin", admin, "--kafka", s.kafka, "--clickhouse", s.dsn)...)
		harness.WaitReady(t, c, admin)
		s.stages = append(s.stages, c)
	}
}

// destroy stops the stages and takes Kafka away, with all that it has.
func (s *site) destroy(t *testing.T) {
	t.Helper()
	for _, c := range s.stages {
		if code := c.Stop(); code != command.ExitDone {
			t.Errorf("mlf %s stopped with exit code %d", c.Name(), code)
		}
	}
	s.stop()
	s.stop = func() {}
}

// cells returns everything that was counted, a line for each cell.
func (s *site) cells(t *testing.T) string {
	t.Helper()
	from := time.Now().AddDate(0, 0, -3).Format(time.DateOnly)
	to := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	status, body, err := harness.Get(t, fmt.Sprintf("http://%s/v1/stats?format=csv&from=%s&to=%s&class=all&group=comune,office,service,channel,class,hour", s.query, from, to))
	if err != nil || status != http.StatusOK {
		t.Fatalf("stats: %d %s %v", status, body, err)
	}
	return body
}

// archiveIsTheLog plays a country, archives its log while votes come, loses Kafka, puts
// the log back into another, and counts it into another database: the same, cell by cell.
// Then the terminals go on.
func archiveIsTheLog(t *testing.T, start func(t *testing.T) (string, func())) {
	store, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: filepath.Join(t.TempDir(), "clickhouse")}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	first := startSite(t, start, store, "mlf")
	first.serve(t)
	term := harness.Enrol(t, first.kafka, first.ingest, first.query)
	cast := func(seq int) {
		t.Helper()
		if status, body := term.Cast(fmt.Sprintf(`[{"seq":%d,"age_ms":0,"face":"green"}]`, seq)); status != http.StatusAccepted {
			t.Fatal(status, body)
		}
	}
	cast(1)
	dir := filepath.Join(t.TempDir(), "archive")
	take := []string{"log", "archive", "--to", dir, "--kafka", first.kafka}
	following := harness.Start(t, append(take, "--follow", "--every", "100ms")...)
	sim := harness.Run(t, "simulate", "--ingest", "http://"+first.ingest, "--query", "http://"+first.query, "--kafka", first.kafka,
		"--terminals", "150", "--days", "1")
	t.Log(sim)
	cast(2)
	if code := following.Stop(); code != command.ExitDone {
		t.Errorf("archive --follow stopped with exit code %d", code)
	}
	t.Log(following.Stdout(), harness.Run(t, take...), harness.Run(t, "log", "verify", "--from", dir, "--kafka", first.kafka))
	harness.Eventually(t, 15*time.Second, func() error { return first.counted(t) })
	before, cells := harness.ReadLedger(t, first.query), first.cells(t)
	first.destroy(t)

	second := startSite(t, start, store, "mlf_restored")
	t.Log(harness.Run(t, "log", "restore", "--from", dir, "--kafka", second.kafka))
	t.Log(harness.Run(t, "log", "verify", "--from", dir, "--kafka", second.kafka))
	second.serve(t)
	harness.Eventually(t, time.Minute, func() error { return second.counted(t) })
	if after := harness.ReadLedger(t, second.query); after.Totals.Tally != before.Totals.Tally {
		t.Errorf("ledger: got %+v, before %+v", after.Totals, before.Totals)
	}
	if got := second.cells(t); got != cells || strings.Count(cells, "\n") < 100 {
		t.Errorf("cells differ: got %d lines, before %d", strings.Count(got, "\n"), strings.Count(cells, "\n"))
	}
	t.Logf("%d cells are the same", strings.Count(cells, "\n")-1)

	term.Ingest, term.Query = "http://"+second.ingest, "http://"+second.query
	cast(2) // Sent again, because the answer was lost: counted once.
	cast(3)
	harness.Eventually(t, 15*time.Second, func() error {
		got := harness.ReadLedger(t, second.query).Totals.Tally
		if got.Counted != before.Totals.Counted+1 || got.Duplicates != before.Totals.Duplicates+1 {
			return fmt.Errorf("ledger: got %+v, want a counted vote and a duplicate more than %+v", got, before.Totals.Tally)
		}
		return nil
	})
}

// counted returns nil when all that is on the log is counted.
func (s *site) counted(t *testing.T) error {
	t.Helper()
	l := harness.ReadLedger(t, s.query)
	if l.Totals.Counted == 0 || !l.Reached(l.Ends()) {
		return fmt.Errorf("ledger: got %+v, want all of the log", l.Totals)
	}
	return nil
}

func TestAnArchiveIsTheLog(t *testing.T) { archiveIsTheLog(t, embeddedKafka) }

func TestKafkaAnArchiveIsTheLog(t *testing.T) {
	harness.NeedKafka(t)
	archiveIsTheLog(t, threeBrokers)
}
