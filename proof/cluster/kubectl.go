package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Kubectl runs kubectl as an administrator, and returns what it wrote. The error
// has what it complained of.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.kubectl(ctx, nil, args...)
}

func (c *Cluster) kubectl(ctx context.Context, in io.Reader, args ...string) (string, error) {
	all := append([]string{"--kubeconfig=" + c.Kubeconfig(), "--cache-dir=" + c.path("kubectl")}, args...)
	cmd := c.Command(ctx, "kubectl", all...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, tail(complaint.Bytes()))
	}
	return out.String(), nil
}

// Apply applies what is in path: a folder with a kustomization, a folder of
// manifests, or one of them. The server does it, as it knows no limit of length
// and refuses what it does not know.
func (c *Cluster) Apply(ctx context.Context, path string) error {
	how := "--filename"
	if isFile(filepath.Join(path, "kustomization.yaml")) {
		how = "--kustomize"
	}
	_, err := c.Kubectl(ctx, "apply", "--server-side", "--validate=strict", how, path)
	return err
}

// ApplyText applies manifests.
func (c *Cluster) ApplyText(ctx context.Context, yaml string) error {
	_, err := c.kubectl(ctx, strings.NewReader(yaml), "apply", "--server-side", "--validate=strict", "--filename=-")
	return err
}

// Judge has the server refuse what it would of manifests, whose namespace must be
// there, and changes nothing. What others have applied is no reason to refuse.
func (c *Cluster) Judge(ctx context.Context, yaml string) error {
	_, err := c.kubectl(ctx, strings.NewReader(yaml), "apply", "--server-side", "--force-conflicts", "--validate=strict", "--dry-run=server", "--filename=-")
	return err
}

// Wait waits as kubectl wait does, for at most three minutes: by "--for=…" and
// what for. It returns early when a program of the cluster has ended.
func (c *Cluster) Wait(ctx context.Context, namespace string, args ...string) error {
	return c.patient(ctx, append([]string{"wait", "--namespace=" + namespace}, args...))
}

// WaitRollout returns when a Deployment, "deployment/NAME", runs as it is
// written, or a StatefulSet or DaemonSet; after three minutes with an error.
func (c *Cluster) WaitRollout(ctx context.Context, namespace, what string) error {
	return c.patient(ctx, []string{"rollout", "status", "--namespace=" + namespace, what})
}

func (c *Cluster) patient(ctx context.Context, args []string) error {
	_, err := c.Kubectl(ctx, append(args, "--timeout="+startMax.String())...)
	if err != nil {
		err = errors.Join(err, c.Alive())
	}
	return err
}

// Pods returns the names of the pods that selector (app=x) finds, in the order of
// their names, without those that are on their way out.
func (c *Cluster) Pods(ctx context.Context, namespace, selector string) ([]string, error) {
	const names = `{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}`
	out, err := c.Kubectl(ctx, "get", "pods", "--namespace="+namespace, "--selector="+selector, "--output=go-template="+names)
	return strings.Fields(out), err
}

// ErrBudget is the error of an eviction that a PodDisruptionBudget does not allow.
var ErrBudget = errors.New("the eviction would violate a disruption budget")

// Evict asks for a pod to be evicted, as one who drains a node does. ErrBudget
// when the answer is 429.
func (c *Cluster) Evict(ctx context.Context, namespace, pod string) error {
	eviction := fmt.Sprintf(`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":%q,"name":%q}}`, namespace, pod)
	_, err := c.kubectl(ctx, strings.NewReader(eviction), "create", "--filename=-",
		"--raw=/api/v1/namespaces/"+namespace+"/pods/"+pod+"/eviction")
	if err != nil && strings.Contains(err.Error(), "(TooManyRequests)") {
		err = fmt.Errorf("%w: %w", ErrBudget, err)
	}
	return err
}

// Freeze stops the process of a pod's first container in mid-sentence, its
// connections open: to others it hangs. Only SIGKILL ends it.
func (c *Cluster) Freeze(ctx context.Context, namespace, pod string) error {
	id, err := c.Kubectl(ctx, "get", "pod", pod, "--namespace="+namespace, "--output=jsonpath={.status.containerStatuses[0].containerID}")
	if err != nil {
		return err
	}
	id, ok := strings.CutPrefix(id, "containerd://")
	if !ok {
		return fmt.Errorf("freeze pod %s: it has no running container", pod)
	}
	pid := "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/init.pid"
	freeze := c.space.inside(ctx, "sh", "-euc", `kill -STOP "$(cat "$1")"`, "sh", pid)
	if said, err := freeze.CombinedOutput(); err != nil {
		return fmt.Errorf("freeze pod %s: %w: %s", pod, err, tail(said))
	}
	return nil
}

// ImportImage brings an image into the node, from a tar as OCI or Docker write it.
// Pods that use it say imagePullPolicy: Never.
func (c *Cluster) ImportImage(ctx context.Context, tar string) error {
	said, err := c.space.inside(ctx, "ctr", "--namespace=k8s.io", "images", "import", tar).CombinedOutput()
	if err != nil {
		return fmt.Errorf("import image %s: %w: %s", tar, err, tail(said))
	}
	return nil
}

// ImportProgram makes an image of a static program, and brings it into the node.
func (c *Cluster) ImportProgram(ctx context.Context, i Image) error {
	f, err := os.CreateTemp(c.path("images"), "*.tar")
	if err != nil {
		return fmt.Errorf("make file of image: %w", err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // Gone with the folder at the latest.
	if err := errors.Join(i.Write(f), f.Close()); err != nil {
		return err
	}
	return c.ImportImage(ctx, f.Name())
}
