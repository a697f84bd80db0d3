package registry

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"mlf/schema"
)

// A Service is something that citizens come for.
type Service struct {
	ID       schema.ServiceID // What the log and the store keep.
	Code     string           // What people type and terminals send.
	Label    Label
	Category string // A code of ListCategories; may be empty.
}

// ServiceOwn is the first number for an administration's own services. Those
// below are given by this project, so that a later list never collides.
const ServiceOwn schema.ServiceID = 1000

// Service returns the service with the given number.
func (r *Registry) Service(id schema.ServiceID) (Service, bool) {
	i, ok := slices.BinarySearchFunc(r.services, id, func(s Service, id schema.ServiceID) int { return cmp.Compare(s.ID, id) })
	if !ok {
		return Service{}, false
	}
	return r.services[i], true
}

// ServiceByCode returns the service with the given code.
func (r *Registry) ServiceByCode(code string) (Service, bool) {
	id, ok := r.ServiceID(code)
	if !ok {
		return Service{}, false
	}
	return r.Service(id)
}

// ServiceID returns the number of the service with the given code.
func (r *Registry) ServiceID(code string) (schema.ServiceID, bool) {
	id, ok := r.serviceByCode[code]
	return id, ok
}

// Services returns the services, ascending by number: the first is
// schema.ServiceUnspecified.
func (r *Registry) Services() []Service { return r.services }

// loadServices reads the folder's services over the embedded ones: a line
// changes the label and category of a service or adds one. None is ever
// dropped, because its number is in the log.
func (r *Registry) loadServices(src source) error {
	shipped, err := r.readServices(source{src.fallback, src.fallback, src.sum}, nil)
	if err != nil {
		return err
	}
	r.services, err = r.readServices(src, shipped)
	if err != nil {
		return err
	}
	r.serviceByCode = make(map[string]schema.ServiceID, len(r.services))
	for _, s := range r.services {
		r.serviceByCode[s.Code] = s.ID
		r.labels[ListServices] = append(r.labels[ListServices], Entry{Code: s.Code, Label: s.Label})
	}
	return nil
}

// readServices reads services.csv and adds what it lacks of shipped; shipped is
// nil for the embedded file itself.
func (r *Registry) readServices(src source, shipped []Service) ([]Service, error) {
	idOf, codeOf := make(map[string]schema.ServiceID), make(map[schema.ServiceID]string)
	for _, s := range shipped {
		idOf[s.Code], codeOf[s.ID] = s.ID, s.Code
	}
	ids, codes := make(map[schema.ServiceID]bool), make(map[string]bool)
	categories := make(map[string]bool)
	for _, e := range r.labels[ListCategories] {
		categories[e.Code] = true
	}
	var services []Service
	header := []string{"id", "code", "label_it", "label_en", "label_de", "category"}
	err := readTable(src, "services.csv", header, func(row *row) {
		s := Service{ID: schema.ServiceID(row.number(math.MaxUint16))}
		once(row, ids, s.ID)
		code, known := codeOf[s.ID]
		if shipped != nil && !known && s.ID < ServiceOwn {
			row.fail("%d is not given yet: want own services from %d", s.ID, ServiceOwn)
		}
		s.Code = row.code()
		once(row, codes, s.Code)
		if known && code != s.Code {
			row.fail("%q: service %d is %q for ever", s.Code, s.ID, code)
		}
		if id, ok := idOf[s.Code]; ok && id != s.ID {
			row.fail("%q is service %d for ever", s.Code, id)
		}
		s.Label = row.label()
		if s.Category = row.field(); s.Category != "" && !categories[s.Category] {
			row.fail("no category %q in categories.csv", s.Category)
		}
		services = append(services, s)
	})
	if err != nil {
		return nil, err
	}
	for _, s := range shipped {
		if !ids[s.ID] {
			services = append(services, s)
		}
	}
	slices.SortFunc(services, func(a, b Service) int { return cmp.Compare(a.ID, b.ID) })
	if len(services) == 0 || services[0].ID != schema.ServiceUnspecified {
		return nil, fmt.Errorf("read registry file services.csv: no line for service %d", schema.ServiceUnspecified)
	}
	return services, nil
}
