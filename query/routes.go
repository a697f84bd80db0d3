package query

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"mlf/query/dashboard"
	"mlf/query/metrics"
	"mlf/query/reference"
	"mlf/schema"
)

// A route is a path with what answers it. An error that handle returns becomes
// a problem; handle must not have written anything then.
type route struct {
	name   string // In metrics.
	path   string // A pattern of http.ServeMux.
	handle func(http.ResponseWriter, *http.Request) error
}

// A calling is how a route is called: by a method, or by GET and HEAD.
type calling struct {
	method  string
	methods string   // Of its path, as Allow has them.
	refusal *problem // Of others.
}

func read() calling   { return calling{http.MethodGet, "GET, HEAD, OPTIONS", errMethod} }
func posted() calling { return calling{http.MethodPost, "POST, OPTIONS", errNotPosted} }

func called(methods, method string) calling { return calling{method, methods, errNotSo} }

func (s *Server) routes() []route {
	return slices.Concat(withEndings(s.statistics()), s.views(), []route{
		{"live", "/v1/live", s.serveLive},
		{"ledger", "/v1/ledger", s.serveLedger},
		{"watermark", "/v1/terminals/self/watermark", s.serveWatermark},
		{"fleet", "/v1/fleet", s.serveFleet},
		{"open", "/v1/open", s.serveOpen},
		{"open", "/v1/open/{$}", s.serveOpen},
		{"open", "/v1/open/{file}", s.serveOpen},
		{"comuni", "/v1/registry/comuni", s.serveComuni},
		{"services", "/v1/registry/services", s.serveServices},
		{"labels", "/v1/registry/labels", s.serveLabels},
		{"openapi", "/openapi.yaml", serveOpenAPI},
		{"status", "/status", serveStatus},
		{"docs", "/docs", redirectToDocs},
		{"docs", reference.Path + "{file...}", s.serveDocs},
		{"dashboard", "/{$}", s.serveDashboard},
		{"dashboard", "/assets/{file...}", s.serveDashboard},
		{"other", "/", func(http.ResponseWriter, *http.Request) error { return errNotFound }},
	})
}

// views are the routes of the page's views, which are one page.
func (s *Server) views() []route {
	var routes []route
	for _, view := range dashboard.Views() {
		routes = append(routes, route{"dashboard", "/" + view, s.serveDashboard})
	}
	for _, notice := range dashboard.Notices() {
		handle := s.serveDashboard
		if elsewhere := s.cfg.Notices[notice]; elsewhere != "" {
			handle = func(w http.ResponseWriter, r *http.Request) error {
				http.Redirect(w, r, elsewhere, http.StatusFound)
				return nil
			}
		}
		routes = append(routes, route{"dashboard", "/" + notice, handle})
	}
	return routes
}

// statistics are the routes that answer questions.
func (s *Server) statistics() []route {
	return append([]route{
		{"stats", "/v1/stats", s.serveStats},
		{"bulletin", "/v1/bulletin/{month}", s.serveBulletin},
	}, s.answers()...)
}

// routeNames returns what metrics tell requests apart by.
func (s *Server) routeNames() (names []string) {
	for _, rt := range slices.Concat(s.routes(), s.embeds(nil), []route{s.batches(nil)}) {
		names = append(names, rt.name)
	}
	for _, rt := range s.Desk {
		names = append(names, rt.Name)
	}
	return names
}

func (s *Server) mux() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range append(s.routes(), s.embeds(s.statistics())...) {
		mux.Handle(rt.path, s.serve(rt, read()))
	}
	batches := s.batches(s.statistics())
	mux.Handle(batches.path, s.serve(batches, posted()))
	for path, handler := range s.desks() {
		mux.Handle(path, handler)
	}
	return underAnyPath(mux)
}

