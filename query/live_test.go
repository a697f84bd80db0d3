package query_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mlf/query"
	"mlf/schema"
	"mlf/schema/schematest"
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

// hears listens for a time, as the reader of headers, and returns the data of the
// events, each held against the description, and the id of the last.
func (w *world) hears(t *testing.T, long time.Duration, headers ...string) (events []string, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/live", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	w.validate(r, reply{Response: rec.Result(), body: rec.Body.Bytes()})
	for line := range strings.Lines(rec.Body.String()) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			events = append(events, strings.TrimSpace(data))
			described(t, "LiveCounts", data)
		} else if of, ok := strings.CutPrefix(line, "id: "); ok {
			id = strings.TrimSpace(of)
		}
	}
	return events, id
}

// described holds JSON against a schema of the description.
func described(t *testing.T, name, data string) {
	t.Helper()
	doc := schematest.Document(t)
	var value any
	if err := json.Unmarshal([]byte(data), &value); err != nil {
		t.Fatal(err)
	}
	if err := doc.ValidateSchemaJSON(doc.Components.Schemas[name].Value, value); err != nil {
		t.Errorf("%s is no %s: %v", data, name, err)
	}
}

// Where everybody is shown everything, an event has the faces.
func TestLiveEventsAreAsDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, query.Config{})
		w.memory.vote(cell(schema.HourOf(time.Now())), schema.Green, 3)
		events, _ := w.hears(t, 3*time.Second)
		if len(events) != 1 || !strings.HasSuffix(events[0], `"day":"2000-01-01","disclosure":"none","green":3,"yellow":0,"red":0,"n":3,"regions":[{"region":"12","green":3,"yellow":0,"red":0,"n":3}]}`) {
			t.Errorf("heard %q", events)
		}
	})
}

// Where the public is shown lots, all who listen are told of the votes of today what
// it may know: how many there are of each region, in whole lots, and a minute apart,
// also to who hangs up and comes again.
func TestLiveTotalsOfLots(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		g.cast(roma, schema.Green, 20)
		if events, _ := g.hears(t, time.Second); events != nil {
			t.Errorf("before anything is published: heard %q", events)
		}
		pass(36*time.Hour + 10*time.Second) // What was cast is published.
		g.cast(roma, schema.Green, 7)
		g.cast(milano, schema.Red, 2) // Not even that it is there.
		f := func(headers []string, want ...string) (id string) {
			t.Helper()
			events, id := g.hears(t, 2*time.Second, headers...)
			for i := range events {
				_, events[i], _ = strings.Cut(events[i], `"disclosure":`)
			}
			if !slices.Equal(events, want) {
				t.Errorf("heard %q, want %q", events, want)
			}
			return id
		}
		f(g.as("analyst"), `"lots","n":6,"regions":[{"region":"12","n":6}]}`)
		g.cast(roma, schema.Yellow, 2)
		g.cast(milano, schema.Red, 1)
		id := f(nil, `"lots","n":6,"regions":[{"region":"12","n":6}]}`)
		f([]string{"Last-Event-ID", id})
		events, last := g.hears(t, 3*time.Minute)
		if len(events) != 2 || !strings.Contains(events[1], `"n":12,"regions":[{"region":"03","n":3},{"region":"12","n":9}]`) {
			t.Errorf("heard %q, want two events", events)
		}
		f([]string{"Last-Event-ID", last})
		f([]string{"Last-Event-ID", strings.Replace(last, ".12", ".15", 1)}) // Of a process that is ahead.
		f([]string{"Last-Event-ID", id}, `"lots","n":12,"regions":[{"region":"03","n":3},{"region":"12","n":9}]}`)
		pass(14 * time.Hour) // Another day.
		f([]string{"Last-Event-ID", last}, `"lots","n":0,"regions":[]}`)
	})
}
