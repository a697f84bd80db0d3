package harness

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/kafka"
)

// Stages are the three stages as processes of their own, against real Kafka and a
// ClickHouse server.
type Stages struct {
	Cluster                     *kafka.Cluster
	Kafka, DSN                  string
	Ingest, Query               string
	IngestAdmin, AggregateAdmin string
	QueryAdmin, Aggregate2Admin string
}

// NewStages starts so many brokers and a ClickHouse server, and picks addresses; it
// skips the test where real Kafka is not asked for.
func NewStages(t *testing.T, brokers int) *Stages {
	t.Helper()
	NeedKafka(t)
	cluster, err := kafka.Start(t.Context(), kafka.Config{Brokers: brokers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: filepath.Join(t.TempDir(), "clickhouse")}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Stages{
		Cluster: cluster,
		Kafka:   strings.Join(cluster.Addrs(), ","), DSN: server.DSN(),
		Ingest: FreeAddr(t), Query: FreeAddr(t),
		IngestAdmin: FreeAddr(t), AggregateAdmin: FreeAddr(t), QueryAdmin: FreeAddr(t), Aggregate2Admin: FreeAddr(t),
	}
}

// Stage starts one stage, with its admin listener on admin.
func (s *Stages) Stage(t *testing.T, name, admin string, flags ...string) *Command {
	t.Helper()
	return Start(t, append(append([]string{name, "--admin", admin}, s.Neighbours()...), flags...)...)
}

// Neighbours returns the flags that say where log and store are.
func (s *Stages) Neighbours() []string { return []string{"--kafka", s.Kafka, "--clickhouse", s.DSN} }

// NeedKafka skips a test where real Kafka is not asked for.
func NeedKafka(t *testing.T) {
	t.Helper()
	if os.Getenv("MLF_TEST_KAFKA") != "1" {
		t.Skip("needs Apache Kafka (Java 17, Maven): run make test-kafka")
	}
}
