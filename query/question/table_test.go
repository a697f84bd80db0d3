package question

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/schema"
)

// ask returns the frame of a question of October and November 2026, asked on 26
// November.
func ask(t testing.TB, values Values) *Frame {
	t.Helper()
	values["from"], values["to"] = []string{"2026-10-01"}, []string{"2026-12-01"}
	q, err := vocabulary(t).Ask(values, time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return q.Frame(q.Span)
}

func TestTableHasReasons(t *testing.T) {
	f := ask(t, Values{"group": {"channel"}})
	web, totem := Key{Channel: f.Channel(schema.ChannelWeb)}, Key{Channel: f.Channel(schema.ChannelTotem)}
	red, yellow := schema.KeyOfReason(schema.Red, schema.ReasonStaff), schema.KeyOfReason(schema.Yellow, schema.ReasonOther)
	table := f.Table(&Counts{
		Rows:    []Count{{Key: web}, {Key: totem}},
		Reasons: []ReasonCount{{web, yellow, 2}, {totem, red, 3}, {web, red, 5}},
	})
	if got, want := table.Reasons(&table.Rows[0]), []ReasonCount{{totem, red, 3}}; !slices.Equal(got, want) {
		t.Errorf("totem: got %v, want %v", got, want)
	}
	if got, want := table.Reasons(&table.Rows[1]), []ReasonCount{{web, red, 5}, {web, yellow, 2}}; !slices.Equal(got, want) {
		t.Errorf("web: got %v, want %v", got, want)
	}
}

// The steps of time are there whether anything was counted or not, and only one is
// running.
func TestGrid(t *testing.T) {
	f := func(group string, want ...string) {
		t.Helper()
		var got []string
		for _, step := range ask(t, Values{"group": {group}}).Grid() {
			text := step.From.Time().Format("0102T15") + " " + strconv.Itoa(int(step.Next-step.From))
			if step.Running {
				text += " running"
			}
			got = append(got, text)
		}
		if len(want) > 0 && len(got) > len(want) {
			got = got[:len(want)]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", group, got, want)
		}
	}
	f("month", "0930T22 745", "1031T23 720 running")
	f("quarter", "0930T22 1465 running")
	f("week", "0930T22 96", "1004T22 168", "1011T22 168", "1018T22 169", "1025T23 168", "1101T23 168", "1108T23 168", "1115T23 168", "1122T23 168 running", "1129T23 24")
	f("channel")
	f("weekday", "0930T22 1369")
	if grid := ask(t, Values{"group": {"day"}, "day_kind": {"holiday"}}).Grid(); len(grid) != 2 || grid[1].From.String() != "2026-10-31T23:00:00Z" {
		t.Errorf("holidays: got %v", grid) // San Francesco and Ognissanti.
	}
}

// However many columns, the order is that of comparing them one after the other.
func TestTableSortsTheSameEitherWay(t *testing.T) {
	f := ask(t, Values{"group": {"office,service,channel,comune,hour"}})
	rapid.Check(t, func(rt *rapid.T) {
		var rows []Count
		for range rapid.IntRange(0, 40).Draw(rt, "rows") {
			rows = append(rows, Count{Key: Key{
				Office:  f.Office(schema.OfficeCode(rapid.StringMatching("[a-c]{0,2}").Draw(rt, "office"))),
				Service: f.Service(schema.ServiceID(rapid.IntRange(0, 9).Draw(rt, "service"))),
				Channel: f.Channel(schema.Channel(rapid.IntRange(1, 5).Draw(rt, "channel"))),
				Comune:  f.Comune(schema.ComuneID(rapid.IntRange(1001, 1009).Draw(rt, "comune"))),
				Hour:    f.Hours[rapid.IntRange(0, 99).Draw(rt, "hour")],
			}, Values: [schema.ValueMax]uint64{rapid.Uint64Range(0, 5).Draw(rt, "n")}})
		}
		table := f.Table(&Counts{Rows: slices.Clone(rows)})
		if !slices.IsSortedFunc(table.Rows, table.compare) || len(table.Rows) != len(rows) {
			rt.Fatalf("got %v", table.Rows)
		}
		for _, row := range rows {
			if !slices.Contains(table.Rows, row) {
				rt.Fatalf("%v is lost", row)
			}
		}
	})
}

// What stands around the counting of a national trend: 60 months of 20 regions.
func BenchmarkTrend(b *testing.B) {
	v := vocabulary(b)
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	values := Values{"from": {"2021-12-01"}, "to": {"2026-12-01"}, "group": {"region,month"}}
	b.ReportAllocs()
	for b.Loop() {
		q, err := v.Ask(values, now)
		if err != nil {
			b.Fatal(err)
		}
		f := q.Frame(q.Span)
		var rows []Count
		for r := range 20 {
			for m := range 60 {
				rows = append(rows, Count{Key: Key{Comune: f.Comune(v.codes[r*400]), Hour: f.Hours[m*730]}})
			}
		}
		f.Table(&Counts{Rows: rows})
	}
}

// The same of a comune's page: 30 days by service and channel.
func BenchmarkPage(b *testing.B) {
	v := vocabulary(b)
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	values := Values{"period": {"last-30-days"}, "compare": {"previous"}, "group": {"service,channel"}, "comune": {"058091"}}
	b.ReportAllocs()
	for b.Loop() {
		q, err := v.Ask(values, now)
		if err != nil {
			b.Fatal(err)
		}
		f := q.Frame(q.Asked())
		var counts, before Counts
		for s := range 8 {
			k := Key{Comune: f.Comune(58091), Service: f.Service(schema.ServiceID(s)), Channel: f.Channel(1)}
			counts.Rows, before.Rows = append(counts.Rows, Count{Key: k}), append(before.Rows, Count{Key: k})
		}
		if _, err := f.Tables(&counts, f.Against(q.Compare.With), &before); err != nil {
			b.Fatal(err)
		}
	}
}
