// Package reference is the page on which people read the OpenAPI document and try
// what it describes: Swagger UI, from the program's own files.
//
// It knows its own files and how to serve them. It must not know what the document
// says.
package reference

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/swaggest/swgui/v5/static"
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
	files map[string]file // By name, "" for the page itself.
}

type file struct {
	body        []byte
	contentType string
	etag        string // Weak: the same for the file as it is and compressed.
}

// New returns the page that the program carries.
func New() (*Page, error) {
	p := &Page{files: make(map[string]file)}
	for name, read := range map[string]func(string) ([]byte, error){
		"index.html":           own.ReadFile,
		"reference.js":         own.ReadFile,
		"swagger-ui-bundle.js": unpacked,
		"swagger-ui.css":       unpacked,
	} {
		body, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("read file of the reference: %w", err)
		}
		sum := sha256.Sum256(body)
		p.files[strings.TrimSuffix(name, "index.html")] = file{body, contentTypeOf(name), `W/"` + hex.EncodeToString(sum[:8]) + `"`}
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

func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	default:
		return "text/html; charset=utf-8"
	}
}

// ServeHTTP answers with the file at the request's path, which begins with Path, or
// 404. Browsers keep files but ask each time.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[strings.TrimPrefix(r.URL.Path, Path)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
