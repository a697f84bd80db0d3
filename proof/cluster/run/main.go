// Command run starts a Kubernetes node, tries it, and takes it down: `make
// cluster`. It knows the command line only; the rest is that of proof/cluster, proof/deployed and proof/alarmed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"mlf/aggregate/store/embedded"
	"mlf/proof/alarmed"
	"mlf/proof/cluster"
	"mlf/proof/collector"
	"mlf/proof/deployed"
)

type options struct {
	BuildOnly bool   `help:"Build what is not built yet, OpenTelemetry's collector (make test-traces) too, and end."`
	Report    string `type:"path" placeholder:"FILE" help:"Write the report there, as JSON."`
	Keep      bool   `help:"Keep the logs of the cluster's programs."`
	Program   string `type:"path" placeholder:"FILE" help:"The static build of mlf: try --manifests with it, besides."`
	Faults    string `default:"short" placeholder:"NAME, …" help:"Which faults must raise their alerts: short, all, none, or names."`
	Manifests string `type:"path" default:"deploy/k8s/overlays/dev" help:"The folder of the development overlay."`

	Monitoring string `type:"path" default:"deploy/monitoring" help:"The folder of rules and of Alertmanager's configuration."`

	Command []string `arg:"" optional:"" passthrough:"" help:"Try nothing: run this beside the cluster, with KUBECONFIG set, and end with it."`
}

const about = `Runs a Kubernetes ${version} node on this machine, in namespaces of its own, and tries what tests of manifests rely on.

The first run builds it from its Go modules into $$MLF_CACHE, or the user's cache folder: about 20 minutes of processor time.
Needs Linux, root, and packages of Debian's that it names when they are missing; without Linux or root it says so and does
nothing. Nothing outside can reach the cluster, and it reaches nothing. Exit code 1 if one step failed.`

func main() {
	embedded.ChildMain()
	var o options
	kong.Parse(&o, kong.Description(about), kong.Vars{"version": cluster.KubernetesVersion})
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) //nolint:forbidigo // This is main.
	err := run(ctx, o)
	cancel()
	if errors.Is(err, cluster.ErrUnfit) {
		fmt.Println("skipped:", err)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	config := cluster.Config{Progress: os.Stderr, Keep: o.Keep}
	switch {
	case o.BuildOnly:
		return build(ctx)
	case len(o.Command) > 0:
		return beside(ctx, config, o.Command)
	}
	var trials []cluster.Trial
	if o.Program != "" {
		faults := alarmed.Guest(alarmed.Config{Monitoring: o.Monitoring, Faults: strings.Split(o.Faults, ", ")})
		trials = append(trials, deployed.Trial(deployed.Config{Program: o.Program, Manifests: o.Manifests}, deployed.FailsOver, faults))
	}
	report, err := cluster.Prove(ctx, config, os.Stdout, trials...)
	if report == nil {
		return err
	}
	if err == nil && !report.OK {
		err = errFailed
	}
	if o.Report != "" {
		err = errors.Join(err, write(o.Report, report))
	}
	return err
}

// errFailed is the error of a report that is not OK.
var errFailed = errors.New("not every step went as it should")

func build(ctx context.Context) error {
	folders, err := cluster.Build(ctx, os.Stderr, append(append(cluster.Node(), cluster.Monitoring()...), collector.Module())...)
	for _, folder := range folders {
		fmt.Println(folder)
	}
	return err
}

// beside runs a command while there is a cluster.
func beside(ctx context.Context, config cluster.Config, args []string) error {
	c, err := cluster.Start(ctx, config)
	if err != nil {
		return err
	}
	cmd := c.Command(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	err = cmd.Run()
	if err != nil {
		err = fmt.Errorf("run %s: %w", args[0], err)
	}
	return errors.Join(err, c.Stop(ctx))
}

// write writes the report for machines.
func write(file string, report *cluster.Report) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make folder of the report: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
