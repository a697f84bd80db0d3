package storetest

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mlf/schema"
)

// written writes a history and returns its model.
func written(t *testing.T, s Subject) model {
	t.Helper()
	rows := history(rand.New(rand.NewPCG(7, 7)), 600, 3)
	if err := s.WriteRollups(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	m := model{}
	m.write(rows)
	return m
}

// regions of the tests' three provinces: two of them share one.
func regionOf() map[schema.ProvinceID]schema.RegionID {
	return map[schema.ProvinceID]schema.RegionID{58: 12, 59: 12, 60: 9, 1: 1}
}

// project is q's group of a cell, as the store must find it.
func project(c schema.Cell, group []schema.Column, rome *time.Location) schema.StatsRow {
	var r schema.StatsRow
	for _, column := range group {
		switch column {
		case schema.ColumnRegion:
			r.Region = regionOf()[c.Comune.Province()]
		case schema.ColumnProvince:
			r.Province = c.Comune.Province()
		case schema.ColumnComune:
			r.Comune = c.Comune
		case schema.ColumnOffice:
			r.Office = c.Office
		case schema.ColumnService:
			r.Service = c.Service
		case schema.ColumnChannel:
			r.Channel = c.Channel
		case schema.ColumnScale:
			r.Scale = c.Scale
		case schema.ColumnClass:
			r.Class = c.Class
		case schema.ColumnHour:
			r.Hour = c.Hour
		case schema.ColumnDay, schema.ColumnWeek, schema.ColumnMonth:
			r.Day = day(c.Hour, column, rome)
		}
	}
	return r
}

// day returns the first day of the day, week or month in Rome that h lies in.
func day(h schema.Hour, column schema.Column, rome *time.Location) int32 {
	year, month, d := h.Time().In(rome).Date()
	date := time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
	switch column {
	case schema.ColumnWeek:
		date = date.AddDate(0, 0, -(int(date.Weekday())+6)%7)
	case schema.ColumnMonth:
		date = date.AddDate(0, 0, 1-d)
	default:
	}
	return int32(date.Unix() / 86400)
}

func rome(t *testing.T) *time.Location {
	t.Helper()
	location, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// groupings compares with the model: every column alone, every column with every
// time, several in an unusual order, none.
func groupings(t *testing.T, s Subject) {
	m, rome := written(t, s), rome(t)
	groups := [][]schema.Column{
		{},
		allColumns(),
		{schema.ColumnHour, schema.ColumnService},
		{schema.ColumnClass, schema.ColumnScale, schema.ColumnRegion, schema.ColumnOffice},
	}
	for c := schema.ColumnRegion; c <= schema.ColumnMonth; c++ {
		groups = append(groups, []schema.Column{c})
		for time := schema.ColumnHour; c < schema.ColumnHour && time <= schema.ColumnMonth; time++ {
			groups = append(groups, []schema.Column{c, time}, []schema.Column{time, c})
		}
	}
	for _, group := range groups {
		want := map[schema.StatsRow][schema.ValueMax]uint64{}
		for cell, values := range m.sums() {
			add(want, project(cell, group, rome), values)
		}
		q := everything(group...)
		q.RegionOf = regionOf()
		answer, err := s.Stats(t.Context(), q)
		if err != nil {
			t.Fatalf("group %v: %v", group, err)
		}
		rows := answer.Rows
		if len(rows) != len(want) || len(answer.Excluded) > 0 {
			t.Errorf("group %v: %d rows: want %d", group, len(rows), len(want))
		}
		for _, r := range rows {
			got := r.Values
			r.Values = [schema.ValueMax]uint64{}
			if got != want[r] {
				t.Errorf("group %v: %+v: got %v, want %v", group, r, got, want[r])
			}
		}
	}
}

// codes: rows have the codes that are asked for in place of those that were
// counted, and what is derived from them; filters know only the latter.
func codes(t *testing.T, s Subject) {
	m, rome := written(t, s), rome(t)
	codeOf := map[schema.ComuneID]schema.ComuneID{58001: 60500, 59002: 60500, 99999: 1}
	for _, group := range [][]schema.Column{
		{schema.ColumnComune}, {schema.ColumnProvince}, {schema.ColumnRegion}, {schema.ColumnService}, allColumns(),
	} {
		want := map[schema.StatsRow][schema.ValueMax]uint64{}
		for cell, values := range m.sums() {
			if cell.Comune.Province() == 60 {
				continue
			}
			if code, ok := codeOf[cell.Comune]; ok {
				cell.Comune = code
			}
			add(want, project(cell, group, rome), values)
		}
		q := everything(group...)
		q.CodeOf, q.RegionOf, q.Provinces = codeOf, regionOf(), []schema.ProvinceID{58, 59}
		answer, err := s.Stats(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got := map[schema.StatsRow][schema.ValueMax]uint64{}
		for _, r := range answer.Rows {
			values := r.Values
			r.Values = [schema.ValueMax]uint64{}
			got[r] = values
		}
		if !maps.Equal(got, want) {
			t.Errorf("group %v: got %v, want %v", group, got, want)
		}
	}
}

func filters(t *testing.T, s Subject) {
	m := written(t, s)
	f := func(q schema.StatsQuery, pass func(c schema.Cell) bool) {
		t.Helper()
		answer, err := s.Stats(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var want, got uint64
		for cell, values := range m.sums() {
			if pass(cell) {
				for _, v := range values {
					want += v
				}
			}
		}
		for _, r := range answer.Rows {
			got += r.N()
		}
		if got != want || want == 0 {
			t.Errorf("%+v: got %d, want %d, and some", q, got, want)
		}
	}
	q := everything()
	q.From, q.Next = firstHour()+10, firstHour()+60
	f(q, func(c schema.Cell) bool { return c.Hour >= q.From && c.Hour < q.Next })
	q = everything()
	q.Provinces = []schema.ProvinceID{58, 60}
	f(q, func(c schema.Cell) bool { return c.Comune.Province() != 59 })
	q = everything()
	q.Comuni, q.Services = []schema.ComuneID{58001, 59002, 99999}, []schema.ServiceID{0, 3}
	f(q, func(c schema.Cell) bool {
		return (c.Comune == 58001 || c.Comune == 59002) && (c.Service == 0 || c.Service == 3)
	})
	q = everything()
	q.Offices = []schema.OfficeCode{"A.1", ""}
	f(q, func(c schema.Cell) bool { return c.Office != "via-Roma_2" })
	q = everything()
	q.Offices = []schema.OfficeCode{`o'\`, "A.1"} // No office is called so; it must not matter.
	f(q, func(c schema.Cell) bool { return c.Office == "A.1" })
	q = everything()
	q.Channels, q.Scales, q.Classes = []schema.Channel{1, 2, 3}, []schema.Scale{1, 2}, []schema.Class{1, 2, 3}
	f(q, func(c schema.Cell) bool { return c.Channel <= 3 && c.Scale <= 2 && c.Class <= 3 })
}

// romeDays counts one vote in every hour around the two days of the year that
// have 25 and 23 hours.
func romeDays(t *testing.T, s Subject) {
	rome := rome(t)
	f := func(year int, month time.Month, d int, hours uint64) {
		t.Helper()
		midnight := time.Date(year, month, d, 0, 0, 0, 0, rome)
		first := schema.HourOf(midnight) - 24
		var rows []schema.Rollup
		for h := first; h < first+96; h++ {
			rows = append(rows, schema.Rollup{
				Cell:   schema.Cell{Comune: 58091, Channel: 1, Scale: 1, Class: 1, Hour: h},
				Values: [schema.ValueMax]uint64{2: 1},
			})
		}
		if err := s.WriteRollups(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		answer, err := s.Stats(t.Context(), schema.StatsQuery{From: first, Next: first + 96, Group: []schema.Column{schema.ColumnDay}, RowsMax: 10})
		got := answer.Rows
		if err != nil || len(got) < 2 {
			t.Fatalf("%d days, %v", len(got), err)
		}
		slices.SortFunc(got, func(a, b schema.StatsRow) int { return int(a.Day - b.Day) })
		want := int32(time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
		if got[0].Day != want-1 || got[0].N() != 24 || got[1].Day != want || got[1].N() != hours {
			t.Errorf("%v: got days %d with %d and %d with %d hours, want %d with 24 and %d with %d",
				midnight, got[0].Day, got[0].N(), got[1].Day, got[1].N(), want-1, want, hours)
		}
	}
	f(2026, time.October, 25, 25)
	f(2026, time.March, 29, 23)
}

// excluded: whatever is grouped and filtered, the votes of the classes that were
// not asked for are told beside the rows, and make none.
func excluded(t *testing.T, s Subject) {
	m := written(t, s)
	for _, classes := range [][]schema.Class{{schema.ClassOK}, {schema.ClassBurst, schema.ClassTest}, schema.Classes()} {
		for _, group := range [][]schema.Column{{}, {schema.ColumnComune, schema.ColumnHour}, {schema.ColumnClass, schema.ColumnMonth}, allColumns()} {
			q := everything(group...)
			q.RegionOf, q.Classes, q.Services = regionOf(), classes, []schema.ServiceID{0, 3}
			want, total := map[schema.Class]uint64{}, uint64(0)
			for cell, values := range m.sums() {
				if cell.Service != 0 && cell.Service != 3 {
					continue
				}
				for _, v := range values {
					if slices.Contains(classes, cell.Class) {
						total += v
					} else if v > 0 {
						want[cell.Class] += v
					}
				}
			}
			answer, err := s.Stats(t.Context(), q)
			if err != nil || !maps.Equal(answer.Excluded, want) {
				t.Errorf("classes %v, group %v: left out are %v, %v, want %v", classes, group, answer.Excluded, err, want)
			}
			for _, r := range answer.Rows {
				total -= r.N()
				if r.N() == 0 {
					t.Errorf("classes %v, group %v: a row of nothing: %+v", classes, group, r)
				}
			}
			if total != 0 {
				t.Errorf("classes %v, group %v: the rows are %d short", classes, group, int64(total))
			}
		}
	}
}

func rowsMax(t *testing.T, s Subject) {
	m := written(t, s)
	hours := map[schema.Hour]bool{}
	for cell := range m.sums() {
		hours[cell.Hour] = true
	}
	f := func(rowsMax int, tooMany bool) {
		t.Helper()
		q := everything(schema.ColumnHour)
		q.RowsMax = rowsMax
		answer, err := s.Stats(t.Context(), q)
		if errors.Is(err, schema.ErrTooManyRows) != tooMany || !tooMany && (err != nil || len(answer.Rows) != len(hours)) {
			t.Errorf("at most %d of %d: got %d rows, %v", rowsMax, len(hours), len(answer.Rows), err)
		}
	}
	f(len(hours)/4, true) // The server is stopped,
	f(len(hours)-1, true) // or we stop.
	f(len(hours), false)
	// Votes that are not asked for make no rows, and none too many.
	cells := map[schema.Cell]bool{}
	for cell := range m.sums() {
		if cell.Class == schema.ClassTest {
			cells[cell] = true
		}
	}
	q := everything(allColumns()...)
	q.Classes, q.RowsMax = []schema.Class{schema.ClassTest}, len(cells)
	if answer, err := s.Stats(t.Context(), q); err != nil || len(answer.Rows) != len(cells) {
		t.Errorf("at most %d of as many tests: got %d rows, %v", len(cells), len(answer.Rows), err)
	}
}

func nonsense(t *testing.T, s Subject) {
	for _, group := range [][]schema.Column{{0}, {schema.ColumnMonth + 1}, {schema.ColumnHour, schema.ColumnDay}} {
		if _, err := s.Stats(t.Context(), everything(group...)); err == nil {
			t.Errorf("group %v was accepted", group)
		}
	}
}

// reasonCounts: whatever is grouped and filtered, the reasons of the votes in each
// row are told, in the row that has these votes.
func reasonCounts(t *testing.T, s Subject) {
	m, rome := written(t, s), rome(t)
	type counted struct {
		row schema.StatsRow
		key schema.ReasonKey
	}
	for _, classes := range [][]schema.Class{nil, {schema.ClassOK, schema.ClassTest}} {
		for _, group := range [][]schema.Column{{}, {schema.ColumnRegion}, {schema.ColumnService, schema.ColumnMonth}, {schema.ColumnClass, schema.ColumnDay}, allColumns()} {
			want, got := map[counted]uint64{}, map[counted]uint64{}
			for k, r := range m {
				if k.cell.Channel == schema.Channels()[0] || len(classes) > 0 && !slices.Contains(classes, k.cell.Class) {
					continue
				}
				for _, of := range r.Reasons {
					want[counted{project(k.cell, group, rome), of.Key}] += of.N
				}
			}
			q := everything(group...)
			q.RegionOf, q.Classes, q.Channels, q.Reasons = regionOf(), classes, schema.Channels()[1:], true
			answer, err := s.Stats(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range answer.Reasons {
				row := answer.Rows[r.Row]
				row.Values = [schema.ValueMax]uint64{}
				got[counted{row, r.Key}] += r.N
			}
			if !maps.Equal(got, want) || len(answer.Reasons) != len(want) || len(want) == 0 {
				t.Errorf("classes %v, group %v: got %d, %v, want %d, %v", classes, group, len(answer.Reasons), got, len(want), want)
			}
			q.Reasons = false
			if answer, err = s.Stats(t.Context(), q); err != nil || len(answer.Reasons) > 0 {
				t.Errorf("got %d reasons that were not asked for, %v", len(answer.Reasons), err)
			}
		}
	}
}
