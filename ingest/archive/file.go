package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"mlf/schema"
)

// A Kind says what the records of a file are.
type Kind byte

// The kinds of files.
const (
	Votes    Kind = 1
	Registry Kind = 2
	Served   Kind = 3
	Alerts   Kind = 4
)

// A Head is what a file begins with.
type Head struct {
	Kind      Kind
	Log       schema.LogID
	Partition schema.Partition
	First     schema.Offset
	Before    schema.Chain // Of all records before First; zero for none.
}

// A Tail is what a file ends with.
type Tail struct {
	Records uint64
	Next    schema.Offset
	After   schema.Chain
}

// ErrDamaged says that a file is not what was written.
var ErrDamaged = errors.New("archive is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

const (
	magic     = "mlflog1\n"
	headBytes = len(magic) + 1 + 16 + 4 + 8 + 32
	tailBytes = 8 + 8 + 32

	// recordBytesMax is more than a record can be: what a reader of the log takes for
	// one compressed batch.
	recordBytesMax = 65 << 20

	// windowBytes is what compression looks back: memory of whoever writes or reads.
	windowBytes = 4 << 20
)

func (h *Head) append(dst []byte) []byte {
	be := binary.BigEndian
	dst = append(append(dst, magic...), byte(h.Kind))
	dst = append(dst, h.Log[:]...)
	dst = be.AppendUint32(dst, uint32(h.Partition))
	dst = be.AppendUint64(dst, uint64(h.First))
	return append(dst, h.Before[:]...)
}

func (t *Tail) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, t.Records)
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.Next))
	return append(dst, t.After[:]...)
}

// A Writer writes one file. Used by one goroutine.
type Writer struct {
	out     *zstd.Encoder
	content hash.Hash // Of what goes into out.
	linker  schema.Linker
	tail    Tail
	hash    schema.RecordHash // Of the last record.
	last    schema.Instant    // Its append time.
	raw     int64             // Bytes before compression.
	scratch []byte
}

// NewWriter begins a file on out.
func NewWriter(out io.Writer, h Head) (*Writer, error) {
	enc, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowBytes))
	if err != nil {
		return nil, fmt.Errorf("begin to compress: %w", err)
	}
	w := &Writer{out: enc, content: sha256.New(), tail: Tail{Next: h.First, After: h.Before}}
	return w, w.write(h.append(nil))
}

func (w *Writer) write(b []byte) error {
	w.content.Write(b)
	w.raw += int64(len(b))
	_, err := w.out.Write(b)
	return err
}

// Add writes rec, which comes after the last one. It keeps nothing of it.
func (w *Writer) Add(rec *schema.Record) error {
	if rec.Offset != w.tail.Next {
		panic(fmt.Sprintf("BUG: archive gets record %d where %d is due", rec.Offset, w.tail.Next))
	}
	w.scratch = appendRecord(w.scratch[:0], rec, w.last)
	if err := w.write(binary.AppendUvarint(nil, uint64(len(w.scratch)))); err != nil {
		return err
	}
	if err := w.write(w.scratch); err != nil {
		return err
	}
	w.hash = w.linker.Link(&w.tail.After, rec)
	w.last = rec.Appended
	w.tail.Next++
	w.tail.Records++
	return nil
}

// appendRecord appends what comes after the length of rec.
func appendRecord(dst []byte, rec *schema.Record, last schema.Instant) []byte {
	dst = binary.AppendVarint(dst, int64(rec.Appended-last))
	if rec.Key == nil {
		dst = append(dst, 0)
	} else {
		dst = append(binary.AppendUvarint(dst, uint64(len(rec.Key))+1), rec.Key...)
	}
	if rec.Value == nil {
		return append(dst, 0)
	}
	return append(append(dst, 1), rec.Value...)
}

// Tail returns what the file would end with now.
func (w *Writer) Tail() Tail { return w.tail }

// Hash returns the hash of the last record.
func (w *Writer) Hash() schema.RecordHash { return w.hash }

// Raw returns the bytes so far, before compression.
func (w *Writer) Raw() int64 { return w.raw }

// Close ends the file. It does not close what it was written to.
func (w *Writer) Close() error {
	if err := w.write(w.tail.append([]byte{0})); err != nil {
		return err
	}
	if _, err := w.out.Write(w.content.Sum(nil)); err != nil {
		return err
	}
	return w.out.Close()
}

// A Reader reads one file. Used by one goroutine.
type Reader struct {
	Head Head

	in      *zstd.Decoder
	buf     *bufio.Reader
	content hash.Hash
	linker  schema.Linker
	tail    Tail
	ended   bool
	rec     schema.Record
	last    schema.Instant
	body    []byte
}

