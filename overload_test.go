package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlf/schema"
)

// needsOverload skips what takes minutes and the whole machine.
func needsOverload(t *testing.T) {
	t.Helper()
	if os.Getenv("MLF_TEST_OVERLOAD") == "" {
		t.Skip("takes minutes and the whole machine: run make overload")
	}
}

const (
	mebibyte = 1 << 20

	// frozenMemoryMax is what ingest may hold in memory however long the log is
	// silent: half of the 1 GiB that one process is given in production.
	frozenMemoryMax = 512 * mebibyte

	// turnedAwayMax is the 99th percentile until a request that cannot be taken is
	// told so: a terminal's person is still standing there.
	turnedAwayMax = 50 * time.Millisecond

	// thawMax is the time to full rate after the log answers again.
	thawMax = 30 * time.Second
)

// A frozenLog is a pipeline whose log can be stopped in mid-sentence.
type frozenLog struct {
	ingest         *command
	fleet          *fleet
	query          string
	freeze, resume func() error
}

// newFrozenLog starts one: on real Kafka where tests may use it, else on the broker
// of mlf up, which is a process of its own then.
func newFrozenLog(t *testing.T, terminals int) *frozenLog {
	t.Helper()
	if os.Getenv("MLF_TEST_KAFKA") == "" {
		f := newFront(t, terminals)
		signal := func(s syscall.Signal) func() error { return func() error { return f.up.cmd.Process.Signal(s) } }
		return &frozenLog{f.command, f.fleet, f.up.query, signal(syscall.SIGSTOP), signal(syscall.SIGCONT)}
	}
	s := newStages(t, 1)
	mlf(t, append(append([]string{"schema", "apply", "--partitions", "8"}, s.kafkaFlags...), s.storeFlags...)...)
	ingest := s.stage(t, "ingest", s.ingestAdmin, "--listen", s.ingest)
	waitReady(t, ingest, s.ingestAdmin)
	waitReady(t, s.stage(t, "aggregate", s.aggAdmin), s.aggAdmin)
	waitReady(t, s.stage(t, "query", s.queryAdmin, "--listen", s.query, "--disclosure", "none"), s.queryAdmin)
	return &frozenLog{
		ingest, newFleet(t, terminals, s.kafka, s.ingest), s.query,
		func() error { return s.cluster.Pause(0) }, func() error { return s.cluster.Resume(0) },
	}
}

// TestOverloadLogFrozen stops Kafka in mid-sentence for a minute while twice as
// many votes come as the service can take. It must refuse at once what it has no
// room for, hold on to little, come back by itself, and lose nothing.
func TestOverloadLogFrozen(t *testing.T) {
	needsOverload(t)
	raiseDescriptors(t, 8000)
	l := newFrozenLog(t, 200)
	pid := l.ingest.cmd.Process.Pid
	ctx := t.Context()
	few, many := l.fleet.casters(128), l.fleet.casters(6000)
	castClosed(ctx, few, 2*time.Second)
	idle, _ := residentOf(t, pid)
	peak := castClosed(ctx, few, 8*time.Second)
	answersOf(few)
	t.Logf("closed-loop peak: %.0f votes/s, one a request; %d MiB resident; load %s", peak, idle/mebibyte, loadAverage(t))

	frozen := time.Minute
	if long := os.Getenv("MLF_TEST_OVERLOAD_FROZEN"); long != "" {
		var err error
		if frozen, err = time.ParseDuration(long); err != nil {
			t.Fatal(err)
		}
	}
	loadCtx, stop := context.WithCancel(ctx)
	ended := make(chan int, 1)
	go func() { ended <- castPaced(loadCtx, many, 2*peak) }()
	probed := make(chan []time.Duration, 1)
	go func() { probed <- probe(loadCtx, l.fleet.ingest) }()
	letPass(5 * time.Second)
	if err := l.freeze(); err != nil {
		t.Fatal(err)
	}
	letPass(frozen)
	held, _ := residentOf(t, pid)
	if err := l.resume(); err != nil {
		t.Fatal(err)
	}
	thawed := time.Now()
	letPass(5 * time.Second)
	stop()
	missed, status := <-ended, <-probed
	by, bare := answersOf(many)
	reportAnswers(t, "twice the peak", by)
	reportAnswers(t, "beside it", map[string][]time.Duration{"GET /status": status})
	t.Logf("%d MiB resident at the end of %v without a log; %d times no connection of %d was free", held/mebibyte, frozen, missed, len(many))

	for rate := 0.0; rate < 0.9*peak; {
		if time.Since(thawed) > thawMax {
			t.Errorf("%v after the thaw: %.0f votes/s, want 90 %% of %.0f", thawMax, rate, peak)
			break
		}
		rate = castClosed(ctx, few, time.Second)
		t.Logf("%.1f s after the thaw: %.0f votes/s", time.Since(thawed).Seconds(), rate)
	}
	_, most := residentOf(t, pid)
	t.Logf("%d MiB resident at most", most/mebibyte)
	if most > frozenMemoryMax {
		t.Errorf("%d MiB resident: want at most %d", most/mebibyte, frozenMemoryMax/mebibyte)
	}
	// On a machine that others use, the least request there is tells what part of
	// the time is nobody's here.
	machine := percentileOf(status, 99)
	if got := percentileOf(by[turnedAway], 99); got > turnedAwayMax+machine || len(by[turnedAway]) == 0 {
		t.Errorf("%d requests turned away, p99 %v, where GET /status takes %v: want some, in %v more", len(by[turnedAway]), got, machine, turnedAwayMax)
	}
	if bare > 0 {
		t.Errorf("%d answers 503 without Retry-After", bare)
	}
	wantOnly(t, by, acked, turnedAway, unanswered)
	wantAllCounted(t, l.fleet, l.query, append(few, many...))
}

// wantAllCounted sends what is pending until all is acknowledged, and waits until
// the ledger has each vote once.
func wantAllCounted(t *testing.T, f *fleet, query string, casters []*caster) {
	t.Helper()
	if err := settleAll(t.Context(), casters, 2*time.Minute); err != nil {
		t.Error(err)
	}
	for _, c := range casters {
		c.close()
	}
	var last schema.Tally
	eventually(t, time.Minute, func() error {
		last = readLedger(t, query).Totals
		if last.Counted != uint64(f.cast()) {
			return fmt.Errorf("counted %d of %d votes cast and acknowledged", last.Counted, f.cast())
		}
		return nil
	})
	if last.Conflicts+last.Quarantined+last.Voided != 0 || !last.Balanced() {
		t.Errorf("got ledger %+v, want each vote counted once", last)
	}
	t.Logf("%d votes cast, each acknowledged in the end; ledger %+v", f.cast(), last)
}

// wantOnly fails for answers that are not among those named.
func wantOnly(t *testing.T, by map[string][]time.Duration, fates ...string) {
	t.Helper()
	known := strings.Join(fates, "\n")
	for fate, took := range by {
		if !strings.Contains(known, fate) {
			t.Errorf("%d answers %s", len(took), fate)
		}
	}
}

func reportAnswers(t *testing.T, what string, by map[string][]time.Duration) {
	t.Helper()
	for fate, took := range by {
		t.Logf("%s: %d x %s, p50 %v, p99 %v, most %v", what, len(took), fate,
			percentileOf(took, 50).Round(time.Microsecond), percentileOf(took, 99).Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
	}
}

func loadAverage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// letPass lets time go by that is part of what is tested.
func letPass(d time.Duration) { <-time.After(d) }
