package query

import (
	"encoding/json"
	"net/http"

	"mlf/query/access"
	"mlf/query/desk"
)

// desks returns what answers the routes of the desk, by path.
func (s *Server) desks() map[string]http.Handler {
	byPath, handlers := make(map[string][]desk.Route), make(map[string]http.Handler)
	for _, rt := range s.Desk {
		byPath[rt.Path] = append(byPath[rt.Path], rt)
	}
	for path, of := range byPath {
		serves := make([]http.Handler, len(of))
		for i := range of {
			serves[i] = s.serve(s.deskRoute(&of[i]), called(desk.Methods(of), of[i].Method))
		}
		handlers[path] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serves[max(0, desk.Find(of, r.Method))].ServeHTTP(w, r) // Any of them knows what to say of another method.
		})
	}
	return handlers
}

// deskRoute returns what answers rt.
func (s *Server) deskRoute(rt *desk.Route) route {
	return route{rt.Name, rt.Path, func(w http.ResponseWriter, r *http.Request) error {
		who, err := s.atDesk(r)
		if err != nil {
			return err
		}
		if err := who.Require(rt.Least); err != nil {
			return err //nolint:wrapcheck // It says it all.
		}
		w.Header().Set("Cache-Control", "no-store")
		return rt.Handle(w, r, who)
	}}
}

// atDesk returns who asks for what is not for everybody. Without an issuer of tokens it
// is who sits before this machine, or nobody.
func (s *Server) atDesk(r *http.Request) (access.Identity, error) {
	if !s.Access.Enabled() {
		return desk.Local(r) //nolint:wrapcheck // It says it all.
	}
	return s.audienceIn(r.Context()).Identity, nil
}

// refused returns the problem of a refusal.
func refused(r *desk.Refusal) *problem {
	p := newProblem(r.Status, r.Type, r.Title, r.Detail)
	p.members, p.cause, p.retry = r.Members, r.Cause, int(r.Retry.Seconds())
	return p
}

// withMembers adds members to a JSON object that has some.
func withMembers(object []byte, members map[string]any) ([]byte, error) {
	if len(members) == 0 {
		return object, nil
	}
	more, err := json.Marshal(members)
	if err != nil {
		return nil, err //nolint:wrapcheck // The caller is about to panic.
	}
	return append(append(object[:len(object)-1], ','), more[1:]...), nil
}
