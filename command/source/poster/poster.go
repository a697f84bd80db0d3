// Package poster draws the poster that asks citizens to rate a service: the code of its
// page, the address in letters, and what to do, in one to three languages.
//
// A poster is a picture in millimetres (SVG), laid out from above (layout.go); as a page of
// HTML it is printed, or made a PDF, by a browser.
//
// It knows paper, letters and colours. It must not know who is enrolled.
package poster

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mlf/command/qrcode"
)

// A Paper is a size of DIN A, upright.
type Paper struct {
	Name          string
	Width, Height float64 // In millimetres.
}

// Papers returns those that there are.
func Papers() []Paper { return []Paper{{"A4", 210, 297}, {"A5", 148, 210}, {"A6", 105, 148}} }

// The colours. On white the ink has a contrast of 13.1 to 1, the accent one of 6.9: WCAG 2.1
// AA wants 4.5.
const (
	ink    = "#17324d"
	accent = "#0058b3"
	white  = "#ffffff"
)

// logoMax is the longest file of a logo, in bytes.
const logoMax = 512 << 10

// A Poster is one poster.
type Poster struct {
	URL       string            // What the code says: the site's page, with its service.
	Title     string            // Whose it is.
	Service   map[string]string // What the service is called, by language.
	Languages []string          // it, en, de: one to three, the first in large letters.
	Paper     Paper
	Logo      []byte // PNG, JPEG or SVG; nil leaves its place empty.
}

// words are what a poster says.
func words(language string) (question, what, or string, ok bool) {
	switch language {
	case "it":
		return "Come valuti questo servizio?", "Inquadra il codice con il telefono: è rapido e anonimo.", "Oppure apri", true
	case "en":
		return "How do you rate this service?", "Scan the code with your phone: quick and anonymous.", "Or open", true
	case "de":
		return "Wie bewerten Sie diesen Dienst?", "Code mit dem Telefon scannen: schnell und anonym.", "Oder öffnen Sie", true
	}
	return "", "", "", false
}

// Validate refuses what is no poster.
func (p *Poster) Validate() error {
	if len(p.Languages) == 0 || len(p.Languages) > 3 {
		return fmt.Errorf("%d languages: want one to three of it, en and de", len(p.Languages))
	}
	for i, language := range p.Languages {
		if _, _, _, ok := words(language); !ok || slices.Contains(p.Languages[:i], language) {
			return fmt.Errorf("language %q: want it, en or de, each once", language)
		}
		if p.Service[language] == "" {
			return fmt.Errorf("language %s: the service has no name in it", language)
		}
	}
	if p.Title == "" {
		return errors.New("want whose poster it is")
	}
	for _, said := range []string{p.Title, p.URL, p.Service[p.Languages[0]], p.Service[p.Languages[len(p.Languages)-1]], p.Service[p.Languages[len(p.Languages)/2]]} {
		if !utf8.ValidString(said) || strings.ContainsFunc(said, func(c rune) bool { return !unicode.IsPrint(c) }) {
			return fmt.Errorf("%.60q: want letters that can be printed", said)
		}
	}
	if !slices.Contains(Papers(), p.Paper) {
		return fmt.Errorf("paper %q: want A4, A5 or A6", p.Paper.Name)
	}
	_, err := p.logo()
	return err
}

// logo returns the logo as an address that has all of it; "" for none. As the address of an
// image an SVG runs no script and asks nobody.
func (p *Poster) logo() (string, error) {
	if len(p.Logo) == 0 {
		return "", nil
	}
	head := strings.TrimSpace(strings.TrimPrefix(string(p.Logo[:min(len(p.Logo), 512)]), "\ufeff"))
	kind := ""
	switch {
	case strings.HasPrefix(head, "\x89PNG\r\n\x1a\n"):
		kind = "png"
	case strings.HasPrefix(head, "\xff\xd8\xff"):
		kind = "jpeg"
	case strings.HasPrefix(head, "<svg"), strings.HasPrefix(head, "<?xml") && strings.Contains(head, "<svg"):
		kind = "svg+xml"
	}
	if len(p.Logo) > logoMax || kind == "" {
		return "", fmt.Errorf("logo of %d bytes: want PNG, JPEG or SVG of at most %d KiB", len(p.Logo), logoMax>>10)
	}
	return "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(p.Logo), nil
}

