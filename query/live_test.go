package query_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mlf/query"
	"mlf/schema"
)

type liveCounts struct {
	Position, Day string
	Green, N      uint64
	Regions       []struct {
		Region string
		N      uint64
	}
}

// A vote is told to who listens, through a connection that would rather have gzip;
// the stream ends with the process, and leaves nothing behind.
func TestLive(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := newWorld(t, query.Config{Now: noon})
	at := schema.HourOf(noon())
	w.memory.vote(cell(at), schema.Green, 3)
	w.memory.vote(cell(at-24), schema.Green, 100)
	addr, stop := listen(t, w)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	hear := func(ctx context.Context, had string) (*http.Response, *bufio.Scanner) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/v1/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		r.Header.Set("Last-Event-ID", had)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Content-Encoding") != "" {
			t.Fatalf("got %d %v", resp.StatusCode, resp.Header)
		}
		return resp, bufio.NewScanner(resp.Body)
	}
	next := func(lines *bufio.Scanner) (counts liveCounts) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &counts); err != nil {
					t.Fatal(err)
				}
				return counts
			}
		}
		t.Fatal("the stream ended")
		return counts
	}
	resp, lines := hear(t.Context(), "")
	defer func() { _ = resp.Body.Close() }()
	first := next(lines)
	if first.N != 3 || first.Green != 3 || first.Day != "2026-11-26" || len(first.Regions) != 1 || first.Regions[0].Region != "12" || first.Regions[0].N != 3 {
		t.Errorf("got %+v", first)
	}
	again, lines2 := hear(t.Context(), first.Position)
	defer func() { _ = again.Body.Close() }()
	w.memory.vote(cell(at), schema.Red, 2)
	if got := next(lines); got.N != 5 || got.Position == first.Position {
		t.Errorf("got %+v", got)
	}
	if got := next(lines2); got.N != 5 {
		t.Errorf("who had the first got %+v", got)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data:") {
			t.Errorf("got %s after the end", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream was cut, not ended: %v", err)
	}
}

func TestLiveIsBounded(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon, LiveMax: 1})
	addr, stop := listen(t, w)
	ask := func() *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/v1/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	first, second := ask(), ask()
	defer func() { _, _ = first.Body.Close(), second.Body.Close() }()
	if first.StatusCode != http.StatusOK || second.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %d and %d", first.StatusCode, second.StatusCode)
	}
	w.get("/v1/live?x=1").problem(t, http.StatusBadRequest, "bad-parameter")
	if err := stop(); err != nil {
		t.Error(err)
	}
}
