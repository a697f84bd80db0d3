package wire_test

import (
	"encoding/json"
	"testing"

	"mlf/ingest/wire"
	"mlf/schema/served"
)

// FuzzServed: no body of any kind makes a reader panic; what it takes can be
// written, is of the sender's comune, and is unchanged when the body comes again; the
// answer is JSON and accounts for every row.
func FuzzServed(f *testing.F) {
	for _, body := range []string{
		`{"day":"2026-11-25","revision":1,"rows":[{"served":120},{"office":"ostia","service":"tributi","channel":"totem","served":"7","revision":3},7]}`,
		"day;served;revision\r\n25/11/2026;120;1\r\n;;\r\n2026-11-24;7;2;x\r\n",
		`{"data":[{"id":"q","type":"QueueMonitor","ticketServed":{"value":7,"metadata":{"TimeInstant":{"value":"2026-11-25T09:44:00.00Z"}}}}]}`,
		`[{"id":"q","type":"QueueMonitor","serviceId":"tributi","ticketServed":7},{"id":"q","type":"QueueMonitor","serviceId":"tributi","ticketServed":9}]`,
	} {
		for kind := range uint8(3) {
			f.Add(kind, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		d := newDesk(t)
		d.form.RowsMax = 1000
		read := []func([]byte) (*wire.ServedReport, error){d.form.JSON, d.form.CSV, d.form.QueueMonitor}[kind%3]
		first, err := read(body)
		if err != nil {
			return
		}
		for _, s := range first.Rows {
			if s.Comune != 58091 {
				t.Errorf("got comune %v", s.Comune)
			}
			if got, err := served.Decode(s.String(), served.Append(nil, &s)); err != nil || got != s {
				t.Errorf("got %+v, %v, want %+v", got, err, s)
			}
			d.held[s.Key] = s
		}
		var answer struct {
			Accepted, Unchanged int
			Rejected            []struct{ Index int }
		}
		if err := json.Unmarshal(first.AppendAnswer(nil), &answer); err != nil {
			t.Fatalf("%s: %v", first.AppendAnswer(nil), err)
		}
		if answer.Accepted != len(first.Rows)+first.Unchanged || len(answer.Rejected) != len(first.Rejected) {
			t.Errorf("got %+v of %d rows, %d rejected", answer, len(first.Rows), len(first.Rejected))
		}
		again, err := read(body)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range again.Rows {
			// Only a queue whose display went back and forth at one instant has more to say.
			if kind%3 != 2 {
				t.Errorf("sent again, %+v is to be put again", s)
			}
		}
	})
}
