package heartbeat

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"mlf/schema"
)

// format is the one format of a record of Topic.
const format = 1

// Fields of Heartbeat in schema/vote.proto after the format, which is field 1 as in
// VoteBatch. 15 is the checksum.
const (
	fieldTerminal  = 2
	fieldAt        = 3
	fieldInstall   = 4
	fieldPrevious  = 5
	fieldSeq       = 6
	fieldWaiting   = 7
	fieldOldest    = 8
	fieldPersisted = 9
	fieldFree      = 10 // And 1: 0 is not said.
	fieldLost      = 11
	fieldClock     = 12
	fieldVersion   = 13
	fieldBattery   = 14
	fieldDouble    = 16
	fieldMulti     = 17
	fieldRepeat    = 18
	fieldSeen      = 19
	fieldSince     = 20
	fieldTold      = 21
	fields         = fieldTold + 1
)

// fixed tells whether a field is a fixed64: what is random is no shorter as a varint.
func fixed(num int) bool { return num == fieldTerminal || num == fieldInstall || num == fieldPrevious }

// numbers are the fields of a heartbeat that are numbers, by field.
type numbers [fields]uint64

// Key returns the key of the record of h.
func (h *Heartbeat) Key() string { return h.Terminal.String() }

// Append appends the value of the record of h to dst; its key is h.Key(). An h that
// Check refuses panics.
func Append(dst []byte, h *Heartbeat) []byte {
	if err := h.Check(); err != nil {
		panic(fmt.Sprintf("BUG: append heartbeat: %v", err))
	}
	start := len(dst)
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), format)
	if h.Version != "" {
		dst = protowire.AppendString(protowire.AppendTag(dst, fieldVersion, protowire.BytesType), h.Version)
	}
	for num, n := range h.numbers() {
		switch {
		case n == 0:
		case fixed(num):
			dst = protowire.AppendFixed64(protowire.AppendTag(dst, protowire.Number(num), protowire.Fixed64Type), n)
		default:
			dst = protowire.AppendVarint(protowire.AppendTag(dst, protowire.Number(num), protowire.VarintType), n)
		}
	}
	return schema.AppendChecksum(dst, start)
}

func (h *Heartbeat) numbers() numbers {
	n := numbers{
		fieldTerminal: uint64(h.Terminal), fieldAt: uint64(h.At), fieldInstall: uint64(h.Install), fieldPrevious: uint64(h.Previous),
		fieldSeq: h.Seq, fieldWaiting: uint64(h.Waiting), fieldOldest: h.OldestMS,
		fieldPersisted: bit(h.Storage.Persisted), fieldLost: bit(h.Storage.Lost),
		fieldClock: uint64(h.Clock), fieldBattery: uint64(h.BatteryMV),
		fieldDouble: uint64(h.Ignored.Double), fieldMulti: uint64(h.Ignored.Multi), fieldRepeat: uint64(h.Ignored.Repeat),
		fieldSeen: uint64(h.Copy.Seen), fieldSince: uint64(h.Copy.Since), fieldTold: uint64(h.Copy.Told),
	}
	if h.Storage.Known {
		n[fieldFree] = h.Storage.Free + 1
	}
	return n
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Decode reads a record of Topic. The errors wrap schema.ErrUndecodable or
// schema.ErrFormat, as those of VoteBatch.Decode; a key that is not the value's is
// undecodable.
func Decode(key string, value []byte) (Heartbeat, error) {
	body, err := schema.CutChecksum(value)
	if err != nil {
		return Heartbeat{}, fmt.Errorf("read heartbeat of %s: %w", key, err)
	}
	h, err := split(body)
	if err == nil && h.Key() != key {
		err = schema.Undecodable("the value is of %s", h.Key())
	}
	if err != nil {
		return Heartbeat{}, fmt.Errorf("read heartbeat of %s: %w", key, schema.NewerFormat(body, format, err))
	}
	return h, nil
}

// split reads the fields of body: each at most once, none unknown.
func split(body []byte) (Heartbeat, error) {
	var n numbers
	var version string
	var seen uint32
	for len(body) > 0 {
		num, kind, taken := protowire.ConsumeTag(body)
		if taken < 0 || num >= fields || seen&(1<<num) != 0 {
			return Heartbeat{}, schema.Undecodable("field %d: unknown, cut off, or there twice", num)
		}
		seen |= 1 << num
		body = body[taken:]
		switch {
		case num == fieldVersion && kind == protowire.BytesType:
			version, taken = protowire.ConsumeString(body)
		case fixed(int(num)) && kind == protowire.Fixed64Type:
			n[num], taken = protowire.ConsumeFixed64(body)
		case num != fieldVersion && !fixed(int(num)) && kind == protowire.VarintType:
			n[num], taken = protowire.ConsumeVarint(body)
		default:
			return Heartbeat{}, schema.Undecodable("field %d has wire type %d", num, kind)
		}
		if taken < 0 {
			return Heartbeat{}, schema.Undecodable("field %d is cut off", num)
		}
		body = body[taken:]
	}
	if n[1] != format {
		return Heartbeat{}, schema.Undecodable("format %d", n[1])
	}
	n[1] = 0
	return of(n, version)
}

// of makes a heartbeat of its fields, where each is in its range.
func of(n numbers, version string) (Heartbeat, error) {
	h := Heartbeat{
		Terminal: schema.TerminalID(n[fieldTerminal]), At: schema.Instant(n[fieldAt]),
		Install: Value(n[fieldInstall]), Previous: Value(n[fieldPrevious]),
		Seq: n[fieldSeq], Waiting: uint32(n[fieldWaiting]), OldestMS: n[fieldOldest],
		Storage: Storage{Persisted: n[fieldPersisted] == 1, Lost: n[fieldLost] == 1},
		Clock:   schema.Instant(n[fieldClock]), Version: version, BatteryMV: uint32(n[fieldBattery]),
		Ignored: Ignored{Double: uint32(n[fieldDouble]), Multi: uint32(n[fieldMulti]), Repeat: uint32(n[fieldRepeat])},
		Copy:    Copy{Seen: schema.Instant(n[fieldSeen]), Since: schema.Instant(n[fieldSince]), Told: schema.Instant(n[fieldTold])},
	}
	if n[fieldFree] != 0 {
		h.Storage.Known, h.Storage.Free = true, n[fieldFree]-1
	}
	if h.numbers() != n { // A number was cut to its type.
		return Heartbeat{}, schema.Undecodable("a number is out of range")
	}
	if err := h.Check(); err != nil {
		return Heartbeat{}, schema.Undecodable("%v", err)
	}
	return h, nil
}
