package overload_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"mlf/bench/load"
	"mlf/bench/measure"
	"mlf/proof/harness"
	"mlf/schema"
)

// A front is an ingest process of its own before the embedded engines of mlf up.
type front struct {
	*harness.Command
	up             *harness.Up
	ingest, admin  string
	fleet          *fleet
	idle, observed int64 // Resident memory in bytes: after the start, and the most seen by watch.
}

func newFront(t *testing.T, terminals int) *front {
	t.Helper()
	f := &front{up: harness.NewUp(t), ingest: harness.FreeAddr(t), admin: harness.FreeAddr(t)}
	f.up.Begin(t)
	f.Command = harness.Start(t, "ingest", "--kafka", f.up.Kafka, "--listen", f.ingest, "--admin", f.admin)
	harness.WaitReady(t, f.Command, f.admin)
	f.fleet = newFleet(t, terminals, f.up.Kafka, f.ingest)
	castClosed(t.Context(), f.fleet.casters(16), time.Second) // So that what is used once is there.
	f.idle = memoryOf(t, f.Pid()).Now
	return f
}

// watch looks at the memory of f until the function that it returns is called.
func (f *front) watch(t *testing.T) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			held, err := measure.MemoryOf(f.Pid())
			if err != nil {
				t.Error(err)
				return
			}
			f.observed = max(f.observed, held.Now)
			harness.LetPass(50 * time.Millisecond)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// unharmed fails if f has met a defect or has ended.
func (f *front) unharmed(t *testing.T) {
	t.Helper()
	if !f.Running() {
		t.Fatal("mlf ingest has ended")
	}
	_, metrics, err := harness.Get(t, "http://"+f.admin+"/metrics")
	if err != nil || !strings.Contains(metrics, "mlf_ingest_panics_total 0\n") {
		t.Errorf("a request has met a defect: %v", err)
	}
	if strings.Contains(f.Stderr(), "met a defect") {
		t.Error("a request has met a defect")
	}
}

// slowMemoryMax is what slow connections may cost beyond an idle process.
const slowMemoryMax = 300 * mebibyte

// What a terminal may notice of slow connections: three times its usual 99th
// percentile, and what 10,000 of them that come and go take of a machine.
const (
	harmFactor = 3
	harmMax    = 20 * time.Millisecond
)

// TestOverloadSlowConnections keeps 10,000 connections that send next to nothing:
// heads that do not end, and bodies of up to 256 KiB that do not come, with and
// without tokens. Terminals beside them must notice nothing.
func TestOverloadSlowConnections(t *testing.T) {
	needsOverload(t)
	const slow = 10_000
	raiseDescriptors(t, slow+1000) // For ingest.
	f := newFront(t, 50)
	honest := f.fleet.casters(16)
	honestly := func(what string) time.Duration {
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		missed := castPaced(ctx, honest, 100)
		by, _ := answersOf(honest)
		reportAnswers(t, what, by)
		t.Logf("%s: %d votes were due while no connection was free; load %s", what, missed, loadAverage(t))
		wantOnly(t, by, acked)
		return quantile(by[acked], 0.99)
	}
	before := honestly("honest, before")

	end := f.watch(t)
	dawdlers := newFleet(t, 997, f.up.Kafka, f.ingest).generate(t, slow, 0)
	harness.Eventually(t, time.Minute, func() error {
		if n := f.gauge(t, "mlf_ingest_connections"); n < slow*9/10 {
			return fmt.Errorf("%.0f connections open", n)
		}
		return nil
	})
	used := processorTime(t, f.Pid())
	during := honestly("honest, meanwhile")
	t.Logf("mlf ingest took %v of processor time meanwhile", processorTime(t, f.Pid())-used)
	for _, name := range []string{
		"mlf_ingest_connections", "mlf_ingest_inflight_bytes",
		"go_memstats_heap_inuse_bytes", "go_memstats_stack_inuse_bytes", "go_memstats_next_gc_bytes",
	} {
		t.Logf("%s %.0f", name, f.gauge(t, name))
	}
	t.Logf("slow connections were told %v", dawdlers.stop().Told)
	end()
	t.Logf("%d MiB resident idle, %d with %d slow connections", f.idle/mebibyte, f.observed/mebibyte, slow)
	if f.observed-f.idle > slowMemoryMax {
		t.Errorf("%d MiB more than idle: want at most %d", (f.observed-f.idle)/mebibyte, slowMemoryMax/mebibyte)
	}
	after := honestly("honest, afterwards")
	if want := harmFactor*max(before, after) + harmMax; during > want {
		t.Errorf("honest requests: p99 %v, want at most %v: it was %v before and %v afterwards", during, want, before, after)
	}
	f.unharmed(t)
	wantAllCounted(t, f.fleet, f.up.Query, 0, honest)
}

