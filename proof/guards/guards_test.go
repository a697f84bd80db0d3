package guards_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/command"
	kafka "mlf/ingest/broker/embedded"
	"mlf/proof/harness"
	apache "mlf/proof/kafka"
	"mlf/query/client"
	"mlf/schema"
)

// A guarded is the three stages as processes, on engines that the test can harm:
// a log of two partitions, and one terminal whose votes are on each.
type guarded struct {
	t        *testing.T
	kafka    string          // The broker's address.
	kafkaDir string          // Where it keeps its data.
	broker   *kafka.Broker   // The embedded one,
	cluster  *apache.Cluster // or Apache Kafka.
	storeDir string
	server   *clickhouse.Server

	storeStarted time.Time // When its last run began, or a bit later.

	ingestAddr, query, ingestAdmin, aggregateAdmin string
	ingest, aggregate                              *harness.Command
	terminals                                      [2]*harness.Terminal
	cast                                           [2]int // Votes sent by each, and their last seq.
}

// needGuards skips a test of the guards where they were not asked for: a log that
// ends too early is believed to be cut only after a minute.
func needGuards(t *testing.T) {
	t.Helper()
	if os.Getenv("MLF_TEST_GUARDS") == "" {
		t.Skip("takes minutes: run make guards")
	}
}

// newGuarded starts everything on embedded engines, and has some votes counted.
func newGuarded(t *testing.T) *guarded {
	t.Helper()
	g := newEngines(t)
	g.begin()
	return g
}

// begin starts the stages on what the engines are given, and has some votes counted.
func (g *guarded) begin() {
	g.t.Helper()
	harness.Eventually(g.t, 2*time.Minute, func() error { // A broker that has just started may take its time.
		apply := harness.Start(g.t, "schema", "apply", "--partitions", "2", "--kafka", g.kafka, "--clickhouse", g.server.DSN())
		if code := apply.Wait(time.Minute); code != command.ExitDone {
			return fmt.Errorf("mlf schema apply: exit code %d, %s", code, apply.Stderr())
		}
		return nil
	})
	g.startStages()
	g.vote(0, 5)
	g.vote(1, 5)
	g.counted()
}

// newEngines starts the embedded engines, and nothing on them.
func newEngines(t *testing.T) *guarded {
	t.Helper()
	needGuards(t)
	g := &guarded{t: t, kafkaDir: filepath.Join(t.TempDir(), "kafka"), kafka: harness.FreeAddr(t)}
	g.startBroker()
	t.Cleanup(func() { g.stopBroker() })
	g.startStore()
	return g
}

// startStages starts the stages, and enrols the terminals.
func (g *guarded) startStages() {
	g.t.Helper()
	t := g.t
	g.ingestAddr, g.query = harness.FreeAddr(t), harness.FreeAddr(t)
	g.startIngest()
	g.startAggregate()
	queryAdmin := harness.FreeAddr(t)
	query := harness.Start(t, "query", "--kafka", g.kafka, "--clickhouse", g.server.DSN(), "--listen", g.query, "--admin", queryAdmin, "--disclosure", "none", "--quota-public", "off")
	harness.WaitReady(t, query, queryAdmin)
	harness.WaitReady(t, g.ingest, g.ingestAdmin)
	harness.WaitReady(t, g.aggregate, g.aggregateAdmin)
	for p := range g.terminals {
		g.terminals[p] = harness.EnrolIn(t, comuneOn(t, schema.Partition(p)), g.kafka, g.ingestAddr, g.query)
	}
}

// comuneOn returns a comune whose votes are on partition p of 2.
func comuneOn(t *testing.T, p schema.Partition) string {
	t.Helper()
	for _, code := range []string{"058091", "015146", "001272", "063049", "048017", "082053"} {
		comune, err := schema.ParseComune(code)
		if err != nil {
			t.Fatal(err)
		}
		if schema.PartitionOf(schema.SlotOf(comune, 0), 2) == p {
			return code
		}
	}
	t.Fatalf("no comune is on partition %d", p)
	return ""
}

