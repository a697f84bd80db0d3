// Package script is what takes ratings in browsers: a script for pages that have a form
// of their own, one that brings a form, and the page behind the code on a poster.
//
// It knows what was built and under which names it is asked for. It must not know who
// serves it, or what becomes of what it sends.
//
//   - rating.js beside the form of a site: <script src="…/v1/rating.js" data-site="KEY" defer>
//   - widget.js, and widget.css, which it loads: the same tag; data-question is clarity or
//     ease, data-lang it, en or de
//   - page.html, for the address /v/KEY, with page.js, for /v1/page.js
//
// Each sends to ratings/KEY beside itself, as JSON in the shape rating.Own. data-service
// names the service of all ratings of a tag. widget.js shows a field for words only with
// data-text="event": it sends them to nobody, and tells them to the page by the event
// mlf-rating on document, with value, reason and text as its detail.
package script

import (
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"fmt"
	"path"
)

//go:embed built/rating.js built/widget.js built/widget.css built/page.js built/page.html
var embedded embed.FS

// A File is one that browsers ask for.
type File struct {
	Name      string // "rating.js".
	Type      string // Its media type.
	Integrity string // For the attribute of the same name: "sha384-" and its sum in base64.
	Body      []byte // Not to be changed.
}

// PagePolicy is the content policy of page.html: what is its own, and nothing else.
const PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Files returns all files, in the order of their names.
func Files() ([]File, error) {
	entries, err := embedded.ReadDir("built")
	if err != nil {
		return nil, fmt.Errorf("read scripts: %w", err)
	}
	types := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8"}
	var all []File
	for _, entry := range entries {
		body, err := embedded.ReadFile("built/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read scripts: %w", err)
		}
		sum := sha512.Sum384(body)
		all = append(all, File{
			Name: entry.Name(), Type: types[path.Ext(entry.Name())], Body: body,
			Integrity: "sha384-" + base64.StdEncoding.EncodeToString(sum[:]),
		})
	}
	return all, nil
}
