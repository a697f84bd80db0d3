// Package kafka gets Apache Kafka and runs its brokers as child processes on
// loopback, for tests, benchmarks and chaos: it can kill them, pause them and
// start them again.
//
// It knows Kafka's jars, properties and tools, and nothing of mlf: what is in the
// topics is the affair of those who use it. Nothing in the product imports it.
package kafka

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mlf/proof/child"

	"golang.org/x/sync/errgroup"
)

// startLimit bounds the time until a broker accepts connections. Measured on two
// cores: 3 to 7 s when fresh, 24 s after a kill with 1.3 GB of logs to check.
const startLimit = 4 * time.Minute

// stopGrace is how long brokers may take to end by themselves. The last of three
// takes 8 s, as the others are gone when it reports.
const stopGrace = 15 * time.Second

// A Cluster is one or three brokers. It is used by one goroutine at a time.
type Cluster struct {
	config  Config
	lib     string
	java    string
	dir     string
	own     bool // dir is temporary.
	brokers []*broker
}

// A broker is one process, whether it runs or not.
type broker struct {
	number   int // From 0.
	dir      string
	addr     string         // Where clients connect.
	internal string         // Where brokers connect.
	child    *child.Process // Nil before the first start.
}

// Start starts the brokers of c and returns when clients can connect to all of
// them. ctx bounds the start, not their lives: those end with Stop, or, on Linux,
// with this process, whatever ends it.
func Start(ctx context.Context, c Config) (_ *Cluster, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.Brokers = max(1, c.Brokers)
	cluster := &Cluster{config: c, lib: c.Lib, dir: c.Dir}
	if cluster.java, err = exec.LookPath("java"); err != nil {
		return nil, fmt.Errorf("find java: install version 17 or later, on Debian with apt-get install openjdk-17-jre-headless (%w)", err)
	}
	if cluster.lib == "" {
		if cluster.lib, err = Fetch(ctx, io.Discard); err != nil {
			return nil, err
		}
	}
	if cluster.dir == "" {
		cluster.own = true
		if cluster.dir, err = os.MkdirTemp("", "mlf-kafka-"); err != nil {
			return nil, fmt.Errorf("make folder for the brokers: %w", err)
		}
	}
	// Every broker runs in its own folder.
	if cluster.dir, err = filepath.Abs(cluster.dir); err != nil {
		return nil, fmt.Errorf("find folder of the brokers: %w", err)
	}
	if cluster.lib, err = filepath.Abs(cluster.lib); err != nil {
		return nil, fmt.Errorf("find Kafka's jars: %w", err)
	}
	if err := cluster.start(ctx); err != nil {
		cluster.Stop()
		return nil, fmt.Errorf("start Kafka in %s: %w", cluster.dir, err)
	}
	return cluster, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.prepare(); err != nil {
		return err
	}
	id, err := c.clusterID()
	if err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, b := range c.brokers {
		group.Go(func() error {
			if err := c.format(groupCtx, b, id); err != nil {
				return err
			}
			return c.run(groupCtx, b)
		})
	}
	return group.Wait()
}

// prepare writes every file that the brokers read.
func (c *Cluster) prepare() error {
	all, err := pickPorts(c.config.BasePort, c.config.Brokers)
	if err != nil {
		return err
	}
	var dirs []string
	for i, p := range all {
		b := &broker{
			number:   i,
			dir:      filepath.Join(c.dir, "broker-"+strconv.Itoa(i)),
			addr:     net.JoinHostPort("127.0.0.1", strconv.Itoa(p.client)),
			internal: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.internal)),
		}
		if err := os.MkdirAll(b.dir, 0o755); err != nil {
			return fmt.Errorf("make folder of broker %d: %w", i, err)
		}
		for name, text := range map[string]string{
			"server.properties": c.config.properties(i, all, b.dir),
			"log4j2.yaml":       c.config.logging(),
		} {
			if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
				return fmt.Errorf("write %s of broker %d: %w", name, i, err)
			}
		}
		c.brokers = append(c.brokers, b)
		dirs = append(dirs, b.dir)
	}
	if c.config.TLS {
		return writeCertificate(c.CA(), dirs, cmp.Or(c.config.CertificateDays, certificateDays))
	}
	return nil
}

// ReplaceCertificate writes another certificate into CA, which brokers show from
// their next start on. Without TLS it is an error.
func (c *Cluster) ReplaceCertificate() error {
	if !c.config.TLS {
		return errors.New("replace certificate: the cluster has none")
	}
	var dirs []string
	for _, b := range c.brokers {
		dirs = append(dirs, b.dir)
	}
	return writeCertificate(c.CA(), dirs, cmp.Or(c.config.CertificateDays, certificateDays))
}

// clusterID returns the id that all brokers are formatted with: the one of an
// earlier run in the same folder, else a new one.
func (c *Cluster) clusterID() (string, error) {
	file := filepath.Join(c.dir, "cluster.id")
	if old, err := os.ReadFile(file); err == nil {
		return strings.TrimSpace(string(old)), nil
	}
	var b [16]byte
	_, _ = rand.Read(b[:])                                     // Never fails (crypto/rand, Go 1.24).
	id := "M" + base64.RawURLEncoding.EncodeToString(b[:])[1:] // A leading '-' would look like a flag.
	if err := os.WriteFile(file, []byte(id+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write cluster id: %w", err)
	}
	return id, nil
}

// format prepares b's data folder, once in its life.
func (c *Cluster) format(ctx context.Context, b *broker, id string) error {
	if _, err := os.Stat(filepath.Join(b.dir, "data", "meta.properties")); err == nil {
		return nil
	}
	args := append(c.javaArgs(b), "kafka.tools.StorageTool", "format", "-t", id, "-c", "server.properties")
	args = append(args, c.config.scram()...)
	cmd := exec.CommandContext(ctx, c.java, args...)
	cmd.Dir = b.dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("format broker %d: %w\n%s", b.number, err, tail(said))
	}
	return nil
}

