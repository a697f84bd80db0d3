package format_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"mlf/query/format"
)

// aSheet has n rows of every kind, of which every third has nulls.
func aSheet(n int) *format.Sheet {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	there := func(i int) bool { return i%3 != 2 }
	return &format.Sheet{
		Len: n,
		Fields: []format.Field{
			{Name: "comune", Kind: format.KindText, Text: func(i int) (string, bool) { return fmt.Sprintf("%06d", 1001+i%7), true }},
			{Name: "day", Kind: format.KindDay, Time: func(i int) (time.Time, bool) { return noon.Add(-12*time.Hour).AddDate(0, 0, i), there(i) }},
			{Name: "hour", Kind: format.KindHour, Time: func(i int) (time.Time, bool) { return noon.Add(time.Duration(i) * time.Hour), there(i) }},
			{Name: "n", Kind: format.KindCount, Count: func(i int) (uint64, bool) { return 1<<53 - uint64(i), there(i) }},
			{Name: "green_share", Kind: format.KindShare, Share: func(i int) (float64, bool) { return 1 / float64(i+3), there(i) }},
			{Name: "a_name", Kind: format.KindText, Text: func(i int) (string, bool) { return "=1+1, \"è\"\n", there(i) }},
		},
		Notes: [][2]string{{"formula", "share.1"}, {"licence", "CC BY 4.0"}},
	}
}

// TestXLSX: codes keep their zeros, no text becomes a formula, times are times.
func TestXLSX(t *testing.T) {
	var file bytes.Buffer
	if err := format.WriteXLSX(&file, aSheet(3)); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	f := func(sheet, cell, want string, kind excelize.CellType) {
		t.Helper()
		got, err := book.GetCellValue(sheet, cell)
		if err != nil || got != want {
			t.Errorf("%s %s: got %q, %v, want %q", sheet, cell, got, err, want)
		}
		if is, err := book.GetCellType(sheet, cell); err != nil || is != kind {
			t.Errorf("%s %s: got type %v, %v, want %v", sheet, cell, is, err, kind)
		}
		if formula, err := book.GetCellFormula(sheet, cell); formula != "" || err != nil {
			t.Errorf("%s %s: got formula %q, %v", sheet, cell, formula, err)
		}
	}
	f("data", "A1", "comune", excelize.CellTypeInlineString)
	f("data", "A2", "001001", excelize.CellTypeInlineString)
	f("data", "B2", "2026-11-01", excelize.CellTypeUnset)
	f("data", "C2", "2026-11-01 12:00", excelize.CellTypeUnset)
	f("data", "E2", "0.3333", excelize.CellTypeUnset)
	f("data", "F2", "=1+1, \"è\"\n", excelize.CellTypeInlineString)
	f("data", "D4", "", excelize.CellTypeUnset)
	f("notes", "A1", "formula", excelize.CellTypeInlineString)
	f("notes", "B2", "CC BY 4.0", excelize.CellTypeInlineString)
}

func TestXLSXRefusesWhatExcelCannotOpen(t *testing.T) {
	var file bytes.Buffer
	if err := format.WriteXLSX(&file, aSheet(format.XLSXRowsMax+1)); !errors.Is(err, format.ErrTooManyRows) || file.Len() > 0 {
		t.Errorf("got %v and %d bytes, want %v and none", err, file.Len(), format.ErrTooManyRows)
	}
}

func TestParquet(t *testing.T) {
	const n = 2500 // Of several batches.
	sheet := aSheet(n)
	var file bytes.Buffer
	if err := format.WriteParquet(&file, sheet); err != nil {
		t.Fatal(err)
	}
	read, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if read.NumRows() != n {
		t.Errorf("got %d rows, want %d", read.NumRows(), n)
	}
	for i, f := range read.Schema().Fields() {
		if f.Name() != sheet.Fields[i].Name || !f.Optional() {
			t.Errorf("field %d: got %s, want %s", i, f, sheet.Fields[i].Name)
		}
	}
	if note, _ := read.Lookup("formula"); note != "share.1" {
		t.Errorf("got formula %q, want share.1", note)
	}
}

// TestParquetOfNothing: no rows are a file, too.
func TestParquetOfNothing(t *testing.T) {
	var file bytes.Buffer
	if err := format.WriteParquet(&file, aSheet(0)); err != nil {
		t.Fatal(err)
	}
	if read, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len())); err != nil || read.NumRows() != 0 {
		t.Errorf("got %v, %v, want no rows", read, err)
	}
}

// readers say in JSON what DuckDB and pandas find in the file of their argument.
const readers = `
import json, sys, duckdb, pandas
frame = pandas.read_parquet(sys.argv[1])
print(json.dumps({
    "columns": list(frame.columns),
    "kinds": [str(kind) for kind in frame.dtypes],
    "codes": sorted(frame["comune"].unique().tolist()),
    "n": int(frame["n"].dropna().sum()),
    "nulls": int(frame["n"].isna().sum()),
    "duckdb": [str(cell) for cell in duckdb.sql(f"SELECT count(*), sum(n), min(day), max(hour), count(green_share) FROM '{sys.argv[1]}'").fetchall()[0]],
    "types": [str(kind) for kind in duckdb.sql(f"SELECT * FROM '{sys.argv[1]}'").types],
}))`

// TestParquetIsReadByOthers: what pandas and DuckDB make of a file, without being
// told anything. MLF_PYTHON names an interpreter that has both.
func TestParquetIsReadByOthers(t *testing.T) {
	python := os.Getenv("MLF_PYTHON")
	if python == "" {
		t.Skip("MLF_PYTHON is not set to a Python that has pandas, pyarrow and duckdb")
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	file, err := os.Create(path) //nolint:gosec // A folder of the test's own.
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(format.WriteParquet(file, aSheet(300)), file.Close()); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), python, "-c", readers, path) //nolint:gosec // The tester's interpreter.
	var complaints bytes.Buffer
	run.Stderr = &complaints
	said, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", python, err, complaints.String())
	}
	var got struct {
		Columns, Kinds, Codes, DuckDB, Types []string
		N                                    uint64
		Nulls                                int
	}
	if err := json.Unmarshal(said, &got); err != nil {
		t.Fatal(err)
	}
	var sum uint64
	for i := range 300 {
		if i%3 != 2 {
			sum += 1<<53 - uint64(i)
		}
	}
	f := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	f("columns", got.Columns, "[comune day hour n green_share a_name]")
	f("codes", got.Codes, "[001001 001002 001003 001004 001005 001006 001007]")
	f("nulls", got.Nulls, 100)
	f("rows", got.DuckDB[0], 300)
	f("sum", got.DuckDB[1], sum)
	f("first day", got.DuckDB[2], "2026-11-01")
	f("shares", got.DuckDB[4], 200)
	f("types", strings.Join(got.Types, " "), "VARCHAR DATE TIMESTAMP WITH TIME ZONE BIGINT DOUBLE VARCHAR")
}

func BenchmarkSheets(b *testing.B) {
	sheet := aSheet(100_000)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"parquet": func(w *bytes.Buffer) error { return format.WriteParquet(w, sheet) },
		"xlsx":    func(w *bytes.Buffer) error { return format.WriteXLSX(w, sheet) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var file bytes.Buffer
			for b.Loop() {
				file.Reset()
				if err := write(&file); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(sheet.Len), "ns/row")
			b.ReportMetric(float64(file.Len())/float64(sheet.Len), "B/row")
		})
	}
}
