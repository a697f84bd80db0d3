package query

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"mlf/query/access"
	"mlf/query/question"
	"mlf/schema"
)

// How counts are shown, as every answer says.
const (
	// DisclosureNone shows every count to everybody, however small. It must be said
	// aloud, because a cell of one vote may tell who cast it.
	DisclosureNone = "none"

	// DisclosureLots shows the public sums of lots, and exact counts to those whose
	// token gives them a right to.
	DisclosureLots = "lots"

	disclosureOwn   = "own"   // Exact counts of a body's own places, under lots.
	disclosureExact = "exact" // Exact counts of everything, under lots.
)

// An audience is who asks, and what that one is shown. Whatever answers a request
// takes its counts from view and asks allow; so no answer needs to know of roles.
type audience struct {
	access.Identity
	shown string // How counts are shown to it.
	name  string // Differs where what is shown does: a part of the name of answers.
}

type audienceKey struct{}

// audienceIn returns who sent the request of ctx. Of a request that nobody asked
// for it is the public.
func (s *Server) audienceIn(ctx context.Context) *audience {
	if who, ok := ctx.Value(audienceKey{}).(*audience); ok {
		return who
	}
	return s.audienceOf(access.Identity{})
}

func (s *Server) audienceOf(id access.Identity) *audience {
	who := &audience{Identity: id, shown: s.cfg.Disclosure}
	if s.cfg.Disclosure == DisclosureLots {
		switch {
		case id.Role >= access.Analyst:
			who.shown = disclosureExact
		case id.Role == access.Body:
			who.shown = disclosureOwn
			who.Own.Comuni = s.allCodes(id.Own.Comuni)
		}
	}
	who.name = who.shown
	if who.shown == disclosureOwn {
		o := &who.Own
		who.name = fmt.Sprintf("%s %x", who.shown, sha256.Sum256(fmt.Appendf(nil, "%d %q %d", o.Comuni, o.Offices, o.Services)))
	}
	return who
}

// allCodes returns the codes that comuni have had, ascending: votes of one may lie
// under each.
func (s *Server) allCodes(comuni []schema.ComuneID) []schema.ComuneID {
	codes := []schema.ComuneID{}
	for _, id := range comuni {
		codes = append(codes, s.Registry.Codes(id)...)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// exact tells whether all counts are shown.
func (a *audience) exact() bool { return a.shown == DisclosureNone || a.shown == disclosureExact }

// A guard is what stands before a route.
type guard struct {
	open   bool // Nothing does.
	token  bool // A token of the issuer's is looked at.
	lookup bool // It costs little.
}

func guardOf(rt route) guard {
	switch {
	case rt.name == "watermark":
		return guard{lookup: true} // Its tokens are terminals'.
	case strings.HasPrefix(rt.path, "/v1/registry/"):
		return guard{token: true, lookup: true}
	case strings.HasPrefix(rt.path, "/v1/"):
		return guard{token: true}
	default:
		return guard{open: rt.path != "/", lookup: true}
	}
}

// admit returns r with who sent it. Who may not ask, or has asked enough, is
// refused.
func (s *Server) admit(w *sending, r *http.Request, g guard) (*http.Request, error) {
	if g.open || r.Method == http.MethodOptions {
		return r, nil
	}
	var id access.Identity
	var refused error
	if g.token && s.Access != nil {
		w.Header().Add("Vary", "Authorization")
		id, refused = s.Access.Identify(r)
		w.private = id.Role != access.Public
	}
	if err := s.take(w.Header(), r, id, g); err != nil {
		return nil, err
	}
	if refused != nil {
		return nil, refused
	}
	return r.WithContext(context.WithValue(r.Context(), audienceKey{}, s.audienceOf(id))), nil
}

// take counts a request.
func (s *Server) take(h http.Header, r *http.Request, id access.Identity, g guard) error {
	if s.Quota == nil {
		return nil
	}
	take := func() access.Allowance { return s.Quota.Take(r, id, 1) }
	if g.lookup {
		take = func() access.Allowance { return s.Quota.TakeTenth(r, id) }
	}
	left := take()
	left.SetHeader(h)
	if !left.OK {
		return errTooFast
	}
	return nil
}

// refusal returns the problem of a token that is not good.
func refusal(r *access.Refusal) *problem {
	var p *problem
	switch r.Status {
	case http.StatusBadRequest:
		p = newProblem(r.Status, "bad-authorization", "Authorization cannot be read", r.Detail)
	case http.StatusUnauthorized:
		p = newProblem(r.Status, "unknown-token", "No token, or one that is not good", r.Detail)
	case http.StatusForbidden:
		p = newProblem(r.Status, "forbidden", "The token gives no right to this", r.Detail)
	default:
		p = newProblem(r.Status, "keys-unreachable", "The token cannot be checked now", r.Detail)
	}
	p.cause = r
	return p
}

// challenge sets what must stand beside the status of err.
func challenge(h http.Header, err error) {
	var refused *access.Refusal
	if errors.As(err, &refused) {
		refused.SetHeader(h)
	}
}

// view returns the counts as they are shown to who asks, now: all figures of one
// answer come from one view.
func (s *Server) view(ctx context.Context) (question.View, error) {
	who := s.audienceIn(ctx)
	if who.shown == DisclosureLots {
		return s.published()
	}
	view, err := s.newest.View(ctx)
	if err != nil || who.shown != disclosureOwn {
		return view, err
	}
	return &ownView{View: view, own: &who.Own, now: schema.HourOf(s.cfg.Now())}, nil
}

// shownAs returns how the counts of a view of view's are shown.
func (s *Server) shownAs(view question.View) string {
	switch view.(type) {
	case *publishedView:
		return DisclosureLots
	case *ownView:
		return disclosureOwn
	}
	if s.cfg.Disclosure == DisclosureLots {
		return disclosureExact
	}
	return s.cfg.Disclosure
}
