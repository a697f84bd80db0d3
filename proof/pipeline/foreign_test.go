package pipeline_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/command"
	"mlf/proof/country"
	"mlf/proof/harness"
)

// TestSourcesWithoutStateAreCountedExactly plays boxes, devices, exchanges and sites beside
// terminals, in the weather of real networks.
func TestSourcesWithoutStateAreCountedExactly(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	foreignCountry(t, u.Ingest, u.Query, u.Kafka)
}

// TestKafkaSourcesWithoutStateAreCountedExactly: the same against separate processes.
func TestKafkaSourcesWithoutStateAreCountedExactly(t *testing.T) {
	s := harness.NewStages(t, 1)
	harness.Run(t, append([]string{"schema", "apply", "--partitions", "8"}, s.Neighbours()...)...)
	harness.WaitReady(t, s.Stage(t, "ingest", s.IngestAdmin, "--listen", s.Ingest, "--trusted-proxies", "127.0.0.0/8"), s.IngestAdmin)
	harness.WaitReady(t, s.Stage(t, "aggregate", s.AggregateAdmin), s.AggregateAdmin)
	harness.WaitReady(t, s.Stage(t, "query", s.QueryAdmin, "--listen", s.Query, "--disclosure", "none", "--quota-public", "off"), s.QueryAdmin)
	foreignCountry(t, s.Ingest, s.Query, s.Kafka)
}

// foreignCountry plays a country with sources of every kind, and looks that each did send:
// a small one, or that of MLF_TEST_COUNTRY ("2000x7": terminals and days).
func foreignCountry(t *testing.T, ingest, query, kafka string) {
	t.Helper()
	terminals, days, large := strings.Cut(os.Getenv("MLF_TEST_COUNTRY"), "x")
	within := 30 * time.Minute
	if !large {
		terminals, days, within = "40", "2", 3*time.Minute
	}
	sim := harness.Start(t, "simulate", "--foreign", "--terminals", terminals, "--days", days, "--seed", "7", "--json",
		"--ingest", "http://"+ingest, "--query", "http://"+query, "--kafka", kafka)
	if code := sim.Wait(within); code != command.ExitDone {
		t.Fatalf("simulation: exit code %d\n%s%s", code, harness.Tail(sim.Stdout()), harness.Tail(sim.Stderr()))
	}
	var r country.Report
	if err := json.Unmarshal([]byte(sim.Stdout()), &r); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d votes answered, %d sources told %d events, %d cells compared, %d differ", r.Answered, r.Sources, r.EventsAnswered, r.Cells, r.DifferencesTotal)
	e := r.Ledger.Events
	if r.Sources < 16 || !r.Compared || r.DifferencesTotal != 0 || e.In < r.EventsAnswered || slices.Min([]uint64{e.Used, e.Repeated, e.Stale}) == 0 {
		t.Errorf("got %d sources, events %+v of %d: want 16 or more, and some used, repeated and stale", r.Sources, e, r.EventsAnswered)
	}
}
