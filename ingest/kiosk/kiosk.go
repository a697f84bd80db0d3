// Package kiosk is the page on which citizens vote, with all that it loads: three faces,
// a queue that survives what happens to a device, a worker by which it starts without a
// network.
//
// It knows what was built for it, and how its files may be kept and what they may load.
// It must not know HTTP's server, nor what becomes of a vote: the page speaks the
// protocol of terminals like any other. Its sources are in web.
package kiosk

import (
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed built
var embedded embed.FS

// Root is where the page must be served: its worker answers for addresses below it. Who
// asks for it without the slash at its end is to be redirected, so that a fragment stays.
const Root = "/k/"

// index is the page itself.
const index = "index.html"

// How long browsers may keep a file without asking: the page and its worker not at all,
// files with their own sum in their name for ever.
const (
	untilAsked = "no-cache"
	forEver    = "public, max-age=31536000, immutable"
)

// Files returns what was built, as it lies in the program: index.html, sw.js,
// kiosk.webmanifest, and assets.
func Files() (fs.FS, error) {
	built, err := fs.Sub(embedded, "built")
	if err != nil {
		return nil, fmt.Errorf("read kiosk files: %w", err)
	}
	return built, nil
}

// A Page is the kiosk's files. It never changes, and many may read it at once.
type Page struct {
	files  map[string]File
	summed *regexp.Regexp
}

// A File is one that is served.
type File struct {
	Body        []byte // Of all who ask: not to be changed.
	ContentType string
	Cache       string // Cache-Control.
}

// New returns the page that the program carries.
func New() (*Page, error) {
	built, err := Files()
	if err != nil {
		return nil, err
	}
	return Of(built)
}

// Of returns a page that was built. An error: it is none, or nobody knows what browsers
// are to take one of its files for.
func Of(built fs.FS) (*Page, error) {
	p := &Page{make(map[string]File), regexp.MustCompile(`^assets/.+-([A-Z2-7]{8}|[0-9a-f]{12})\.[a-z0-9]+$`)}
	err := fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return p.add(built, name)
	})
	if err != nil {
		return nil, fmt.Errorf("read kiosk files: %w", err)
	}
	for _, name := range []string{index, "sw.js"} {
		if _, ok := p.Lookup(Root + strings.TrimSuffix(name, index)); !ok {
			return nil, fmt.Errorf("read kiosk files: %s is missing", name)
		}
	}
	return p, nil
}

func (p *Page) add(built fs.FS, name string) error {
	body, err := fs.ReadFile(built, name)
	if err != nil {
		return err
	}
	kind, ok := kindOf(path.Ext(name))
	if !ok {
		return fmt.Errorf("%s: no content type is known", name)
	}
	age := untilAsked
	if p.summed.MatchString(name) {
		age = forEver
	}
	p.files[strings.TrimSuffix(name, index)] = File{body, kind, age}
	return nil
}

// Lookup returns the file at a request's path, which begins with Root; false: there is
// none.
func (p *Page) Lookup(at string) (File, bool) {
	name, below := strings.CutPrefix(at, Root)
	if !below {
		return File{}, false
	}
	f, ok := p.files[name]
	return f, ok
}

// Paths returns the path of every file, in their order.
func (p *Page) Paths() []string {
	var all []string
	for name := range p.files {
		all = append(all, Root+name)
	}
	slices.Sort(all)
	return all
}

// kindOf names the types itself: the machine's table may have others.
func kindOf(ending string) (contentType string, ok bool) {
	switch ending {
	case ".html":
		return "text/html; charset=utf-8", true
	case ".css":
		return "text/css; charset=utf-8", true
	case ".js":
		return "text/javascript; charset=utf-8", true
	case ".webmanifest":
		return "application/manifest+json", true
	case ".svg":
		return "image/svg+xml", true
	case ".txt":
		return "text/plain; charset=utf-8", true
	}
	return "", false
}

// Policy is the Content-Security-Policy of all files: the page loads its own files and
// nothing else, stands in no frame, and asks its own service and whoever has the
// watermark. That is the URL which configurations name, or "" where it is the service
// itself. An error: it is no URL of HTTP.
func Policy(watermark string) (string, error) {
	ask := "'self'"
	if watermark != "" {
		u, err := url.Parse(watermark)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(u.Host, "; ,'\"") {
			return "", fmt.Errorf("read address of watermarks %q: want http:// or https:// and a host", watermark)
		}
		ask += " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'self'; connect-src " + ask + "; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", nil
}
