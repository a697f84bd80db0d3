package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mlf/query/client"
	"mlf/schema"
)

// A service answers what it is told to, one after the other and the last for ever,
// and remembers what it was asked. It needs no network, so it lives in bubbles.
type service struct {
	answers []answer
	asked   []*http.Request
	bodies  []string
}

type answer struct {
	status int
	body   string
	header []string // Names and values.
	stream io.Reader
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body) // What is missing is missed by the test.
	}
	a := s.answers[min(len(s.asked), len(s.answers)-1)]
	s.asked, s.bodies = append(s.asked, r), append(s.bodies, string(sent))
	if a.status == 0 {
		return nil, errors.New("connection refused")
	}
	res := &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body))}
	if a.stream != nil {
		res.Body = io.NopCloser(a.stream)
	}
	for i := 0; i < len(a.header); i += 2 {
		res.Header.Set(a.header[i], a.header[i+1])
	}
	return res, nil
}

// newClient returns a client of a service that answers so.
func newClient(answers ...answer) (*client.Client, *service) {
	s := &service{answers: answers}
	return &client.Client{Base: "http://mlf.test", HTTP: &http.Client{Transport: s}}, s
}

// query returns the query of the request asked as the nth, from 0.
func (s *service) query(n int) url.Values { return s.asked[n].URL.Query() }

func TestLedger(t *testing.T) {
	c, _ := newClient(answer{status: 200, body: `{"as_of":"2026-11-01T08:00:00Z","totals":{"votes_in":3,"counted":3},"partitions":[
		{"partition":0,"state":"ok","next_offset":5,"log_end":7,"votes_in":3,"counted":3},
		{"partition":1,"state":"halted","reason":"gap","next_offset":2,"log_end":null}]}`})
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

// A terminal's questions carry its own token, all others that of the reader.
func TestTokens(t *testing.T) {
	c, s := newClient(answer{status: 200, body: `{"stream":"a b","highest":43,"missing":[[41,41]]}`})
	c.Token, c.Agent = "reader", "notebook/1"
	w, err := c.Watermark(t.Context(), "secret", "a b")
	if err != nil || w.Highest != 43 || len(w.Missing) != 1 || w.Missing[0] != [2]schema.Seq{41, 41} {
		t.Errorf("got %+v, %v", w, err)
	}
	if r := s.asked[0]; r.Header.Get("Authorization") != "Bearer secret" || s.query(0).Get("stream") != "a b" {
		t.Errorf("asked %v with %v", r.URL, r.Header)
	}
	_, _ = c.Services(t.Context())
	if h := s.asked[1].Header; h.Get("Authorization") != "Bearer reader" || h.Get("User-Agent") != "notebook/1" || h.Get("Accept") != "application/json" {
		t.Errorf("asked with %v", h)
	}
}

// Null and what was not asked for are no numbers.
func TestStats(t *testing.T) {
	c, s := newClient(answer{
		status: 200, body: `{"meta":{},"rows":[{"comune":"058091","green":7,"n":8,"green_share":0.875,"green_low":null}]}`,
		header: []string{"X-MLF-Position", "AQIHAQ"},
	})
	got, err := c.Stats(t.Context(), url.Values{"group": {"comune"}})
	if err != nil || len(got.Rows) != 1 || got.Position != "AQIHAQ" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if r := got.Rows[0]; r.GreenLow != nil || r.NChange != nil || r.Comune != "058091" || *r.GreenShare != 0.875 || r.N != 8 {
		t.Errorf("got %+v", r)
	}
	if s.asked[0].URL.Path != "/v1/stats" || s.query(0).Get("group") != "comune" {
		t.Errorf("asked %v", s.asked[0].URL)
	}
}

// Rows are those of all pages, and a page that is refused ends them with its error.
func TestRowsOfAllPages(t *testing.T) {
	page := func(cursor, rows string) answer {
		return answer{status: 200, body: `{"meta":{"next_cursor":"` + cursor + `"},"rows":[` + rows + `]}`}
	}
	params := url.Values{"period": {"2026"}}
	c, s := newClient(page("x", `{"n":1},{"n":2}`), page("y", `{"n":3}`), page("", `{"n":4}`))
	var got []uint64
	for row, err := range c.Rows(t.Context(), params) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.N)
	}
	if !slices.Equal(got, []uint64{1, 2, 3, 4}) || s.query(2).Get("cursor") != "y" || s.query(0).Get("limit") != "10000" || len(params) != 1 {
		t.Errorf("got %v, asked at last %v", got, s.query(2))
	}
	c, _ = newClient(page("x", `{"n":1}`), answer{status: 400, body: `{"status":400,"parameter":"cursor"}`})
	var last error
	for _, err := range c.Rows(t.Context(), params) {
		last = err
	}
	if p := problem(t, last); p.Parameter != "cursor" {
		t.Errorf("got %+v", p)
	}
	c, s = newClient(page("x", `{"n":1},{"n":2}`))
	for range c.Rows(t.Context(), params) {
		break
	}
	if len(s.asked) != 1 {
		t.Errorf("asked for %d pages, having left at the first row", len(s.asked))
	}
}

