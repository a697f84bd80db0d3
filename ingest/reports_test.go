package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/ingest"
	"mlf/ingest/report"
	"mlf/schema"
	"mlf/schema/served"
)

// A reportLog is a topic of served users that the test commands.
type reportLog struct {
	mu    sync.Mutex
	rows  []served.Served
	err   error
	added chan struct{} // Closed and made anew with each change.
}

func newReportLog() *reportLog { return &reportLog{added: make(chan struct{})} }

func (l *reportLog) PutServed(_ context.Context, rows []served.Served) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	l.rows = append(l.rows, rows...)
	close(l.added)
	l.added = make(chan struct{})
	return nil
}

func (l *reportLog) FollowServed(ctx context.Context, apply func(string, []byte) error, caughtUp func()) error {
	for at := 0; ; {
		l.mu.Lock()
		rows, added := l.rows[at:], l.added
		l.mu.Unlock()
		for _, s := range rows {
			if err := apply(s.String(), served.Append(nil, &s)); err != nil {
				return err
			}
		}
		if at += len(rows); at == len(rows) {
			caughtUp()
		}
		select {
		case <-added:
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *reportLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// all returns the records as lines, in order.
func (l *reportLog) all() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.rows {
		lines = append(lines, fmt.Sprintf("%s=%d (%d)", s.String(), s.Users, s.Revision))
	}
	return lines
}

// services are those that the registry has.
func services(code string) (schema.ServiceID, bool) {
	id, ok := map[string]schema.ServiceID{"anagrafe": 1, "tributi": 2, "cimiteri": 3}[code]
	return id, ok
}

func newReports(t *testing.T, log report.ServedLog) *report.Served {
	t.Helper()
	r, err := report.NewServed(log, services, clock)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// runReports runs r until the test ends.
func runReports(t *testing.T, r *report.Served) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run reports: %v", err)
		}
	})
}

// openReports opens a door that takes reports, and waits until it does.
func openReports(t *testing.T) (*door, *terminal, *reportLog) {
	t.Helper()
	return openReportsAt(t, clock)
}

// openReportsAt opens one whose clock shows now.
func openReportsAt(t *testing.T, now time.Time) (*door, *terminal, *reportLog) {
	t.Helper()
	log := newReportLog()
	r := newReports(t, log)
	d := open(t, ingest.Config{Served: r, Now: func() time.Time { return now }})
	tm := d.enrol(nil)
	wantProblem(t, d.put(tm, `{"rows":[]}`), http.StatusServiceUnavailable, "reports-unread")
	runReports(t, r)
	eventually(t, "reports are read", func() bool { return d.put(tm, `{"rows":[]}`).status == http.StatusAccepted })
	return d, tm, log
}

func (d *door) put(tm *terminal, body string, header ...string) answer {
	d.t.Helper()
	return d.send(http.MethodPut, "/v1/served", tm.token, []byte(body), header...)
}

const today = `{"day":"2026-11-22","revision":1,"rows":[{"served":120},{"service":"cimiteri","served":3},{"service":"birra","served":1}]}`

