package desk

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"mlf/query/access"
)

type listenerKey struct{}

// WithListener returns ctx of requests that come to a listener at addr.
func WithListener(ctx context.Context, addr net.Addr) context.Context {
	return context.WithValue(ctx, listenerKey{}, addr)
}

// LocalSubject is the subject of whoever asks where nobody issues tokens.
const LocalSubject = "local"

// Local returns who asks where nobody issues tokens: an operator, if the listener can be
// reached from this machine alone. Else the error is a *Refusal with 403. What came
// through a proxy did not come from this machine, and no page of another site, nor one
// whose name was made to lead here, may ask in the name of who sits before it.
func Local(r *http.Request) (access.Identity, error) {
	addr, _ := r.Context().Value(listenerKey{}).(*net.TCPAddr)
	switch {
	case addr == nil || !addr.IP.IsLoopback(), r.Header["X-Forwarded-For"] != nil, r.Header["Forwarded"] != nil, !namesLoopback(r.Host),
		http.NewCrossOriginProtection().Check(r) != nil:
		return access.Identity{}, &Refusal{
			Status: http.StatusForbidden, Type: "issuer-needed", Title: "Nobody issues tokens for this",
			Detail: "this is for those who look after terminals; the operator must name an issuer of tokens, unless the service listens on 127.0.0.1 alone and is asked there",
		}
	}
	return access.Identity{Role: access.Operator, Subject: LocalSubject}, nil
}

// namesLoopback tells whether host, perhaps with a port, is a name that always is this
// machine.
func namesLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}
