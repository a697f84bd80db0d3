package query

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"mlf/schema"
	"mlf/schema/registry"
)

// rowEncoder writes rows of statistics. Append style: an answer may have a
// million rows.
type rowEncoder struct {
	group    []schema.Column
	names    []string
	faces    bool
	services []string // Codes by number.
	zone     *time.Location
}

// serviceCodes returns the services' codes by number; "" where there is none.
// Own services may have numbers up to 65,535, so this is made once: 1 MiB then.
func serviceCodes(reg *registry.Registry) []string {
	if reg == nil {
		return nil
	}
	services := reg.Services()
	codes := make([]string, int(services[len(services)-1].ID)+1)
	for _, service := range services {
		codes[service.ID] = service.Code
	}
	return codes
}

func serviceCode(codes []string, id schema.ServiceID) string {
	if int(id) < len(codes) && codes[id] != "" {
		return codes[id]
	}
	return fmt.Sprintf("service-%d", id) // Of a list this process does not have.
}

// appendJSON writes an object, with a comma before all but row 0.
func (e *rowEncoder) appendJSON(dst []byte, i int, row *schema.StatsRow) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, '{')
	for k, column := range e.group {
		dst = append(append(append(dst, '"'), e.names[k]...), '"', ':')
		from := len(dst)
		dst = append(dst, '"')
		dst = e.appendColumn(dst, column, row)
		dst = append(escapeJSON(dst, from), '"', ',')
	}
	n := row.N()
	if !e.faces {
		for v, count := range row.Values {
			dst = strconv.AppendInt(append(dst, `"v`...), int64(v+1), 10)
			dst = strconv.AppendUint(append(dst, `":`...), count, 10)
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(append(dst, `"n":`...), n, 10)
		return append(dst, '}')
	}
	green := row.Values[schema.Green-1]
	dst = strconv.AppendUint(append(dst, `"green":`...), green, 10)
	dst = strconv.AppendUint(append(dst, `,"yellow":`...), row.Values[schema.Yellow-1], 10)
	dst = strconv.AppendUint(append(dst, `,"red":`...), row.Values[schema.Red-1], 10)
	dst = strconv.AppendUint(append(dst, `,"n":`...), n, 10)
	if n == 0 {
		return append(dst, `,"green_share":null,"green_low":null,"green_high":null}`...)
	}
	low, high := wilson(green, n)
	dst = appendShare(append(dst, `,"green_share":`...), float64(green)/float64(n))
	dst = appendShare(append(dst, `,"green_low":`...), low)
	dst = appendShare(append(dst, `,"green_high":`...), high)
	return append(dst, '}')
}

// appendColumn writes the text of one column.
func (e *rowEncoder) appendColumn(dst []byte, column schema.Column, row *schema.StatsRow) []byte {
	switch column {
	case schema.ColumnRegion:
		return append(dst, row.Region.String()...)
	case schema.ColumnProvince:
		return append(dst, row.Province.String()...)
	case schema.ColumnComune:
		return append(dst, row.Comune.String()...)
	case schema.ColumnOffice:
		return append(dst, row.Office...)
	case schema.ColumnService:
		return append(dst, serviceCode(e.services, row.Service)...)
	case schema.ColumnChannel:
		return append(dst, row.Channel.String()...)
	case schema.ColumnScale:
		return append(dst, row.Scale.String()...)
	case schema.ColumnClass:
		return append(dst, row.Class.String()...)
	case schema.ColumnHour:
		return append(dst, row.Hour.String()...)
	case schema.ColumnDay:
		return appendDay(dst, row.Day)
	case schema.ColumnWeek:
		return appendWeek(dst, row.Day)
	case schema.ColumnMonth:
		return appendMonth(dst, row.Day)
	}
	panic(fmt.Sprintf("BUG: column %d", column))
}

// escapeJSON escapes the text of dst after its quotation mark at from. Nearly
// all texts need nothing: codes have letters and digits.
func escapeJSON(dst []byte, from int) []byte {
	for _, c := range dst[from+1:] {
		if c >= ' ' && c <= '~' && c != '"' && c != '\\' {
			continue
		}
		text, err := json.Marshal(string(dst[from+1:]))
		if err != nil {
			panic("BUG: a string is not JSON: " + err.Error())
		}
		return append(dst[:from], text[:len(text)-1]...)
	}
	return dst
}

// appendShare writes the shortest number that reads back as share.
func appendShare(dst []byte, share float64) []byte {
	return strconv.AppendFloat(dst, share, 'f', -1, 64)
}

// compareRows returns the order of rows by the texts of the columns.
func compareRows(group []schema.Column, services []string) func(a, b *schema.StatsRow) int {
	return func(a, b *schema.StatsRow) int {
		for _, column := range group {
			if order := compareColumn(column, services, a, b); order != 0 {
				return order
			}
		}
		return 0
	}
}

func compareColumn(column schema.Column, services []string, a, b *schema.StatsRow) int {
	switch column {
	case schema.ColumnRegion:
		return cmp.Compare(a.Region, b.Region)
	case schema.ColumnProvince:
		return cmp.Compare(a.Province, b.Province)
	case schema.ColumnComune:
		return cmp.Compare(a.Comune, b.Comune)
	case schema.ColumnOffice:
		return cmp.Compare(a.Office, b.Office)
	case schema.ColumnService:
		if a.Service == b.Service {
			return 0
		}
		return cmp.Compare(serviceCode(services, a.Service), serviceCode(services, b.Service))
	case schema.ColumnChannel:
		return cmp.Compare(a.Channel.String(), b.Channel.String())
	case schema.ColumnScale:
		return cmp.Compare(a.Scale.String(), b.Scale.String())
	case schema.ColumnClass:
		return cmp.Compare(a.Class.String(), b.Class.String())
	case schema.ColumnHour:
		return cmp.Compare(a.Hour, b.Hour)
	case schema.ColumnDay, schema.ColumnWeek, schema.ColumnMonth:
		return cmp.Compare(a.Day, b.Day)
	}
	panic(fmt.Sprintf("BUG: column %d", column))
}
