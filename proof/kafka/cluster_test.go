package kafka_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlf/proof/kafka"
)

func TestConfigValidate(t *testing.T) {
	f := func(c kafka.Config, ok bool) {
		t.Helper()
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("%+v: got error %v, want none: %v", c, err, ok)
		}
	}
	f(kafka.Config{}, true)
	f(kafka.Config{Brokers: 1, BasePort: 19092}, true)
	f(kafka.Config{Brokers: 3, SASL: true, TLS: true}, true)
	f(kafka.Config{SASL: true, Users: map[string]string{"u": "p"}}, true)
	f(kafka.Config{Users: map[string]string{"u": "p"}}, false)
	f(kafka.Config{Brokers: 2}, false)
	f(kafka.Config{Brokers: -1}, false)
	f(kafka.Config{BasePort: 65500}, false)
	f(kafka.Config{BasePort: -1}, false)
}

// start starts a cluster that ends with the test.
func start(t *testing.T, c kafka.Config) *kafka.Cluster {
	t.Helper()
	if os.Getenv("MLF_TEST_KAFKA") != "1" {
		t.Skip("starts Apache Kafka, which takes seconds and needs Java 17: set MLF_TEST_KAFKA=1, or use make test-kafka")
	}
	cluster, err := kafka.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	return cluster
}

// ask sends a request without fields of its own but body, and returns the answer
// after its correlation id. This little of Kafka's protocol is spoken by hand, so
// that the test needs no client.
func ask(conn net.Conn, api, version uint16, body []byte) ([]byte, error) {
	request := binary.BigEndian.AppendUint16(make([]byte, 4), api)
	request = binary.BigEndian.AppendUint16(request, version)
	request = append(request, 0, 0, 0, 7, 0xff, 0xff) // Correlation id, no client id.
	request = append(request, body...)
	binary.BigEndian.PutUint32(request, uint32(len(request)-4))
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(conn, head); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.BigEndian.Uint32(head)-4)
	_, err := io.ReadFull(conn, answer)
	return answer, err
}

// brokers asks the broker at addr how many there are (Metadata v0, no topics).
func brokers(t *testing.T, addr string) (int, error) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	return brokersOver(conn)
}

func brokersOver(conn net.Conn) (int, error) {
	answer, err := ask(conn, 3, 0, make([]byte, 4))
	if err != nil {
		return 0, err
	}
	return int(binary.BigEndian.Uint32(answer)), nil
}

// untilBrokers waits until addr knows want brokers.
func untilBrokers(t *testing.T, addr string, want int) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		n, err := brokers(t, addr)
		if err == nil && n == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %d brokers at %s, error %v, want %d", n, addr, err, want)
		}
		time.Sleep(100 * time.Millisecond) //nolint:forbidigo // Another process: nothing to wait on.
	}
}

func TestKafkaOneBroker(t *testing.T) {
	cluster := start(t, kafka.Config{})
	addrs := cluster.Addrs()
	if len(addrs) != 1 {
		t.Fatalf("got addresses %v, want one", addrs)
	}
	untilBrokers(t, addrs[0], 1)

	for range 2 { // Pausing a paused one changes nothing.
		if err := cluster.Pause(0); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := brokers(t, addrs[0]); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a paused broker: got %d brokers, error %v, want no answer", n, err)
	}
	if err := cluster.Resume(0); err != nil {
		t.Fatal(err)
	}
	untilBrokers(t, addrs[0], 1)

	if err := cluster.Kill(0); err != nil {
		t.Fatal(err)
	}
	if _, err := brokers(t, addrs[0]); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a killed broker: got error %v, want %v", err, syscall.ECONNREFUSED)
	}
	if err := errors.Join(cluster.Kill(0), cluster.Kill(1)); err == nil || !strings.Contains(err.Error(), "does not run") {
		t.Errorf("got error %v, want one that says it does not run", err)
	}
	if err := cluster.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	untilBrokers(t, addrs[0], 1)
}