// NewReader begins to read a file. Close gives its memory back.
func NewReader(in io.Reader) (*Reader, error) {
	dec, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(2*windowBytes))
	if err != nil {
		return nil, fmt.Errorf("begin to expand: %w", err)
	}
	r := &Reader{in: dec, buf: bufio.NewReaderSize(dec, 64<<10), content: sha256.New()}
	if err := r.readHead(); err != nil {
		dec.Close()
		return nil, err
	}
	return r, nil
}

// Close gives memory back.
func (r *Reader) Close() { r.in.Close() }

func (r *Reader) readHead() error {
	var b [headBytes]byte
	if _, err := io.ReadFull(r.buf, b[:]); err != nil {
		return damaged("no head: %w", err)
	}
	r.content.Write(b[:])
	rest, be := b[len(magic):], binary.BigEndian
	if string(b[:len(magic)]) != magic {
		return damaged("it begins with %q: of another format, or of a newer version", b[:len(magic)])
	}
	r.Head.Kind = Kind(rest[0])
	rest = rest[1+copy(r.Head.Log[:], rest[1:]):]
	r.Head.Partition, r.Head.First = schema.Partition(be.Uint32(rest)), schema.Offset(be.Uint64(rest[4:]))
	copy(r.Head.Before[:], rest[12:])
	if r.Head.Kind < Votes || r.Head.Kind > Alerts || r.Head.Partition < 0 || r.Head.First < 0 {
		return damaged("head of kind %d, partition %d, offset %d", r.Head.Kind, r.Head.Partition, r.Head.First)
	}
	r.tail = Tail{Next: r.Head.First, After: r.Head.Before}
	return nil
}

// Next returns the next record, which is valid until the next call; io.EOF when all
// were read and are what the file says of them. Any other error wraps ErrDamaged or
// is the disk's.
func (r *Reader) Next() (*schema.Record, error) {
	if r.ended {
		return nil, io.EOF
	}
	n, err := binary.ReadUvarint(r.buf)
	if err != nil {
		return nil, damaged("after record %d: %w", r.tail.Next-1, err)
	}
	r.content.Write(binary.AppendUvarint(nil, n))
	if n == 0 {
		return nil, r.readTail()
	}
	if n > recordBytesMax {
		return nil, damaged("record %d of %d bytes", r.tail.Next, n)
	}
	if uint64(cap(r.body)) < n {
		r.body = make([]byte, n)
	}
	r.body = r.body[:n]
	if _, err := io.ReadFull(r.buf, r.body); err != nil {
		return nil, damaged("record %d: %w", r.tail.Next, err)
	}
	r.content.Write(r.body)
	if !r.parse() {
		return nil, damaged("record %d is malformed", r.tail.Next)
	}
	r.linker.Link(&r.tail.After, &r.rec)
	r.tail.Next++
	r.tail.Records++
	return &r.rec, nil
}

// parse takes body apart.
func (r *Reader) parse() bool {
	after, n := binary.Varint(r.body)
	if n <= 0 {
		return false
	}
	b := r.body[n:]
	r.last += schema.Instant(after)
	key, n := binary.Uvarint(b)
	if n <= 0 || key > uint64(len(b)-n) {
		return false // What the value begins with must come after it, too.
	}
	b = b[n:]
	r.rec = schema.Record{Offset: r.tail.Next, Appended: r.last}
	if key > 0 {
		r.rec.Key, b = b[:key-1:key-1], b[key-1:]
	}
	switch {
	case len(b) == 0 || b[0] > 1 || b[0] == 0 && len(b) > 1:
		return false
	case b[0] == 1:
		r.rec.Value = b[1:]
	}
	return true
}

// readTail returns io.EOF when the file is whole.
func (r *Reader) readTail() error {
	var b [tailBytes + sha256.Size]byte
	if _, err := io.ReadFull(r.buf, b[:]); err != nil {
		return damaged("no end: %w", err)
	}
	r.content.Write(b[:tailBytes])
	if string(r.tail.append(nil)) != string(b[:tailBytes]) {
		return damaged("it does not end as its %d records do", r.tail.Records)
	}
	if string(r.content.Sum(nil)) != string(b[tailBytes:]) {
		return damaged("its contents do not match their checksum")
	}
	if _, err := r.buf.ReadByte(); !errors.Is(err, io.EOF) {
		return damaged("something comes after its end (%v)", err)
	}
	r.ended = true
	return io.EOF
}

// Tail returns what came so far.
func (r *Reader) Tail() Tail { return r.tail }
