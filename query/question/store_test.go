package question

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/query/calendar"
	"mlf/schema"
)

// A pile is counts in memory: a Source that groups by columns as a store does, and
// a View that asks the axes of every cell, the slow and obvious way.
type pile struct {
	zone    *time.Location
	cells   map[schema.Cell][schema.ValueMax]uint64
	reasons map[schema.Cell]map[schema.ReasonKey]uint64 // Of the votes of cells.
}

func (p *pile) Stats(_ context.Context, q schema.StatsQuery) (schema.StatsAnswer, error) {
	sums := make(map[schema.StatsRow][schema.ValueMax]uint64)
	reasons := make(map[schema.StatsRow]map[schema.ReasonKey]uint64)
	answer := schema.StatsAnswer{Excluded: make(map[schema.Class]uint64)}
	for c, values := range p.cells {
		if c.Hour < q.From || c.Hour >= q.Next || !has(q.Provinces, c.Comune.Province()) || !has(q.Comuni, c.Comune) ||
			!has(q.Offices, c.Office) || !has(q.Services, c.Service) || !has(q.Channels, c.Channel) || !has(q.Scales, c.Scale) {
			continue
		}
		if !has(q.Classes, c.Class) {
			answer.Excluded[c.Class] += votes(values)
			continue
		}
		row := p.row(c, &q)
		sums[row] = plus(sums[row], values)
		if reasons[row] == nil {
			reasons[row] = make(map[schema.ReasonKey]uint64)
		}
		for key, n := range p.reasons[c] {
			reasons[row][key] += n
		}
	}
	for row, values := range sums {
		for key, n := range reasons[row] {
			if q.Reasons {
				answer.Reasons = append(answer.Reasons, schema.StatsReason{Row: len(answer.Rows), Key: key, N: n})
			}
		}
		row.Values = values
		answer.Rows = append(answer.Rows, row)
	}
	if len(answer.Rows) > q.RowsMax {
		return schema.StatsAnswer{}, schema.ErrTooManyRows
	}
	return answer, nil
}

func has[T comparable](filter []T, v T) bool { return len(filter) == 0 || slices.Contains(filter, v) }

func votes(values [schema.ValueMax]uint64) uint64 { return (&Count{Values: values}).N() }

func plus(a, b [schema.ValueMax]uint64) [schema.ValueMax]uint64 {
	for i := range a {
		a[i] += b[i]
	}
	return a
}

func (p *pile) row(c schema.Cell, q *schema.StatsQuery) schema.StatsRow {
	var row schema.StatsRow
	local := c.Hour.Time().In(p.zone)
	d := calendar.DayOf(calendar.MonthOf(local.Year(), local.Month()), local.Day())
	for _, column := range q.Group {
		switch column {
		case schema.ColumnComune:
			row.Comune = c.Comune
			if code, ok := q.CodeOf[c.Comune]; ok {
				row.Comune = code
			}
		case schema.ColumnOffice:
			row.Office = c.Office
		case schema.ColumnService:
			row.Service = c.Service
		case schema.ColumnChannel:
			row.Channel = c.Channel
		case schema.ColumnScale:
			row.Scale = c.Scale
		case schema.ColumnClass:
			row.Class = c.Class
		case schema.ColumnHour:
			row.Hour = c.Hour
		case schema.ColumnDay:
			row.Day = int32(d)
		case schema.ColumnWeek:
			row.Day = int32(d.Monday())
		case schema.ColumnMonth:
			row.Day = int32(calendar.DayOf(d.Month(), 1))
		default:
			panic(fmt.Sprintf("BUG: column %d", column))
		}
	}
	return row
}

func (p *pile) Counts(_ context.Context, a *Axes) (*Counts, error) {
	rows, counts := make(map[Key][schema.ValueMax]uint64), new(Counts)
	reasons := make(map[reasonOf]uint64)
	for c, values := range p.cells {
		if c.Hour < a.From || c.Hour >= a.Next {
			continue
		}
		k := Key{
			Comune: of(a.Comune, c.Comune), Office: of(a.Office, c.Office), Service: of(a.Service, c.Service),
			Channel: of(a.Channel, c.Channel), Scale: of(a.Scale, c.Scale), Class: of(a.Class, c.Class),
		}
		if a.Hours != nil {
			k.Hour = a.Hours[c.Hour-a.From]
		}
		switch {
		case min(k.Comune, k.Office, k.Service, k.Channel, k.Scale, k.Hour) == Out:
		case k.Class == Out:
			counts.Excluded[c.Class] += votes(values)
		default:
			rows[k] = plus(rows[k], values)
			for key, n := range p.reasons[c] {
				reasons[reasonOf{k, key}] += n
			}
		}
	}
	for k, values := range rows {
		counts.Rows = append(counts.Rows, Count{Key: k, Values: values})
	}
	for of, n := range reasons {
		counts.Reasons = append(counts.Reasons, ReasonCount{Key: of.Key, Reason: of.reason, N: n})
	}
	return counts, nil
}

