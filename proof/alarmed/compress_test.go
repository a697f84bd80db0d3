package alarmed

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

const monitoring = "../../deploy/monitoring/"

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(monitoring + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestShorter(t *testing.T) {
	f := func(in string, by int, want string) {
		t.Helper()
		if got := shorter(in, by, 2*time.Second); got != want {
			t.Errorf("%s by %d: got %s, want %s", in, by, got, want)
		}
	}
	f("1h", 60, "60000ms")
	f("6h", 60, "360000ms")
	f("5m", 30, "10000ms")
	f("30s", 60, "2000ms") // At least.
	f("3d", 60, "4320000ms")
	f("0s", 60, "0s")
}

func TestRulesAreCompressed(t *testing.T) {
	f := func(in, want rule) {
		t.Helper()
		got := in.compress()
		if got["expr"] != want["expr"] || got["for"] != want["for"] {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	f(rule{"expr": "sum(increase(a_total[1h])) > 0", "for": "15m"}, rule{"expr": "sum(increase(a_total[6000ms])) > 0", "for": "30000ms"})
	f(rule{"expr": "sum(increase(a_total[15m])) > 0"}, rule{"expr": "sum(increase(a_total[5000ms])) > 0"})
	f(rule{"alert": "MlfCertificateRefused", "expr": "rate(a_total[15m]) > 0"}, rule{"expr": "rate(a_total[10000ms]) > 0"})
	f(rule{"alert": "MlfUncounted", "expr": "max(a) > 300"}, rule{"expr": "max(a) > 300 / 15"})
	f(rule{"alert": "MlfRetentionNear", "expr": "min(a) < 6 * 3600"}, rule{"expr": "min(a) < 6 * 3600 / 720"})
	f(rule{"expr": "mlf:probe_failed:ratio1h > 14.4 * 0.001"}, rule{"expr": "mlf:probe_failed:ratio1h > 14.4 * 0.001"})
	f(rule{"expr": "min by (name) (x) - time() < 7 * 86400"}, rule{"expr": "min by (name) (x) - time() < 7 * 86400"}) // A date is not compressed.
}

// TestLimitsThatAreCompressedStandAtTheEnd of their rules, where they are divided.
func TestLimitsThatAreCompressedStandAtTheEnd(t *testing.T) {
	rules := string(read(t, "rules.yaml"))
	for alert, limit := range map[string]string{"MlfUncounted": "> 300\n", "MlfRetentionNear": "< 6 * 3600\n"} {
		_, rest, _ := strings.Cut(rules, "- alert: "+alert+"\n")
		expr, _, _ := strings.Cut(rest, "        labels:")
		expr, _, _ = strings.Cut(expr, "        for:")
		if !strings.HasSuffix(expr, limit) {
			t.Errorf("%s does not end with %q: %s", alert, limit, expr)
		}
	}
}

// TestAllAlertsButThoseOfDaysAreLeft, and what is left is what Prometheus reads.
func TestAllAlertsButThoseOfDaysAreLeft(t *testing.T) {
	compressed, err := compress(read(t, "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Spec struct{ Groups []struct{ Rules []rule } }
	}
	if err := json.Unmarshal([]byte(compressed), &object); err != nil {
		t.Fatal(err)
	}
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal(read(t, "rules.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var left, lost []string
	for _, g := range object.Spec.Groups {
		for _, r := range g.Rules {
			if name, ok := r["alert"].(string); ok {
				left = append(left, name)
			}
		}
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if name, ok := r["alert"].(string); ok && !slices.Contains(left, name) {
				lost = append(lost, name)
			}
		}
	}
	if want := []string{"MlfProbeFailsSlowly", "MlfIngestFailsSlowly"}; !slices.Equal(lost, want) {
		t.Errorf("left out: %v, want %v", lost, want)
	}
}

// TestFaultsAreOfAlertsThatThereAre holds the table to the rules.
func TestFaultsAreOfAlertsThatThereAre(t *testing.T) {
	rules := string(read(t, "rules.yaml"))
	names := make(map[string]bool)
	for _, f := range new(trial).faults() {
		for name := range strings.SplitSeq(f.name, and) {
			if names[name] || strings.Contains(name, ",") {
				t.Errorf("%q is there twice, or cannot be typed", name)
			}
			names[name] = true
		}
		for _, want := range f.expects {
			name, _, _ := strings.Cut(want, " ")
			if !strings.Contains(rules, "- alert: "+name+"\n") {
				t.Errorf("%s: there is no alert %s", f.name, name)
			}
		}
	}
}

func TestMissing(t *testing.T) {
	heard := map[string]alert{"MlfHalted 3": {}, "MlfUncounted 1": {}, "MlfUncounted 2": {}}
	f := func(wanted, absent, others []string) {
		t.Helper()
		gotAbsent, gotOthers := missing(heard, wanted)
		if !slices.Equal(gotAbsent, absent) || !slices.Equal(gotOthers, others) {
			t.Errorf("%v: got %v and %v, want %v and %v", wanted, gotAbsent, gotOthers, absent, others)
		}
	}
	f([]string{"MlfHalted 3", "MlfUncounted"}, nil, nil)
	f([]string{"MlfHalted 1", "MlfUncounted"}, []string{"MlfHalted 1"}, []string{"MlfHalted 3"})
	f(nil, nil, []string{"MlfHalted 3", "MlfUncounted 1", "MlfUncounted 2"})
}

// TestReceiver: an alert that comes back within one fault is one, from its first
// coming to its last going.
func TestReceiver(t *testing.T) {
	r := &receiver{alerts: make(map[string]alert)}
	r.note("MlfHalted 3", "pager", true)
	first := r.heard()["MlfHalted 3"].fired
	if r.firing("") == nil {
		t.Error("nothing fires")
	}
	r.note("MlfHalted 3", "pager", false)
	r.note("MlfHalted 3", "pager", true)
	if got := r.heard()["MlfHalted 3"]; !got.resolved.IsZero() || !got.fired.Equal(first) {
		t.Errorf("got %+v", got)
	}
	r.note("MlfHalted 3", "pager", false)
	if err := r.firing(""); err != nil {
		t.Error(err)
	}
	r.forget()
	r.note("MlfHalted 3", "pager", false) // Of a fault before.
	if len(r.heard()) > 0 || r.silence() < time.Hour {
		t.Errorf("got %v, silence %v", r.heard(), r.silence())
	}
}

// TestRoutes by Alertmanager's own tool: as it is shipped, and in compressed time.
func TestRoutes(t *testing.T) {
	tool, err := exec.LookPath("amtool")
	if err != nil && os.Getenv("MLF_REQUIRE_PROMTOOL") == "1" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("needs amtool (Debian's package prometheus-alertmanager has it)")
	}
	short := filepath.Join(t.TempDir(), "alertmanager.yaml")
	if err := os.WriteFile(short, []byte(compressRouting(string(read(t, "alertmanager.yaml")))), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{monitoring + "alertmanager.yaml", short} {
		if said, err := exec.CommandContext(t.Context(), tool, "check-config", file).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, said)
		}
		for severity, want := range map[string]string{"page": "pager", "ticket": "tickets", "none": "watchdog"} {
			said, err := exec.CommandContext(t.Context(), tool, "config", "routes", "test", "--config.file="+file, "--verify.receivers="+want, "severity="+severity).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", severity, err, said)
			}
		}
	}
}
