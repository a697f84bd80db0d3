package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/kafka"
)

// A stagesTest is the three stages as processes of their own, against real
// Kafka and a ClickHouse server.
type stagesTest struct {
	cluster                *kafka.Cluster
	kafka, dsn             string
	ingest, query          string
	ingestAdmin, aggAdmin  string
	queryAdmin, agg2Admin  string
	kafkaFlags, storeFlags []string
}

func newStages(t *testing.T, brokers int) *stagesTest {
	t.Helper()
	if os.Getenv("MLF_TEST_KAFKA") == "" {
		t.Skip("needs Apache Kafka (Java 17, Maven): run make test-kafka")
	}
	cluster, err := kafka.Start(t.Context(), kafka.Config{Brokers: brokers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: filepath.Join(t.TempDir(), "clickhouse")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stagesTest{
		cluster: cluster,
		kafka:   strings.Join(cluster.Addrs(), ","), dsn: server.DSN(),
		ingest: freeAddr(t), query: freeAddr(t),
		ingestAdmin: freeAddr(t), aggAdmin: freeAddr(t), queryAdmin: freeAddr(t), agg2Admin: freeAddr(t),
	}
	s.kafkaFlags = []string{"--kafka", s.kafka}
	s.storeFlags = []string{"--clickhouse", s.dsn}
	return s
}

// stage starts one stage.
func (s *stagesTest) stage(t *testing.T, name, admin string, flags ...string) *command {
	t.Helper()
	args := append([]string{name, "--admin", admin}, s.kafkaFlags...)
	return start(t, append(append(args, s.storeFlags...), flags...)...)
}

// TestKafkaCountryIsCountedExactly plays a week of a country against separate
// processes, two of them counting.
func TestKafkaCountryIsCountedExactly(t *testing.T) {
	s := newStages(t, 1)
	stages := []*command{
		s.stage(t, "ingest", s.ingestAdmin, "--listen", s.ingest),
		s.stage(t, "aggregate", s.aggAdmin),
		s.stage(t, "aggregate", s.agg2Admin),
		s.stage(t, "query", s.queryAdmin, "--listen", s.query, "--disclosure", "none"),
	}
	admins := []string{s.ingestAdmin, s.aggAdmin, s.agg2Admin, s.queryAdmin}
	for i, stage := range stages { // A stage that made its own topic would fix its partition count by accident.
		says(t, stage, admins[i], "run mlf schema apply")
	}
	apply := append(append([]string{"schema", "apply", "--partitions", "8"}, s.kafkaFlags...), s.storeFlags...)
	first := mlf(t, apply...)
	if again := mlf(t, apply...); again != first {
		t.Errorf("schema apply again: got %q, want %q", again, first)
	}
	for i, stage := range stages {
		waitReady(t, stage, admins[i])
	}
	sim := start(t, "simulate", "--ingest", "http://"+s.ingest, "--query", "http://"+s.query, "--kafka", s.kafka,
		"--terminals", "2000", "--days", "7", "--seed", "1")
	if code := sim.wait(5 * time.Minute); code != exitDone {
		t.Errorf("simulation: exit code %d\n%s%s", code, tail(sim.stdout.String()), tail(sim.stderr.String()))
	}
	t.Log(sim.stdout.String())
	for _, stage := range stages {
		if code := stage.stop(); code != exitDone {
			t.Errorf("mlf %s stopped with exit code %d", stage.args[0], code)
		}
	}
}
