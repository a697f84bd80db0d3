// Package dashboard is the page that shows the programme at a glance: plain
// HTML, one style sheet, ES modules as they are, and its words in three languages.
//
// It knows its own files and how to serve them. It must not know where the
// numbers come from: the page reads the public API like any other client.
package dashboard

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed index.html assets messages
var embedded embed.FS

// contentPolicy lets the page load its own files and nothing else, run no
// script but them and the one line below, and stand in no frame of another site.
const contentPolicy = "default-src 'self'; script-src 'self' '%s'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// policyOf allows the one script that stands in the page: it adds the slash to an
// address that a proxy serves without one, where no file of the page is found.
func policyOf(page []byte) (string, error) {
	_, rest, _ := bytes.Cut(page, []byte("<script>"))
	inline, _, ok := bytes.Cut(rest, []byte("</script>"))
	if !ok {
		return "", errors.New("index.html has no script in it")
	}
	sum := sha256.Sum256(inline)
	return fmt.Sprintf(contentPolicy, "sha256-"+base64.StdEncoding.EncodeToString(sum[:])), nil
}

// A Page is the dashboard's files. It never changes.
type Page struct {
	files  map[string]file // By path below the root, "" for the page itself.
	policy string
}

type file struct {
	body        []byte
	contentType string
	etag        string // Weak: the same for the file as it is and compressed.
}

// New returns the page that the program carries.
func New() (*Page, error) {
	p := &Page{files: make(map[string]file)}
	err := fs.WalkDir(embedded, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		contentType, err := contentTypeOf(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		p.files[strings.TrimSuffix(name, "index.html")] = file{body, contentType, `W/"` + hex.EncodeToString(sum[:8]) + `"`}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	if p.policy, err = policyOf(p.files[""].body); err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	return p, nil
}

// contentTypeOf names the types itself: mime's table depends on the machine.
func contentTypeOf(name string) (string, error) {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8", nil
	case ".css":
		return "text/css; charset=utf-8", nil
	case ".js":
		return "text/javascript; charset=utf-8", nil
	case ".json":
		return "application/json", nil
	case ".svg":
		return "image/svg+xml", nil
	}
	return "", fmt.Errorf("%s: no content type is known (by name it is %q)", name, mime.TypeByExtension(path.Ext(name)))
}

// Has tells whether there is a file at a path, given without its leading slash.
func (p *Page) Has(name string) bool {
	_, ok := p.files[name]
	return ok
}

// ServeHTTP answers with the file at the request's path, or 404. Browsers keep
// files but ask each time: a page and a script of two versions never meet.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