func of[T any](group func(T) Group, x T) Group {
	if group == nil {
		return 0
	}
	return group(x)
}

// country draws cells of comuni under several codes and of no list, in nights in
// which the clock is changed, on holidays and others.
func country(t *rapid.T, zone *time.Location) *pile {
	p := &pile{zone: zone, cells: make(map[schema.Cell][schema.ValueMax]uint64), reasons: make(map[schema.Cell]map[schema.ReasonKey]uint64)}
	hours := rapid.Custom(func(t *rapid.T) schema.Hour {
		day := rapid.SampledFrom([]string{"2025-12-31", "2026-03-29", "2026-04-06", "2026-10-04", "2026-10-25", "2026-11-01", "2026-11-24"}).Draw(t, "day")
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return schema.HourOf(at) + schema.Hour(rapid.IntRange(-4, 30).Draw(t, "hour"))
	})
	for range rapid.IntRange(1, 60).Draw(t, "cells") {
		c := schema.Cell{
			Comune:  rapid.SampledFrom([]schema.ComuneID{58091, 21008, 1272, 90001, 113001, 90003, 112001, 18082, 18094, 58999, 58998, 999999, 999998}).Draw(t, "comune"),
			Office:  rapid.SampledFrom([]schema.OfficeCode{"", "A", "B"}).Draw(t, "office"),
			Service: rapid.SampledFrom([]schema.ServiceID{0, 1, 2, 19, 999, 1000}).Draw(t, "service"),
			Channel: rapid.SampledFrom(schema.Channels()).Draw(t, "channel"),
			Scale:   rapid.SampledFrom([]schema.Scale{1, 1, 1, 2, 3}).Draw(t, "scale"),
			Class:   rapid.SampledFrom([]schema.Class{1, 1, 1, 2, 3, 4}).Draw(t, "class"),
			Hour:    hours.Draw(t, "at"),
		}
		p.cells[c] = plus(p.cells[c], [schema.ValueMax]uint64{rapid.Uint64Range(1, 9).Draw(t, "n")})
		if rapid.Bool().Draw(t, "reason") {
			key := schema.KeyOfReason(schema.Red, schema.Reason(rapid.IntRange(1, int(schema.ReasonMax)).Draw(t, "given")))
			p.reasons[c] = map[schema.ReasonKey]uint64{key: rapid.Uint64Range(1, p.cells[c][0]).Draw(t, "of")}
		}
	}
	return p
}

// asked draws a question, its filters seldom.
func asked(t *rapid.T, v *Vocabulary) Values {
	values := Values{"from": {rapid.SampledFrom([]string{"2025-12-01", "2026-03-29", "2026-10-04T06:00:00Z"}).Draw(t, "from")}, "to": {"2026-11-25"}}
	for _, d := range v.all {
		if rapid.IntRange(0, 3).Draw(t, d.Name) == 0 {
			values["group"] = append(values["group"], d.Name)
		}
	}
	for name, choices := range map[string][]string{
		"region": {"12", "20", "20,12"}, "province": {"058", "090", "113"}, "comune": {"058091", "090001", "113001,018082"}, "macro_area": {"isole", "centro,sud"},
		"population_class": {"under-5000", "from-200000"}, "small": {"true", "false"}, "office": {"A", ",B", "X"}, "service": {"anagrafe", "unspecified,anagrafe"},
		"category": {"anagrafe-stato-civile", "turismo"}, "channel": {"web", "totem,phone"}, "scale": {"mlf3", "stars5", "mlf3,smiley4"}, "class": {"all", "burst,test", "late_clock"},
		"quarter": {"2026-Q4", "2026-Q1,2025-Q4"}, "year": {"2026"}, "weekday": {"1,7"}, "hour_of_day": {"2", "8,9,10"}, "day_kind": {"holiday", "working,saturday"}, "working_day": {"true"},
	} {
		if rapid.IntRange(0, 6).Draw(t, "filter "+name) == 0 {
			values[name] = []string{rapid.SampledFrom(choices).Draw(t, name+" is")}
		}
	}
	return values
}