func TestServedUsers(t *testing.T) {
	d, tm, log := openReports(t)
	const unknown = `{"index":2,"code":"unknown_service","detail":"want the code of a service of this terminal or of the registry"}`
	f := func(got answer, want string) {
		t.Helper()
		if got.status != http.StatusAccepted || got.body != want {
			t.Errorf("got %d %s\nwant 202 %s", got.status, got.body, want)
		}
	}
	f(d.put(tm, today), `{"accepted":2,"unchanged":0,"rejected":[`+unknown+`],"warnings":[]}`)
	f(d.put(tm, today), `{"accepted":2,"unchanged":2,"rejected":[`+unknown+`],"warnings":[]}`) // Nothing is written.
	f(d.put(tm, "day;served;revision\n22/11/2026;121;2\n", "Content-Type", "text/csv; charset=utf-8"), `{"accepted":1,"unchanged":0,"rejected":[],"warnings":[]}`)
	f(d.put(tm, today), `{"accepted":1,"unchanged":1,"rejected":[{"index":0,"code":"stale","detail":"revision 2 holds, of 121 users"},`+unknown+`],"warnings":[]}`)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(strings.Replace(today, `"revision":1`, `"revision":3`, 1)))
	_ = w.Close()
	f(d.put(tm, zipped.String(), "Content-Encoding", "gzip"), `{"accepted":2,"unchanged":0,"rejected":[`+unknown+`],"warnings":[]}`)
	f(d.post("/v1/served/ngsi", tm.token, []byte(`{"id":"q","type":"QueueMonitor","serviceId":"tributi","ticketServed":7,"dateObserved":"2026-11-22T08:00:00Z"}`), "Content-Type", "application/ld+json"),
		`{"accepted":1,"unchanged":0,"rejected":[],"warnings":[]}`)
	const eur = "058091/eur/%d/counter/2026-11-22=%d (%d)"
	want := []string{
		fmt.Sprintf(eur, 1, 120, 1), fmt.Sprintf(eur, 3, 3, 1), fmt.Sprintf(eur, 1, 121, 2), fmt.Sprintf(eur, 1, 120, 3), fmt.Sprintf(eur, 3, 3, 3),
		fmt.Sprintf(eur, 2, 0, 1795334400000),
	}
	if got := log.all(); !slices.Equal(got, want) {
		t.Errorf("got on the log\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestServedProblems: checks come in the order of those of votes, and every refusal
// is a problem that wrote nothing.
func TestServedProblems(t *testing.T) {
	d, tm, log := openReports(t)
	long := strings.Repeat(" ", 256<<10+1)
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		got := d.send(method, "/v1/served", "", nil)
		if wantProblem(t, got, http.StatusMethodNotAllowed, "method-not-allowed"); got.header.Get("Allow") != "PUT" {
			t.Errorf("%s: got Allow %q", method, got.header.Get("Allow"))
		}
	}
	wantProblem(t, d.send(http.MethodPut, "/v1/served/ngsi", tm.token, nil), http.StatusMethodNotAllowed, "method-not-allowed")
	wantProblem(t, d.send(http.MethodPut, "/v1/served/other", tm.token, nil), http.StatusNotFound, "not-found")
	nobody := &terminal{token: "guessed"}
	wantProblem(t, d.put(nobody, long, "Content-Type", "application/xml"), http.StatusUnsupportedMediaType, "unsupported-media-type")
	wantProblem(t, d.put(nobody, long), http.StatusRequestEntityTooLarge, "too-large")
	wantProblem(t, d.put(nobody, "x"), http.StatusUnauthorized, "unknown-token")
	wantProblem(t, d.put(&terminal{}, "x"), http.StatusUnauthorized, "unknown-token")
	wantProblem(t, d.put(d.enrol(func(e *schema.Enrolment) { e.Revoked = true }), "x"), http.StatusForbidden, "revoked-terminal")
	wantProblem(t, d.put(d.enrol(func(e *schema.Enrolment) { e.Test = true }), today), http.StatusForbidden, "test-terminal")
	wantProblem(t, d.put(tm, "x"), http.StatusBadRequest, "malformed-body")
	wantProblem(t, d.put(tm, "x", "Content-Encoding", "gzip"), http.StatusBadRequest, "malformed-body")
	wantProblem(t, d.put(tm, `{"rows":{}}`), http.StatusBadRequest, "malformed-body")
	wantProblem(t, d.put(tm, "day,users\n", "Content-Type", "text/csv"), http.StatusBadRequest, "malformed-body")
	wantProblem(t, d.post("/v1/served/ngsi", tm.token, []byte("7")), http.StatusBadRequest, "malformed-body")
	wantProblem(t, d.put(tm, `{"rows":[1`+strings.Repeat(",1", 1000)+`]}`), http.StatusRequestEntityTooLarge, "too-many-rows")
	wantProblem(t, d.post("/v1/served/ngsi", tm.token, []byte(`[1`+strings.Repeat(",1", 1000)+`]`)), http.StatusRequestEntityTooLarge, "too-many-rows")
	log.fail(errors.New("the brokers are away"))
	wantProblem(t, d.put(tm, today), http.StatusServiceUnavailable, "rows-unacknowledged")
	if got := log.all(); len(got) > 0 {
		t.Errorf("got %q on the log", got)
	}
	log.fail(nil)
	if got := d.put(tm, today); got.status != http.StatusAccepted || !strings.HasPrefix(got.body, `{"accepted":2,"unchanged":0`) {
		t.Errorf("sent again: got %d %s", got.status, got.body)
	}

	preflight := d.send(http.MethodOptions, "/v1/served", "", nil, "Origin", "https://sportello.example.it", "Access-Control-Request-Method", "PUT")
	if preflight.status != http.StatusNoContent || preflight.header.Get("Access-Control-Allow-Methods") != "PUT, OPTIONS" {
		t.Errorf("preflight: got %d %v", preflight.status, preflight.header)
	}
	without := open(t, ingest.Config{})
	wantProblem(t, without.put(tm, today), http.StatusNotFound, "not-found")
}

// TestTwoProcessesAgree: what one put is known to the other, and an older number that
// came last is followed by the one that holds.
func TestTwoProcessesAgree(t *testing.T) {
	d, tm, log := openReports(t)
	number := func(users uint32, revision uint64) served.Served {
		return served.Served{
			Key:   served.Key{Comune: 58091, Office: "eur", Service: 1, Channel: schema.ChannelCounter, Day: 20779},
			Users: users, Revision: revision,
		}
	}
	older, newer := number(90, 1), number(120, 2)
	if err := log.PutServed(t.Context(), []served.Served{newer, older}); err != nil { // By another, at once.
		t.Fatal(err)
	}
	eventually(t, "the other's is known", func() bool {
		return strings.Contains(d.put(tm, `{"day":"2026-11-22","rows":[{"served":7,"revision":1}]}`).body, "revision 2 holds, of 120 users")
	})
	runReports(t, newReports(t, log)) // One that starts looks at once; the first in some seconds.
	eventually(t, "the one that holds is last", func() bool {
		lines := log.all()
		return strings.HasSuffix(lines[len(lines)-1], "=120 (2)")
	})
	var book served.Book
	log.mu.Lock()
	defer log.mu.Unlock()
	book.Note(log.rows[len(log.rows)-1]) // All that compaction leaves.
	if got, _ := book.Held(newer.Key); got != newer {
		t.Errorf("got %+v, want %+v", got, newer)
	}
}
