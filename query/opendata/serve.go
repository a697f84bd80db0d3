package opendata

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/departure"
	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
)

// newestAge is how long it may be kept which vintage is the newest, and what there is at
// all: until soon after the next release. A file never changes.
const newestAge = "public, max-age=300"

// The names of the catalogue.
const (
	catalogueTurtle = "catalog.ttl"
	catalogueJSONLD = "catalog.jsonld"
)

// A Sender sends a body whose name is tag.
type Sender func(w http.ResponseWriter, r *http.Request, tag string, b *departure.Body) error

// Serve answers with the file of a name, "" for the list of all. An error that it returns
// is a *question.Error for a name that nothing is called by, wraps
// disclosure.ErrUnpublished or ErrUnread, or is one of flight's and departure's for too many at once.
func (l *Library) Serve(w http.ResponseWriter, r *http.Request, text string, send Sender) error {
	releases := l.published.Releases()
	if len(releases) == 0 {
		return disclosure.ErrUnpublished
	}
	reply := &reply{l, w, r, send, l.cfg.base(r), releases}
	if text == "" {
		text = preferred(r.Header.Values("Accept"))
	}
	switch text {
	case "":
		body, err := json.Marshal(l.list(reply.base, releases))
		return reply.document("application/json", append(body, '\n'), err)
	case catalogueTurtle:
		return reply.document("text/turtle; charset=utf-8", l.catalogue(reply.base, releases).Turtle(), nil)
	case catalogueJSONLD:
		body, err := l.catalogue(reply.base, releases).JSONLD()
		return reply.document("application/ld+json", body, err)
	}
	n, ok := parseName(text)
	if !ok {
		return &question.Error{Parameter: "file", Detail: missing(text), Missing: true}
	}
	return reply.file(n)
}

// preferred returns the catalogue's name where somebody would rather have it than the
// list.
func preferred(accept []string) string {
	joined := strings.Join(accept, ",")
	switch {
	case strings.Contains(joined, "text/turtle"):
		return catalogueTurtle
	case strings.Contains(joined, "application/ld+json"):
		return catalogueJSONLD
	}
	return ""
}

// A reply is an answer in the making.
type reply struct {
	*Library
	w        http.ResponseWriter
	r        *http.Request
	send     Sender
	base     string
	releases []schema.Release
}

// file answers with a file of a month.
func (a *reply) file(n name) error {
	editions := editionsOf(a.releases, n.month)
	switch {
	case len(editions) == 0:
		return &question.Error{Parameter: "file", Detail: undue(n.month, a.releases), Missing: true}
	case n.vintage == 0:
		n.vintage = len(editions)
		a.w.Header().Set("Location", n.String())
		a.w.Header().Set("Cache-Control", newestAge)
		a.w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	case n.vintage > len(editions):
		return &question.Error{Parameter: "file", Detail: fmt.Sprintf("%v has %d vintages", n.month, len(editions)), Missing: true}
	}
	e := &editions[n.vintage-1]
	if n.metadata {
		body, err := json.MarshalIndent(a.metadata(e), "", "  ")
		return a.document("application/csvm+json", append(body, '\n'), err)
	}
	if a.unchangedSince(e.At) {
		return a.notModified("", departure.FrozenAge)
	}
	if known := a.factsOf(n.String()); known != nil && departure.NotModified(a.r, known.tag()) {
		return a.notModified(known.tag(), departure.FrozenAge)
	}
	f, err := a.Library.file(a.r.Context(), e, n)
	if err != nil {
		return err
	}
	if departure.NotModified(a.r, f.tag()) {
		return a.notModified(f.tag(), departure.FrozenAge)
	}
	return a.send(a.w, a.r, f.tag(), f.body)
}

// undue is the detail of a month that has no vintage.
func undue(m calendar.Month, releases []schema.Release) string {
	due := disclosure.Due(m)
	if due > releases[len(releases)-1].Today {
		return fmt.Sprintf("%v is published on %v at the earliest", m, calendar.Day(due))
	}
	return fmt.Sprintf("nothing is published of %v", m)
}

// unchangedSince tells whether the reader got, at any time since it was published, what
// never changes.
func (a *reply) unchangedSince(published time.Time) bool {
	since, err := http.ParseTime(a.r.Header.Get("If-Modified-Since"))
	return err == nil && a.r.Header.Get("If-None-Match") == "" && !since.Before(published.Truncate(time.Second))
}

// document answers with a document that is made anew each time.
func (a *reply) document(media string, text []byte, err error) error {
	if err != nil {
		return fmt.Errorf("encode open data: %w", err)
	}
	sum := sha256.Sum256(text)
	tag := fmt.Sprintf(`W/"%x"`, sum[:16])
	if departure.NotModified(a.r, tag) {
		return a.notModified(tag, newestAge)
	}
	var w departure.Writer
	_, _ = w.Write(text) // Never fails.
	body, err := w.Body(http.Header{"Content-Type": {media}, "Cache-Control": {newestAge}}, 0)
	if err != nil {
		return err
	}
	return a.send(a.w, a.r, tag, body)
}

// notModified tells the reader that it has the answer; tag is "" where it is not known.
func (a *reply) notModified(tag, age string) error {
	if packed := departure.PackedTag(tag); tag != packed && strings.Contains(a.r.Header.Get("If-None-Match"), packed) {
		tag = packed
	}
	if tag != "" {
		a.w.Header().Set("ETag", tag)
	}
	a.w.Header().Set("Cache-Control", age)
	a.w.WriteHeader(http.StatusNotModified)
	return nil
}
