package ingest

import (
	"bytes"
	"strings"

	"github.com/valyala/fasthttp"

	"mlf/schema"
)

// authenticate finds the terminal by its token. A missing and an unknown token
// have one answer, so that nobody learns which tokens exist. While the registry
// is still being read nobody is refused for good: a terminal takes 401 seriously.
func (s *Server) authenticate(x *exchange) (*schema.Enrolment, *refusal) {
	token := bearer(&x.Request.Header)
	if token == nil {
		return nil, badToken()
	}
	if !s.terminals.Complete() {
		return nil, s.later(terminalsUnread, "this process has just started")
	}
	e := s.terminal(x, token)
	switch {
	case e == nil:
		return nil, badToken()
	case e.Revoked:
		return nil, refuse(revokedTerminal, "terminal %v may send no more; keep its votes", e.Terminal)
	}
	return e, nil
}

// bearer returns the token of a header; nil where it has none, or several.
func bearer(h *fasthttp.RequestHeader) []byte {
	const scheme = "Bearer "
	values := h.PeekAll(fasthttp.HeaderAuthorization)
	if len(values) != 1 || len(values[0]) <= len(scheme) || !strings.EqualFold(string(values[0][:len(scheme)]), scheme) {
		return nil
	}
	return values[0][len(scheme):]
}

// badToken is the answer to a missing token and to an unknown one.
func badToken() *refusal {
	return refuse(unknownToken, "want one Authorization: Bearer with the token of an enrolled terminal")
}

// terminal returns the enrolment whose token is token; nil for none. A terminal
// says the same token in every request of a connection: it is hashed and looked up
// once, until anything in the registry changes.
func (s *Server) terminal(x *exchange, token []byte) *schema.Enrolment {
	c := x.conn
	if version := s.terminals.Version(); version != c.enrolledAt || !bytes.Equal(token, c.token) {
		c.token, c.enrolled, c.enrolledAt = append(c.token[:0], token...), s.terminals.ByToken(token), version
	}
	return c.enrolled
}