// Whatever is asked, the store's columns come to what the cells do.
func TestStoreViewIsWhatTheCellsSay(t *testing.T) {
	v := vocabulary(t)
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		p := country(t, v.clock.Zone())
		q, err := v.Ask(asked(t, v), now)
		if err != nil {
			return
		}
		f := q.Frame(q.Span)
		f.RowsMax, f.Reasons = rawMax, rapid.Bool().Draw(t, "reasons")
		want, err := p.Counts(t.Context(), &f.Axes)
		if err != nil {
			t.Fatal(err)
		}
		store := &StoreView{Source: p, Codes: v.Codes(), Clock: v.Clock()}
		got, err := store.Counts(t.Context(), &f.Axes)
		if err != nil {
			t.Fatal(err)
		}
		if got.Excluded != want.Excluded {
			t.Fatalf("%v: excluded: got %v, want %v", q, got.Excluded, want.Excluded)
		}
		byKey := func(rows []Count) map[Key][schema.ValueMax]uint64 {
			m := make(map[Key][schema.ValueMax]uint64)
			for _, row := range rows {
				if _, twice := m[row.Key]; twice {
					t.Fatalf("%v: %v comes twice", q, row.Key)
				}
				m[row.Key] = row.Values
			}
			return m
		}
		if got, want := byKey(got.Rows), byKey(want.Rows); !maps.Equal(got, want) {
			t.Fatalf("%v: got %v, want %v", q, got, want)
		}
		if got, want := reasonsOf(t, got), reasonsOf(t, want); f.Reasons && !maps.Equal(got, want) || !f.Reasons && len(got) > 0 {
			t.Fatalf("%v: reasons: got %v, want %v", q, got, want)
		}
		checkOrder(t, f.Table(got))
	})
}

func reasonsOf(t *rapid.T, c *Counts) map[reasonOf]uint64 {
	m := make(map[reasonOf]uint64)
	for _, r := range c.Reasons {
		of := reasonOf{r.Key, r.Reason}
		if m[of] > 0 {
			t.Fatalf("%v comes twice", of)
		}
		m[of] = r.N
	}
	return m
}

// checkOrder looks whether the rows are in the order of their texts, or of what
// their texts stand for.
func checkOrder(t *rapid.T, table *Table) {
	for i := 1; i < len(table.Rows); i++ {
		for k := range table.Columns {
			c := &table.Columns[k]
			a, b := c.Text(&table.Rows[i-1]), c.Text(&table.Rows[i])
			if a == b {
				continue
			}
			if c.sorted && c.Value(&table.Rows[i-1]) > c.Value(&table.Rows[i]) || !c.sorted && strings.Compare(a, b) > 0 {
				t.Fatalf("row %d: %s stands before %s", i, a, b)
			}
			break
		}
	}
}

// The store is not asked for more than it must be.
func TestStoreViewAsksForLittle(t *testing.T) {
	v := vocabulary(t)
	f := func(ask Values, want ...schema.Column) {
		t.Helper()
		ask["from"], ask["to"] = []string{"2026-10-01"}, []string{"2026-12-01"}
		q, err := v.Ask(ask, time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		s := new(silent)
		frame := q.Frame(q.Span)
		if _, err := (&StoreView{Source: s, Codes: v.Codes(), Clock: v.Clock()}).Counts(t.Context(), &frame.Axes); err != nil && !errors.Is(err, errSilent) {
			t.Fatal(err)
		}
		if !slices.Equal(s.asked, want) {
			t.Errorf("%v: got columns %v, want %v", ask, s.asked, want)
		}
	}
	f(Values{})
	f(Values{"region": {"12"}, "group": {"channel"}, "channel": {"web"}}, schema.ColumnComune)
	f(Values{"comune": {"058091"}, "office": {"A"}, "service": {"anagrafe"}, "group": {"comune,office,service,channel"}}, schema.ColumnChannel)
	f(Values{"group": {"quarter"}})
	f(Values{"group": {"year"}})
	f(Values{"group": {"month,scale"}}, schema.ColumnMonth)
	f(Values{"group": {"week"}}, schema.ColumnWeek)
	f(Values{"group": {"weekday"}}, schema.ColumnDay)
	f(Values{"group": {"weekday,hour_of_day"}}, schema.ColumnHour)
	f(Values{"working_day": {"true"}}, schema.ColumnClass, schema.ColumnDay)
	f(Values{"working_day": {"true"}, "class": {"all"}}, schema.ColumnDay)
	f(Values{"group": {"category"}}, schema.ColumnService)
	f(Values{"region": {"12"}, "province": {"021"}}) // Nothing is: it is not even asked.
}

// A silent source remembers what it was asked by.
type silent struct{ asked []schema.Column }

var errSilent = errors.New("silent")

func (s *silent) Stats(_ context.Context, q schema.StatsQuery) (schema.StatsAnswer, error) {
	s.asked = q.Group
	return schema.StatsAnswer{}, errSilent
}
