// Package sheet puts codes on paper: a page of cards to be cut out.
//
// It knows HTML. It must not know what a code is for, or who may use it.
package sheet

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"mlf/command/qrcode"
)

// A Card is one code on a sheet.
type Card struct {
	URL     string   // What the QR code says.
	Code    string   // For who types it.
	Title   string   // Whose it is.
	Lines   []string // What for.
	Expires string
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
		code, err := qrcode.Encode(c.URL, qrcode.Medium)
		if err != nil {
			return err
		}
		all[i] = pictured{c, template.HTML(code.SVG())} // Digits that are made here.
	}
	if err := t.Execute(w, all); err != nil {
		return fmt.Errorf("write a sheet of %d codes: %w", len(cards), err)
	}
	return nil
}
