package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/schema"
)

// Stats returns the counts that q asks for, in no order; no row for a group of
// which nothing was counted. More than q.RowsMax rows mean that there are more.
// schema.ErrTooDear: the store's limits were reached.
func (s *Store) Stats(ctx context.Context, q schema.StatsQuery) ([]schema.StatsRow, error) {
	p, time, err := statsParameters(q)
	if err != nil {
		return nil, err
	}
	var rows []schema.StatsRow
	err = s.read(ctx, "stats", p, func(scan scanFunc) error {
		row, err := scanStats(scan, time)
		rows = append(rows, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// scanStats reads one row, whose last group column is of the given time.
func scanStats(scan scanFunc, time schema.Column) (schema.StatsRow, error) {
	var r schema.StatsRow
	var region, channel, scale, class uint8
	var province, service uint16
	var comune uint32
	var office string
	var at int32
	v := &r.Values
	err := scan(&region, &province, &comune, &office, &service, &channel, &scale, &class, &at, &v[0], &v[1], &v[2], &v[3], &v[4])
	r.Region, r.Province = schema.RegionID(region), schema.ProvinceID(province)
	r.Comune, r.Office, r.Service = schema.ComuneID(comune), schema.OfficeCode(office), schema.ServiceID(service)
	r.Channel, r.Scale, r.Class = schema.Channel(channel), schema.Scale(scale), schema.Class(class)
	if time == schema.ColumnHour {
		r.Hour = schema.Hour(at)
	} else {
		r.Day = at
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
	provinces, regions := regionArrays(q.RegionOf)
	return clickhouse.Parameters{
		"by_region":    by(schema.ColumnRegion),
		"by_province":  by(schema.ColumnProvince),
		"by_comune":    by(schema.ColumnComune),
		"by_office":    by(schema.ColumnOffice),
		"by_service":   by(schema.ColumnService),
		"by_channel":   by(schema.ColumnChannel),
		"by_scale":     by(schema.ColumnScale),
		"by_class":     by(schema.ColumnClass),
		"time":         timeWord(time),
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
		"rows_max":     number(uint64(max(0, q.RowsMax)) + 1),
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

// regionArrays returns the provinces and, at the same places, their regions.
// They are never empty: transform() refuses an empty array.
func regionArrays(regionOf map[schema.ProvinceID]schema.RegionID) (provinces, regions string) {
	p, r := []schema.ProvinceID{0}, []schema.RegionID{0}
	for province, region := range regionOf {
		p, r = append(p, province), append(r, region)
	}
	return numbers(p), numbers(r)
}

// number writes n as the server reads it.
func number[N ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32 | ~int64](n N) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}

// numbers writes an array of numbers as the server reads it.
func numbers[N ~uint8 | ~uint16 | ~uint32](ns []N) string {
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
