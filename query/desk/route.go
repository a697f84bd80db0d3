package desk

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"mlf/query/access"
)

// A Route is a request that is about one body, or changes something.
type Route struct {
	Name   string // In metrics.
	Method string // GET, POST, PUT or DELETE. GET answers HEAD as well.
	Path   string // A pattern of http.ServeMux below /v1/, without method. Several routes may share one.

	// Least is the least role that may ask. Who has less is refused before Handle is
	// called, with 401 without a token, and with 403 else.
	Least access.Role

	// Handle answers r of who. Errors become problems, a *Refusal its own; nothing was
	// written then. The answer is for no cache.
	Handle func(w http.ResponseWriter, r *http.Request, who access.Identity) error
}

// Check refuses routes that cannot be served.
func Check(routes []Route) error {
	seen := make(map[string]bool)
	for _, rt := range routes {
		switch asked := rt.Method + " " + rt.Path; {
		case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}, rt.Method):
			return fmt.Errorf("route %s: want GET, POST, PUT or DELETE", asked)
		case !strings.HasPrefix(rt.Path, "/v1/"):
			return fmt.Errorf("route %s: want a path below /v1/", asked)
		case rt.Name == "" || rt.Handle == nil:
			return fmt.Errorf("route %s: want a name, and what answers it", asked)
		case seen[asked]:
			return fmt.Errorf("route %s: there are two", asked)
		default:
			seen[asked] = true
		}
	}
	return nil
}

// Methods returns what Allow says of a path that routes are of.
func Methods(routes []Route) string {
	var all []string
	for _, rt := range routes {
		all = append(all, rt.Method)
		if rt.Method == http.MethodGet {
			all = append(all, http.MethodHead)
		}
	}
	slices.Sort(all)
	return strings.Join(append(all, http.MethodOptions), ", ")
}

// Find returns which of the routes of a path takes a method; -1 for none.
func Find(routes []Route, method string) int {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return slices.IndexFunc(routes, func(rt Route) bool { return rt.Method == method })
}
