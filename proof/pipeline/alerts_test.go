package pipeline_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/proof/authority"
	"mlf/proof/harness"
	"mlf/query/client"
)

// A hook is a receiver of webhooks under a name of its own, behind a proxy as an intranet has one.
type hook struct {
	Proxy string

	mu       sync.Mutex
	secret   []byte
	received []told
	forged   []string // What did not fit its signature.
}

// told is a message as a webhook gets it.
type told struct {
	ID   string
	Type string
	Data struct {
		IPA   string
		Alert struct {
			ID, Event, Kind, State string
			Figures                struct{ N, Negative int }
		}
	}
}

// ServeHTTP takes a message: once for each id, and only with the signature of Standard Webhooks.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	id := r.Header.Get("Webhook-Id")
	mac := hmac.New(sha256.New, h.secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, r.Header.Get("Webhook-Timestamp"), body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("Webhook-Signature") != want {
		h.forged = append(h.forged, id)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	m := told{ID: id}
	if err := json.Unmarshal(body, &m); err != nil {
		h.forged = append(h.forged, err.Error())
	}
	h.received = append(h.received, m)
}

func (h *hook) kinds() (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.received {
		all = append(all, m.Type)
	}
	return append(all, h.forged...)
}

// newHook returns a receiver whose authority processes of this test trust.
func newHook(t *testing.T, name string) *hook {
	t.Helper()
	h := new(hook)
	until := time.Now().Add(time.Hour)
	a := authority.New(t, until)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, a.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	receiver := httptest.NewUnstartedServer(h)
	receiver.TLS = &tls.Config{Certificates: []tls.Certificate{*a.Pair(t, name, until)}, MinVersion: tls.VersionTLS12}
	receiver.StartTLS()
	t.Cleanup(receiver.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || !strings.HasPrefix(r.Host, name+":") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		there, err := net.Dial("tcp", receiver.Listener.Addr().String()) //nolint:noctx // On this machine.
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = there.Close() }()
		w.WriteHeader(http.StatusOK)
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = here.Close() }()
		go func() { _, _ = io.Copy(there, here) }()
		_, _ = io.Copy(here, there)
	}))
	t.Cleanup(proxy.Close)
	h.Proxy = proxy.URL
	return h
}

// history are votes of nine weeks by their age, so many a day, of which some are red; from a day
// before now on more of them. None is of the hour that is running.
func history(seq, from, to, redOfSix int) (string, int) {
	var votes []string
	for day := from; day > to; day-- {
		for i := range 6 {
			value := "green"
			if i < redOfSix {
				value = "red"
			}
			age := time.Duration(day)*24*time.Hour - time.Duration(i)*time.Hour
			votes = append(votes, fmt.Sprintf(`{"seq":%d,"face":%q,"age_ms":%d}`, seq, value, age.Milliseconds()))
			seq++
		}
	}
	return "[" + strings.Join(votes, ",") + "]", seq
}

