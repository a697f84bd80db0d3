package ingest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"mlf/ingest"
	"mlf/schema"
	"mlf/schema/votepb"
)

const green = `{"seq":1,"age_ms":0,"face":"green"}`

func TestVotesAreOnTheLogBeforeTheAnswer(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	got := d.votes(tm, `
		{"seq":41,"at":"2026-11-22T08:59:17Z","face":"green","service":"anagrafe"},
		{"seq":42,"age_ms":2300,"face":"red","service":"tributi","reason":"waiting_time"},
		{"seq":43,"age_ms":1900,"face":"blue"}`)

	want := `{"accepted":2,"rejected":[{"index":2,"seq":43,"code":"bad_face","detail":"want green, yellow or red"}],"warnings":[]}`
	if got.status != 202 || got.body != want {
		t.Errorf("got %d %s, want 202 %s", got.status, got.body, want)
	}
	if got.header.Get("Content-Type") != "application/json" || got.header.Get("X-Request-Id") == "" || got.header.Get("Date") == "" {
		t.Errorf("got header %v, want Content-Type, X-Request-ID and Date", got.header)
	}
	header, votes, partition := d.batch()
	wantHeader := schema.BatchHeader{
		Terminal: tm.Terminal, Stream: tm.Stream.ID, Slot: 700, Comune: 58091, Office: "eur",
		Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Ingested: arrival,
	}
	if header != wantHeader {
		t.Errorf("got %+v, want %+v", header, wantHeader)
	}
	wantVotes := []schema.Vote{
		{Seq: 41, At: arrival - 43_000, Wall: arrival - 43_120, Service: 1, Value: schema.Green},
		{Seq: 42, At: arrival - 2300, Service: 2, Value: schema.Red, Reason: schema.ReasonWaitingTime},
		{Seq: 43, At: arrival, Value: schema.Voided},
	}
	if !reflect.DeepEqual(votes, wantVotes) {
		t.Errorf("got %+v, want %+v", votes, wantVotes)
	}
	if want := schema.PartitionOf(700, partitions); partition != want {
		t.Errorf("got partition %d, want %d", partition, want)
	}
}

func TestSlotComesFromTheStream(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	foreign := tm.Stream
	foreign.Slot = 3
	tm.stream = key().Sign(foreign)
	if got := d.votes(tm, green); got.status != 202 {
		t.Fatalf("got %d %s, want 202", got.status, got.body)
	}
	if header, _, partition := d.batch(); header.Slot != 3 || partition != schema.PartitionOf(3, partitions) {
		t.Errorf("got slot %d in partition %d, want the stream's", header.Slot, partition)
	}
}

func TestTestTerminalsAndOtherScales(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(func(e *schema.Enrolment) {
		e.Test, e.Scale, e.Channel, e.Office = true, schema.ScaleStars5, schema.ChannelWeb, ""
	})
	got := d.votes(tm, `{"seq":1,"age_ms":5,"value":5,"face":"blue","reason":"unclear"},{"seq":2,"age_ms":5,"value":6},{"seq":3,"age_ms":1,"face":"green"}`)
	want := `{"accepted":1,"rejected":[` +
		`{"index":1,"seq":2,"code":"bad_value","detail":"want an integer of the terminal's scale"},` +
		`{"index":2,"seq":3,"code":"bad_value","detail":"want an integer of the terminal's scale"}],"warnings":[]}`
	if got.status != 202 || got.body != want {
		t.Errorf("got %d %s, want 202 %s", got.status, got.body, want)
	}
	header, votes, _ := d.batch()
	if !header.Test || header.Scale != schema.ScaleStars5 || votes[0].Value != 5 || votes[0].Reason != schema.ReasonUnclear {
		t.Errorf("got %+v %+v, want a test vote of five stars", header, votes)
	}
}

func TestNothingToNumberWritesNothing(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	f := func(votes, want string) {
		t.Helper()
		if got := d.votes(tm, votes); got.status != 202 || got.body != want {
			t.Errorf("%s: got %d %s, want 202 %s", votes, got.status, got.body, want)
		}
	}
	f(``, `{"accepted":0,"rejected":[],"warnings":[]}`)
	const detail = `want an object whose seq is an integer from 1 to 9007199254740991`
	f(`{"seq":0,"face":"green"},7`, `{"accepted":0,"rejected":[`+
		`{"index":0,"code":"bad_seq","detail":"`+detail+`"},{"index":1,"code":"bad_seq","detail":"`+detail+`"}],"warnings":[]}`)
	d.wantRecords(0)
}

