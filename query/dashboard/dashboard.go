// Package dashboard is the page that shows the programme: one shell for all of its
// views, with what it loads.
//
// It knows the names of the views, and how what was built is served. It must not know
// where the numbers come from: the page reads the public API like any other client.
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

// contentPolicy lets the page load its own files and nothing else, run no script that
// stands in the page, and stand in no frame of another site.
const contentPolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

// Views are the names of the views, each the last part of its address. The one without a
// name is today's.
func Views() []string {
	return []string{"trend", "map", "heatmap", "ranking", "compare", "reasons", "participation", "place", "quality", "bulletin"}
}

// oldPolicy is that of the page before it had views. It allows the one script that
// stands in it, which adds the slash to an address that a proxy serves without one.
func oldPolicy(page []byte) (string, error) {
	_, rest, _ := bytes.Cut(page, []byte("<script>"))
	inline, _, ok := bytes.Cut(rest, []byte("</script>"))
	if !ok {
		return "", errors.New("index.html has no script in it")
	}
	sum := sha256.Sum256(inline)
	const policy = "default-src 'self'; script-src 'self' '%s'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
	return fmt.Sprintf(policy, "sha256-"+base64.StdEncoding.EncodeToString(sum[:])), nil
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
	policy, err := oldPolicy(index)
	if err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	p := &Page{files.New(policy)}
	if err := p.load(embedded, "index.html", "assets/", "messages/"); err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	return p, nil
}

// Of returns the page that was built: index.html, what it loads in assets, and beside a
// file, with .br behind its name, the same packed with brotli.
func Of(built fs.FS) (*Page, error) {
	p := &Page{files.New(contentPolicy)}
	if err := p.load(built, "index.html", "assets/"); err != nil {
		return nil, fmt.Errorf("read dashboard files: %w", err)
	}
	return p, nil
}

// packed is the ending of files that are packed with brotli.
const packed = ".br"

// load reads all files, which must lie at some of the places: the page first, so that
// what is packed comes behind what it is packed from.
func (p *Page) load(all fs.FS, page string, folders ...string) error {
	var names []string
	err := fs.WalkDir(all, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		return err
	}
	// WalkDir goes by the names' order, in which a.js comes before a.js.br.
	for _, name := range names {
		if !lies(strings.TrimSuffix(name, packed), page, folders) {
			return fmt.Errorf("%s has no address: want %s, or a file in %q", name, page, folders)
		}
		body, err := fs.ReadFile(all, name)
		if err != nil {
			return err
		}
		if err := p.add(name, page, body); err != nil {
			return err
		}
	}
	if !p.files.Has("") {
		return fmt.Errorf("%s is missing", page)
	}
	return nil
}

func lies(name, page string, folders []string) bool {
	for _, folder := range folders {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return name == page
}

// add adds a file: the page under the name of each view, too.
func (p *Page) add(name, page string, body []byte) error {
	plain, isPacked := strings.CutSuffix(name, packed)
	addresses := []string{plain}
	if plain == page {
		addresses = append(Views(), "")
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
