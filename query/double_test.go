package query_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // As main does, so that the tests need none of the machine's.

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store/embedded"
	"mlf/query"
	"mlf/query/desk"
	"mlf/schema"
	"mlf/schema/annotation"
	"mlf/schema/registry"
	"mlf/schema/schematest"
	book "mlf/schema/served"
)

func TestMain(m *testing.M) {
	embedded.ChildMain()
	// Of files the schemas say no more than that they are there.
	for _, media := range []string{"text/csv", "application/vnd.sdmx.data+csv", "text/event-stream", "application/x-ndjson", "application/vnd.apache.parquet", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/turtle", "text/html", "image/png"} {
		openapi3filter.RegisterBodyDecoder(media, openapi3filter.FileBodyDecoder)
	}
	os.Exit(m.Run())
}

// memory is a Store and a Log in memory: rollups, grouped the slow and obvious way.
type memory struct {
	mu       sync.Mutex
	rome     *time.Location
	cells    map[schema.Cell][schema.ValueMax]uint64
	reasons  map[schema.Cell][]schema.ReasonNumber
	ledger   []schema.LedgerTotals
	ends     []schema.Offset
	marks    map[schema.StreamID]schema.Watermark
	asked    []schema.StatsQuery
	storeErr error
	logErr   error
	block    chan struct{} // When set, Stats waits until it is closed.
	read     func()        // When set, called when the rows have been read, before they are answered.
	statsErr error         // Of Stats alone.
	pace     chan struct{} // When set, Tallies and Ledger wait for it.
	tallied  int           // Calls of Tallies,
	ledgered int           // and of Ledger.
}

func newMemory(t testing.TB) *memory {
	t.Helper()
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return &memory{
		rome:  rome,
		cells: make(map[schema.Cell][schema.ValueMax]uint64), reasons: make(map[schema.Cell][]schema.ReasonNumber),
		marks: make(map[schema.StreamID]schema.Watermark),
		ledger: []schema.LedgerTotals{
			{PartitionState: schema.PartitionState{Partition: 0, State: schema.StateOK}, Next: 1},
			{PartitionState: schema.PartitionState{Partition: 1, State: schema.StateOK}, Next: 1},
		},
		ends: []schema.Offset{1, 1},
	}
}

// vote counts n votes of a value.
func (m *memory) vote(c schema.Cell, v schema.Value, n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	values := m.cells[c]
	values[v-1] += n
	m.cells[c] = values
	m.ledger[0].Add(schema.Tally{Records: 1, VotesIn: n, Counted: n})
	m.ledger[0].Next++
	m.ends[0]++
}

// voteFor counts n votes of a value that carry a reason.
func (m *memory) voteFor(c schema.Cell, v schema.Value, r schema.Reason, n uint64) {
	m.vote(c, v, n)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reasons[c] = schema.AddReasons(m.reasons[c], []schema.ReasonNumber{{Key: schema.KeyOfReason(v, r), N: n}})
}

func (m *memory) Stats(ctx context.Context, q schema.StatsQuery) (schema.StatsAnswer, error) {
	m.mu.Lock()
	block := m.block
	m.asked = append(m.asked, q)
	m.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return schema.StatsAnswer{}, ctx.Err()
		}
	}
	answer, err := m.group(&q)
	if m.read != nil {
		m.read()
	}
	return answer, err
}

func (m *memory) group(q *schema.StatsQuery) (schema.StatsAnswer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(m.storeErr, m.statsErr); err != nil {
		return schema.StatsAnswer{}, err
	}
	groups := make(map[schema.StatsRow][schema.ValueMax]uint64)
	reasons := make(map[schema.StatsRow][]schema.ReasonNumber)
	answer := schema.StatsAnswer{Excluded: make(map[schema.Class]uint64)}
	for c, values := range m.cells {
		if !passes(q, c) {
			continue
		}
		if !in(q.Classes, c.Class) {
			for _, n := range values {
				answer.Excluded[c.Class] += n
			}
			continue
		}
		key := m.keyOf(q, c)
		sum := groups[key]
		for i := range sum {
			sum[i] += values[i]
		}
		groups[key] = sum
		reasons[key] = schema.AddReasons(reasons[key], m.reasons[c])
	}
	for row, values := range groups {
		for _, of := range reasons[row] {
			if q.Reasons {
				answer.Reasons = append(answer.Reasons, schema.StatsReason{Row: len(answer.Rows), Key: of.Key, N: of.N})
			}
		}
		row.Values = values
		answer.Rows = append(answer.Rows, row)
	}
	if len(answer.Rows) > q.RowsMax {
		return schema.StatsAnswer{}, schema.ErrTooManyRows
	}
	return answer, nil
}

func passes(q *schema.StatsQuery, c schema.Cell) bool {
	return c.Hour >= q.From && c.Hour < q.Next && in(q.Provinces, c.Comune.Province()) && in(q.Comuni, c.Comune) &&
		in(q.Offices, c.Office) && in(q.Services, c.Service) && in(q.Channels, c.Channel) && in(q.Scales, c.Scale)
}

func in[T comparable](filter []T, v T) bool { return len(filter) == 0 || slices.Contains(filter, v) }