// gauge returns a metric of ingest that has no labels.
func (f *front) gauge(t *testing.T, name string) (n float64) {
	t.Helper()
	_, metrics, err := harness.Get(t, "http://"+f.admin+"/metrics")
	_, value, found := strings.Cut(metrics, "\n"+name+" ")
	if err != nil || !found {
		t.Fatalf("no %s in the metrics: %v", name, err)
	}
	if _, err := fmt.Sscan(value, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// raiseDescriptors lets this process, and those it starts, open n files.
func raiseDescriptors(t *testing.T, n int) {
	t.Helper()
	if err := load.RaiseDescriptors(n); err != nil {
		t.Skip(err)
	}
}

// A dawdler is one slow connection of four kinds.
type dawdler struct {
	n      int
	token  string
	ingest string
	told   *sync.Map // First lines of answers, and how often.
}

// dawdle opens a connection, begins a request and sends a byte now and then until
// it is cut off.
func (d *dawdler) dawdle(ctx context.Context) {
	source := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+d.n%16))}
	conn, err := (&net.Dialer{Timeout: 10 * time.Second, LocalAddr: source}).DialContext(ctx, "tcp", d.ingest)
	if err != nil {
		d.note("no connection")
		harness.LetPass(time.Second)
		return
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	head := func(token string, announced int) string {
		return fmt.Sprintf("POST /v1/votes HTTP/1.1\r\nHost: mlf\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", token, announced)
	}
	var begin string
	switch d.n % 20 { // Most are of the kinds that are not told anything before they are cut off.
	case 0, 1:
		announced := 9<<10 + rand.IntN(247<<10)
		begin = head(d.token, announced) + strings.Repeat(" ", min(announced-100, 20<<10))
	case 2:
		begin = head(schema.NewToken(), 256<<10) + strings.Repeat(" ", 9<<10)
	case 3, 4, 5, 6, 7, 8, 9, 10:
		begin = head(d.token, 200<<10) + strings.Repeat(" ", 4<<10)
	default:
		begin = "POST /v1/votes HTTP/1.1\r\nHost: mlf\r\nX-Padding: " + strings.Repeat("x", 3<<10)
	}
	harness.LetPass(time.Duration(rand.IntN(1000)) * time.Millisecond)
	go func() { // The other side ends it.
		_, _ = conn.Write([]byte(begin))
		for ctx.Err() == nil {
			harness.LetPass(3 * time.Second)
			if _, err := conn.Write([]byte(" ")); err != nil {
				return
			}
		}
	}()
	line, err := bufio.NewReaderSize(conn, 256).ReadString('\n')
	if err == nil {
		d.note(strings.TrimSpace(line))
	}
	harness.LetPass(time.Second + time.Duration(rand.IntN(1000))*time.Millisecond)
}

