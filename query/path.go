package query

import (
	"net/http"
	"strings"
)

// underAnyPath makes one slash of several at the beginning of a path. A reverse
// proxy that serves us under /x often joins what is left of /x/y to ours as //y,
// and ServeMux would send its reader to /y, where somebody else lives.
func underAnyPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "//") {
			next.ServeHTTP(w, r)
			return
		}
		own := r.Clone(r.Context())
		own.URL.Path = "/" + strings.TrimLeft(r.URL.Path, "/")
		own.URL.RawPath = ""
		next.ServeHTTP(w, own)
	})
}
