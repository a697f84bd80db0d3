package corpus_test

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlf/schema"
)

var update = flag.Bool("update", false, "write what becomes of each payload into testdata/corpus.csv") //nolint:gochecknoglobals // A flag must exist before main.

const table = "testdata/corpus.csv"

// columns are those of the table. The last three are what is to become of a payload.
func columns() []string {
	return []string{"file", "from", "to", "type", "device", "status", "record", "counted"}
}

// A row is one payload of the table.
type row struct {
	file   string // From this folder on.
	to     string // "ratings form", "uplinks chirpstack4?event=up", "import calls asterisk-cdr".
	kind   string // Content-Type.
	device string // Its address, of networks and exchanges; "" for none.
	body   []byte // With its days moved, see today.
	moved  bool   // It has such days, and perhaps keys that are made of them.

	line []string // As it stands in the table.
	got  [3]string
}

// way is how the source speaks, the last word of to.
func (r *row) way() string {
	words := strings.Fields(r.to)
	way, _, _ := strings.Cut(words[len(words)-1], "?")
	return way
}

func (r *row) is(what string) bool { return strings.HasPrefix(r.to, what) }

// isFile tells whether it is imported rather than sent.
func (r *row) isFile() bool { return r.is("import ") }

// keyInWords says a key that is the same in every year.
func (r *row) keyInWords(key string) string {
	if r.moved {
		return "key of its own"
	}
	return "key " + key
}

// readTable returns the corpus, and sees that no payload beside the readers is left out.
func readTable(t *testing.T) []*row {
	t.Helper()
	f, err := os.Open(table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) < 2 || !slices.Equal(lines[0], columns()) {
		t.Fatalf("%s: %v, want columns %v", table, err, columns())
	}
	named := make(map[string]bool)
	var all []*row
	for _, line := range lines[1:] {
		r := &row{file: line[0], to: line[2], kind: line[3], device: line[4], line: line}
		body, err := os.ReadFile(r.file)
		if err != nil {
			t.Fatal(err)
		}
		r.body, named[filepath.Clean(r.file)] = today(body), true
		r.moved = (r.is("calls") || r.is("import")) && (bytes.Contains(body, []byte(dayWritten)) || bytes.Contains(body, []byte("1764144")))
		all = append(all, r)
	}
	beside, err := filepath.Glob("../../ingest/*/testdata/foreign/*")
	more, _ := filepath.Glob("../../ingest/*/*/testdata/foreign/*")
	if err != nil || len(beside) == 0 || len(more) == 0 {
		t.Fatal(err, len(beside), len(more))
	}
	for _, file := range append(beside, more...) {
		if !strings.HasSuffix(file, ".want.json") && !named[filepath.Clean(file)] {
			t.Errorf("%s is not in %s", file, table)
		}
	}
	return all
}

// writeTable writes what became of rows.
func writeTable(t *testing.T, all []*row) {
	t.Helper()
	f, err := os.Create(table)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(f)
	_ = w.Write(columns()) // Flush tells.
	for _, r := range all {
		_ = w.Write(append(slices.Clone(r.line[:5]), r.got[:]...))
	}
	if w.Flush(); w.Error() != nil || f.Close() != nil {
		t.Fatal(w.Error())
	}
}

// The corpus is of two days, which are moved to the same day of the newest year in which
// it is over: what is older than the memory of sources would be refused, or counted as of
// now. Other days are left as they are: they are older than that for good.
const (
	dayWritten = "2026-11-26"
	dayOfIDs   = "2025-11-26" // Of seconds in ids of calls, which have the same hour.
)

// theDay is what the days of the corpus become.
func theDay() time.Time {
	now := time.Now().UTC().Add(-72 * time.Hour)
	day := time.Date(now.Year(), 11, 26, 0, 0, 0, 0, time.UTC)
	if day.After(now) {
		day = day.AddDate(-1, 0, 0)
	}
	return day
}

// today returns body with its days moved.
func today(body []byte) []byte {
	day := theDay()
	text := strings.ReplaceAll(string(body), dayWritten, day.Format(time.DateOnly))
	number := regexp.MustCompile(`\b1[0-9]{9}([0-9]{3})?\b`)
	return []byte(number.ReplaceAllStringFunc(text, func(digits string) string {
		seconds, _ := strconv.ParseInt(digits[:10], 10, 64)
		for _, from := range []string{dayWritten, dayOfIDs} {
			of, _ := time.Parse(time.DateOnly, from)
			if since := seconds - of.Unix(); since >= 0 && since < 24*3600 {
				return fmt.Sprintf("%d%s", day.Unix()+since, digits[10:])
			}
		}
		return digits
	}))
}

// when says at in words that hold on any day: by the corpus's own, or by the arrival of
// the request, which came between first and last.
func when(at, first, last schema.Instant) string {
	since := at.Time().Sub(theDay())
	if since >= 0 && since < 24*time.Hour {
		return "day+" + since.String()
	}
	for said, ago := range map[string]schema.Instant{"": 0, "-1.2s": 1200, "-24h": 24 * 3600 * 1000} {
		if at >= first-ago && at <= last-ago {
			return "arrival" + said
		}
	}
	return at.Time().Format("2006-01-02T15:04:05.999Z")
}
