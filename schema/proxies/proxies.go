// Package proxies says whose word for a client's address is taken.
//
// It knows the fields of HTTP that tell it. It must not know any server, or what an
// address is wanted for.
package proxies

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The fields that proxies tell a client's address in.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded" // RFC 7239.
)

// hopsMax is the most proxies that are passed on the way back to the client.
const hopsMax = 16

// Proxies are those whose word for a client's address is taken. The zero value takes
// nobody's: the client is who is connected.
type Proxies struct {
	Trusted []netip.Prefix

	// Field is the field that the trusted ones write, XForwardedFor (default) or
	// Forwarded. One only: the other comes from the client as it likes, since a proxy passes
	// on what it does not know.
	Field string
}

// Name returns the field that p reads.
func (p Proxies) Name() string {
	if strings.EqualFold(p.Field, Forwarded) {
		return Forwarded
	}
	return XForwardedFor
}

// Client returns the address that a request comes from, of whoever is connected, remote,
// and what the field Name says, as often as it comes: going back, the first that is not a
// trusted proxy. What is left of it in the field anybody may have written. Where a proxy
// told what is no address it is that proxy's own. The zero Addr where the connection has
// none.
func (p Proxies) Client(remote string, fields []string) netip.Addr {
	client := addressOf(remote)
	if !p.trusts(client) {
		return client
	}
	hops := p.hops(fields)
	for i := range min(len(hops), hopsMax) {
		before := addressOf(hops[len(hops)-1-i])
		if !before.IsValid() {
			return client
		}
		if client = before; !p.trusts(client) {
			return client
		}
	}
	return client
}

// Network returns what one household or office has of addresses: /24 of IPv4, /56 of IPv6.
// The zero Prefix is of nobody in particular.
func Network(client netip.Addr) netip.Prefix {
	bits := 24
	if client.Is6() {
		bits = 56
	}
	p, err := client.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// ParseTrusted reads the networks of proxies whose word is taken, as 10.0.0.0/8. The error
// names the flag --trusted-proxies.
func ParseTrusted(texts []string) (trusted []netip.Prefix, err error) {
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies %q: want a network, as 10.0.0.0/8", text)
		}
		trusted = append(trusted, network)
	}
	return trusted, nil
}

// Validate refuses a field that proxies do not write.
func (p Proxies) Validate() error {
	switch p.Field {
	case "", XForwardedFor, Forwarded:
		return nil
	}
	return fmt.Errorf("proxies: field %q: want %s or %s", p.Field, XForwardedFor, Forwarded)
}

func (p Proxies) trusts(a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(p.Trusted, func(of netip.Prefix) bool { return of.Contains(a) })
}

// hops returns the addresses in the field, the last proxy's last.
func (p Proxies) hops(fields []string) (hops []string) {
	forwarded := p.Name() == Forwarded
	for _, field := range fields {
		for hop := range strings.SplitSeq(field, ",") {
			if forwarded {
				hop = forOf(hop)
			}
			hops = append(hops, strings.TrimSpace(hop))
		}
	}
	return hops
}

// forOf returns the parameter `for` of an element of Forwarded, without quotes; "" for none.
func forOf(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// addressOf reads an address, with or without a port and brackets; the zero Addr for what
// is none (unknown, a name, a socket's path).
func addressOf(text string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
