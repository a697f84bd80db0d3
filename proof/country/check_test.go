package country

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	public "mlf/query/client"
	"mlf/schema"
	"mlf/schema/schematest"
)

// ledgerOf returns a ledger of partitions with the given next offsets and log
// ends; a negative end is unknown.
func ledgerOf(nextAndEnd ...schema.Offset) *public.Ledger {
	var l public.Ledger
	for i := 0; i < len(nextAndEnd); i += 2 {
		p := public.Partition{Partition: schema.Partition(i / 2), State: schema.StateOK, Account: public.Account{Next: nextAndEnd[i]}}
		if end := nextAndEnd[i+1]; end >= 0 {
			p.LogEnd = &end
		}
		l.Partitions = append(l.Partitions, p)
	}
	return &l
}

func TestSettling(t *testing.T) {
	now := time.Unix(0, 0)
	watch := func() settling {
		return settling{now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler), giveUp: time.Minute}
	}
	w := watch()
	f := func(l *public.Ledger, want bool) {
		t.Helper()
		if got, err := w.done(l); got != want || err != nil {
			t.Errorf("got %t, %v: want %t", got, err, want)
		}
	}
	f(ledgerOf(), false)
	f(ledgerOf(5, -1, 7, 7), false)
	f(ledgerOf(5, 10, 7, 7), false)
	f(ledgerOf(9, 12, 7, 7), false)
	f(ledgerOf(10, 30, 8, 9), true) // What came later is not waited for.

	w = watch()
	f(ledgerOf(5, 10), false)
	now = now.Add(50 * time.Second)
	f(ledgerOf(6, 10), false)
	now = now.Add(50 * time.Second)
	f(ledgerOf(6, 10), false)
	f(ledgerOf(6, 6), true) // A crash took what nobody was promised.

	w = watch()
	f(ledgerOf(6, 10), false)
	now = now.Add(2 * time.Minute)
	if _, err := w.done(ledgerOf(6, 10)); err == nil || !strings.Contains(err.Error(), "has not moved") {
		t.Errorf("got %v: want it to give up", err)
	}
	halted := ledgerOf(6, 10)
	halted.Partitions[0].State, halted.Partitions[0].Reason = schema.StateHalted, "two logs"
	if _, err := w.done(halted); err == nil || !strings.Contains(err.Error(), "partition 0 is halted: two logs") {
		t.Errorf("got %v: want the reason of the halt", err)
	}
}

func TestParseCells(t *testing.T) {
	reg := schematest.Lists(t)
	const header = "comune,office,service,channel,class,hour,green,yellow,red,n,green_share\r\n"
	rows, err := parseCells(strings.NewReader(header+"058091,S01,tributi,totem,burst,2026-11-22T08:00:00Z,7,1,0,8,0.875\r\n"), reg, schema.ScaleMLF3)
	tributi, _ := reg.ServiceByCode("tributi")
	want := cellRow{
		Cell: schema.Cell{
			Comune: 58091, Office: "S01", Service: tributi.ID, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
			Class: schema.ClassBurst, Hour: schema.HourOf(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)),
		},
		values: [schema.ValueMax]uint32{0, 1, 7},
	}
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("got %+v, %v: want %+v", rows, err, want)
	}
	for _, bad := range []string{
		"",
		"comune,hour\r\n",
		strings.Replace(header, "red", "rosso", 1),
		header + "058091,S01,tributi,totem,burst\r\n",
		header + "58091,S01,tributi,totem,burst,2026-11-22T08:00:00Z,7,1,0,8,\r\n",
		header + "058091,S01,oroscopo,totem,burst,2026-11-22T08:00:00Z,7,1,0,8,\r\n",
		header + "058091,S01,tributi,fax,burst,2026-11-22T08:00:00Z,7,1,0,8,\r\n",
		header + "058091,S01,tributi,totem,odd,2026-11-22T08:00:00Z,7,1,0,8,\r\n",
		header + "058091,S01,tributi,totem,ok,today,7,1,0,8,\r\n",
		header + "058091,S01,tributi,totem,ok,2026-11-22T08:00:00Z,7.5,1,0,8,\r\n",
	} {
		if rows, err := parseCells(strings.NewReader(bad), reg, schema.ScaleMLF3); err == nil {
			t.Errorf("%q: got %+v: want an error", bad, rows)
		}
	}
}

