package pipeline_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"mlf/proof/collector"
	"mlf/proof/harness"
)

// A caller is who sends requests with a trace of its own.
type caller struct{ trace, span string }

func newCaller() caller {
	var b [24]byte
	_, _ = rand.Read(b[:]) // Never fails.
	return caller{hex.EncodeToString(b[:16]), hex.EncodeToString(b[16:])}
}

// does sends a request, that is followed or not, and wants a status.
func (c caller) does(t *testing.T, req *http.Request, followed bool, want int) {
	t.Helper()
	req.Header.Set("Traceparent", fmt.Sprintf("00-%s-%s-%02x", c.trace, c.span, map[bool]int{true: 1}[followed]))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != want {
		t.Fatalf("%s: %d %v, want %d", req.URL, res.StatusCode, err, want)
	}
}

func (c caller) asks(t *testing.T, url string, followed bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.does(t, req, followed, http.StatusOK)
}

func (c caller) votes(t *testing.T, term *harness.Terminal, seq int, followed bool) {
	t.Helper()
	body := fmt.Sprintf(`{"stream":%q,"votes":[{"seq":%d,"age_ms":0,"face":"green"}]}`, term.Stream, seq)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, term.Ingest+"/v1/votes", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+term.Token)
	c.does(t, req, followed, http.StatusAccepted)
}

// find returns the span of a trace with a name, or one that links to link.
func find(spans []collector.Span, trace, name, link string) *collector.Span {
	for i := range spans {
		s := &spans[i]
		if s.Name == name && (link == "" && s.Trace == trace || link != "" && len(s.Links) > 0 && strings.Contains(strings.Join(s.Links, " "), link)) {
			return s
		}
	}
	return nil
}

// TestAVoteIsFollowed through all stages: from its sender's span to the log, and by a
// link from the flush that has it to the sending. A vote that is not followed leaves
// nothing, and neither says who has voted.
func TestAVoteIsFollowed(t *testing.T) {
	t.Parallel()
	r := collector.Receive(t)
	isFollowed(t, r, r.URL)
}

// TestAVoteIsFollowedByTheRealCollector, which hands on what it has understood.
func TestAVoteIsFollowedByTheRealCollector(t *testing.T) {
	if os.Getenv("MLF_TEST_COLLECTOR") != "1" {
		t.Skip("needs OpenTelemetry's collector: run make test-traces")
	}
	r := collector.Receive(t)
	isFollowed(t, r, collector.Forward(t, r))
}

// isFollowed sends spans to url, from where they come to r.
func isFollowed(t *testing.T, r *collector.Receiver, url string) {
	t.Helper()
	traced := []string{"--trace-endpoint", url, "--trace-ratio", "0"}
	e := startEngines(t)
	harness.Run(t, "schema", "apply", "--partitions", "3", "--kafka", e.log.Addr(), "--clickhouse", e.store.DSN())
	ingest, query := harness.FreeAddr(t), harness.FreeAddr(t)
	e.stage(t, "mlf", "aggregate", traced...)
	e.stage(t, "mlf", "query", append(traced, "--listen", query, "--disclosure", "none", "--quota-public", "off")...)
	taking, _ := e.stage(t, "mlf", "ingest", append(traced, "--listen", ingest)...)
	term := harness.Enrol(t, e.log.Addr(), ingest, query)

	followed, not := newCaller(), newCaller()
	not.votes(t, term, 1, false)
	followed.votes(t, term, 2, true)
	not.votes(t, term, 3, false)
	shows(t, query, 3)
	followed.asks(t, "http://"+query+"/v1/ledger", true)
	not.asks(t, "http://"+query+"/v1/ledger", false)

	harness.Eventually(t, 20*time.Second, func() error { return tellsItsStory(r.Spans(), followed) })
	for _, s := range r.Spans() {
		if s.Trace == not.trace {
			t.Errorf("a request that is not followed left %+v", s)
		}
		if text := fmt.Sprint(s); strings.Contains(text, term.ID) || strings.Contains(text, term.Token) || strings.Contains(text, term.Stream) {
			t.Errorf("a span says who has voted: %+v", s)
		}
	}
	found := harness.Run(t, "vote", "find", "--kafka", e.log.Addr(), "--clickhouse", e.store.DSN(), "--", term.ID, term.Stream, "2")
	if !strings.Contains(found, "counted") {
		t.Errorf("a vote that is followed: %s", found)
	}
	if code := taking.Stop(); code != 0 {
		t.Errorf("ingest: exit code %d", code)
	}
}

// tellsItsStory tells what spans lack of the way of c's vote, and of its question.
func tellsItsStory(spans []collector.Span, c caller) error {
	request, send := find(spans, c.trace, "POST /v1/votes", ""), find(spans, c.trace, "send votes.v1", "")
	if request == nil || send == nil {
		return fmt.Errorf("request %v and send %v of %d spans", request, send, len(spans))
	}
	process := find(spans, "", "process votes.v1", send.Context())
	question, states := find(spans, c.trace, "GET /v1/ledger", ""), find(spans, c.trace, "SELECT states", "")
	switch {
	case process == nil || question == nil || states == nil:
		return fmt.Errorf("process %v, question %v, what it read %v, of %d spans", process, question, states, len(spans))
	case request.Parent != c.span || send.Parent != request.ID || question.Parent != c.span || states.Parent != question.ID || process.Parent != "":
		return errors.New("a span has another parent")
	case request.Service != "mlf-ingest" || send.Service != "mlf-ingest" || process.Service != "mlf-aggregate" || question.Service != "mlf-query":
		return errors.New("a span is of another service")
	case send.Start.Before(request.Start) || send.End.After(request.End) || process.End.Before(send.Start) || states.Start.Before(question.Start):
		return errors.New("spans are not in the order of what happened")
	case request.Failed || send.Failed || process.Failed || len(process.Links) != 1:
		return fmt.Errorf("something failed, or more is linked: %v", process.Links)
	}
	return nil
}

// TestACollectorThatIsAwayIsNotMissed: votes are taken and counted, dropped spans are
// counted, and a collector that hangs does not keep a process from ending.
func TestACollectorThatIsAwayIsNotMissed(t *testing.T) {
	t.Parallel()
	hangs, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // It neither waits nor dials.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hangs.Close() }() // It takes connections, and says nothing.
	up := harness.NewUp(t, "--demo-terminals", "1", "--trace-endpoint", "http://"+harness.FreeAddr(t), "--trace-ratio", "1")
	up.Begin(t)
	term := harness.Enrol(t, up.Kafka, up.Ingest, up.Query)
	newCaller().votes(t, term, 1, true)
	newCaller().votes(t, term, 2, false)
	shows(t, up.Query, 2)
	becomes(t, up.Admin, "mlf_trace_spans_dropped_total", 3)
	if n := strings.Count(up.Stderr(), "spans are not taken"); n != 1 {
		t.Errorf("%d lines of log say that spans are not taken, want 1", n)
	}
	if code := up.Stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}

	up.Flags[3] = "http://" + hangs.Addr().String()
	up.Begin(t)
	newCaller().votes(t, term, 3, true)
	shows(t, up.Query, 3)
	if code := up.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
