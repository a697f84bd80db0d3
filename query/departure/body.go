package departure

import (
	"bytes"
	"errors"
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

// A Body is an answer that is ready to be sent, to one reader or to many. It is
// whole before its first byte leaves, so that the store is done with it however
// slowly it is read; and it is packed where it is long, so that many may wait in
// memory. It never changes.
type Body struct {
	Header http.Header // What stands above it, apart from what every answer has.

	plain  []byte // All of it, where it is short or packed by its own form;
	packed []byte // else all of it, in gzip: a tenth, for rows.
	bytes  int    // Unpacked.
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

	readerRate = 100 << 10 // Bytes a second, on the whole: a bad telephone line.

	// ChunkBytes of an answer are written at a time.
	ChunkBytes = 32 << 10

	// ChunkTimeout is how long one chunk may take to leave.
	ChunkTimeout = 30 * time.Second
)

// ErrFull says that the answers on their way hold as much as they may.
var ErrFull = errors.New("too many answers on their way")

// Departures are the answers on their way. Safe for concurrent use.
type Departures struct{ short, long *semaphore.Weighted }

// New returns room for answers.
func New() *Departures {
	return &Departures{semaphore.NewWeighted(shortTotal), semaphore.NewWeighted(longTotal)}
}

// of returns what b's memory is taken from.
func (d *Departures) of(b *Body) *semaphore.Weighted {
	if b.held() > shortMax {
		return d.long
	}
	return d.short
}

// Rows returns how many rows it has.
func (b *Body) Rows() int { return b.rows }

func (b *Body) held() int64 { return int64(len(b.plain) + len(b.packed)) }

// A Writer makes a Body of what is written. Its zero value is ready.
type Writer struct {
	Stored bool // What is written is packed already.

	plain  bytes.Buffer
	packed bytes.Buffer
	packer *gzip.Writer // Nil while all of it is in plain.
	bytes  int
}

// Write takes any number of bytes and never fails.
func (w *Writer) Write(p []byte) (int, error) {
	w.bytes += len(p)
	if w.packer == nil && (w.Stored || w.plain.Len()+len(p) <= plainMax) {
		return w.plain.Write(p)
	}
	if w.packer == nil {
		w.packer, _ = gzip.NewWriterLevel(&w.packed, gzip.BestSpeed) // Errs on unknown levels only.
		_, _ = w.packer.Write(w.plain.Bytes())                       // To memory: never fails.
		w.plain = bytes.Buffer{}
	}
	return w.packer.Write(p)
}

// Body returns what was written, rows of something, with what stands above it.
func (w *Writer) Body(header http.Header, rows int) (*Body, error) {
	b := &Body{Header: header, plain: w.plain.Bytes(), bytes: w.bytes, rows: rows, stored: w.Stored}
	if w.packer == nil {
		return b, nil
	}
	if err := w.packer.Close(); err != nil {
		return nil, fmt.Errorf("pack answer: %w", err)
	}
	b.packed = slices.Clip(w.packed.Bytes())
	return b, nil
}

// Send writes b, whose name is tag, to the reader; ErrFull, and nothing is written,
// where there is no room for it. What goes wrong from then on is the reader's doing, and
// costs nobody but it.
func (d *Departures) Send(w http.ResponseWriter, r *http.Request, tag string, b *Body) error {
	budget := d.of(b)
	if !budget.TryAcquire(b.held()) {
		return ErrFull
	}
	defer budget.Release(b.held())
	Describe(w.Header(), tag)
	maps.Copy(w.Header(), b.Header)
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
	last := time.Now().Add(longest + ChunkTimeout)
	chunk := make([]byte, ChunkBytes)
	for {
		n, err := io.ReadFull(source, chunk)
		if n > 0 {
			deadline := time.Now().Add(ChunkTimeout)
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
