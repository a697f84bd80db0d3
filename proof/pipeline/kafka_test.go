package pipeline_test

import (
	"testing"
	"time"

	"mlf/command"
	"mlf/proof/harness"
)

// TestKafkaCountryIsCountedExactly plays a week of a country against separate
// processes, two of them counting.
func TestKafkaCountryIsCountedExactly(t *testing.T) {
	s := harness.NewStages(t, 1)
	stages := []*harness.Command{
		s.Stage(t, "ingest", s.IngestAdmin, "--listen", s.Ingest),
		s.Stage(t, "aggregate", s.AggregateAdmin),
		s.Stage(t, "aggregate", s.Aggregate2Admin),
		s.Stage(t, "query", s.QueryAdmin, "--listen", s.Query, "--disclosure", "none", "--quota-public", "off"),
	}
	admins := []string{s.IngestAdmin, s.AggregateAdmin, s.Aggregate2Admin, s.QueryAdmin}
	for i, stage := range stages { // A stage that made its own topic would fix its partition count by accident.
		says(t, stage, admins[i], "run mlf schema apply")
	}
	apply := append([]string{"schema", "apply", "--partitions", "8"}, s.Neighbours()...)
	first := harness.Run(t, apply...)
	if again := harness.Run(t, apply...); again != first {
		t.Errorf("schema apply again: got %q, want %q", again, first)
	}
	for i, stage := range stages {
		harness.WaitReady(t, stage, admins[i])
	}
	sim := harness.Start(t, "simulate", "--ingest", "http://"+s.Ingest, "--query", "http://"+s.Query, "--kafka", s.Kafka,
		"--terminals", "2000", "--days", "7", "--seed", "1")
	if code := sim.Wait(5 * time.Minute); code != command.ExitDone {
		t.Errorf("simulation: exit code %d\n%s%s", code, harness.Tail(sim.Stdout()), harness.Tail(sim.Stderr()))
	}
	t.Log(sim.Stdout())
	for _, stage := range stages {
		if code := stage.Stop(); code != command.ExitDone {
			t.Errorf("mlf %s stopped with exit code %d", stage.Name(), code)
		}
	}
}
