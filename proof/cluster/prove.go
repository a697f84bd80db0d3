package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
)

// manifests are what Prove applies. They are written for clusters of this package:
// the image and the node's address are its own.
//
//go:embed manifests
var manifests embed.FS

// namespace is where they live.
const namespace = "trial"

// A Trial tries more on a running cluster, and notes in the report what came of it.
// It leaves nothing that runs outside of the cluster.
type Trial func(context.Context, *Cluster, *Report)

// Prove starts a cluster, tries on it all that tests of manifests rely on, then
// what trials want, and ends it. The report is as far as it came; the error is of
// what is no step.
func Prove(ctx context.Context, c Config, to io.Writer, trials ...Trial) (*Report, error) {
	if err := Fit(); err != nil {
		return nil, err
	}
	report := NewReport(to)
	var cluster *Cluster
	if !report.Step("start a control plane and a node", func() (_ string, err error) {
		cluster, err = Start(ctx, c)
		return "", err
	}) {
		return report, nil
	}
	for _, s := range cluster.steps() {
		if ctx.Err() == nil {
			report.Step(s.name, func() (string, error) { return s.try(ctx) })
		}
	}
	for _, try := range trials {
		if ctx.Err() == nil {
			try(ctx, cluster, report)
		}
	}
	report.Step("stop, and leave nothing", func() (string, error) {
		return "", errors.Join(cluster.Alive(), cluster.Stop(ctx), cluster.left())
	})
	return report, context.Cause(ctx)
}

// A step is tried on a running cluster, after those before it.
type step struct {
	name string
	try  func(context.Context) (detail string, err error)
}

func (c *Cluster) steps() []step {
	return []step{
		{"a restricted namespace refuses a privileged pod", c.refusesPrivileged},
		{"a misspelt field is refused", c.refusesMisspelt},
		{"a kustomization is applied and rolls out", c.rollsOut},
		{"the node reaches pods through a Service", c.servesService},
		{"a pod reaches what is forwarded to this machine", c.reachesOutside},
		{"of two evictions the budget allows one", c.evictsOne},
		{"a frozen pod is replaced", c.replacesFrozen},
		{"prometheus-operator starts on its definitions", c.startsOperator},
		{"a rule that does not parse is refused", c.refusesRule},
		{"Prometheus finds the pods, and an alert fires", c.alerts},
		{"the definitions of " + DefinitionsVariable + " are accepted", c.acceptsOthers},
	}
}

// applyOwn applies a file of manifests.
func (c *Cluster) applyOwn(ctx context.Context, file string, replace ...string) error {
	text, err := manifests.ReadFile("manifests/" + file)
	if err != nil {
		return fmt.Errorf("read manifest: %w", err)
	}
	return c.ApplyText(ctx, strings.NewReplacer(replace...).Replace(string(text)))
}

// refusesPrivileged wants every reason that there is.
func (c *Cluster) refusesPrivileged(ctx context.Context) (string, error) {
	if err := c.applyOwn(ctx, "namespace.yaml"); err != nil {
		return "", err
	}
	return refused(c.applyOwn(ctx, "privileged.yaml"),
		"(Forbidden)", "privileged", "allowPrivilegeEscalation", "capabilities", "runAsNonRoot", "seccompProfile")
}

func (c *Cluster) refusesMisspelt(ctx context.Context) (string, error) {
	err := c.applyOwn(ctx, "server/server.yaml", "readOnlyRootFilesystem", "readOnlyRootFileSystem")
	return refused(err, "readOnlyRootFileSystem: field not declared in schema")
}

// refused returns what err says, which must have every one of the reasons.
func refused(err error, reasons ...string) (string, error) {
	if err == nil {
		return "", errors.New("it was accepted")
	}
	for _, reason := range reasons {
		if !strings.Contains(err.Error(), reason) {
			return "", fmt.Errorf("the refusal lacks %q: %w", reason, err)
		}
	}
	return strings.Join(reasons, ", "), nil
}

// rollsOut applies a kustomization, which makes two replicas of one.
func (c *Cluster) rollsOut(ctx context.Context) (string, error) {
	if err := os.CopyFS(c.dir, manifests); err != nil {
		return "", fmt.Errorf("write manifests: %w", err)
	}
	if err := c.Apply(ctx, c.path("manifests/server")); err != nil {
		return "", err
	}
	if err := c.WaitRollout(ctx, namespace, "deployment/server"); err != nil {
		return "", err
	}
	pods, err := c.Pods(ctx, namespace, "app=server")
	if err == nil && len(pods) != 2 {
		err = fmt.Errorf("there are pods %v: want two", pods)
	}
	return fmt.Sprintf("%d pods", len(pods)), err
}

// servesService asks by the Service's address until kube-proxy knows it, on a new
// connection each time.
func (c *Cluster) servesService(ctx context.Context) (string, error) {
	addr, err := c.Kubectl(ctx, "get", "service", "server", "--namespace="+namespace, "--output=jsonpath={.spec.clusterIP}")
	if err != nil {
		return "", err
	}
	return addr, c.await(ctx, func() error { return c.answers(ctx, "http://"+addr) })
}

