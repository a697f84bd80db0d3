package departure

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// liveAge is how long answers may be kept of what may be counted at any moment.
const liveAge = "public, max-age=1"

// SettledAge is how long they may be kept of what is settled, of which the last votes may
// wait a minute.
const SettledAge = "public, max-age=60"

// FrozenAge is how long they may be kept of what never changes.
const FrozenAge = "public, max-age=31536000, immutable"

// Tag names b by what is in it, for answers that are the same from every process.
func (b *Body) Tag() string {
	sum := sha256.Sum256(append(slices.Clip(b.plain), b.packed...))
	return fmt.Sprintf(`W/"%x"`, sum[:12])
}

// Describe sets what stands above an answer of that tag, whether it is sent or not.
func Describe(h http.Header, tag string) {
	h.Set("Cache-Control", liveAge)
	h.Set("ETag", tag)
	h.Add("Vary", "Accept")
}

// PackedTag returns the name of what is sent in gzip where tag is a strong one, of the bytes
// as they are: others are other bytes (RFC 9110 §8.8.3.3).
func PackedTag(tag string) string {
	if name, ok := strings.CutSuffix(tag, `"`); ok && !strings.HasPrefix(tag, "W/") {
		return name + `-gzip"`
	}
	return tag
}

// NotModified tells whether the reader has the answer of tag already: one of
// the tags of If-None-Match is tag, weakly compared, or any will do (RFC 9110
// §13.1.2).
func NotModified(r *http.Request, tag string) bool {
	given := strings.Trim(strings.Join(r.Header.Values("If-None-Match"), ","), " \t")
	if given == "*" {
		return true
	}
	opaque := strings.TrimPrefix(tag, "W/")
	for {
		given = strings.TrimPrefix(strings.TrimLeft(given, ", \t"), "W/")
		if !strings.HasPrefix(given, `"`) {
			return false // The end, or no tag: what follows cannot be told.
		}
		end := strings.IndexByte(given[1:], '"') + 2
		if end < 2 {
			return false
		}
		if given[:end] == opaque || given[:end] == PackedTag(tag) {
			return true
		}
		given = given[end:]
	}
}
