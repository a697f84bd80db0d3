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
	"sync/atomic"
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

	head   []byte // What stands before plain for one reader: see With.
	plain  []byte // All of it, where it is short or packed by its own form;
	packed []byte // else all of it, in gzip: a tenth, for rows.
	bytes  int    // Unpacked.
	rows   int
	stored bool // It is packed by its own form.

	deflated *deflated // Of plain; nil where nobody is to have it packed.
}

// Limits of answers on their way. Memory: those under way may hold this much
// together, the long ones apart from the short, so that no number of slow
// readers of long ones keeps a page waiting. Time: whoever takes less than
// readerRate is cut.
const (
	plainMax   = 64 << 10  // Bytes of an answer that is kept as it is.
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
type Departures struct{ short, long *Budget }

// New returns room for answers.
func New() *Departures { return &Departures{newBudget(shortTotal), newBudget(longTotal)} }

// Budgets returns what short and long answers have for themselves.
func (d *Departures) Budgets() map[string]*Budget {
	return map[string]*Budget{"short": d.short, "long": d.long}
}

// A Budget is bytes that answers may hold together. Safe for concurrent use.
type Budget struct {
	room *semaphore.Weighted
	max  int64
	used atomic.Int64
}

func newBudget(most int64) *Budget { return &Budget{room: semaphore.NewWeighted(most), max: most} }

// Used returns how many bytes are held.
func (b *Budget) Used() int64 { return b.used.Load() }

// Max returns how many may be.
func (b *Budget) Max() int64 { return b.max }

// take takes n bytes, if they are there; give must then be called.
func (b *Budget) take(n int64) bool {
	ok := b.room.TryAcquire(n)
	if ok {
		b.used.Add(n)
	}
	return ok
}

func (b *Budget) give(n int64) {
	b.used.Add(-n)
	b.room.Release(n)
}

// of returns what b's memory is taken from.
func (d *Departures) of(b *Body) *Budget {
	if b.held() > shortMax {
		return d.long
	}
	return d.short
}

// Rows returns how many rows it has.
func (b *Body) Rows() int { return b.rows }

// Held returns the bytes that b takes in memory.
func (b *Body) Held() int64 { return b.held() }

func (b *Body) held() int64 { return int64(len(b.head) + len(b.plain) + len(b.packed)) }

// With returns b with head before its first byte, in place of another, and with header
// above it. It is false where b is long: then what stands before it is a part of it.
func (b *Body) With(head []byte, header http.Header) (*Body, bool) {
	if b.packed != nil || b.stored {
		return b, false
	}
	next := *b
	next.head, next.Header = head, header
	next.bytes += len(head) - len(b.head)
	return &next, true
}

// Weight returns what b takes in memory for as long as it is kept, head apart; false where
// b is long, or it cannot have another head.
func (b *Body) Weight() (int, bool) {
	const about = 3 << 10 // Headers, and who keeps it.
	if b.packed != nil || b.stored {
		return 0, false
	}
	return about + cap(b.plain) + cap(b.plain)/2, true // It may be deflated, too.
}

// A Writer makes a Body of what is written. Its zero value is ready.
type Writer struct {
	Head   []byte // What stands before it.
	Stored bool   // What is written is packed already.

	plain  []byte
	packed bytes.Buffer
	packer *gzip.Writer // Nil while all of it is in plain.
	bytes  int
}

// Write takes any number of bytes and never fails.
func (w *Writer) Write(p []byte) (int, error) {
	if w.holds(p) {
		w.plain = append(w.plain, p...)
	}
	return len(p), nil
}

// Take is Write of bytes that are w's from then on.
func (w *Writer) Take(p []byte) {
	switch {
	case !w.holds(p):
	case len(w.plain) == 0:
		w.plain = p
	default:
		w.plain = append(w.plain, p...)
	}
}

// holds tells whether p is still to be kept as it is; else it packs it.
func (w *Writer) holds(p []byte) bool {
	w.bytes += len(p)
	if w.packer == nil && (w.Stored || len(w.plain)+len(p) <= plainMax) {
		return true
	}
	if w.packer == nil {
		w.packer, _ = gzip.NewWriterLevel(&w.packed, gzip.BestSpeed) // Errs on unknown levels only.
		_, _ = w.packer.Write(w.Head)                                // To memory: never fails.
		_, _ = w.packer.Write(w.plain)
		w.plain = nil
	}
	_, _ = w.packer.Write(p)
	return false
}

// Body returns what was written, rows of something, with what stands above it.
func (w *Writer) Body(header http.Header, rows int) (*Body, error) {
	b := &Body{Header: header, bytes: len(w.Head) + w.bytes, rows: rows, stored: w.Stored}
	if w.packer == nil {
		b.head, b.plain, b.deflated = w.Head, w.plain, new(deflated)
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
	if !budget.take(b.held()) {
		return ErrFull
	}
	defer budget.give(b.held())
	h := w.Header()
	Describe(h, tag)
	maps.Copy(h, b.Header)
	takes := acceptsGzip(r.Header["Accept-Encoding"])
	if b.packed != nil && !takes {
		return b.unpack(w, r)
	}
	parts := b.parts(h, takes)
	if h.Get("Content-Encoding") != "" {
		h.Set("ETag", PackedTag(tag))
	}
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	h.Set("Content-Length", strconv.Itoa(length))
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	out := b.chunks(w)
	defer hold(r)(out.conn.Flush)
	for _, part := range parts {
		for chunk := range slices.Chunk(part, ChunkBytes) {
			if !out.write(chunk) {
				return nil
			}
		}
	}
	return nil
}

// packedMin is below what packing does not pay.
const packedMin = 1 << 10

// parts returns all of b as it is sent, and says in h how it is packed.
func (b *Body) parts(h http.Header, takesGzip bool) [][]byte {
	switch {
	case b.packed != nil:
		h.Set("Content-Encoding", "gzip")
		return [][]byte{b.packed}
	case b.stored || !takesGzip || b.deflated == nil || b.bytes < packedMin:
		h.Set(gzhttp.HeaderNoCompression, "as it is")
		return [][]byte{b.head, b.plain}
	default:
		h.Set("Content-Encoding", "gzip")
		return b.gzip()
	}
}

// unpack writes b, which is packed, to who cannot unpack it.
func (b *Body) unpack(w http.ResponseWriter, r *http.Request) error {
	source, err := gzip.NewReader(bytes.NewReader(b.packed))
	if err != nil {
		return fmt.Errorf("unpack answer: %w", err)
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	b.chunks(w).copyAll(source)
	return nil
}

// chunks write an answer. Each chunk has a deadline, and all together have as long as
// they would at readerRate, and one chunk's time: who reads slowly may take a while, who
// stopped reading may not.
type chunks struct {
	w    http.ResponseWriter
	conn *http.ResponseController
	last time.Time
	rest int // Bytes that may still be written before the next deadline.
}

func (b *Body) chunks(w http.ResponseWriter) *chunks {
	longest := time.Duration(b.bytes/readerRate)*time.Second + ChunkTimeout
	return &chunks{w: w, conn: http.NewResponseController(w), last: time.Now().Add(longest)}
}

// write writes a chunk, or a part of one; false when the reader has gone.
func (c *chunks) write(chunk []byte) bool {
	if c.rest < len(chunk) {
		deadline := time.Now().Add(ChunkTimeout)
		if c.last.Before(deadline) {
			deadline = c.last
		}
		_ = c.conn.SetWriteDeadline(deadline) // Not every ResponseWriter has deadlines; those of a server do.
		c.rest = ChunkBytes
	}
	c.rest -= len(chunk)
	_, err := c.w.Write(chunk)
	return err == nil
}

// copyAll writes all of source, or until the reader has gone.
func (c *chunks) copyAll(source io.Reader) {
	chunk := make([]byte, ChunkBytes)
	for {
		n, err := io.ReadFull(source, chunk)
		if n > 0 && !c.write(chunk[:n]) || err != nil {
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
