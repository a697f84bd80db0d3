package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlf/proof/child"
)

// A daemon is a program that runs as long as the cluster does.
type daemon struct {
	name string
	log  string // The file that it writes to.
	*child.Process
}

// startControlPlane starts what holds and decides the cluster's state.
func (c *Cluster) startControlPlane(ctx context.Context) error {
	if err := c.launch(ctx, "etcd", "--data-dir=/var/lib/etcd"); err != nil { // In memory, so nothing waits for a disk.
		return err
	}
	if err := c.launch(ctx, "kube-apiserver",
		"--etcd-servers=http://127.0.0.1:2379", "--advertise-address="+nodeAddr, "--service-cluster-ip-range="+serviceNet,
		"--client-ca-file="+c.path("pki/ca.crt"), "--tls-cert-file="+c.path("pki/apiserver.crt"), "--tls-private-key-file="+c.path("pki/apiserver.key"),
		"--kubelet-client-certificate="+c.path("pki/admin.crt"), "--kubelet-client-key="+c.path("pki/admin.key"),
		"--kubelet-preferred-address-types=InternalIP", "--allow-privileged=true",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.path("pki/accounts.pub"), "--service-account-signing-key-file="+c.path("pki/accounts.key"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"); err != nil {
		return err
	}
	if err := c.await(ctx, func() error { return c.answers(ctx, "https://"+apiAddr+"/readyz") }); err != nil {
		return fmt.Errorf("wait for API server: %w", err)
	}
	if err := c.launch(ctx, "kube-controller-manager", "--kubeconfig="+c.path("pki/controller-manager.kubeconfig"), "--bind-address=127.0.0.1",
		"--leader-elect=false", "--use-service-account-credentials", "--service-account-private-key-file="+c.path("pki/accounts.key"),
		"--root-ca-file="+c.path("pki/ca.crt")); err != nil {
		return err
	}
	return c.launch(ctx, "kube-scheduler", "--kubeconfig="+c.path("pki/scheduler.kubeconfig"), "--bind-address=127.0.0.1", "--leader-elect=false")
}

// startNode starts what runs pods, whose namespaces are held by the image pause,
// and returns when it is ready for them.
func (c *Cluster) startNode(ctx context.Context, pause Image) error {
	if err := c.launch(ctx, "containerd", "--config="+c.path("files/containerd.toml")); err != nil {
		return err
	}
	if err := c.await(ctx, func() error { return c.space.inside(ctx, "ctr", "version").Run() }); err != nil {
		return fmt.Errorf("wait for containerd: %w", err)
	}
	if err := c.ImportProgram(ctx, pause); err != nil {
		return err
	}
	if err := c.launch(ctx, "kubelet", "--config="+c.path("files/kubelet.yaml"), "--kubeconfig="+c.path("pki/kubelet.kubeconfig"),
		"--hostname-override="+nodeName, "--node-ip="+nodeAddr, "--node-labels=topology.kubernetes.io/zone=a"); err != nil {
		return err
	}
	if err := c.launch(ctx, "kube-proxy", "--config="+c.path("files/kube-proxy.yaml")); err != nil {
		return err
	}
	for _, wait := range [][]string{
		{"--for=create", "node/" + nodeName},
		{"--for=condition=Ready", "node/" + nodeName},
		{"--for=create", "serviceaccount/default"}, // Without it no pod is admitted.
	} {
		if err := c.Wait(ctx, "default", wait...); err != nil {
			return err
		}
	}
	return nil
}

// launch starts a program in the cluster, with a log file of its own.
func (c *Cluster) launch(ctx context.Context, program string, args ...string) error {
	d := daemon{name: filepath.Base(program)}
	d.log = c.path("logs/" + d.name + ".log")
	log, err := os.Create(d.log)
	if err != nil {
		return fmt.Errorf("make log of %s: %w", d.name, err)
	}
	defer func() { _ = log.Close() }() // The child has its own descriptor.
	cmd := c.space.inside(context.WithoutCancel(ctx), program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if d.Process, err = child.Start(cmd); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.daemons = append(c.daemons, d)
	return nil
}

// Alive returns an error, with its last words, once a program of the cluster has
// ended.
func (c *Cluster) Alive() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all error
	for _, d := range c.daemons {
		if d.Alive() != nil {
			said, err := os.ReadFile(d.log)
			all = errors.Join(all, fmt.Errorf("%s has ended: %s", d.name, tail(said)), err)
		}
	}
	return all
}

// await tries f until it returns nil, for startMax or until a program of the
// cluster has ended.
func (c *Cluster) await(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startMax)
	defer cancel()
	return until(ctx, func() error {
		err := f()
		if err != nil {
			if dead := c.Alive(); dead != nil {
				cancel()
				return dead
			}
		}
		return err
	})
}

// tailBytes is how much of what a program said an error shows.
const tailBytes = 2000

func tail(said []byte) string {
	return strings.TrimSpace(string(said[max(0, len(said)-tailBytes):]))
}
