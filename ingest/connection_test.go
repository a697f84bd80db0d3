package ingest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/ingest"
)

func TestLengthIsRequired(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	f := func(header string) {
		t.Helper()
		w := d.dial()
		w.say("POST /v1/votes HTTP/1.1\nHost: mlf\nContent-Type: text/plain\nAuthorization: Bearer " + tm.token + "\n" + header + "\n")
		got := w.hear()
		wantProblem(t, got, 411, "length-required")
		if !got.last {
			t.Error("got no Connection: close: a body that was sent all the same would be taken for a request")
		}
		w.wantEnd()
	}
	f("")
	f("Expect: 100-continue\n")
}

func TestMalformedRequests(t *testing.T) {
	d := open(t, ingest.Config{})
	f := func(request string, status int, code string) {
		t.Helper()
		w := d.dial()
		w.say(request)
		wantProblem(t, w.hear(), status, code)
		w.wantEnd()
	}
	f("hello\n\n", 400, "malformed-request")
	f("POST /v1/votes HTTP/1.1\n\n", 400, "malformed-request") // No Host.
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nContent-Length: -5\n\n", 400, "malformed-request")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nContent-Length: 5\nContent-Length: 6\n\n", 400, "malformed-request")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nX: "+strings.Repeat("x", 16<<10)+"\n\n", 431, "headers-too-large")
}

func TestConnectionIsKept(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	w := d.dial()
	body := string(tm.request(green))
	w.say(strings.Replace(tm.head(len(body)), tm.token, "nobody", 1) + "\n" + body)
	wantProblem(t, w.hear(), 401, "unknown-token")
	w.say(tm.head(len(body)) + "\n" + body)
	if got := w.hear(); got.status != 202 {
		t.Errorf("got %d %s, want 202 after a refused body was passed over", got.status, got.body)
	}
	long := body + strings.Repeat(" ", 100_000)
	w.say(tm.head(len(long)) + "\n" + long)
	if got := w.hear(); got.status != 202 {
		t.Errorf("got %d %s, want 202 after a long body", got.status, got.body)
	}
	request := tm.head(len(body)) + "\n" + body
	w.say(request + request + request)
	for range 3 {
		if got := w.hear(); got.status != 202 {
			t.Errorf("got %d %s, want 202 for each of a pipeline", got.status, got.body)
		}
	}
	d.wantRecords(5)
}

// A terminal that still sends when it is refused must get the answer and not a
// reset connection.
func TestRefusalReachesWhoStillSends(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	w := d.dial()
	w.say(tm.head(900_000) + "\n" + strings.Repeat("x", 400_000))
	w.say(strings.Repeat("x", 500_000))
	got := w.hear()
	wantProblem(t, got, 413, "too-large")
	if !got.last {
		t.Error("got no Connection: close, want it")
	}
	w.wantEnd()
}

// gauge returns the value of an unlabelled metric.
func (d *door) gauge(name string) float64 {
	d.t.Helper()
	families, err := d.metrics.Gather()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	d.t.Fatalf("no metric %s", name)
	return 0
}

func TestTooManyConnections(t *testing.T) {
	d := open(t, ingest.Config{ConnsMax: 2})
	d.enrol(nil)
	ask := "GET /status HTTP/1.1\nHost: mlf\n\n"
	first, second := d.dial(), d.dial()
	first.say(ask)
	second.say(ask)
	first.hear()
	second.hear()
	third := d.dial()
	wantProblem(t, third.hear(), 503, "overloaded")
	third.wantEnd()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection is gone", func() bool { return d.gauge("mlf_ingest_connections") == 1 })
	fourth := d.dial()
	fourth.say(ask)
	if got := fourth.hear(); got.status != 200 {
		t.Errorf("got %d, want 200 when there is room again", got.status)
	}
}

