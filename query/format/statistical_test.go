package format_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mlf/query/format"
)

// aTable is shares by region and month, of which one is unknown and one running.
func aTable() *format.Sheet {
	region := []string{"01", "01", "12", "12"}
	month := []string{"2026-09", "2026-10", "2026-09", "2026-10"}
	n := []uint64{100, 40, 0, 7}
	return &format.Sheet{
		ID: "SATISFACTION", Title: "Soddisfazione", Source: "MLF", At: time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC), Len: 4,
		Fields: []format.Field{
			{
				Name: "region", Label: "Regione", Kind: format.KindText, Text: func(i int) (string, bool) { return region[i], true },
				Words: func(code string) string { return map[string]string{"01": "Piemonte", "12": "Lazio"}[code] },
			},
			{Name: "month", Kind: format.KindText, Text: func(i int) (string, bool) { return month[i], true }},
			{Name: "n", Kind: format.KindCount, Count: func(i int) (uint64, bool) { return n[i], true }},
			{Name: "green_share", Kind: format.KindShare, Share: func(i int) (float64, bool) { return 0.25, n[i] > 0 }},
		},
		Status: func(i int) string { return []string{"", "RP", "", "L"}[i] },
		Notes:  [][2]string{{"licence", "CC BY 4.0"}},
	}
}

// TestSDMX: a record for each number, by the names of SDMX; what is unknown is empty.
func TestSDMX(t *testing.T) {
	var file bytes.Buffer
	if err := format.WriteSDMX(&file, aTable()); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(file.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	f := func(i int, want string) {
		t.Helper()
		if got := fmt.Sprint(records[i]); got != want {
			t.Errorf("record %d: got %s, want %s", i, got, want)
		}
	}
	if len(records) != 9 {
		t.Fatalf("got %d records, want 9", len(records))
	}
	f(0, "[STRUCTURE STRUCTURE_ID ACTION REGION TIME_PERIOD MEASURE OBS_VALUE OBS_STATUS]")
	f(1, "[dataflow MLF:SATISFACTION(1.0.0) I 01 2026-09 N 100 A]")
	f(4, "[dataflow MLF:SATISFACTION(1.0.0) I 01 2026-10 GREEN_SHARE 0.25 P]")
	f(6, "[dataflow MLF:SATISFACTION(1.0.0) I 12 2026-09 GREEN_SHARE  A]")
	f(7, "[dataflow MLF:SATISFACTION(1.0.0) I 12 2026-10 N 7 U]")
}

func TestJSONStat(t *testing.T) {
	var file bytes.Buffer
	if err := format.WriteJSONStat(&file, aTable()); err != nil {
		t.Fatal(err)
	}
	want := `{"version":"2.0","class":"dataset","label":"Soddisfazione","source":"MLF","updated":"2026-11-01T03:00:00Z","note":["licence: CC BY 4.0"],` +
		`"id":["region","month","measure"],"size":[2,2,2],"role":{"metric":["measure"],"time":["month"]},` +
		`"dimension":{"measure":{"label":"measure","category":{"index":["n","green_share"],"label":{"green_share":"green_share","n":"n"}}},` +
		`"month":{"label":"month","category":{"index":["2026-09","2026-10"]}},` +
		`"region":{"label":"Regione","category":{"index":["01","12"],"label":{"01":"Piemonte","12":"Lazio"}}}},` +
		`"value":{"0":100,"1":0.25,"2":40,"3":0.25,"4":0,"6":7,"7":0.25},"status":{"2":"RP","3":"RP","6":"L","7":"L"}}` + "\n"
	if file.String() != want {
		t.Errorf("got\n%swant\n%s", file.String(), want)
	}
}

func TestJSONStatRefusesMostlyNothing(t *testing.T) {
	table := aSheet(1500) // Days and hours of its own in every row.
	var file bytes.Buffer
	if err := format.WriteJSONStat(&file, table); !errors.Is(err, format.ErrTooManyCells) || file.Len() > 0 {
		t.Errorf("got %v and %d bytes, want %v and none", err, file.Len(), format.ErrTooManyCells)
	}
}

// tableReaders say in JSON what pysdmx and pyjstat find in the files of their arguments.
const tableReaders = `
import json, sys, pysdmx.io, pyjstat.pyjstat
data = pysdmx.io.read_sdmx(sys.argv[1], validate=True).data[0]
frame = pyjstat.pyjstat.Dataset.read(open(sys.argv[2]).read()).write("dataframe")
print(json.dumps({
    "sdmx": [str(data.structure), len(data.data), list(data.data.columns)],
    "jsonstat": [list(frame.columns), len(frame), float(frame["value"].dropna().sum())],
}))`

// TestTablesAreReadByOthers: libraries of others take both for what they are.
func TestTablesAreReadByOthers(t *testing.T) {
	python := os.Getenv("MLF_PYTHON")
	if python == "" {
		t.Skip("MLF_PYTHON is not set to a Python that has pysdmx and pyjstat")
	}
	var sdmx, stat bytes.Buffer
	table := aTable()
	if err := errors.Join(format.WriteSDMX(&sdmx, table), format.WriteJSONStat(&stat, table)); err != nil {
		t.Fatal(err)
	}
	paths := []string{filepath.Join(t.TempDir(), "a.csv"), filepath.Join(t.TempDir(), "a.json")}
	if err := errors.Join(os.WriteFile(paths[0], sdmx.Bytes(), 0o600), os.WriteFile(paths[1], stat.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), python, "-c", tableReaders, paths[0], paths[1]) //nolint:gosec // The tester's interpreter.
	var complaints bytes.Buffer
	run.Stderr = &complaints
	said, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", python, err, complaints.String())
	}
	var got struct{ SDMX, JSONStat []any }
	if err := json.Unmarshal(said, &got); err != nil {
		t.Fatal(err)
	}
	if want := "[Dataflow=MLF:SATISFACTION(1.0.0) 8 [REGION TIME_PERIOD MEASURE OBS_VALUE OBS_STATUS]]"; fmt.Sprint(got.SDMX) != want {
		t.Errorf("SDMX-CSV: got %v, want %s", got.SDMX, want)
	}
	if want := "[[Regione month measure value] 8 147.75]"; fmt.Sprint(got.JSONStat) != want {
		t.Errorf("JSON-stat: got %v, want %s", got.JSONStat, want)
	}
}
