package store

import (
	"context"

	"mlf/schema"
)

// WriteRollups writes cumulative counts. Rows may be repeated, in any order, by
// any number of writers; number by number the highest holds. The rows may span
// months: after an error those of some months may be there, and all are to be
// sent again.
func (s *Store) WriteRollups(ctx context.Context, rows []schema.Rollup) error {
	return s.insert(ctx, "rollup", len(rows), rollupColumns(rows))
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
			for key, count := range r.Reasons {
				reasons[i][uint8(key)] = count
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
