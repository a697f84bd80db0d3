package query_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/query"
	"mlf/schema"
	"mlf/schema/schematest"
	book "mlf/schema/served"
)

// A served world is one whose store is the embedded engine.
type served struct {
	*world
	engine *embedded.Server
	store  *store.Store
	book   *book.Book // Who was served, for what publishes.
}

func newServed(t *testing.T) *served {
	t.Helper()
	engine, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if errors.Is(err, embedded.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	if err := store.Apply(t.Context(), store.Config{DSN: engine.DSN()}, schema.Identity{Log: schema.LogID{1}, Partitions: 2, Rules: schema.RulesV1}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{DSN: engine.DSN()}, store.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	names := schematest.Lists(t)
	w := &world{t: t, memory: newMemory(t), terms: new(schema.Terminals), router: schematest.Router(t)}
	parts := query.Parts{Store: func() query.Store { return s }, Log: w.memory, Terminals: w.terms, Registry: names}
	if w.server, err = query.New(parts, query.Telemetry{Registerer: prometheus.NewRegistry()}, query.Config{Disclosure: query.DisclosureNone}); err != nil {
		t.Fatal(err)
	}
	return &served{world: w, engine: engine, store: s, book: new(book.Book)}
}

// A store that hangs is told in 3 s, whatever is asked, and not the question is
// blamed.
func TestAFrozenStoreIsNamedSoon(t *testing.T) {
	w := newServed(t)
	path, auth := w.watermarkOf(t)
	asked := []string{week, "/v1/stats?from=2022-01-01&to=2026-01-01", "/v1/ledger", path}
	for _, path := range asked {
		if got := w.get(path, "Authorization", auth); got.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %d %s", path, got.StatusCode, got.body)
		}
	}
	if err := syscall.Kill(w.engine.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(w.engine.Pid(), syscall.SIGCONT) }()
	for range 2 { // Over connections that were there, and over new ones.
		var all sync.WaitGroup
		for i := range 10 * len(asked) { // More than may read at once.
			path := asked[i%len(asked)]
			all.Go(func() {
				began := time.Now()
				got := w.get(path, "Authorization", auth)
				if took := time.Since(began); took > 3500*time.Millisecond {
					t.Errorf("%s: answered after %v, want 3 s", path, took)
				}
				if p := got.problem(t, http.StatusServiceUnavailable, "store-unreachable"); !strings.Contains(p.Detail, "store") || got.Header.Get("Retry-After") == "" {
					t.Errorf("%s: got %s", path, got.body)
				}
			})
		}
		all.Wait()
	}
	if err := syscall.Kill(w.engine.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	// The engine may die of a handshake that was given up meanwhile, and be started
	// again.
	for _, path := range asked {
		until(t, func() bool { return w.get(path, "Authorization", auth).StatusCode == http.StatusOK })
	}
}

// watermarkOf enrols a terminal and returns the path of its watermark and what
// authorizes it.
func (w *served) watermarkOf(t *testing.T) (path, auth string) {
	t.Helper()
	key := schema.NewStreamKey(time.Unix(0, 0))
	name, value, err := key.RegistryRecord()
	if err == nil {
		err = w.terms.Apply(name, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	id, token := w.enrol(false)
	w.terms.SetComplete()
	return "/v1/terminals/self/watermark?stream=" + key.Sign(schema.Stream{Terminal: id, ID: 5}), "Bearer " + token
}

// Whatever is asked, the engine's answer is that of the memory of the tests.
func TestTheEngineAnswersAsTheTestsDo(t *testing.T) {
	w := newServed(t)
	m := newWorld(t, query.Config{Now: noon})
	country(t, m.memory)
	for i, reason := range []schema.Reason{schema.ReasonStaff, schema.ReasonSkipped, schema.ReasonTimeout, schema.ReasonStaff, schema.ReasonOther} {
		c := cell(hour(t, "2026-02-02T08:00:00Z") + schema.Hour(i*20))
		c.Channel = schema.Channels()[i%2]
		m.memory.vote(c, schema.Red, 3)
		m.memory.voteFor(c, schema.Red, reason, uint64(i+1))
	}
	var rows []schema.Rollup
	for c, values := range m.memory.cells {
		rows = append(rows, schema.Rollup{Cell: c, Values: values, Reasons: m.memory.reasons[c]})
	}
	if err := w.store.WriteRollups(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	const year = "/v1/stats?format=csv&from=2025-12-01&to=2026-12-01&class="
	asked := []string{
		"ok", "ok&small=true", "ok&macro_area=centro,isole&group=comune", "all&population_class=under-5000,from-200000&group=class,weekday", "burst&working_day=false&group=day_kind",
		"ok&hour_of_day=2,9&group=hour,region", "ok&region=20&group=quarter,category", "all&group=macro_area,channel&compare=2025-12-31/2026-10-26", "ok&group=month,service&fill=zero&limit=7",
		"all&province=058&group=comune,office",
	}
	for _, name := range []string{
		"region", "province", "comune", "macro_area", "population_class", "small", "office", "service", "category", "channel", "class",
		"hour", "day", "week", "month", "quarter", "year", "weekday", "weekday,hour_of_day", "hour_of_day", "day_kind", "working_day",
	} {
		asked = append(asked, "all&group="+name)
		if name != "region" {
			asked = append(asked, "ok&group=region,"+name)
		}
	}
	for i := range asked {
		asked[i] = year + asked[i]
	}
	const settled = "format=csv&class=all&from=2025-12-01&to=2026-05-01"
	asked = append(asked, "/v1/reasons?"+settled, "/v1/reasons?by=channel&"+settled, "/v1/reasons?by=office&region=12&working_day=true&"+settled, "/v1/heatmap?interval=clustered&"+settled,
		"/v1/trend?by=office&compare=2026-01-01/2026-07-01&interval=clustered&step=quarter&"+settled, "/v1/ranking?by=comune&min_n=1&reference=class&"+settled, "/v1/compare?a=&b=region%3D12&c=small%3Dtrue&"+settled)
	for _, ask := range asked {
		got, want := w.get(ask), m.get(ask)
		if got.StatusCode != http.StatusOK || string(got.body) != string(want.body) {
			t.Errorf("%s: got %d\n%s\nwant %d\n%s", ask, got.StatusCode, got.body, want.StatusCode, want.body)
		}
	}
}

// Eight readers who ask for everything, over and over, neither end the engine
// nor hold up the counting, and the page is answered beside them.
func TestReadersOfEverythingHoldUpNobody(t *testing.T) {
	w := newServed(t)
	first := hour(t, "2021-01-01T00:00:00Z")
	flush := func(ctx context.Context, n uint64, hours, comuni schema.Hour) error {
		rows := make([]schema.Rollup, 0, hours*comuni)
		for h := range hours {
			for k := range comuni {
				c := cell(first + h*24*7)
				c.Comune, c.Service = schema.ComuneID(1000+k), schema.ServiceID(k%50)
				rows = append(rows, schema.Rollup{Cell: c, Values: [schema.ValueMax]uint64{n}})
			}
		}
		return w.store.WriteRollups(ctx, rows)
	}
	if err := flush(t.Context(), 1, 250, 2000); err != nil { // 500,000 cells in 58 months.
		t.Fatal(err)
	}
	pid := w.engine.Pid()
	reading, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var whole, refused atomic.Int64
	for range 8 {
		readers.Go(func() {
			for reading.Err() == nil {
				got := w.get("/v1/stats?from=2021-01-01&to=2026-01-01&class=all&group=region,province,comune,office,service,channel,class,hour&format=csv&office=," + strconv.FormatInt(whole.Load(), 10))
				switch got.StatusCode {
				case http.StatusOK:
					whole.Add(1)
				case http.StatusServiceUnavailable:
					refused.Add(1)
				default:
					t.Errorf("a reader of everything got %d", got.StatusCode)
				}
			}
		})
	}
	const longest = 8 * time.Second // It was 18 s, and this machine is shared.
	for n := range uint64(6) {
		began := time.Now()
		if err := flush(t.Context(), n+2, 2, 1000); err != nil || time.Since(began) > longest {
			t.Errorf("a flush took %v: %v", time.Since(began), err)
		}
		began = time.Now()
		if got := w.get("/v1/stats?from=2021-01-01&to=2021-01-08&group=hour"); got.StatusCode != http.StatusOK || time.Since(began) > longest {
			t.Errorf("the page got %d after %v", got.StatusCode, time.Since(began))
		}
		if got := w.get("/v1/ledger"); got.StatusCode != http.StatusOK {
			t.Errorf("the ledger got %d", got.StatusCode)
		}
	}
	stop()
	readers.Wait()
	t.Logf("%d answers with everything, %d refused", whole.Load(), refused.Load())
	if whole.Load() == 0 {
		t.Error("none got everything")
	}
	if now := w.engine.Pid(); now != pid {
		t.Errorf("the engine died: its process was %d and is %d", pid, now)
	}
}

// Forty pages that are opened at once while votes are counted all get their
// figures.
func TestFortyPagesAtOnce(t *testing.T) {
	w := newServed(t)
	at := hour(t, "2026-11-01T08:00:00Z")
	counting, stop := context.WithCancel(t.Context())
	var flushes, pages sync.WaitGroup
	flushes.Go(func() {
		for n := uint64(1); counting.Err() == nil; n++ {
			rows := []schema.Rollup{{Cell: cell(at), Values: [schema.ValueMax]uint64{n}}}
			account := []schema.LedgerRow{{Next: schema.Offset(n + 1), Tally: schema.Tally{Records: n, VotesIn: n, Counted: n}}}
			if err := errors.Join(w.store.WriteRollups(t.Context(), rows), w.store.WriteLedger(t.Context(), account, nil)); err != nil {
				t.Error(err)
			}
		}
	})
	for range 40 {
		for _, path := range []string{"/v1/ledger", week, week + "&group=hour", week + "&group=comune&top=20"} {
			pages.Go(func() {
				if got := w.get(path); got.StatusCode != http.StatusOK {
					t.Errorf("%s: got %d %s", path, got.StatusCode, got.body)
				}
			})
		}
	}
	pages.Wait()
	stop()
	flushes.Wait()
}

// What reads may have at once leaves the embedded engine a fifth of its memory.
func TestReadsTogetherLeaveTheEngineMemory(t *testing.T) {
	const ledgers = 2 // One read for the ledger, one for how far it has come.
	together := query.StatsMaxDefault*store.NarrowMemoryMax + query.WideMaxDefault*store.ReadMemoryMaxDefault +
		(query.LookupsMaxDefault+ledgers)*store.LookupMemoryMax
	if limit := embedded.MemoryMaxDefault * 4 / 5; together > limit {
		t.Errorf("reads may have %d MiB at once: want %d at most", together>>20, limit>>20)
	}
}