// reachesOutside lets a pod ask what this very process serves on loopback.
func (c *Cluster) reachesOutside(ctx context.Context) (string, error) {
	asked := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- r.UserAgent():
		default:
		}
	}))
	defer server.Close()
	forward, err := c.Forward(ctx, 0, server.Listener.Addr().String())
	if err != nil {
		return "", err
	}
	defer forward.Close() //nolint:errcheck // Nobody asks any more.
	if err := c.applyOwn(ctx, "client.yaml", "$ADDR", forward.Addr); err != nil {
		return "", err
	}
	if err := c.Wait(ctx, namespace, "--for=condition=Complete", "job/client"); err != nil {
		return "", err
	}
	return <-asked + " at " + forward.Addr, nil
}

// evictsOne evicts two pods of two, one after the other at once.
func (c *Cluster) evictsOne(ctx context.Context) (string, error) {
	pods, err := c.Pods(ctx, namespace, "app=server")
	if err != nil {
		return "", err
	}
	if err := c.Evict(ctx, namespace, pods[0]); err != nil {
		return "", err
	}
	if err := c.Evict(ctx, namespace, pods[1]); !errors.Is(err, ErrBudget) {
		return "", fmt.Errorf("the second eviction was not refused by the budget: %w", err)
	}
	if err := c.Wait(ctx, namespace, "--for=delete", "pod/"+pods[0]); err != nil {
		return "", err
	}
	return "the second one 429", c.WaitRollout(ctx, namespace, "deployment/server")
}

// replacesFrozen freezes one pod, and waits until another container runs in it.
func (c *Cluster) replacesFrozen(ctx context.Context) (string, error) {
	pods, err := c.Pods(ctx, namespace, "app=server")
	if err != nil || len(pods) == 0 {
		return "", errors.Join(errors.New("find a pod"), err)
	}
	if err := c.Freeze(ctx, namespace, pods[0]); err != nil {
		return "", err
	}
	const restarts = "{.status.containerStatuses[0].restartCount}"
	if err := c.Wait(ctx, namespace, "--for=jsonpath="+restarts+"=1", "pod/"+pods[0]); err != nil {
		return "", err
	}
	return pods[0], c.Wait(ctx, namespace, "--for=condition=Ready", "pod/"+pods[0])
}

func (c *Cluster) startsOperator(ctx context.Context) (string, error) {
	return "", c.StartOperator(ctx)
}

// refusesRule waits for the event by which prometheus-operator says so.
func (c *Cluster) refusesRule(ctx context.Context) (string, error) {
	if err := c.applyOwn(ctx, "monitoring.yaml"); err != nil {
		return "", err
	}
	var said string
	err := c.await(ctx, func() (err error) {
		said, err = c.Kubectl(ctx, "get", "events", "--namespace="+namespace, "--output=jsonpath={.items[0].message}",
			"--field-selector=reason=InvalidConfiguration,involvedObject.kind=PrometheusRule,involvedObject.name=broken")
		return err
	})
	return said, err
}

// alerts waits until an alert fires for each pod of the Deployment.
func (c *Cluster) alerts(ctx context.Context) (string, error) {
	if err := c.StartPrometheus(ctx, namespace, namespace); err != nil {
		return "", err
	}
	const firing = `ALERTS{alertname="ServerRuns", alertstate="firing"}`
	return firing, c.await(ctx, func() error {
		found, err := c.Query(ctx, firing)
		if err == nil && len(found) != 2 {
			err = fmt.Errorf("%d series of %s: want one for each of two pods", len(found), firing)
		}
		return err
	})
}

// DefinitionsVariable names a folder of further CustomResourceDefinitions that must
// be accepted: those of operators whose source no registry of modules has.
const DefinitionsVariable = "MLF_TEST_CRDS"

func (c *Cluster) acceptsOthers(ctx context.Context) (string, error) {
	dir := os.Getenv(DefinitionsVariable)
	if dir == "" {
		return "", fmt.Errorf("%w: the variable names no folder", ErrSkip)
	}
	return c.acceptDefinitions(ctx, dir)
}

// acceptDefinitions applies the CustomResourceDefinitions in dir, and returns when
// the server serves what they define.
func (c *Cluster) acceptDefinitions(ctx context.Context, dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(found) == 0 {
		return "", errors.Join(fmt.Errorf("there are no definitions in %s", dir), err)
	}
	if err := c.Apply(ctx, dir); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d files", len(found)), c.Wait(ctx, "default", "--for=condition=Established", "crd", "--all")
}

// left returns an error for what Stop ought to have removed.
func (c *Cluster) left() error {
	roots, err := groupRoots()
	if c.space != nil {
		pids, lookErr := inhabitants(c.space.network)
		if err = errors.Join(err, lookErr); len(pids) > 0 {
			err = errors.Join(err, fmt.Errorf("processes %v are left", pids))
		}
	}
	if !c.config.Keep {
		roots = append(roots, filepath.Dir(c.dir))
	}
	for _, root := range roots {
		if _, statErr := os.Stat(filepath.Join(root, filepath.Base(c.dir))); !errors.Is(statErr, os.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("%s is left in %s", filepath.Base(c.dir), root))
		}
	}
	return err
}
