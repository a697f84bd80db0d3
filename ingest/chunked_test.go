package ingest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/ingest"
)

// chunkedHead is the beginning of a votes request of tm whose body is in chunks.
func (tm *terminal) chunkedHead(more string) string {
	return "POST /v1/votes HTTP/1.1\nHost: mlf\nAuthorization: Bearer " + tm.token +
		"\nContent-Type: application/json\nTransfer-Encoding: chunked\n" + more + "\n"
}

// chunks cuts body into chunks of n bytes, without the last one.
func chunks(body []byte, n int) string {
	var b strings.Builder
	for ; len(body) > 0; body = body[min(n, len(body)):] {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", min(n, len(body)), body[:min(n, len(body))])
	}
	return b.String()
}

// sayRaw writes text as it is.
func (w *wire) sayRaw(text string) {
	w.t.Helper()
	if _, err := w.Write([]byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

// TestBodiesInChunksAreTaken, as streams of .NET, Node and Java send them, and the
// connection is kept.
func TestBodiesInChunksAreTaken(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	w := d.dial()
	body := tm.request(green)
	f := func(head, sent string) {
		t.Helper()
		w.say(head)
		w.sayRaw(sent)
		if got := w.hear(); got.status != 202 || got.last {
			t.Fatalf("%.200q: got %d %s, closed %v, want 202 and the connection kept", sent, got.status, got.body, got.last)
		}
		d.wantRecords(1)
	}
	end := "0\r\n\r\n"
	f(tm.chunkedHead(""), chunks(body, len(body))+end)
	f(tm.chunkedHead(""), chunks(body, 7)+end)
	f(tm.chunkedHead(""), chunks(body, 1)+end)
	f(tm.chunkedHead(""), chunks(body, 50)+"000\r\nX-Checksum: 5\r\nAuthorization: Bearer x\r\n\r\n")
	f(tm.chunkedHead("Trailer: X-Checksum\n"), chunks(body, 50)+"0;last\r\nX-Checksum: 5\r\n\r\n")
	f(tm.chunkedHead(""), fmt.Sprintf("%X;name=\"v;=\";x\r\n%s\r\n0\r\n\r\n", len(body), body))
	f(tm.chunkedHead(""), fmt.Sprintf("0%x \r\n%s\r\n0\r\n\r\n", len(body), body))
	f(tm.chunkedHead("Content-Encoding: gzip\n"), chunks(zip(body), 20)+end)
	f(strings.Replace(tm.chunkedHead(""), "chunked", "Chunked", 1), chunks(body, 20)+end)
	long := append(bytes.Clone(body), bytes.Repeat([]byte{' '}, 256<<10-len(body))...)
	f(tm.chunkedHead(""), chunks(long, 1000)+end)
	f(tm.chunkedHead(""), chunks(long, 100_000)+end)
	if got := d.gauge("mlf_ingest_inflight_bytes"); got != 0 {
		t.Errorf("got %v bytes in flight, want 0", got)
	}

	w.say(tm.chunkedHead("")) // A pipeline.
	w.sayRaw(chunks(body, 30) + end)
	w.say(tm.head(len(body)) + "\n" + string(body) + tm.chunkedHead(""))
	w.sayRaw(chunks(body, 30) + end)
	for range 3 {
		if got := w.hear(); got.status != 202 {
			t.Errorf("got %d %s, want 202 for each of a pipeline", got.status, got.body)
		}
	}
	d.wantRecords(3)
}

func TestAStreamIsAskedForInChunks(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	w := d.dial()
	for _, body := range []string{"", "2\r\n{}\r\n"} {
		w.say(strings.Replace(tm.chunkedHead(""), "/v1/votes", "/v1/streams", 1))
		w.sayRaw(body + "0\r\n\r\n")
		if got := w.hear(); got.status != 201 {
			t.Errorf("%q: got %d %s, want 201", body, got.status, got.body)
		}
	}
}

func TestBodiesInChunksHaveTheSameLimits(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	f := func(sent string) {
		t.Helper()
		w := d.dial()
		w.say(tm.chunkedHead(""))
		w.sayRaw(sent)
		wantProblem(t, w.hear(), 413, "too-large")
		w.wantEnd()
	}
	long := bytes.Repeat([]byte{' '}, 256<<10+1)
	f(chunks(long, len(long)))
	f(chunks(long, 5000))
	f(fmt.Sprintf("%x\r\n%s", 1<<30, long))
	f(chunks(long[:60_000], 1)) // More framing than a body may have bytes.
	f("5;" + strings.Repeat("x", 256<<10))
	f("0\r\n" + strings.Repeat("X: y\r\n", 50_000))
	d.wantRecords(0)
}

func TestMalformedChunksEndTheConnection(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	body := string(tm.request(green))
	f := func(sent string) {
		t.Helper()
		w := d.dial()
		w.say(tm.chunkedHead(""))
		w.sayRaw(sent)
		got := w.hear()
		wantProblem(t, got, 400, "malformed-request")
		if !got.last {
			t.Errorf("%q: got no Connection: close", sent)
		}
		w.wantEnd()
	}
	n := fmt.Sprintf("%x", len(body))
	f(n + "\n" + body + "\r\n0\r\n\r\n")          // A bare LF.
	f(n + "\r\n" + body + "\n0\r\n\r\n")          //
	f(n + "\r\n" + body + "\r\n0\n\n")            //
	f(n + ";x\n" + body + "\r\n0\r\n\r\n")        //
	f(n + "\r\n" + body + "x\r\n0\r\n\r\n")       // Longer than announced.
	f("0x" + n + "\r\n" + body + "\r\n0\r\n\r\n") // As other languages write it.
	f("+" + n + "\r\n" + body + "\r\n0\r\n\r\n")
	f("-1\r\n" + body + "\r\n0\r\n\r\n")
	f(" " + n + "\r\n" + body + "\r\n0\r\n\r\n")
	f("\r\n" + n + "\r\n")
	f("ffffffffffffffffffffffff\r\n" + body)
	f(body)
	d.wantRecords(0)
}

// Two servers that see a body end at different places are how a request is
// smuggled past the one in front.
func TestAmbiguousLengthsAreRefused(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	body := string(tm.request(green))
	f := func(protocol, header, sent string) {
		t.Helper()
		w := d.dial()
		w.say("POST /v1/votes " + protocol + "\nHost: mlf\nAuthorization: Bearer " + tm.token + "\nContent-Type: application/json\n" + header + "\n")
		w.sayRaw(sent)
		got := w.hear()
		wantProblem(t, got, 400, "malformed-request")
		if !got.last {
			t.Errorf("%q: got no Connection: close", header)
		}
		w.wantEnd()
	}
	length := fmt.Sprintf("Content-Length: %d\n", len(body))
	inChunks := chunks([]byte(body), 100) + "0\r\n\r\n"
	f("HTTP/1.1", length+"Transfer-Encoding: chunked\n", inChunks)
	f("HTTP/1.1", "Transfer-Encoding: chunked\n"+length, inChunks)
	f("HTTP/1.1", "transfer-encoding: CHUNKED\ncontent-length: 0\n", inChunks)
	f("HTTP/1.1", length+"Transfer-Encoding: identity\n", body)
	f("HTTP/1.1", "Transfer-Encoding: identity\n", body)
	f("HTTP/1.1", length+"Transfer-Encoding:\n chunked\n", inChunks)
	f("HTTP/1.1", length+"Transfer-Encoding : chunked\n", inChunks)
	f("HTTP/1.1", "Transfer-Encoding: xchunked\n", inChunks)
	f("HTTP/1.1", "Transfer-Encoding: gzip, chunked\n", inChunks)
	f("HTTP/1.1", "Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n", inChunks)
	f("HTTP/1.1", length+length, body)
	f("HTTP/1.1", "Content-Length: +5\n", body)
	f("HTTP/1.0", "Transfer-Encoding: chunked\n", inChunks)
	d.wantRecords(0)

	w := d.dial() // Whatever the path and the method.
	w.say("GET /status HTTP/1.1\nHost: mlf\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\nGET /status HTTP/1.1\nHost: mlf\n\n")
	wantProblem(t, w.hear(), 400, "malformed-request")
	w.wantEnd()
}

func TestChunksWithoutEndAreEnded(t *testing.T) {
	d := open(t, ingest.Config{ReadMax: 100 * time.Millisecond})
	tm := d.enrol(nil)
	for _, sent := range []string{"", "5", "5\r\nab", "5\r\nabcde", "5;x", "0\r\n", "0\r\nX: y\r\n"} {
		w := d.dial()
		w.say(tm.chunkedHead(""))
		w.sayRaw(sent)
		wantProblem(t, w.hear(), 408, "request-timeout")
		w.wantEnd()
	}
	w := d.dial() // One that goes on is given no more time.
	w.say(tm.chunkedHead(""))
	stop := w.drip("1\r\n \r\n")
	wantProblem(t, w.hear(), 408, "request-timeout")
	stop()
}

// Bodies in chunks announce nothing; what has come of them counts.
func TestSlowChunksOfOneTerminalHarmNobodyElse(t *testing.T) {
	const sent = 200 << 10
	d := open(t, ingest.Config{})
	stolen, honest := d.enrol(nil), d.enrol(nil)
	slow := make([]*wire, 6)
	for i := range slow {
		slow[i] = d.dial()
		slow[i].say(stolen.chunkedHead(""))
		slow[i].sayRaw(chunks(bytes.Repeat([]byte{' '}, sent), 4096))
	}
	refused := 0
	eventually(t, "what is too much was refused", func() bool {
		refused = 0
		for _, w := range slow {
			if w.Buffered() > 0 || w.peeked() {
				refused++
			}
		}
		return refused == 2
	})
	if got := d.gauge("mlf_ingest_inflight_bytes"); got > 4*sent {
		t.Errorf("got %v bytes held, want at most %d", got, 4*sent)
	}
	if got := d.votes(stolen, green); got.status != 202 {
		t.Errorf("a short request of the same terminal: got %d %s, want 202", got.status, got.body)
	}
	w := d.dial()
	w.say(honest.chunkedHead(""))
	w.sayRaw(chunks(append(honest.request(green), bytes.Repeat([]byte{' '}, sent)...), 4096) + "0\r\n\r\n")
	if got := w.hear(); got.status != http.StatusAccepted {
		t.Errorf("another terminal: got %d %s, want 202", got.status, got.body)
	}
}

// peeked tells whether an answer has come, without waiting for it.
func (w *wire) peeked() bool {
	if err := w.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		w.t.Fatal(err)
	}
	_, err := w.Peek(1)
	return err == nil
}
