// Package names is what is told of comuni, services and labels by themselves: who wants a
// figure finds its codes here.
//
// It knows the registry, and how to look in it. It must not know HTTP, nor of votes.
package names

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"mlf/query/place"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
)

// What may be asked of comuni at once.
const (
	comuniDefault = 20
	comuniMax     = 100
)

// A Finder answers questions for names. Both fields are required.
type Finder struct {
	Registry *registry.Registry
	Today    func() registry.Date // By Rome's clock.
}

// Parameters are those of Comuni.
func Parameters() []string { return []string{"q", "code", "province", "limit"} }

// Comuni finds comuni by text, by codes, or those of a province. Its error is a
// *question.Error.
func (f *Finder) Comuni(values url.Values) ([]place.Comune, error) {
	found, err := f.find(values)
	if err != nil {
		return nil, err
	}
	answer, today := make([]place.Comune, len(found)), f.Today()
	for i := range found {
		answer[i] = place.Of(f.Registry, &found[i], today)
	}
	return answer, nil
}

func (f *Finder) find(values url.Values) ([]registry.Comune, error) {
	limit, err := comuniLimit(values)
	if err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc([]string{"q", "code", "province"}, func(name string) bool { return !values.Has(name) })
	if len(asked) != 1 {
		return nil, wrong("q", "want one of q, the beginning of a name or code; code; province")
	}
	switch asked[0] {
	case "code":
		return f.byCode(values)
	case "province":
		return f.ofProvince(values)
	}
	text, err := question.Single(values, "q")
	if err != nil {
		return nil, err
	}
	if text == "" || len(text) > registry.SearchQueryMax {
		return nil, wrong("q", "%d bytes; want the beginning of a name or code, 1 to %d", len(text), registry.SearchQueryMax)
	}
	return f.Registry.Search(text, limit), nil
}

func comuniLimit(values url.Values) (int, error) {
	text, err := question.Single(values, "limit")
	if err != nil || !values.Has("limit") {
		return comuniDefault, err
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > comuniMax {
		return 0, wrong("limit", "%q: want a number from 1 to %d", text, comuniMax)
	}
	return limit, nil
}

func (f *Finder) byCode(values url.Values) (found []registry.Comune, err error) {
	codes, _, err := question.ParseList(values, "code", schema.ParseComune)
	if err != nil {
		return nil, err
	}
	if len(codes) > comuniMax {
		return nil, wrong("code", "%d codes; want at most %d", len(codes), comuniMax)
	}
	for _, code := range codes {
		if c, ok := f.Registry.Comune(code); ok {
			found = append(found, c)
		}
	}
	return found, nil
}

// ofProvince returns all comuni that a province has today: a map shows each, with votes
// or without.
func (f *Finder) ofProvince(values url.Values) ([]registry.Comune, error) {
	text, err := question.Single(values, "province")
	if err != nil {
		return nil, err
	}
	id, err := schema.ParseProvince(text)
	if err != nil {
		return nil, wrong("province", "%v", err)
	}
	if values.Has("limit") {
		return nil, wrong("limit", "a province has as many comuni as it has; leave limit out")
	}
	all := f.Registry.ComuniAt(f.Today())
	return slices.DeleteFunc(all, func(c registry.Comune) bool { return c.Province != id }), nil
}

// A Service is one by its code, and what it is called.
type Service struct {
	Code     string         `json:"code"`
	Label    registry.Label `json:"label"`
	Category string         `json:"category,omitempty"`
}

// Services returns all services.
func (f *Finder) Services() []Service {
	services := f.Registry.Services()
	answer := make([]Service, len(services))
	for i, service := range services {
		answer[i] = Service{Code: service.Code, Label: service.Label, Category: service.Category}
	}
	return answer
}

// Labels returns every list but the services, which have an answer of their own.
func (f *Finder) Labels() map[registry.List][]registry.Entry {
	answer := make(map[registry.List][]registry.Entry)
	for _, list := range registry.Lists() {
		if list != registry.ListServices {
			answer[list] = f.Registry.Labels(list)
		}
	}
	return answer
}

// wrong is the error of the parameter name.
func wrong(name, format string, args ...any) error {
	return &question.Error{Parameter: name, Detail: fmt.Sprintf(format, args...)}
}
