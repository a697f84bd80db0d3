package query

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
)

// tagOf names an answer: what was asked, whatever words it was asked in, and the
// version of what was counted of it. The same question is not read again until
// something was counted. The process is part of it, because after a rebuild other
// counts may stand at the same offset.
func (s *Server) tagOf(asked, version string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", s.ids.prefix, asked, version))
	return fmt.Sprintf(`W/"%x"`, sum[:12])
}

// How long answers may be kept: of what may be counted at any moment, and of what
// is settled, of which the last votes may wait a minute.
const (
	liveAge    = "public, max-age=1"
	settledAge = "public, max-age=60"
)

func describe(h http.Header, tag string) {
	h.Set("Cache-Control", liveAge)
	h.Set("ETag", tag)
	h.Add("Vary", "Accept")
}

// notModified tells whether the reader has the answer of tag already: one of
// the tags of If-None-Match is tag, weakly compared, or any will do (RFC 9110
// §13.1.2).
func notModified(r *http.Request, tag string) bool {
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
		if given[:end] == opaque {
			return true
		}
		given = given[end:]
	}
}
