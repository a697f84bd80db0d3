package guards_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/aggregate/store/storetest"
	"mlf/proof/harness"
	"mlf/schema"
)

// TestGuardACorruptCheckpointIsPassedOver damages the newest one on the store's
// disk, and lets one follow that nobody can read: the count begins at an older one
// and ends exact.
func TestGuardACorruptCheckpointIsPassedOver(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.stopAggregate() // With a checkpoint of each partition.
	g.startAggregate()
	g.vote(0, 4)
	g.vote(1, 4)
	g.counted()
	g.stopAggregate() // And another.

	s, err := store.Open(t.Context(), store.Config{DSN: g.server.DSN()}, store.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	infos, err := s.Checkpoints(t.Context(), 0)
	if err != nil || len(infos) < 2 {
		t.Fatalf("%d checkpoints, %v: want 2 or more", len(infos), err)
	}
	newest, err := s.Checkpoint(t.Context(), infos[0])
	if err != nil {
		t.Fatal(err)
	}
	if storetest.Flip(t, g.storeDir, newest.Payload) == 0 {
		t.Fatal("the newest checkpoint is in no file")
	}
	unreadable := schema.Checkpoint{CheckpointInfo: newest.CheckpointInfo, Payload: []byte("mlfc\x01 and nothing that decompresses")}
	unreadable.Taken = newest.Taken.Add(time.Second)
	unreadable.SHA256 = sha256.Sum256(unreadable.Payload)
	if err := s.WriteCheckpoint(t.Context(), unreadable); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	g.vote(0, 2)
	g.startAggregate()
	harness.WaitReady(t, g.aggregate, g.aggregateAdmin)
	g.vote(1, 2)
	g.counted()
	if n := strings.Count(g.aggregate.Stderr(), "checkpoint is passed over for an older one"); n != 2 {
		t.Errorf("%d log lines of checkpoints passed over, want 2", n)
	}
	_, metrics, err := harness.Get(t, "http://"+g.aggregateAdmin+"/metrics")
	if err != nil || !strings.Contains(metrics, "mlf_aggregate_checkpoints_unreadable_total 2\n") || !strings.Contains(metrics, `mlf_aggregate_recoveries_total{from="checkpoint"} 2`) {
		t.Errorf("metrics say nothing of two unreadable checkpoints and two recoveries from older ones: %v", err)
	}
}

// TestGuardAKilledStoreLosesNothing kills ClickHouse three times under a count.
func TestGuardAKilledStoreLosesNothing(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	for range 3 {
		g.vote(0, 5)
		g.stepsBack(func() { g.killStore() })
		g.vote(0, 5)
		g.vote(1, 5)
		g.counted()
	}
}

// stepsBack looks that both partitions step back within 10 s of what happens to
// the store, and say so in log and metrics.
func (g *guarded) stepsBack(happens func()) {
	g.t.Helper()
	const line = "store has restarted: partition steps back"
	lines, recoveries := strings.Count(g.aggregate.Stderr(), line), g.recoveries()
	happens()
	began := time.Now()
	harness.Eventually(g.t, 10*time.Second, func() error {
		if got := g.recoveries(); got < recoveries+2 {
			return fmt.Errorf("%v recoveries in the metrics: want 2 more than %v", got, recoveries)
		}
		return nil
	})
	g.t.Logf("stepped back after %v", time.Since(began).Round(100*time.Millisecond))
	if got := strings.Count(g.aggregate.Stderr(), line) - lines; got < 2 {
		g.t.Errorf("%d log lines of partitions that step back, want 2", got)
	}
}

// recoveries returns how often a partition was recovered, from whatever.
func (g *guarded) recoveries() (sum float64) {
	g.t.Helper()
	_, metrics, err := harness.Get(g.t, "http://"+g.aggregateAdmin+"/metrics")
	if err != nil {
		g.t.Fatal(err)
	}
	for line := range strings.Lines(metrics) {
		if name, value, _ := strings.Cut(line, " "); strings.HasPrefix(name, "mlf_aggregate_recoveries_total{") {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				g.t.Fatal(err)
			}
			sum += n
		}
	}
	return sum
}

// TestGuardAStoreThatWasRestoredIsFilledAgain puts an older copy of ClickHouse's
// data back: under a live worker, and while there is none. Its checkpoints went
// back with its rows, so the count goes on from where the copy was made.
func TestGuardAStoreThatWasRestoredIsFilledAgain(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	first, second := g.copyStore("first"), g.copyStore("second")
	g.vote(0, 5)
	g.vote(1, 5)
	g.counted()
	g.stepsBack(func() { g.restoreStore(first) })
	g.vote(0, 1)
	g.counted()

	g.stopAggregate()
	g.restoreStore(second)
	g.startAggregate()
	harness.WaitReady(t, g.aggregate, g.aggregateAdmin)
	g.vote(1, 1)
	g.counted()
}

// killStore kills the store, which is watched and started again. Its run was long
// enough to be told apart from the next one.
func (g *guarded) killStore() {
	g.t.Helper()
	const toldApart = 4 * time.Second // 2 s, and whole seconds.
	harness.LetPass(time.Until(g.storeStarted.Add(toldApart)))
	g.signalStore(syscall.SIGKILL)
	g.storeStarted = time.Now()
}

func (g *guarded) signalStore(s syscall.Signal) {
	g.t.Helper()
	if err := syscall.Kill(g.server.Pid(), s); err != nil {
		g.t.Fatal(err)
	}
}

// copyStore copies the store's data as they are at one moment.
func (g *guarded) copyStore(name string) string {
	g.t.Helper()
	g.signalStore(syscall.SIGSTOP)
	defer g.signalStore(syscall.SIGCONT)
	copied := g.storeDir + "-" + name
	if err := os.CopyFS(copied, os.DirFS(g.storeDir)); err != nil {
		g.t.Fatal(err)
	}
	return copied
}

// restoreStore lets the store start again on copied data.
func (g *guarded) restoreStore(copied string) {
	g.t.Helper()
	g.signalStore(syscall.SIGSTOP)
	if err := os.Rename(g.storeDir, copied+"-replaced"); err != nil {
		g.t.Fatal(err)
	}
	if err := os.Rename(copied, g.storeDir); err != nil {
		g.t.Fatal(err)
	}
	g.killStore()
	harness.Eventually(g.t, 30*time.Second, func() error {
		_, err := g.greenNow()
		return err
	})
}
