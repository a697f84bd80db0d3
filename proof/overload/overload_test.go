package overload_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"mlf/proof/harness"
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
	ingest         *harness.Command
	admin          string // Of ingest.
	fleet, others  *fleet
	query          string
	freeze, resume func() error
}

// newFrozenLog starts one: on three real brokers where tests may use them, else on
// that of mlf up, which is a process of its own then.
func newFrozenLog(t *testing.T) *frozenLog {
	t.Helper()
	const terminals = 100
	if os.Getenv("MLF_TEST_KAFKA") != "1" {
		f := newFront(t, terminals)
		others := newFleet(t, terminals, f.up.Kafka, f.ingest)
		return &frozenLog{f.Command, f.admin, f.fleet, others, f.up.Query, f.up.Pause, f.up.Resume}
	}
	const brokers = 3
	s := harness.NewStages(t, brokers)
	harness.Run(t, append([]string{"schema", "apply", "--partitions", "8"}, s.Neighbours()...)...)
	ingest := s.Stage(t, "ingest", s.IngestAdmin, "--listen", s.Ingest)
	harness.WaitReady(t, ingest, s.IngestAdmin)
	harness.WaitReady(t, s.Stage(t, "aggregate", s.AggregateAdmin), s.AggregateAdmin)
	harness.WaitReady(t, s.Stage(t, "query", s.QueryAdmin, "--listen", s.Query, "--disclosure", "none", "--quota-public", "off"), s.QueryAdmin)
	each := func(do func(broker int) error) func() error {
		return func() (err error) {
			for i := range brokers {
				err = errors.Join(err, do(i))
			}
			return err
		}
	}
	return &frozenLog{
		ingest, s.IngestAdmin, newFleet(t, terminals, s.Kafka, s.Ingest), newFleet(t, terminals, s.Kafka, s.Ingest),
		s.Query, each(s.Cluster.Pause), each(s.Cluster.Resume),
	}
}

// TestOverloadLogFrozen stops Kafka in mid-sentence for a minute while twice as
// many votes come as the service can take. It must refuse at once what it has no
// room for, hold on to little, come back by itself, and lose nothing.
func TestOverloadLogFrozen(t *testing.T) {
	needsOverload(t)
	raiseDescriptors(t, 8000)
	shared := machineIsShared(t)
	l := newFrozenLog(t)
	pid := l.ingest.Pid()
	few := l.fleet.casters(128)
	castClosed(t.Context(), few, 2*time.Second)
	idle := memoryOf(t, pid).Now
	peak := castClosed(t.Context(), few, 8*time.Second)
	answersOf(few)
	t.Logf("closed-loop peak: %.0f votes/s, one a request; %d MiB resident; load %s", peak, idle/mebibyte, loadAverage(t))

	load := l.others.generate(t, 6000, 2*peak)
	harness.LetPass(5 * time.Second)
	if err := l.freeze(); err != nil {
		t.Fatal(err)
	}
	beside := l.whileFrozen(t, shared)
	held := memoryOf(t, pid).Now
	if err := l.resume(); err != nil {
		t.Fatal(err)
	}
	thawed := time.Now()
	harness.LetPass(5 * time.Second)
	report := load.stop()
	reportAnswers(t, "twice the peak", report.Answers)
	t.Logf("%d MiB resident at the end of the time without a log; %d times no connection was free; load %s", held/mebibyte, report.Missed, loadAverage(t))
	if report.Bare > 0 {
		t.Errorf("%d answers 503 without Retry-After", report.Bare)
	}
	wantOnly(t, report.Answers, acked, turnedAway, unanswered)

	full := 0.9 * peak
	if shared {
		full = 0.1 * peak // What others left for the peak, they may have taken since.
	}
	for rate := 0.0; rate < full; {
		if time.Since(thawed) > thawMax {
			t.Errorf("%v after the thaw: %.0f votes/s, want %.0f of %.0f", thawMax, rate, full, peak)
			break
		}
		rate = castClosed(t.Context(), few, time.Second)
		t.Logf("%.1f s after the thaw: %.0f votes/s", time.Since(thawed).Seconds(), rate)
	}
	most := memoryOf(t, pid).Peak
	t.Logf("%d MiB resident at most", most/mebibyte)
	if most > frozenMemoryMax {
		t.Errorf("%d MiB resident: want at most %d", most/mebibyte, frozenMemoryMax/mebibyte)
	}
	wantAllCounted(t, l.fleet, l.query, load.settle(), append(few, beside...))
}

