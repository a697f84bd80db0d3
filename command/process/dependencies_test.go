package process_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/command/process"
)

// up returns whether reg says that each neighbour is, as they are named.
func up(t *testing.T, reg *prometheus.Registry, want string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("# HELP mlf_dependency_up " + helpOf(t, reg) + "\n# TYPE mlf_dependency_up gauge\n")
	for _, line := range strings.Fields(want) {
		name, value, _ := strings.Cut(line, "=")
		text.WriteString(`mlf_dependency_up{dependency="` + name + `"} ` + value + "\n")
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(text.String()), "mlf_dependency_up"); err != nil {
		t.Error(err)
	}
}

func helpOf(t *testing.T, reg *prometheus.Registry) string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "mlf_dependency_up" {
			return f.GetHelp()
		}
	}
	t.Fatal("no metric mlf_dependency_up")
	return ""
}

// TestDependenciesAreKnownWithin10s: one that freezes, whether it looks at its
// context or not, that comes back, and one that was not reached yet.
func TestDependenciesAreKnownWithin10s(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seen = 10 * time.Second
		reg := prometheus.NewRegistry()
		d := process.NewDependencies(reg, "clickhouse", "kafka")
		up(t, reg, "clickhouse=0 kafka=0")
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error)
		go func() { ran <- d.Run(ctx) }()
		var frozen atomic.Bool
		thaw := make(chan struct{})
		d.Ask(process.Check{Name: "kafka", Do: func(context.Context) error {
			if frozen.Load() {
				<-thaw // It is deaf.
			}
			return nil
		}})
		after := func(d time.Duration) {
			time.Sleep(d) //nolint:forbidigo // By the clock of the bubble.
			synctest.Wait()
		}
		f := func(want string, away bool) {
			t.Helper()
			after(seen)
			up(t, reg, want)
			if d.Away() != away {
				t.Errorf("away: got %v, want %v", d.Away(), away)
			}
		}
		f("clickhouse=0 kafka=1", true)
		d.Ask(process.Check{Name: "clickhouse", Do: func(ctx context.Context) error { return ctx.Err() }})
		after(0)
		up(t, reg, "clickhouse=1 kafka=1") // Who has just been reached is not taken for away.
		f("clickhouse=1 kafka=1", false)
		frozen.Store(true)
		f("clickhouse=1 kafka=0", true)
		frozen.Store(false)
		f("clickhouse=1 kafka=1", false)
		close(thaw)
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}

// TestDependenciesGateNothing: they are in the long answer, and the status is that
// of the checks.
func TestDependenciesGateNothing(t *testing.T) {
	reg := process.NewRegistry(built())
	d := process.NewDependencies(reg, "kafka", "clickhouse")
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{})
	d.Ask(process.Check{Name: "kafka", Do: func(context.Context) error { return errors.New("away") }})
	go func() { defer close(asked); _ = d.Run(ctx) }()
	addr := serve(t, process.NewAdmin(reg, slog.New(slog.DiscardHandler), d,
		process.Check{Name: "registry", Do: func(context.Context) error { return nil }}))
	f := func(path, want string) bool {
		status, body := ask(t, addr, path)
		if status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", path, status, body)
		}
		return body == want+"\n"
	}
	for !f("/readyz?verbose", `{"dependencies":{"clickhouse":"not reached yet","kafka":"away"},"registry":"ok"}`) {
		if t.Context().Err() != nil {
			t.Fatal("the neighbour was not asked")
		}
	}
	if !f("/readyz", `{"registry":"ok"}`) {
		t.Error("the short answer tells of neighbours")
	}
	cancel()
	<-asked
}
