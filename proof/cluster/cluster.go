package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Where things are in the cluster's network, which begins and ends with it.
const (
	nodeName       = "node1"
	nodeAddr       = "10.244.0.1" // The node's, and the bridge's that pods are on.
	podNet         = "10.244.0.0/24"
	serviceNet     = "10.96.0.0/16"
	apiServiceAddr = "10.96.0.1"
	apiAddr        = nodeAddr + ":6443"
)

// PauseImage is an image of package pause: what holds the namespaces of pods, and
// a small server and client for tests of the cluster itself.
const PauseImage = "localhost/pause:cluster"

// Config says how to run a cluster. Its zero value is silent and leaves nothing.
type Config struct {
	Progress io.Writer // Told of builds, which take minutes the first time. Nil: nobody.
	Keep     bool      // Keep the folder with the logs.
}

// A Cluster is a control plane and a node. Safe for use by several goroutines.
type Cluster struct {
	config Config
	dir    string
	space  *space

	mu      sync.Mutex
	daemons []daemon
}

// startMax bounds how long a part of the cluster takes to be ready. Measured on two
// busy cores: 5 to 15 s for each.
const startMax = 3 * time.Minute

// Start builds what is not built yet, removes what killed runs have left, and
// starts a cluster. It returns when the node is ready for pods. ctx bounds the
// start, not the cluster's life: that ends with Stop, or with this process,
// whatever ends it. ErrUnfit where there can be none; an error with the line to
// type where the machine lacks programs.
func Start(ctx context.Context, c Config) (_ *Cluster, err error) {
	if err := errors.Join(Fit(), Installed(NodePackages())); err != nil {
		return nil, err
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	folders, err := Build(ctx, c.Progress, Node()...)
	if err != nil {
		return nil, err
	}
	if err := sweep(ctx, os.TempDir()); err != nil {
		return nil, err
	}
	cluster := &Cluster{config: c}
	if cluster.dir, err = os.MkdirTemp("", dirPrefix); err != nil {
		return nil, fmt.Errorf("make folder of the cluster: %w", err)
	}
	if err := cluster.start(ctx, folders); err != nil {
		return nil, errors.Join(fmt.Errorf("start cluster in %s: %w", cluster.dir, err), cluster.Stop(ctx))
	}
	return cluster, nil
}

// start starts everything in order: each part waits for the one before.
func (c *Cluster) start(ctx context.Context, folders []string) error {
	pause, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	programs := strings.Join(append(folders, os.Getenv("PATH"), "/usr/sbin", "/sbin"), ":")
	if c.space, err = newSpace(ctx, c.dir, programs, pause); err != nil {
		return err
	}
	set := c.space.inside(ctx, "env", "ADDR="+nodeAddr, "SERVICES="+serviceNet, "sh", "-eu", c.path("files/namespace.sh"))
	if said, err := set.CombinedOutput(); err != nil {
		return fmt.Errorf("set up namespaces: %w\n%s", err, tail(said))
	}
	if err := c.startControlPlane(ctx); err != nil {
		return err
	}
	return c.startNode(ctx, Image{Name: PauseImage, Program: pause})
}

// prepare makes all that programs read, and returns the program of PauseImage.
func (c *Cluster) prepare(ctx context.Context) (pause string, err error) {
	if err := errors.Join(own(c.dir, os.Getpid()), makeGroups(c.dir)); err != nil {
		return "", err
	}
	if err := newPKI(c.path("pki")); err != nil {
		return "", err
	}
	if err := c.writeFiles(); err != nil {
		return "", err
	}
	pause = c.path("pause")
	build := goCommand(ctx, "", "build", "-trimpath", "-ldflags", "-s -w", "-o", pause, "mlf/proof/cluster/pause")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build pause: %w\n%s", err, tail(said))
	}
	return pause, nil
}

//go:embed files
var files embed.FS

// writeFiles writes what programs read, with the names in it replaced.
func (c *Cluster) writeFiles() error {
	for _, dir := range []string{"files", "logs", "images"} {
		if err := os.Mkdir(c.path(dir), 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	names, err := fs.Glob(files, "files/*")
	for _, name := range names {
		text, readErr := files.ReadFile(name)
		if path.Ext(name) != ".sh" { // A shell's names are its own.
			text = []byte(os.Expand(string(text), c.value))
		}
		err = errors.Join(err, readErr, os.WriteFile(c.path(name), text, 0o644))
	}
	if err != nil {
		return fmt.Errorf("write files: %w", err)
	}
	return nil
}

// value returns what a name in files stands for.
func (c *Cluster) value(name string) string {
	return map[string]string{
		"DIR": c.dir, "CGROUP": group(c.dir), "NODE": nodeName, "PODS": podNet, "PAUSE": PauseImage, "PLUGINS": pluginDir,
	}[name]
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

// Stop ends everything that runs in the cluster, and removes all that is left of
// it, except for the folder where Config.Keep is set. It does both whether or not
// ctx has ended.
func (c *Cluster) Stop(ctx context.Context) error {
	if c.space != nil {
		c.space.end(ctx)
	}
	for _, d := range c.daemons {
		d.Kill() // Ended with the space, and is waited for.
	}
	err := removeGroups(ctx, c.dir)
	if c.config.Keep {
		fmt.Fprintln(c.config.Progress, "logs are kept in", c.dir)
		return errors.Join(err, os.Remove(c.path(ownersFile)))
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// Addr returns where the API server is, in the cluster's network.
func (c *Cluster) Addr() string { return apiAddr }

// NodeAddr returns the address of the node, at which pods reach what Command runs.
func (c *Cluster) NodeAddr() string { return nodeAddr }

// Kubeconfig returns the file by which an administrator reaches the API server.
func (c *Cluster) Kubeconfig() string { return c.path("pki/admin.kubeconfig") }

// Command returns a run of a program in the cluster's network, which is all that
// sets it apart from others of this machine: pods reach where it listens on
// NodeAddr, and it reaches pods and Services. Signals to it arrive. Package
// child starts it so that it ends with this process; Stop does not end it.
func (c *Cluster) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return c.space.beside(ctx, name, args...)
}
