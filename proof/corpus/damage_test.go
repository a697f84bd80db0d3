package corpus_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"mlf/proof/harness"
)

// A damage is one way in which a payload is spoilt on its way. It returns nil where there
// is nothing in body to be spoilt so.
type damage struct {
	name  string
	spoil func(s *sent) []byte
}

// damages are all of them.
func damages() []damage {
	return []damage{
		{"cut", func(s *sent) []byte { return s.body[:len(s.body)*2/3] }},
		{"doubled members", doubled},
		{"wrong types", wrongTypes},
		{"huge numbers", func(s *sent) []byte {
			return regexp.MustCompile(`[0-9]+`).ReplaceAll(s.body, bytes.Repeat([]byte("9"), 30))
		}},
		{"a NUL", func(s *sent) []byte {
			half := len(s.body) / 2
			return slices.Concat(s.body[:half], []byte{0}, s.body[half:])
		}},
		{"UTF-16", inUTF16},
		{"a BOM", func(s *sent) []byte { return append([]byte("\xef\xbb\xbf"), s.body...) }},
		{"deep nesting", deep},
		{"a gzip bomb", bomb},
		{"another content type", func(s *sent) []byte {
			s.kind = "application/xml"
			return s.body
		}},
	}
}

// isJSON tells how s is written.
func (s *sent) isJSON() bool { return s.kind == "application/json" }

// doubled has before each member one of the same name, which says something else.
func doubled(s *sent) []byte {
	if !s.isJSON() {
		pairs := strings.Split(string(s.body), "&")
		for i, pair := range pairs {
			name, _, _ := strings.Cut(pair, "=")
			pairs[i] = name + "=5&" + pair + "x"
		}
		return []byte(strings.Join(pairs, "&"))
	}
	return eachMember(s.body, func(name string, value json.RawMessage) string {
		return fmt.Sprintf(`%q:"other",%q:%s`, name, name, value)
	})
}

// wrongTypes has a list of lists in place of every value.
func wrongTypes(s *sent) []byte {
	if !s.isJSON() {
		return bytes.ReplaceAll(s.body, []byte("="), []byte("[]="))
	}
	return eachMember(s.body, func(name string, _ json.RawMessage) string { return fmt.Sprintf(`%q:[[7]]`, name) })
}

// eachMember writes an object anew, each member of it as write does.
func eachMember(body []byte, write func(name string, value json.RawMessage) string) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil
	}
	var all []string
	for name, value := range members {
		all = append(all, write(name, value))
	}
	slices.Sort(all)
	return []byte("{" + strings.Join(all, ",") + "}")
}

func inUTF16(s *sent) []byte {
	out := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(string(s.body))) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return out
}

// deep has a member inside of which there are 3,000 lists.
func deep(s *sent) []byte {
	const levels = 3000
	lists := strings.Repeat("[", levels) + strings.Repeat("]", levels)
	if !s.isJSON() {
		return append(bytes.Clone(s.body), "&x="+url.QueryEscape(lists)...)
	}
	return bytes.Replace(s.body, []byte("{"), []byte(`{"x":`+lists+","), 1)
}

// bomb is the body and 16 MiB of blanks, packed into some 16 KiB.
func bomb(s *sent) []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(s.body) // A Buffer takes all.
	for range 256 {
		_, _ = z.Write(bytes.Repeat([]byte(" "), 64<<10))
	}
	_ = z.Close()
	s.coding = "gzip"
	return packed.Bytes()
}