func problem(t *testing.T, err error) *client.Problem {
	t.Helper()
	var p *client.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a problem", err)
	}
	return p
}

func TestARefusalIsAProblem(t *testing.T) {
	c, _ := newClient(answer{status: 503, body: `{"type":"urn:mlf:problem:behind","title":"Behind","status":503,"detail":"no answer"}`, header: []string{"Retry-After", "7"}})
	_, err := c.Trend(t.Context(), url.Values{"period": {"2026"}})
	if p := problem(t, err); p.Status != 503 || p.Type != schema.ProblemURN("behind") || p.RetryAfter != 7*time.Second || p.Address != "/v1/trend?period=2026" {
		t.Errorf("got %+v", p)
	}
	c, _ = newClient(answer{status: 502, body: "<html>" + strings.Repeat("x", 1000)})
	_, err = c.Ledger(t.Context())
	if p := problem(t, err); p.Status != 502 || p.Type != "" || !strings.HasPrefix(p.Body, "<html>") || len(p.Body) != 500 {
		t.Errorf("of a proxy: got %+v", p)
	}
	c, _ = newClient(answer{status: 200, body: `{"partitions":`})
	var p *client.Problem
	if _, err = c.Ledger(t.Context()); err == nil || errors.As(err, &p) {
		t.Errorf("half an answer: got %v", err)
	}
}

// What is refused for now is asked again after what Retry-After says, as seconds or a
// time, for as long as patience lasts; without patience, or with another refusal, once.
func TestPatience(t *testing.T) {
	ok := answer{status: 200, body: `{"status":"ok"}`}
	f := func(patience, took time.Duration, times int, good bool, answers ...answer) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			for i, a := range answers {
				for j := range a.header {
					if at, isTime := strings.CutPrefix(a.header[j], "in "); isTime {
						d, _ := time.ParseDuration(at)
						answers[i].header[j] = time.Now().Add(d).UTC().Format(http.TimeFormat)
					}
				}
			}
			c, s := newClient(answers...)
			c.Patience = patience
			began := time.Now()
			_, err := c.Status(t.Context())
			if got := time.Since(began); got != took || len(s.asked) != times || (err == nil) != good {
				t.Errorf("got %v after %v and %d requests, want %v and %d", err, got, len(s.asked), took, times)
			}
		})
	}
	busy := answer{status: 503, header: []string{"Retry-After", "2"}}
	f(0, 0, 1, false, busy, ok)
	f(time.Minute, 2*time.Second, 2, true, busy, ok)
	f(time.Minute, 4*time.Second, 3, true, busy, answer{status: 429, header: []string{"Retry-After", "2"}}, ok)
	f(time.Minute, 3*time.Second, 3, true, answer{status: 503}, answer{status: 503}, ok)
	f(time.Minute, 5*time.Second, 2, true, answer{status: 503, header: []string{"Retry-After", "in 5s"}}, ok)
	f(5*time.Second, 4*time.Second, 3, false, busy)
	f(time.Minute, 0, 1, false, answer{status: 429, header: []string{"Retry-After", "3600"}}, ok)
	f(time.Minute, 0, 1, false, answer{status: 400}, ok)
	f(time.Minute, 0, 1, false, answer{}, ok)
}

// Who goes is not kept waiting.
func TestPatienceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newClient(answer{status: 503, header: []string{"Retry-After", "30"}})
		c.Patience = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Status(ctx)
		if p := problem(t, err); !errors.Is(err, context.DeadlineExceeded) || p.Status != 503 {
			t.Errorf("got %v", err)
		}
	})
}

