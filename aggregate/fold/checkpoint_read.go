package fold

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"mlf/schema"
)

// Open returns the fold that Checkpoint made payload of, with nothing dirty. Its
// error wraps ErrCheckpoint. It checks everything, so that no payload can make it
// panic, take more than schema.CheckpointBytesMax several times over, or yield a state that no
// log has.
func Open(payload []byte) (*Fold, error) {
	head := len(checkpointMagic) + 1
	if len(payload) < head || string(payload[:head-1]) != checkpointMagic {
		return nil, badCheckpoint("it does not begin as one")
	}
	version := payload[head-1]
	if version < 1 || version > CheckpointVersion {
		return nil, badCheckpoint("version %d, this program knows %d", version, CheckpointVersion)
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(schema.CheckpointBytesMax))
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	defer z.Close()
	state, err := z.DecodeAll(payload[head:], nil)
	if err != nil {
		return nil, badCheckpoint("%w", err)
	}
	return readState(state, int(version))
}

// badCheckpoint returns an error that wraps ErrCheckpoint and says why.
func badCheckpoint(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrCheckpoint, fmt.Errorf(format, args...))
}

// readState reads what appendState wrote, and only that: what it accepts of the
// newest version, appendState writes again byte by byte.
func readState(state []byte, version int) (*Fold, error) {
	r := stateReader{rest: state, version: version}
	f := r.head()
	r.cells(f)
	r.streams(f)
	r.events(f)
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
	rest    []byte
	version int
	err     error
}

