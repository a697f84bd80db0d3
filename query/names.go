package query

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"mlf/query/place"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
)

// What may be asked of /v1/registry/comuni at once.
const (
	comuniDefault = 20
	comuniMax     = 100
)

// registryAge is how long the registry's answers may be kept: it changes when
// the process starts anew.
const registryAge = "public, max-age=300"

// serveComuni answers GET /v1/registry/comuni: by text, by codes, or those of a province.
func (s *Server) serveComuni(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, "q", "code", "province", "limit")
	if err != nil {
		return err
	}
	found, err := s.findComuni(values)
	if err != nil {
		return err
	}
	answer := make([]place.Comune, len(found))
	today := registry.DateOf(s.cfg.Now().In(s.clock.Zone()))
	for i := range found {
		answer[i] = place.Of(s.Registry, &found[i], today)
	}
	w.Header().Set("Cache-Control", registryAge)
	return writeJSON(w, map[string][]place.Comune{"comuni": answer})
}

func (s *Server) findComuni(values url.Values) ([]registry.Comune, error) {
	limit, err := comuniLimit(values)
	if err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc([]string{"q", "code", "province"}, func(name string) bool { return !values.Has(name) })
	if len(asked) != 1 {
		return nil, badParameter("q", "want one of q, the beginning of a name or code; code; province")
	}
	switch asked[0] {
	case "code":
		return s.comuniByCode(values)
	case "province":
		return s.comuniOf(values)
	}
	text, err := question.Single(values, "q")
	if err != nil {
		return nil, err
	}
	if text == "" || len(text) > registry.SearchQueryMax {
		return nil, badParameter("q", "%d bytes; want the beginning of a name or code, 1 to %d", len(text), registry.SearchQueryMax)
	}
	return s.Registry.Search(text, limit), nil
}

func comuniLimit(values url.Values) (int, error) {
	text, err := question.Single(values, "limit")
	if err != nil || !values.Has("limit") {
		return comuniDefault, err
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > comuniMax {
		return 0, badParameter("limit", "%q: want a number from 1 to %d", text, comuniMax)
	}
	return limit, nil
}

func (s *Server) comuniByCode(values url.Values) (found []registry.Comune, err error) {
	codes, _, err := question.ParseList(values, "code", schema.ParseComune)
	if err != nil {
		return nil, err
	}
	if len(codes) > comuniMax {
		return nil, badParameter("code", "%d codes; want at most %d", len(codes), comuniMax)
	}
	for _, code := range codes {
		if c, ok := s.Registry.Comune(code); ok {
			found = append(found, c)
		}
	}
	return found, nil
}

// comuniOf returns all comuni that a province has today: a map shows each, with votes
// or without.
func (s *Server) comuniOf(values url.Values) ([]registry.Comune, error) {
	text, err := question.Single(values, "province")
	if err != nil {
		return nil, err
	}
	id, err := schema.ParseProvince(text)
	if err != nil {
		return nil, badParameter("province", "%v", err)
	}
	if values.Has("limit") {
		return nil, badParameter("limit", "a province has as many comuni as it has; leave limit out")
	}
	all := s.Registry.ComuniAt(registry.DateOf(s.cfg.Now().In(s.clock.Zone())))
	return slices.DeleteFunc(all, func(c registry.Comune) bool { return c.Province != id }), nil
}

type serviceAnswer struct {
	Code     string         `json:"code"`
	Label    registry.Label `json:"label"`
	Category string         `json:"category,omitempty"`
}

// serveServices answers GET /v1/registry/services.
func (s *Server) serveServices(w http.ResponseWriter, r *http.Request) error {
	if err := noParameters(r); err != nil {
		return err
	}
	services := s.Registry.Services()
	answer := make([]serviceAnswer, len(services))
	for i, service := range services {
		answer[i] = serviceAnswer{Code: service.Code, Label: service.Label, Category: service.Category}
	}
	w.Header().Set("Cache-Control", registryAge)
	return writeJSON(w, map[string][]serviceAnswer{"services": answer})
}

// serveLabels answers GET /v1/registry/labels: every list but the services,
// which have an answer of their own.
func (s *Server) serveLabels(w http.ResponseWriter, r *http.Request) error {
	if err := noParameters(r); err != nil {
		return err
	}
	answer := make(map[registry.List][]registry.Entry)
	for _, list := range registry.Lists() {
		if list != registry.ListServices {
			answer[list] = s.Registry.Labels(list)
		}
	}
	w.Header().Set("Cache-Control", registryAge)
	return writeJSON(w, answer)
}
