// Package sheet puts codes on paper and on a text screen: QR codes, and a page of cards to
// be cut out.
//
// It knows pictures and HTML. It must not know what a code is for, or who may use it.
package sheet

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"rsc.io/qr"
)

// A Card is one code on a sheet.
type Card struct {
	URL     string   // What the QR code says.
	Code    string   // For who types it.
	Title   string   // Whose it is.
	Lines   []string // What for.
	Expires string
}

// quiet is the width of the light border that readers need, in modules.
const quiet = 4

// urlMax is the most bytes of a URL: what a QR code of this size holds is still read from
// paper by a cheap camera.
const urlMax = 512

// encode returns the QR code of a URL. Level M: a code that is bent or a little dirty is read.
func encode(url string) (*qr.Code, error) {
	if url == "" || len(url) > urlMax {
		return nil, fmt.Errorf("QR code of %d bytes: want 1 to %d", len(url), urlMax)
	}
	code, err := qr.Encode(url, qr.M)
	if err != nil {
		return nil, fmt.Errorf("QR code of %d bytes: %w", len(url), err)
	}
	return code, nil
}

// Text returns the QR code of a URL as lines of half blocks, light on dark: a screen of
// text is dark more often than not, and readers take both.
func Text(url string) (string, error) {
	code, err := encode(url)
	if err != nil {
		return "", err
	}
	light := func(x, y int) bool {
		return y < code.Size+2*quiet && !code.Black(x-quiet, y-quiet)
	}
	var text strings.Builder
	for y := 0; y < code.Size+2*quiet; y += 2 {
		for x := range code.Size + 2*quiet {
			switch upper, lower := light(x, y), light(x, y+1); {
			case upper && lower:
				text.WriteRune('█')
			case upper:
				text.WriteRune('▀')
			case lower:
				text.WriteRune('▄')
			default:
				text.WriteByte(' ')
			}
		}
		text.WriteByte('\n')
	}
	return text.String(), nil
}

// SVG returns the QR code of a URL as a picture, one path of one unit a module.
func SVG(url string) (string, error) {
	code, err := encode(url)
	if err != nil {
		return "", err
	}
	size := code.Size + 2*quiet
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			n := 0
			for code.Black(x+n, y) {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
				x += n
			}
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="QR"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		size, size, size, size, path.String()), nil
}

//go:embed sheet.html
var page string

// Write writes cards as a page of HTML that needs nothing else: to be printed, and thrown
// away when the codes are used.
func Write(w io.Writer, cards []Card) error {
	t, err := template.New("sheet").Parse(page)
	if err != nil {
		return fmt.Errorf("read sheet.html: %w", err)
	}
	type pictured struct {
		Card
		SVG template.HTML
	}
	all := make([]pictured, len(cards))
	for i, c := range cards {
		svg, err := SVG(c.URL)
		if err != nil {
			return err
		}
		all[i] = pictured{c, template.HTML(svg)} // Digits that are made here.
	}
	if err := t.Execute(w, all); err != nil {
		return fmt.Errorf("write a sheet of %d codes: %w", len(cards), err)
	}
	return nil
}
