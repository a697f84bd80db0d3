package deployed_test

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlf/proof/cluster"
	"mlf/proof/deployed"
	"mlf/proof/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

const deploy = "../../deploy/"

var update = flag.Bool("update", false, "write what is generated") //nolint:gochecknoglobals // A flag of go test.

// TestRulesAreThoseOfMonitoring: kustomize cannot put a file into another's field, so
// a copy is written; with -update by this.
func TestRulesAreThoseOfMonitoring(t *testing.T) {
	rules := read(t, deploy+"monitoring/rules.yaml")
	_, groups, ok := strings.Cut(rules, "\ngroups:\n")
	if !ok {
		t.Fatal("the rules have no groups")
	}
	var want strings.Builder
	want.WriteString(`# From deploy/monitoring/rules.yaml, by "go test ./proof/deployed -run Rules -update": change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: mlf}
spec:
  groups:
`)
	for line := range strings.Lines(groups) {
		if line != "\n" {
			want.WriteString("  ")
		}
		want.WriteString(line)
	}
	const copied = deploy + "k8s/base/rules.yaml"
	if *update {
		if err := os.WriteFile(copied, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, copied) != want.String() {
		t.Errorf("%s is not what %smonitoring/rules.yaml says: run go test ./proof/deployed -run Rules -update", copied, deploy)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestManifestsDoOnANodeWhatTheySay runs what `make cluster` runs.
func TestManifestsDoOnANodeWhatTheySay(t *testing.T) {
	if os.Getenv("MLF_TEST_CLUSTER") != "1" {
		t.Skip("starts a Kubernetes node with Kafka and ClickHouse beside it: set MLF_TEST_CLUSTER=1, or use make cluster")
	}
	program := filepath.Join(t.TempDir(), "mlf")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "noengine", "-o", program, "mlf")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	manifests, err := filepath.Abs(deploy + "k8s/overlays/dev")
	if err != nil {
		t.Fatal(err)
	}
	report, err := cluster.Prove(t.Context(), cluster.Config{Progress: t.Output()}, t.Output(),
		deployed.Trial(deployed.Config{Program: program, Manifests: manifests}))
	if errors.Is(err, cluster.ErrUnfit) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK {
		t.Error("not every step went as it should")
	}
}
