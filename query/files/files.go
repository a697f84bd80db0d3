// Package files serves the files of a page from the program's own memory.
//
// It knows HTTP's headers for files, and how a file's name says that it never changes. It
// must not know what is in them.
package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// How long browsers may keep a file without asking.
const (
	untilAsked = "no-cache" // A page and a script of two versions never meet.

	// forEver is that of files with their own sum in their name: another file has another.
	forEver = "public, max-age=31536000, immutable"
)

// A Set is files by their names, under one content policy. It is filled before it
// serves, and never changes then.
type Set struct {
	policy string
	files  map[string]file
	summed *regexp.Regexp
}

type file struct {
	body        []byte
	brotli      []byte // The same, packed; nil where it is not.
	contentType string
	etag        string // Weak: the same for the file as it is and compressed.
	age         string // How long it may be kept.
}

// New returns a set without files. The policy is the Content-Security-Policy of each.
func New(policy string) *Set {
	// NAME-HASH.EXT: eight signs of base 32, as esbuild writes them, or eight or more of
	// base 16. Words in small letters with a dash before them are neither.
	return &Set{policy, make(map[string]file), regexp.MustCompile(`.-([A-Z2-7]{8}|[0-9a-f]{8,64})\.[a-z0-9]+$`)}
}

// Add puts the file at a path into s, served as name. An error: nobody knows what
// browsers are to take it for.
func (s *Set) Add(name, at string, body []byte) error {
	contentType, err := contentTypeOf(at)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	f := file{body: body, contentType: contentType, etag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, age: untilAsked}
	if s.summed.MatchString(path.Base(at)) {
		f.age = forEver
	}
	s.files[name] = f
	return nil
}

// Pack gives s the file of a name, which is there, packed with brotli as well.
func (s *Set) Pack(name string, brotli []byte) error {
	f, ok := s.files[name]
	if !ok {
		return fmt.Errorf("%q is packed, and there is no such file", name)
	}
	f.brotli = brotli
	s.files[name] = f
	return nil
}

// Keep lets browsers keep the file of a name, which is there, for as long as Cache-Control
// says: pages of others name it, and it can wait for its next version.
func (s *Set) Keep(name, age string) error {
	f, ok := s.files[name]
	if !ok {
		return fmt.Errorf("%q is to be kept, and there is no such file", name)
	}
	f.age = age
	s.files[name] = f
	return nil
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
	case ".webmanifest":
		return "application/manifest+json", nil
	case ".svg":
		return "image/svg+xml", nil
	case ".png":
		return "image/png", nil
	case ".ico":
		return "image/vnd.microsoft.icon", nil
	case ".woff2":
		return "font/woff2", nil
	case ".txt":
		return "text/plain; charset=utf-8", nil
	}
	return "", fmt.Errorf("%s: no content type is known (by name it is %q)", name, mime.TypeByExtension(path.Ext(name)))
}

// Has tells whether there is a file of a name.
func (s *Set) Has(name string) bool {
	_, ok := s.files[name]
	return ok
}

// Serve answers with the file of a name, or 404: packed with brotli where it is and the
// reader can unpack it. A part of a file is one of the file as it is.
func (s *Set) Serve(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Security-Policy", s.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", f.age)
	h.Set("ETag", f.etag)
	body := f.body
	if f.brotli != nil {
		varyByEncoding(h)
		if r.Header.Get("Range") == "" && acceptsBrotli(r.Header["Accept-Encoding"]) {
			body = f.brotli
			h.Set("Content-Encoding", "br")
			h.Set("Content-Length", strconv.Itoa(len(body))) // ServeContent leaves it to who packs.
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// varyByEncoding says that others get the file otherwise, unless who packs the rest has
// said so.
func varyByEncoding(h http.Header) {
	for _, given := range h["Vary"] {
		if strings.EqualFold(given, "Accept-Encoding") {
			return
		}
	}
	h.Add("Vary", "Accept-Encoding")
}

// acceptsBrotli tells whether a client with these headers can unpack brotli (RFC 9110
// §12.5.3). What cannot be read is no consent.
func acceptsBrotli(headers []string) bool {
	named, others := -1.0, 0.0
	for item := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		q := weightOf(parameters)
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "br":
			named = max(named, q)
		case "*":
			others = q
		}
	}
	if named < 0 {
		named = others
	}
	return named > 0
}

// weightOf reads ";q=0.5" behind its semicolon: 1 where there is none.
func weightOf(parameters string) float64 {
	if strings.TrimSpace(parameters) == "" {
		return 1
	}
	name, value, _ := strings.Cut(parameters, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") || q < 0 || q > 1 {
		return 0
	}
	return q
}
