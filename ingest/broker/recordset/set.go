package recordset

import (
	"encoding/binary"
	"hash/crc32"

	"mlf/schema"
)

// A record batch of version 2, as Kafka takes it, keeps it and gives it back
// (kafka.apache.org/documentation, "Message Format", "Record Batch"). All numbers
// are big-endian; the checksum covers everything from the attributes on, but not
// base offset, length and leader epoch, which brokers write.
const (
	atLength      = 8
	atLeaderEpoch = 12
	atMagic       = 16
	atChecksum    = 17
	atAttributes  = 21
	atLastDelta   = 23
	atFirstTime   = 27
	atMaxTime     = 35
	atProducerID  = 43
	atCount       = 57
	HeadBytes     = 61 // A batch without records.

	magic = 2

	// lengthFrom is where the bytes begin that the length counts.
	lengthFrom = atLeaderEpoch

	attributeCompression   = 7 // A mask.
	attributeLogAppendTime = 1 << 3
)

// SizeBytes is the length that stands before a record set in a request, and before
// a request or an answer as a whole.
const SizeBytes = 4

// Overhead is what a batch with one record takes beyond the record.
const Overhead = SizeBytes + HeadBytes + RecordHeadBytes

// RecordHeadBytes is what a record takes beyond key and value at most: length,
// attributes, time, offset, two lengths, count of headers.
const RecordHeadBytes = binary.MaxVarintLen32 + 1 + 1 + binary.MaxVarintLen32 + 2*binary.MaxVarintLen32 + 1

// A record may say which request it is of, in one header, as W3C has it
// (Trace Context, traceparent, version 00).
const (
	traceKey   = "traceparent"
	traceBytes = 55

	// TraceBytes is what the header takes: both lengths are of one byte.
	TraceBytes = 1 + len(traceKey) + 1 + traceBytes
)

// castagnoli returns the table of Kafka's checksum; crc32 keeps one for all.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// A Set is one record batch under construction, with its size before it.
// Without Number it carries no producer id: brokers do not compare it with what came
// before, and a batch that is sent twice may be on the log twice.
type Set struct {
	Buf   []byte // Its memory is used again when Count is 0.
	Count int32
}

// Add appends a record. A nil key or value is null.
func (s *Set) Add(key, value []byte) { s.AddTraced(key, value, "") }

// AddTraced is Add with a header that says which request the record is of; none where
// trace has not the length of one.
func (s *Set) AddTraced(key, value []byte, trace string) {
	if s.Count == 0 {
		s.Buf = append(s.Buf[:0], make([]byte, SizeBytes+HeadBytes)...)
	}
	length := 1 + 1 + varintBytes(int64(s.Count)) + nullableBytes(key) + nullableBytes(value) + 1
	if len(trace) == traceBytes {
		length += TraceBytes
	}
	s.Buf = binary.AppendVarint(s.Buf, int64(length))
	s.Buf = append(s.Buf, 0) // Attributes: none are defined.
	s.Buf = append(s.Buf, 0) // All records have the batch's time.
	s.Buf = binary.AppendVarint(s.Buf, int64(s.Count))
	s.Buf = appendNullable(s.Buf, key)
	s.Buf = appendNullable(s.Buf, value)
	s.Buf = appendTrace(s.Buf, trace)
	s.Count++
}

// appendTrace writes the headers of a record: one, or none.
func appendTrace(dst []byte, trace string) []byte {
	if len(trace) != traceBytes {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, 1)
	dst = append(binary.AppendVarint(dst, int64(len(traceKey))), traceKey...)
	return append(binary.AppendVarint(dst, traceBytes), trace...)
}

// A Sequence numbers a set among those of one producer on one partition: a broker
// appends each number once, and refuses one that is not due.
type Sequence struct {
	Producer int64
	Epoch    int16
	First    int32 // Of the set's first record.
}

// Number makes a sealed s one that is appended once, however often it is sent.
func (s *Set) Number(q Sequence) {
	b := s.Buf[SizeBytes:]
	be := binary.BigEndian
	be.PutUint64(b[atProducerID:], uint64(q.Producer))
	be.PutUint16(b[atProducerID+8:], uint16(q.Epoch))
	be.PutUint32(b[atProducerID+10:], uint32(q.First))
	be.PutUint32(b[atChecksum:], crc32.Checksum(b[atAttributes:], castagnoli()))
}

// Seal completes the head. Nothing may be added afterwards; s has records.
func (s *Set) Seal(now schema.Instant) {
	binary.BigEndian.PutUint32(s.Buf, uint32(len(s.Buf)-SizeBytes))
	b := s.Buf[SizeBytes:]
	be := binary.BigEndian
	be.PutUint32(b[atLength:], uint32(len(b)-lengthFrom))
	be.PutUint32(b[atLeaderEpoch:], 1<<32-1) // -1: the broker's to write.
	b[atMagic] = magic
	be.PutUint32(b[atLastDelta:], uint32(s.Count-1))
	be.PutUint64(b[atFirstTime:], uint64(now))
	be.PutUint64(b[atMaxTime:], uint64(now))
	for i := atProducerID; i < atCount; i++ {
		b[i] = 0xff // Producer id, epoch and sequence: -1, none.
	}
	be.PutUint32(b[atCount:], uint32(s.Count))
	be.PutUint32(b[atChecksum:], crc32.Checksum(b[atAttributes:], castagnoli()))
}

func appendNullable(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 1) // -1 in zigzag.
	}
	return append(binary.AppendVarint(dst, int64(len(b))), b...)
}

func nullableBytes(b []byte) int {
	if b == nil {
		return 1
	}
	return varintBytes(int64(len(b))) + len(b)
}

// varintBytes returns the length of n as binary.AppendVarint writes it.
func varintBytes(n int64) int {
	u := uint64(n<<1) ^ uint64(n>>63)
	size := 1
	for u >= 0x80 {
		u >>= 7
		size++
	}
	return size
}