// serve is what every route shares: the request's id, who asks, the method,
// problems, panics, metrics.
func (s *Server) serve(rt route, by calling) http.Handler {
	guard, unsniffed := guardOf(rt), []string{"nosniff"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		a := &sending{ResponseWriter: w}
		id := s.ids.next()
		a.Header().Set("X-Request-Id", id)
		a.Header()["X-Content-Type-Options"] = unsniffed // Of all answers: nobody changes it.
		defer func() {
			if p := recover(); p != nil {
				s.panicked(a, id, p)
			}
			s.metrics.Answered(rt.name, a.status(), time.Since(began))
		}()
		admitted, err := s.admit(a, r, guard)
		if err == nil {
			err = dispatch(rt, by, a, admitted)
		}
		if err != nil {
			s.fail(a, r, id, err)
		}
	})
}

func dispatch(rt route, by calling, w http.ResponseWriter, r *http.Request) error {
	switch {
	case r.Method == by.method, r.Method == http.MethodHead && by.method == http.MethodGet:
		return rt.handle(w, r)
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", by.methods)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if rt.path == "/" {
		return errNotFound // 404 comes before 405.
	}
	w.Header().Set("Allow", by.methods)
	return by.refusal
}

// fail answers err. What the caller did wrong is the caller's to read; what is
// wrong here is logged under the request's id, and told without its inside.
func (s *Server) fail(w *sending, r *http.Request, id string, err error) {
	p := problemOf(err)
	challenge(w.Header(), err)
	if r.Context().Err() != nil {
		writeProblem(w, *p, id)
		w.code = metrics.StatusClientGone // Nobody read the answer, nothing is wrong here.
		return
	}
	if p.Status >= http.StatusInternalServerError {
		s.logger.Warn("request not answered", slog.String("request", id), slog.String("path", r.URL.Path),
			slog.Int("status", p.Status), slog.Any("err", err))
	}
	writeProblem(w, *p, id)
}

func (s *Server) panicked(w *sending, id string, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	s.metrics.Panicked()
	s.logger.Error("request panicked", slog.String("request", id), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
	if w.code != 0 {
		panic(http.ErrAbortHandler) // Half an answer must not look whole.
	}
	writeProblem(w, *errInternal, id)
}

// A sending is a ResponseWriter that remembers its status.
type sending struct {
	http.ResponseWriter
	code    int  // 0 until something was written.
	private bool // The answer is of one client, and for no cache that others share.
}

func (a *sending) WriteHeader(code int) {
	if a.code == 0 {
		a.begin(code)
	}
	a.ResponseWriter.WriteHeader(code)
}

func (a *sending) Write(b []byte) (int, error) {
	if a.code == 0 {
		a.begin(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

// begin is called before the header leaves.
func (a *sending) begin(code int) {
	a.code = code
	kept := a.Header().Get("Cache-Control")
	if age, public := strings.CutPrefix(kept, "public"); a.private && public {
		a.Header().Set("Cache-Control", "private"+age)
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (a *sending) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *sending) status() int {
	if a.code == 0 {
		return http.StatusOK
	}
	return a.code
}

func serveStatus(w http.ResponseWriter, r *http.Request) error {
	if err := noParameters(r); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, map[string]string{"status": "ok"})
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(schema.OpenAPI()) // An error means that nobody reads.
	return nil
}

func (s *Server) serveDashboard(w http.ResponseWriter, r *http.Request) error {
	if !s.page.Has(strings.TrimPrefix(r.URL.Path, "/")) {
		return errNotFound
	}
	s.page.ServeHTTP(w, r)
	return nil
}

// redirectToDocs adds the slash that the page's own links need. The address is
// relative: a proxy may serve us under another path.
func redirectToDocs(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Location", "docs/")
	w.WriteHeader(http.StatusMovedPermanently)
	return nil
}

func (s *Server) serveDocs(w http.ResponseWriter, r *http.Request) error {
	s.docs.ServeHTTP(w, r)
	return nil
}

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
