package country_test

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
	"mlf/schema/votepb"
)

// A service is a whole mlf in memory, written from the protocol's text and
// sharing no code with the simulation: what both agree on is what both read
// there. It has one partition and counts before it answers.
type service struct {
	*httptest.Server
	registry *registry.Registry

	// weather decides what becomes of request number n to /v1/votes.
	weather func(n int) weather
	// flaky makes every third read fail in some way.
	flaky bool
	// meddle may change what is counted: the defect that a test plants.
	meddle func(counted int, cell schema.Cell) (times int)
	// What is said to have been sent so long before is not believed, nor are two
	// clocks that differ by more.
	sentMax, apartMax time.Duration
	// literal reads words as they are written only.
	literal bool

	mu        sync.Mutex
	requests  int
	reads     int
	terminals map[string]*schema.Enrolment // By token.
	streams   map[string]*stream
	cells     map[schema.Cell][schema.ValueMax]uint64
	tally     schema.Tally
	late      sync.WaitGroup
}

type weather int

const (
	fair    weather = iota
	refuse          // 503, nothing written.
	lose            // Written, but the connection is cut.
	delay           // The connection is cut; written later.
	explode         // 500 after it was written.
)

type stream struct {
	terminal *schema.Enrolment
	content  map[schema.Seq]schema.Value
	highest  schema.Seq
	last     time.Time // Of the last counted vote that is neither late_clock nor test.
}

func newService(t *testing.T) *service {
	t.Helper()
	reg := schematest.Lists(t)
	s := &service{
		registry:  reg,
		weather:   func(int) weather { return fair },
		meddle:    func(int, schema.Cell) int { return 1 },
		sentMax:   24 * time.Hour,
		apartMax:  5 * time.Minute,
		terminals: make(map[string]*schema.Enrolment),
		streams:   make(map[string]*stream),
		cells:     make(map[schema.Cell][schema.ValueMax]uint64),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/streams", s.openStream)
	mux.HandleFunc("POST /v1/votes", s.votes)
	mux.HandleFunc("GET /v1/stats", s.stats)
	mux.HandleFunc("GET /v1/ledger", s.ledger)
	mux.HandleFunc("GET /v1/terminals/self/watermark", s.watermark)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() { s.late.Wait(); s.Close() })
	return s
}

func (s *service) enrol(_ context.Context, templates []schema.Enrolment) ([]schema.Enrolled, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var enrolled []schema.Enrolled
	for _, e := range templates {
		e.Terminal = schema.NewTerminalID()
		token := schema.NewToken()
		s.terminals[token] = &e
		enrolled = append(enrolled, schema.Enrolled{Terminal: e.Terminal, Token: token})
	}
	return enrolled, nil
}

