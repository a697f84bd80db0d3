package pagetable_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"mlf/schema"
	"mlf/schema/pagetable"
)

var from = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // A time.

// table returns the matcher of lines, each a pattern, a service and perhaps a question.
func table(t testing.TB, lines ...string) *pagetable.Matcher {
	t.Helper()
	all := pagetable.Table{Site: "s", Version: 1, From: from}
	for _, text := range lines {
		var l pagetable.Line
		fields := strings.Fields(text)
		l.Pattern, l.Service = fields[0], fields[1]
		if len(fields) > 2 {
			l.Question = fields[2]
		}
		all.Lines = append(all.Lines, l)
	}
	m, err := pagetable.Compile(all)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPathOfAPage(t *testing.T) {
	f := func(address, want string) {
		t.Helper()
		got, ok := pagetable.Path(address)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %q, %t, want %q", address, got, ok, want)
		}
	}
	f("/servizi/imu", "/servizi/imu")
	f("/servizi/imu/", "/servizi/imu")
	f("https://www.comune.example.it/servizi/imu?cf=RSSMRA80A01H501U#x", "/servizi/imu")
	f("/servizi/imu#a?b", "/servizi/imu")
	f("//servizi///imu//", "/servizi/imu")
	f("/servizi/./x/../imu", "/servizi/imu")
	f("/servizi/%2e%2E/imu", "/imu")
	f("/../../imu", "/imu")
	f("/a%2Fb", "/a%2Fb")
	f("/a%2fb", "/a%2Fb")
	f("/a%252Fb", "/a%252Fb")
	f("/100%", "/100%25")
	f("/citt%C3%A0", "/città")
	f("/citta%CC%80", "/città") // Composed.
	f("/città", "/città")
	f("/%ff", "/\ufffd")
	f("/a%0Ab%7f", "/a%0Ab%7F")
	f("/a+b%20c", "/a+b c")
	f("/A/b", "/A/b")
	f("HTTPS://WWW.X.IT", "/")
	f("https://u:p@x.it/a", "/a")
	f("https:///a", "")
	f("ftp://x.it/a", "")
	f("javascript:alert(1)", "")
	f("servizi/imu", "")
	f("", "")
	f("/", "/")
}

func TestTheFirstLineThatFits(t *testing.T) {
	m := table(t,
		"/servizi/imu/paga pagamento-imu ease",
		"/servizi/imu/** tributi",
		"/servizi/*-scolastica mensa-scolastica",
		"/servizi/*/prenota prenotazione-appuntamento ease",
		"/servizi/imu/paga nobody",
		"https://anagrafe.comune.example.it/** anagrafe",
		"https://altro.comune.example.it:8443/a edilizia",
		"/a/**/z/* urp",
		"/citt%C3%A0/100%25 turismo",
		"/stella/%2A ambiente",
		"/x%2Fy mobilita",
		"/ protocollo",
		"/b*n*na/* biblioteca",
	)
	f := func(page, want string) {
		t.Helper()
		l, ok := m.Find(page)
		if got := strings.TrimSpace(l.Service + " " + l.Question); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, want %q", page, got, want)
		}
	}
	f("https://www.comune.example.it/servizi/imu/paga", "pagamento-imu ease")
	f("/servizi/imu/paga/", "pagamento-imu ease")
	f("/servizi//imu/./paga?x=1#y", "pagamento-imu ease")
	f("/servizi/imu", "tributi")
	f("/servizi/imu/a/b/c", "tributi")
	f("/servizi/imux", "")
	f("/Servizi/imu", "") // Paths have a case.
	f("/servizi/mensa-scolastica", "mensa-scolastica")
	f("/servizi/-scolastica", "mensa-scolastica")
	f("/servizi/a/b-scolastica", "")
	f("/servizi/a%2Fb-scolastica", "mensa-scolastica") // An escaped slash ends no part.
	f("/servizi/tari/prenota", "prenotazione-appuntamento ease")
	f("/servizi/imu/prenota", "tributi") // An earlier line.
	f("https://ANAGRAFE.comune.example.it:443/x/y", "anagrafe")
	f("https://anagrafe.comune.example.it", "anagrafe")
	f("https://anagrafe.comune.example.it./x", "anagrafe")
	f("https://anagrafe.comune.example.it:8443/x", "")
	f("/x", "") // A path alone is of no host.
	f("https://altro.comune.example.it:8443/a", "edilizia")
	f("https://altro.comune.example.it/a", "")
	f("/a/z/q", "urp")
	f("/a/b/c/z/q", "urp")
	f("/a/z", "")
	f("/a/z/z/z", "urp")
	f("/città/100%25", "turismo")
	f("/citt%c3%a0/100%", "turismo")
	f("/stella/*", "ambiente")
	f("/stella/x", "")
	f("/x%2fy", "mobilita")
	f("/x/y", "")
	f("https://www.comune.example.it", "protocollo")
	f("/banana/x", "biblioteca")
	f("/bnna/x", "biblioteca")
	f("/bna/x", "")
	f("servizi/imu", "")
	f("", "")
}