// javaArgs are those of every program of Kafka. The heap is small and the
// collector simple: three brokers share a development machine with all else.
func (c *Cluster) javaArgs(b *broker) []string {
	return []string{
		"-Xms256m", "-Xmx512m", "-XX:+UseSerialGC",
		"-Dlog4j2.configurationFile=" + filepath.Join(b.dir, "log4j2.yaml"),
		"-cp", filepath.Join(c.lib, "*"),
	}
}

// run starts b and returns when clients can connect.
func (c *Cluster) run(ctx context.Context, b *broker) error {
	log, err := os.OpenFile(b.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log of broker %d: %w", b.number, err)
	}
	defer func() { _ = log.Close() }() // The child has its own descriptor.
	// The broker outlives ctx, which bounds the start only.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.java, append(c.javaArgs(b), "kafka.Kafka", "server.properties")...)
	cmd.Dir = b.dir
	cmd.Stdout, cmd.Stderr = log, log
	if b.child, err = child.Start(cmd); err != nil {
		return fmt.Errorf("start broker %d: %w", b.number, err)
	}
	return b.ready(ctx)
}

func (b *broker) log() string { return filepath.Join(b.dir, "broker.log") }

// ready returns when b accepts connections, of clients and of brokers: it does so only
// when it is a member of the cluster, and of the one before the other.
func (b *broker) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for _, addr := range []string{b.addr, b.internal} {
		if err := b.accepts(ctx, addr); err != nil {
			return err
		}
	}
	return nil
}

func (b *broker) accepts(ctx context.Context, addr string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-b.child.Ended():
			said, _ := os.ReadFile(b.log()) // The error below says enough without it.
			return fmt.Errorf("broker %d: %w\n%s", b.number, b.child.Alive(), tail(said))
		case <-ctx.Done():
			return fmt.Errorf("wait for broker %d: %w", b.number, ctx.Err())
		case <-tick.C:
		}
	}
}

// Addrs returns where clients connect, one address for each broker, in order,
// running or not.
func (c *Cluster) Addrs() []string {
	var addrs []string
	for _, b := range c.brokers {
		addrs = append(addrs, b.addr)
	}
	return addrs
}

// Data returns the folder in which broker i, which there must be, keeps its logs: one
// folder for each partition.
func (c *Cluster) Data(i int) string { return filepath.Join(c.brokers[i].dir, "data") }

// CA returns the file with the certificate that clients must trust, in PEM. It
// exists when the cluster was started with TLS.
func (c *Cluster) CA() string { return filepath.Join(c.dir, certificateFile) }

// Stop ends all brokers. Those of a temporary folder are killed, as nobody reads
// their data again, and the folder is removed.
func (c *Cluster) Stop() {
	var group errgroup.Group
	for _, b := range c.brokers {
		group.Go(func() error {
			switch {
			case b.child == nil:
			case c.own:
				b.child.Kill()
			default:
				_ = b.child.Stop(stopGrace) // Killed then: it is gone in any case.
			}
			return nil
		})
	}
	_ = group.Wait() // None returns an error.
	if c.own {
		_ = os.RemoveAll(c.dir) // The system's temporary folder is cleaned in time.
	}
}

// Kill ends broker i at once, as a power cut would, and returns when it is gone.
func (c *Cluster) Kill(i int) error {
	b, err := c.running(i)
	if err == nil {
		b.child.Kill()
	}
	return err
}

// Restart starts brokers again, all at a time, on their old ports and data, and
// returns when clients can connect. One that runs is asked to end before. After
// the loss of a quorum no broker comes back alone: name enough of them.
func (c *Cluster) Restart(ctx context.Context, numbers ...int) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, i := range numbers {
		b, err := c.broker(i)
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			_ = b.child.Stop(stopGrace) // Killed then: it is gone in any case.
			return c.run(groupCtx, b)
		})
	}
	return group.Wait()
}

// Pause stops broker i in mid-sentence, and returns when it stands still: its
// connections stay open and nothing answers.
func (c *Cluster) Pause(i int) error {
	b, err := c.running(i)
	if err != nil {
		return err
	}
	if err := b.child.Pause(); err != nil {
		return fmt.Errorf("pause broker %d: %w", i, err)
	}
	return nil
}

// Resume lets a paused broker go on.
func (c *Cluster) Resume(i int) error {
	b, err := c.running(i)
	if err != nil {
		return err
	}
	if err := b.child.Resume(); err != nil {
		return fmt.Errorf("resume broker %d: %w", i, err)
	}
	return nil
}

func (c *Cluster) broker(i int) (*broker, error) {
	if i < 0 || i >= len(c.brokers) {
		return nil, fmt.Errorf("broker %d of %d: there is none", i, len(c.brokers))
	}
	return c.brokers[i], nil
}

// errNotRunning is the error of what only a running broker can do.
var errNotRunning = errors.New("broker does not run")

func (c *Cluster) running(i int) (*broker, error) {
	b, err := c.broker(i)
	if err != nil {
		return nil, err
	}
	if b.child.Alive() != nil {
		return nil, fmt.Errorf("broker %d: %w", i, errNotRunning)
	}
	return b, nil
}