// TestKafkaThreeBrokers: two go on without the third, which comes back.
func TestKafkaThreeBrokers(t *testing.T) {
	cluster := start(t, kafka.Config{Brokers: 3})
	addrs := cluster.Addrs()
	if len(addrs) != 3 {
		t.Fatalf("got addresses %v, want three", addrs)
	}
	for _, addr := range addrs {
		untilBrokers(t, addr, 3)
	}
	if err := cluster.Kill(1); err != nil {
		t.Fatal(err)
	}
	untilBrokers(t, addrs[0], 2)
	if err := cluster.Restart(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	untilBrokers(t, addrs[1], 3)
	for i := range addrs {
		if err := cluster.Kill(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := cluster.Restart(t.Context(), 0, 1, 2); err != nil { // Alone, none would come back.
		t.Fatal(err)
	}
	untilBrokers(t, addrs[2], 3)
}

// TestKafkaKeptFolder: a folder of one's own is left as it is, and gone on from; a
// broker in it is asked to end, not killed.
func TestKafkaKeptFolder(t *testing.T) {
	dir := t.TempDir()
	first := start(t, kafka.Config{Dir: dir})
	id, err := os.ReadFile(filepath.Join(dir, "cluster.id"))
	if err != nil {
		t.Fatal(err)
	}
	first.Stop()
	second := start(t, kafka.Config{Dir: dir})
	untilBrokers(t, second.Addrs()[0], 1)
	if again, err := os.ReadFile(filepath.Join(dir, "cluster.id")); err != nil || string(again) != string(id) {
		t.Errorf("got cluster id %s, error %v, want %s", again, err, id)
	}
}

// TestKafkaSecure: with TLS and SASL, the certificate is the one in CA, and a client
// that does not authenticate is offered the two mechanisms and nothing else.
func TestKafkaSecure(t *testing.T) {
	cluster := start(t, kafka.Config{SASL: true, TLS: true})
	ca, err := os.ReadFile(cluster.CA())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots}}
	dial := func() net.Conn {
		conn, err := dialer.DialContext(t.Context(), "tcp", cluster.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	const name = "SCRAM-SHA-512"
	answer, err := ask(dial(), 17, 1, append([]byte{0, byte(len(name))}, name...)) // SaslHandshake v1.
	if err != nil || binary.BigEndian.Uint16(answer) != 0 {
		t.Fatalf("ask for %s: got %q, error %v", name, answer, err)
	}
	if !strings.Contains(string(answer), name) || !strings.Contains(string(answer), "SCRAM-SHA-256") {
		t.Errorf("got mechanisms %q, want both", answer)
	}
	if n, err := brokersOver(dial()); err == nil {
		t.Errorf("got %d brokers without authentication, want an error", n)
	}
}

// TestStartSaysWhy: what is missing, and who sits on the port.
func TestStartSaysWhy(t *testing.T) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	f := func(c kafka.Config, want string) {
		t.Helper()
		c.Lib = t.TempDir()
		cluster, err := kafka.Start(t.Context(), c)
		if err == nil {
			cluster.Stop()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
	f(kafka.Config{Brokers: 2}, "want 1 or 3")
	f(kafka.Config{Brokers: 3, Advertised: []string{"127.0.0.1:1"}}, "one for each of 3 brokers")
	if _, err := exec.LookPath("java"); err == nil {
		f(kafka.Config{BasePort: l.Addr().(*net.TCPAddr).Port}, "address already in use")
		f(kafka.Config{}, "StorageTool") // No jars in the folder.
	}
	t.Setenv("PATH", "")
	f(kafka.Config{}, "apt-get install openjdk")
	t.Setenv("MLF_CACHE", t.TempDir())
	if _, err := kafka.Fetch(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "apt-get install maven") {
		t.Errorf("got error %v, want one that says how to install Maven", err)
	}
}