// Each question demands what the answer before had; what takes no position is asked
// without, and what the caller demands is left alone.
func TestForward(t *testing.T) {
	at := func(position string) answer {
		return answer{status: 200, body: `{}`, header: []string{"X-MLF-Position", position}}
	}
	c, s := newClient(at("one"), at("two"), answer{status: 200, body: `{}`}, answer{status: 200, body: `{"position":"three","answers":[]}`}, at("four"))
	c.Forward = true
	params := url.Values{"period": {"2026"}}
	_, _ = c.Trend(t.Context(), params)
	_, _ = c.Stats(t.Context(), params)
	_, _ = c.Ledger(t.Context())
	_, _ = c.Query(t.Context())
	_, _ = c.Trend(t.Context(), url.Values{"at_least": {"own"}})
	var got []string
	for i := range s.asked {
		got = append(got, s.query(i).Get("at_least"))
	}
	if !slices.Equal(got, []string{"", "one", "", "", "own"}) || !strings.Contains(s.bodies[3], `"at_least":"two"`) || params.Has("at_least") {
		t.Errorf("demanded %v and %s", got, s.bodies[3])
	}
	if c.Position() != "four" {
		t.Errorf("got position %s", c.Position())
	}
}

// An answer that still holds is not sent again; of many the newest are kept.
func TestKeep(t *testing.T) {
	tagged := func(status int, tag, body string) answer {
		return answer{status: status, body: body, header: []string{"ETag", tag}}
	}
	c, s := newClient(tagged(200, `"1"`, `{"series":[{"total":{"n":5}}]}`), tagged(304, `"1"`, ""), tagged(200, `"2"`, `{}`), tagged(200, `"3"`, `{}`))
	c.Keep = 2
	year := func(of string) (client.Trend, error) { return c.Trend(t.Context(), url.Values{"period": {of}}) }
	for range 2 {
		if got, err := year("2026"); err != nil || len(got.Series) != 1 || got.Series[0].Total.N != 5 {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	_, _ = year("2025")
	_, _ = year("2024") // 2026 makes room,
	_, _ = year("2025")
	_, _ = year("2026") // and 2024, which was used before 2025.
	_, _ = year("2024")
	var sent []string
	for _, r := range s.asked {
		sent = append(sent, r.Header.Get("If-None-Match"))
	}
	if !slices.Equal(sent, []string{"", `"1"`, "", "", `"2"`, "", ""}) {
		t.Errorf("asked after %q", sent)
	}
}

// Several ask at once, the same and other things; each gets its own answer.
func TestSeveralAskAtOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		year := r.URL.Query().Get("period")
		w.Header().Set("ETag", year)
		w.Header().Set("X-MLF-Position", "at"+year)
		if r.Header.Get("If-None-Match") == year {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(`{"meta":{"period":"` + year + `"}}`))
	}))
	defer server.Close()
	c := &client.Client{Base: server.URL, Forward: true, Keep: 3}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			year := strconv.Itoa(2020 + i%8)
			if got, err := c.Trend(t.Context(), url.Values{"period": {year}}); err != nil || got.Meta.Period != year {
				t.Errorf("asked of %s: got %s, %v", year, got.Meta.Period, err)
			}
		})
	}
	all.Wait()
}