func TestCompareLedger(t *testing.T) {
	f := func(grown schema.Tally, doubted bool, want ...string) {
		t.Helper()
		now := time.Unix(0, 0)
		s := &Simulation{expectation: newExpectation(), weather: newWeather(&Config{Now: func() time.Time { return now }, GiveUp: time.Hour})}
		s.expectation.counted, s.expectation.voided = 100, 3
		s.counters.answered.Store(120)
		s.counters.conflicted(2, 3)
		if doubted {
			ended := t.Context()
			if err := s.weather.await(ended, 0, &weatherError{votes: true, err: errors.New("cut")}); err != nil {
				t.Fatal(err)
			}
		}
		s.compareLedger(&public.Ledger{}, grown, 0, 0)
		_, got := s.differences.list()
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%+v: got %q: want %q", grown, got, want)
		}
	}
	good := schema.Tally{VotesIn: 120, Counted: 100, Duplicates: 15, Conflicts: 2, Voided: 3}
	f(good, false)
	more := good
	more.Conflicts, more.VotesIn = 4, 122
	f(more, true)
	f(more, false, "ledger conflicts: want 2 to 3, got 4")
	less := good
	less.Counted, less.VotesIn, less.Quarantined = 99, 119, 1
	f(less, false, "ledger counted: want 100, got 99", "ledger quarantined: want 0, got 1",
		"ledger votes_in: want at least the 120 answered 202, got 119")
}

// TestTheLedgerMustBalance: of votes and of events, in every partition.
func TestTheLedgerMustBalance(t *testing.T) {
	f := func(tally schema.Tally, want string) {
		t.Helper()
		l := ledgerOf(1, 1, 2, 2)
		l.Partitions[1].Tally = tally
		s := &Simulation{expectation: newExpectation(), weather: newWeather(&Config{Now: time.Now, GiveUp: time.Hour})}
		s.compareLedger(l, schema.Tally{}, 0, 0)
		if _, got := s.differences.list(); !strings.HasPrefix(strings.Join(got, "; "), want) || want == "" && len(got) > 0 {
			t.Errorf("%+v: got %q: want %q", tally, got, want)
		}
	}
	f(schema.Tally{VotesIn: 3, Counted: 2, Duplicates: 1}, "")
	f(schema.Tally{VotesIn: 3, Counted: 3, Events: schema.EventTally{In: 4, Used: 2, Stale: 2}}, "")
	f(schema.Tally{VotesIn: 3, Counted: 2}, "ledger partition 1: votes in 3 or events in 0 is not the sum of the others")
	f(schema.Tally{VotesIn: 3, Counted: 3, Events: schema.EventTally{In: 4, Used: 2, Stale: 1}}, "ledger partition 1: votes in 3 or events in 4 is not the sum of the others")
}

// TestTheLedgersGrowth: what was there before is no part of it, number by number.
func TestTheLedgersGrowth(t *testing.T) {
	before := schema.Tally{Records: 1, VotesIn: 3, Counted: 2, Voided: 1, Events: schema.EventTally{In: 3, Used: 1, Stale: 2}}
	want := schema.Tally{Records: 5, VotesIn: 7, Duplicates: 4, Quarantined: 3, Events: schema.EventTally{In: 9, Repeated: 4, Conflicts: 2, Quarantined: 3}}
	sum := before
	sum.Add(want)
	if got := minus(sum, before); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReportNamesDifferences(t *testing.T) {
	d := differences{code: func(schema.ServiceID) string { return "anagrafe" }}
	cell := schema.Cell{
		Comune: 58091, Service: 1, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK,
		Hour: schema.HourOf(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)),
	}
	d.addCell(cell, cellCount{before: [...]uint32{0, 0, 10, 0, 0}, want: [...]uint32{0, 0, 7, 0, 0}}, [...]uint32{0, 0, 16, 0, 0})
	for range differencesKept + 2 {
		d.addf("one more")
	}
	r := Report{Compared: true}
	r.DifferencesTotal, r.Differences = d.list()
	var text strings.Builder
	if err := r.Print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"cell comune=058091 office= service=anagrafe channel=counter scale=mlf3 class=ok hour=2026-11-22T08:00:00Z green: want 7, got 6\n",
		"53 differences", "and 3 more",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got %s: want %q in it", text.String(), want)
		}
	}
}
