package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mlf/ingest/broker"
	"mlf/ingest/broker/brokertest"
	"mlf/ingest/broker/embedded"
	"mlf/schema"
)

// childDir, when set, makes the test binary a process that runs a broker there
// until it is killed.
const childDir = "MLF_TEST_EMBEDDED_KAFKA_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		serveUntilKilled(dir)
	}
	goleak.VerifyTestMain(m)
}

func serveUntilKilled(dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) //nolint:forbidigo // The child's main.
	defer cancel()
	b, err := embedded.Start(ctx, embedded.Config{Dir: dir}, embedded.Telemetry{})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(b.Addr())
	<-ctx.Done()
	os.Exit(1)
}

func TestConformance(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Endpoint {
		cfg := embedded.Config{Dir: t.TempDir()}
		b := start(t, cfg)
		cfg.Listen = b.Addr()
		return brokertest.Endpoint{
			Config: broker.Config{Brokers: []string{b.Addr()}},
			Restart: func(restarted *testing.T) {
				if err := b.Close(); err != nil {
					restarted.Fatal(err)
				}
				b = start(t, cfg)
			},
		}
	})
}

func start(t *testing.T, cfg embedded.Config) *embedded.Broker {
	t.Helper()
	b, err := embedded.Start(t.Context(), cfg, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestOneProcessAtATime(t *testing.T) {
	cfg := embedded.Config{Dir: t.TempDir()}
	first := start(t, cfg)
	if _, err := embedded.Start(t.Context(), cfg, embedded.Telemetry{}); !errors.Is(err, embedded.ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, cfg)
}

func TestListenAddress(t *testing.T) {
	f := func(listen, want string) {
		t.Helper()
		_, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir(), Listen: listen}, embedded.Telemetry{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", listen, err, want)
		}
	}
	f("127.0.0.1", "missing port")
	f(":19092", "want one host")
	f("0.0.0.0:19092", "want one host")
	f("[::]:19092", "want one host")
	f(start(t, embedded.Config{Dir: t.TempDir()}).Addr(), "address already in use")
}

// TestStrangersDoNoHarm: a page in a browser can send bytes to the port, if not in
// Kafka's protocol. They are neither answered nor kept, and the broker goes on.
func TestStrangersDoNoHarm(t *testing.T) {
	b := start(t, embedded.Config{Dir: t.TempDir()})
	const n = 10
	appendRecords(t, b.Addr(), n)
	for _, bytes := range []string{
		"", "\x00", "\x00\x00\x00\x00", "\x00\x00\x00\x04\x00\x00\x00\x00", strings.Repeat("\xff", 4096), "\x16\x03\x01\x00\x05hello",
		"\x7f\xff\xff\xff" + strings.Repeat("\x00", 100),
		"POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://example.org\r\nContent-Length: 4\r\n\r\nvote",
	} {
		conn, err := net.Dial("tcp", b.Addr()) //nolint:noctx // Loopback.
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(bytes)) // It may have hung up already.
		_ = conn.(*net.TCPConn).CloseWrite()
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(conn)
		if len(answer) != 0 {
			t.Errorf("%.20q: answered %q", bytes, answer)
		}
		_ = conn.Close()
	}
	if got := readRecords(t, b.Addr()); got != n {
		t.Errorf("got %d records, want %d", got, n)
	}
}

// TestKilled: what was acknowledged is there after kill -9, also when the last
// write was torn, and again after the start that repaired it.
func TestKilled(t *testing.T) {
	cfg := embedded.Config{Dir: t.TempDir()}
	addr, kill := startChild(t, cfg.Dir)
	const n = 200
	appendRecords(t, addr, n)
	kill()
	tear(t, cfg.Dir)
	for range 2 {
		b := start(t, cfg)
		if got := readRecords(t, b.Addr()); got != n {
			t.Errorf("got %d records, want %d", got, n)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// startChild runs a broker in a process of its own.
func startChild(t *testing.T, dir string) (addr string, kill func()) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.HasPrefix(line, "error") {
		t.Fatalf("start child: %q, %v", line, err)
	}
	return strings.TrimSpace(line), func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // Killed, as it should be.
	}
}

// tear adds half a batch to the log, as a crash in the middle of a write does.
func tear(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, "data", "partitions", schema.VotesTopic+"-0", "0.dat")
	log, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(log, log[:50]...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newClient(t *testing.T, addr string) *broker.Client {
	t.Helper()
	client, err := broker.New(broker.Config{Brokers: []string{addr}}, broker.Telemetry{Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// appendRecords makes the topics and appends n records, acknowledged one by one.
func appendRecords(t *testing.T, addr string, n int) {
	t.Helper()
	client := newClient(t, addr)
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	p := client.NewProducer(1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	<-p.Running()
	for i := range n {
		if err := p.Append(ctx, 0, fmt.Appendf(nil, "record %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// readRecords counts the records and checks each.
func readRecords(t *testing.T, addr string) int {
	t.Helper()
	consumer := newClient(t, addr).NewConsumer()
	n := 0
	for {
		f, err := consumer.Fetch(t.Context(), 0, schema.Offset(n))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Records {
			if got, want := string(r.Value), fmt.Sprintf("record %d", n); got != want {
				t.Fatalf("offset %d: got %q, want %q", r.Offset, got, want)
			}
			n++
		}
		if schema.Offset(n) >= f.LogEnd {
			return n
		}
	}
}

// TestForget: records of one topic go, for good, and nothing of another.
func TestForget(t *testing.T) {
	cfg := embedded.Config{Dir: t.TempDir()}
	b := start(t, cfg)
	appendRecords(t, b.Addr(), 5)
	client := newClient(t, b.Addr())
	w := client.NewCountsWriter(schema.LogID{1})
	for range 3 {
		if err := w.Tell(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Forget(schema.CountsTopic, 2); err != nil {
		t.Fatal(err)
	}
	look := func() {
		t.Helper()
		r := newClient(t, b.Addr()).NewCountsReader()
		if _, _, err := r.Fetch(t.Context(), 1); !errors.Is(err, schema.ErrOffsetOutOfRange) {
			t.Errorf("offset 1: got %v, want ErrOffsetOutOfRange", err)
		}
		if got, next, err := r.Fetch(t.Context(), 2); len(got) != 1 || next != 3 || err != nil {
			t.Errorf("offset 2: got %d batches, next %d, %v, want 1 and 3", len(got), next, err)
		}
		if n := readRecords(t, b.Addr()); n != 5 {
			t.Errorf("got %d records with votes, want 5", n)
		}
	}
	look()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = start(t, cfg)
	look()
}
