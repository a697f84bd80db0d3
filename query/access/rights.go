package access

import (
	"slices"
	"strings"

	"mlf/schema"
)

// entriesMax is the most entries of a claim. A body has a few comuni, a region some 1,500.
const entriesMax = 2000

// rights returns the role that claims give, and what is the body's own. A token that is good
// and gives none is refused with 403: who shows one does not ask as the public.
func (a *Access) rights(claims map[string]any) (Role, Own, error) {
	names, ok := texts(lookUp(claims, a.cfg.Claims.Role))
	if !ok {
		return Public, Own{}, forbidden("the token's claim of roles cannot be read")
	}
	role := Public
	for _, name := range names {
		switch name {
		case a.cfg.Roles.Body:
			role = max(role, Body)
		case a.cfg.Roles.Analyst:
			role = max(role, Analyst)
		case a.cfg.Roles.Operator:
			role = max(role, Operator)
		}
	}
	switch role {
	case Public:
		return Public, Own{}, forbidden("the token gives no role of this service")
	case Body:
		own, err := a.own(claims)
		return role, own, err
	default:
		return role, Own{}, nil
	}
}

// own returns what is a body's own. An entry that cannot be read refuses the whole: a
// narrower right than was meant would be a riddle, a wider one a leak.
func (a *Access) own(claims map[string]any) (o Own, err error) {
	var comuni, offices, services, terminals, bodies bool
	o.Comuni, comuni = entries(lookUp(claims, a.cfg.Claims.Comuni), schema.ParseComune)
	o.Offices, offices = entries(lookUp(claims, a.cfg.Claims.Offices), schema.ParseOffice)
	o.Services, services = entries(lookUp(claims, a.cfg.Claims.Services), a.service)
	o.Terminals, terminals = entries(lookUp(claims, a.cfg.Claims.Terminals), schema.ParseTerminalID)
	o.Bodies, bodies = entries(lookUp(claims, a.cfg.Claims.Bodies), schema.ParseBody)
	if a.cfg.ComuniOf != nil {
		for _, body := range o.Bodies {
			o.Comuni = append(o.Comuni, a.cfg.ComuniOf(body)...)
		}
		slices.Sort(o.Comuni)
		o.Comuni = slices.Compact(o.Comuni)
	}
	switch {
	case !bodies:
		return Own{}, forbidden("the token's claim of bodies cannot be read")
	case !comuni:
		return Own{}, forbidden("the token's claim of comuni cannot be read")
	case !offices:
		return Own{}, forbidden("the token's claim of offices cannot be read")
	case !services:
		return Own{}, forbidden("the token's claim of services cannot be read")
	case !terminals:
		return Own{}, forbidden("the token's claim of terminals cannot be read")
	case len(o.Comuni) == 0 && len(o.Terminals) == 0 && len(o.Bodies) == 0:
		return Own{}, forbidden("the token's body has no code, no comune and no terminal")
	}
	return o, nil
}

func (a *Access) service(code string) (schema.ServiceID, error) {
	if a.cfg.Service != nil {
		if id, ok := a.cfg.Service(code); ok {
			return id, nil
		}
	}
	return 0, forbidden("no such service")
}

// lookUp returns the claim name, or what the path name leads to; nil where there is none.
func lookUp(claims map[string]any, name string) any {
	if value, ok := claims[name]; ok {
		return value
	}
	head, rest, isPath := strings.Cut(name, ".")
	below, isObject := claims[head].(map[string]any)
	if !isPath || !isObject {
		return nil
	}
	return lookUp(below, rest)
}

// entries reads a claim's entries, ascending, each once; none where there is no claim.
// False where one cannot be read, or where there is a claim without entries: it was meant
// to restrict.
func entries[T ~uint16 | ~uint32 | ~uint64 | ~string](value any, parse func(string) (T, error)) ([]T, bool) {
	list, ok := texts(value)
	if !ok || value != nil && len(list) == 0 {
		return nil, false
	}
	var read []T
	for _, text := range list {
		entry, err := parse(text)
		if err != nil || text == "" {
			return nil, false
		}
		read = append(read, entry)
	}
	slices.Sort(read)
	return slices.Compact(read), true
}

// texts reads a claim that is a text of words or a list of texts; none where there is none.
func texts(value any) ([]string, bool) {
	switch value := value.(type) {
	case nil:
		return nil, true
	case string:
		list := strings.Fields(value)
		return list, len(list) <= entriesMax
	case []any:
		list := make([]string, 0, min(len(value), entriesMax))
		for _, entry := range value {
			text, ok := entry.(string)
			if !ok {
				return nil, false
			}
			list = append(list, text)
		}
		return list, len(list) <= entriesMax
	}
	return nil, false
}