func TestLinesThatAreRefused(t *testing.T) {
	f := func(l pagetable.Line, want string) {
		t.Helper()
		_, err := pagetable.Compile(pagetable.Table{Site: "s", Version: 1, From: from, Lines: []pagetable.Line{{Pattern: "/", Service: "urp"}, l}})
		if err == nil || !strings.Contains(err.Error(), "line 2: "+want) {
			t.Errorf("%v: got %v, want %q", l, err, want)
		}
	}
	f(pagetable.Line{Pattern: "imu", Service: "x"}, `"imu": want a path such as`)
	f(pagetable.Line{Pattern: "ftp://x.it/a", Service: "x"}, `"ftp://x.it/a": want a path such as`)
	f(pagetable.Line{Pattern: "/a?b", Service: "x"}, `"/a?b": want no ?`)
	f(pagetable.Line{Pattern: "/a/**/b/**", Service: "x"}, `"/a/**/b/**": want ** once`)
	f(pagetable.Line{Pattern: "/a/b**", Service: "x"}, `"/a/b**": want ** once, as a whole part`)
	f(pagetable.Line{Pattern: "/a/../b", Service: "x"}, `"/a/../b": no . and .. in a path`)
	f(pagetable.Line{Pattern: "/*/*/*/*/*", Service: "x"}, `"/*/*/*/*/*": 5 stars`)
	f(pagetable.Line{Pattern: "https://*.x.it/", Service: "x"}, `"https://*.x.it/": want a host`)
	f(pagetable.Line{Pattern: "https://città.it/", Service: "x"}, `"https://città.it/": want a host`)
	f(pagetable.Line{Pattern: "/" + strings.Repeat("x", 512), Service: "x"}, `"/`)
	f(pagetable.Line{Pattern: "/a", Service: "X"}, `service "X"`)
	f(pagetable.Line{Pattern: "/a"}, `service ""`)
	f(pagetable.Line{Pattern: "/a", Service: "x", Question: "why"}, `question "why"`)
	if _, err := pagetable.Compile(pagetable.Table{Site: "s", Version: 1}); err == nil {
		t.Error("a table without a time was taken")
	}
	long := pagetable.Table{Site: "s", Version: 1, From: from, Lines: make([]pagetable.Line, pagetable.LinesMax+1)}
	if _, err := pagetable.Compile(long); err == nil || !strings.Contains(err.Error(), "5001 lines: want at most 5000") {
		t.Errorf("got %v", err)
	}
	_, err := pagetable.Compile(pagetable.Table{Site: "s", Version: 1, From: from, Lines: make([]pagetable.Line, 100)})
	if err == nil || strings.Count(err.Error(), "\n") != 19 {
		t.Errorf("got %v, want 20 lines complained of", err)
	}
}

func TestARecordOfEachVersion(t *testing.T) {
	want := pagetable.Table{Site: "s", Version: 7, From: from, Lines: []pagetable.Line{{"/servizi/imu/**", "tributi", ""}, {"/servizi/imu/paga", "pagamento-imu", "ease"}}}
	key, value, err := want.RegistryRecord()
	if err != nil || key != "page-table/s/7" || key != pagetable.Key("s", 7) {
		t.Fatal(key, err)
	}
	if w := `{"site":"s","version":7,"from":"2026-11-27T12:00:00Z","lines":[["/servizi/imu/**","tributi"],["/servizi/imu/paga","pagamento-imu","ease"]]}`; string(value) != w {
		t.Errorf("got %s, want %s", value, w)
	}
	var got pagetable.Table
	if err := json.Unmarshal(value, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{`{"lines":[["a"]]}`, `{"lines":[["a","b","c","d"]]}`, `{"lines":["a"]}`} {
		if json.Unmarshal([]byte(text), &got) == nil {
			t.Errorf("%s was read", text)
		}
	}
	for len(want.Lines) < pagetable.LinesMax {
		want.Lines = append(want.Lines, pagetable.Line{Pattern: fmt.Sprintf("/servizi/un-nome-lungo-come-quelli-dei-siti-comunali/%d", len(want.Lines)), Service: "tributi"})
	}
	if _, _, err := want.RegistryRecord(); err == nil || !strings.Contains(err.Error(), "want at most 262144") {
		t.Errorf("got %v, want a record that is too long", err)
	}
	if new(schema.Terminals).Apply(key, value) != nil {
		t.Error("who reads terminals is disturbed by a table")
	}
}

func TestPatternsOfPages(t *testing.T) {
	f := func(address, want string) {
		t.Helper()
		got, err := pagetable.Pattern(address)
		if got != want && err == nil || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", address, got, err, want)
		}
		if want == "" {
			return
		}
		if _, ok := table(t, strings.ReplaceAll(got, " ", "%20")+" urp").Find(address); !ok {
			t.Errorf("%s does not fit its own pattern %s", address, got)
		}
	}
	f("https://www.comune.example.it/servizi/imu/?utm=1", "/servizi/imu/**")
	f("https://www.comune.example.it/a*b/citt%C3%A0%3F", "/a%2Ab/città%3F/**")
	f("https://www.comune.example.it/", "")
	f("mailto:x@y.it", "")
}

