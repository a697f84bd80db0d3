package export_test

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"mlf/ingest/rating/export"
	"mlf/schema"
)

// A format is one of the three readers.
type format func(io.Reader, export.Options) iter.Seq2[export.Row, error]

// rome is the clock of the sites.
func rome(t testing.TB) export.Options {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return export.Options{Zone: zone}
}

// read returns all rows of a file, a line each, and what ended it.
func read(t testing.TB, of format, file string) (lines []string, keys []string) {
	t.Helper()
	for row, err := range of(strings.NewReader(file), rome(t)) {
		switch {
		case err != nil:
			lines = append(lines, "error: "+err.Error())
		case row.Code != "":
			lines = append(lines, fmt.Sprintf("%d %s: %s", row.Line, row.Code, row.Detail))
		default:
			lines = append(lines, fmt.Sprintf("%d %s %d %s %s %q %v%v", row.Line, row.At.Time().Format(time.RFC3339), row.Rating.Value, row.Rating.Reason, row.Rating.Page, row.Rating.Title, row.Rating.HasText, row.Rating.Warnings.Codes()))
			keys = append(keys, hex.EncodeToString(row.Key[:]))
		}
	}
	return lines, keys
}

// check compares what a file is read as.
func check(t *testing.T, of format, file string, want ...string) {
	t.Helper()
	got, _ := read(t, of, file)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

//go:embed testdata/foreign/plone-feedback.csv
var plone string

func TestPlone(t *testing.T) {
	f := func(file string, want ...string) { t.Helper(); check(t, export.Plone, file, want...) }
	rows := []string{
		`2 2026-11-26T08:30:00Z 2 unclear https://comune.esempio.it/servizi/anagrafe "Anagrafe" true[]`,
		`4 2026-11-26T10:00:00Z 5 skipped  "Ricerca" false[]`,
	}
	f(plone, rows...)
	f("\ufeff"+plone, rows...)
	f(strings.ReplaceAll(strings.ReplaceAll(plone, ",\r\ne", "\r\ne"), ",", ";"), rows...)
	f("Date;Vote;Title;URL;Comment;Answer;extra\n2026-11-26 09:30:00.123;3;T;;;Altro;x\n", `2 2026-11-26T08:30:00Z 3 other  "T" false[]`)
	f("title,url,vote,comment,date,answer\n"+
		"A,,6,,2026-11-26T09:30:00,\n"+
		"A,,5,,ieri,\n"+
		"A,,5\n"+
		"A,,5,,2026-11-26T09:30:00,Di tutto un po'\n"+
		"A,,5,,1926-07-01T09:30:00,\n",
		"2 bad_value: want a vote from 1 to 5",
		"3 bad_time: want a time as 2026-11-27T09:30:00",
		"4 bad_row: 3 fields: want those of the header",
		`5 2026-11-26T08:30:00Z 5 other  "A" false[unknown_reason]`,
		"6 bad_time: want a time as 2026-11-27T09:30:00")
	f("", "error: read Plone's CSV: the header has no column title: want title,url,vote,comment,date,answer")
	f("title,url,vote,comment,date\n", "error: read Plone's CSV: the header has no column answer: want title,url,vote,comment,date,answer")
	f("title,url,vote,comment,date,answer\nA,,5,\"x,2026-11-26T09:30:00,\n", `error: read Plone's CSV: parse error on line 2, column 30: extraneous or missing " in quoted-field`)
	f("title,url,vote,comment,date,answer\n")
	f(plone[:len(plone)-2], rows[0], "4 cut_row: the file ends within this row: want it whole, with the end of its line")
	f("title,url,vote,comment,date,answer\nA,,5,,2026-11-26T09:30:00,Altro", "2 cut_row: the file ends within this row: want it whole, with the end of its line")
}

//go:embed testdata/foreign/wordpress-export.xml
var wordpress string

func TestWordPress(t *testing.T) {
	f := func(file string, want ...string) { t.Helper(); check(t, export.WordPress, file, want...) }
	f(wordpress,
		`5 2026-11-26T08:30:00Z 2 technical https://comune.esempio.it/servizi/anagrafe/ "Anagrafe" true[]`,
		`17 2026-11-26T09:00:00Z 5 skipped https://comune.esempio.it/ "Vecchia" false[]`,
		"19 trashed: somebody has put it into the bin",
		"20 bad_value: want a vote from 1 to 5")
	f("<html></html>", "error: read WordPress's WXR: no rss: want what WordPress exports")
	f("", "error: read WordPress's WXR: no rss: want what WordPress exports")
	f("<rss><channel></channel></rss>")
	f("<rss><channel><item><post_type>rating</post_type></item></channel></rss>", "1 bad_row: want a post_id")
	f(wordpress[:len(wordpress)/3], "error: read WordPress's WXR: item at line 5: XML syntax error on line 12: unexpected EOF")
}

//go:embed testdata/foreign/citfac-feedback.json
var citfac string

func TestCitfac(t *testing.T) {
	f := func(file string, want ...string) { t.Helper(); check(t, export.Citfac, file, want...) }
	rows := []string{
		`2 2026-11-26T08:30:00Z 4 no_trouble /servizi/scuola "Scuola" false[]`,
		`3 2026-11-26T08:30:00Z 1 incomplete  "" true[]`,
		`7 2026-11-26T08:30:00Z 3 other / "Home" false[]`,
		"8 bad_value: want a vote from 1 to 5",
		"9 bad_time: want a time as 2026-11-27T09:30:00",
		"10 bad_row: want an object with the fields of feedback",
	}
	f(citfac, rows...)
	f(`{"total":6,"page":{"n":1},"content":`+citfac+`}`, rows...)
	f("[]")
	f("{}", "error: read Città Facile's JSON: want an array of feedback, or an object with one")
	f("7", "error: read Città Facile's JSON: want an array of feedback, or an object with one")
	f("", "error: read Città Facile's JSON: want an array of feedback, or an object with one")
	f(`[{"id":1,"rating":5,"option":"altro","createdAt":1795681800000}`,
		`1 2026-11-26T08:30:00Z 5 other  "" false[]`, "error: read Città Facile's JSON: unexpected EOF")
}

// TestKeysStay: a later export has new rows before the old ones, equal rows, renamed and
// removed pages. The old rows keep their keys, and no two rows have the same.
func TestKeysStay(t *testing.T) {
	f := func(of format, older, newer string, known int) {
		t.Helper()
		_, before := read(t, of, older)
		_, after := read(t, of, newer)
		seen := make(map[string]int)
		for _, key := range after {
			if seen[key]++; seen[key] > 1 {
				t.Errorf("%s is there twice", key)
			}
		}
		found := 0
		for _, key := range before {
			found += seen[key]
		}
		if len(before) != known || found != known {
			t.Errorf("%d of %d old rows are found again, want %d", found, len(before), known)
		}
	}
	const header = "title,url,vote,comment,date,answer\n"
	const one, two = "A,https://c.it/a,5,,2026-11-26T09:30:00,\n", "A,https://c.it/a,4,,2026-11-26T09:30:00,\n"
	f(export.Plone, header+one+two, header+"B,,1,,2026-07-02T09:30:00,\n"+two+one, 2)
	f(export.Plone, header+one+one+two, header+one+two+one+one, 3)
	f(export.Plone, header+one, header+strings.Replace(one, "https://c.it/a", "", 1), 1)            // The page is gone.
	f(export.Plone, header+one, header+strings.Replace(one, "https://c.it/a", "https://c/b", 1), 1) // It was moved.
	f(export.WordPress, wordpress, strings.Replace(wordpress, "Anagrafe", "Servizi demografici", 1), 2)
	f(export.Citfac, citfac, strings.Replace(citfac, "[", `[{"id":50,"rating":5,"option":"altro","created_at":"2026-07-03T09:30:00"},`, 1), 3)
}

// TestLimits: a row that does not end ends the file; a long one is refused.
func TestLimits(t *testing.T) {
	f := func(of format, file io.Reader, want string) {
		t.Helper()
		last := ""
		for row, err := range of(file, export.Options{}) {
			if last = row.Code; err != nil {
				last = err.Error()
			}
		}
		if !strings.Contains(last, want) {
			t.Errorf("got %.200q, want %q", last, want)
		}
	}
	endless := func(head string) io.Reader {
		return io.MultiReader(strings.NewReader(head), io.LimitReader(letters{}, 1<<30))
	}
	const header = "title,url,vote,comment,date,answer\n"
	f(export.Plone, endless(header+"A,,5,\""), "does not end")
	f(export.Plone, endless("title"), "does not end")
	f(export.WordPress, endless("<rss><item><title>"), "does not end")
	f(export.WordPress, endless("<rss><item "), "does not end")
	f(export.Citfac, endless(`[{"details":"`), "does not end")
	f(export.Citfac, endless(`{"details":"`), "want an array")
	f(export.Plone, strings.NewReader(header+"A,,5,"+strings.Repeat("x", 64<<10)+",2026-11-26T09:30:00,\n"), "too_long")
	f(export.Citfac, strings.NewReader(`[{"details":"`+strings.Repeat("x", 64<<10)+`"}]`), "too_long")
	rows := strings.Repeat("\nA,,5,,2026-11-26T09:30:00,", export.RowsMax+1)
	f(export.Plone, strings.NewReader(header[:len(header)-1]+rows), "more than 1000000 rows")
}

// letters is a file without an end.
type letters struct{}

func (letters) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

// TestProgress: it never goes back, and ends with the file's length.
func TestProgress(t *testing.T) {
	var told []int64
	o := export.Options{Progress: func(read int64) { told = append(told, read) }}
	for _, err := range export.Plone(iotest.OneByteReader(strings.NewReader(plone)), o) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range told {
		if n != int64(i)+1 {
			t.Fatalf("call %d tells %d", i, n)
		}
	}
	if len(told) != len(plone) {
		t.Errorf("%d bytes were told of %d", len(told), len(plone))
	}
}

// TestABrokenDisk: what was read before is there, and the error is told.
func TestABrokenDisk(t *testing.T) {
	f := func(of format, file string, want int) {
		t.Helper()
		rows, failed := 0, false
		broken := io.MultiReader(strings.NewReader(file), iotest.ErrReader(io.ErrClosedPipe))
		for _, err := range of(broken, export.Options{}) {
			if err == nil {
				rows++
			} else {
				failed = strings.Contains(err.Error(), io.ErrClosedPipe.Error())
			}
		}
		if rows != want || !failed {
			t.Errorf("%d rows, failed %v; want %d, and the error", rows, failed, want)
		}
	}
	f(export.Plone, plone, 2)
	f(export.WordPress, wordpress, 4)
	f(export.Citfac, strings.TrimSuffix(citfac, "]"), 6)
}

// FuzzExport: no file makes a reader panic or go on without end; a row that is taken has
// a time and a value, and the same file has the same keys.
func FuzzExport(f *testing.F) {
	for i, file := range []string{plone, wordpress, citfac} {
		f.Add(uint8(i), []byte(file))
	}
	f.Fuzz(func(t *testing.T, kind uint8, file []byte) {
		of := []format{export.Plone, export.WordPress, export.Citfac}[kind%3]
		var before []export.Row
		for row, err := range of(strings.NewReader(string(file)), export.Options{}) {
			if err != nil {
				break
			}
			if row.Code == "" && (row.At <= schema.Instant(0) || row.Rating.Value < 1 || row.Rating.Value > 5 || row.Key == [16]byte{}) || row.Line < 1 {
				t.Errorf("got %+v", row)
			}
			before = append(before, row)
		}
		i := 0
		for row, err := range of(iotest.HalfReader(strings.NewReader(string(file))), export.Options{}) {
			if err == nil && (i >= len(before) || row != before[i]) {
				t.Errorf("row %d is %+v when it is read again", i, row)
			}
			i++
		}
	})
}
