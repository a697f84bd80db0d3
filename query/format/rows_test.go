package format_test

import (
	"testing"
	"time"
	_ "time/tzdata" // As main does.

	"mlf/query/calendar"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/schematest"
)

// frame returns the frame of what is asked.
func frame(t testing.TB, ask question.Values) *question.Frame {
	t.Helper()
	reg := schematest.Lists(t)
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	ask["from"], ask["to"] = []string{"2026-10-01"}, []string{"2026-12-01"}
	q, err := question.NewVocabulary(reg, clock).Ask(ask, time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return q.Frame(q.Span)
}

// Text that no code has is still one field of CSV and one string of JSON.
func TestRowsEscape(t *testing.T) {
	f := frame(t, question.Values{"group": {"office,service"}, "scale": {"stars5"}})
	k := question.Key{Office: f.Office("a\",\r\n\x01è"), Service: f.Service(999)}
	rows := &format.Rows{Table: f.Table(&question.Counts{Rows: []question.Count{{Key: k}}})}
	if got, want := string(rows.AppendCSV(nil, 0)), "\"a\"\",\r\n\x01è\",service-999,0,0,0,0,0,0\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := string(rows.AppendJSON(nil, 0)), `{"office":"a\",\r\n\u0001è","service":"service-999","v1":0,"v2":0,"v3":0,"v4":0,"v5":0,"n":0}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkRows(b *testing.B) {
	f := frame(b, question.Values{"group": {"comune,service,hour"}})
	k := question.Key{Comune: f.Comune(58091), Service: f.Service(1), Hour: f.Hours[100]}
	table := f.Table(&question.Counts{Rows: []question.Count{{Key: k, Values: [schema.ValueMax]uint64{1, 2, 300}}}})
	rows := &format.Rows{Table: table, Interval: func(_, _ uint64) (low, high float64) { return 0.9690000000000001, 0.9990000000000001 }}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = rows.AppendJSON(buf[:0], 0)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
