package poster

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mlf/schema/registry"
	"mlf/schema/schematest"
)

const longest = "https://voto.comune.example.it/v/0123456789abcdefghij?s=occupazione-suolo-pubblico"

// sample is a poster of a service that is called alike in all languages.
func sample(paper int, languages ...string) Poster {
	p := Poster{URL: longest, Title: "Comune di Sestriere", Service: make(map[string]string), Languages: languages, Paper: Papers()[paper]}
	for _, language := range languages {
		p.Service[language] = "Anagrafe & <i>stato civile</i>"
	}
	return p
}

// TestEveryServiceFitsOnEveryPaper: with its names in three languages, and the longest name
// of a comune, nothing leaves the paper, lies upon another thing, or is too small to read.
func TestEveryServiceFitsOnEveryPaper(t *testing.T) {
	reg := schematest.Lists(t)
	longestName := slices.MaxFunc(reg.Comuni(), func(a, b registry.Comune) int { return len(a.NameIT) - len(b.NameIT) }).NameIT
	for i, paper := range Papers() {
		for _, s := range reg.Services() {
			p := sample(i, "it", "en", "de")
			p.Title = "Comune di " + longestName
			for _, lang := range []registry.Lang{registry.Italian, registry.English, registry.German} {
				p.Service[string(lang)] = reg.Label(registry.ListServices, s.Code, lang)
			}
			l, err := p.lay(53)
			if err != nil {
				t.Errorf("%s, %s: %v", paper.Name, s.Code, err)
				continue
			}
			if l.code.w < 53*moduleMin || l.code.x < 0 || l.code.x+l.code.w > paper.Width {
				t.Errorf("%s, %s: the code is at %v", paper.Name, s.Code, l.code)
			}
			for _, line := range l.texts {
				w := widthOf(line.text, line.style) * line.size
				if line.style == monospacedFamily {
					w = float64(len([]rune(line.text))) * monospaced * line.size
				}
				if line.x+w > paper.Width-paper.Width*marginU/100+.01 || line.y > paper.Height-paper.Width*marginU/100+.01 || line.size/25.4*72 < 7.9 {
					t.Errorf("%s, %s: %q is %.1f mm wide at %.1f, %.1f, of %.1f points", paper.Name, s.Code, line.text, w, line.x, line.y, line.size/25.4*72)
				}
				if line.y > l.code.y && line.y-line.size < l.code.y+l.code.h {
					t.Errorf("%s, %s: %q lies upon the code", paper.Name, s.Code, line.text)
				}
			}
		}
	}
}

// TestThePictureIsSound: it is XML, says what it shouts and nothing else, needs nothing of
// anybody, and has the logo where there is one.
func TestThePictureIsSound(t *testing.T) {
	p := sample(1, "de", "it")
	p.Logo = []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		if text, ok := token.(xml.CharData); ok {
			said.Write(text)
			said.WriteByte(' ')
		}
	}
	for _, want := range []string{"Comune di Sestriere", "Wie bewerten Sie diesen Dienst?", "Come valuti questo servizio?", "Anagrafe & <i>stato", "Oder öffnen Sie · Oppure apri:", "https://voto.comune.example.it/"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("want %q in %s", want, &said)
		}
	}
	for _, forbidden := range []string{"<script", "<i>", "How do you", "href=\"http", "url(", "\"\""} {
		if strings.Contains(svg, forbidden) {
			t.Errorf("%q in %s", forbidden, svg)
		}
	}
	if !strings.Contains(svg, `width="148mm" height="210mm" viewBox="0 0 148 210" lang="de"`) || !strings.Contains(svg, `href="data:image/svg+xml;base64,`) {
		t.Errorf("got %.400s", svg)
	}
}

func TestPostersThatAreRefused(t *testing.T) {
	f := func(want string, change func(*Poster)) {
		t.Helper()
		p := sample(2, "it", "en")
		change(&p)
		if _, err := p.SVG(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("0 languages", func(p *Poster) { p.Languages = nil })
	f(`language "fr"`, func(p *Poster) { p.Languages = []string{"fr"} })
	f(`language "it": want`, func(p *Poster) { p.Languages = []string{"it", "it"} })
	f("language de: the service has no name", func(p *Poster) { p.Languages = []string{"de"} })
	f("whose poster", func(p *Poster) { p.Title = "" })
	f(`paper "A3"`, func(p *Poster) { p.Paper = Paper{"A3", 297, 420} })
	f("want PNG, JPEG or SVG", func(p *Poster) { p.Logo = []byte("GIF89a") })
	f("of at most 512 KiB", func(p *Poster) { p.Logo = make([]byte, 512<<10+1) })
	f("takes 8 lines", func(p *Poster) { p.Service["en"] = strings.Repeat("a very long name ", 20) })
	f("a word is wider", func(p *Poster) { p.Service["it"] = strings.Repeat("x", 90) })
	small := sample(2, "it", "en", "de")
	if _, err := small.lay(101); err == nil || !strings.Contains(err.Error(), "a module: want 0.7 at least; fewer languages") {
		t.Errorf("got %v", err)
	}
	f("takes 8 lines", func(p *Poster) { p.URL += strings.Repeat("x", 300) })
	f("QR code of 600 bytes", func(p *Poster) { p.URL = strings.Repeat("x", 600) })
	if err := WriteHTML(io.Discard, nil); err == nil {
		t.Error("no posters are no error")
	}
	if err := WriteHTML(io.Discard, []Poster{sample(0, "it"), sample(1, "it")}); err == nil || !strings.Contains(err.Error(), "paper A4 and A5") {
		t.Errorf("got %v", err)
	}
}

// TestContrast: of every colour of a letter on white, by WCAG 2.1.
func TestContrast(t *testing.T) {
	luminance := func(colour string) float64 {
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(n) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	f := func(colour string, want float64) {
		t.Helper()
		if got := (luminance(white) + .05) / (luminance(colour) + .05); math.Abs(got-want) > .05 {
			t.Errorf("%s: got %.2f, want %.2f", colour, got, want)
		}
	}
	f(ink, 13.1)
	f(accent, 6.9)
}

func TestWrap(t *testing.T) {
	f := func(said string, width float64, style string, want ...string) {
		t.Helper()
		if got := wrap(said, width, style); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %q, want %q", said, got, want)
		}
	}
	f("uno due tre", 4.5, "", "uno due", "tre")
	f("uno due tre", 4.2, ` font-weight="700"`, "uno", "due tre")
	f("uno", 1, "", "uno")
	f("", 5, "", "")
	f("abcdefg", 1.8, monospacedFamily, "abc", "def", "g")
	f("àbcdef", 1.8, monospacedFamily, "àbc", "def")
	f("abc", 0, monospacedFamily, "a", "b", "c")
}

// FuzzLay: whatever a service is called, all of it is on the paper, or it is refused.
func FuzzLay(f *testing.F) {
	f.Add("Anagrafe", "Comune di Sestriere", "https://voto.example.it/v/x?s=y")
	f.Fuzz(func(t *testing.T, service, title, url string) {
		p := sample(2, "it")
		p.Service["it"], p.Title, p.URL = service, title, url
		svg, err := p.SVG()
		if err != nil {
			return
		}
		d := xml.NewDecoder(strings.NewReader(svg))
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%q, %q, %q: %v", service, title, url, err)
		}
	})
}
