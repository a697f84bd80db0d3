package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"mlf/ingest/wire"
)

// requestBytes is what one request costs besides its body: buffers of its
// connection and the votes read from it.
const requestBytes = 16 << 10

// A budget is the number of bytes that requests may hold at once.
type budget struct {
	max  int64
	used atomic.Int64
}

// acquire takes n bytes, or none and returns false. It never waits: a terminal
// that is told to come back keeps its votes, one that waits here holds memory.
func (b *budget) acquire(n int64) bool {
	if b.used.Add(n) <= b.max {
		return true
	}
	b.used.Add(-n)
	return false
}

// has tells whether n bytes could be taken now.
func (b *budget) has(n int64) bool { return b.used.Load()+n <= b.max }

func (b *budget) release(n int64) { b.used.Add(-n) }

// growBytes is what is made ready for a body before any of it has come.
const growBytes = 4 << 10

// errNoRoom is the error of a body of which more has come than the budget has.
var errNoRoom = errors.New("no room for the body")

// readBody reads the n bytes of a body into dst[:0] and returns it. Memory grows,
// and the budget is used, as bytes arrive and not as they are announced: thousands
// of slow senders that announce 256 KiB each would otherwise hold it all. held is
// what was taken of the budget for a body that was awaited.
func (b *budget) readBody(from io.Reader, n int, dst []byte) (body []byte, held int64, err error) {
	dst = dst[:0]
	for len(dst) < n {
		dst = grow(dst, n)
		got, err := from.Read(dst[len(dst):min(n, cap(dst))])
		dst = dst[:len(dst)+got]
		switch {
		case len(dst) == n:
			return dst, held, nil
		case err != nil:
			return dst, held, fmt.Errorf("read body at byte %d of %d: %w", len(dst), n, endedEarly(err))
		case !b.acquire(int64(got)):
			return dst, held, errNoRoom
		}
		held += int64(got)
	}
	return dst, held, nil
}

// readUnannounced is readBody for a body that ends where from does. note is told how
// long the body is so far, and returns false where that is too much for its sender.
// More than n bytes are errTooLong.
func (b *budget) readUnannounced(from io.Reader, n int, dst []byte, note func(sofar int) bool) (body []byte, held int64, err error) {
	dst = dst[:0]
	for {
		dst = grow(dst, n+1)
		got, err := from.Read(dst[len(dst):min(n+1, cap(dst))])
		dst = dst[:len(dst)+got]
		switch {
		case errors.Is(err, io.EOF):
			return dst, held, nil
		case len(dst) > n:
			return dst, held, errTooLong
		case err != nil:
			return dst, held, fmt.Errorf("read body at byte %d: %w", len(dst), err)
		case !note(len(dst)) || !b.acquire(int64(got)):
			return dst, held, errNoRoom
		}
		held += int64(got)
	}
}

// grow returns dst with room for a byte more, and for no more than n in all.
func grow(dst []byte, n int) []byte {
	if len(dst) < cap(dst) {
		return dst
	}
	grown := make([]byte, len(dst), min(n, max(growBytes, 2*cap(dst))))
	copy(grown, dst)
	return grown
}

// A coding is a Content-Encoding.
type coding uint8

const (
	identity coding = iota
	gzipped
	zstandard
)

// Fates of a body.
var (
	errTooLong      = errors.New("body is too long")
	errUncompressed = errors.New("body does not decompress")
)

// windowBytesMax is the largest zstd window accepted, 8 MiB: what RFC 8878
// §3.1.1.1.2 asks every decoder to support. Nothing of that size is held,
// because the output itself serves as the window.
const windowBytesMax = 8 << 20

// An inflater decompresses bodies into memory of its own.
type inflater struct {
	source bytes.Reader
	gzip   gzip.Reader
	zstd   *zstd.Decoder
	out    []byte // Its capacity is the limit and one byte more, to tell a body that ends there.
}

// inflaters lends as many inflaters as there are processors: decompression
// does not wait for anything, so more would only hold more memory.
type inflaters chan *inflater

func newInflaters(decodedBytesMax int) (inflaters, error) {
	lend := make(inflaters, runtime.GOMAXPROCS(0))
	for range cap(lend) {
		decoder, err := zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(windowBytesMax),
			zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, fmt.Errorf("make zstd decoder: %w", err)
		}
		lend <- &inflater{zstd: decoder, out: make([]byte, 0, decodedBytesMax+1)}
	}
	return lend, nil
}

// with decompresses body to at most most bytes and calls use with the result, which is
// valid until use returns. It returns errTooLong, an error that wraps errUncompressed, or
// use's.
func (lend inflaters) with(body []byte, c coding, most int, use func(decoded []byte) error) error {
	f := <-lend
	defer func() { lend <- f }()
	var decoded []byte
	var err error
	if c == gzipped {
		decoded, err = f.gunzip(body)
	} else {
		decoded, err = f.unzstd(body)
	}
	if err == nil && len(decoded) > most {
		err = errTooLong
	}
	if err != nil {
		return err
	}
	return use(decoded)
}

// gunzip reads member by member: left to itself, the decoder takes a next one that
// is cut within its header for the end.
func (f *inflater) gunzip(body []byte) ([]byte, error) {
	f.source.Reset(body)
	n := 0
	for more := true; more; more = f.source.Len() > 0 {
		if err := f.gzip.Reset(&f.source); err != nil {
			return nil, fmt.Errorf("%w: %w", errUncompressed, err)
		}
		f.gzip.Multistream(false)
		got, err := f.member(f.out[n:cap(f.out)])
		if err != nil {
			return nil, err
		}
		n += got
	}
	return f.out[:n], nil
}

// member reads what is left of a member into dst, which it must not fill. Not
// io.ReadFull: it reports a cut stream like a short one.
func (f *inflater) member(dst []byte) (n int, err error) {
	for {
		got, err := f.gzip.Read(dst[n:])
		n += got
		switch {
		case n == len(dst):
			return n, errTooLong
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, fmt.Errorf("%w: %w", errUncompressed, err)
		}
	}
}

// unzstd uses DecodeAll, for a stream would need the window besides the output.
func (f *inflater) unzstd(body []byte) ([]byte, error) {
	limit := cap(f.out) - 1
	out, err := f.zstd.DecodeAll(body, f.out[:0:limit])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return nil, errTooLong
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUncompressed, err)
	case len(out) > limit:
		return nil, errTooLong
	}
	return out, nil
}

// decoded calls use with the body of in, decompressed, which may have most bytes, and
// turns its error into an answer.
func (s *Server) decoded(in *intake, c coding, most int, use func(body []byte) error) *refusal {
	var err error
	switch {
	case c != identity:
		err = s.inflaters.with(in.body, c, most, use)
	case len(in.body) > most:
		err = errTooLong
	default:
		err = use(in.body)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errTooLong):
		return refuse(tooLarge, "want at most %d bytes after decompression", most)
	case errors.Is(err, wire.ErrTooMany):
		return refuse(tooManyVotes, "want at most %d votes", s.cfg.VotesMax)
	}
	return refuse(malformedBody, "%v", err)
}
