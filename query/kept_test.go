package query_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/query"
	"mlf/query/answer"
	"mlf/query/calendar"
	"mlf/query/cube/packed"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
	book "mlf/schema/served"
)

// An inCells is a memory whose counts are named by what they are.
type inCells struct {
	*memory
	clock calendar.Clock
	made  atomic.Int64 // Questions that were counted.
}

// A cellsView is its counts at one moment.
type cellsView struct {
	*packed.Cells
	of     *inCells
	ledger []schema.LedgerTotals
}

func (v *cellsView) Ledger() []schema.LedgerTotals { return v.ledger }

func (v *cellsView) Counts(ctx context.Context, a *question.Axes) (*question.Counts, error) {
	v.of.made.Add(1)
	return v.Cells.Counts(ctx, a)
}

func (m *inCells) View() question.View {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := packed.NewBuilder(packed.Config{Clock: m.clock, FreshMax: 8})
	for c, values := range m.cells {
		b.Add(b.Leaf(&c), c.Hour, &values)
	}
	return &cellsView{b.Cells(), m, append([]schema.LedgerTotals(nil), m.ledger...)}
}

// keeping returns a world that answers from such counts.
func keeping(t *testing.T, counts *inCells, cfg query.Config) *world {
	t.Helper()
	names := schematest.Lists(t)
	return keepingOf(t, counts, cfg, names)
}

func keepingOf(t *testing.T, counts *inCells, cfg query.Config, names *registry.Registry) *world {
	t.Helper()
	w := &world{t: t, memory: counts.memory, terms: new(schema.Terminals), reg: prometheus.NewRegistry(), router: schematest.Router(t)}
	cfg.Disclosure = query.DisclosureNone
	parts := query.Parts{Store: func() query.Store { return counts.memory }, Counts: counts, Log: counts.memory, Served: &w.served, Terminals: w.terms, Registry: names}
	var err error
	if w.server, err = query.New(parts, query.Telemetry{Registerer: w.reg}, cfg); err != nil {
		t.Fatal(err)
	}
	complete(t, w.reg)
	return w
}

func newCells(t *testing.T) *inCells {
	t.Helper()
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	m := &inCells{memory: newMemory(t), clock: clock}
	country(t, m.memory)
	talkative(t, m.memory)
	return m
}

