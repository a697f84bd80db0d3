package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Versions of what is built. Both warn that they will give up cgroup v1, which
// machines of many builders still have: a newer one is tried before it is named.
const (
	KubernetesVersion = "v1.37.2"
	ContainerdVersion = "v2.4.2"
	PrometheusVersion = "v0.315.1" // The module's number of Prometheus 3.
	OperatorVersion   = "v0.85.0"  // Of prometheus-operator.
)

// A Module is a Go module that programs are built from, apart from ours.
type Module struct {
	path, version string
	programs      []string // Paths of their packages below path.
	tags, ldflags string

	main     string   // The text of its only program, where nobody publishes one.
	requires []string // What that is built from, with versions.
}

// Own returns a module of one program, whose text is main, that is built from modules
// of one version.
func Own(program, version, main string, modules ...string) Module {
	m := Module{path: program, version: fmt.Sprintf("%s-%08x", version, crc32.ChecksumIEEE([]byte(main))), programs: []string{program}, main: main}
	for _, module := range modules {
		m.requires = append(m.requires, module+" "+version)
	}
	return m
}

// Node is what a Kubernetes node is built from, the quick first.
func Node() []Module {
	return []Module{
		{
			path: "github.com/containerd/containerd/v2", version: ContainerdVersion,
			programs: []string{"cmd/containerd-shim-runc-v2", "cmd/ctr", "cmd/containerd"},
			tags:     "no_btrfs,no_devmapper,no_zfs",
		},
		{
			path: "k8s.io/kubernetes", version: KubernetesVersion,
			programs: []string{"cmd/kube-apiserver", "cmd/kubelet", "cmd/kubectl", "cmd/kube-proxy", "cmd/kube-scheduler", "cmd/kube-controller-manager"},
			ldflags:  kubernetesVersionFlags(),
		},
	}
}

// Monitoring is what reads PodMonitors and PrometheusRules, beside a node.
func Monitoring() []Module { return []Module{operator(), prometheus()} }

func operator() Module {
	return Module{
		path: "github.com/prometheus-operator/prometheus-operator", version: OperatorVersion,
		programs: []string{"cmd/operator"},
	}
}

// prometheus is built, because Debian's cannot find pods.
func prometheus() Module {
	return Module{
		path: "github.com/prometheus/prometheus", version: PrometheusVersion,
		programs: []string{"cmd/prometheus", "cmd/promtool"},
		tags:     "remove_all_sd,enable_kubernetes_sd",
	}
}

// kubernetesVersionFlags tell the programs their version. Without, they say
// v0.0.0-master, of which kubectl makes nothing.
func kubernetesVersionFlags() string {
	part := strings.Split(strings.TrimPrefix(KubernetesVersion, "v"), ".")
	const component = " -X k8s.io/component-base/version."
	return component + "gitVersion=" + KubernetesVersion + component + "gitMajor=" + part[0] + component + "gitMinor=" + part[1] +
		" -X k8s.io/client-go/pkg/version.gitVersion=" + KubernetesVersion
}

// folder returns m's name in the cache.
func (m Module) folder() string {
	return strings.NewReplacer("/", "-", ".", "-").Replace(m.path) + "-" + m.version
}

// downloaded is what go mod download says of a module.
type downloaded struct{ Dir, GoMod, Error string }

// download gets m's source into Go's module cache.
func (m Module) download(ctx context.Context) (downloaded, error) {
	var d downloaded
	said, err := goCommand(ctx, "", "mod", "download", "-json", m.path+"@"+m.version).Output()
	if err = errors.Join(err, json.Unmarshal(said, &d)); err != nil || d.Error != "" {
		return d, fmt.Errorf("download module %s: %w: %s", m.path, err, d.Error)
	}
	return d, nil
}

// writeGoMod writes into dir the go.mod and go.sum to build m's programs with.
// They are made from m's own, so that no version has to be kept here.
func (m Module) writeGoMod(ctx context.Context, dir string) error {
	if m.main != "" {
		return m.writeOwn(ctx, dir)
	}
	source, err := m.download(ctx)
	if err != nil {
		return err
	}
	said, err := goCommand(ctx, "", "mod", "edit", "-json", source.GoMod).Output()
	if err != nil {
		return fmt.Errorf("read %s: %w", source.GoMod, err)
	}
	text, err := m.goMod(said)
	if err != nil {
		return err
	}
	return m.tidy(ctx, dir, text)
}

// writeOwn writes m's program into dir, with its go.mod.
func (m Module) writeOwn(ctx context.Context, dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(m.main), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", m.path, err)
	}
	return m.tidy(ctx, dir, "module cluster\n\ngo 1.26\n\nrequire (\n\t"+strings.Join(m.requires, "\n\t")+"\n)\n")
}

// tidy writes go.mod into dir, with what go adds to it, and go.sum.
func (m Module) tidy(ctx context.Context, dir, text string) error {
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("write go.mod: %w", err)
	}
	if said, err := goCommand(ctx, dir, "mod", "tidy").CombinedOutput(); err != nil {
		return fmt.Errorf("tidy go.mod of %s: %w\n%s", m.path, err, tail(said))
	}
	return nil
}

// goModJSON is the part of go mod edit -json that is needed.
type goModJSON struct {
	Go      string
	Replace []struct {
		Old, New struct{ Path string }
	}
}

// staging is where Kubernetes keeps the modules that it publishes itself, with
// version 0.X.Y for its 1.X.Y. Its go.mod points there, which for us is nowhere.
const staging = "./staging/"

// goMod returns the text of a go.mod for m's programs, from what go mod edit says
// of m's own.
func (m Module) goMod(own []byte) (string, error) {
	var mod goModJSON
	if err := json.Unmarshal(own, &mod); err != nil {
		return "", fmt.Errorf("read go.mod of %s: %w", m.path, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "module cluster\n\ngo %s\n\nrequire %s %s\n\n", mod.Go, m.path, m.version)
	for _, program := range m.programs {
		fmt.Fprintf(&b, "tool %s/%s\n", m.path, program)
	}
	for _, r := range mod.Replace {
		if strings.HasPrefix(r.New.Path, staging) {
			fmt.Fprintf(&b, "replace %s => %s v0%s\n", r.Old.Path, r.Old.Path, strings.TrimPrefix(m.version, "v1"))
		}
	}
	return b.String(), nil
}

// goCommand returns a run of the go tool in dir, far from our own module's flags.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nice", append([]string{"go"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOOS=", "GOARCH=")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd
}
