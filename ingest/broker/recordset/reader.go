package recordset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/segmentio/kafka-go/compress"

	"mlf/schema"
)

// expandedBytesMax limits what one compressed batch may expand to. Kafka takes
// no batch above 1 MiB by default, and this project's producer does not compress:
// a foreign batch beyond it is a bomb.
const expandedBytesMax = 64 << 20

// corrupt returns an error about the batch at base.
func corrupt(base int64, format string, args ...any) error {
	return fmt.Errorf("read batch at offset %d: %s: %w", base, fmt.Sprintf(format, args...), schema.ErrCorrupt)
}

// A Reader takes the record batches of one answer apart.
type Reader struct {
	// Dense tells that every offset must be there: a compacted topic has gaps.
	Dense bool

	At      schema.Offset   // Records below are skipped. It ends as the next to ask for.
	Records []schema.Record // What was found; keys and values point into the answer.
	Epoch   int32           // Of the last batch.
}

// Read takes all complete batches of set, which may end in the middle of one. An
// error after some batches is kept for the next fetch, which begins there.
func (r *Reader) Read(set []byte) error {
	for first := true; len(set) > 0; first = false {
		n, err := r.batch(set)
		if err != nil && first {
			return err
		}
		if err != nil {
			return nil //nolint:nilerr // See above.
		}
		set = set[n:]
	}
	return nil
}

// batch takes the batch that b begins with and returns its length. That b ends
// before the batch does is an error too: brokers send the first batch of an answer
// whole, however large, and for a later one read does not mind.
func (r *Reader) batch(b []byte) (int, error) {
	if len(b) < HeadBytes {
		return 0, r.cutOff(b)
	}
	be := binary.BigEndian
	base := int64(be.Uint64(b))
	size := lengthFrom + int64(be.Uint32(b[atLength:]))
	if size < HeadBytes || b[atMagic] != magic {
		return 0, corrupt(base, "%d bytes of version %d", size, b[atMagic])
	}
	if size > int64(len(b)) {
		return 0, r.cutOff(b)
	}
	b = b[:size]
	if got, want := crc32.Checksum(b[atAttributes:], castagnoli()), be.Uint32(b[atChecksum:]); got != want {
		return 0, corrupt(base, "checksum %08x, computed %08x", want, got)
	}

	next := schema.Offset(base) + schema.Offset(int32(be.Uint32(b[atLastDelta:]))) + 1
	if next <= schema.Offset(base) {
		return 0, corrupt(base, "last offset %d", next-1)
	}
	if r.Dense && (r.At < schema.Offset(base) || r.At >= next) {
		return 0, fmt.Errorf("read batch of offsets %d to %d where %d is due: %w", base, next-1, r.At, schema.ErrGap)
	}
	kept := len(r.Records)
	if err := r.batchRecords(base, b); err != nil {
		r.Records = r.Records[:kept]
		return 0, err
	}
	r.At = max(r.At, next) // A compacted topic may give a batch that ends before what was asked for.
	r.Epoch = int32(be.Uint32(b[atLeaderEpoch:]))
	return int(size), nil
}

// cutOff tells apart the end of an answer from a batch whose length is wrong.
func (r *Reader) cutOff(b []byte) error {
	if len(b) < atLength {
		return corrupt(int64(r.At), "%d bytes", len(b))
	}
	return corrupt(int64(binary.BigEndian.Uint64(b)), "cut off after %d bytes", len(b))
}

// batchRecords appends the records of one whole batch, less those below r.At.
func (r *Reader) batchRecords(base int64, b []byte) error {
	be := binary.BigEndian
	attributes := be.Uint16(b[atAttributes:])
	firstTime := schema.Instant(be.Uint64(b[atFirstTime:]))
	count := int32(be.Uint32(b[atCount:]))
	lastDelta := int64(int32(be.Uint32(b[atLastDelta:])))
	if r.Dense && int64(count) != lastDelta+1 {
		return fmt.Errorf("read batch at offset %d: %d records in %d offsets: %w", base, count, lastDelta+1, schema.ErrGap)
	}
	payload := b[HeadBytes:]
	if codec := compress.Compression(attributes & attributeCompression); codec != compress.None {
		var err error
		if payload, err = expand(codec, payload); err != nil {
			return corrupt(base, "%v", err)
		}
	}
	for i := range count {
		rec, n, ok := parseRecord(payload)
		if !ok {
			return corrupt(base, "record %d of %d is malformed", i, count)
		}
		payload = payload[n:]
		if rec.offsetDelta < 0 || rec.offsetDelta > lastDelta || r.Dense && rec.offsetDelta != int64(i) {
			return fmt.Errorf("read batch at offset %d: record %d of %d has offset %d: %w",
				base, i, count, base+rec.offsetDelta, schema.ErrGap)
		}
		offset := schema.Offset(base + rec.offsetDelta)
		if offset < r.At {
			continue
		}
		appended := firstTime + schema.Instant(rec.timeDelta)
		if attributes&attributeLogAppendTime != 0 {
			// Brokers write their time here alone and leave the records' as they
			// came. kafka-go's own reader does not look.
			appended = schema.Instant(be.Uint64(b[atMaxTime:]))
		}
		r.Records = append(r.Records, schema.Record{Offset: offset, Key: rec.key, Value: rec.value, Appended: appended, Trace: string(rec.trace)})
	}
	if len(payload) != 0 {
		return corrupt(base, "%d bytes after the last record", len(payload))
	}
	return nil
}

// A parsedRecord is a record as a batch has it.
type parsedRecord struct {
	timeDelta, offsetDelta int64
	key, value, trace      []byte
}

// parseRecord takes the record that b begins with and returns its length.
func parseRecord(b []byte) (parsedRecord, int, bool) {
	length, head := binary.Varint(b)
	if head <= 0 || length < 0 || length > int64(len(b)-head) {
		return parsedRecord{}, 0, false
	}
	c := Cursor{Rest: b[head : head+int(length)]}
	c.Take(1) // Attributes: none are defined.
	rec := parsedRecord{timeDelta: c.varint(), offsetDelta: c.varint(), key: c.nullable(), value: c.nullable()}
	for range c.varint() {
		name, header := c.nullable(), c.nullable()
		if c.Bad {
			break
		}
		if string(name) == traceKey && len(header) == traceBytes {
			rec.trace = header
		}
	}
	return rec, head + int(length), !c.Bad && len(c.Rest) == 0
}

// expand returns what payload was compressed from. Only foreign producers
// compress; their batches get memory of their own.
func expand(c compress.Compression, payload []byte) ([]byte, error) {
	codec := c.Codec()
	if codec == nil {
		return nil, fmt.Errorf("unknown compression %d", c)
	}
	reader := codec.NewReader(bytes.NewReader(payload))
	defer func() { _ = reader.Close() }() // It reads from memory.
	expanded, err := io.ReadAll(io.LimitReader(reader, expandedBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("expand %s: %w", c, err)
	}
	if len(expanded) > expandedBytesMax {
		return nil, fmt.Errorf("expands to more than %d bytes", expandedBytesMax)
	}
	return expanded, nil
}
