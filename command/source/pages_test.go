package source

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/command/source/missed"
	"mlf/command/tool/tooltest"
	"mlf/schema"
	"mlf/schema/pagetable"
	"mlf/schema/source"
)

// sources returns what the registry topic has.
func (l *line) sources(t *testing.T) *source.Sources {
	t.Helper()
	var all source.Sources
	if err := l.Client.ReadRecords(t.Context(), all.Apply); err != nil {
		t.Fatal(err)
	}
	return &all
}

// site adds one of Sestriere, and returns its name.
func (l *line) site(t *testing.T, more ...string) string {
	t.Helper()
	args := append([]string{"site", "add", "--comune", "001263", "--services", "anagrafe,tributi,pagamento-imu,asilo-nido", "--channel", "web", "--json"}, more...)
	return tooltest.Decode[shownSite](t, l.Want(t, 0, "", args...))[0].Site
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const sitemap = `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://www.comune.example.it/</loc></url>
<url><loc>https://www.comune.example.it/servizi/pagare-l-imu/</loc></url>
<url><loc>https://www.comune.example.it/servizi/iscrizione-asilo-nido</loc></url>
<url><loc>https://www.comune.example.it/servizi/anagrafe</loc></url>
<url><loc>https://www.comune.example.it/servizi/sepoltura</loc></url>
<url><loc>https://www.comune.example.it/novita/contributi-imu/</loc></url>
</urlset>`

// TestFromASitemapToATable: what a look at a sitemap prints is what is written then.
func TestFromASitemapToATable(t *testing.T) {
	l := newLine(t)
	name := l.site(t)
	from := file(t, "sitemap.xml", sitemap)
	code, proposed, said := l.Run(t, "site", "pages", "C_I692", "--from", from)
	want := "page,service,question\n/servizi/pagare-l-imu/**,pagamento-imu,\n/servizi/iscrizione-asilo-nido/**,asilo-nido,\n/servizi/anagrafe/**,anagrafe,\n"
	if code != 0 || proposed != want {
		t.Fatalf("got %d %s, want %s", code, proposed, want)
	}
	for _, part := range []string{"6 pages in the sitemap", "no service found for /servizi/sepoltura\n", name + ": 3 lines", "nothing was written (--write)"} {
		if !strings.Contains(said, part) {
			t.Errorf("want %q in %s", part, said)
		}
	}
	l.Want(t, 1, "it has no table of pages", "site", "pages", name)
	list := file(t, "pages.csv", proposed+"/servizi/anagrafe/paga,tributi,ease\n")
	before := len(l.terminals(t).All())
	got := tooltest.Decode[pagesSummary](t, l.Want(t, 0, "", "site", "pages", name, "--from", list, "--write", "--json"))[0]
	if !got.Written || got.Version != 1 || got.Lines != 4 || got.Other != 1 || time.Until(got.From) > 11*time.Second {
		t.Errorf("got %+v", got)
	}
	sources, terminals := l.sources(t), l.terminals(t)
	s, m := sources.Site(name), sources.NewestPages(name)
	if own, other := terminals.ByID(s.Terminal), terminals.ByID(s.Other); len(terminals.All()) != before+1 || other == nil || other.Channel != schema.ChannelDigital ||
		other.Scale != own.Scale || other.Comune != own.Comune || !slices.Equal(other.Services, own.Services) || other.Token == own.Token {
		t.Errorf("the other question: got %+v", other)
	}
	if line, ok := m.Find("https://www.comune.example.it/servizi/pagare-l-imu/?x=1"); !ok || line.Service != "pagamento-imu" {
		t.Errorf("got %v, %t", line, ok)
	}
	l.Want(t, 0, proposed, "site", "pages", name)

	// The same again changes nothing; another is the next version, and enrols nobody anew.
	if got := tooltest.Decode[pagesSummary](t, l.Want(t, 0, "", "site", "pages", name, "--from", list, "--write", "--json"))[0]; got.Written || !got.Same {
		t.Errorf("the same: got %+v", got)
	}
	l.Want(t, 0, "version 2 holds", "site", "pages", name, "--from", file(t, "p.csv", "page;service;question\n/x;tributi;ease\n"), "--write")
	if n := len(l.terminals(t).All()); n != before+1 {
		t.Errorf("got %d terminals, want %d", n, before+1)
	}
	day := time.Now().AddDate(0, 0, 40).Format(time.DateOnly)
	l.Want(t, 0, "version 3 holds", "site", "pages", name, "--from", file(t, "p.csv", "page,service\n/y,anagrafe\n"), "--since", day, "--write")
	if m := l.sources(t).Pages(name, time.Now().Add(time.Minute)); m == nil || m.Version != 2 {
		t.Errorf("got %+v, want version 2 until that day", m)
	}
}

func TestTablesThatAreRefused(t *testing.T) {
	l := newLine(t)
	name := l.site(t)
	f := func(code int, want, text string, more ...string) {
		t.Helper()
		l.Want(t, code, want, append([]string{"site", "pages", name, "--from", file(t, "p", text)}, more...)...)
	}
	f(2, "services that the site does not have: urp, edilizia;", "page,service\n/a,urp\n/b,edilizia\n/c,urp\n")
	f(2, `lines after the header: line 2: "b": want a path`, "page,service\n/a,tributi\nb,tributi\n")
	f(2, "--since", "page,service\n/a,tributi\n", "--since", "2020-01-01")
	f(2, "--since", "page,service\n/a,tributi\n", "--since", "x")
	f(2, `column "x"`, "x\n")
	f(2, "want columns page and service", "page\n")
	f(2, "index of sitemaps", `<sitemapindex/>`)
	l.Want(t, 2, "no such file", "site", "pages", name, "--from", "/nowhere")
	l.Want(t, 2, "--write: want --from", "site", "pages", name, "--write")
	l.Want(t, 2, "--unmatched: want no --from", "site", "pages", name, "--unmatched", "--from", "x")
	l.Want(t, 1, "site x: there is none", "site", "pages", "x")
	l.Want(t, 1, "no table of pages that holds", "site", "pages", name, "--unmatched")
	l.site(t)
	l.Want(t, 1, "c_i692 has 2 sites: want one of ", "site", "pages", "c_i692")
	l.Want(t, 0, "closed", "site", "close", name)
	l.Want(t, 1, "it was closed", "site", "pages", name)
	l.Want(t, 1, "it has no table of pages; --from makes one", "site", "pages", "c_i692") // The one that is left.
	if _, value, _ := (pagetable.Table{Site: "s", Version: 1, From: time.Now()}).RegistryRecord(); value == nil {
		t.Error("a table without lines is none")
	}
}

// TestPagesWithoutALine: what all processes of ingest tell is added up, of the table that
// holds.
func TestPagesWithoutALine(t *testing.T) {
	l := newLine(t)
	name := l.site(t)
	key, value, err := pagetable.Table{Site: name, Version: 4, From: time.Now().Add(-time.Hour)}.RegistryRecord()
	if err == nil {
		err = l.Client.PutRegistry(t.Context(), key, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	process := func(pages ...missed.Page) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != missed.Path {
				http.NotFound(w, r)
				return
			}
			if err := json.NewEncoder(w).Encode(pages); err != nil {
				t.Error(err)
			}
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	one := process(missed.Page{Site: name, Version: 4, Path: "/a", Ratings: 2}, missed.Page{Site: name, Version: 4, Ratings: 9}, missed.Page{Site: name, Version: 3, Path: "/old", Ratings: 7})
	two := process(missed.Page{Site: name, Version: 4, Path: "/a", Ratings: 3}, missed.Page{Site: name, Version: 4, Path: "/b\u009b2J\u202e", Ratings: 1}, missed.Page{Site: "other", Version: 4, Path: "/b", Ratings: 8})
	if got, want := l.Want(t, 0, "", "site", "pages", name, "--unmatched", "--admin", one+",http://"+two), "9\t(without a path, or too many)\n5\t/a\n1\t/b\ufffd2J\ufffd\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := l.Want(t, 0, "", "site", "pages", name, "--unmatched", "--admin", two, "--json"), fmt.Sprintf(`{"site":%q,"version":4,"path":"/a","ratings":3}`+"\n", name); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	l.Want(t, 1, "want the admin listener", "site", "pages", name, "--unmatched", "--admin", two+"/x")
	l.Want(t, 1, "ask 127.0.0.1:1 for pages", "site", "pages", name, "--unmatched", "--admin", "127.0.0.1:1")
}
