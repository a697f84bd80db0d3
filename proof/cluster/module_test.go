package cluster

import (
	"testing"
)

// TestGoModReplacesWhatIsStaged: Kubernetes' own go.mod points into its source
// tree; ours must name what was published, and nothing else may be replaced.
func TestGoModReplacesWhatIsStaged(t *testing.T) {
	m := Module{path: "k8s.io/kubernetes", version: "v1.37.2", programs: []string{"cmd/kubelet", "cmd/kubectl"}}
	got, err := m.goMod([]byte(`{"Go": "1.26.0", "Replace": [
		{"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}},
		{"Old": {"Path": "example.org/a"}, "New": {"Path": "example.org/b", "Version": "v1.0.0"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `module cluster

go 1.26.0

require k8s.io/kubernetes v1.37.2

tool k8s.io/kubernetes/cmd/kubelet
tool k8s.io/kubernetes/cmd/kubectl
replace k8s.io/api => k8s.io/api v0.37.2
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestInstalledNamesTheLineToType(t *testing.T) {
	err := Installed(map[string]string{"util-linux": "sh", "zebra": "no-such-program", "aardvark": "/no/such/file"})
	const want = "missing here: apt-get install -y --no-install-recommends aardvark zebra"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := Installed(map[string]string{"util-linux": "sh"}); err != nil {
		t.Error(err)
	}
}
