package fold

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"mlf/schema"
)

// A checkpoint's payload is
//
//	"mlfc" | version 2 or 3 | zstd frame
//
// and in the frame the whole state of a Fold, numbers as varints but where the
// width is given, lists as their length and their items:
//
//	partition, partitions, rules in force, next, segment, its first offset, log id 16, chain 32
//	hashes of the records from max(0, next-16) to next, 32 each
//	open segment: records, votes_in, counted, duplicates, conflicts, quarantined, voided,
//	         version 3: events in, used, repeated, stale, conflicts, quarantined; newest
//	cells:   comune, office (length, bytes), service, channel, scale, class, hour, five values,
//	         reasons: (key, count), ascending
//	streams: terminal 8, stream 8, paced 1, last vote time if paced,
//	         its wall clock if paced is 2: zigzag difference to that,
//	         spans: (gap before, length), closed gaps likewise,
//	         contents of the seqs still remembered, 1 each, ascending
//
//	version 3: sources without state (checkpoint_events.go)
//
// Version 3 is of rules 3 and later, version 2 of those before: so a program that knows
// no other goes on where it may. Version 1, which is read as well, is of rules 1: it has
// no segment and first offset, for they follow from next, no closed gaps, and no paced 2.
//
// Cells and streams are sorted, and nothing in it can be written in two ways, so
// that equal folds have equal checkpoints, whoever makes them.
const (
	checkpointMagic = "mlfc"

	// CheckpointVersion is the newest version that is written and read.
	CheckpointVersion = 3
)

// checkpointVersionOf returns the version of a checkpoint by rules r.
func checkpointVersionOf(r schema.Rules) byte {
	if r < schema.RulesV3 {
		return 2
	}
	return CheckpointVersion
}

// accountNumbers returns how many numbers of an account a version has.
func accountNumbers(version int) int {
	const ofVotes = 7
	if version < 3 {
		return ofVotes
	}
	return schema.TallyNumbers
}

// A refusal here would come up at a recovery, when it is too late: so the writer
// checks it, too.
func checkStateBytes(n int) error {
	if n > schema.CheckpointBytesMax {
		return fmt.Errorf("state of %d bytes: at most %d can be kept", n, schema.CheckpointBytesMax)
	}
	return nil
}

// Checkpoint returns the state of f as one payload, and what it is the state of;
// StoreStarted, Taken and SHA256 are the caller's to fill in. At least the
// genesis must have been applied.
func (f *Fold) Checkpoint() (schema.CheckpointInfo, []byte, error) {
	info := schema.CheckpointInfo{Partition: f.partition, Next: f.next, Log: f.id.Log, Rules: f.id.Rules}
	state := f.appendState(nil)
	if err := checkStateBytes(len(state)); err != nil {
		return info, nil, fmt.Errorf("make checkpoint of partition %d at %d: %w", f.partition, f.next, err)
	}
	// One thread: the other partitions' workers have the rest of the machine.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return info, nil, fmt.Errorf("make checkpoint of partition %d at %d: %w", f.partition, f.next, err)
	}
	payload := append(make([]byte, 0, len(state)/4+64), checkpointMagic...)
	payload = append(payload, checkpointVersionOf(f.id.Rules))
	payload = z.EncodeAll(state, payload)
	// What cannot be compressed grows.
	if err := errors.Join(checkStateBytes(len(payload)), z.Close()); err != nil {
		return info, nil, fmt.Errorf("make checkpoint of partition %d at %d: %w", f.partition, f.next, err)
	}
	return info, payload, nil
}

func (f *Fold) appendState(dst []byte) []byte {
	dst = appendNumbers(dst, uint64(f.partition), uint64(f.id.Partitions), uint64(f.id.Rules), uint64(f.next), uint64(f.segment), uint64(f.first))
	dst = append(dst, f.id.Log[:]...)
	dst = append(dst, f.chain[:]...)
	for o := f.Tail(); o < f.next; o++ {
		dst = append(dst, f.tail[o%tailRecords][:]...)
	}
	version := int(checkpointVersionOf(f.id.Rules))
	numbers := f.tally.Numbers()
	for _, n := range numbers[:accountNumbers(version)] {
		dst = binary.AppendUvarint(dst, *n)
	}
	dst = binary.AppendUvarint(dst, uint64(f.newest))

	cells := f.sortedCells()
	dst = binary.AppendUvarint(dst, uint64(len(cells)))
	for _, c := range cells {
		dst = c.append(dst)
	}
	streams := f.sortedStreams()
	dst = binary.AppendUvarint(dst, uint64(len(streams)))
	for _, s := range streams {
		dst = s.append(dst)
	}
	if version < 3 {
		return dst
	}
	return f.appendEvents(dst)
}

func (f *Fold) sortedCells() []*cell {
	var cells []*cell
	for _, p := range f.groups {
		for _, c := range p {
			cells = append(cells, c)
		}
	}
	slices.SortFunc(cells, func(a, b *cell) int { return a.Compare(&b.Cell) })
	return cells
}

func (f *Fold) sortedStreams() []*stream {
	streams := make([]*stream, 0, len(f.streams))
	for _, s := range f.streams {
		streams = append(streams, s)
	}
	slices.SortFunc(streams, func(a, b *stream) int { return a.key.compare(b.key) })
	return streams
}

func (k streamKey) compare(other streamKey) int {
	return cmp.Or(cmp.Compare(k.terminal, other.terminal), cmp.Compare(k.id, other.id))
}

func (c *cell) append(dst []byte) []byte {
	dst = appendNumbers(dst, uint64(c.Comune), uint64(len(c.Office)))
	dst = append(dst, c.Office...)
	dst = appendNumbers(dst, uint64(c.Service), uint64(c.Channel), uint64(c.Scale), uint64(c.Class), uint64(c.Hour))
	dst = appendNumbers(dst, c.values[:]...)
	dst = binary.AppendUvarint(dst, uint64(len(c.reasons)))
	for _, r := range c.reasons {
		dst = appendNumbers(dst, uint64(r.Key), r.N)
	}
	return dst
}

func (s *stream) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.key.terminal))
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.key.id))
	switch {
	case s.paced && s.lastWall != 0:
		dst = appendNumbers(dst, 2, uint64(s.lastAt), protowire.EncodeZigZag(int64(s.lastWall-s.lastAt)))
	case s.paced:
		dst = appendNumbers(dst, 1, uint64(s.lastAt))
	default:
		dst = append(dst, 0)
	}
	dst = s.seen.append(dst)
	dst = s.closed.append(dst)
	for q := range s.remembered() {
		dst = append(dst, byte(s.contents[q%ContentsKept]))
	}
	return dst
}

func (s spans) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	var end schema.Seq
	for _, sp := range s {
		dst = appendNumbers(dst, uint64(sp.First-end), uint64(sp.Next-sp.First))
		end = sp.Next
	}
	return dst
}

// remembered yields the seen seqs whose content is kept, ascending.
func (s *stream) remembered() func(yield func(schema.Seq) bool) {
	return func(yield func(schema.Seq) bool) {
		first := schema.Seq(1)
		if next := s.seen.next(); next > ContentsKept {
			first = next - ContentsKept
		}
		for _, sp := range s.seen[s.seen.reaching(first):] {
			for q := max(first, sp.First); q < sp.Next; q++ {
				if !s.closed.holds(q) && !yield(q) {
					return
				}
			}
		}
	}
}

func appendNumbers(dst []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}
