package query

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/semaphore"
)

// A body is an answer that is ready to be sent, to one reader or to many. It is
// whole before its first byte leaves, so that the store is done with it however
// slowly it is read; and it is packed where it is long, so that many may wait in
// memory. It never changes.
type body struct {
	header http.Header // What stands above it, apart from what every answer has.
	plain  []byte      // All of it, where it is short or packed by its own form;
	packed []byte      // else all of it, in gzip: a tenth, for rows.
	bytes  int         // Unpacked.
	rows   int
	stored bool // It is packed by its own form.
}

// Limits of answers on their way. Memory: those under way may hold this much
// together, the long ones apart from the short, so that no number of slow
// readers of long ones keeps a page waiting. Time: whoever takes less than
// readerRate is cut.
const (
	plainMax   = 32 << 10  // Bytes of an answer that is kept as it is.
	shortMax   = 1 << 20   // Bytes in memory of a short answer.
	shortTotal = 64 << 20  // Bytes of all short answers on their way.
	longTotal  = 192 << 20 // Bytes of all others.

	chunkBytes   = 32 << 10
	chunkTimeout = 30 * time.Second // For one chunk to leave.
	readerRate   = 100 << 10        // Bytes a second, on the whole: a bad telephone line.
)

// departures are the answers on their way.
type departures struct{ short, long *semaphore.Weighted }

func newDepartures() departures {
	return departures{semaphore.NewWeighted(shortTotal), semaphore.NewWeighted(longTotal)}
}

// of returns what b's memory is taken from.
func (d departures) of(b *body) *semaphore.Weighted {
	if b.held() > shortMax {
		return d.long
	}
	return d.short
}

func (b *body) held() int64 { return int64(len(b.plain) + len(b.packed)) }

// A bodyWriter makes a body of what is written.
type bodyWriter struct {
	plain  bytes.Buffer
	packed bytes.Buffer
	packer *gzip.Writer // Nil while all of it is in plain.
	bytes  int
	stored bool // What is written is packed already.
}

// Write takes any number of bytes and never fails.
func (w *bodyWriter) Write(p []byte) (int, error) {
	w.bytes += len(p)
	if w.packer == nil && (w.stored || w.plain.Len()+len(p) <= plainMax) {
		return w.plain.Write(p)
	}
	if w.packer == nil {
		w.packer, _ = gzip.NewWriterLevel(&w.packed, gzip.BestSpeed) // Errs on unknown levels only.
		_, _ = w.packer.Write(w.plain.Bytes())                       // To memory: never fails.
		w.plain = bytes.Buffer{}
	}
	return w.packer.Write(p)
}

// body returns what was written.
func (w *bodyWriter) body(header http.Header, rows int) (*body, error) {
	b := &body{header: header, plain: w.plain.Bytes(), bytes: w.bytes, rows: rows, stored: w.stored}
	if w.packer == nil {
		return b, nil
	}
	if err := w.packer.Close(); err != nil {
		return nil, fmt.Errorf("pack answer: %w", err)
	}
	b.packed = slices.Clip(w.packed.Bytes())
	return b, nil
}

// send writes b, whose name is tag, to the reader. What goes wrong from then on is the reader's
// doing, and costs nobody but it.
func (s *Server) send(w http.ResponseWriter, r *http.Request, tag string, b *body) error {
	budget := s.departures.of(b)
	if !budget.TryAcquire(b.held()) {
		return errOverloaded
	}
	defer budget.Release(b.held())
	describe(w.Header(), tag)
	maps.Copy(w.Header(), b.header)
	s.metrics.rows.Add(float64(b.rows))
	source := io.Reader(bytes.NewReader(b.plain))
	switch {
	case b.stored:
		w.Header().Set(gzhttp.HeaderNoCompression, "packed already")
		w.Header().Set("Content-Length", strconv.Itoa(b.bytes))
	case b.packed == nil:
	case acceptsGzip(r.Header.Values("Accept-Encoding")):
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(b.packed)))
		source = bytes.NewReader(b.packed)
	default:
		unpacked, err := gzip.NewReader(bytes.NewReader(b.packed))
		if err != nil {
			return fmt.Errorf("unpack answer: %w", err)
		}
		source = unpacked
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	writeChunks(w, source, time.Duration(b.bytes/readerRate)*time.Second)
	return nil
}

// writeChunks writes all of source. Each chunk has a deadline, and all together
// have longest and as long as one chunk: who reads slowly may take a while, who
// stopped reading may not.
func writeChunks(w http.ResponseWriter, source io.Reader, longest time.Duration) {
	conn := http.NewResponseController(w)
	last := time.Now().Add(longest + chunkTimeout)
	chunk := make([]byte, chunkBytes)
	for {
		n, err := io.ReadFull(source, chunk)
		if n > 0 {
			deadline := time.Now().Add(chunkTimeout)
			if last.Before(deadline) {
				deadline = last
			}
			// Not every ResponseWriter has deadlines; those of a server do.
			_ = conn.SetWriteDeadline(deadline)
			if _, err := w.Write(chunk[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// acceptsGzip tells whether a client with these headers can unpack gzip.
func acceptsGzip(headers []string) bool {
	named, others := -1.0, 0.0
	for item := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(parameters, " ", "")), "q="); ok {
			if given, err := strconv.ParseFloat(text, 64); err == nil {
				q = given
			}
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			named = q
		case "*":
			others = q
		}
	}
	if named < 0 {
		named = others
	}
	return named > 0
}