func (r *stateReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = badCheckpoint(format, args...)
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

// offsetMax is the highest offset that has a segment by rules 1: 2^32 segments of
// 2^16. Rules 2, with a segment of 263 records at least, come to 2^40 before.
const offsetMax = 1<<48 - 1

func (r *stateReader) head() *Fold {
	partition := r.number("partition", schema.Slots-1)
	id := schema.Identity{
		Partitions: int(r.number("partitions", schema.Slots)),
		Rules:      schema.Rules(r.number("rules", 1<<32-1)),
	}
	next := schema.Offset(r.number("next offset", offsetMax))
	segment, first := r.segment(next)
	copy(id.Log[:], r.bytes("log id", len(id.Log)))
	f := New(schema.Partition(partition), id)
	f.next, f.segment, f.first, f.from = next, segment, first, next
	copy(f.chain[:], r.bytes("chain", len(f.chain)))
	if r.err == nil && (next < 1 || int(partition) >= id.Partitions || id.Rules < 1 || id.Rules > RulesMax ||
		r.version == 1 && id.Rules != schema.RulesV1 || r.version > 1 && r.version != int(checkpointVersionOf(id.Rules)) || !f.segmentFits()) {
		r.fail("partition %d of %d, rules %d, at %d, in segment %d from %d: out of range", partition, id.Partitions, id.Rules, next, segment, first)
		return f
	}
	for o := f.Tail(); o < next; o++ {
		copy(f.tail[o%tailRecords][:], r.bytes("record hash", len(schema.RecordHash{})))
	}
	t := &f.tally
	numbers := t.Numbers()
	for _, n := range numbers[:accountNumbers(r.version)] {
		*n = r.number("account", anyNumber)
	}
	f.newest = schema.Instant(r.number("newest", uint64(schema.InstantMax)))
	if due := uint64(next - first); r.err == nil && (t.Records != due || !t.Balanced() || due > 0 && f.segmentEnds()) {
		r.fail("account %+v at %d: not balanced, or not of %d records", *t, next, due)
	}
	return f
}

// segment reads the open segment and its first offset.
func (r *stateReader) segment(next schema.Offset) (schema.Segment, schema.Offset) {
	if r.version == 1 {
		return schema.Segment(next / schema.SegmentRecords), next / schema.SegmentRecords * schema.SegmentRecords
	}
	s := schema.Segment(r.number("segment", 1<<32-1))
	return s, schema.Offset(r.number("first offset", uint64(next)))
}

// segmentFits tells whether the open segment can be where it is. By rules 1 that
// follows from next; by rules 2 each before it had a record at least.
func (f *Fold) segmentFits() bool {
	if f.id.Rules < schema.RulesV2 {
		return f.segment == schema.Segment(f.next/schema.SegmentRecords) && f.first == schema.Offset(f.segment)*schema.SegmentRecords
	}
	return schema.Offset(f.segment) <= f.first && f.first <= schema.Offset(f.segment)*schema.SegmentRecords
}

// cellBytes is the least an encoded cell takes: every field of it one byte.
const cellBytes = 7 + int(schema.ValueMax) + 1

func (r *stateReader) cells(f *Fold) {
	var counted uint64
	var last *cell
	for range r.length("cells", cellBytes) {
		c, in := r.cell(f.segment)
		if r.err != nil {
			return
		}
		if last != nil && last.Compare(&c.Cell) >= 0 {
			r.fail("cell %+v is out of order", c.Cell)
			return
		}
		last = c
		counted += in
		f.group(recordKey{c.Comune, c.Office, c.Channel, c.Scale})[voteKeyOf(c.Hour, c.Service, c.Class)] = c
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
		of := schema.ReasonNumber{Key: schema.ReasonKey(r.number("reason", 1<<8-1)), N: r.number("count", anyNumber)}
		v, reason := of.Key.Value(), of.Key.Reason()
		if v < 1 || v > c.Scale.Max() || reason < 1 || reason > schema.ReasonMax || of.N == 0 ||
			len(c.reasons) > 0 && c.reasons[len(c.reasons)-1].Key >= of.Key {
			r.fail("reason %d of value %d, %d times: out of range or order", reason, v, of.N)
			return c, 0
		}
		if given[v] += of.N; given[v] > c.values[v-1] {
			r.fail("more reasons than votes of value %d", v)
			return c, 0
		}
		c.reasons = append(c.reasons, of)
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
		s := r.stream(f.id.Rules)
		if r.err != nil {
			return
		}
		if i > 0 && last.compare(s.key) >= 0 {
			r.fail("stream %v is out of order", s.key)
			return
		}
		last = s.key
		f.adopt(s)
	}
}

func (r *stateReader) stream(rules schema.Rules) *stream {
	s := new(stream)
	s.key.terminal = schema.TerminalID(binary.BigEndian.Uint64(r.bytes("terminal", 8)))
	s.key.id = schema.StreamID(binary.BigEndian.Uint64(r.bytes("stream", 8)))
	r.pace(s)
	s.seen = r.spans(1, SpansMax)
	if r.version > 1 {
		s.closed = r.spans(0, ClosedMax)
	}
	if r.err == nil && !s.gapsFit(rules) {
		r.fail("stream %v: closed gaps %v are not within span %v", s.key, s.closed, s.seen[0])
	}
	if r.err != nil {
		return s
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

// pace reads when the last vote was that paces the next.
func (r *stateReader) pace(s *stream) {
	kind := r.number("paced", uint64(r.version))
	if kind == 0 {
		return
	}
	s.paced = true
	s.lastAt = schema.Instant(r.number("last vote time", uint64(schema.InstantMax)))
	if kind == 1 {
		return
	}
	apart := protowire.DecodeZigZag(r.number("last wall clock", 2*schema.WallApartMax))
	if s.lastWall = s.lastAt + schema.Instant(apart); s.lastWall == 0 {
		r.fail("last wall clock is none")
	}
}

// spans reads least to most spans.
func (r *stateReader) spans(least, most int) spans {
	n := r.length("spans", 2)
	if n < least || n > most {
		r.fail("%d spans: want %d to %d", n, least, most)
	}
	if r.err != nil || n == 0 {
		return nil
	}
	set := make(spans, 0, n)
	var end uint64
	for range n {
		first := end + r.number("gap", uint64(schema.SeqMax))
		length := r.number("span", uint64(schema.SeqMax))
		if first == end || length == 0 || first+length > uint64(schema.SeqMax)+1 {
			r.fail("span from %d, %d long: out of range or order", first, length)
			return nil
		}
		end = first + length
		set = append(set, schema.SeqSpan{First: schema.Seq(first), Next: schema.Seq(end)})
	}
	return set
}

// gapsFit tells whether the closed gaps of s can be where they are: within the first
// span, which begins at 1 and goes on after the last of them. Rules 1 close none.
func (s *stream) gapsFit(rules schema.Rules) bool {
	return len(s.closed) == 0 || rules >= schema.RulesV2 && s.seen[0].First == 1 && s.closed.next() < s.seen[0].Next
}
