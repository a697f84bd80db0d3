package cluster_test

import (
	"errors"
	"os"
	"testing"

	"mlf/proof/cluster"
)

// TestAClusterDoesWhatManifestsRelyOn runs what `make cluster` runs.
func TestAClusterDoesWhatManifestsRelyOn(t *testing.T) {
	if os.Getenv("MLF_TEST_CLUSTER") != "1" {
		t.Skip("starts a Kubernetes node, and the first time builds it for a quarter of an hour: set MLF_TEST_CLUSTER=1, or use make cluster")
	}
	report, err := cluster.Prove(t.Context(), cluster.Config{Progress: t.Output()}, t.Output())
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