func (s *service) terminal(w http.ResponseWriter, r *http.Request) *schema.Enrolment {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.terminals[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if e == nil {
		w.WriteHeader(http.StatusUnauthorized)
	}
	return e
}

func (s *service) openStream(w http.ResponseWriter, r *http.Request) {
	e := s.terminal(w, r)
	if e == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("stream-%d", len(s.streams))
	s.streams[name] = &stream{terminal: e, content: make(map[schema.Seq]schema.Value)}
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"stream":%q,"first_seq":1}`, name)
}

// A request is the body of POST /v1/votes. The names of its fields are those of
// the protocol, as encoding/json finds them.
type request struct {
	Stream string
	SentAt *string `json:"sent_at"`
	Votes  []struct {
		Seq, Value                json.RawMessage
		At, Face, Service, Reason *string
		Age                       json.RawMessage `json:"age_ms"`
	}
}

func readRequest(r *http.Request) (req request, err error) {
	body := io.Reader(r.Body)
	switch r.Header.Get("Content-Encoding") {
	case "gzip":
		if body, err = gzip.NewReader(body); err != nil {
			return req, err
		}
	case "zstd":
		z, err := zstd.NewReader(body)
		if err != nil {
			return req, err
		}
		defer z.Close()
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil || r.Header.Get("Content-Type") == "application/json" {
		return req, json.Unmarshal(text, &req)
	}
	var m votepb.VotesRequest
	if err := proto.Unmarshal(text, &m); err != nil {
		return req, err
	}
	text, err = json.Marshal(&m) // encoding/json, by the struct tags: the protocol's names.
	if err != nil {
		return req, err
	}
	return req, json.Unmarshal(text, &req)
}

func (s *service) votes(w http.ResponseWriter, r *http.Request) {
	e := s.terminal(w, r)
	if e == nil {
		return
	}
	req, err := readRequest(r)
	now := time.Now().Truncate(time.Millisecond)
	if err != nil || r.ContentLength < 0 || r.ContentLength > 256<<10 || len(req.Votes) > 1000 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[req.Stream]
	if st == nil || st.terminal != e {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.requests++
	switch s.weather(s.requests) {
	case refuse:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case lose:
		s.count(st, &req, now)
		panic(http.ErrAbortHandler)
	case delay:
		s.late.Go(func() {
			<-time.After(100 * time.Millisecond) // Longer than the terminal waits before it sends again.
			s.mu.Lock()
			defer s.mu.Unlock()
			s.count(st, &req, now)
		})
		panic(http.ErrAbortHandler)
	case explode:
		s.count(st, &req, now)
		w.WriteHeader(http.StatusInternalServerError)
		return
	default:
	}
	accepted, rejected, warnings := s.count(st, &req, now)
	w.WriteHeader(http.StatusAccepted)
	_, _ = fmt.Fprintf(w, `{"accepted":%d,"rejected":[%s],"warnings":[%s]}`, accepted, objects(rejected), objects(warnings))
}

func objects(n int) string { return strings.TrimSuffix(strings.Repeat("{},", n), ",") }

// count is ingest and the fold in one: protocol §3.
func (s *service) count(st *stream, req *request, now time.Time) (accepted, rejected, warnings int) {
	s.tally.Records++
	for _, v := range req.Votes {
		value, bad := s.valueOf(st.terminal, v.Face, v.Value)
		cell := schema.Cell{Comune: st.terminal.Comune, Office: st.terminal.Office, Channel: st.terminal.Channel, Scale: st.terminal.Scale}
		cell.Service = st.terminal.DefaultService()
		at, late := s.timeOf(st.terminal, v.At, v.Age, req.SentAt, now)
		seq := numberOf(v.Seq)
		if bad {
			rejected++
		} else {
			accepted++
			if late {
				warnings++
			}
			if v.Service != nil {
				var ok bool
				if cell.Service, ok = st.terminal.Service([]byte(s.word(*v.Service))); !ok {
					warnings++
				}
			}
			if v.Reason != nil {
				reason, err := schema.ParseReason(s.word(*v.Reason))
				if err != nil || !reason.OfferedOn(st.terminal.Channel) {
					warnings++
				}
			}
		}
		s.fold(st, stamped{schema.Seq(seq.Num().Uint64()), value, cell, at, late})
	}
	return accepted, rejected, warnings
}

func (s *service) valueOf(e *schema.Enrolment, face *string, number json.RawMessage) (v schema.Value, bad bool) {
	if e.Scale == schema.ScaleMLF3 {
		if face == nil {
			return schema.Voided, true
		}
		v, err := schema.ParseFace(s.word(*face))
		return v, err != nil
	}
	n := numberOf(number)
	if n == nil || !n.IsInt() || n.Cmp(big.NewRat(1, 1)) < 0 || n.Cmp(big.NewRat(int64(e.Scale.Max()), 1)) > 0 {
		return schema.Voided, true
	}
	return schema.Value(n.Num().Int64()), false
}

// word returns a word as the protocol compares it.
func (s *service) word(text string) string {
	if s.literal {
		return text
	}
	return strings.ToLower(text)
}

// numberOf reads a number, bare or in a string; nil for none.
func numberOf(raw json.RawMessage) *big.Rat {
	n, ok := new(big.Rat).SetString(strings.Trim(string(raw), `"`))
	if !ok {
		return nil
	}
	return n
}

// zone is the end of a time with an offset: how many hours and minutes it is from UTC.
var zone = regexp.MustCompile(` ?([+-]\d\d):?(\d\d)?$`)

// instantOf reads a time as the protocol allows it to be written; nil for none.
func instantOf(text *string) *time.Time {
	if text == nil {
		return nil
	}
	t := strings.ToUpper(strings.TrimSpace(*text))
	t, _, _ = strings.Cut(t, "[")
	t = strings.Replace(t, " ", "T", 1)
	t = strings.Replace(t, ",", ".", 1)
	if m := zone.FindStringSubmatch(t); m != nil {
		t = strings.TrimSuffix(t, m[0]) + m[1] + ":" + cmp.Or(m[2], "00")
	}
	at, err := time.Parse(time.RFC3339, t)
	if err != nil {
		return nil
	}
	return &at
}

