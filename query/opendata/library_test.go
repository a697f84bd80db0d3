package opendata_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"go.uber.org/goleak"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/query/departure"
	"mlf/query/disclosure"
	"mlf/query/opendata"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/schematest"
)

func TestMain(m *testing.M) {
	embedded.ChildMain() // The engine is this binary, started once more.
	goleak.VerifyTestMain(m)
}

// A press is lots on the embedded engine, and who publishes and gives them away.
type press struct {
	*testing.T
	store    *store.Store
	releases []schema.Release
	library  *opendata.Library
}

// Releases returns what holds.
func (p *press) Releases() []schema.Release { return p.releases }

func newPress(t *testing.T) *press {
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
	p := &press{T: t}
	if p.store, err = store.Open(t.Context(), store.Config{DSN: engine.DSN()}, store.Telemetry{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.store.Close() })
	p.restart()
	return p
}

// restart is another process, which has nothing in memory.
func (p *press) restart() {
	p.Helper()
	p.named(opendata.Config{
		URL: "https://mlf.example.it/", Publisher: opendata.Agent{Name: "Comune di \"Prova\"\\\n<è>", ID: "c_h501"}, Contact: "opendata@example.it",
	})
}

// named is another process, whose operator has said who publishes.
func (p *press) named(cfg opendata.Config) {
	p.Helper()
	var err error
	if p.library, err = opendata.New(opendata.Parts{Source: p.store, Published: p, Registry: schematest.Lists(p)}, cfg); err != nil {
		p.Fatal(err)
	}
}

// release publishes lots on the morning of a day; what is counted beside them waits.
func (p *press) release(today schema.Day, attempt schema.AttemptID, waiting uint64, lots ...schema.Lot) {
	p.Helper()
	r := schema.Release{Number: uint32(len(p.releases) + 1), Attempt: attempt, Today: today, K: 3, Lots: uint64(len(lots))}
	account := make(map[schema.Day]schema.ReleaseMonth)
	if n := len(p.releases); n > 0 {
		r.Previous = p.releases[n-1].Attempt
		for _, m := range p.releases[n-1].Months {
			m.Counted -= m.Waiting
			m.Waiting = 0
			account[m.First] = m
		}
	}
	var shuffled []schema.Lot // Rows may lie in any order.
	for i := range lots {
		lots[i].Number = uint32(i)
		shuffled = append([]schema.Lot{lots[i]}, shuffled...)
		m := account[monthOf(lots[i].First)]
		m.First = monthOf(lots[i].First)
		m.Counted += lots[i].N()
		account[m.First] = m
	}
	for first := day(time.January, 1); first < today; first++ {
		if m, ok := account[first]; ok {
			m.Counted, m.Waiting = m.Counted+waiting, waiting
			r.Months = append(r.Months, m)
		}
	}
	if err := errors.Join(p.store.WriteLots(p.Context(), attempt, shuffled, nil), p.store.WriteRelease(p.Context(), r)); err != nil {
		p.Fatal(err)
	}
	// Not the engine's clock: what is compared with what was has a fixed one.
	r.Written = time.Unix(int64(today)*86400+2*3600, 123456789).UTC()
	p.releases = append(p.releases, r)
}