func (m *memory) keyOf(q *schema.StatsQuery, c schema.Cell) schema.StatsRow {
	var row schema.StatsRow
	if code, ok := q.CodeOf[c.Comune]; ok {
		c.Comune = code
	}
	local := c.Hour.Time().In(m.rome)
	day := func(y int, mo time.Month, d int) int32 {
		return int32(time.Date(y, mo, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	}
	for _, column := range q.Group {
		switch column {
		case schema.ColumnRegion:
			row.Region = q.RegionOf[c.Comune.Province()]
		case schema.ColumnProvince:
			row.Province = c.Comune.Province()
		case schema.ColumnComune:
			row.Comune = c.Comune
		case schema.ColumnOffice:
			row.Office = c.Office
		case schema.ColumnService:
			row.Service = c.Service
		case schema.ColumnChannel:
			row.Channel = c.Channel
		case schema.ColumnScale:
			row.Scale = c.Scale
		case schema.ColumnClass:
			row.Class = c.Class
		case schema.ColumnHour:
			row.Hour = c.Hour
		case schema.ColumnDay:
			row.Day = day(local.Date())
		case schema.ColumnWeek:
			back := (int(local.Weekday()) + 6) % 7
			row.Day = day(local.Date()) - int32(back)
		case schema.ColumnMonth:
			row.Day = day(local.Year(), local.Month(), 1)
		}
	}
	return row
}

func (m *memory) Tallies(context.Context) ([]schema.LedgerTotals, error) {
	m.mu.Lock()
	m.tallied++
	m.mu.Unlock()
	if m.pace != nil {
		<-m.pace
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.ledger), m.storeErr
}

func (m *memory) Ledger(context.Context) ([]schema.LedgerTotals, error) {
	m.mu.Lock()
	m.ledgered++
	m.mu.Unlock()
	if m.pace != nil {
		<-m.pace
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.ledger), m.storeErr
}

func (m *memory) States(context.Context) ([]schema.PartitionState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	states := make([]schema.PartitionState, len(m.ledger))
	for i := range states {
		states[i] = m.ledger[i].PartitionState
	}
	return states, m.storeErr
}

func (m *memory) Watermark(_ context.Context, t schema.TerminalID, s schema.StreamID) (schema.Watermark, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mark, ok := m.marks[s]
	return mark, ok && mark.Terminal == t, m.storeErr
}

func (m *memory) LogEnds(ctx context.Context) ([]schema.Offset, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if errors.Is(m.logErr, context.DeadlineExceeded) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return slices.Clone(m.ends), m.logErr
}

// A world is a Server before a memory, and the description of its answers.
type world struct {
	t      testing.TB
	memory *memory
	terms  *schema.Terminals
	served book.Book
	notes  annotation.Book
	server *query.Server
	reg    *prometheus.Registry
	router routers.Router
}

func newWorld(t testing.TB, cfg query.Config) *world {
	t.Helper()
	names := schematest.Lists(t)
	return newWorldOf(t, cfg, names)
}

func newWorldOf(t testing.TB, cfg query.Config, names *registry.Registry) *world {
	t.Helper()
	w := &world{t: t, memory: newMemory(t), terms: new(schema.Terminals), reg: prometheus.NewRegistry()}
	cfg.Disclosure = query.DisclosureNone
	var err error
	parts := query.Parts{Store: func() query.Store { return w.memory }, Log: w.memory, Served: &w.served, Annotations: &w.notes, Terminals: w.terms, Registry: names}
	if w.server, err = query.New(parts, query.Telemetry{Registerer: w.reg}, cfg); err != nil {
		t.Fatal(err)
	}
	complete(t, w.reg)
	w.router = schematest.Router(t)
	return w
}

// A reply is an answer, read to its end.
type reply struct {
	*http.Response
	body []byte
}

// get asks, and holds the answer against the description.
func (w *world) get(target string, headers ...string) reply {
	w.t.Helper()
	return w.do(http.MethodGet, target, headers...)
}

func (w *world) do(method, target string, headers ...string) reply {
	w.t.Helper()
	here := desk.WithListener(w.t.Context(), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	r := httptest.NewRequestWithContext(here, method, target, nil)
	r.Host = "127.0.0.1"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	got := reply{Response: rec.Result(), body: rec.Body.Bytes()}
	_ = got.Body.Close()
	w.validate(r, got)
	return got
}

func (w *world) validate(r *http.Request, got reply) {
	w.t.Helper()
	route, params, err := w.router.FindRoute(r)
	if err != nil {
		return // No path of the description; its answer is a problem all the same.
	}
	body := got.body
	if strings.HasPrefix(got.Header.Get("Content-Type"), "text/csv") {
		body = body[:min(len(body), 64<<10)] // Of a file the description says nothing that the rest of it could break.
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 got.StatusCode,
		Header:                 got.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(w.t.Context(), input); err != nil {
		w.t.Errorf("%s %s: answer %d is not as described: %v\n%s", r.Method, r.URL, got.StatusCode, err, got.body)
	}
}

func (r reply) json(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("answer %d: %v\n%s", r.StatusCode, err, r.body)
	}
}

// A stated problem, with its extension member.
type stated struct {
	schema.Problem
	Parameter string `json:"parameter"`
}

func (r reply) problem(t testing.TB, status int, code string) stated {
	t.Helper()
	var p stated
	r.json(t, &p)
	if r.StatusCode != status || p.Status != status || p.Type != schema.ProblemURN(code) {
		t.Errorf("got %d %s, want %d %s", r.StatusCode, r.body, status, code)
	}
	if got := r.Header.Get("Content-Type"); got != schema.ProblemType {
		t.Errorf("got Content-Type %q, want %q", got, schema.ProblemType)
	}
	if p.Instance == "" || p.Instance != r.Header.Get("X-Request-ID") {
		t.Errorf("got instance %q, want the request's id %q", p.Instance, r.Header.Get("X-Request-ID"))
	}
	return p
}

func hour(t testing.TB, text string) schema.Hour {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return schema.HourOf(at)
}

func lines(text ...string) string { return strings.Join(text, "\r\n") + "\r\n" }
