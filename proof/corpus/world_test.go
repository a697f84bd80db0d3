package corpus_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/aggregate/fold"
	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/proof/harness"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/source"
)

func TestMain(m *testing.M) { harness.Main(m) }

// A world is a log and an mlf ingest that writes to it, for which each row of the corpus
// is a source of its own, counted in an office of its own.
type world struct {
	client  *broker.Client
	id      schema.Identity
	kafka   string
	ingest  string
	admin   string
	next    schema.Offset // Of the log, up to which records were taken.
	browser http.Client
}

func newWorld(t *testing.T, rows []*row) *world {
	t.Helper()
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	w := &world{kafka: b.Addr(), ingest: harness.FreeAddr(t), admin: harness.FreeAddr(t), browser: http.Client{Timeout: 20 * time.Second}}
	if w.client, err = broker.New(broker.Config{Brokers: []string{w.kafka}}, broker.Telemetry{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	if w.id, err = w.client.Apply(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		w.enrol(t, i, r)
	}
	process := harness.Start(t, "ingest", "--kafka", w.kafka, "--listen", w.ingest, "--admin", w.admin, "--trusted-proxies", "127.0.0.0/8")
	harness.WaitReady(t, process, w.admin)
	_, w.next = w.records(t)
	return w
}

// name is what row i is called: its site or integration, its token, its office.
func name(i int) string { return fmt.Sprintf("corpus-%d", i) }

// A recorder is what the registry topic has a record of.
type recorder interface {
	RegistryRecord() (string, []byte, error)
}

// enrol makes row i a source.
func (w *world) enrol(t *testing.T, i int, r *row) {
	t.Helper()
	e := &schema.Enrolment{
		Terminal: schema.TerminalID(i + 1), Token: schema.HashToken([]byte(name(i))), Comune: 58091, Office: schema.OfficeCode(name(i)),
		Channel: schema.ChannelPhone, Scale: schema.ScaleMLF3, Since: time.Now().AddDate(-2, 0, 0),
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 3}, {Code: "tributi", ID: 4}},
	}
	site := source.Site{Name: name(i), Terminal: e.Terminal, Way: source.Way(r.way())}
	device := source.Device{Integration: name(i), Address: r.device, Terminal: e.Terminal}
	integration := source.Integration{Name: name(i), Way: source.Way(r.way()), Token: e.Token}
	registered := []recorder{e, integration, device}
	switch {
	case r.is("ratings digital"):
		e.Channel, e.Scale, site.Way = schema.ChannelDigital, schema.ScaleStars5, source.Script
		registered = []recorder{e, site}
	case r.is("import ratings"):
		e.Channel, e.Scale, site.Way = schema.ChannelWeb, schema.ScaleStars5, source.Import
		registered = []recorder{e, site}
	case r.is("import calls"):
		integration.Way = source.Generic
		registered = []recorder{e, integration, device}
	case r.is("ratings"):
		e.Channel, e.Scale = schema.ChannelWeb, schema.ScaleStars5
		registered = []recorder{e, site}
	case r.is("uplinks"):
		e.Channel, e.Scale = schema.ChannelTotem, schema.ScaleStars5
		device.FromZero, device.Values = true, []schema.Value{1, 2, 3, 4, 5}
		registered = []recorder{e, integration, device}
	case r.is("counters"):
		e.Channel = schema.ChannelCounter
		registered = []recorder{e}
	}
	for _, of := range registered {
		key, value, err := of.RegistryRecord()
		if err == nil {
			err = w.client.PutRegistry(t.Context(), key, value)
		}
		if err != nil {
			t.Fatalf("%s: %v", r.file, err)
		}
	}
}

// A sent is a request as it goes out.
type sent struct {
	i      int
	row    *row
	kind   string
	coding string
	body   []byte
}

// An answer is what came of one, and when.
type answer struct {
	status      int
	code        string // Of a problem: the end of its type.
	body        string
	first, last schema.Instant
}

