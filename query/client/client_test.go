package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mlf/query/client"
	"mlf/schema"
)

// serve answers every request alike, and tells what was asked.
func serve(t *testing.T, status int, body string) (c *client.Client, asked *http.Request) {
	t.Helper()
	asked = new(http.Request)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = *r
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // A client that is gone fails the test by itself.
	}))
	t.Cleanup(server.Close)
	return &client.Client{Base: server.URL}, asked
}

func TestLedger(t *testing.T) {
	c, _ := serve(t, 200, `{"as_of":"2026-11-01T08:00:00Z","totals":{"votes_in":3,"counted":3},"partitions":[
		{"partition":0,"state":"ok","next_offset":5,"log_end":7,"votes_in":3,"counted":3},
		{"partition":1,"state":"halted","reason":"gap","next_offset":2,"log_end":null}]}`)
	l, err := c.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if l.Totals.Counted != 3 || l.Partitions[1].State != schema.StateHalted || l.Partitions[1].Reason != "gap" {
		t.Errorf("got %+v", l)
	}
	if got := l.Ends(); got != nil {
		t.Errorf("ends with one unknown: got %v", got)
	}
	f := func(ends []schema.Offset, want bool) {
		t.Helper()
		if got := l.Reached(ends); got != want {
			t.Errorf("reached %v: got %v", ends, got)
		}
	}
	f([]schema.Offset{5, 2}, true)
	f([]schema.Offset{6, 2}, false)
	f([]schema.Offset{5}, false)
	f(nil, false)
}

func TestWatermarkIsAskedWithTheTerminalsToken(t *testing.T) {
	c, asked := serve(t, 200, `{"stream":"a b","highest":43,"missing":[[41,41]]}`)
	w, err := c.Watermark(t.Context(), "secret", "a b")
	if err != nil || w.Highest != 43 || len(w.Missing) != 1 || w.Missing[0] != [2]schema.Seq{41, 41} {
		t.Errorf("got %+v, %v", w, err)
	}
	if asked.Header.Get("Authorization") != "Bearer secret" || asked.URL.Query().Get("stream") != "a b" {
		t.Errorf("asked %v with %v", asked.URL, asked.Header)
	}
}

func TestStats(t *testing.T) {
	c, asked := serve(t, 200, `{"meta":{},"rows":[{"comune":"058091","green":7,"n":8,"green_share":0.875,"green_low":null}]}`)
	rows, err := c.Stats(t.Context(), url.Values{"group": {"comune"}})
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %v, %v", rows, err)
	}
	if _, there := rows[0].Figures["green_low"]; there || rows[0].By["comune"] != "058091" || rows[0].Figures["green_share"] != 0.875 {
		t.Errorf("got %+v", rows[0])
	}
	if asked.URL.Path != "/v1/stats" || asked.URL.Query().Get("group") != "comune" {
		t.Errorf("asked %v", asked.URL)
	}
}

func TestARefusalIsAnError(t *testing.T) {
	c, _ := serve(t, 503, `{"title":"Store away","status":503,"detail":"no answer"}`)
	_, err := c.Ledger(t.Context())
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Status != 503 || refused.Problem.Detail != "no answer" {
		t.Errorf("got %v", err)
	}
	c, _ = serve(t, 200, `{"partitions":`)
	if _, err = c.Ledger(t.Context()); err == nil || errors.As(err, &refused) && refused.Status == 200 {
		t.Errorf("half an answer: got %v", err)
	}
}

func TestMetricsAndProbes(t *testing.T) {
	c, asked := serve(t, 200, "# HELP a b\na 1\nmlf_lag{partition=\"3\",x=\"a b\"} 2.5e3\n\nb NaN\n")
	addr := strings.TrimPrefix(c.Base, "http://")
	m, err := client.Metrics(t.Context(), nil, addr)
	if err != nil || m["a"] != 1 || m[`mlf_lag{partition="3",x="a b"}`] != 2500 {
		t.Errorf("got %v, %v", m, err)
	}
	if err := client.Ready(t.Context(), nil, addr); err != nil || asked.URL.Path != "/readyz" {
		t.Errorf("got %v of %v", err, asked.URL)
	}
}