func (g *guarded) startBroker() {
	g.t.Helper()
	g.broker = nil
	harness.Eventually(g.t, 10*time.Second, func() (err error) { // A process between fork and exec holds the folder's lock, too.
		g.broker, err = kafka.Start(g.t.Context(), kafka.Config{Dir: g.kafkaDir, Listen: g.kafka}, kafka.Telemetry{})
		return err
	})
}

func (g *guarded) stopBroker() {
	if g.broker == nil {
		return
	}
	if err := g.broker.Close(); err != nil {
		g.t.Error(err)
	}
}

// offline does something to the log while its broker is down.
func (g *guarded) offline(do func()) {
	g.t.Helper()
	if g.cluster == nil {
		g.stopBroker()
		do()
		g.startBroker()
		return
	}
	if err := g.cluster.Kill(0); err != nil {
		g.t.Fatal(err)
	}
	do()
	if err := g.cluster.Restart(g.t.Context(), 0); err != nil {
		g.t.Fatal(err)
	}
	client := g.client()
	harness.Eventually(g.t, time.Minute, func() error { // A stage that starts before would give up.
		_, err := client.LogEnds(g.t.Context())
		return err
	})
}

func (g *guarded) startStore() {
	g.t.Helper()
	g.storeDir = filepath.Join(g.t.TempDir(), "clickhouse")
	var err error
	if g.server, err = clickhouse.Start(g.t.Context(), clickhouse.Config{Dir: g.storeDir}, clickhouse.Telemetry{}); err != nil {
		g.t.Fatal(err)
	}
	g.storeStarted = time.Now()
	g.t.Cleanup(func() {
		if err := g.server.Close(); err != nil {
			g.t.Error(err)
		}
	})
}

func (g *guarded) startIngest() {
	g.ingestAdmin = harness.FreeAddr(g.t)
	g.ingest = harness.Start(g.t, "ingest", "--kafka", g.kafka, "--listen", g.ingestAddr, "--admin", g.ingestAdmin)
}

func (g *guarded) startAggregate() {
	g.aggregateAdmin = harness.FreeAddr(g.t)
	g.aggregate = harness.Start(g.t, "aggregate", "--kafka", g.kafka, "--clickhouse", g.server.DSN(), "--admin", g.aggregateAdmin)
}

// stopAggregate ends the worker in order: it leaves a checkpoint at the log's end.
func (g *guarded) stopAggregate() {
	g.t.Helper()
	if code := g.aggregate.Stop(); code != command.ExitDone {
		g.t.Fatalf("mlf aggregate stopped with exit code %d", code)
	}
}

// vote casts n votes on partition p, a record each.
func (g *guarded) vote(p, n int) {
	g.t.Helper()
	for range n {
		vote := fmt.Sprintf(`[{"seq":%d,"age_ms":%d,"face":"green","service":"anagrafe"}]`, g.cast[p]+1, 3600_000-10_000*g.cast[p])
		harness.Eventually(g.t, 30*time.Second, func() error {
			if status, body := g.terminals[p].Cast(vote); status != http.StatusAccepted {
				return fmt.Errorf("vote: %d %s", status, body)
			}
			return nil
		})
		g.cast[p]++
	}
}

// counted waits until every vote that was cast is counted, once.
func (g *guarded) counted() {
	g.t.Helper()
	g.green(g.cast[0]+g.cast[1], 30*time.Second)
	harness.Eventually(g.t, 10*time.Second, func() error { // It is written after them.
		l := harness.ReadLedger(g.t, g.query)
		if got, want := int(l.Totals.Counted), g.cast[0]+g.cast[1]; got != want || !l.Totals.Balanced() {
			return fmt.Errorf("ledger: got %+v, want %d votes", l.Totals, want)
		}
		return nil
	})
}

// green waits until the statistics say so many votes, and says when they say more.
func (g *guarded) green(want int, limit time.Duration) {
	g.t.Helper()
	harness.Eventually(g.t, limit, func() error {
		got, err := g.greenNow()
		if got > want {
			g.t.Fatalf("statistics: %d votes, %d were cast", got, want)
		}
		if got < want {
			return fmt.Errorf("statistics: got %d, want %d: %w", got, want, err)
		}
		return err
	})
}

