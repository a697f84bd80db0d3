package format

import (
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
)

// Columns returns the fields of t's columns, with names behind the codes that have them.
func Columns(t *question.Table) []Field { return FirstColumns(t, len(t.Columns)) }

// FirstColumns returns the fields of the first n of t's columns.
func FirstColumns(t *question.Table, n int) []Field {
	fields := make([]Field, 0, n)
	for k := range t.Columns[:n] {
		c := &t.Columns[k]
		if fields = append(fields, column(t, c)); c.HasNames() {
			fields = append(fields, Field{Name: c.Name + nameEnding, Kind: KindText, Text: func(i int) (string, bool) {
				name := c.NameOf(&t.Rows[i])
				return name, name != ""
			}})
		}
	}
	return fields
}

// nameEnding is behind the name of a column of codes in that of their names.
const nameEnding = "_name"

func column(t *question.Table, c *question.Column) Field {
	f := Field{Name: c.Name, Kind: KindText, Text: func(i int) (string, bool) { return c.Text(&t.Rows[i]), true }}
	switch {
	case c.Name == "hour":
		f.Kind, f.Time = KindHour, func(i int) (time.Time, bool) { return schema.Hour(c.Value(&t.Rows[i])).Time(), true }
	case c.Name == "day":
		f.Kind, f.Time = KindDay, func(i int) (time.Time, bool) { return calendar.Day(c.Value(&t.Rows[i])).Time(), true }
	case c.Name == "weekday" || c.Name == "hour_of_day":
		f.Kind, f.Count = KindNumber, func(i int) (uint64, bool) { return uint64(c.Value(&t.Rows[i])), true }
	case c.Bare:
		f.Kind, f.Truth = KindTruth, func(i int) (bool, bool) { text := c.Text(&t.Rows[i]); return text == "true", text != "" }
	}
	return f
}

// Sheet returns the rows as files for programs have them: the columns of CSV, with
// their kinds. What it is called is the caller's to say.
func (e *Rows) Sheet() *Sheet {
	t := e.Table
	s := &Sheet{Len: len(t.Rows), Fields: Columns(t)}
	if c, ok := e.hourly(); ok {
		s.Fields = append(s.Fields, LocalHour(e.Zone, func(i int) schema.Hour { return schema.Hour(c.Value(&t.Rows[i])) }))
	}
	s.Fields = append(s.Fields, e.valueFields()...)
	if t.Before != nil {
		s.Fields = append(s.Fields, e.beforeFields()...)
	}
	if e.Marks && t.Marks() {
		s.Fields = append(s.Fields, Field{Name: "running", Kind: KindTruth, Truth: func(i int) (bool, bool) { return t.Running(&t.Rows[i]), true }})
	}
	if e.Status != nil {
		s.Fields = append(s.Fields, Field{Name: "status", Kind: KindStatus, Text: func(i int) (string, bool) { return e.Status(&t.Rows[i]), true }})
	}
	return s
}

// LocalHour is the field of an hour by the clock of a zone.
func LocalHour(zone *time.Location, hour func(row int) schema.Hour) Field {
	return Field{Name: "hour_local", Kind: KindText, Text: func(i int) (string, bool) {
		return hour(i).Time().In(zone).Format("2006-01-02T15:04:05-07:00"), true
	}}
}

func (e *Rows) valueFields() []Field {
	rows := e.Table.Rows
	count := func(name string, of func(*question.Count) uint64) Field {
		return Field{Name: name, Kind: KindCount, Count: func(i int) (uint64, bool) { return of(&rows[i]), !e.isHidden(&rows[i]) }}
	}
	names, values := strings.Split(valueColumns, ","), []schema.Value{1, 2, 3, 4, 5}
	if e.Table.Faces {
		names, values = strings.Split(faceColumns, ","), []schema.Value{schema.Green, schema.Yellow, schema.Red}
	}
	var fields []Field
	for k, v := range values {
		fields = append(fields, count(names[k], func(r *question.Count) uint64 { return r.Values[v-1] }))
	}
	fields = append(fields, count("n", (*question.Count).N))
	if !e.Table.Faces {
		return fields
	}
	share := func(name string, of func(k, n uint64) float64) Field {
		return Field{Name: name, Kind: KindShare, Share: func(i int) (float64, bool) {
			n := rows[i].N()
			if n == 0 {
				return 0, false
			}
			return of(rows[i].Values[schema.Green-1], n), true
		}}
	}
	return append(fields,
		share("green_share", func(k, n uint64) float64 { return float64(k) / float64(n) }),
		share("green_low", func(k, n uint64) float64 { low, _ := e.Interval(k, n); return low }),
		share("green_high", func(k, n uint64) float64 { _, high := e.Interval(k, n); return high }))
}

// beforeFields are the fields of what rows are compared with.
func (e *Rows) beforeFields() []Field {
	t := e.Table
	changed := func(i int) change { return e.changeOf(&t.Rows[i], &t.Before[i]) }
	var fields []Field
	for _, name := range strings.Split(e.beforeNames(), ",") {
		k := len(fields)
		f := Field{Name: name, Kind: KindCount, Count: func(i int) (uint64, bool) { return changed(i).counts[k], true }}
		of := func(get func(change) *float64) {
			f.Kind, f.Share = KindShare, func(i int) (float64, bool) {
				if x := get(changed(i)); x != nil {
					return *x, true
				}
				return 0, false
			}
		}
		switch name {
		case "compare_green_share":
			of(func(c change) *float64 { return c.share })
		case "n_change":
			of(func(c change) *float64 { return c.n })
		case "green_share_change":
			of(func(c change) *float64 { return c.shares })
		}
		fields = append(fields, f)
	}
	return fields
}
