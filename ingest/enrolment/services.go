package enrolment

import (
	"fmt"
	"slices"
	"strings"

	"mlf/schema"
	"mlf/schema/registry"
)

// Services looks the codes of services up and puts first, the default, in front;
// an empty first leaves the order as it is. The errors name the flags of
// mlf terminal enrol.
func Services(lists *registry.Registry, codes []string, first string) ([]schema.EnrolledService, error) {
	if first != "" {
		i := slices.Index(codes, first)
		if i < 0 {
			return nil, fmt.Errorf("--default-service %s: not one of --services", first)
		}
		codes = append([]string{first}, slices.Delete(slices.Clone(codes), i, i+1)...)
	}
	var services []schema.EnrolledService
	for _, code := range codes {
		s, ok := lists.ServiceByCode(code)
		if !ok {
			return nil, fmt.Errorf("--services %s: not in the registry; want some of %s", code, strings.Join(known(lists), ", "))
		}
		if slices.ContainsFunc(services, func(e schema.EnrolledService) bool { return e.ID == s.ID }) {
			return nil, fmt.Errorf("--services %s: named twice", code)
		}
		services = append(services, schema.EnrolledService{Code: s.Code, ID: s.ID})
	}
	return services, nil
}

func known(lists *registry.Registry) []string {
	var codes []string
	for _, s := range lists.Services() {
		codes = append(codes, s.Code)
	}
	return codes
}
