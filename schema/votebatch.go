package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"google.golang.org/protobuf/encoding/protowire"
)

// A BatchHeader is what the votes of one VoteBatch share.
type BatchHeader struct {
	Terminal TerminalID
	Stream   StreamID
	Slot     Slot
	Comune   ComuneID
	Office   OfficeCode
	Channel  Channel
	Scale    Scale
	Test     bool
	Ingested Instant // Server time of the request. Range 0 to InstantMax.
}

// ErrUndecodable is the error of a record that is no VoteBatch.
var ErrUndecodable = errors.New("record is no vote batch")

// ErrFormat is the error of a VoteBatch of a newer format.
var ErrFormat = errors.New("vote batch has an unknown format")

// BatchVotesMax is the most votes in one VoteBatch: all of one request. At a
// thousand the request's own cost is spread thin already, and a worker decodes
// them into memory that stays in the processor's cache.
const BatchVotesMax = 1000

// InstantMax is the latest instant the log keeps, 2106-02-07T06:28:15.999Z: the
// store keeps seconds in 32 bits (ClickHouse's DateTime).
const InstantMax Instant = 1<<32*1000 - 1

// RecordBytesMax is the most bytes a VoteBatch of BatchVotesMax votes may have.
// Reached only when every seq, time and service jumps from one end of its range
// to the other; in life a vote takes 4 to 10 bytes.
const RecordBytesMax = headBytesMax + BatchVotesMax*voteBytesMax

// Bytes of the parts of a record at most, each field with its tag of one byte, the
// last column with two.
const (
	headBytesMax = (1 + 1) + (1 + 8) + (1 + 8) + // Format, terminal, stream,
		(1 + 2) + (1 + 3) + (1 + 1 + OfficeCodeMax) + // slot, comune, office,
		(1 + 1) + (1 + 1) + (1 + 1) + (1 + 6) + // channel, scale, test, ingest time,
		4*(1+lengthBytes) + (2 + lengthBytes) + checksumBytes // five columns, checksum.
	voteBytesMax  = 8 + 7 + 1 + 3 + 8 // Seq of 54 bits, time of 43, mark, service, wall of 51: varints of 7 bits a byte.
	checksumBytes = 1 + 4
)

// lengthBytes is what AppendVoteBatch leaves for a column's length: enough for
// 16,383 bytes, twice what the longest column has.
const lengthBytes = 2

// The formats of a VoteBatch. A batch is written in the first that can hold it,
// so that a reader of format 1 alone stops where it must, and not before.
const (
	format1 = 1 // Reasons to reasonMax1.
	format2 = 2 // All reasons, and wall clocks.
)

// reasonMax1 is the highest reason of format 1.
const reasonMax1 = ReasonTimeout

// Tags of the fields in schema/vote.proto: number<<3 | wire type.
const (
	tagFormat   = 1<<3 | byte(protowire.VarintType)
	tagTerminal = 2<<3 | byte(protowire.Fixed64Type)
	tagStream   = 3<<3 | byte(protowire.Fixed64Type)
	tagSlot     = 4<<3 | byte(protowire.VarintType)
	tagComune   = 5<<3 | byte(protowire.VarintType)
	tagOffice   = 6<<3 | byte(protowire.BytesType)
	tagChannel  = 7<<3 | byte(protowire.VarintType)
	tagScale    = 8<<3 | byte(protowire.VarintType)
	tagTest     = 9<<3 | byte(protowire.VarintType)
	tagIngested = 10<<3 | byte(protowire.VarintType)
	tagSeqs     = 11<<3 | byte(protowire.BytesType)
	tagTimes    = 12<<3 | byte(protowire.BytesType)
	tagMarks    = 13<<3 | byte(protowire.BytesType)
	tagServices = 14<<3 | byte(protowire.BytesType)
	tagChecksum = 15<<3 | byte(protowire.Fixed32Type)

	// Field 16 is the first whose tag has two bytes.
	tagWalls     = 0x80 | 16<<3&0x7f | byte(protowire.BytesType)
	tagWallsNext = 16 >> 4
)

// A mark is a vote's byte: value, reason, late clock.
const (
	markValue     = 7
	markReason    = 15
	reasonShift   = 3
	markLateClock = 1 << 7
)

// AppendVoteBatch appends the record that holds votes, in their order, to dst.
// It allocates nothing when dst has room for RecordBytesMax bytes.
//
// The caller has checked everything: a header or vote that Decode would refuse,
// no votes or more than BatchVotesMax of them are a defect of this program, and
// panic here rather than be acknowledged and never counted.
func AppendVoteBatch(dst []byte, h *BatchHeader, votes []Vote) []byte {
	if err := h.check(); err != nil {
		panic(fmt.Sprintf("BUG: append vote batch: %v", err))
	}
	if _, err := ParseOffice(string(h.Office)); err != nil {
		panic(fmt.Sprintf("BUG: append vote batch: %v", err))
	}
	if len(votes) == 0 || len(votes) > BatchVotesMax {
		panic(fmt.Sprintf("BUG: append vote batch: %d votes", len(votes)))
	}
	start := len(dst)
	format, walled := formatOf(votes)
	dst = append(dst, tagFormat, format)
	dst = appendFixed(dst, tagTerminal, uint64(h.Terminal))
	dst = appendFixed(dst, tagStream, uint64(h.Stream))
	dst = appendNumber(dst, tagSlot, uint64(h.Slot))
	dst = appendNumber(dst, tagComune, uint64(h.Comune))
	if h.Office != "" {
		dst = append(dst, tagOffice, byte(len(h.Office)))
		dst = append(dst, h.Office...)
	}
	dst = appendNumber(dst, tagChannel, uint64(h.Channel))
	dst = appendNumber(dst, tagScale, uint64(h.Scale))
	if h.Test {
		dst = append(dst, tagTest, 1)
	}
	dst = appendNumber(dst, tagIngested, uint64(h.Ingested))
	dst = appendSeqs(dst, votes)
	dst = appendTimes(dst, h.Ingested, votes)
	dst = appendMarks(dst, h.Scale.Max(), votes)
	dst = appendServices(dst, votes)
	if walled {
		dst = appendWalls(dst, votes)
	}
	return AppendChecksum(dst, start)
}

