package embed_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/image/font/sfnt"

	"mlf/query/embed"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

func newMaker(t testing.TB) *embed.Maker {
	t.Helper()
	names := schematest.Lists(t)
	m, err := embed.New(names)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// answer is as much of the public answer as is read of it.
func answer(name, headline string) string {
	return `{"meta":{"from":"2026-09-30T22:00:00Z","to":"2026-10-31T23:00:00Z","rounded":false},"place":{"level":"comune","code":"058091","name":"` + name + `"},"headline":{` + headline + `},"days":[]}`
}

const (
	roma       = `"green":2869,"yellow":299,"red":141,"n":3309,"green_share":0.867,"green_low":0.8550336,"green_high":0.8781738,"status":["P"]`
	none       = `"green":0,"yellow":0,"red":0,"n":0,"green_share":null,"green_low":null,"green_high":null,"status":["P"]`
	missing    = `"green":null,"yellow":null,"red":null,"n":null,"green_low":null,"green_high":null,"status":["M","P"]`
	suppressed = `"green":null,"yellow":null,"red":null,"n":null,"green_low":null,"green_high":null,"status":["Q"]`
	partly     = `"green":4,"yellow":0,"red":1,"n":5,"green_share":0.8,"green_low":0.3755,"green_high":0.9638,"status":["Q","L"]`
	single     = `"green":1,"yellow":0,"red":0,"n":1,"green_share":1,"green_low":0.2065,"green_high":1,"status":["L"]`
)

func read(t testing.TB, text string) *embed.Figures {
	t.Helper()
	f, err := embed.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// said is the text of a page, without its head.
func said(t *testing.T, headline string, look embed.Look) string {
	t.Helper()
	page, err := newMaker(t).Page(read(t, answer("Roma", headline)), look)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(page), "<body>")
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")), " ")
}

// What is shown, what is not, and what there was none of: in words, and no two the same.
func TestWords(t *testing.T) {
	f := func(lang registry.Lang, headline, want string) {
		t.Helper()
		if got := said(t, headline, embed.Look{Lang: lang}); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q in it", lang, got, want)
		}
	}
	const it, en, de = registry.Italian, registry.English, registry.German
	f(it, roma, "Roma Come i cittadini valutano i servizi pubblici · ottobre 2026 86,7% Soddisfatto 2.869 voti 9,0% Neutro 299 voti 4,3% Insoddisfatto 141 voti "+
		"Soddisfatto 86,7% di 3.309 voti: intervallo al 95%, da 85,5% a 87,8%. Cifre provvisorie: voti in ritardo possono ancora arrivare. Come si conta, e tutte le cifre")
	f(en, roma, "Satisfied 86.7% of 3,309 votes: 95% interval, 85.5% to 87.8%.")
	f(de, roma, "Zufrieden 86,7 % von 3.309 Stimmen: 95-%-Intervall, 85,5 % bis 87,8 %.")
	f(it, none, "ottobre 2026 Nessun voto in questo mese.")
	f(it, missing, "ottobre 2026 In questo mese qui non si poteva votare: non ci sono cifre, nemmeno zero.")
	f(it, suppressed, "ottobre 2026 I voti di questo mese sono troppo pochi: mostrarli direbbe chi ha votato e come. Come si conta")
	f(it, partly, "80,0% Soddisfatto 4 voti 0,0% Neutro 0 voti 20,0% Insoddisfatto 1 voto Soddisfatto 80,0% di 5 voti: intervallo al 95%, da 37,6% a 96,4%. "+
		"Alcuni voti mancano: sono troppo pochi per essere mostrati. Meno di 30 voti: conta molto il caso.")
	f(en, single, "100.0% Satisfied 1 vote 0.0% Neutral 0 votes")
	f(en, suppressed, "The votes of this month are too few")
	f(de, missing, "auch keine Null")
	lots := read(t, strings.Replace(answer("Roma", none), `"rounded":false`, `"disclosure":"lots"`, 1))
	if page, err := newMaker(t).Page(lots, embed.Look{Lang: en}); err != nil || !strings.Contains(string(page), "No votes of this month are published.") {
		t.Errorf("of what is published: got %s, %v", page, err)
	}
	for _, headline := range []string{none, missing, suppressed} {
		if got := said(t, headline, embed.Look{Lang: it}); strings.Contains(got, "%") || strings.Contains(got, "voti 0") {
			t.Errorf("a share of nothing: %q", got)
		}
	}
}

