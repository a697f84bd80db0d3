package format_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"mlf/query/format"
)

// allKinds has a field of every kind; of its second row all that can be null is.
func allKinds() *format.Sheet {
	at := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)
	first := func(i int) bool { return i == 0 }
	return &format.Sheet{Len: 2, Fields: []format.Field{
		{Name: "comune", Kind: format.KindText, Text: func(i int) (string, bool) { return "058091", first(i) }},
		{Name: "day", Kind: format.KindDay, Time: func(i int) (time.Time, bool) { return at, first(i) }},
		{Name: "hour", Kind: format.KindHour, Time: func(i int) (time.Time, bool) { return at, first(i) }},
		{Name: "weekday", Kind: format.KindNumber, Count: func(i int) (uint64, bool) { return 7, first(i) }},
		{Name: "small", Kind: format.KindTruth, Truth: func(i int) (bool, bool) { return true, first(i) }},
		{Name: "n", Kind: format.KindCount, Count: func(i int) (uint64, bool) { return 8, first(i) }},
		{Name: "p", Kind: format.KindShare, Share: func(i int) (float64, bool) { return 1.25e-300, first(i) }},
		{Name: "share", Kind: format.KindShare, Share: func(i int) (float64, bool) { return 0.875, first(i) }},
		{Name: "status", Kind: format.KindStatus, Text: func(i int) (string, bool) { return []string{"RP", "A"}[i], true }},
	}}
}

func TestRecords(t *testing.T) {
	s := allKinds()
	f := func(got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	f(s.AppendJSON(nil, 0), `{"comune":"058091","day":"2026-10-25","hour":"2026-10-25T01:00:00Z","weekday":7,"small":true,"n":8,"p":1.25e-300,"share":0.875,"status":["R","P"]}`)
	f(s.AppendJSON(nil, 1), `{"comune":null,"day":null,"hour":null,"weekday":null,"small":null,"n":null,"p":null,"share":null,"status":["A"]}`)
	f(s.AppendCSVHeader(nil), "comune,day,hour,weekday,small,n,p,share,status\r\n")
	f(s.AppendCSV(nil, 0), "058091,2026-10-25,2026-10-25T01:00:00Z,7,true,8,1.25e-300,0.875,RP\r\n")
	f(s.AppendCSV(nil, 1), ",,,,,,,,A\r\n")
	f(s.AppendExcelHeader(nil), "\ufeffcomune;day;hour;weekday;small;n;p;share;status\r\n")
	f(s.AppendExcel(nil, 0), `"=""058091""";2026-10-25;2026-10-25 01:00:00;7;true;8;1,25e-300;0,875;"=""RP"""`+"\r\n")
	for i := range s.Len {
		if line := s.AppendJSON(nil, i); !json.Valid(line) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

// TestKindsInFiles: every form takes every kind.
func TestKindsInFiles(t *testing.T) {
	var xlsx, file, stat, sdmx bytes.Buffer
	s := allKinds()
	for _, err := range []error{format.WriteXLSX(&xlsx, s), format.WriteParquet(&file, s), format.WriteJSONStat(&stat, s), format.WriteSDMX(&sdmx, s)} {
		if err != nil {
			t.Error(err)
		}
	}
	read, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]parquet.Kind{"weekday": parquet.Int64, "small": parquet.Boolean, "status": parquet.ByteArray} {
		column, ok := read.Schema().Lookup(name)
		if !ok || column.Node.Type().Kind() != want {
			t.Errorf("%s: got %v, want %v", name, column.Node, want)
		}
	}
	var dataset struct{ ID []string }
	if err := json.Unmarshal(stat.Bytes(), &dataset); err != nil {
		t.Fatal(err)
	}
	if want := 6; len(dataset.ID) != want { // comune, day, hour, weekday, small and the measures.
		t.Errorf("got dimensions %v, want %d", dataset.ID, want)
	}
}
