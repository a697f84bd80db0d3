package ingest_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"mlf/ingest"
	"mlf/schema"
	"mlf/schema/votepb"
)

// A settable clock tells the test when the server has looked at it.
type settable struct {
	ms     atomic.Int64
	looked chan struct{}
}

func newSettable() *settable {
	s := &settable{looked: make(chan struct{}, 64)}
	s.ms.Store(clock.UnixMilli())
	return s
}

func (s *settable) now() time.Time {
	at := time.UnixMilli(s.ms.Load())
	select {
	case s.looked <- struct{}{}:
	default:
	}
	return at
}

func (s *settable) advance(d time.Duration) { s.ms.Add(d.Milliseconds()) }

// inPieces says each piece after the one before has been read, with pause between
// them on the server's clock, and returns the answer.
func (w *wire) inPieces(c *settable, pause time.Duration, pieces ...string) answer {
	w.t.Helper()
	for i, piece := range pieces {
		for len(c.looked) > 0 {
			<-c.looked
		}
		if _, err := io.WriteString(w.Conn, piece); err != nil {
			w.t.Fatal(err)
		}
		if i == len(pieces)-1 {
			break
		}
		select {
		case <-c.looked:
		case <-time.After(10 * time.Second):
			w.t.Fatalf("piece %d: its arrival was not noted", i)
		}
		c.advance(pause)
	}
	return w.hear()
}

// headOf is the beginning of a request of tm, as it goes over the line.
func (tm *terminal) headOf(body string, more ...string) string {
	return strings.ReplaceAll(tm.head(len(body))+strings.Join(more, "")+"\n", "\n", "\r\n")
}