func (d *dawdler) note(answer string) {
	n, _ := d.told.LoadOrStore(answer, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

// hostileMemoryMax is what hostile requests may cost beyond an idle process: some
// hundred requests of every kind at once.
const hostileMemoryMax = 128 * mebibyte

// TestOverloadHostileRequests sends what no terminal sends, from 32 connections at
// once, and looks at answers and memory.
func TestOverloadHostileRequests(t *testing.T) {
	needsOverload(t)
	f := newFront(t, 10)
	token := f.fleet.terminals[0].token
	post := func(body []byte, header string) []byte {
		return append(fmt.Appendf(nil, "POST /v1/votes HTTP/1.1\r\nHost: mlf\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n", len(body), header), body...)
	}
	mine := "Authorization: Bearer " + token + "\r\n"
	zipped := gzipOf(t, make([]byte, 200*mebibyte))
	frames := zstdOf(t, make([]byte, 1024*mebibyte))
	nested := gzipOf(t, gzipOf(t, make([]byte, 200*mebibyte)))
	many := bytes.Repeat(zstdOf(t, bytes.Repeat([]byte(" "), mebibyte/2)), 200)
	deep := []byte(`{"stream":"x","votes":` + strings.Repeat("[", 200_000))
	for _, attack := range []struct {
		name    string
		request []byte
		want    string
	}{
		{"gzip bomb", post(zipped[:min(len(zipped), 256<<10)], mine+"Content-Encoding: gzip\r\n"), "413"},
		{"zstd bomb", post(frames, mine+"Content-Encoding: zstd\r\n"), "413"},
		{"zstd of many frames", post(many, mine+"Content-Encoding: zstd\r\n"), "413"},
		{"gzip within gzip", post(nested, mine+"Content-Encoding: gzip\r\n"), "400"},
		{"gzip within gzip, announced", post(nested, mine+"Content-Encoding: gzip, gzip\r\n"), "415"},
		{"nested arrays", post(deep, mine), "400"},
		{"long header", []byte("GET /status HTTP/1.1\r\nHost: mlf\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"), "431"},
		{"many headers", []byte("GET /status HTTP/1.1\r\nHost: mlf\r\n" + strings.Repeat("X: y\r\n", 10_000) + "\r\n"), "431"},
		{"unknown tokens", post([]byte("{}"), "Authorization: Bearer "+schema.NewToken()+"\r\n"), "401"},
		{"pipelined", bytes.Repeat([]byte("GET /status HTTP/1.1\r\nHost: mlf\r\n\r\n"), 1000), "200"},
		{"pipelined unknown tokens", bytes.Repeat(post([]byte("{}"), ""), 500), "401"},
	} {
		t.Run(attack.name, func(t *testing.T) {
			f.observed = 0
			end := f.watch(t)
			told := f.storm(t, attack.request, 2*time.Second)
			end()
			t.Logf("answers %v; %d MiB resident, %d idle", told, f.observed/mebibyte, f.idle/mebibyte)
			if bytes.Contains(attack.request, []byte(mine)) {
				delete(told, "503") // So may be told who sends more long bodies at once than a terminal may.
			}
			if told[attack.want] == 0 || len(told) != 1 {
				t.Errorf("got answers %v, want %s only", told, attack.want)
			}
			if f.observed-f.idle > hostileMemoryMax {
				t.Errorf("%d MiB more than idle: want at most %d", (f.observed-f.idle)/mebibyte, hostileMemoryMax/mebibyte)
			}
			f.unharmed(t)
		})
	}
	honest := f.fleet.casters(16)
	castClosed(t.Context(), honest, time.Second)
	by, _ := answersOf(honest)
	wantOnly(t, by, acked)
	wantAllCounted(t, f.fleet, f.up.Query, 0, honest)
}

// storm sends a request again and again from 32 connections for d, and counts the
// answers' statuses. A connection that is closed is opened again.
func (f *front) storm(t *testing.T, request []byte, d time.Duration) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	told := make(map[string]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	each := max(1, bytes.Count(request, []byte(" HTTP/1.1\r\n")))
	for range 32 {
		wg.Go(func() {
			for ctx.Err() == nil {
				statuses := f.volley(context.WithoutCancel(ctx), request, each)
				mu.Lock()
				for _, status := range statuses {
					told[status]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return told
}

// volley sends a request of one or more, and returns the statuses of the answers.
func (f *front) volley(ctx context.Context, request []byte, n int) (statuses []string) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", f.ingest)
	if err != nil {
		return []string{"no connection"}
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return []string{"no deadline"}
	}
	go func() { _, _ = conn.Write(request) }() // It may be refused before it is all sent.
	in := bufio.NewReader(conn)
	for range n {
		r, err := readReply(in)
		if err != nil {
			return append(statuses, broken)
		}
		statuses = append(statuses, fmt.Sprint(r.status))
		if r.last {
			break
		}
	}
	return statuses
}

func gzipOf(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstdOf(t *testing.T, body []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	return w.EncodeAll(body, nil)
}
