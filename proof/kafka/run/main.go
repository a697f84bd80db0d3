// Command run keeps Kafka brokers running on loopback until it is told to stop, or
// while another command runs: `make kafka`, `make bench`. It knows the command line
// only; the brokers are proof/kafka's.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"mlf/proof/kafka"
)

type options struct {
	Brokers   int    `default:"1" enum:"1,3" help:"How many brokers: 1, or 3 that replicate, with 2 in sync required."`
	Port      int    `default:"19092" help:"Port of the first broker; the next ones add 100. 0 picks free ports."`
	Dir       string `type:"path" help:"Folder to keep the data in, and to go on from. Without it, all is gone at the end."`
	SASL      bool   `name:"sasl" help:"Demand SCRAM: user ${user}, password ${password}."`
	TLS       bool   `name:"tls" help:"Demand TLS; the certificate to trust is printed."`
	FetchOnly bool   `help:"Get Kafka's jars into the cache folder, print where they are, and end."`

	Command []string `arg:"" optional:"" passthrough:"" help:"Run this, with the brokers' address in MLF_KAFKA, and end with it."`
}

const about = `Runs Apache Kafka ${version} on this machine, for development and tests.

The first run gets the jars through Maven (43 MB) into $$MLF_CACHE, or the user's cache folder. Needs Java 17 and, the
first time, Maven. The address for --kafka is printed when the brokers accept connections; Ctrl-C ends them.`

func main() {
	var o options
	kong.Parse(&o, kong.Description(about), kong.Vars{
		"version": kafka.Version, "user": kafka.User, "password": kafka.Password,
	})
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) //nolint:forbidigo // This is main.
	defer cancel()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	lib, err := kafka.Fetch(ctx, os.Stderr)
	if err != nil {
		return err
	}
	if o.FetchOnly {
		fmt.Println(lib)
		return nil
	}
	fmt.Fprintf(os.Stderr, "starting %d of Kafka %s; this takes seconds\n", o.Brokers, kafka.Version)
	cluster, err := kafka.Start(ctx, kafka.Config{
		Brokers: o.Brokers, Dir: o.Dir, BasePort: o.Port, SASL: o.SASL, TLS: o.TLS, Lib: lib,
	})
	if err != nil {
		return err
	}
	defer cluster.Stop()
	fmt.Println(strings.Join(cluster.Addrs(), ","))
	if o.TLS {
		fmt.Println(cluster.CA())
	}
	if len(o.Command) > 0 {
		return command(ctx, o.Command, cluster)
	}
	<-ctx.Done()
	fmt.Fprintln(os.Stderr, "stopping")
	return nil
}

// command runs what is to run against cluster. An interrupt reaches it from the
// terminal; it is killed when ctx has ended and it goes on for patience.
func command(ctx context.Context, args []string, cluster *kafka.Cluster) error {
	c := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // It is what the caller asked for.
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), "MLF_KAFKA="+strings.Join(cluster.Addrs(), ","))
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = patience
	return c.Run()
}

const patience = 20 * time.Second