// TestVotesTurnRed: a body's votes turn red; its alert opens, its webhook is told with a signature
// that holds, it is acknowledged over HTTP, and ends where nobody wants to be told any more; all
// of it is there after the process was killed.
func TestVotesTurnRed(t *testing.T) {
	h := newHook(t, "hooks.example.org")
	u := harness.NewUp(t, "--alert-proxy", h.Proxy)
	u.Begin(t)
	harness.Run(t, "body", "add", "--kafka", u.Kafka, "--comune", "058091")
	term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)
	seq := 1
	for _, part := range []struct{ from, to, red int }{{62, 50, 1}, {50, 38, 1}, {38, 26, 1}, {26, 14, 1}, {14, 7, 1}, {7, 1, 4}} {
		var votes string
		votes, seq = history(seq, part.from, part.to, part.red)
		if status, answer := term.Cast(votes); status != http.StatusAccepted {
			t.Fatalf("votes: %d %s", status, answer)
		}
	}
	harness.Eventually(t, 20*time.Second, func() error {
		if got := harness.Faces(t, u.Query); got[0]+got[2] != seq-1 {
			return fmt.Errorf("%v counted of %d", got, seq-1)
		}
		return nil
	})

	body := &client.Client{Base: "http://" + u.Query}
	var set client.AlertSettings
	harness.Eventually(t, 20*time.Second, func() (err error) {
		set, err = body.AlertSettings(t.Context(), "c_h501")
		return err
	})
	// Its last vote was cast yesterday, so by the rule of silence it would be told of that, too.
	set.Rules = slices.DeleteFunc(set.Rules, func(r client.AlertRule) bool { return r.Kind == "silence" })
	set.Webhooks = []client.AlertWebhook{{ID: "ufficio", URL: "https://hooks.example.org/mlf"}}
	set, err := body.ChangeAlertSettings(t.Context(), &set)
	if err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	h.secret, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(set.Secrets["ufficio"], "whsec_"))
	h.mu.Unlock()
	if err != nil || len(set.Secrets) != 1 {
		t.Fatalf("secrets %v, %v", set.Secrets, err)
	}

	a := untilOpen(t, body, h)
	if f := a.Figures; f == nil || f.N != 36 || f.Negative != 24 || f.Baseline.N < 300 || f.Low <= f.Baseline.High || a.Kind != "red" {
		t.Errorf("got %+v %+v", a, a.Figures)
	}
	h.mu.Lock()
	first := h.received[0]
	h.mu.Unlock()
	if first.Type != "alert.opened" || first.Data.IPA != "c_h501" || first.Data.Alert.ID != a.ID || first.Data.Alert.Figures.Negative != 24 {
		t.Errorf("the webhook got %+v", first)
	}
	if a, err = body.AcknowledgeAlert(t.Context(), "c_h501", a.ID, "ci pensiamo"); err != nil || a.Acknowledged == nil {
		t.Fatalf("got %+v, %v", a, err)
	}

	u.Kill()
	u.Begin(t)
	harness.Eventually(t, 30*time.Second, func() error {
		all, err := body.Alerts(t.Context(), "c_h501", "open")
		if err == nil && (len(all.Alerts) != 1 || all.Alerts[0].ID != a.ID || all.Alerts[0].Acknowledged == nil || len(all.Alerts[0].Deliveries) != 1) {
			err = fmt.Errorf("after a kill: %+v", all)
		}
		return err
	})
	if set, err = body.TestAlertSettings(t.Context(), "c_h501"); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 30*time.Second, func() error {
		if set, err = body.AlertSettings(t.Context(), "c_h501"); err == nil && (len(set.Test.Results) != 1 || !set.Test.Results[0].Delivered) {
			err = fmt.Errorf("test: %+v", set.Test)
		}
		return err
	})
	set.Rules = nil
	if set, err = body.ChangeAlertSettings(t.Context(), &set); err != nil || set.Version != 2 || len(set.Secrets) != 0 {
		t.Fatalf("got %+v, %v", set, err)
	}
	harness.Eventually(t, 30*time.Second, func() error {
		all, err := body.Alerts(t.Context(), "c_h501", "closed")
		if err == nil && (len(all.Alerts) != 1 || all.Alerts[0].ID != a.ID) {
			err = fmt.Errorf("no rule is left: %+v", all)
		}
		return err
	})
	if got := h.kinds(); len(got) != 2 || got[1] != "test" {
		t.Errorf("the webhook got %v: want one alert and one test", got)
	}
	if line := harness.Run(t, "alert", "list", "--kafka", u.Kafka, "--state", "all"); !strings.Contains(line, a.ID) || !strings.Contains(line, "66.7% of 36") {
		t.Errorf("mlf alert list: %s", line)
	}
}

// untilOpen waits for an alert whose message was delivered.
func untilOpen(t *testing.T, body *client.Client, h *hook) (a client.Alert) {
	t.Helper()
	harness.Eventually(t, 60*time.Second, func() error {
		all, err := body.Alerts(t.Context(), "c_h501", "open")
		if err == nil && (len(all.Alerts) != 1 || len(all.Alerts[0].Deliveries) != 1 || !all.Alerts[0].Deliveries[0].Delivered) {
			err = fmt.Errorf("got %+v; the webhook got %v", all, h.kinds())
		}
		if err == nil {
			a = all.Alerts[0]
		}
		return err
	})
	return a
}