// afterMeta returns what an answer says of anything but itself.
func afterMeta(t *testing.T, got reply) string {
	t.Helper()
	_, rest, found := strings.Cut(string(got.body), `"disclosure":"none"},`)
	if got.StatusCode != http.StatusOK || !found {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	return rest
}

type metaOfAny struct {
	Meta struct {
		Position    string
		Ledger      []int
		GeneratedAt time.Time `json:"generated_at"`
		Excluded    struct{ Quarantined, Conflicts int }
	}
}

// TestAnswersAreKept: what was made of the months of a page is not made again until one
// of their votes is counted, and says all the same how far all counts have come.
func TestAnswersAreKept(t *testing.T) {
	m := newCells(t)
	now := noon()
	w := keeping(t, m, query.Config{Now: func() time.Time { return now }})
	const page = "/v1/comuni/058091"
	first := w.get(page)
	made := m.made.Load()
	now = now.Add(time.Second)
	m.ledger[1].Next += 7 // Of another partition: no vote of it counts.
	m.ledger[1].Add(schema.Tally{VotesIn: 7, Quarantined: 5, Conflicts: 2})
	second := w.get(page)
	if m.made.Load() != made {
		t.Error("the page was made again, of which nothing was counted")
	}
	if afterMeta(t, first) != afterMeta(t, second) {
		t.Errorf("got %s, and then %s", first.body, second.body)
	}
	var before, after metaOfAny
	first.json(t, &before)
	second.json(t, &after)
	if after.Meta.Position != second.Header.Get("X-MLF-Position") || after.Meta.Ledger[1] != before.Meta.Ledger[1]+7 || !after.Meta.GeneratedAt.After(before.Meta.GeneratedAt) {
		t.Errorf("got %+v after %+v, header %s", after.Meta, before.Meta, second.Header.Get("X-MLF-Position"))
	}
	if q := after.Meta.Excluded; q.Quarantined != before.Meta.Excluded.Quarantined+5 || q.Conflicts != before.Meta.Excluded.Conflicts+2 ||
		!strings.Contains(second.Header.Get("X-MLF-Excluded"), fmt.Sprintf("quarantined=%d, conflicts=%d", q.Quarantined, q.Conflicts)) {
		t.Errorf("got %+v, %s", after.Meta, second.Header.Get("X-MLF-Excluded"))
	}
	if got := w.get(page+"?at_least="+after.Meta.Position, "If-None-Match", first.Header.Get("ETag")); got.StatusCode != http.StatusNotModified {
		t.Errorf("got %d: want the tag to stay", got.StatusCode)
	}
	m.vote(cell(hour(t, "2026-11-25T08:00:00Z")), schema.Red, 1)
	if third := w.get(page); afterMeta(t, third) == afterMeta(t, first) || m.made.Load() == made {
		t.Error("a vote was counted, and the page is the old one")
	}
	made = m.made.Load()
	now = now.Add(time.Hour)
	if w.get(page); m.made.Load() == made {
		t.Error("an hour later other hours are running, and the page is the old one")
	}
	apply(t, &w.served, now)
	made = m.made.Load()
	if w.get(page); m.made.Load() == made {
		t.Error("users were served, and the page is the old one")
	}
	if n := testutil.CollectAndCount(w.reg, "mlf_query_kept_answers_total"); n != 2 {
		t.Errorf("got %d series of found or not", n)
	}
}

// apply tells of users served.
func apply(t *testing.T, b *book.Book, now time.Time) {
	t.Helper()
	b.Note(book.Served{Key: book.Key{Comune: roma, Service: 1, Channel: schema.ChannelCounter, Day: schema.Day(now.Unix() / 86400)}, Users: 9, Revision: 1})
	b.SetComplete()
}

// TestNoAnswerIsOlderThanWhatItsReaderSaw: whoever has seen a position, in the ledger or
// above an answer, is told of one that reaches it, with all votes up to it, however answers
// are kept.
func TestNoAnswerIsOlderThanWhatItsReaderSaw(t *testing.T) {
	m := newCells(t)
	w := keeping(t, m, query.Config{Now: noon})
	targets := []string{"/v1/comuni/058091", "/v1/national", "/v1/trend?period=2026-10&step=day", "/v1/trend?period=2026-11&step=day", "/v1/reasons?period=2026-11"}
	var seen question.Position
	for i := range 40 {
		if i%3 == 0 {
			m.vote(cell(hour(t, "2026-11-20T08:00:00Z")+schema.Hour(i)), schema.Green, 1)
		} else {
			m.mu.Lock()
			m.ledger[1].Next++
			m.mu.Unlock()
		}
		for _, target := range targets {
			got := w.get(target)
			at, err := question.ParsePosition(got.Header.Get("X-MLF-Position"))
			if err != nil || !at.Reaches(seen) {
				t.Fatalf("%s: got %v after %v, %v", target, at, seen, err)
			}
			var body metaOfAny
			if got.json(t, &body); body.Meta.Position != got.Header.Get("X-MLF-Position") {
				t.Fatalf("%s: the header says %v, the answer %v", target, got.Header.Get("X-MLF-Position"), body.Meta.Position)
			}
			seen = at
		}
		var days struct {
			Series []struct{ Total figure }
		}
		w.get("/v1/trend?from=2026-11-20&to=2026-11-22&comune=058091").json(t, &days)
		var stats struct{ Rows []figure }
		w.get("/v1/stats?from=2026-11-20&to=2026-11-22&comune=058091").json(t, &stats)
		if days.Series[0].Total.N != stats.Rows[0].N {
			t.Fatalf("kept: %d votes; counted: %d", days.Series[0].Total.N, stats.Rows[0].N)
		}
	}
}

// TestKeptAnswersGrow: while votes come, no reader of many sees a count fall, or fewer
// votes than were counted before he asked.
func TestKeptAnswersGrow(t *testing.T) {
	m := newCells(t)
	w := keeping(t, m, query.Config{Now: noon})
	var readers sync.WaitGroup
	var cast atomic.Uint64 // Votes that are counted, of the day that is asked for.
	read := func() uint64 {
		var got trend
		w.get("/v1/trend?from=2026-11-21&to=2026-11-22&comune=058091").json(t, &got)
		return got.Series[0].Total.N
	}
	base := read()
	for range 4 {
		readers.Go(func() {
			last := base
			for range 25 {
				atLeast := base + cast.Load()
				got := read()
				if got < last || got < atLeast {
					t.Errorf("got %d votes after %d, when %d were counted", got, last, atLeast)
				}
				last = got
			}
		})
	}
	for range 20 {
		m.vote(cell(hour(t, "2026-11-21T08:00:00Z")), schema.Green, 1)
		cast.Add(1)
		read()
	}
	readers.Wait()
	if got := read(); got != base+20 {
		t.Errorf("got %d votes in the end, want %d", got, base+20)
	}
}

// TestOnlyMetaTellsHowFar: of every endpoint whose answers are kept nothing but meta
// changes while the counts stay.
func TestOnlyMetaTellsHowFar(t *testing.T) {
	for _, e := range answer.Endpoints() {
		target, ok := map[string]string{
			"trend": "/v1/trend?period=2026", "heatmap": "/v1/heatmap?period=2026", "reasons": "/v1/reasons?period=2026", "ranking": "/v1/ranking?period=2026&by=comune",
			"participation": "/v1/participation?period=2026", "dimensions": "/v1/dimensions", "comuni": "/v1/comuni/058091", "regions": "/v1/regions/12", "national": "/v1/national",
		}[e.Name]
		if e.Dated {
			continue
		}
		if !ok {
			t.Errorf("endpoint %s: say what to ask it for here, or that it is dated", e.Name)
			continue
		}
		var texts [2]string
		for i := range texts {
			m := newCells(t)
			m.ledger[1].Next += schema.Offset(100 * i)
			m.ledger[1].Add(schema.Tally{VotesIn: 100, Quarantined: uint64(i), Conflicts: uint64(100 - i)})
			now := noon().Add(time.Duration(i) * time.Minute)
			texts[i] = afterMeta(t, keeping(t, m, query.Config{Now: func() time.Time { return now }}).get(target))
		}
		if texts[0] != texts[1] {
			t.Errorf("endpoint %s: not only meta tells how far the counts have come:\n%s\n%s", e.Name, texts[0], texts[1])
		}
	}
}

// raw asks for what no description can be held against.
func (w *world) raw(method, target, encoding string) reply {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, target, nil)
	r.Header.Set("Accept-Encoding", encoding)
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	got := reply{Response: rec.Result(), body: rec.Body.Bytes()}
	_ = got.Body.Close()
	return got
}

