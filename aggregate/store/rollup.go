package store

import (
	"cmp"
	"context"
	"slices"

	"mlf/schema"
)

// insertMonthsMax is the most months that one insert may span. Each is a part on
// the server's disk, and it refuses an insert of more than 100, for ever
// (max_partitions_per_insert_block, code 252); some servers are set lower.
const insertMonthsMax = 32

// WriteRollups writes cumulative counts. Rows may be repeated, in any order, by
// any number of writers; number by number the highest holds. The rows may span
// any number of months: after an error those of some may be there, and all are
// to be sent again.
func (s *Store) WriteRollups(ctx context.Context, rows []schema.Rollup) error {
	for _, few := range byMonths(rows) {
		if err := s.insert(ctx, "rollup", len(few), rollupColumns(few)); err != nil {
			return err
		}
	}
	return nil
}

// byMonths cuts rows so that no piece spans too many months. Nearly always there
// is one piece, rows itself.
func byMonths(rows []schema.Rollup) [][]schema.Rollup {
	months := make(map[int]bool)
	for i := range rows {
		months[monthOf(&rows[i])] = true
	}
	if len(months) <= insertMonthsMax {
		return [][]schema.Rollup{rows}
	}
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b schema.Rollup) int { return cmp.Compare(a.Hour, b.Hour) })
	var pieces [][]schema.Rollup
	first, spans := 0, 1
	for i := 1; i < len(sorted); i++ {
		if monthOf(&sorted[i]) == monthOf(&sorted[i-1]) {
			continue
		}
		if spans++; spans > insertMonthsMax {
			pieces = append(pieces, sorted[first:i])
			first, spans = i, 1
		}
	}
	return append(pieces, sorted[first:])
}

// monthOf returns the month that r is kept in, in months of UTC: what the table
// is partitioned by.
func monthOf(r *schema.Rollup) int {
	year, month, _ := r.Hour.Time().Date()
	return 12*year + int(month)
}

// rollupColumns turns rows into the columns of insert_rollup.
func rollupColumns(rows []schema.Rollup) []any {
	n := len(rows)
	comune, office, service := make([]uint32, n), make([]string, n), make([]uint16, n)
	channel, scale, class := make([]uint8, n), make([]uint8, n), make([]uint8, n)
	hour, partition, segment := make([]int64, n), make([]uint16, n), make([]uint32, n)
	reasons := make([]map[uint8]uint64, n)
	var values [schema.ValueMax][]uint64
	for i := range values {
		values[i] = make([]uint64, n)
	}
	for i := range rows {
		r := &rows[i]
		comune[i], office[i], service[i] = uint32(r.Comune), string(r.Office), uint16(r.Service)
		channel[i], scale[i], class[i] = uint8(r.Channel), uint8(r.Scale), uint8(r.Class)
		hour[i], partition[i], segment[i] = int64(r.Hour)*secondsPerHour, uint16(r.Partition), uint32(r.Segment)
		for k := range values {
			values[k][i] = r.Values[k]
		}
		if len(r.Reasons) > 0 {
			reasons[i] = make(map[uint8]uint64, len(r.Reasons))
			for _, of := range r.Reasons {
				reasons[i][uint8(of.Key)] = of.N
			}
		}
	}
	return []any{
		comune, office, service, channel, scale, class, hour, partition, segment,
		values[0], values[1], values[2], values[3], values[4], reasons,
	}
}

// secondsPerHour turns a schema.Hour into Unix time.
const secondsPerHour = 3600