// Each language has every word, with the same values in it.
func TestEveryLanguageHasEveryWord(t *testing.T) {
	text, err := os.ReadFile("words.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(rows[0]); got != "[key it en de]" {
		t.Errorf("got columns %s", got)
	}
	values := regexp.MustCompile(`\{\w+\}`)
	for _, row := range rows[1:] {
		want := len(values.FindAllString(row[1], -1))
		for _, word := range row[1:] {
			if word == "" || len(values.FindAllString(word, -1)) != want {
				t.Errorf("%s: %q", row[0], row[1:])
			}
		}
	}
}

func TestPage(t *testing.T) {
	m := newMaker(t)
	f := func(look embed.Look, want ...string) {
		t.Helper()
		page, err := m.Page(read(t, answer(`San Dorligo <della> \"Valle\"`, roma)), look)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(string(page), part) {
				t.Errorf("%+v: %q is not in\n%s", look, part, page)
			}
		}
		if found := regexp.MustCompile(` style="| on\w+="|<script>|<style|<della>`).Find(page); found != nil {
			t.Errorf("the page has %q", found)
		}
	}
	f(embed.Look{Lang: registry.Italian}, `<html lang="it">`, `<title>San Dorligo &lt;della&gt; &#34;Valle&#34;, ottobre 2026</title>`, `property="og:image" content="058091.png?lang=it"`,
		`href="../../place?comune=058091&amp;lang=it&amp;period=last-month"`, `name="twitter:card" content="summary_large_image"`, `property="og:locale" content="it_IT"`,
		`<rect class="green" width="86.7%" height="14"/>`, `<rect class="yellow" x="86.7%" width="9.0%" height="14" fill="url(#dots)"/>`, `<rect class="red" x="95.7%" width="4.3%" height="14" fill="url(#lines)"/>`)
	f(embed.Look{Lang: registry.German, Theme: "dark", Site: "https://mlf.example.it/x"}, `<html lang="de" data-theme="dark">`,
		`property="og:image" content="https://mlf.example.it/x/embed/comune/058091.png?lang=de"`,
		`property="og:description" content="Wie öffentliche Dienste bewertet werden: Zufrieden 86,7 %, Neutral 9,0 %, Unzufrieden 4,3 %. `)
}

// Where there is no answer the page says so, and shares nothing that nobody should pass on.
func TestRefusal(t *testing.T) {
	m := newMaker(t)
	f := func(unknown bool, lang registry.Lang, want string) {
		t.Helper()
		page, err := m.Refusal("058999", unknown, embed.Look{Lang: lang})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), want) || strings.Contains(string(page), "og:") {
			t.Errorf("got %s, want %q in it", page, want)
		}
	}
	f(true, registry.Italian, "Non c’è un comune con il codice Istat 058999.")
	f(false, registry.English, "The figures cannot be had now.")
}

func TestReadRefuses(t *testing.T) {
	f := func(text string) {
		t.Helper()
		if got, err := embed.Read([]byte(text)); err == nil {
			t.Errorf("%s: got %+v", text, got)
		}
	}
	f("")
	f("[]")
	f(`{"meta":{},"place":{"code":"058091"},"headline":{}}`)
	f(strings.Replace(answer("Roma", roma), "headline", "headlines", 1))
	f(strings.Replace(answer("Roma", roma), "2869", "-1", 1))
	f(strings.Replace(answer("Roma", roma), `"code"`, `"cod"`, 1))
}

func TestLang(t *testing.T) {
	m := newMaker(t)
	f := func(named, accepted, want string, ok bool) {
		t.Helper()
		if got, known := m.Lang(named, accepted); known != ok || ok && string(got) != want {
			t.Errorf("%q, %q: got %s %t, want %s %t", named, accepted, got, known, want, ok)
		}
	}
	f("", "", "it", true)
	f("", "de-AT,de;q=0.9,en;q=0.8", "de", true)
	f("", "en-US", "en", true)
	f("", "fr-FR, fr;q=0.9", "it", true)
	f("", "fr, en;q=0.5", "en", true)
	f("", "de;q=0, en;q=0.1", "en", true)
	f("", "*", "it", true)
	f("", ";;;=,,", "it", true)
	f("en", "de", "en", true)
	f("fr", "de", "", false)
	f("IT", "", "", false)
}

