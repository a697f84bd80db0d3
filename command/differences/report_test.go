package differences_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mlf/aggregate/compare"
	"mlf/command/differences"
	"mlf/schema"
	"mlf/schema/presence"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

// found is a report with a difference of each kind.
func found() *differences.Report {
	cell := schema.Cell{Comune: 58091, Office: "nord", Service: 1695, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK, Hour: 500_000}
	stars := cell
	stars.Office, stars.Service, stars.Scale = "", 1, schema.ScaleStars5
	counts := compare.Report{
		Log: schema.LogID{1}, Partitions: 2, From: []schema.Offset{10, 20}, Until: []schema.Offset{11, 20},
		Rows: 3000, Votes: 9000, Months: 2, Segments: 4, Took: time.Second, Cells: compare.Cells{Equal: 7, Bounded: 2, Different: 2},
	}
	counts.Differences = 6
	counts.Shown = []compare.Difference{
		{
			Partition: 1, Segment: 3, Row: &compare.Row{Cell: cell, Partition: 1, Segment: 3},
			Counts: &[2]compare.Counts{
				{Values: [schema.ValueMax]uint64{1, 0, 3}, Reasons: []schema.ReasonNumber{{Key: schema.KeyOfReason(schema.Red, schema.ReasonStaff), N: 1}}},
				{Values: [schema.ValueMax]uint64{1, 0, 2}},
			},
		},
		{Partition: 0, Segment: 5, Open: true, Row: &compare.Row{Cell: stars}, Counts: &[2]compare.Counts{{}, {Values: [schema.ValueMax]uint64{0, 0, 0, 0, 6}}}},
		{Partition: 1, Segment: 2, Accounts: &[2]schema.LedgerRow{{Chain: schema.Chain{255}, Next: 9}, {Chain: schema.Chain{254}, Next: 9, Tally: schema.Tally{Duplicates: 4}}}},
		{Open: true, Days: &[2]presence.TerminalDay{{}, {Terminal: 7, Day: 20_834, First: 500_000 * 3_600_000, Last: 500_000*3_600_000 + 1, Ingested: 500_001 * 3_600_000}}},
	}
	counts.Days = compare.Cells{Equal: 8, Bounded: 1, Different: 1}
	return &differences.Report{A: "ch-a:9000/mlf", B: "ch-b:9000/mlf", Counts: &counts, Releases: compare.Releases{A: 3, B: 1, Same: 1}}
}

func lists(t *testing.T) *registry.Registry {
	t.Helper()
	lists := schematest.Lists(t)
	return lists
}