// whileFrozen is one of many terminals for a minute, and looks at what it is told,
// and how soon: by ingest's watch, and by its own where the machine is not shared.
func (l *frozenLog) whileFrozen(t *testing.T, shared bool) []*caster {
	t.Helper()
	frozen := time.Minute
	if long := os.Getenv("MLF_TEST_OVERLOAD_FROZEN"); long != "" {
		var err error
		if frozen, err = time.ParseDuration(long); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), frozen)
	defer cancel()
	soonBefore, before := l.answered(t)
	casters := l.fleet.casters(600)
	castPaced(ctx, casters, 100)
	soon, all := l.answered(t)
	soon, all = soon-soonBefore, all-before

	by, bare := answersOf(casters)
	reportAnswers(t, "beside it, without a log", by)
	if got := quantile(by[turnedAway], 0.99); got > turnedAwayMax && !shared || len(by[turnedAway]) == 0 {
		t.Errorf("%d requests turned away, p99 %v: want some, in %v", len(by[turnedAway]), got, turnedAwayMax)
	}
	t.Logf("by ingest's own watch, %.3f %% of %.0f requests that did not wait for the log were answered within %v", 100*soon/all, all, turnedAwayMax)
	if soon < 0.99*all {
		t.Errorf("by ingest's own watch, %.0f of %.0f: want 99 %%", soon, all)
	}
	if bare > 0 {
		t.Errorf("%d answers 503 without Retry-After", bare)
	}
	wantOnly(t, by, acked, turnedAway, unanswered)
	return casters
}

// waitedMin tells requests that wait for the log's answer, 4.5 s, from the others.
const waitedMin = 2500 * time.Millisecond

// answered returns how many requests for /v1/votes ingest has answered soon enough,
// and how many without a wait for the log.
func (l *frozenLog) answered(t *testing.T) (soon, all float64) {
	t.Helper()
	_, metrics, err := harness.Get(t, "http://"+l.admin+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	within := func(limit time.Duration) (n float64) {
		_, value, _ := strings.Cut(metrics, fmt.Sprintf("mlf_ingest_request_duration_seconds_bucket{endpoint=\"votes\",le=\"%v\"} ", limit.Seconds()))
		if _, err := fmt.Sscan(value, &n); err != nil {
			t.Fatalf("no bucket of %v in the metrics: %v", limit, err)
		}
		return n
	}
	return within(turnedAwayMax), within(waitedMin)
}

// wantAllCounted sends what is pending until all is acknowledged, and waits until
// the ledger has each vote once, and as many of others.
func wantAllCounted(t *testing.T, f *fleet, query string, others int64, casters []*caster) {
	t.Helper()
	if err := settleAll(t.Context(), casters, 2*time.Minute); err != nil {
		t.Error(err)
	}
	for _, c := range casters {
		c.close()
	}
	cast := f.cast() + others
	var last schema.Tally
	harness.Eventually(t, time.Minute, func() error {
		last = harness.ReadLedger(t, query).Totals.Tally
		if last.Counted != uint64(cast) {
			return fmt.Errorf("counted %d of %d votes cast and acknowledged", last.Counted, cast)
		}
		return nil
	})
	if last.Conflicts+last.Quarantined+last.Voided != 0 || !last.Balanced() {
		t.Errorf("got ledger %+v, want each vote counted once", last)
	}
	t.Logf("%d votes cast, each acknowledged in the end; ledger %+v", cast, last)
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
			quantile(took, 0.5).Round(time.Microsecond), quantile(took, 0.99).Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
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

// machineIsShared tells whether more wants to run here than there are processors,
// before the test has begun anything: its watch would show what others take.
func machineIsShared(t *testing.T) bool {
	t.Helper()
	var minute float64
	if _, err := fmt.Sscan(loadAverage(t), &minute); err != nil {
		t.Fatal(err)
	}
	if minute > float64(runtime.NumCPU()) {
		t.Logf("load %.1f on %d processors: by its own watch the test asserts nothing", minute, runtime.NumCPU())
		return true
	}
	return false
}