func TestFiles(t *testing.T) {
	m := newMaker(t)
	page, err := m.Page(read(t, answer("Roma", roma)), embed.Look{Lang: registry.Italian})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?:href|src)="\.\./(embed-[0-9a-f]{12}\.(?:css|js))"`).FindAllSubmatch(page, -1)
	if len(names) != 2 {
		t.Fatalf("got files %q", names)
	}
	f := func(name, contentType, age string) {
		t.Helper()
		rec := httptest.NewRecorder()
		m.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, embed.Path+name, nil))
		h := rec.Header()
		if rec.Code != http.StatusOK || h.Get("Content-Type") != contentType || h.Get("Cache-Control") != age || h.Get("ETag") == "" || !m.Has(name) {
			t.Errorf("%s: got %d %v", name, rec.Code, h)
		}
	}
	const forEver = "public, max-age=31536000, immutable"
	f(string(names[0][1]), "text/css; charset=utf-8", forEver)
	f(string(names[1][1]), "text/javascript; charset=utf-8", forEver)
	f("frame.js", "text/javascript; charset=utf-8", "public, max-age=3600")
	if m.Has("page.html") || m.Has("") {
		t.Error("the template is served")
	}
}

// pictureOf is the picture of a headline. Where MLF_SCREENSHOTS names a folder, it is left
// there.
func pictureOf(t *testing.T, name, headline string, lang registry.Lang) []byte {
	t.Helper()
	picture, err := newMaker(t).Picture(read(t, answer(name, headline)), lang)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	if b := decoded.Bounds(); b.Dx() != 1200 || b.Dy() != 630 {
		t.Errorf("got %v", b)
	}
	return picture
}

// The same figures are the same picture; others, another place, month or language another.
func TestPicture(t *testing.T) {
	pictures := make(map[string]string)
	for what, of := range map[string][]string{
		"roma": {"Roma", roma, "it"}, "english": {"Roma", roma, "en"}, "german": {"Roma", roma, "de"}, "elsewhere": {"Milano", roma, "it"},
		"none": {"Roma", none, "it"}, "missing": {"Roma", missing, "it"}, "suppressed": {"Roma", suppressed, "it"},
		"long": {"San Valentino in Abruzzo Citeriore / Sankt Valentin in den Abruzzen", partly, "de"},
		"one":  {"Roma", strings.Replace(strings.Replace(roma, "2869", "2868", 1), "3309", "3308", 1), "it"},
	} {
		picture := pictureOf(t, of[0], of[1], registry.Lang(of[2]))
		if again := pictureOf(t, of[0], of[1], registry.Lang(of[2])); !bytes.Equal(picture, again) {
			t.Errorf("%s: two pictures of the same figures", what)
		}
		if other, drawn := pictures[string(picture)]; drawn {
			t.Errorf("%s and %s are the same picture", what, other)
		}
		pictures[string(picture)] = what
		if folder := os.Getenv("MLF_SCREENSHOTS"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, "embed-picture-"+what+".png"), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Every comune's name can be written, and every word.
func TestTheFontHasEverySign(t *testing.T) {
	names := schematest.Lists(t)
	text, err := os.ReadFile("words.csv")
	if err != nil {
		t.Fatal(err)
	}
	all := string(text)
	for _, entry := range names.Labels(registry.ListFaces) {
		all += entry.Label.IT + entry.Label.EN + entry.Label.DE
	}
	for _, c := range names.Comuni() {
		all += c.Name
	}
	for _, file := range []string{"font/TitilliumWeb-Regular.ttf", "font/TitilliumWeb-Bold.ttf"} {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		of, err := sfnt.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		lacks := make(map[rune]bool)
		for _, sign := range all {
			if i, err := of.GlyphIndex(nil, sign); (err != nil || i == 0) && sign != '\n' && !lacks[sign] {
				lacks[sign] = true
				t.Errorf("%s lacks %q", file, sign)
			}
		}
	}
}

func BenchmarkPicture(b *testing.B) {
	m, f := newMaker(b), read(b, answer("Roma", roma))
	for b.Loop() {
		if _, err := m.Picture(f, registry.Italian); err != nil {
			b.Fatal(err)
		}
	}
}