func TestDifferencesAreToldInWords(t *testing.T) {
	var out bytes.Buffer
	if err := found().Print(&out, lists(t)); err != nil {
		t.Fatal(err)
	}
	const want = `A ch-a:9000/mlf and B ch-b:9000/mlf count log 01000000000000000000000000000000
4 closed segments with 3000 rows in 2 months, 0 rows of open segments; 9000 votes in A; 3000 rows/s
different: 2 of 11 cells, 6 differences in all, at position 0:10 1:20
  058091 Roma, office nord, service 1695, counter, mlf3, ok, 2027-01-15T08:00:00Z: A red 1, green 3, red/staff 1; B red 1, green 2; partition 1, segment 3 (closed)
  058091 Roma, SERVICE, counter, stars5, ok, 2027-01-15T08:00:00Z: A nothing; B 5 6; partition 0, segment 5 (open)
  account of partition 1, segment 2 (closed): A chain ff00000000000000, duplicates 0; B chain fe00000000000000, duplicates 4
  terminal TERMINAL, 2027-01-16: A nothing; B cast 2027-01-15T08:00:00Z to 2027-01-15T08:00:00.001Z, taken 2027-01-15T09:00:00Z
  and 2 more
days of terminals: 1 of 10 differ
releases: A has 3, of which B has the first 1: copy them before the public is shown B
`
	service, _ := lists(t).Service(1)
	if got := out.String(); got != strings.NewReplacer("SERVICE", service.Code, "TERMINAL", schema.TerminalID(7).String()).Replace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestVerdicts(t *testing.T) {
	f := func(want string, equal bool, change func(*differences.Report)) {
		t.Helper()
		r := found()
		r.Counts.Differences, r.Counts.Shown, r.Counts.Cells.Different, r.Counts.Days.Different = 0, nil, 0, 0
		change(r)
		var out bytes.Buffer
		if err := r.Print(&out, lists(t)); err != nil || !strings.Contains(out.String(), want) || r.Equal() != equal {
			t.Errorf("got equal %v, %v, want %q in\n%s", r.Equal(), err, want, out.String())
		}
	}
	f("equal: all of 7 cells, at position 0:10 1:20\n", true, func(r *differences.Report) { r.Counts.Cells.Bounded = 0 })
	f("equal: 7 of 9 cells, at position 0:10 1:20; bounded: 2, which A counted further while they were read, up to position 0:11 1:20\n", true, func(*differences.Report) {})
	f("days of terminals: 8 of 9 are equal, the others bounded\n", true, func(*differences.Report) {})
	f("days of terminals: all of 8 are equal\n", true, func(r *differences.Report) { r.Counts.Days.Bounded = 0 })
	f("days of terminals were not compared: A knows them from the beginning, B since 2027-01-15T08:00:00Z\n", true, func(r *differences.Report) { r.Counts.KnownSince[1] = 500_000 * 3_600_000 })
	f("releases: the same 3\n", true, func(r *differences.Report) { r.Releases = compare.Releases{A: 3, B: 3, Same: 3} })
	f("releases: B has 4, of which A has the first 3", true, func(r *differences.Report) { r.Releases = compare.Releases{A: 3, B: 4, Same: 3} })
	f("releases differ from number 3 on", false, func(r *differences.Report) { r.Releases = compare.Releases{A: 3, B: 4, Same: 2} })
}

func TestDifferencesAsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := found().JSON(&out, lists(t)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Equal            bool
		From             []int
		Cells            int
		CellsBounded     int `json:"cells_bounded"`
		DifferencesTotal int `json:"differences_total"`
		Days             struct {
			Compared   bool
			Equal      int
			KnownSince []*string `json:"known_since"`
		}
		Differences []struct {
			Partition, Segment int
			Open               bool
			Cell               *struct{ Comune, Office, Service, Channel, Scale, Class, Hour string }
			A, B               struct {
				Values, Reasons map[string]int
				Chain           string
				Duplicates      int
				Last            string
			}
			Terminal, Day string
		}
		Releases struct{ A, B, Same int }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	d := got.Differences
	if got.Equal || got.From[1] != 20 || got.Cells != 11 || got.CellsBounded != 2 || got.DifferencesTotal != 6 || len(d) != 4 || !got.Days.Compared || got.Days.Equal != 8 || got.Days.KnownSince[0] != nil || got.Releases.Same != 1 {
		t.Fatalf("got %s", out.String())
	}
	if d[0].Cell.Comune != "058091" || d[0].Cell.Hour != "2027-01-15T08:00:00Z" || d[0].A.Values["green"] != 3 || d[0].A.Reasons["red/staff"] != 1 || d[0].B.Values["green"] != 2 || d[0].Segment != 3 {
		t.Errorf("got %+v", d[0])
	}
	if !d[1].Open || d[1].B.Values["5"] != 6 || d[2].Cell != nil || d[2].B.Duplicates != 4 || !strings.HasPrefix(d[2].A.Chain, "ff00") {
		t.Errorf("got %+v", d[1:])
	}
	if d[3].Terminal != schema.TerminalID(7).String() || d[3].Day != "2027-01-16" || d[3].B.Last != "2027-01-15T08:00:00.001Z" {
		t.Errorf("got %+v", d[3])
	}
}

// TestProgressIsTold: what is waited for once it lasts, and how far the months are.
func TestProgressIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := differences.NewProgress(&out)
		at := func(after time.Duration, s compare.Progress) {
			<-time.After(after)
			p.Tell(s)
		}
		at(0, compare.Progress{Waiting: "B is behind: 1"})
		at(time.Second/2, compare.Progress{})
		at(time.Second, compare.Progress{Waiting: "B is behind: 2"})
		at(time.Second, compare.Progress{Waiting: "B is behind: 3"})
		at(time.Second, compare.Progress{Waiting: "B is behind: 4"})
		at(time.Second, compare.Progress{})
		at(time.Second, compare.Progress{Months: 5})
		at(10*time.Second, compare.Progress{Months: 5, Done: 2, Rows: 1000})
		at(time.Second, compare.Progress{Months: 5, Done: 3, Rows: 1100})
		p.End()
		if want := "waiting: B is behind: 3\ncomparing: 2 of 5 months, 1000 rows, 100 rows/s\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
}
