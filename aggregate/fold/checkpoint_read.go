package fold

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"mlf/schema"
)

// Open returns the fold that Checkpoint made payload of, with nothing dirty. Its
// error wraps ErrCheckpoint. It checks everything, so that no payload can make it panic, take more
// than schema.CheckpointBytesMax several times over, or yield a state that no log has.
func Open(payload []byte) (*Fold, error) {
	head := len(checkpointMagic) + 1
	if len(payload) < head || string(payload[:head-1]) != checkpointMagic {
		return nil, fmt.Errorf("%w: it does not begin as one", ErrCheckpoint)
	}
	if v := payload[head-1]; v != checkpointVersion {
		return nil, fmt.Errorf("%w: version %d, this program knows %d", ErrCheckpoint, v, checkpointVersion)
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(schema.CheckpointBytesMax))
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	defer z.Close()
	state, err := z.DecodeAll(payload[head:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return readState(state)
}

// readState reads what appendState wrote, and only that: what it accepts,
// appendState writes again byte by byte.
func readState(state []byte) (*Fold, error) {
	r := stateReader{rest: state}
	f := r.head()
	r.cells(f)
	r.streams(f)
	if len(r.rest) > 0 {
		r.fail("%d bytes too many", len(r.rest))
	}
	if r.err != nil {
		return nil, r.err
	}
	return f, nil
}

// A stateReader reads a state from its front. After the first error it reads
// zeros, so that only the end has to look.
type stateReader struct {
	rest []byte
	err  error
}

func (r *stateReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %w", ErrCheckpoint, fmt.Errorf(format, args...))
	}
	r.rest = nil
}

// number reads a varint of at most limit, in its shortest form.
func (r *stateReader) number(what string, limit uint64) uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > limit || size > 1 && r.rest[size-1] == 0 {
		r.fail("%s: no number up to %d", what, limit)
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// length reads the length of a list whose items take at least size bytes each:
// what is allocated for a list is never more than the state pays for.
func (r *stateReader) length(what string, size int) int {
	return int(r.number(what, uint64(len(r.rest)/size)))
}

func (r *stateReader) bytes(what string, n int) []byte {
	if len(r.rest) < n {
		r.fail("%s: cut off", what)
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// anyNumber is the limit of counts: half of their range, so that the sum of two
// does not wrap.
const anyNumber = 1<<63 - 1

// offsetMax is the highest offset that has a segment: 2^32 segments of 2^16.
const offsetMax = 1<<48 - 1

func (r *stateReader) head() *Fold {
	partition := r.number("partition", schema.Slots-1)
	id := schema.Identity{
		Partitions: int(r.number("partitions", schema.Slots)),
		Rules:      schema.Rules(r.number("rules", 1<<32-1)),
	}
	next := schema.Offset(r.number("next offset", offsetMax))
	copy(id.Log[:], r.bytes("log id", len(id.Log)))
	f := New(schema.Partition(partition), id)
	f.next = next
	copy(f.chain[:], r.bytes("chain", len(f.chain)))
	if r.err == nil && (next < 1 || int(partition) >= id.Partitions || !known(id.Rules)) {
		r.fail("partition %d of %d, rules %d, at %d: out of range", partition, id.Partitions, id.Rules, next)
		return f
	}
	for o := f.Tail(); o < next; o++ {
		copy(f.tail[o%tailRecords][:], r.bytes("record hash", len(recordHash{})))
	}
	t := &f.tally
	for _, n := range []*uint64{&t.Records, &t.VotesIn, &t.Counted, &t.Duplicates, &t.Conflicts, &t.Quarantined, &t.Voided} {
		*n = r.number("account", anyNumber)
	}
	f.newest = schema.Instant(r.number("newest", uint64(schema.InstantMax)))
	if due := uint64(next - next.Segment().First()); r.err == nil && (t.Records != due || !t.Balanced()) {
		r.fail("account %+v at %d: not balanced, or not of %d records", *t, next, due)
	}
	return f
}

// cellBytes is the least an encoded cell takes: every field of it one byte.
const cellBytes = 7 + int(schema.ValueMax) + 1

func (r *stateReader) cells(f *Fold) {
	var counted uint64
	var last *cell
	for range r.length("cells", cellBytes) {
		c, in := r.cell(f.next.Segment())
		if r.err != nil {
			return
		}
		if last != nil && compareCells(&last.Cell, &c.Cell) >= 0 {
			r.fail("cell %+v is out of order", c.Cell)
			return
		}
		last = c
		counted += in
		f.place(placeKey{c.Comune, c.Office, c.Channel, c.Scale})[restOf(c.Hour, c.Service, c.Class)] = c
	}
	if r.err == nil && counted != f.tally.Counted {
		r.fail("cells hold %d votes: the account says %d", counted, f.tally.Counted)
	}
}

// cell reads a cell, and returns the number of votes in it, too.
func (r *stateReader) cell(s schema.Segment) (*cell, uint64) {
	c := &cell{segment: s}
	c.Comune = schema.ComuneID(r.number("comune", 1<<32-1))
	office := r.bytes("office", r.length("office", 1))
	c.Office = schema.OfficeCode(office)
	c.Service = schema.ServiceID(r.number("service", 1<<16-1))
	c.Channel = schema.Channel(r.number("channel", 1<<8-1))
	c.Scale = schema.Scale(r.number("scale", 1<<8-1))
	c.Class = schema.Class(r.number("class", 1<<8-1))
	c.Hour = schema.Hour(r.number("hour", 1<<32-1))
	var in uint64
	for i := range c.values {
		limit := uint64(anyNumber)
		if i >= int(c.Scale.Max()) {
			limit = 0
		}
		c.values[i] = r.number("count", limit)
		in += c.values[i]
	}
	var given [schema.ValueMax + 1]uint64
	for range r.length("reasons", 2) {
		rc := reasonCount{key: schema.ReasonKey(r.number("reason", 1<<8-1)), n: r.number("count", anyNumber)}
		v, reason := rc.key.Value(), rc.key.Reason()
		if v < 1 || v > c.Scale.Max() || reason < 1 || reason > schema.ReasonMax || rc.n == 0 ||
			len(c.reasons) > 0 && c.reasons[len(c.reasons)-1].key >= rc.key {
			r.fail("reason %d of value %d, %d times: out of range or order", reason, v, rc.n)
			return c, 0
		}
		if given[v] += rc.n; given[v] > c.values[v-1] {
			r.fail("more reasons than votes of value %d", v)
			return c, 0
		}
		c.reasons = append(c.reasons, rc)
	}
	if in == 0 {
		r.fail("cell without votes")
	}
	return c, in
}

// streamBytes is the least an encoded stream takes: its names, that no vote paced
// it, one span, one content.
const streamBytes = 8 + 8 + 1 + 1 + 2 + 1

func (r *stateReader) streams(f *Fold) {
	n := r.length("streams", streamBytes)
	f.streams = make(map[streamKey]*stream, n)
	var last streamKey
	for i := range n {
		s := r.stream()
		if r.err != nil {
			return
		}
		if i > 0 && last.compare(s.key) >= 0 {
			r.fail("stream %v is out of order", s.key)
			return
		}
		last = s.key
		f.streams[s.key] = s
	}
}

func (r *stateReader) stream() *stream {
	s := new(stream)
	s.key.terminal = schema.TerminalID(binary.BigEndian.Uint64(r.bytes("terminal", 8)))
	s.key.id = schema.StreamID(binary.BigEndian.Uint64(r.bytes("stream", 8)))
	if s.paced = r.number("paced", 1) == 1; s.paced {
		s.lastAt = schema.Instant(r.number("last vote time", uint64(schema.InstantMax)))
	}
	n := r.length("spans", 2)
	if n < 1 || n > SpansMax {
		r.fail("%d spans: want 1 to %d", n, SpansMax)
		return s
	}
	s.seen = make(spans, 0, n)
	var end uint64
	for range n {
		first := end + r.number("gap", uint64(schema.SeqMax))
		length := r.number("span", uint64(schema.SeqMax))
		if first == end || length == 0 || first+length > uint64(schema.SeqMax)+1 {
			r.fail("span from %d, %d long: out of range or order", first, length)
			return s
		}
		end = first + length
		s.seen = append(s.seen, schema.SeqSpan{First: schema.Seq(first), Next: schema.Seq(end)})
	}
	for q := range s.remembered() {
		c := content(r.bytes("content", 1)[0])
		if !c.valid() {
			r.fail("content %#x of seq %d", c, q)
			return s
		}
		s.contents[q%ContentsKept] = c
	}
	return s
}
