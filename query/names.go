package query

import (
	"net/http"

	"mlf/query/names"
	"mlf/schema/registry"
)

// registryAge is how long the registry's answers may be kept: it changes when
// the process starts anew.
const registryAge = "public, max-age=300"

// finder finds names as of today.
func (s *Server) finder() *names.Finder {
	return &names.Finder{Registry: s.Registry, Today: func() registry.Date { return registry.DateOf(s.cfg.Now().In(s.clock.Zone())) }}
}

// serveComuni answers GET /v1/registry/comuni.
func (s *Server) serveComuni(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, names.Parameters()...)
	if err != nil {
		return err
	}
	found, err := s.finder().Comuni(values)
	if err != nil {
		return err
	}
	return named(w, "comuni", found)
}

// serveServices answers GET /v1/registry/services.
func (s *Server) serveServices(w http.ResponseWriter, r *http.Request) error {
	if err := noParameters(r); err != nil {
		return err
	}
	return named(w, "services", s.finder().Services())
}

// serveLabels answers GET /v1/registry/labels.
func (s *Server) serveLabels(w http.ResponseWriter, r *http.Request) error {
	if err := noParameters(r); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", registryAge)
	return writeJSON(w, s.finder().Labels())
}

// named answers a list of names.
func named(w http.ResponseWriter, list string, names any) error {
	w.Header().Set("Cache-Control", registryAge)
	return writeJSON(w, map[string]any{list: names})
}