// TestDamagedPayloads: whatever a payload has become, it is refused with a problem that
// says what is wanted, and counted as refused, or there is nothing in it to count, or it
// still says what it said; nothing else is on the log, and ingest has met no defect.
func TestDamagedPayloads(t *testing.T) {
	rows := slices.DeleteFunc(readTable(t), (*row).isFile)
	w := newWorld(t, rows)
	before := w.figures(t)
	fates := make(map[string]map[string]int)
	refused, clients := 0.0, 0
	for i, r := range rows {
		for _, d := range damages() {
			s := sent{i: i, row: r, kind: r.kind, body: r.body}
			if s.body = d.spoil(&s); s.body == nil {
				continue
			}
			clients++
			a := w.post(t, s, clients)
			fate := "refused"
			if a.status >= 400 && a.status < 500 {
				refused++
			} else {
				fate = w.fate(t, r, &a)
			}
			if fates[d.name] == nil {
				fates[d.name] = make(map[string]int)
			}
			fates[d.name][fate]++
			if records := w.take(t); a.status >= 400 && len(records) > 0 || a.status >= 500 || fate == "" {
				t.Errorf("%s, %s: answered %d %s, record %s; the sound one is %s", r.file, d.name, a.status, a.body, fate, r.line[6])
			}
		}
	}
	for _, d := range damages() {
		t.Logf("%-22s %v", d.name, fates[d.name])
		if fates[d.name]["refused"] == 0 {
			t.Errorf("%s: nothing was refused", d.name)
		}
	}
	after := w.figures(t)
	if got := after.refused - before.refused; got != refused {
		t.Errorf("%v requests are counted as refused, want %v", got, refused)
	}
	if after.panics != 0 {
		t.Errorf("ingest met %v defects", after.panics)
	}
}

// fate returns what became of what was answered well: nothing, or the record of the sound
// payload. "" is garbage.
func (w *world) fate(t *testing.T, r *row, a *answer) string {
	t.Helper()
	records, _ := w.records(t)
	if len(records) == 0 {
		return "nothing to count"
	}
	text, _ := inWords(t, records[0].Value, a)
	sound, _, _ := strings.Cut(r.line[6], " key ")
	if sound, _, _ = strings.Cut(sound, " without key"); len(records) == 1 && text == sound {
		return "as it was"
	}
	t.Logf("%s", text)
	return ""
}

// figures are what ingest says of itself.
type figures struct{ refused, panics float64 }

func (w *world) figures(t *testing.T) (f figures) {
	t.Helper()
	status, text, err := harness.Get(t, "http://"+w.admin+"/metrics")
	if err != nil || status != 200 {
		t.Fatal(status, err)
	}
	for line := range strings.Lines(text) {
		name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		if i := strings.LastIndexByte(line, ' '); i >= 0 {
			name, number = line[:i], strings.TrimSpace(line[i:])
		}
		var n float64
		if _, err := fmt.Sscan(number, &n); err != nil {
			continue
		}
		switch {
		case strings.HasPrefix(name, "mlf_ingest_requests_total{code=\"4"):
			f.refused += n
		case name == "mlf_ingest_panics_total":
			f.panics = n
		}
	}
	return f
}

// TestDamagedFiles: of a spoilt file the rows that still are what they were may be
// imported; all others are refused, and counted as refused.
func TestDamagedFiles(t *testing.T) {
	rows := slices.DeleteFunc(readTable(t), func(r *row) bool { return !r.isFile() })
	w := newWorld(t, rows)
	for i, r := range rows {
		sound := strings.Split(r.line[6], "; ")
		for n := range sound {
			sound[n], _, _ = strings.Cut(sound[n], " key ")
		}
		for _, d := range damages() {
			s := sent{i: i, row: r, body: r.body}
			if strings.HasSuffix(r.file, ".json") {
				s.kind = "application/json"
			}
			if s.body = d.spoil(&s); s.body == nil || d.name == "another content type" {
				continue
			}
			path := write(t, s.body)
			a, said := w.importFile(t, i, r, path)
			if a.status != 0 && !strings.Contains(said, "read "+path) {
				t.Errorf("%s, %s: exit code %d: %s", r.file, d.name, a.status, said)
			}
			for _, record := range w.take(t) {
				b, _ := decode(t, record.Value)
				for _, v := range b.Votes {
					if text := voteInWords(b, &v, &a); !slices.Contains(sound, text) {
						t.Errorf("%s, %s: %s was imported, want any of %q", r.file, d.name, text, sound)
					}
				}
			}
			_ = os.Remove(path) // One is large.
		}
	}
}