func day(m time.Month, d int) schema.Day {
	return schema.Day(time.Date(2026, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func monthOf(d schema.Day) schema.Day {
	t := time.Unix(int64(d)*86400, 0).UTC()
	return d - schema.Day(t.Day()) + 1
}

// lot returns one of a level, of green votes.
func lot(level schema.LotLevel, first, last schema.Day, n uint64) schema.Lot {
	l := schema.Lot{First: first, Last: last, Values: [schema.ValueMax]uint64{1, 0, n - 1}}
	l.Level, l.Scale = level, schema.ScaleMLF3
	switch level {
	case schema.LotNation:
		return l
	case schema.LotRegion:
		l.Region = 20
		return l
	case schema.LotProvince:
		l.Province = 21
		return l
	default:
		l.Comune = 1272
	}
	if level <= schema.LotService {
		l.Service = 1
	}
	if level <= schema.LotChannel {
		l.Channel = schema.ChannelTotem
	}
	if level == schema.LotOffice {
		l.Office = "it.is-1"
	}
	return l
}

// autumn publishes two months: October in two vintages, November in one.
func (p *press) autumn() {
	october, november := day(time.October, 1), day(time.November, 1)
	asked := lot(schema.LotOffice, october+1, october+4, 9)
	asked.Reasons = []schema.ReasonNumber{{Key: schema.KeyOfReason(1, schema.ReasonStaff), N: 1}, {Key: schema.KeyOfReason(3, schema.ReasonSkipped), N: 2}}
	p.release(day(time.October, 10), 1<<63+5, 2, asked, lot(schema.LotChannel, october+2, october+2, 3))
	p.release(day(time.November, 4), 3, 1,
		lot(schema.LotService, october, november-1, 4), lot(schema.LotComune, october, november-1, 5), lot(schema.LotProvince, october, november-1, 6),
		lot(schema.LotRegion, october, november-1, 7), lot(schema.LotNation, october, november-1, 8), lot(schema.LotOffice, november, november, 3))
	p.release(day(time.November, 20), 7, 0, lot(schema.LotOffice, november+1, november+2, 5), lot(schema.LotOffice, october+9, october+9, 4))
	p.release(day(time.December, 4), 4, 0, lot(schema.LotOffice, november+3, november+3, 6))
}

// ask asks for a file by its name.
func (p *press) ask(file string) *httptest.ResponseRecorder {
	p.Helper()
	r := httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/v1/open/"+file, nil)
	rec := httptest.NewRecorder()
	if err := p.library.Serve(rec, r, file, departure.New().Send); err != nil {
		rec.Code = http.StatusTeapot
		rec.Body.WriteString(err.Error())
	}
	return rec
}

func sum(body []byte) string {
	s := sha256.Sum256(body)
	return hex.EncodeToString(s[:])
}

const octoberOne = "release,lot,level,region,province,comune,office,service,channel,scale,first_day,last_day,v1,v2,v3,v4,v5,n\r\n" +
	"1,0,office,01,001,001272,it.is-1,anagrafe,totem,mlf3,2026-10-02,2026-10-05,1,0,8,0,0,9\r\n" +
	"1,1,channel,01,001,001272,,anagrafe,totem,mlf3,2026-10-03,2026-10-03,1,0,2,0,0,3\r\n" +
	"2,0,service,01,001,001272,,anagrafe,,mlf3,2026-10-01,2026-10-31,1,0,3,0,0,4\r\n" +
	"2,1,comune,01,001,001272,,,,mlf3,2026-10-01,2026-10-31,1,0,4,0,0,5\r\n" +
	"2,2,province,04,021,,,,,mlf3,2026-10-01,2026-10-31,1,0,5,0,0,6\r\n" +
	"2,3,region,20,,,,,,mlf3,2026-10-01,2026-10-31,1,0,6,0,0,7\r\n" +
	"2,4,nation,,,,,,,mlf3,2026-10-01,2026-10-31,1,0,7,0,0,8\r\n"

// TestAFileNeverChanges: whatever is published later, and by whichever process it is made.
// The sums are those of the bytes: where one changes, files that others have would.
func TestAFileNeverChanges(t *testing.T) {
	p := newPress(t)
	p.autumn()
	if got := p.ask("2026-10.v1.csv").Body.String(); got != octoberOne {
		t.Errorf("got\n%s\nwant\n%s", got, octoberOne)
	}
	want := map[string]string{
		"2026-10.v1.csv":             sum([]byte(octoberOne)),
		"2026-10.v2.csv":             sum([]byte(octoberOne + "3,1,office,01,001,001272,it.is-1,anagrafe,totem,mlf3,2026-10-10,2026-10-10,1,0,3,0,0,4\r\n")),
		"2026-10.v2.reasons.csv":     sum([]byte("release,lot,value,reason,n\r\n1,0,1,staff,1\r\n1,0,3,skipped,2\r\n")),
		"2026-10.v2.reasons.ndjson":  sum([]byte(`{"release":1,"lot":0,"value":1,"reason":"staff","n":1}` + "\n" + `{"release":1,"lot":0,"value":3,"reason":"skipped","n":2}` + "\n")),
		"2026-11.v1.parquet":         "",
		"2026-11.v1.reasons.parquet": "",
		"2026-11.v1.csv":             "",
	}
	for range 3 {
		for file, is := range want {
			got := p.ask(file)
			if got.Code != http.StatusOK {
				t.Fatalf("%s: got %d %s", file, got.Code, got.Body)
			}
			if is == "" {
				want[file] = sum(got.Body.Bytes())
			} else if sum(got.Body.Bytes()) != is {
				t.Errorf("%s: %d releases are held, and it is another:\n%s", file, len(p.releases), got.Body)
			}
			if tag := got.Header().Get("ETag"); tag != `"`+want[file][:32]+`"` {
				t.Errorf("%s: got tag %s", file, tag)
			}
		}
		november := day(time.November, 20)
		p.release(p.releases[len(p.releases)-1].Today+31, schema.AttemptID(100+len(p.releases)), 2, lot(schema.LotOffice, november, november, 7), lot(schema.LotNation, november, november, 7))
		p.restart()
	}
	if got := p.ask("2026-11.csv").Header().Get("Location"); got != "2026-11.v4.csv" {
		t.Errorf("the newest of November: got %q, want the fourth vintage", got)
	}
}

// TestNoFileOfOtherVotes: a store that lacks lots of a vintage, or has others in their
// place, gives none away.
func TestNoFileOfOtherVotes(t *testing.T) {
	p := newPress(t)
	p.autumn()
	whole := p.releases
	for _, spoil := range []func(r []schema.Release){
		func(r []schema.Release) { r[1].Attempt = 77 },                          // Its lots are lost.
		func(r []schema.Release) { r[1].Months[0].Counted++ },                   // A vote was to be there.
		func(r []schema.Release) { r[0].K = 4; r[1].K = 4 },                     // A lot is too small.
		func(r []schema.Release) { r[0].Attempt = 7; r[2].Attempt = 1<<63 + 5 }, // Others' lots.
	} {
		p.releases = nil
		for _, r := range whole {
			r.Months = append([]schema.ReleaseMonth(nil), r.Months...)
			p.releases = append(p.releases, r)
		}
		spoil(p.releases)
		p.restart()
		if got := p.ask("2026-10.v1.csv"); got.Code != http.StatusTeapot || strings.Contains(got.Body.String(), "release,lot") {
			t.Errorf("got %d %s, want an error", got.Code, got.Body)
		}
	}
}

// TestTheStoreAway: what is in memory is given away, and the rest is told to be unread.
func TestTheStoreAway(t *testing.T) {
	p := newPress(t)
	p.autumn()
	p.ask("2026-10.v1.csv")
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := p.ask("2026-10.v1.csv"); got.Body.String() != octoberOne {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if err := p.library.Serve(httptest.NewRecorder(), r, "2026-10.v2.csv", nil); !errors.Is(err, opendata.ErrUnread) {
		t.Errorf("got %v, want %v", err, opendata.ErrUnread)
	}
	p.releases = nil
	if err := p.library.Serve(httptest.NewRecorder(), r, "", nil); !errors.Is(err, disclosure.ErrUnpublished) {
		t.Errorf("nothing published: got %v", err)
	}
}

// TestNames: each file has one name, and others are nobody's.
func TestNames(t *testing.T) {
	p := newPress(t)
	p.autumn()
	for _, file := range []string{
		"2026-10.v3.csv", "2026-10.v0.csv", "2026-10.v01.csv", "2026-10.v-1.csv", "2026-10.vv1.csv", "2026-9.csv", "2026-13.csv", "2026-12.csv", "2025-10.csv", "2026-10", "2026-10.xlsx",
		"2026-10.v1.lots.csv", "2026-10.reasons.v1.csv", "2026-10.v1.parquet-metadata.json", "2026-10.v1.csv.gz", "catalog.rdf", ".csv", "2026-10.v1.reasons.reasons.csv", "2026-10.v99999999999999999999.csv",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		var missing *question.Error
		if err := p.library.Serve(httptest.NewRecorder(), r, file, nil); !errors.As(err, &missing) || !missing.Missing || missing.Detail == "" {
			t.Errorf("%s: got %v, want that there is none", file, err)
		}
	}
	for from, to := range map[string]string{"2026-10.csv": "2026-10.v2.csv", "2026-10.reasons.parquet": "2026-10.v2.reasons.parquet", "2026-11.csv-metadata.json": "2026-11.v1.csv-metadata.json"} {
		if got := p.ask(from); got.Code != http.StatusTemporaryRedirect || got.Header().Get("Location") != to {
			t.Errorf("%s: got %d to %q, want %s", from, got.Code, got.Header().Get("Location"), to)
		}
	}
}

// TestParquetIsCSV: the rows of one are those of the other.
func TestParquetIsCSV(t *testing.T) {
	p := newPress(t)
	p.autumn()
	body := p.ask("2026-10.v1.parquet").Body.Bytes()
	file, err := parquet.OpenFile(strings.NewReader(string(body)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(octoberOne), "\r\n")
	if file.NumRows() != int64(len(lines)-1) {
		t.Errorf("got %d rows, want %d", file.NumRows(), len(lines)-1)
	}
	var names []string
	for _, c := range file.Schema().Columns() {
		names = append(names, c...)
	}
	if got := strings.Join(names, ","); got != lines[0] {
		t.Errorf("got columns %s", got)
	}
	if vintage, _ := file.Lookup("vintage"); vintage != "1" {
		t.Errorf("got notes without the vintage: %q", vintage)
	}
}