// timeOf is what protocol §3 says under "When".
func (s *service) timeOf(e *schema.Enrolment, at *string, ageMs json.RawMessage, sentAt *string, now time.Time) (t time.Time, late bool) {
	sent, pressed, age := instantOf(sentAt), instantOf(at), numberOf(ageMs)
	if age != nil && age.Sign() < 0 {
		age = nil
	}
	if sent != nil && !sent.Before(e.Since) && now.Sub(*sent) >= s.sentMax {
		return now, true
	}
	byWall := pressed != nil && sent != nil
	switch {
	case age != nil:
		ms, _ := age.Float64()
		t = now.Add(-time.Duration(ms) * time.Millisecond)
		if byWall && t.Sub(now.Add(pressed.Sub(*sent))).Abs() > s.apartMax {
			return now, true
		}
	case byWall:
		t = now.Add(pressed.Sub(*sent))
	default:
		return now, true
	}
	if t.After(now.Add(2*time.Minute)) || t.Before(e.Since) || now.Sub(t) > 400*24*time.Hour {
		return now, true
	}
	return t, false
}

// A stamped vote is as ingest puts it on the log.
type stamped struct {
	seq   schema.Seq
	value schema.Value
	cell  schema.Cell
	at    time.Time
	late  bool
}

func (s *service) fold(st *stream, v stamped) {
	seq, value, cell, at, late := v.seq, v.value, v.cell, v.at, v.late
	s.tally.VotesIn++
	if old, seen := st.content[seq]; seen {
		if old != value && seq+256 > st.highest {
			s.tally.Conflicts++
		} else {
			s.tally.Duplicates++
		}
		return
	}
	st.content[seq] = value
	st.highest = max(st.highest, seq)
	if value == schema.Voided {
		s.tally.Voided++
		return
	}
	s.tally.Counted++
	after := at.Sub(st.last)
	bursts := cell.Channel == schema.ChannelCounter || cell.Channel == schema.ChannelTotem
	switch {
	case st.terminal.Test:
		cell.Class = schema.ClassTest
	case late:
		cell.Class = schema.ClassLateClock
	case bursts && after >= 0 && after < 2*time.Second:
		cell.Class = schema.ClassBurst
	default:
		cell.Class = schema.ClassOK
	}
	if !late && !st.terminal.Test {
		st.last = at
	}
	cell.Hour = schema.HourOf(at)
	counts := s.cells[cell]
	counts[value-1] += uint64(s.meddle(int(s.tally.Counted), cell))
	s.cells[cell] = counts
}

func (s *service) stats(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	from, err := time.Parse(time.RFC3339, q.Get("from"))
	to, err2 := time.Parse(time.RFC3339, q.Get("to"))
	scale, err3 := schema.ParseScale(q.Get("scale"))
	if err != nil || err2 != nil || err3 != nil || q.Get("class") != "all" || q.Get("format") != "csv" ||
		q.Get("group") != "comune,office,service,channel,class,hour" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if to.Sub(from) > 7*time.Hour { // As if a day had too many rows.
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	names := "red,yellow,green"
	if scale != schema.ScaleMLF3 {
		names = "v1,v2,v3,v4,v5"
	}
	_, _ = fmt.Fprintf(w, "comune,office,service,channel,class,hour,n,%s\r\n", names)
	for cell, counts := range s.cells {
		if cell.Scale != scale || cell.Hour < schema.HourOf(from) || cell.Hour >= schema.HourOf(to) {
			continue
		}
		service, _ := s.registry.Service(cell.Service)
		_, _ = fmt.Fprintf(w, "%v,%s,%s,%v,%v,%v,0", cell.Comune, cell.Office, service.Code, cell.Channel, cell.Class, cell.Hour)
		for _, n := range counts[:strings.Count(names, ",")+1] {
			_, _ = fmt.Fprintf(w, ",%d", n)
		}
		_, _ = fmt.Fprint(w, "\r\n")
	}
	if s.reads++; s.flaky && s.reads%3 == 0 {
		w.(http.Flusher).Flush() // Half an answer is none.
		panic(http.ErrAbortHandler)
	}
}

func (s *service) ledger(w http.ResponseWriter, _ *http.Request) {
	s.late.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	next := schema.Offset(s.tally.Records)
	end := &next
	if s.reads++; s.flaky && s.reads%2 == 0 {
		end = nil // The log cannot be reached.
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"totals": s.tally,
		"partitions": []any{struct {
			Partition int            `json:"partition"`
			State     string         `json:"state"`
			Next      schema.Offset  `json:"next_offset"`
			LogEnd    *schema.Offset `json:"log_end"`
			schema.Tally
		}{0, "ok", next, end, s.tally}},
	})
}

func (s *service) watermark(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[r.URL.Query().Get("stream")]
	missing := [][2]schema.Seq{}
	for seq := schema.Seq(1); seq <= st.highest; seq++ {
		if _, seen := st.content[seq]; !seen {
			missing = append(missing, [2]schema.Seq{seq, seq})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"stream": r.URL.Query().Get("stream"), "highest": st.highest, "missing": slices.Clip(missing), "as_of": time.Now(),
	})
}