// SVG returns the poster as a picture that needs nothing else. The error says what does not
// fit on the paper.
func (p *Poster) SVG() (string, error) {
	if err := p.Validate(); err != nil {
		return "", err
	}
	code, err := qrcode.Encode(p.URL, qrcode.High)
	if err != nil {
		return "", err
	}
	l, err := p.lay(code.Size())
	if err != nil {
		return "", err
	}
	var out strings.Builder
	w, h := p.Paper.Width, p.Paper.Height
	first := p.Languages[0]
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]gmm" height="%[2]gmm" viewBox="0 0 %[1]g %[2]g" lang="%[3]s" role="img" aria-labelledby="title">`, w, h, first)
	question, _, _, _ := words(first)
	fmt.Fprintf(&out, `<title id="title">%s %s</title><path fill="%s" d="M0 0h%gv%gH0z"/>`, html.EscapeString(question), html.EscapeString(p.URL), white, w, h)
	logo, err := p.logo()
	if err != nil {
		return "", err
	}
	if logo != "" {
		fmt.Fprintf(&out, `<image x="%g" y="%g" width="%g" height="%g" href="%s"/>`, l.logo.x, l.logo.y, l.logo.w, l.logo.h, logo)
	}
	fmt.Fprintf(&out, `<g font-family="'Titillium Web', 'Liberation Sans', Arial, sans-serif">`)
	for _, t := range l.texts {
		fmt.Fprintf(&out, `<text x="%.2f" y="%.2f" font-size="%.2f" fill="%s" lang="%s"%s>%s</text>`, t.x, t.y, t.size, t.colour, t.language, t.style, html.EscapeString(t.text))
	}
	fmt.Fprintf(&out, `</g><g transform="translate(%.3f %.3f) scale(%.5f)" shape-rendering="crispEdges"><path fill="#000" d="%s"/></g></svg>`,
		l.code.x, l.code.y, l.code.w/float64(code.Size()), code.Path())
	return out.String(), nil
}

// WriteHTML writes posters of one paper as a document, a page each, to be printed or kept as
// a PDF by a browser.
func WriteHTML(to io.Writer, posters []Poster) error {
	if len(posters) == 0 {
		return errors.New("no posters")
	}
	paper := posters[0].Paper
	var pages strings.Builder
	for i := range posters {
		if posters[i].Paper != paper {
			return fmt.Errorf("paper %s and %s: want one", paper.Name, posters[i].Paper.Name)
		}
		svg, err := posters[i].SVG()
		if err != nil {
			return fmt.Errorf("poster %d: %w", i+1, err)
		}
		svg = strings.ReplaceAll(svg, `id="title"`, fmt.Sprintf(`id="title%d"`, i))
		pages.WriteString(strings.ReplaceAll(svg, `aria-labelledby="title"`, fmt.Sprintf(`aria-labelledby="title%d"`, i)))
	}
	language := posters[0].Languages[0]
	question, _, _, _ := words(language)
	_, err := fmt.Fprintf(to, `<!doctype html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
@page { size: %s portrait; margin: 0; }
body { margin: 0; }
svg { display: block; break-after: page; break-inside: avoid; }
svg:last-of-type { break-after: auto; }
@media screen { body { background: #ddd; } svg { margin: 1rem auto; max-width: 100%%; height: auto; } }
</style>
</head>
<body>
<main>
<h1 style="position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%%)">%s</h1>
%s
</main>
</body>
</html>
`, language, html.EscapeString(question), paper.Name, html.EscapeString(question), pages.String())
	return err
}
