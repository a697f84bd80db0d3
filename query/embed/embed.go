package embed

import (
	"crypto/sha256"
	_ "embed" // For the files.
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"golang.org/x/image/font/opentype"
	"golang.org/x/text/language"

	"mlf/query/files"
	"mlf/schema/registry"
)

//go:embed page.html
var pageFile string

//go:embed embed.css
var styleFile []byte

//go:embed embed.js
var scriptFile []byte

//go:embed icon.svg
var iconFile []byte

//go:embed frame.js
var frameFile []byte

// Policy is the Content-Security-Policy of pages: their own files and nothing else, in the
// frame of whoever wants them.
const Policy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors *"

// Path is what the addresses of all that is here begin with.
const Path = "/embed/"

// frameAge is how long browsers may keep the script that pages of others name: it has no
// sum in its name, and a new one may wait so long.
const frameAge = "public, max-age=3600"

// A Maker makes pages and pictures. It never changes, and is safe for concurrent use.
type Maker struct {
	voices        map[registry.Lang]*voice
	langs         language.Matcher
	page          *template.Template
	files         *files.Set
	regular, bold *opentype.Font

	style, script, icon string // The names of files.
}

// New returns who says faces as names does.
func New(names *registry.Registry) (*Maker, error) {
	m := &Maker{
		files: files.New(Policy),
		style: summed("embed", ".css", styleFile), script: summed("embed", ".js", scriptFile), icon: summed("icon", ".svg", iconFile),
	}
	var tags []language.Tag
	for _, lang := range registry.Langs() {
		tags = append(tags, language.Make(string(lang)))
	}
	m.langs = language.NewMatcher(tags)
	var err error
	if m.voices, err = voices(names); err != nil {
		return nil, err
	}
	if m.page, err = template.New("page").Parse(pageFile); err != nil {
		return nil, fmt.Errorf("read page to embed: %w", err)
	}
	for name, body := range map[string][]byte{m.style: styleFile, m.script: scriptFile, m.icon: iconFile, "frame.js": frameFile} {
		if err := m.files.Add(name, name, body); err != nil {
			return nil, err
		}
	}
	if err := m.files.Keep("frame.js", frameAge); err != nil {
		return nil, err
	}
	return m, m.readFonts()
}

// summed is the name of a file with its sum in it.
func summed(name, ending string, body []byte) string {
	sum := sha256.Sum256(body)
	return name + "-" + hex.EncodeToString(sum[:6]) + ending
}

// Lang returns the language to answer in: the one that is named, or else that of
// Accept-Language which there is, or Italian. False: the one that is named there is not.
func (m *Maker) Lang(named, accepted string) (registry.Lang, bool) {
	if named != "" {
		_, ok := m.voices[registry.Lang(named)]
		return registry.Lang(named), ok
	}
	_, at := language.MatchStrings(m.langs, accepted)
	return registry.Langs()[at], true
}

// Has tells whether there is a file of a name below Path.
func (m *Maker) Has(name string) bool { return m.files.Has(name) }

// ServeHTTP answers with the file at the request's path, which begins with Path, or 404.
func (m *Maker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.files.Serve(w, r, strings.TrimPrefix(r.URL.Path, Path))
}
