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
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"mlf/query/files"
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
	files *files.Set // By path below the root, "" for the page itself.
}

// New returns the page that the program carries.
func New() (*Page, error) {
	index, err := embedded.ReadFile("index.html")
	if err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	policy, err := policyOf(index)
	if err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	p := &Page{files.New(policy)}
	err = fs.WalkDir(embedded, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		return p.files.Add(strings.TrimSuffix(name, "index.html"), name, body)
	})
	if err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	return p, nil
}

// Has tells whether there is a file at a path, given without its leading slash.
func (p *Page) Has(name string) bool { return p.files.Has(name) }

// ServeHTTP answers with the file at the request's path, or 404.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.files.Serve(w, r, strings.TrimPrefix(r.URL.Path, "/"))
}