// formatOf returns the first format that can hold votes, and whether any has a
// wall clock. One turn for each vote, without a branch.
func formatOf(votes []Vote) (format byte, walled bool) {
	var walls Instant
	var reason Reason
	for i := range votes {
		walls |= votes[i].Wall
		reason = max(reason, votes[i].Reason)
	}
	if walls != 0 || reason > reasonMax1 {
		return format2, walls != 0
	}
	return format1, false
}

// check refuses a header that ingest cannot have meant. The office is checked
// apart: a reader meets the same few again and again.
func (h *BatchHeader) check() error {
	if h.Slot >= Slots || h.Comune == 0 || h.Comune > ComuneMax || h.Ingested < 0 || h.Ingested > InstantMax {
		return fmt.Errorf("slot %d, comune %v, ingest time %d: out of range", h.Slot, h.Comune, h.Ingested)
	}
	if h.Channel < ChannelCounter || h.Channel > ChannelDigital || h.Scale.Max() == 0 {
		return fmt.Errorf("%v, %v: out of range", h.Channel, h.Scale)
	}
	return nil
}

// ComuneMax is the highest ISTAT code of six digits.
const ComuneMax ComuneID = 999999

func appendSeqs(dst []byte, votes []Vote) []byte {
	dst, start := openColumn(dst, tagSeqs)
	var last Seq
	for i := range votes {
		seq := votes[i].Seq
		if seq == 0 || seq > SeqMax {
			panic(fmt.Sprintf("BUG: append vote batch: vote %d: seq %d", i, seq))
		}
		dst = protowire.AppendVarint(dst, protowire.EncodeZigZag(int64(seq-last)))
		last = seq
	}
	return closeColumn(dst, start)
}

func appendTimes(dst []byte, ingested Instant, votes []Vote) []byte {
	dst, start := openColumn(dst, tagTimes)
	last := ingested
	for i := range votes {
		at := votes[i].At
		if at < 0 || at > InstantMax {
			panic(fmt.Sprintf("BUG: append vote batch: vote %d: time %d", i, at))
		}
		dst = protowire.AppendVarint(dst, protowire.EncodeZigZag(int64(at-last)))
		last = at
	}
	return closeColumn(dst, start)
}

func appendMarks(dst []byte, valueMax Value, votes []Vote) []byte {
	dst, start := openColumn(dst, tagMarks)
	for i := range votes {
		v := &votes[i]
		if v.Value > valueMax || v.Reason > ReasonMax {
			panic(fmt.Sprintf("BUG: append vote batch: vote %d: value %d of %d, reason %d", i, v.Value, valueMax, v.Reason))
		}
		mark := byte(v.Value) | byte(v.Reason)<<reasonShift
		if v.LateClock {
			mark |= markLateClock
		}
		dst = append(dst, mark)
	}
	return closeColumn(dst, start)
}

func appendServices(dst []byte, votes []Vote) []byte {
	dst, start := openColumn(dst, tagServices)
	if sameService(votes) {
		votes = votes[:1]
	}
	for i := range votes {
		dst = protowire.AppendVarint(dst, uint64(votes[i].Service))
	}
	return closeColumn(dst, start)
}

func sameService(votes []Vote) bool {
	for i := range votes {
		if votes[i].Service != votes[0].Service {
			return false
		}
	}
	return true
}

// openColumn begins a column whose length is not known yet. start is where its
// content begins.
func openColumn(dst []byte, tag byte) (_ []byte, start int) {
	dst = append(dst, tag, 0, 0)
	return dst, len(dst)
}

// closeColumn writes the length of the column that begins at start. One of less
// than 128 bytes moves up by one, so that a record has one encoding only.
func closeColumn(dst []byte, start int) []byte {
	n := len(dst) - start
	if n < 1<<7 {
		dst[start-2] = byte(n)
		copy(dst[start-1:], dst[start:])
		return dst[:len(dst)-1]
	}
	dst[start-2] = byte(n) | 1<<7
	dst[start-1] = byte(n >> 7)
	return dst
}

// appendNumber appends a field that protobuf leaves out where it is zero.
func appendNumber(dst []byte, tag byte, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return protowire.AppendVarint(append(dst, tag), n)
}

// appendFixed appends a field of eight bytes, likewise.
func appendFixed(dst []byte, tag byte, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return binary.LittleEndian.AppendUint64(append(dst, tag), n)
}

// AppendChecksum closes the record that begins at dst[start] by its CRC-32C, in field 15.
func AppendChecksum(dst []byte, start int) []byte {
	sum := checksumOf(dst[start:])
	return binary.LittleEndian.AppendUint32(append(dst, tagChecksum), sum)
}

// checksumOf returns the CRC-32C of body, which processors compute by themselves.
// MakeTable returns the same table each time.
func checksumOf(body []byte) uint32 {
	return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
}
