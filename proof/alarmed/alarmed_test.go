package alarmed

import (
	"cmp"
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

// TestEachFaultRaisesItsAlerts runs what `make cluster` runs, without all that comes
// before it. MLF_TEST_FAULTS names faults, with ", " between them.
func TestEachFaultRaisesItsAlerts(t *testing.T) {
	if os.Getenv("MLF_TEST_CLUSTER") != "1" {
		t.Skip("starts a Kubernetes node with Kafka and ClickHouse beside it: set MLF_TEST_CLUSTER=1, or use make cluster")
	}
	program := filepath.Join(t.TempDir(), "mlf")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "noengine", "-o", program, "mlf")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	deploy, err := filepath.Abs("../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Start(t.Context(), cluster.Config{Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	report := cluster.NewReport(os.Stderr)
	report.Step("operator", func() (string, error) { return "", c.StartOperator(t.Context()) })
	faults := strings.Split(cmp.Or(os.Getenv("MLF_TEST_FAULTS"), Short), ", ")
	deployed.Ground(deployed.Config{Program: program, Manifests: filepath.Join(deploy, "k8s/overlays/dev")},
		Guest(Config{Monitoring: filepath.Join(deploy, "monitoring"), Faults: faults}))(t.Context(), c, report)
	if !report.OK {
		t.Error("not every step went as it should")
	}
}