func TestDrainAnswersWhatIsHeld(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	log := holding()
	d.log.set(log)
	idle := d.dial()
	idle.say("GET /status HTTP/1.1\nHost: mlf\n\n")
	idle.hear()
	held, half := d.dial(), d.dial()
	body := string(tm.request(green))
	held.say(tm.head(len(body)) + "\n" + body)
	<-log.entered
	half.say(tm.head(len(body)) + "\n" + body[:20])
	eventually(t, "half a request has come", func() bool { return d.gauge("mlf_ingest_connections") == 3 })

	stopped := make(chan struct{})
	go func() {
		d.stop()
		close(stopped)
	}()
	idle.wantEnd()
	var dialer net.Dialer
	eventually(t, "no more connections are taken", func() bool {
		c, err := dialer.DialContext(t.Context(), "tcp", d.addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	half.say(body[20:])
	<-log.entered
	close(log.hold)
	for _, w := range []*wire{held, half} {
		got := w.hear()
		if got.status != 202 || !got.last {
			t.Errorf("got %d, Connection: close %v, want 202 and true", got.status, got.last)
		}
		w.wantEnd()
	}
	<-stopped
	d.wantRecords(2)
}

// TestDismissedPeersComeBackOnNewConnections: while others are still taken.
func TestDismissedPeersComeBackOnNewConnections(t *testing.T) {
	d := open(t, ingest.Config{})
	kept := d.dial()
	for _, last := range []bool{false, true} {
		for range 2 {
			kept.say("GET /status HTTP/1.1\nHost: mlf\n\n")
			if got := kept.hear(); got.status != 200 || got.last != last {
				t.Errorf("got %d, Connection: close %v, want 200 and %v", got.status, got.last, last)
			}
			if last {
				kept.wantEnd()
				kept = d.dial()
			}
		}
		d.dismiss()
	}
}

func TestDrainHasAnEnd(t *testing.T) {
	d := open(t, ingest.Config{DrainMax: 50 * time.Millisecond, AppendMax: time.Hour})
	tm := d.enrol(nil)
	log := holding()
	d.log.set(log)
	w, silent := d.dial(), d.dial()
	body := string(tm.request(green))
	w.say(tm.head(len(body)) + "\n" + body)
	<-log.entered
	began := time.Now()
	d.stop() // Fails the test if Run returns an error, or not at all.
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v, want little more than 50 ms", took)
	}
	if _, err := silent.ReadByte(); err == nil {
		t.Error("got an answer, want the connection cut")
	}
}

func TestTLS(t *testing.T) {
	certificate, roots := selfSigned(t)
	d := open(t, ingest.Config{TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}})
	tm := d.enrol(nil)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "mlf.test"}}}
	defer client.CloseIdleConnections()
	post := func(body string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+d.addr+"/v1/votes", strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+tm.token)
		req.Header.Set("Content-Type", "application/json")
		return client.Do(req)
	}
	for body, want := range map[string]int{string(tm.request(green)): 202, strings.Repeat("x", 900_000): 413} {
		resp, err := post(body)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("got %d, want %d", resp.StatusCode, want)
		}
	}
	old := &tls.Config{RootCAs: roots, ServerName: "mlf.test", MaxVersion: tls.VersionTLS11}
	if c, err := (&tls.Dialer{Config: old}).DialContext(t.Context(), "tcp", d.addr); err == nil {
		_ = c.Close()
		t.Error("got TLS 1.1, want it refused")
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return selfSignedBy(t, private)
}

func selfSignedBy(t *testing.T, private crypto.Signer) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mlf.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, roots
}

func TestMetrics(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	d.votes(tm, green+`,{"seq":2,"face":"red","service":"nozze"},{"seq":3}`)
	d.post("/v1/votes", "", nil)
	problems, err := testutil.GatherAndLint(d.metrics)
	if err != nil || len(problems) > 0 {
		t.Errorf("got %v, %v, want metrics by the rules", problems, err)
	}
	want := `
# HELP mlf_ingest_votes_total Votes of answered requests. Accepted ones are on the log. Rejected ones above a few: a terminal's program is defective, the reason tells.
# TYPE mlf_ingest_votes_total counter
mlf_ingest_votes_total{reason="",result="accepted"} 2
mlf_ingest_votes_total{reason="bad_face",result="rejected"} 1
mlf_ingest_votes_total{reason="bad_seq",result="rejected"} 0
mlf_ingest_votes_total{reason="bad_value",result="rejected"} 0
mlf_ingest_votes_total{reason="closed",result="rejected"} 0
# HELP mlf_ingest_warnings_total Accepted votes with something wrong, by the answer's code. bad_time: clocks of terminals are wrong. unknown_service: terminals were enrolled with other services than they offer.
# TYPE mlf_ingest_warnings_total counter
mlf_ingest_warnings_total{code="bad_time"} 1
mlf_ingest_warnings_total{code="unknown_reason"} 0
mlf_ingest_warnings_total{code="unknown_service"} 1
`
	if err := testutil.GatherAndCompare(d.metrics, strings.NewReader(want), "mlf_ingest_votes_total", "mlf_ingest_warnings_total"); err != nil {
		t.Error(err)
	}
	if got := d.gauge("mlf_ingest_inflight_bytes"); got != 0 {
		t.Errorf("got %v bytes in flight, want 0", got)
	}
}

func TestConfigIsValidated(t *testing.T) {
	f := func(cfg ingest.Config, want string) {
		t.Helper()
		if err := cfg.Validate(); fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(ingest.Config{}, "<nil>")
	f(ingest.Config{VotesMax: 1001}, "ingest: 1001 votes a request: want 1 to 1000")
	f(ingest.Config{DecodedBytesMax: 10}, "ingest: 10 bytes decoded: want at least the 262144 bytes as sent")
	f(ingest.Config{InflightBytesMax: 10}, "ingest: 10 bytes in flight: want at least 294912, one request")
	f(ingest.Config{DrainMax: time.Minute}, "ingest: drain for 1m0s: want at most 20s")
	f(ingest.Config{ReadMax: -1}, "ingest: read time -1: want a positive limit")
}

// A troubledListener fails to accept at first, and then hands out a connection
// that panics.
type troubledListener struct {
	net.Listener
	accepts int
}

func (l *troubledListener) Accept() (net.Conn, error) {
	l.accepts++
	switch l.accepts {
	case 1:
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	case 2:
		c, err := l.Listener.Accept()
		return panickyConn{c}, err
	}
	return l.Listener.Accept()
}

type panickyConn struct{ net.Conn }

func (panickyConn) Read([]byte) (int, error) { panic("the connection double was told to") }

func TestServiceOutlivesTroubleBelowHTTP(t *testing.T) {
	d := openOn(t, ingest.Config{}, func(ln net.Listener) net.Listener { return &troubledListener{Listener: ln} })
	d.dial().wantEnd()
	if got := d.send(http.MethodGet, "/status", "", nil); got.status != 200 {
		t.Errorf("got %d, want 200", got.status)
	}
	if got := d.gauge("mlf_ingest_panics_total"); got != 1 {
		t.Errorf("got %v panics counted, want 1", got)
	}
}
