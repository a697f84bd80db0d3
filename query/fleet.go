package query

import (
	"net/http"
	"slices"

	"mlf/query/access"
	"mlf/query/fleet"
	"mlf/query/form"
	"mlf/schema"
)

// serveFleet answers GET /v1/fleet: which terminals live, to those who look after them.
func (s *Server) serveFleet(w http.ResponseWriter, r *http.Request) error {
	if s.Fleet == nil {
		return errNotFound
	}
	visible, err := s.terminalsOf(r)
	if err != nil {
		return err
	}
	values, err := parameters(r, append(fleet.Parameters(), "format")...)
	if err != nil {
		return err
	}
	asked, err := fleet.ParseQuestion(values)
	if err != nil {
		return err
	}
	written, err := form.Read(r, values)
	if err != nil {
		return err
	}
	if written != form.JSON && written != form.CSV {
		return badParameter("format", "%q: want json or csv", string(written))
	}
	if !s.Fleet.Book.Complete() || !s.Terminals.Complete() {
		return errLoading
	}
	answer, err := s.Fleet.Answer(asked, visible, s.now())
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	if written == form.JSON {
		return writeJSON(w, answer)
	}
	written.Describe(w.Header(), "mlf-fleet")
	_, _ = w.Write(answer.CSV()) // An error means that nobody reads.
	return nil
}

// terminalsOf returns whose state is shown to who sent r. Where there are tokens, one is
// needed: that a counter is unattended is not for everybody.
func (s *Server) terminalsOf(r *http.Request) (func(*schema.Enrolment) bool, error) {
	if s.cfg.Disclosure != DisclosureLots && !s.Access.Enabled() {
		_, err := s.atDesk(r)
		return fleet.Everybody, err
	}
	who := s.audienceIn(r.Context())
	if err := who.Require(access.Body); err != nil || who.Role > access.Body {
		return fleet.Everybody, err
	}
	comuni, own := s.allCodes(who.Own.Comuni), &who.Own
	return func(e *schema.Enrolment) bool {
		_, named := slices.BinarySearch(own.Terminals, e.Terminal)
		places := slices.Contains(comuni, e.Comune) || e.Body != "" && slices.Contains(own.Bodies, e.Body)
		return named || places && (own.Offices == nil || slices.Contains(own.Offices, e.Office))
	}, nil
}