func TestTheTimeOnTheLineMovesNoVote(t *testing.T) {
	c := newSettable()
	d := open(t, ingest.Config{Now: c.now})
	tm := d.enrol(nil)
	age := string(tm.request(`{"seq":1,"age_ms":2000,"face":"green"}`))
	wall := string(tm.request(`{"seq":1,"at":"2026-11-22T08:59:58Z","face":"green"}`))
	message, err := proto.Marshal(&votepb.VotesRequest{Stream: tm.stream, Votes: []*votepb.VoteMessage{
		{Seq: proto.Int64(1), AgeMs: proto.Int64(2000), Face: proto.String("green")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	packed := string(zip([]byte(age)))
	protoHead := strings.Replace(tm.headOf(string(message)), "application/json", "application/x-protobuf", 1)
	f := func(name string, pieces ...string) {
		t.Helper()
		w := d.dial()
		began := schema.Instant(c.ms.Load())
		if got := w.inPieces(c, 3*time.Second, pieces...); got.status != 202 {
			t.Errorf("%s: got %d %s, want 202", name, got.status, got.body)
			return
		}
		header, votes, _ := d.batch()
		if votes[0].At != began-2000 {
			t.Errorf("%s: got the vote %d ms after its press, want 0", name, votes[0].At-(began-2000))
		}
		if ended := schema.Instant(c.ms.Load()); header.Ingested != ended {
			t.Errorf("%s: got ingested %d ms before the request had been read, want 0", name, ended-header.Ingested)
		}
	}
	head := tm.headOf(age)
	f("at once", head+age)
	f("a byte of the header", head[:1], head[1:]+age)
	f("half of the header", head[:40], head[40:]+age)
	f("the header alone", head, age)
	f("half of the body", head+age[:40], age[40:])
	f("three pieces", head[:30], head[30:]+age[:50], age[50:])
	f("at and sent_at", tm.headOf(wall)+wall[:70], wall[70:])
	f("protobuf", protoHead+string(message[:9]), string(message[9:]))
	f("gzip", tm.headOf(packed, "Content-Encoding: gzip\n")+packed[:20], packed[20:])
	long := age + strings.Repeat(" ", 100_000)
	f("a long body", tm.headOf(long)+long[:90_000], long[90_000:])
}

func TestEachRequestOfAConnectionHasItsOwnTime(t *testing.T) {
	c := newSettable()
	d := open(t, ingest.Config{Now: c.now})
	tm := d.enrol(nil)
	w := d.dial()
	body := string(tm.request(green))
	head := tm.headOf(body)
	want := func(name string, at schema.Instant) {
		t.Helper()
		if _, votes, _ := d.batch(); votes[0].At != at {
			t.Errorf("%s: got a time %d ms off, want 0", name, votes[0].At-at)
		}
	}
	for _, name := range []string{"first", "second"} {
		began := schema.Instant(c.ms.Load())
		w.inPieces(c, 4*time.Second, head+body[:20], body[20:])
		want(name, began)
		c.advance(time.Minute) // Idle.
	}
	began := schema.Instant(c.ms.Load())
	refused := strings.Replace(head, tm.token, "nobody", 1) + body
	wantProblem(t, w.inPieces(c, 0, refused), 401, "unknown-token")
	c.advance(time.Minute)
	w.inPieces(c, 4*time.Second, head[:10], head[10:]+body)
	want("after a refusal", began+60_000)
}

// Some clients say an empty line more after a body (RFC 9112 §2.2): the next request
// has not begun with it.
func TestEmptyLinesBetweenRequestsAreOfNeither(t *testing.T) {
	c := newSettable()
	d := open(t, ingest.Config{Now: c.now})
	tm := d.enrol(nil)
	w := d.dial()
	body := string(tm.request(green))
	for range 2 {
		began := schema.Instant(c.ms.Load())
		if got := w.inPieces(c, 0, tm.headOf(body)+body+"\r\n"); got.status != 202 {
			t.Fatalf("got %d %s, want 202", got.status, got.body)
		}
		if _, votes, _ := d.batch(); votes[0].At != began {
			t.Errorf("got a time %d ms off, want 0", votes[0].At-began)
		}
		c.advance(time.Hour)
	}
}

// Requests that wait behind another one came when they were read, not when
// their turn came.
func TestWaitingInAPipelineMovesNoVote(t *testing.T) {
	c := newSettable()
	d := open(t, ingest.Config{Now: c.now})
	tm := d.enrol(nil)
	log := holding()
	d.log.set(log)
	w := d.dial()
	body := string(tm.request(green))
	request := tm.head(len(body)) + "\n" + body
	w.say(request + request + request[:40])
	for range 2 {
		<-log.entered
		c.advance(5 * time.Second)
		log.hold <- struct{}{}
	}
	for range 2 {
		if got := w.hear(); got.status != 202 {
			t.Fatalf("got %d %s, want 202", got.status, got.body)
		}
	}
	w.say(request[40:])
	<-log.entered
	close(log.hold)
	w.hear()
	records, _ := d.log.take()
	if len(records) != 3 {
		t.Fatalf("got %d records, want 3", len(records))
	}
	for i, record := range records {
		var b schema.VoteBatch
		var v schema.Vote
		if err := b.Decode(record); err != nil || !b.Next(&v) {
			t.Fatalf("record %d: %v", i, err)
		}
		if v.At != arrival {
			t.Errorf("request %d of the pipeline: got a time %d ms off, want 0", i, v.At-arrival)
		}
	}
}

func TestTheTimeOnTheLineMovesNoVoteUnderTLS(t *testing.T) {
	certificate, roots := selfSigned(t)
	c := newSettable()
	d := open(t, ingest.Config{Now: c.now, TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}})
	tm := d.enrol(nil)
	nc, err := (&tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "mlf.test"}}).DialContext(t.Context(), "tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	w := &wire{t, nc, bufio.NewReader(nc)}
	body := string(tm.request(green))
	head := tm.headOf(body)
	for range 2 {
		c.advance(time.Minute) // A handshake, or idleness, is not of the request.
		began := schema.Instant(c.ms.Load())
		if got := w.inPieces(c, 3*time.Second, head, body); got.status != 202 {
			t.Fatalf("got %d %s, want 202", got.status, got.body)
		}
		if _, votes, _ := d.batch(); votes[0].At != began {
			t.Errorf("got a time %d ms off, want 0", votes[0].At-began)
		}
	}
}
