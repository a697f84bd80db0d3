package aggregate_test

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"mlf/aggregate/fold"
	"mlf/aggregate/store/model"
	"mlf/schema"
)

// testLog is the log that the tests' records are of.
func testLog() schema.LogID { return schema.LogID{1, 2, 3} }

func identity(partitions int) schema.Identity {
	return schema.Identity{Log: testLog(), Partitions: partitions, Rules: schema.RulesV1}
}

func genesis(p schema.Partition, partitions int) schema.Record {
	g := schema.Genesis{Log: testLog(), Partition: p, Partitions: partitions, Rules: schema.RulesV1}
	return schema.Record{Key: []byte(schema.KeyGenesis), Value: schema.AppendGenesis(nil, g)}
}

// control returns the record that changes the rules of partition p to rules 2.
func control(p schema.Partition, partitions int) schema.Record {
	c := schema.Control{Log: testLog(), Partition: p, Partitions: partitions, Rules: schema.RulesV2}
	return schema.Record{Key: []byte(schema.KeyRules), Value: schema.AppendControl(nil, c)}
}

func batch(h schema.BatchHeader, votes ...schema.Vote) []byte {
	return schema.AppendVoteBatch(nil, &h, votes)
}

// nine is 2026-11-02 09:00 UTC, a Monday.
const nine schema.Instant = 1_793_610_000_000

func counter() schema.BatchHeader {
	return schema.BatchHeader{
		Terminal: 7, Stream: 9, Comune: 58091, Office: "A",
		Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Ingested: nine,
	}
}

// newerFormat returns a record whose checksum holds and whose format is 3.
func newerFormat() []byte {
	body := []byte{8, 3}
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	return binary.LittleEndian.AppendUint32(append(body, 15<<3|5), sum)
}

func apply(tb testing.TB, f *fold.Fold, rec *schema.Record) {
	rec.Offset = f.Next()
	if err := f.Apply(rec); err != nil {
		tb.Fatal(err)
	}
}

// merge writes what f has to tell into a store.
func merge(to *model.Tables, f *fold.Fold) {
	var rows fold.Rows
	f.Drain(&rows)
	for _, r := range rows.Rollups {
		to.Rollup(r)
	}
	for _, r := range rows.Ledger {
		to.Account(r)
	}
	for _, m := range rows.Watermarks {
		to.Mark(m)
	}
	for _, d := range rows.Days {
		to.Day(d)
	}
}
