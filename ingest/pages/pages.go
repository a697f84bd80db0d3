// Package pages is the pages and scripts that the front door shows: the kiosk, what takes
// ratings on the sites of others, the page behind the code of a poster.
//
// It knows at which addresses they are, how they may be kept and what they may load. It
// must not know HTTP's server, or what becomes of what the pages send.
package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"mlf/ingest/kiosk"
	"mlf/ingest/rating/script"
)

// The addresses.
const (
	kioskRoot   = "/k"   // Redirected to kiosk.Root.
	scriptsRoot = "/v1/" // And the name of a script.
	PosterRoot  = "/v/"  // And the name of a site.
)

// How long browsers may keep what has no sum in its name: a page not at all, a script that
// pages of others name for an hour. It is asked for again then, by its ETag.
const (
	untilAsked = "no-cache"
	anHour     = "public, max-age=3600"
)

// posterPage is the file at PosterRoot.
const posterPage = "page.html"

// Files are all files. It never changes, and many may read it at once.
type Files struct {
	files map[string]*file
	site  func(name string) bool
}

type file struct {
	contentType, policy, cache string
	etag                       string // Weak: the same for the file as it is and packed.
	body, packed               []byte // packed is nil where it is not shorter.
}

// New returns the files that the program carries. watermark is the address at which a
// kiosk asks for watermarks, or "" where it is the front door's own; site tells whether
// ratings of a site of that name are taken. The error names what is no address of HTTP.
func New(watermark string, site func(name string) bool) (*Files, error) {
	f := &Files{files: make(map[string]*file), site: site}
	if err := f.addKiosk(watermark); err != nil {
		return nil, err
	}
	scripts, err := script.Files()
	if err != nil {
		return nil, fmt.Errorf("read the front door's files: %w", err)
	}
	for _, s := range scripts {
		if s.Name == posterPage {
			f.files[PosterRoot] = newFile(s.Type, script.PagePolicy, untilAsked, s.Body)
			continue
		}
		f.files[scriptsRoot+s.Name] = newFile(s.Type, script.PagePolicy, anHour, s.Body)
	}
	return f, nil
}

func (f *Files) addKiosk(watermark string) error {
	policy, err := kiosk.Policy(watermark)
	if err != nil {
		return fmt.Errorf("read the front door's files: %w", err)
	}
	page, err := kiosk.New()
	if err != nil {
		return fmt.Errorf("read the front door's files: %w", err)
	}
	for _, at := range page.Paths() {
		k, _ := page.Lookup(at)
		f.files[at] = newFile(k.ContentType, policy, k.Cache, k.Body)
	}
	return nil
}

func newFile(contentType, policy, cache string, body []byte) *file {
	sum := sha256.Sum256(body)
	f := &file{contentType: contentType, policy: policy, cache: cache, body: body, etag: `W/"` + hex.EncodeToString(sum[:8]) + `"`}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		panic("BUG: unknown level of gzip: " + err.Error())
	}
	_, _ = w.Write(body) // Into memory: never fails.
	_ = w.Close()
	if packed.Len() < len(body) {
		f.packed = packed.Bytes()
	}
	return f
}

// A Field is a field of an answer's header.
type Field struct{ Name, Value string }

// An Answer is what a browser is told.
type Answer struct {
	Status int // 200, 304 or 308.
	Fields []Field
	Body   []byte // Of all who ask: not to be changed.
}

// Has tells whether path is one of them: it takes GET and HEAD, and nothing else.
func (f *Files) Has(path string) bool {
	return path == kioskRoot || f.find(path) != nil
}

// Lookup answers a request for path, by the fields Accept-Encoding and If-None-Match of its
// header; false: there is nothing.
func (f *Files) Lookup(path, acceptEncoding, ifNoneMatch string) (Answer, bool) {
	if path == kioskRoot { // A relative address: whoever is in front may have another name.
		return Answer{Status: 308, Fields: []Field{{"Location", kiosk.Root}, {"Cache-Control", untilAsked}}}, true
	}
	found := f.find(path)
	if found == nil {
		return Answer{}, false
	}
	a := Answer{Status: 200, Body: found.body, Fields: []Field{
		{"Content-Type", found.contentType},
		{"Content-Security-Policy", found.policy},
		{"Referrer-Policy", "no-referrer"},
		{"X-Content-Type-Options", "nosniff"},
		{"Cross-Origin-Resource-Policy", "cross-origin"}, // Scripts of sites with a policy of embedding.
		{"Cache-Control", found.cache},
		{"ETag", found.etag},
		{"Vary", "Accept-Encoding"},
	}}
	switch {
	case matches(ifNoneMatch, found.etag):
		a.Status, a.Body = 304, nil
	case found.packed != nil && acceptsGzip(acceptEncoding):
		a.Body = found.packed
		a.Fields = append(a.Fields, Field{"Content-Encoding", "gzip"})
	}
	return a, true
}

func (f *Files) find(path string) *file {
	name, poster := strings.CutPrefix(path, PosterRoot)
	if !poster {
		return f.files[path]
	}
	if name == "" || strings.Contains(name, "/") || !f.site(name) {
		return nil
	}
	return f.files[PosterRoot]
}

// matches tells whether an If-None-Match names a tag (RFC 9110 §13.1.2). Weak and strong
// ones are the same here.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// acceptsGzip tells whether an Accept-Encoding takes gzip (RFC 9110 §12.5.3). What cannot
// be read is no consent.
func acceptsGzip(header string) bool {
	for item := range strings.SplitSeq(header, ",") {
		coding, parameters, weighted := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		if !weighted {
			return true
		}
		name, value, _ := strings.Cut(parameters, "=")
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return err == nil && strings.EqualFold(strings.TrimSpace(name), "q") && q > 0 && q <= 1
	}
	return false
}
