package store

import (
	"context"
	"fmt"
	"math"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/schema"
	"mlf/schema/columns"
)

// Settled calls take with the merged rows of hours [from, next) whose segment is
// below cut of their partition; of a partition that cut lacks there are none. They
// come in order of the cell (comune, office, service, channel, scale, class, hour):
// rows of one cell are neighbours, one for each partition and segment. The columns
// are take's until it returns, at most 65,536 rows; an error of it ends the read,
// which may take minutes; of a silent server it ends within 3 s. Each read has a
// connection of its own, two threads and 256 MiB of the server.
func (s *Store) Settled(ctx context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error {
	return s.loadRollups(ctx, "settled", clickhouse.Parameters{
		"from": number(unixTime(from)), "next": number(unixTime(next)), "cut": numbers(cut),
	}, take)
}

// Open calls take with the rows of segments from cut of their partition on, all of
// those that it lacks, as Settled does, but in any order and perhaps with several
// versions of a key: the maximum holds.
func (s *Store) Open(ctx context.Context, cut []schema.Segment, take func(*columns.Rollups) error) error {
	return s.loadRollups(ctx, "open", clickhouse.Parameters{"cut": numbers(cut)}, take)
}

// unixTime returns the beginning of h as the table keeps it, which ends in 2106.
func unixTime(h schema.Hour) uint32 { return uint32(min(uint64(h)*secondsPerHour, math.MaxUint32)) }

func (s *Store) loadRollups(ctx context.Context, query string, p clickhouse.Parameters, take func(*columns.Rollups) error) error {
	b := newRollupBlock()
	return s.load(ctx, query, p, b.results(), func(int) error {
		if err := b.convert(); err != nil {
			return err
		}
		return take(&b.columns)
	})
}

// Span returns the hours that there are rollups of, half-open; 0, 0 without any.
func (s *Store) Span(ctx context.Context) (first, next schema.Hour, err error) {
	err = s.readBy(ctx, s.lookups(), "span", nil, func(scan scanFunc) error {
		var least, most uint32
		var rows uint64
		if err := scan(&least, &most, &rows); err != nil || rows == 0 {
			return err
		}
		first, next = schema.Hour(least/secondsPerHour), schema.Hour(most/secondsPerHour)+1
		return nil
	})
	return first, next, err
}

// Segments returns the account of every segment that has one, by partition and
// segment: its open and its closed row joined by maximum, with the chain of the
// closed one.
func (s *Store) Segments(ctx context.Context) ([]schema.LedgerRow, error) {
	var partition proto.ColUInt16
	var segment proto.ColUInt32
	var newest proto.ColInt64
	var next proto.ColUInt64
	var tally [schema.TallyNumbers]proto.ColUInt64
	chain := proto.ColFixedStr{Size: len(schema.Chain{})}
	result := proto.Results{
		{Name: "partition", Data: &partition},
		{Name: "segment", Data: &segment},
		{Name: "chain_max", Data: &chain},
		{Name: "next_max", Data: &next},
		{Name: "newest_max", Data: &newest},
	}
	for i, name := range schema.TallyNames() {
		result = append(result, proto.ResultColumn{Name: name + "_max", Data: &tally[i]})
	}
	var rows []schema.LedgerRow
	err := s.load(ctx, "segments", nil, result, func(n int) error {
		for i := range n {
			row := schema.LedgerRow{
				Partition: schema.Partition(partition[i]), Segment: schema.Segment(segment[i]), Chain: schema.Chain(chain.Row(i)),
				Next: schema.Offset(next[i]), Newest: schema.Instant(newest[i]),
			}
			for k, number := range row.Numbers() {
				*number = tally[k][i]
			}
			rows = append(rows, row)
		}
		return nil
	})
	return rows, err
}

// A rollupBlock is some rows of the table, as they come and as they are handed on.
// Its memory is used again for the next.
type rollupBlock struct {
	comune                      proto.ColUInt32
	office                      proto.ColStr
	service, partition          proto.ColUInt16
	channel, scale, class, keys proto.ColUInt8
	hour                        proto.ColDateTime
	segment                     proto.ColUInt32
	values                      [schema.ValueMax]proto.ColUInt64
	counts                      proto.ColUInt64
	reasons                     *proto.ColMap[uint8, uint64]

	offices map[string]schema.OfficeCode // One string of each that was met.
	columns columns.Rollups
}

func newRollupBlock() *rollupBlock {
	b := &rollupBlock{offices: make(map[string]schema.OfficeCode)}
	b.reasons = proto.NewMap[uint8, uint64](&b.keys, &b.counts)
	return b
}

// results are the columns of the statements, in their order.
func (b *rollupBlock) results() proto.Results {
	return proto.Results{
		{Name: "comune", Data: &b.comune},
		{Name: "office_text", Data: &b.office},
		{Name: "service", Data: &b.service},
		{Name: "channel", Data: &b.channel},
		{Name: "scale", Data: &b.scale},
		{Name: "class", Data: &b.class},
		{Name: "hour", Data: &b.hour},
		{Name: "partition", Data: &b.partition},
		{Name: "segment", Data: &b.segment},
		{Name: "n1", Data: &b.values[0]},
		{Name: "n2", Data: &b.values[1]},
		{Name: "n3", Data: &b.values[2]},
		{Name: "n4", Data: &b.values[3]},
		{Name: "n5", Data: &b.values[4]},
		{Name: "counts", Data: b.reasons},
	}
}

// convert makes columns of what has come.
func (b *rollupBlock) convert() error {
	c := &b.columns
	c.Comune, c.Service = converted(c.Comune, b.comune), converted(c.Service, b.service)
	c.Channel, c.Scale, c.Class = converted(c.Channel, b.channel), converted(c.Scale, b.scale), converted(c.Class, b.class)
	c.Partition, c.Segment = converted(c.Partition, b.partition), converted(c.Segment, b.segment)
	c.Hour = converted(c.Hour, b.hour.Data)
	for i, at := range c.Hour {
		c.Hour[i] = at / secondsPerHour
	}
	b.convertOffices()
	for i := range b.values {
		c.Values[i] = b.values[i]
	}
	c.ReasonsNext, c.ReasonKeys = converted(c.ReasonsNext, b.reasons.Offsets), converted(c.ReasonKeys, b.keys)
	c.ReasonCounts = b.counts
	if len(b.keys) != len(b.counts) || c.Len() > 0 && c.ReasonsNext[c.Len()-1] != len(b.keys) {
		return fmt.Errorf("%d keys and %d counts of reasons: want as many of both", len(b.keys), len(b.counts))
	}
	return nil
}

// convertOffices makes one string of each office: neighbours mostly have the same.
func (b *rollupBlock) convertOffices() {
	c := &b.columns
	c.Office = c.Office[:0]
	var last schema.OfficeCode
	for i := range b.office.Rows() {
		text := b.office.RowBytes(i)
		if string(text) != string(last) {
			var known bool
			if last, known = b.offices[string(text)]; !known {
				last = schema.OfficeCode(text)
				b.offices[string(text)] = last
			}
		}
		c.Office = append(c.Office, last)
	}
}

// converted returns from as numbers of another type, in the memory of to.
func converted[T, F ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32 | ~int](to []T, from []F) []T {
	to = to[:0]
	for _, n := range from {
		to = append(to, T(n))
	}
	return to
}