// staysGreen looks for as long as several flushes take that the statistics say so
// many votes and no more.
func (g *guarded) staysGreen(want int) {
	g.t.Helper()
	for range 8 {
		g.green(want, 10*time.Second)
		harness.LetPass(250 * time.Millisecond)
	}
}

func (g *guarded) greenNow() (int, error) {
	from, to := time.Now().AddDate(0, 0, -3), time.Now().AddDate(0, 0, 2)
	status, body, err := harness.Get(g.t, fmt.Sprintf("http://%s/v1/stats?from=%s&to=%s&class=all", g.query, from.Format(time.DateOnly), to.Format(time.DateOnly)))
	if err != nil || status != http.StatusOK {
		return 0, fmt.Errorf("stats: %d %s %w", status, body, err)
	}
	return harness.Decode[struct{ Rows []struct{ Green int } }](g.t, body).Rows[0].Green, nil
}

// halted waits until partition p is halted everywhere it is shown, for a reason
// that says want, and has said so in one line.
func (g *guarded) halted(p int, limit time.Duration, want string) {
	g.t.Helper()
	began := time.Now()
	harness.Eventually(g.t, limit, func() error { return g.isHalted(p, want) })
	g.t.Logf("halted after %v: %s", time.Since(began).Round(100*time.Millisecond), harness.ReadLedger(g.t, g.query).Partitions[p].Reason)
	var lines []string
	for line := range strings.Lines(g.aggregate.Stderr()) {
		if strings.Contains(line, `"ERROR"`) && strings.Contains(line, fmt.Sprintf(`"partition":%d`, p)) {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "partition is halted") {
		g.t.Errorf("error lines: got %q, want one that says that partition %d is halted", lines, p)
	}
}

// isHalted returns nil when ledger and metrics say that partition p is halted.
func (g *guarded) isHalted(p int, want string) error {
	status, body, err := harness.Get(g.t, "http://"+g.query+"/v1/ledger")
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("ledger: %d %s %w", status, body, err)
	}
	partitions := harness.Decode[client.Ledger](g.t, body).Partitions
	if p >= len(partitions) || partitions[p].State != schema.StateHalted || !strings.Contains(partitions[p].Reason, want) {
		return fmt.Errorf("ledger of partition %d: %s: want it halted: …%s…", p, body, want)
	}
	_, metrics, err := harness.Get(g.t, "http://"+g.aggregateAdmin+"/metrics")
	if gauge := fmt.Sprintf("mlf_aggregate_halted{partition=\"%d\"} 1\n", p); err != nil || !strings.Contains(metrics, gauge) {
		return fmt.Errorf("no %q in the metrics: %w", gauge, err)
	}
	return nil
}

// partition1GoesOn casts on both partitions, of which 0 is halted, when so many
// votes are counted. Of partition 0 nothing may come to it.
func (g *guarded) partition1GoesOn(counted int) {
	g.t.Helper()
	g.vote(0, 2)
	g.vote(1, 3)
	g.green(counted+3, 30*time.Second)
	g.vote(1, 1)
	g.green(counted+4, 30*time.Second) // A flush later.
}

// request sends Kafka a request that the product never sends.
func (g *guarded) request(r kmsg.Request) {
	g.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(g.kafka, ",")...))
	if err != nil {
		g.t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Request(g.t.Context(), r); err != nil {
		g.t.Fatal(err)
	}
}

// produce appends a record to partition p, as a foreign or newer producer might.
func (g *guarded) produce(p int, key, value []byte) {
	g.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(g.kafka, ",")...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		g.t.Fatal(err)
	}
	defer client.Close()
	record := &kgo.Record{Topic: schema.VotesTopic, Partition: int32(p), Key: key, Value: value}
	if err := client.ProduceSync(g.t.Context(), record).FirstErr(); err != nil {
		g.t.Fatal(err)
	}
}
