package cdr_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"mlf/ingest/call"
	"mlf/ingest/call/cdr"
	"mlf/schema"
)

// A want is a call, or the error of a line.
type want struct {
	ID, Key, Queue, Error string
	At                    time.Time
}

func rome(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// wanted returns what a file of the corpus is to be read as.
func wanted(t *testing.T, name string) (all []want) {
	t.Helper()
	text, err := os.ReadFile("testdata/foreign/" + name)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

// read returns what f has.
func read(t testing.TB, f *cdr.File) (all []want) {
	t.Helper()
	for {
		c, err := f.Next()
		var refused *cdr.Refused
		switch {
		case errors.Is(err, io.EOF):
			return all
		case errors.As(err, &refused):
			all = append(all, want{Error: err.Error()})
		case err != nil:
			t.Fatal(err)
		default:
			all = append(all, want{ID: c.ID, Key: c.Key, Queue: c.Queue, At: c.At.Time()})
		}
	}
}

func same(t *testing.T, got, want []want) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%d: got nothing, want %+v", i, want[i])
		case i >= len(want):
			t.Errorf("%d: got %+v, want nothing", i, got[i])
		case got[i] != want[i]:
			t.Errorf("%d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

func open(t testing.TB, name string) *os.File {
	t.Helper()
	file, err := os.Open("testdata/foreign/" + name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestMasterCSV(t *testing.T) {
	f := cdr.NewMaster(iotest.OneByteReader(open(t, "Master.csv")), cdr.Config{Zone: rome(t)})
	same(t, read(t, f), wanted(t, "Master.want.json"))
	size, err := open(t, "Master.csv").Stat()
	if err != nil {
		t.Fatal(err)
	}
	if f.Bytes() != size.Size() || f.Lines() != 7 || f.Silent() != 1 {
		t.Errorf("got %d bytes, %d lines, %d silent, want %d, 7, 1", f.Bytes(), f.Lines(), f.Silent(), size.Size())
	}
}

func TestQueueLog(t *testing.T) {
	f := cdr.NewQueueLog(open(t, "queue_log"), cdr.Config{})
	same(t, read(t, f), wanted(t, "queue_log.want.json"))
	if f.Lines() != 10 || f.Silent() != 6 {
		t.Errorf("got %d lines, %d silent, want 10, 6", f.Lines(), f.Silent())
	}
}

// row returns a line of Master.csv.
func row(end, duration, id, user string) string {
	return `"","06","5000","ctx","<06>","PJSIP/1","","Hangup","","2026-11-26 09:00:00","","` + end + `",` + duration +
		`,0,"ANSWERED","DOCUMENTATION","` + id + `","` + user + `"`
}

func TestLinesOfMasterCSV(t *testing.T) {
	cfg := cdr.Config{Serial: "36A", Field: "voto", Zone: rome(t)}
	f := func(cfg cdr.Config, line, wantText string) {
		t.Helper()
		var got []string
		for _, w := range read(t, cdr.NewMaster(strings.NewReader(line), cfg)) {
			if w.Error == "" {
				w.Error = fmt.Sprintf("%s %s %s %s", w.ID, w.Key, w.Queue, w.At.Format(time.RFC3339))
			}
			got = append(got, w.Error)
		}
		if text := strings.Join(got, "; "); text != wantText {
			t.Errorf("%.200s\n got %s\nwant %s", line, text, wantText)
		}
	}
	const noTime = "want an id with a time in it, 1648876393.439, or the zone of the exchange to be given"
	f(cfg, "", "")
	f(cfg, "\r\n\n", "")
	f(cfg, row("", "60", "1764144000.17", "voto=2"), "36A/1764144000.17 2  2025-11-26T08:01:00Z")
	f(cfg, row("", "60", "1764144000.17", "voto=2")+"\r\n"+row("", "0", "1764144000.18", "a=b|queue=tributi|voto=#"),
		"36A/1764144000.17 2  2025-11-26T08:01:00Z; 36A/1764144000.18 # tributi 2025-11-26T08:00:00Z")
	f(cfg, row("", "60", "1764144000.17", "key=2"), "")
	f(cfg, row("", "60", "1764144000.17", "voto="), "")
	f(cfg, row("2026-11-26 09:01:00", "60", "c7", "voto=2"), "36A/c7 2  2026-11-26T08:01:00Z")
	f(cdr.Config{}, row("2026-11-26 09:01:00", "60", "c7", "key=2"), "line 1: "+noTime)
	f(cfg, row("26/11/2026", "60", "c7", "voto=2"), "line 1: want the column end to be a time, 2026-11-26 08:00:00")
	f(cfg, row("", "-1", "1764144000.17", "voto=2"), "line 1: want the column duration to be 0 to 604800 seconds")
	f(cfg, row("", "604801", "1764144000.17", "voto=2"), "line 1: want the column duration to be 0 to 604800 seconds")
	f(cfg, row("", "60", "0667104567", "voto=2"), "line 1: want the id of the call to have a letter, or the form 1648876393.439: digits alone may be a telephone number")
	f(cfg, row("", "60", "1764144000.17", "queue=0667104567;voto=2"), "36A/1764144000.17 2  2025-11-26T08:01:00Z")
	f(cfg, strings.Replace(row("", "60", "1764144000.17", "voto=2"), `"<06>"`, "\"Citt\xe0\"", 1), "36A/1764144000.17 2  2025-11-26T08:01:00Z")
	f(cfg, `"0667104567`+"\n"+row("", "60", "1764144000.17", "voto=2"),
		"line 1: want columns parted by commas, texts in quotation marks that are doubled inside; 36A/1764144000.17 2  2025-11-26T08:01:00Z")
	f(cfg, strings.Repeat("x", cdr.LineMax+1)+"\n"+row("", "60", "1764144000.17", "voto=2"),
		"line 1: want a line of at most 65536 bytes; 36A/1764144000.17 2  2025-11-26T08:01:00Z")
	f(cfg, strings.Repeat("x", 3*cdr.LineMax), "line 1: want a line of at most 65536 bytes")
}

// TestAReaderThatFailsIsTold: half a file is not the whole of it.
func TestAReaderThatFailsIsTold(t *testing.T) {
	f := cdr.NewMaster(io.MultiReader(strings.NewReader(row("", "60", "1764144000.17", "key=2")+"\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), cdr.Config{})
	if c, err := f.Next(); err != nil || c.Key != "2" {
		t.Fatal(c, err)
	}
	if _, err := f.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

// TestNoNumberOfACallerPasses: nothing that the corpus says of people is in what is read
// of it, nor in what is said of lines that are refused.
func TestNoNumberOfACallerPasses(t *testing.T) {
	for _, f := range []*cdr.File{
		cdr.NewMaster(open(t, "Master.csv"), cdr.Config{Zone: rome(t)}),
		cdr.NewQueueLog(open(t, "queue_log"), cdr.Config{}),
	} {
		told := fmt.Sprintf("%+v", read(t, f))
		for _, person := range []string{"333555", "06671", "Rossi", "2045"} {
			if strings.Contains(told, person) {
				t.Errorf("%s tells of %s", told, person)
			}
		}
	}
}

// TestAFileAndAWebhookTellTheSameCall: so that a file that is imported after a webhook
// adds nothing.
func TestAFileAndAWebhookTellTheSameCall(t *testing.T) {
	pushed, err := call.Read(call.Yeastar, []byte(`{"type":30019,"sn":"36A","msg":{"call_id":"1764144000.17","survey_result":"1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*cdr.File{
		"Master.csv": cdr.NewMaster(open(t, "Master.csv"), cdr.Config{Serial: "36A"}),
		"queue_log":  cdr.NewQueueLog(open(t, "queue_log"), cdr.Config{Serial: "36A"}),
	} {
		read, err := f.Next()
		if err != nil || read.Identity() != pushed.Identity() || read.Key != pushed.Key {
			t.Errorf("%s: got %+v, %v, want %+v", name, read, err, pushed)
		}
	}
}

// FuzzFiles: no file makes a reader panic or stop before its end, every line is accounted
// for, and calls are within their bounds.
func FuzzFiles(f *testing.F) {
	for kind, name := range []string{"Master.csv", "queue_log"} {
		text, err := io.ReadAll(open(f, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kind == 1, text)
	}
	zone := rome(f)
	f.Fuzz(func(t *testing.T, log bool, text []byte) {
		file := cdr.NewMaster(bytes.NewReader(text), cdr.Config{Zone: zone})
		if log {
			file = cdr.NewQueueLog(bytes.NewReader(text), cdr.Config{Zone: zone})
		}
		all := read(t, file)
		for _, w := range all {
			if w.Error == "" && (w.ID == "" || len(w.ID) > call.IDMax || len(w.Key) != 1 || len(w.Queue) > call.QueueMax || schema.InstantOf(w.At) <= 0) {
				t.Errorf("got %+v", w)
			}
		}
		if file.Bytes() != int64(len(text)) || uint64(len(all))+file.Silent() > file.Lines() {
			t.Errorf("got %d bytes of %d, %d lines, %d told of, %d silent", file.Bytes(), len(text), file.Lines(), len(all), file.Silent())
		}
	})
}
