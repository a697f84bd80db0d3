package pipeline_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/proof/authority"
	"mlf/proof/harness"
)

// TestCertificatesAreReplacedUnderConnections: the files of a running mlf are
// replaced in every way that is known of those who renew them. Who comes anew sees
// the new certificate as soon as it is whole, who is there stays.
func TestCertificatesAreReplacedUnderConnections(t *testing.T) {
	until := time.Now().AddDate(0, 2, 0).Truncate(time.Second)
	a := authority.New(t, until.AddDate(1, 0, 0))
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, text []byte) {
		t.Helper()
		if err := os.WriteFile(at(name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	turn := func(version string) { // As kubelet does with a Secret.
		t.Helper()
		if err := os.Symlink(version, at("..new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(at("..new"), at("..data")); err != nil {
			t.Fatal(err)
		}
	}
	secret := func(version string, until time.Time) (cert, key []byte) {
		t.Helper()
		if err := os.MkdirAll(at(version), 0o700); err != nil {
			t.Fatal(err)
		}
		cert, key = a.Issue(t, version, until)
		write(version+"/tls.crt", cert)
		write(version+"/tls.key", key)
		return cert, key
	}
	secret("v1", until)
	turn("v1")
	u := harness.NewUp(t, "--tls-cert", at("..data/tls.crt"), "--tls-key", at("..data/tls.key"))
	u.Begin(t)

	settings := &tls.Config{RootCAs: a.Pool(), ServerName: "127.0.0.1"}
	dial := func(addr string) *tls.Conn {
		t.Helper()
		c, err := (&tls.Dialer{Config: settings}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		return c.(*tls.Conn)
	}
	early := []*bufio.ReadWriter{over(dial(u.Ingest)), over(dial(u.Query))}
	stillServed := func() {
		t.Helper()
		for _, c := range early {
			if err := ask(c); err != nil {
				t.Errorf("on a connection from before: %v", err)
			}
		}
	}
	shown := func(want string) func() error {
		return func() error {
			for _, addr := range []string{u.Ingest, u.Query} {
				c := dial(addr)
				got := c.ConnectionState().PeerCertificates[0].Subject.CommonName
				_ = c.Close()
				if got != want {
					return fmt.Errorf("%s shows certificate %q, want %q", addr, got, want)
				}
			}
			return nil
		}
	}
	says := func(line string) func() error {
		return func() error {
			_, text, err := harness.Get(t, "http://"+u.Admin+"/metrics")
			if err != nil || !strings.Contains(text, "\n"+line) {
				return fmt.Errorf("no %q among the metrics: %w", line, err)
			}
			return nil
		}
	}
	const limit = 30 * time.Second
	f := func(what string, problem bool, name string, until time.Time) {
		t.Helper()
		if problem {
			harness.Eventually(t, limit, func() error {
				if !strings.Contains(u.Stderr(), "certificates not replaced") {
					return fmt.Errorf("%s: no log line", what)
				}
				return nil
			})
		}
		harness.Eventually(t, limit, shown(name))
		harness.Eventually(t, limit, says(fmt.Sprintf("mlf_tls_certificate_not_after_timestamp_seconds{name=\"listener\"} %v", float64(until.Unix()))))
		stillServed()
	}
	f("at the start", false, "v1", until)
	if err := says(`mlf_tls_reload_errors_total{name="listener"} 0`)(); err != nil {
		t.Error(err)
	}
	next := until.AddDate(0, 1, 0)
	secret("v2", next)
	turn("v2")
	f("a link was turned", false, "v2", next)
	cert, key := a.Issue(t, "v3", until)
	write("v2/tls.crt", cert)
	f("the certificate first", true, "v2", next)
	write("v2/tls.key", key)
	f("the key later", false, "v3", until)
	write("v2/tls.crt", []byte("garbage"))
	harness.Eventually(t, limit, func() error {
		if n := strings.Count(u.Stderr(), "certificates not replaced"); n != 2 {
			return fmt.Errorf("%d log lines", n)
		}
		return nil
	})
	if err := shown("v3")(); err != nil {
		t.Error(err)
	}
	stillServed()
}

func over(c *tls.Conn) *bufio.ReadWriter {
	return bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c))
}

// ask asks for what is nowhere.
func ask(c *bufio.ReadWriter) error {
	if _, err := c.WriteString("GET /v1/none HTTP/1.1\r\nHost: mlf\r\n\r\n"); err != nil {
		return err
	}
	if err := c.Flush(); err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusNotFound {
		return fmt.Errorf("status %d, %w", answer.StatusCode, err)
	}
	return answer.Body.Close()
}
