// Package files serves the files of a page from the program's own memory.
//
// It knows HTTP's headers for files. It must not know what is in them.
package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"time"
)

// A Set is files by their names, under one content policy. It is filled before it
// serves, and never changes then.
type Set struct {
	policy string
	files  map[string]file
}

type file struct {
	body        []byte
	contentType string
	etag        string // Weak: the same for the file as it is and compressed.
}

// New returns a set without files. The policy is the Content-Security-Policy of each.
func New(policy string) *Set { return &Set{policy, make(map[string]file)} }

// Add puts the file at a path into s, served as name. An error: nobody knows what
// browsers are to take it for.
func (s *Set) Add(name, at string, body []byte) error {
	contentType, err := contentTypeOf(at)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	s.files[name] = file{body, contentType, `W/"` + hex.EncodeToString(sum[:8]) + `"`}
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
	case ".svg":
		return "image/svg+xml", nil
	}
	return "", fmt.Errorf("%s: no content type is known (by name it is %q)", name, mime.TypeByExtension(path.Ext(name)))
}

// Has tells whether there is a file of a name.
func (s *Set) Has(name string) bool {
	_, ok := s.files[name]
	return ok
}

// Serve answers with the file of a name, or 404. Browsers keep files but ask each
// time: a page and a script of two versions never meet.
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
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
