// Package dashboard is the page that shows the programme: one shell for all of its
// views, with what it loads.
//
// It knows the names of the views, and how what was built is served. It must not know
// where the numbers come from: the page reads the public API like any other client.
package dashboard

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"mlf/query/files"
)

//go:embed built
var embedded embed.FS

// contentPolicy lets the page load its own files and nothing else, run no script that
// stands in the page, and stand in no frame of another site.
const contentPolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

// Views are the names of the views, each the last part of its address. The one without a
// name is today's.
func Views() []string {
	return []string{"trend", "map", "heatmap", "ranking", "compare", "reasons", "participation", "place", "quality", "bulletin", "network", "body"}
}

// Notices are the names of the notices that a site must link to, addresses as views are.
func Notices() []string { return []string{"accessibility", "privacy"} }

// A Page is the dashboard's files. It never changes.
type Page struct {
	files *files.Set // By path below the root, "" for the page itself.
}

// New returns the page that the program carries.
func New() (*Page, error) {
	built, err := fs.Sub(embedded, "built")
	if err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	return Of(built)
}

// Of returns the page that was built: index.html, what it loads in assets, and beside a
// file, with .br behind its name, the same packed with brotli.
func Of(built fs.FS) (*Page, error) {
	p := &Page{files.New(contentPolicy)}
	if err := p.load(built); err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	return p, nil
}

// packed is the ending of files that are packed with brotli.
const packed = ".br"

// index is the page itself, and assets where all is that it loads.
const (
	index  = "index.html"
	assets = "assets/"
)

// load reads all files: the page first, so that what is packed comes behind what it is
// packed from.
func (p *Page) load(all fs.FS) error {
	err := fs.WalkDir(all, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !strings.HasPrefix(name, assets) && strings.TrimSuffix(name, packed) != index {
			return fmt.Errorf("%s has no address: want %s, or a file in %s", name, index, assets)
		}
		body, err := fs.ReadFile(all, name)
		if err != nil {
			return err
		}
		return p.add(name, body) // WalkDir goes by the names' order, in which a.js comes before a.js.br.
	})
	if err == nil && !p.files.Has("") {
		return fmt.Errorf("%s is missing", index)
	}
	return err
}

// add adds a file: the page under the name of each view, too.
func (p *Page) add(name string, body []byte) error {
	plain, isPacked := strings.CutSuffix(name, packed)
	addresses := []string{plain}
	if plain == index {
		addresses = slices.Concat(Views(), Notices(), []string{""})
	}
	for _, address := range addresses {
		var err error
		if isPacked {
			err = p.files.Pack(address, body)
		} else {
			err = p.files.Add(address, name, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Has tells whether there is a file at a path, given without its leading slash.
func (p *Page) Has(name string) bool { return p.files.Has(name) }

// ServeHTTP answers with the file at the request's path, or 404.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.files.Serve(w, r, strings.TrimPrefix(r.URL.Path, "/"))
}