// TestKeptAnswersArePackedForWhoWants: the head is of the reader, all else of the first.
func TestKeptAnswersArePackedForWhoWants(t *testing.T) {
	m := newCells(t)
	w := keeping(t, m, query.Config{Now: noon})
	for i := range 3 {
		m.ledger[1].Next += schema.Offset(1000 * i)
		plain, packed := w.get("/v1/comuni/058091"), w.raw(http.MethodGet, "/v1/comuni/058091", "gzip")
		source, err := gzip.NewReader(bytes.NewReader(packed.body))
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := io.ReadAll(source)
		if err != nil || !bytes.Equal(unpacked, plain.body) || !json.Valid(unpacked) {
			t.Errorf("got %v, %s: want %s", err, unpacked, plain.body)
		}
		for _, got := range []reply{plain, packed} {
			if got.Header.Get("Content-Length") != fmt.Sprint(len(got.body)) || got.Header.Get("No-Gzip-Compression") != "" {
				t.Errorf("got %v of %d", got.Header, len(got.body))
			}
		}
		if head := w.raw(http.MethodHead, "/v1/comuni/058091", "gzip"); head.Header.Get("Content-Length") != fmt.Sprint(len(packed.body)) || len(head.body) > 0 {
			t.Errorf("got %v", head.Header)
		}
		if head := w.raw(http.MethodHead, "/v1/comuni/058091", ""); head.Header.Get("Content-Length") != fmt.Sprint(len(plain.body)) || head.Header.Get("No-Gzip-Compression") != "" {
			t.Errorf("got %v", head.Header)
		}
	}
}

