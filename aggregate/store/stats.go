package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"

	"mlf/schema"
)

// Stats returns the counts that q asks for, and of the same votes what the filter
// of classes leaves out. schema.ErrTooManyRows: there are more than q.RowsMax;
// schema.ErrTooDear: the store's limits were reached.
func (s *Store) Stats(ctx context.Context, q schema.StatsQuery) (schema.StatsAnswer, error) {
	p, time, err := statsParameters(q)
	if err != nil {
		return schema.StatsAnswer{}, err
	}
	l := s.narrow()
	if q.Wide {
		l = s.wide()
	}
	l.groupsMax = groupsMax(q.RowsMax)
	answer := schema.StatsAnswer{Excluded: make(map[schema.Class]uint64)}
	err = s.readBy(ctx, l, "stats", p, func(scan scanFunc) error {
		var reasons reasonCounts
		row, err := scanStats(scan, time, answer.Excluded, &reasons)
		switch {
		case err != nil:
			return err
		case row.N() == 0: // Only votes that were not asked for.
			return nil
		case len(answer.Rows) == q.RowsMax:
			return schema.ErrTooManyRows
		}
		for _, r := range reasons {
			r.Row = len(answer.Rows)
			answer.Reasons = append(answer.Reasons, r)
		}
		answer.Rows = append(answer.Rows, row)
		return nil
	})
	if err != nil {
		return schema.StatsAnswer{}, err
	}
	return answer, nil
}

// groupsMax is where the server ends a read of too many groups, before it has
// read and kept all of them: one more than the rows, for the votes that were not
// asked for. The rows themselves are counted here.
func groupsMax(rowsMax int) int { return max(0, rowsMax) + 1 }

// reasonCounts are the reasons of one row. The driver puts a map into it entry by
// entry, where into a map of ours it makes a new one for each row, also of nothing.
type reasonCounts []schema.StatsReason

// Put is called by the driver.
func (c *reasonCounts) Put(key, value any) {
	k, isKey := key.(uint8)
	n, isCount := value.(uint64)
	if !isKey || !isCount {
		panic(fmt.Sprintf("BUG: a reason's count of types %T and %T", key, value))
	}
	*c = append(*c, schema.StatsReason{Key: schema.ReasonKey(k), N: n})
}

// Iterator is what the driver wants of who writes a map.
func (*reasonCounts) Iterator() column.MapIterator { panic("BUG: reasons are only read") }

// scanStats reads one row, whose last group column is of the given time, and adds
// what it leaves out to excluded.
func scanStats(scan scanFunc, time schema.Column, excluded map[schema.Class]uint64, reasons *reasonCounts) (schema.StatsRow, error) {
	var r schema.StatsRow
	var region, channel, scale, class uint8
	var province, service uint16
	var comune uint32
	var office string
	var at int32
	v := &r.Values
	var out [4]uint64
	err := scan(&region, &province, &comune, &office, &service, &channel, &scale, &class, &at,
		&v[0], &v[1], &v[2], &v[3], &v[4], &out[0], &out[1], &out[2], &out[3], reasons)
	r.Region, r.Province = schema.RegionID(region), schema.ProvinceID(province)
	r.Comune, r.Office, r.Service = schema.ComuneID(comune), schema.OfficeCode(office), schema.ServiceID(service)
	r.Channel, r.Scale, r.Class = schema.Channel(channel), schema.Scale(scale), schema.Class(class)
	if time == schema.ColumnHour {
		r.Hour = schema.Hour(at)
	} else {
		r.Day = at
	}
	for i, class := range schema.Classes() {
		if out[i] > 0 {
			excluded[class] += out[i]
		}
	}
	return r, err
}

// statsParameters returns the parameters of the statement, and the column of
// time that it groups by, 0 for none.
func statsParameters(q schema.StatsQuery) (clickhouse.Parameters, schema.Column, error) {
	var time schema.Column
	for _, c := range q.Group {
		if c < schema.ColumnRegion || c > schema.ColumnMonth {
			return nil, 0, fmt.Errorf("read stats: column %d: unknown", c)
		}
		if c < schema.ColumnHour {
			continue
		}
		if time != 0 {
			return nil, 0, fmt.Errorf("read stats: columns %d and %d: want at most one of hour, day, week, month", time, c)
		}
		time = c
	}
	by := func(c schema.Column) string { return strconv.FormatBool(slices.Contains(q.Group, c)) }
	provinces, regions := arrays(q.RegionOf)
	codes, codesNow := arrays(q.CodeOf)
	return clickhouse.Parameters{
		"by_region":    by(schema.ColumnRegion),
		"by_province":  by(schema.ColumnProvince),
		"by_comune":    by(schema.ColumnComune),
		"by_office":    by(schema.ColumnOffice),
		"by_service":   by(schema.ColumnService),
		"by_channel":   by(schema.ColumnChannel),
		"by_scale":     by(schema.ColumnScale),
		"by_class":     by(schema.ColumnClass),
		"by_reason":    strconv.FormatBool(q.Reasons),
		"time":         timeWord(time),
		"codes":        codes,
		"codes_now":    codesNow,
		"provinces_of": provinces,
		"regions_of":   regions,
		"from":         number(uint64(q.From) * secondsPerHour),
		"next":         number(uint64(q.Next) * secondsPerHour),
		"provinces":    numbers(q.Provinces),
		"comuni":       numbers(q.Comuni),
		"offices":      texts(q.Offices),
		"services":     numbers(q.Services),
		"channels":     numbers(q.Channels),
		"scales":       numbers(q.Scales),
		"classes":      numbers(q.Classes),
	}, time, nil
}

// timeWord is the statement's word for a column of time.
func timeWord(c schema.Column) string {
	switch c {
	case schema.ColumnHour:
		return "hour"
	case schema.ColumnDay:
		return "day"
	case schema.ColumnWeek:
		return "week"
	case schema.ColumnMonth:
		return "month"
	default:
		return ""
	}
}

// arrays returns the keys of a map and, at the same places, their values. They
// are never empty: transform() refuses an empty array.
func arrays[K, V ~uint8 | ~uint16 | ~uint32](of map[K]V) (keys, values string) {
	k, v := []K{0}, []V{0}
	for key, value := range of {
		k, v = append(k, key), append(v, value)
	}
	return numbers(k), numbers(v)
}

// number writes n as the server reads it.
func number[N ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32 | ~int64](n N) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}

// numbers writes an array of numbers as the server reads it.
func numbers[N ~uint8 | ~uint16 | ~uint32 | ~uint64](ns []N) string {
	b := []byte{'['}
	for i, n := range ns {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return string(append(b, ']'))
}

// texts writes an array of strings as the server reads it.
func texts[S ~string](ss []S) string {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var b strings.Builder
	for i, s := range ss {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("'" + quote.Replace(string(s)) + "'")
	}
	return "[" + b.String() + "]"
}
