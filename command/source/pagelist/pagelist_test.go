package pagelist_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mlf/command/source/pagelist"
	"mlf/schema/pagetable"
	"mlf/schema/schematest"
)

// all offers every service of the list.
func all(t testing.TB) func(code string) bool {
	t.Helper()
	reg := schematest.Lists(t)
	return func(code string) bool {
		_, ok := reg.ServiceID(code)
		return ok
	}
}

func sitemap(pages ...string) string {
	var text strings.Builder
	text.WriteString(`<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">`)
	for _, page := range pages {
		text.WriteString("<url><loc>" + page + "</loc><image:image><image:loc>https://x.it/servizi/imu.jpg</image:loc></image:image></url>")
	}
	return text.String() + "</urlset>"
}

// TestServicesOfThePNRR: 25 in five archetypes, each found by an address as sites have it,
// and each one that there is in the list of services.
func TestServicesOfThePNRR(t *testing.T) {
	offered := all(t)
	found := make(map[string]bool)
	f := func(name, want string) {
		t.Helper()
		l, err := pagelist.Read(strings.NewReader(sitemap("https://www.comune.example.it/servizi/"+name)), offered)
		if err != nil || want == "" != (len(l.Lines) == 0) || len(l.Lines) > 0 && l.Lines[0].Service != want {
			t.Errorf("%s: got %v %v, %v, want %s", name, l.Lines, l.Unknown, err, want)
		}
		found[want] = true
	}
	f("richiedere-permesso-di-parcheggio-per-residenti", "parcheggio-residenti")
	f("richiedere-permesso-per-accesso-area-ztl", "permesso-ztl")
	f("richiedere-permesso-per-parcheggio-invalidi", "parcheggio-invalidi")
	f("richiedere-permesso-per-passo-carrabile", "passo-carrabile")
	f("richiedere-una-pubblicazione-di-matrimonio", "pubblicazione-matrimonio")
	f("richiedere-l-accesso-agli-atti", "accesso-atti")
	f("richiedere-permesso-di-occupazione-suolo-pubblico", "occupazione-suolo-pubblico")
	f("presentare-domanda-per-agevolazioni-scolastiche", "agevolazioni-scolastiche")
	f("presentare-domanda-per-assegno-di-maternit%C3%A0", "assegno-maternita")
	f("presentare-domanda-per-bonus-economici", "bonus-economici")
	f("presentare-domanda-per-un-contributo", "contributo")
	f("presentare-domanda-di-agevolazione-tributaria", "agevolazione-tributaria")
	f("presentare-domanda-per-assegnazione-alloggio", "assegnazione-alloggio")
	f("iscriversi-alla-scuola-dell-infanzia", "iscrizione-scuola-infanzia")
	f("iscriversi-all-asilo-nido", "asilo-nido")
	f("iscriversi-a-un-concorso-pubblico", "concorso-pubblico")
	f("richiedere-iscrizione-al-trasporto-scolastico", "trasporto-scolastico")
	f("richiedere-iscrizione-alla-mensa-scolastica", "mensa-scolastica")
	f("richiedere-la-sepoltura-di-un-defunto", "sepoltura")
	f("pagare-tributi-imu", "pagamento-imu")
	f("pagare-canone-cimp", "pagamento-cimp")
	f("pagare-canone-cosap", "pagamento-cosap")
	f("pagare-canone-idrico", "canone-idrico")
	f("pagare-contravvenzioni", "pagamento-multa")
	f("pagare-canone-per-lampade-votive", "lampade-votive")
	if len(found) != 25 {
		t.Errorf("got %d services, want 25", len(found))
	}
	f("biblioteca", "biblioteca") // Called as its code.
	f("cambio_residenza", "cambio-residenza")
	f("minimus", "")
	f("immagini", "")
}

func TestSitemaps(t *testing.T) {
	offered := all(t)
	read := func(text string) (pagelist.List, error) { return pagelist.Read(strings.NewReader(text), offered) }
	l, err := read("\ufeff \n" + sitemap(" https://x.it/servizi/imu/ ", "https://x.it/servizi/imu?a", "https://x.it/servizi", "https://x.it/novita/imu", "ftp://x/servizi/imu", "https://x.it/it/servizio/a%2Ab/", "https://x.it/servizi/"+strings.Repeat("x", 600)))
	if want := []pagetable.Line{{Pattern: "/servizi/imu/**", Service: "pagamento-imu"}}; err != nil || !slices.Equal(l.Lines, want) || l.Pages != 7 || !l.Sitemap || !slices.Equal(l.Unknown, []string{"/it/servizio/a*b"}) {
		t.Errorf("got %+v, %v", l, err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(sitemap("https://x.it/servizi/imu")))
	_ = z.Close()
	if l, err := pagelist.Read(&packed, offered); err != nil || len(l.Lines) != 1 {
		t.Errorf("packed: got %+v, %v", l, err)
	}
	if l, err := pagelist.Read(strings.NewReader(sitemap("https://x.it/servizi/imu")), func(string) bool { return false }); err != nil || len(l.Lines) != 0 || len(l.Unknown) != 1 {
		t.Errorf("of services that are not offered: got %+v, %v", l, err)
	}
	f := func(text, want string) {
		t.Helper()
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %q", text, err, want)
		}
	}
	f("<sitemapindex><sitemap><loc>https://x.it/a.xml</loc></sitemap></sitemapindex>", "want one of the files")
	f("<html><body/></html>", `element "html": want urlset`)
	f("<urlset><url>", "read sitemap")
	f("<urlset><loc>&lol;</loc></urlset>", "read sitemap")
	f(`<?xml version="1.0" encoding="UTF-16"?><urlset/>`, "UTF-8")
	f("<!-- nothing -->", "no sitemap in it")
	f(sitemap(make([]string, 50_001)...), "more than 50000 pages")
	var many []string
	for i := range 5001 {
		many = append(many, fmt.Sprintf("https://x.it/servizi/%d/imu", i))
	}
	f(sitemap(many...), "more than 5000 pages of services")
}

func TestLists(t *testing.T) {
	want := []pagetable.Line{{Pattern: "/a,b/**", Service: "tributi"}, {Pattern: "/c", Service: "anagrafe", Question: "ease"}}
	var text strings.Builder
	if err := pagelist.Write(&text, want); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{text.String(), "\ufeffService; PAGE ;question\r\ntributi;/a,b/**;\r\nanagrafe;/c;EASE\r\n"} {
		if l, err := pagelist.Read(strings.NewReader(text), nil); err != nil || !slices.Equal(l.Lines, want) || l.Sitemap {
			t.Errorf("%s: got %+v, %v", text, l, err)
		}
	}
	f := func(text, want string) {
		t.Helper()
		if _, err := pagelist.Read(strings.NewReader(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", text, err, want)
		}
	}
	f("", "want a header")
	f("page,page\n", `column "page"`)
	f("page,service\n/a\n", "wrong number of fields")
	f("page,service\n"+strings.Repeat("/a,urp\n", 5001), "more than 5000 lines")
	f("\x1f\x8bxxxx", "unpack")
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("page,service,question\n/a,urp,ease\n"))
	f.Add([]byte(sitemap("https://x.it/servizi/imu", "https://x.it/servizi/%2e%2e/x*y")))
	offered := all(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := pagelist.Read(bytes.NewReader(text), offered)
		if err != nil || !l.Sitemap {
			return
		}
		for _, line := range l.Lines {
			if !offered(line.Service) {
				t.Errorf("proposes %v", line)
			}
		}
	})
}
