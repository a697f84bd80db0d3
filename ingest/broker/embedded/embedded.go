// Package embedded runs a Kafka broker inside the process: franz-go's kfake, with
// its data on disk. `mlf up` and the tests speak to it over the Kafka protocol,
// with the same client as to a real cluster.
//
// It knows kfake and what it lacks; it does not know what is on the log. It is one
// broker, so there are no replicas, and what it has acknowledged is as safe as the
// disk: kfake calls fsync after each batch, but does not look at the result.
package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"golang.org/x/sys/unix"
)

// A Config says where the broker keeps its data and where it listens.
type Config struct {
	Dir    string // Made when missing. One process at a time may use it.
	Listen string // host:port on which clients reach it; 127.0.0.1:0. The host must be one to dial.
}

// Telemetry is where a Broker tells about itself. Its zero value reports nowhere.
type Telemetry struct {
	Logger *slog.Logger
}

// ErrInUse says that another process uses the folder.
var ErrInUse = errors.New("folder is in use by another process")

// A Broker is a running broker.
type Broker struct {
	addr    string
	lock    *os.File
	cluster *kfake.Cluster
	once    sync.Once
}

// lockName is the file in Config.Dir that is locked while the folder is in use.
// The system takes the lock off when the process ends, however it ends.
const lockName = "mlf.lock"

// Start begins to serve and returns when clients can connect. It reads the whole
// log to do so: 0.2 to 2 s for half a gigabyte, and, after a crash, as much memory
// as the log is long, until all is read.
func Start(ctx context.Context, cfg Config, tel Telemetry) (*Broker, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if err := checkListen(cfg.Listen); err != nil {
		return nil, err
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	b := &Broker{lock: lock}
	listen := func(network, _ string) (net.Listener, error) {
		ln, err := new(net.ListenConfig).Listen(ctx, network, cfg.Listen)
		if err == nil {
			b.addr = ln.Addr().String()
		}
		return ln, err
	}
	b.cluster, err = kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ListenFn(listen),
		kfake.DataDir(filepath.Join(cfg.Dir, "data")),
		kfake.SyncWrites(),
		kfake.WithLogger(&logger{log: cmp.Or(tel.Logger, slog.New(slog.DiscardHandler)), said: make(map[string]time.Time)}),
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": cleanerNever}),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start embedded Kafka broker in %s on %s: %w", cfg.Dir, cfg.Listen, err), lock.Close())
	}
	return b, nil
}

// cleanerNever puts the log cleaner off for a hundred years, in milliseconds.
// kfake compacts by deleting a partition's files and writing them anew: a crash or
// a full disk between the two would take the registry with it. An embedded
// registry is small, so it may keep its old records.
const cleanerNever = "3153600000000"

// checkListen refuses addresses that the broker could not tell clients.
func checkListen(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("listen address %q of the embedded Kafka broker: %w", addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("listen address %q of the embedded Kafka broker: want one host or IP address: it is what clients are told to dial", addr)
	}
	return nil
}

// Addr returns where clients connect, host:port.
func (b *Broker) Addr() string { return b.addr }

// Forget deletes the records of partition 0 of a topic below offset before. kfake's
// own retention is no use: it takes old records of compacted topics, too.
func (b *Broker) Forget(topic string, before int64) error {
	if err := b.cluster.DeleteRecords(topic, 0, before); err != nil {
		return fmt.Errorf("forget records of %s below %d: %w", topic, before, err)
	}
	return nil
}

// Close writes down what makes the next start quick, stops serving and gives the
// folder free. A process that dies without it loses nothing that was acknowledged.
func (b *Broker) Close() error {
	var err error
	b.once.Do(func() {
		b.cluster.Close()
		err = b.lock.Close()
	})
	return err
}

func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of the embedded Kafka broker: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock folder of the embedded Kafka broker: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, errors.Join(fmt.Errorf("lock folder %s of the embedded Kafka broker: %w", dir, err), f.Close())
	}
	return f, nil
}

// A logger hands on what kfake says of its own troubles; requests are not worth a
// line. On a full disk every append is trouble: of the same kind it hands on one a
// second.
type logger struct {
	log  *slog.Logger
	mu   sync.Mutex
	said map[string]time.Time // By format.
}

// Logf logs errors and warnings.
func (l *logger) Logf(level kfake.LogLevel, format string, args ...any) {
	if level != kfake.LogLevelError && level != kfake.LogLevelWarn {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.said[format]) < time.Second {
		return
	}
	l.said[format] = now
	l.log.Warn("embedded kafka broker", slog.String("text", fmt.Sprintf(format, args...)))
}