func TestEncodings(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	json := tm.request(green)
	message, err := proto.Marshal(&votepb.VotesRequest{Stream: tm.stream, Votes: []*votepb.VoteMessage{
		{Seq: proto.Int64(1), AgeMs: proto.Int64(0), Face: proto.String("green")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	f := func(body []byte, header ...string) {
		t.Helper()
		got := d.post("/v1/votes", tm.token, body, header...)
		if got.status != 202 || !strings.HasPrefix(got.body, `{"accepted":1,`) {
			t.Errorf("%v: got %d %s, want 202", header, got.status, got.body)
			return
		}
		if _, votes, _ := d.batch(); !reflect.DeepEqual(votes, []schema.Vote{{Seq: 1, At: arrival, Service: 1, Value: schema.Green}}) {
			t.Errorf("%v: got %+v", header, votes)
		}
	}
	f(json)
	f(json, "Content-Type", "Application/JSON ; charset=utf-8")
	f(json, "Content-Encoding", "identity")
	f(zip(json), "Content-Encoding", "gzip")
	f(zip(json), "Content-Encoding", "GZIP")
	f(zip(json), "Content-Encoding", "x-gzip")
	f(zip(json), "Content-Encoding", "X-GZip")
	f(zst(json), "Content-Encoding", "ZSTD")
	f(json, "Content-Encoding", "Identity")
	mark := "\xef\xbb\xbf"
	f(append([]byte(mark), json...))
	f(append([]byte(mark+" \n"), json...))
	f(zip(append([]byte(mark), json...)), "Content-Encoding", "gzip")
	f(zst(append([]byte(mark), json...)), "Content-Encoding", "zstd")
	f(zst(json), "Content-Encoding", "zstd")
	f(message, "Content-Type", "application/x-protobuf")
	f(zst(message), "Content-Type", "application/x-protobuf", "Content-Encoding", "zstd")
}

func TestOtherUnicodeIsNamed(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	json := tm.request(green)
	wide := func(order binary.AppendByteOrder, mark bool) (text []byte) {
		if mark {
			text = order.AppendUint16(text, 0xfeff)
		}
		for _, c := range json {
			text = order.AppendUint16(text, uint16(c))
		}
		return text
	}
	f := func(body []byte) {
		t.Helper()
		for _, path := range []string{"/v1/votes", "/v1/streams"} {
			got := d.post(path, tm.token, body)
			wantProblem(t, got, 400, "malformed-body")
			if !strings.Contains(got.body, "want UTF-8") {
				t.Errorf("got %s, want UTF-8 named", got.body)
			}
		}
	}
	f(wide(binary.LittleEndian, true))
	f(wide(binary.BigEndian, true))
	f(wide(binary.LittleEndian, false))
	f(wide(binary.BigEndian, false))
	mark := []byte("\xef\xbb\xbf")
	for _, body := range [][]byte{mark, mark[:2], append(mark, append(mark, json...)...), append(json, mark...)} { // Exactly one, and before.
		wantProblem(t, d.post("/v1/votes", tm.token, body), 400, "malformed-body")
	}
	if got := d.post("/v1/streams", tm.token, append(mark, '{', '}')); got.status != 201 {
		t.Errorf("got %d %s, want 201", got.status, got.body)
	}
	d.wantRecords(0)
}

func zip(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zst(b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return w.EncodeAll(b, nil)
}

func TestChecksInTheProtocolsOrder(t *testing.T) {
	d := open(t, ingest.Config{BodyBytesMax: 100_000})
	tm := d.enrol(nil)
	revoked := d.enrol(func(e *schema.Enrolment) { e.Revoked = true })
	other := d.enrol(nil)
	long := bytes.Repeat([]byte{'x'}, 100_001)
	good := tm.request(green)

	f := func(a answer, status int, code string) {
		t.Helper()
		wantProblem(t, a, status, code)
	}
	f(d.post("/v1/vote", "", long, "Content-Type", "text/plain"), 404, "not-found")
	f(d.send(http.MethodPut, "/v1/votes", "", long, "Content-Type", "text/plain"), 405, "method-not-allowed")
	f(d.post("/v1/votes", "", long, "Content-Type", "text/plain"), 415, "unsupported-media-type")
	f(d.post("/v1/votes", "", long, "Content-Type", ""), 415, "unsupported-media-type")
	f(d.post("/v1/votes", "", long, "Content-Encoding", "br"), 415, "unsupported-media-type")
	f(d.post("/v1/votes", "", long, "Content-Encoding", "gzip, zstd"), 415, "unsupported-media-type")
	f(d.post("/v1/votes", "", long, "Content-Encoding", "gzip", "Content-Encoding", "zstd"), 415, "unsupported-media-type")
	f(d.post("/v1/votes", "", long), 413, "too-large")
	f(d.post("/v1/votes", "", []byte("{")), 401, "unknown-token")
	f(d.post("/v1/votes", schema.NewToken(), []byte("{")), 401, "unknown-token")
	f(d.post("/v1/votes", "", good, "Authorization", "Basic "+tm.token), 401, "unknown-token")
	f(d.post("/v1/votes", tm.token, good, "Authorization", "Bearer "+tm.token), 401, "unknown-token")
	f(d.post("/v1/votes", revoked.token, []byte("{")), 403, "revoked-terminal")
	f(d.post("/v1/votes", tm.token, []byte("{")), 400, "malformed-body")
	f(d.post("/v1/votes", tm.token, nil), 400, "malformed-body")
	f(d.post("/v1/votes", tm.token, good, "Content-Encoding", "gzip"), 400, "malformed-body")
	f(d.post("/v1/votes", tm.token, good, "Content-Encoding", "zstd"), 400, "malformed-body")
	f(d.post("/v1/votes", tm.token, zip(good)[:40], "Content-Encoding", "gzip"), 400, "malformed-body")
	second := append([]byte("\x1f\x8b\b\x10\x00\x00\x00\x00\x00\x03comment\x00"), zip(nil)[10:]...)
	for n := 1; n < len(second); n++ { // A second member that is cut, be it within its comment.
		f(d.post("/v1/votes", tm.token, append(zip(good), second[:n]...), "Content-Encoding", "gzip"), 400, "malformed-body")
	}
	f(d.post("/v1/votes", tm.token, []byte(`{"votes":[]}`)), 400, "malformed-body")
	f(d.post("/v1/votes", tm.token, []byte(`{"stream":5,"votes":[]}`)), 400, "malformed-body")
	f(d.post("/v1/votes", tm.token, []byte(`{"stream":"x"}`)), 400, "malformed-body")
	f(d.post("/v1/votes", tm.token, []byte(`{"stream":"x","votes":[]}`)), 403, "foreign-stream")
	f(d.post("/v1/votes", tm.token, other.request(green)), 403, "foreign-stream")
	d.wantRecords(0) // Nothing of a refused request is written.
	if got := d.votes(tm, green); got.status != 202 {
		t.Errorf("got %d %s, want 202", got.status, got.body)
	}
}

func TestMissingAndUnknownTokenHaveOneAnswer(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	f := func(a answer) (string, http.Header) {
		a.body = strings.ReplaceAll(a.body, a.header.Get("X-Request-Id"), "")
		a.header.Del("X-Request-Id")
		a.header.Del("Content-Length")
		a.header.Del("Date")
		return a.body, a.header
	}
	missing, missingHeader := f(d.post("/v1/votes", "", tm.request(green)))
	unknown, unknownHeader := f(d.post("/v1/votes", "nobody", tm.request(green)))
	if missing != unknown {
		t.Errorf("got %s and %s, want the same", missing, unknown)
	}
	if !reflect.DeepEqual(missingHeader, unknownHeader) || missingHeader.Get("Www-Authenticate") != "Bearer" {
		t.Errorf("got %v and %v, want the same, with WWW-Authenticate", missingHeader, unknownHeader)
	}
}

func TestRevocationAndNewTokenTakeEffectAtOnce(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	if got := d.votes(tm, green); got.status != 202 {
		t.Fatalf("got %d, want 202", got.status)
	}
	next := tm.Enrolment
	token := schema.NewToken()
	next.Token = schema.HashToken([]byte(token))
	d.apply(next.RegistryRecord())
	wantProblem(t, d.votes(tm, green), 401, "unknown-token")
	tm.token = token
	if got := d.votes(tm, green); got.status != 202 {
		t.Errorf("got %d, want 202: the stream outlives the token", got.status)
	}
	next.Revoked = true
	d.apply(next.RegistryRecord())
	wantProblem(t, d.votes(tm, green), 403, "revoked-terminal")
}

func TestMethodsAreTold(t *testing.T) {
	d := open(t, ingest.Config{})
	f := func(method, path, want string) {
		t.Helper()
		got := d.send(method, path, "", nil)
		if got.status != 405 || got.header.Get("Allow") != want {
			t.Errorf("%s %s: got %d Allow %q, want 405 %q", method, path, got.status, got.header.Get("Allow"), want)
		}
	}
	f(http.MethodGet, "/v1/votes", "POST")
	f(http.MethodDelete, "/v1/streams", "POST")
	f(http.MethodPost, "/status", "GET, HEAD")
}

func TestStatus(t *testing.T) {
	d := open(t, ingest.Config{})
	if got := d.send(http.MethodGet, "/status", "", nil); got.status != 200 || got.body != `{"status":"ok"}` {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := d.send(http.MethodHead, "/status", "", nil); got.status != 200 || got.body != "" {
		t.Errorf("got %d %q", got.status, got.body)
	}
}

func TestTooManyVotesAndTooLongAfterDecompression(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	votes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"seq":%d,"age_ms":5,"face":"green"}`, i+1)
		}
		return b.String()[1:]
	}
	if got := d.votes(tm, votes(1000)); got.status != 202 || !strings.HasPrefix(got.body, `{"accepted":1000,`) {
		t.Errorf("got %d %.100s, want 202", got.status, got.body)
	}
	wantProblem(t, d.votes(tm, votes(1001)), 413, "too-many-votes")

	padded := func(n int) []byte {
		body := tm.request(green)
		return append(body, bytes.Repeat([]byte{' '}, n-len(body))...)
	}
	f := func(n, status int) {
		t.Helper()
		for encoding, body := range map[string][]byte{"gzip": zip(padded(n)), "zstd": zst(padded(n))} {
			if got := d.post("/v1/votes", tm.token, body, "Content-Encoding", encoding); got.status != status {
				t.Errorf("%s of %d bytes: got %d %s, want %d", encoding, n, got.status, got.body, status)
			}
		}
	}
	f(1<<20, 202)
	f(1<<20+1, 413)
	f(1<<24, 413)
	// Many frames, each within the limit.
	frames := bytes.Repeat(zst(bytes.Repeat([]byte{' '}, 1<<19)), 50)
	wantProblem(t, d.post("/v1/votes", tm.token, frames, "Content-Encoding", "zstd"), 413, "too-large")
	if got := d.post("/v1/votes", tm.token, padded(256<<10)); got.status != 202 {
		t.Errorf("got %d %s, want 202 at exactly 256 KiB", got.status, got.body)
	}
	wantProblem(t, d.post("/v1/votes", tm.token, padded(256<<10+1)), 413, "too-large")
}

func TestNoAcknowledgementIs503(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	d.log.set(mood{err: errors.New("no leader")})
	got := d.votes(tm, green)
	wantProblem(t, got, 503, "no-acknowledgement")
	if got, want := got.header.Get("Retry-After"), "5"; got != want {
		t.Errorf("got Retry-After %s, want %s: 1 s and the jitter", got, want)
	}
	d.log.set(mood{})
	if got := d.votes(tm, green); got.status != 202 {
		t.Errorf("got %d, want 202 once the log is back", got.status)
	}
}

func TestSilentLogIs503InTime(t *testing.T) {
	d := open(t, ingest.Config{AppendMax: 20 * time.Millisecond})
	d.log.set(holding())
	wantProblem(t, d.votes(d.enrol(nil), green), 503, "no-acknowledgement")
}

func TestTooFullIs503AtOnce(t *testing.T) {
	// Room for two small requests, or a large one.
	d := open(t, ingest.Config{BodyBytesMax: 20_000, HeaderBytesMax: 1 << 10, InflightBytesMax: 37_500})
	tm := d.enrol(nil)
	log := holding()
	d.log.set(log)
	answers := make(chan answer, 2)
	for range 2 {
		go func() { answers <- d.votes(tm, green) }()
		<-log.entered
	}
	wantProblem(t, d.votes(tm, green), 503, "overloaded")
	close(log.hold)
	for range 2 {
		if got := <-answers; got.status != 202 {
			t.Errorf("got %d, want 202 for what was taken", got.status)
		}
	}
	if got := d.votes(tm, green); got.status != 202 {
		t.Errorf("got %d, want 202 when there is room again", got.status)
	}
}

func TestDefectEndsOneRequestOnly(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	w := d.dial()
	d.log.set(mood{panics: true})
	body := string(tm.request(green))
	w.say(tm.head(len(body)) + "\n" + body)
	got := w.hear()
	wantProblem(t, got, 500, "internal")
	w.wantEnd()
	d.log.set(mood{})
	if got := d.votes(tm, green); got.status != 202 {
		t.Errorf("got %d, want 202", got.status)
	}
	d.stop()
	if logged := d.logged.String(); !strings.Contains(logged, "request met a defect") || !strings.Contains(logged, "harness_test.go") {
		t.Errorf("got log %q, want the defect and its stack", logged)
	}
}
