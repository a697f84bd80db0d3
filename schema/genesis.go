package schema

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// genesisFormat is the one format of a genesis record.
const genesisFormat = 1

// Fields of Genesis in schema/vote.proto after the format, which is field 1 as in
// VoteBatch.
const (
	genesisLogID      = 2
	genesisPartition  = 3
	genesisPartitions = 4
	genesisRules      = 5
)

// AppendGenesis appends the value of the genesis record g to dst. A g that
// DecodeGenesis would refuse panics.
func AppendGenesis(dst []byte, g Genesis) []byte {
	if err := g.check(); err != nil {
		panic(fmt.Sprintf("BUG: append genesis: %v", err))
	}
	start := len(dst)
	dst = append(dst, tagFormat, genesisFormat)
	dst = protowire.AppendTag(dst, genesisLogID, protowire.BytesType)
	dst = protowire.AppendBytes(dst, g.Log[:])
	for num, n := range [...]uint64{
		genesisPartition:  uint64(g.Partition),
		genesisPartitions: uint64(g.Partitions),
		genesisRules:      uint64(g.Rules),
	} {
		if n != 0 {
			dst = protowire.AppendTag(dst, protowire.Number(num), protowire.VarintType)
			dst = protowire.AppendVarint(dst, n)
		}
	}
	return AppendChecksum(dst, start)
}

// AppendControl appends the value of the control record c to dst. A c that
// DecodeControl would refuse panics.
func AppendControl(dst []byte, c Control) []byte { return AppendGenesis(dst, Genesis(c)) }

// DecodeControl reads the value of a control record, which is encoded as a genesis
// record is. Its errors are those of DecodeGenesis.
func DecodeControl(value []byte) (Control, error) {
	g, err := decodeGenesis(value, "control record")
	return Control(g), err
}

// DecodeGenesis reads the value of a genesis record. The errors wrap
// ErrUndecodable or ErrFormat, as those of VoteBatch.Decode. Whether it is the
// genesis of this log, and whether its rules are known, is the caller's to ask.
func DecodeGenesis(value []byte) (Genesis, error) { return decodeGenesis(value, "genesis") }

// decodeGenesis reads the value of a record that is encoded as a genesis is. Its
// errors call it what.
func decodeGenesis(value []byte, what string) (Genesis, error) {
	body, err := CutChecksum(value)
	if err != nil {
		return Genesis{}, fmt.Errorf("read %s: %w", what, err)
	}
	g, err := splitGenesis(body)
	if err != nil {
		return Genesis{}, fmt.Errorf("read %s: %w", what, NewerFormat(body, genesisFormat, err))
	}
	return g, nil
}

// splitGenesis reads the fields of body: each at most once, none unknown.
func splitGenesis(body []byte) (Genesis, error) {
	var g Genesis
	var numbers [genesisRules + 1]uint64
	var seen uint32
	for len(body) > 0 {
		num, kind, n := protowire.ConsumeTag(body)
		if n < 0 || num > genesisRules || seen&(1<<num) != 0 {
			return Genesis{}, Undecodable("field %d: unknown, cut off, or there twice", num)
		}
		seen |= 1 << num
		body = body[n:]
		switch {
		case num == genesisLogID && kind == protowire.BytesType:
			var id []byte
			if id, n = protowire.ConsumeBytes(body); n < 0 || copy(g.Log[:], id) != len(g.Log) || len(id) != len(g.Log) {
				return Genesis{}, Undecodable("log id of %d bytes: want %d", len(id), len(g.Log))
			}
		case num != genesisLogID && kind == protowire.VarintType:
			if numbers[num], n = protowire.ConsumeVarint(body); n < 0 || numbers[num] > genesisNumberMax {
				return Genesis{}, Undecodable("field %d: cut off, or out of range", num)
			}
		default:
			return Genesis{}, Undecodable("field %d has wire type %d", num, kind)
		}
		body = body[n:]
	}
	if numbers[1] != genesisFormat {
		return Genesis{}, Undecodable("format %d", numbers[1])
	}
	g.Partition = Partition(numbers[genesisPartition])
	g.Partitions = int(numbers[genesisPartitions])
	g.Rules = Rules(numbers[genesisRules])
	if err := g.check(); err != nil {
		return Genesis{}, Undecodable("%v", err)
	}
	return g, nil
}

// genesisNumberMax is the highest number in a genesis record; it fits an int32.
const genesisNumberMax = 1<<31 - 1

// check refuses a genesis that no log can have.
func (g *Genesis) check() error {
	if g.Partitions < 1 || g.Partitions > Slots || g.Partition < 0 || int(g.Partition) >= g.Partitions {
		return fmt.Errorf("partition %d of %d: out of range", g.Partition, g.Partitions)
	}
	if g.Rules < 1 || g.Rules > genesisNumberMax {
		return fmt.Errorf("rules %d: out of range", g.Rules)
	}
	if g.Log == (LogID{}) {
		return errors.New("log id is zero")
	}
	return nil
}