// TestTagsAreThoseOfAllProcesses: two processes that have the same counts give closed
// months the same tag, whatever came in elsewhere; another release, another registry, and
// the counts of the store do not.
func TestTagsAreThoseOfAllProcesses(t *testing.T) {
	const page, month = "/v1/comuni/058091", "/v1/trend?period=2026-09&step=day"
	one, other := newCells(t), newCells(t)
	other.ledger[1].Next += 1000
	a, b := keeping(t, one, query.Config{Now: noon, Release: "v1"}), keeping(t, other, query.Config{Now: noon, Release: "v1"})
	for _, target := range []string{page, month, "/v1/stats?period=2026-10"} {
		tag := a.get(target).Header.Get("ETag")
		if got := b.get(target, "If-None-Match", tag); got.StatusCode != http.StatusNotModified {
			t.Errorf("%s: got %d of another process with the same counts", target, got.StatusCode)
		}
	}
	tag := a.get(month).Header.Get("ETag")
	other.vote(cell(hour(t, "2026-11-20T08:00:00Z")), schema.Green, 1)
	if got := b.get(month, "If-None-Match", tag); got.StatusCode != http.StatusNotModified {
		t.Errorf("got %d of September: want no vote of November to change it", got.StatusCode)
	}
	if got := b.get(page, "If-None-Match", a.get(page).Header.Get("ETag")); got.StatusCode != http.StatusOK {
		t.Errorf("got %d of a page with another vote", got.StatusCode)
	}
	for name, w := range map[string]*world{
		"another release": keeping(t, one, query.Config{Now: noon, Release: "v2"}), "no release": keeping(t, one, query.Config{Now: noon}),
		"another without a release": keeping(t, one, query.Config{Now: noon}),
		"another registry":          keepingOf(t, one, query.Config{Now: noon, Release: "v1"}, renamed(t)),
	} {
		if got := w.get(month, "If-None-Match", tag); got.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d, want another tag", name, got.StatusCode)
		}
	}
	c, d := newWorld(t, query.Config{Now: noon, Release: "v1"}), newWorld(t, query.Config{Now: noon, Release: "v1"})
	if got := d.get(month, "If-None-Match", c.get(month).Header.Get("ETag")); got.StatusCode != http.StatusOK {
		t.Errorf("counts of the store: got %d of another process", got.StatusCode)
	}
}

// renamed is the registry with other words for one service.
func renamed(t *testing.T) *registry.Registry {
	t.Helper()
	names, err := registry.LoadFS(fstest.MapFS{"services.csv": {Data: []byte("id,code,label_it,label_en,label_de,category\n65535,own,a,b,c,\n")}})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestKeptAnswersAreNotOthers: what is kept of one audience is shown to no other.
func TestKeptAnswersAreNotOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pass(28 * 24 * time.Hour)
		clock, err := calendar.Rome()
		if err != nil {
			t.Fatal(err)
		}
		counts := &inCells{memory: newMemory(t), clock: clock}
		g := newGuardedOf(t, query.DisclosureLots, nil, counts.memory, counts)
		defer g.stop()
		g.cast(roma, schema.Green, 2)
		g.cast(milano, schema.Green, 5)
		pass(30 * time.Hour)
		const target = "/v1/trend?period=2000-01"
		asks := []struct {
			headers []string
			want    uint64
		}{{nil, 5}, {g.as("body", "mlf_comuni", roma.String()), 2}, {g.as("body", "mlf_comuni", milano.String()), 5}, {g.as("analyst"), 7}}
		before := counts.made.Load()
		for range 2 {
			for i, who := range asks {
				var got trend
				answer := g.get(target, who.headers...)
				if answer.json(t, &got); got.Series[0].Total.N != who.want {
					t.Errorf("asker %d is shown %d votes, want %d", i, got.Series[0].Total.N, who.want)
				}
			}
		}
		if made := counts.made.Load() - before; made != 3 {
			t.Errorf("exact counts were asked %d times: want once for each who may", made)
		}
	})
}