func TestAnswersAreBounded(t *testing.T) {
	c, _ := newClient(answer{status: 200, body: strings.Repeat(" ", 100) + "{}"})
	c.BytesMax = 101
	if _, err := c.Services(t.Context()); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v", err)
	}
	if _, err := c.Download(t.Context(), "/v1/stats", nil, client.CSV, io.Discard); err == nil {
		t.Error("a file that is too long was taken")
	}
	c.BytesMax = 102
	if _, err := c.Services(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDownload(t *testing.T) {
	c, s := newClient(answer{status: 200, body: "comune,n\r\n", header: []string{"X-MLF-Position", "AQIHAQ"}}, answer{status: 403, body: `{"status":403,"parameter":"group"}`})
	var file bytes.Buffer
	header, err := c.Download(t.Context(), "/v1/stats", url.Values{"period": {"2026"}}, client.XLSX, &file)
	if err != nil || file.String() != "comune,n\r\n" || header.Get("X-MLF-Position") != "AQIHAQ" || s.query(0).Get("format") != "xlsx" {
		t.Errorf("got %q, %v, %v", file.String(), header, err)
	}
	_, err = c.Download(t.Context(), "/v1/stats.csv", nil, "", &file)
	if p := problem(t, err); p.Parameter != "group" || s.asked[1].URL.RawQuery != "" || file.Len() != 10 {
		t.Errorf("got %+v of %v", p, s.asked[1].URL)
	}
}

func TestQuery(t *testing.T) {
	c, s := newClient(answer{status: 200, body: `{"position":"AQIHAQ","answers":[{"id":"0","status":200,"body":{"rows":[{"n":3}]}},
		{"id":"1","status":404,"body":{"status":404,"title":"No such place"}}]}`}, answer{status: 200, body: `{"position":"","answers":[]}`})
	var stats client.Stats
	var page client.Page
	good := &client.Question{Path: "/v1/stats", Params: url.Values{"period": {"2026"}}, Into: &stats}
	bad := &client.Question{Path: "/v1/comuni/999999", Into: &page}
	position, err := c.Query(t.Context(), good, bad)
	if err != nil || position != "AQIHAQ" || good.Err != nil || stats.Position != position || stats.Rows[0].N != 3 || problem(t, bad.Err).Title != "No such place" {
		t.Errorf("got %s, %v, %+v, %v", position, err, stats, bad.Err)
	}
	if want := `{"queries":[{"id":"0","path":"/v1/stats","parameters":{"period":["2026"]}},{"id":"1","path":"/v1/comuni/999999"}]}`; s.bodies[0] != want || s.asked[0].Method != http.MethodPost {
		t.Errorf("posted %s", s.bodies[0])
	}
	if _, err := c.Query(t.Context(), good); err == nil {
		t.Error("a question without an answer was passed over")
	}
}

// What is asked besides statistics is asked where it is, and Forward adds nothing.
func TestAddresses(t *testing.T) {
	c, s := newClient(answer{status: 200, body: `{"months":[{"month":"2026-10"}]}`, header: []string{"X-MLF-Position", "one"}})
	c.Forward = true
	f := func(want string, err error) {
		t.Helper()
		if got := s.asked[len(s.asked)-1].URL.RequestURI(); got != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	open, err := c.OpenData(t.Context())
	f("/v1/open", err)
	if len(open.Months) != 1 {
		t.Errorf("got %+v", open)
	}
	_, err = c.Changes(t.Context(), "", nil)
	f("/v1/changes", err)
	_, err = c.Changes(t.Context(), "AQIHAQ", url.Values{"by": {"region"}})
	f("/v1/changes?by=region&since=AQIHAQ", err)
	_, err = c.Network(t.Context(), url.Values{"at": {"2026-11-27"}})
	f("/v1/network?at=2026-11-27", err)
	_, err = c.Annotations(t.Context(), url.Values{"period": {"2026"}})
	f("/v1/annotations?period=2026", err)
	_, err = c.Bulletin(t.Context(), "2026-10", url.Values{"vintage": {"1"}})
	f("/v1/bulletin/2026-10?vintage=1", err)
	_, err = c.Comune(t.Context(), "../ledger", nil)
	f("/v1/comuni/..%2Fledger?at_least=one", err)
}

func TestPutServed(t *testing.T) {
	c, s := newClient(answer{status: 202, body: `{"accepted":1,"unchanged":0,"rejected":[{"index":1,"code":"stale","detail":"x"}],"warnings":[]}`})
	got, err := c.PutServed(t.Context(), "secret", &client.ServedUsers{Day: "2026-11-25", Revision: 2, Rows: []client.ServedRow{
		{Service: "anagrafe"}, {Service: "tributi", Served: client.Withdrawn},
	}})
	if err != nil || got.Accepted != 1 || len(got.Rejected) != 1 || got.Rejected[0].Code != "stale" {
		t.Errorf("got %+v, %v", got, err)
	}
	want := `{"day":"2026-11-25","revision":2,"rows":[{"service":"anagrafe","served":0},{"service":"tributi","served":"withdrawn"}]}`
	if s.bodies[0] != want || s.asked[0].Method != http.MethodPut || s.asked[0].Header.Get("Authorization") != "Bearer secret" {
		t.Errorf("told %s", s.bodies[0])
	}
}

func TestMetricsAndProbes(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path
		_, _ = w.Write([]byte("# HELP a b\na 1\nmlf_lag{partition=\"3\",x=\"a b\"} 2.5e3\n\nb NaN\n"))
	}))
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	m, err := client.Metrics(t.Context(), nil, addr)
	if err != nil || m["a"] != 1 || m[`mlf_lag{partition="3",x="a b"}`] != 2500 {
		t.Errorf("got %v, %v", m, err)
	}
	if err := client.Ready(t.Context(), nil, addr); err != nil || asked != "/readyz" {
		t.Errorf("got %v of %v", err, asked)
	}
}
