package opendata

import (
	"cmp"
	_ "embed"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/format"
	"mlf/schema"
	"mlf/schema/registry"
)

// A table is one of two: lots, and the reasons of their votes.
type table string

const (
	tableLots    table = "lots"
	tableReasons table = "reasons"
)

func tables() []table { return []table{tableLots, tableReasons} }

// A column is one of a table, and what it means.
type column struct {
	name  string
	kind  string // What its values are: a key of datatypes.
	title registry.Label
	about registry.Label
}

//go:embed columns.csv
var columnsFile string

// readColumns returns the columns of each table, in their order.
func readColumns() map[table][]column {
	rows, err := csv.NewReader(strings.NewReader(columnsFile)).ReadAll()
	if err != nil {
		panic("BUG: columns.csv: " + err.Error())
	}
	columns := make(map[table][]column)
	for _, row := range rows[1:] {
		of := table(row[0])
		columns[of] = append(columns[of], column{
			name: row[1], kind: row[2],
			title: registry.Label{IT: row[3], EN: row[4], DE: row[5]}, about: registry.Label{IT: row[6], EN: row[7], DE: row[8]},
		})
	}
	return columns
}

// A row is one of either table: of reasons, the one at index reason of the lot's.
type row struct {
	release uint32
	reason  int
	schema.Lot
}

// key returns the value and the reason that a row of reasons is of.
func (r *row) key() schema.ReasonKey { return r.Reasons[r.reason].Key }

// codes are what the numbers in lots are called outside.
type codes struct{ registry *registry.Registry }

// levels returns the codes of levels, by their numbers.
func levels() []string {
	return []string{
		schema.LotOffice: "office", schema.LotChannel: "channel", schema.LotService: "service", schema.LotComune: "comune",
		schema.LotProvince: "province", schema.LotRegion: "region", schema.LotNation: "nation",
	}
}

// fields returns columns as a sheet has them, of whatever rows there are when it is
// written.
func (c codes) fields(columns []column, rows *[]row) []format.Field {
	level := levels()
	at := func(i int) *row { return &(*rows)[i] }
	fields := make([]format.Field, len(columns))
	for k := range columns {
		name := columns[k].name
		f := format.Field{Name: name, Kind: format.KindText}
		switch columns[k].kind {
		case "key":
			f.Kind, f.Count = format.KindNumber, func(i int) (uint64, bool) { return at(i).number(name), true }
		case "count", "votes":
			f.Kind, f.Count = format.KindCount, func(i int) (uint64, bool) { return at(i).count(name), true }
		case "day":
			f.Kind, f.Time = format.KindDay, func(i int) (time.Time, bool) { return at(i).day(name).Time(), true }
		case "level":
			f.Text = func(i int) (string, bool) { return level[at(i).Level], true }
		case "reason":
			f.Text = func(i int) (string, bool) { return at(i).key().Reason().String(), true }
		default:
			f.Text = func(i int) (string, bool) { return c.text(name, at(i)) }
		}
		fields[k] = f
	}
	return fields
}

func (r *row) number(column string) uint64 {
	switch column {
	case "release":
		return uint64(r.release)
	case "lot":
		return uint64(r.Number)
	}
	return uint64(r.key().Value())
}

func (r *row) count(column string) uint64 {
	switch {
	case column != "n":
		return r.Values[column[1]-'1']
	case r.reason >= 0:
		return r.Reasons[r.reason].N
	}
	return r.N()
}

func (r *row) day(column string) calendar.Day {
	if column == "first_day" {
		return calendar.Day(r.First)
	}
	return calendar.Day(r.Last)
}

// text returns what a column of the label of r says, false where the label leaves it
// open.
func (c codes) text(column string, r *row) (string, bool) {
	province := r.Province
	if r.Level <= schema.LotComune {
		province = r.Comune.Province()
	}
	switch column {
	case "region":
		region := r.Region
		if r.Level <= schema.LotProvince {
			region = c.registry.RegionOf()[province]
		}
		return region.String(), region != 0
	case "province":
		return province.String(), province != 0
	case "comune":
		return r.Comune.String(), r.Level <= schema.LotComune
	case "office":
		return string(r.Office), r.Office != ""
	case "service":
		service, _ := c.registry.Service(r.Service)
		return cmp.Or(service.Code, strconv.Itoa(int(r.Service))), r.Level <= schema.LotService
	case "channel":
		if r.Level <= schema.LotChannel {
			return r.Channel.String(), true
		}
		return "", false
	}
	return r.Scale.String(), true
}
