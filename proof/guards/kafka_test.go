package guards_test

import (
	"path/filepath"
	"testing"

	"mlf/proof/harness"
	apache "mlf/proof/kafka"
)

// TestKafkaGuards is TestGuards on Apache Kafka: what it lets through, and what it
// says, when its log files are harmed.
func TestKafkaGuards(t *testing.T) {
	needGuards(t)
	harness.NeedKafka(t)
	for _, c := range guards() {
		t.Run(c.name, func(t *testing.T) {
			c.check(newGuardedKafka(t))
		})
	}
}

func newGuardedKafka(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{t: t, kafkaDir: filepath.Join(t.TempDir(), "kafka")}
	var err error
	if g.cluster, err = apache.Start(t.Context(), apache.Config{Dir: g.kafkaDir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = g.cluster.Kill(0) // Nobody reads its data again.
		g.cluster.Stop()
	})
	g.kafka = g.cluster.Addrs()[0]
	g.startStore()
	g.begin()
	return g
}
