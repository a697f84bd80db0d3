package ingest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/ingest"
	"mlf/schema"
)

// A monologue is a connection that says something, in pieces, and then no more.
type monologue struct {
	net.Conn // nil: what is not below is not used.
	said     []byte
	piece    int // Bytes.
	heard    bytes.Buffer
	closed   chan struct{}
	once     sync.Once
}

func (m *monologue) Read(p []byte) (int, error) {
	if len(m.said) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), m.piece)], m.said)
	m.said = m.said[n:]
	return n, nil
}

func (m *monologue) Write(p []byte) (int, error) { return m.heard.Write(p) }

func (m *monologue) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *monologue) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (m *monologue) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (m *monologue) SetDeadline(time.Time) error      { return nil }
func (m *monologue) SetReadDeadline(time.Time) error  { return nil }
func (m *monologue) SetWriteDeadline(time.Time) error { return nil }

// FuzzConnection: whatever a peer says, and however the network cuts it, it gets
// the same well-formed answers, none of them 500, and the log gets a record for
// each 202 with votes and nothing else.
func FuzzConnection(f *testing.F) {
	d := &door{t: f, log: &logDouble{}, terminals: new(schema.Terminals)}
	server, err := ingest.New(d.log, d.terminals,
		ingest.Telemetry{Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)}, ingest.Config{})
	if err != nil {
		f.Fatal(err)
	}
	tm := d.enrol(nil)
	ln := &counter{conns: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.Context()))
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx, ln) }()
	f.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			f.Error(err)
		}
	})
	say := func(t *testing.T, said []byte, piece int) []string {
		m := &monologue{said: said, piece: piece, closed: make(chan struct{})}
		ln.conns <- m
		<-m.closed
		return d.answers(t, &m.heard)
	}

	body := `{"stream":"{stream}","votes":[{"seq":41,"age_ms":5,"face":"green"},{"seq":42,"face":"blue"}]}`
	post := func(path, header, body string) string {
		signed := strings.ReplaceAll(body, "{stream}", tm.stream)
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: mlf\r\nAuthorization: Bearer {token}\r\n%sContent-Length: %d\r\n\r\n%s", path, header, len(signed), body)
	}
	inChunks := func(header, body string) string {
		return "POST /v1/votes HTTP/1.1\r\nHost: mlf\r\nAuthorization: Bearer {token}\r\n" + header + "Transfer-Encoding: chunked\r\n\r\n" + body
	}
	const asJSON = "Content-Type: application/json\r\n"
	for _, said := range []string{
		post("/v1/votes", asJSON, body) + "GET /status HTTP/1.1\r\nHost: mlf\r\n\r\n" + post("/v1/votes", asJSON, body),
		post("/v1/votes", asJSON+"Expect: 100-continue\r\n", body),
		post("/v1/votes", asJSON+"Content-Encoding: gzip\r\n", "\x1f\x8b"),
		post("/v1/votes", "Content-Type: application/x-protobuf\r\nConnection: close\r\n", "\x0a\x01s"),
		post("/v1/streams", "", "") + post("/v1/votes?x=%zz", asJSON+"Transfer-Encoding: chunked\r\n", "5\r\nabcde\r\n0\r\n\r\n"),
		post("/v1/votes", asJSON+"X: "+strings.Repeat("x", 4<<10)+"\r\n", body) + post("/v1/votes", asJSON, body),
		post("/v1/votes", asJSON+"X: "+strings.Repeat("x", 16<<10)+"\r\n", body),
		inChunks(asJSON, "5;x=y\r\n     \r\n1\r\n{\r\n0\r\nX: y\r\n\r\n") + post("/v1/votes", asJSON, body) + inChunks("", "0\r\n\r\n"),
		inChunks(asJSON+"Content-Length: 5\r\n", "0\r\n\r\n"),
		post("/v1/votes", asJSON+"Expect: wine\r\n", body),
		"OPTIONS /v1/votes HTTP/1.1\r\nHost: mlf\r\nAccess-Control-Request-Method: POST\r\n\r\n\r\n\nGET /status HTTP/1.1\nHost: mlf\n\n\r\n\r\n",
		"POST /v1/votes HTTP/1.0\nAuthorization: bearer\nContent-Length: 99999999999999999999\n\n",
		"GET //status HTTP/1.1\r\nHost: a\r\nHost: b\r\n x: folded\r\n\r\nGET http://[::1/ HTTP/1.1\r\n\r\n",
	} {
		f.Add([]byte(said), uint16(1))
		f.Add([]byte(said), uint16(1000))
	}
	fill := strings.NewReplacer("{token}", tm.token, "{stream}", tm.stream)
	f.Fuzz(func(t *testing.T, said []byte, piece uint16) {
		if bytes.Contains(said, []byte("HEAD")) {
			return // Its answer cannot be told from one that is cut off.
		}
		said = []byte(fill.Replace(string(said)))
		whole := say(t, said, len(said)+1)
		if cut := say(t, said, int(piece)+1); !slices.Equal(cut, whole) {
			t.Errorf("%q: got %q, in pieces of %d %q", said, whole, int(piece)+1, cut)
		}
	})
}

// answers reads what the server said, and holds the log to it.
func (d *door) answers(t *testing.T, heard io.Reader) (answers []string) {
	t.Helper()
	in := bufio.NewReader(heard)
	least, most := 0, 0
	for {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			break
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("after %q: %v", answers, err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("%s: %v", res.Status, err)
		}
		_ = res.Body.Close() // It was read from memory.
		if res.StatusCode == http.StatusContinue {
			continue
		}
		answers = append(answers, res.Status)
		switch res.StatusCode {
		case http.StatusInternalServerError:
			t.Errorf("got %s %s", res.Status, body)
		case http.StatusAccepted:
			var got struct{ Accepted int }
			if err := json.Unmarshal(body, &got); err != nil {
				t.Errorf("%s: %v", body, err)
			}
			most++
			if got.Accepted > 0 {
				least++
			}
		}
	}
	if records, _ := d.log.take(); len(records) < least || len(records) > most {
		t.Errorf("got %d records, want %d to %d for answers %q", len(records), least, most, answers)
	}
	return answers
}