// TestAsAPlainReadingHasIt compares with regular expressions and package path, over random
// patterns and pages of few letters, of which many fit.
func TestAsAPlainReadingHasIt(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	some := func(letters string, n int) (text string) {
		for range r.IntN(n) {
			text += string(letters[r.IntN(len(letters))])
		}
		return text
	}
	fits := 0
	for range 20_000 {
		var parts []string
		for range 1 + r.IntN(3) {
			if p := some("ab*", 4); p != "" && !strings.Contains(p, "**") {
				parts = append(parts, p)
			}
		}
		if r.IntN(2) == 0 {
			i := r.IntN(len(parts) + 1)
			parts = append(parts[:i:i], append([]string{"**"}, parts[i:]...)...)
		}
		pattern := "/" + strings.Join(parts, "/")
		page := path.Clean("/" + some("ab/", 9))
		m, err := pagetable.Compile(pagetable.Table{Site: "s", Version: 1, From: from, Lines: []pagetable.Line{{Pattern: pattern, Service: "x"}}})
		if err != nil {
			continue // More than four stars.
		}
		var plain strings.Builder
		for _, p := range parts {
			if p == "**" {
				plain.WriteString(`(?:/[^/]+)*`)
			} else {
				plain.WriteString("/" + strings.ReplaceAll(p, "*", "[^/]*"))
			}
		}
		want := regexp.MustCompile("^" + plain.String() + "$").MatchString(strings.TrimSuffix(page, "/"))
		if _, got := m.Find(page); got != want {
			t.Fatalf("seed %d: %s and %s: got %t, want %t", seed, pattern, page, got, want)
		}
		if want {
			fits++
		}
	}
	if fits < 500 {
		t.Errorf("seed %d: only %d fit", seed, fits)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("/servizi/*/imu/**", "https://www.x.it:443//servizi/%2e%2e/a%2Fb?q#f")
	f.Add("https://x.it/a*b*c", "/%c3%28/%")
	f.Fuzz(func(t *testing.T, pattern, page string) {
		first, ok := pagetable.Path(page)
		if again, fine := pagetable.Path(first); ok && (!fine || again != first) {
			t.Errorf("%q: %q is read as %q", page, first, again)
		}
		m, err := pagetable.Compile(pagetable.Table{Site: "s", Version: 1, From: from, Lines: []pagetable.Line{{Pattern: pattern, Service: "x"}}})
		if err != nil {
			return
		}
		if _, fits := m.Find(page); fits && !ok {
			t.Errorf("%q fits %q, which is no address", pattern, page)
		}
		if own, err := pagetable.Pattern(page); err == nil {
			m, err := pagetable.Compile(pagetable.Table{Site: "s", Version: 1, From: from, Lines: []pagetable.Line{{Pattern: own, Service: "x"}}})
			if err != nil {
				t.Fatalf("%q has the pattern %q: %v", page, own, err)
			}
			if _, fits := m.Find(page); !fits {
				t.Errorf("%q does not fit its own pattern %q", page, own)
			}
		}
	})
}

// BenchmarkFind: the last of as many lines as there may be, all with stars.
func BenchmarkFind(b *testing.B) {
	var lines []string
	for i := range pagetable.LinesMax {
		lines = append(lines, fmt.Sprintf("/servizi/*-%d-*/** tributi", i))
	}
	m := table(b, lines...)
	page := "https://www.comune.example.it/servizi/" + strings.Repeat("x", 400) + "-4999-/a/b"
	for b.Loop() {
		if _, ok := m.Find(page); !ok {
			b.Fatal("not found")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ratings/s")
}
