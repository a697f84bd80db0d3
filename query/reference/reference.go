// Package reference is the page on which people read the OpenAPI document and try
// what it describes: Swagger UI, from the program's own files.
//
// It knows its own files and how to serve them. It must not know what the document
// says.
package reference

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/swaggest/swgui/v5/static"

	"mlf/query/files"
)

//go:embed index.html reference.js
var own embed.FS

// contentPolicy lets the page load its own files, and the pictures that are in
// Swagger UI's style sheet, and ask the server that it came from.
const contentPolicy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Path is where the page is; its files are below.
const Path = "/docs/"

// A Page is the reference's files. It never changes.
type Page struct {
	files *files.Set // By name, "" for the page itself.
}

// New returns the page that the program carries.
func New() (*Page, error) {
	p := &Page{files.New(contentPolicy)}
	for name, read := range map[string]func(string) ([]byte, error){
		"index.html":           own.ReadFile,
		"reference.js":         own.ReadFile,
		"swagger-ui-bundle.js": unpacked,
		"swagger-ui.css":       unpacked,
	} {
		body, err := read(name)
		if err == nil {
			err = p.files.Add(strings.TrimSuffix(name, "index.html"), name, body)
		}
		if err != nil {
			return nil, fmt.Errorf("read file of the reference: %w", err)
		}
	}
	return p, nil
}

// unpacked reads a file of Swagger UI, which its module carries packed.
func unpacked(name string) ([]byte, error) {
	packed, err := fs.ReadFile(static.FS, name+".gz")
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return io.ReadAll(r)
}

// ServeHTTP answers with the file at the request's path, which begins with Path, or
// 404.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.files.Serve(w, r, strings.TrimPrefix(r.URL.Path, Path))
}