// post sends what row i sends. n tells clients apart, of whom each may send only so often.
func (w *world) post(t *testing.T, s sent, n int) (a answer) {
	t.Helper()
	path := map[bool]string{true: "/v1/ratings/" + name(s.i)}[s.row.is("ratings")]
	if path == "" {
		path = "/v1/" + strings.ReplaceAll(s.row.to, " ", "/")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.ingest+path, bytes.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", s.kind)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.1", n>>8&255, n&255))
	if s.coding != "" {
		r.Header.Set("Content-Encoding", s.coding)
	}
	if !s.row.is("ratings") {
		r.Header.Set("Authorization", "Bearer "+name(s.i))
	}
	a.first = schema.InstantOf(time.Now())
	got, err := w.browser.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", s.row.file, err)
	}
	text, err := io.ReadAll(got.Body)
	_ = got.Body.Close()
	if err != nil {
		t.Fatalf("%s: %v", s.row.file, err)
	}
	a.last, a.status, a.body = schema.InstantOf(time.Now()), got.StatusCode, string(text)
	if a.status >= 400 {
		if got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s: want a problem", s.row.file, a.status, a.body)
		}
		problem := harness.Decode[struct{ Type, Detail string }](t, a.body)
		if a.code = problem.Type[strings.LastIndexAny(problem.Type, "/:#")+1:]; problem.Detail == "" {
			t.Errorf("%s: the problem does not say what is wanted: %s", s.row.file, a.body)
		}
	}
	return a
}

// records returns what is new on the log, and where it ends.
func (w *world) records(t *testing.T) (all []schema.Record, end schema.Offset) {
	t.Helper()
	consumer := w.client.NewConsumer()
	_, end, err := consumer.Bounds(t.Context(), 0)
	for at := w.next; err == nil && at < end; {
		var f schema.Fetched
		if f, err = consumer.Fetch(t.Context(), 0, at); err != nil || len(f.Records) == 0 {
			break
		}
		for _, r := range f.Records {
			if r.Offset >= at {
				r.Value = bytes.Clone(r.Value)
				all, at = append(all, r), r.Offset+1
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return all, end
}

// take returns the records that have come since it was called before.
func (w *world) take(t *testing.T) []schema.Record {
	t.Helper()
	all, end := w.records(t)
	w.next = end
	return all
}

// importFile imports row i's file once, and returns what mlf import said.
func (w *world) importFile(t *testing.T, i int, r *row, path string) (answer, string) {
	t.Helper()
	words := strings.Fields(r.to)
	args := []string{"import", words[1], "--kafka", w.kafka, "--format", words[2], "--write", "--json"}
	if words[1] == "ratings" {
		args = append(args, "--site", name(i))
	} else {
		args = append(args, "--integration", name(i))
	}
	a := answer{first: schema.InstantOf(time.Now())}
	c := harness.Start(t, append(args, path)...)
	a.status = c.Wait(time.Minute)
	a.last = schema.InstantOf(time.Now())
	return a, c.Stdout() + c.Stderr()
}

// write puts a file where it can be imported from.
func write(t *testing.T, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// decode reads a record: one of the two is nil.
func decode(t *testing.T, value []byte) (*event.Batch, *event.Counters) {
	t.Helper()
	var b event.Batch
	var c event.Counters
	switch event.KindOf(value) {
	case event.Votes:
		if err := b.Decode(value); err != nil {
			t.Fatal(err)
		}
		return &b, nil
	case event.Reading:
		if err := c.Decode(value); err != nil {
			t.Fatal(err)
		}
		return nil, &c
	case event.None:
	}
	t.Fatalf("a record that is no event: %x", value)
	return nil, nil
}

// counted folds the whole log and returns its account, and what was counted of each
// office, in words.
func (w *world) counted(t *testing.T) (schema.Tally, map[string]string) {
	t.Helper()
	w.next = 0
	all := w.take(t)
	sum := fold.New(0, w.id)
	for i := range all {
		if err := sum.Apply(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	var rows fold.Rows
	sum.Drain(&rows)
	cells := make(map[string][]string)
	for i := range rows.Rollups {
		r := &rows.Rollups[i]
		text := fmt.Sprintf("%s %v %s", service(r.Service), r.Class, hourOf(r.Hour))
		for v, n := range r.Values {
			if n > 0 {
				text += fmt.Sprintf(" %d:%d", v+1, n)
			}
		}
		for _, reason := range r.Reasons {
			text += fmt.Sprintf(" %v:%d", reason.Key.Reason(), reason.N)
		}
		cells[string(r.Office)] = append(cells[string(r.Office)], text)
	}
	words := make(map[string]string, len(cells))
	for office, all := range cells {
		slices.Sort(all)
		words[office] = strings.Join(all, "; ")
	}
	return sum.Total(), words
}
