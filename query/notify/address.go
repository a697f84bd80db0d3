package notify

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// The limits of addresses, in bytes.
const (
	urlMax     = 2048
	nameMax    = 253 // Of a host, by the DNS.
	labelMax   = 63
	mailboxMax = 254 // Of an address of e-mail, by RFC 5321 with the brackets taken off.
	localMax   = 64  // Of what stands before its @.
)

// checkURL refuses a webhook's URL that nothing is ever sent to. Its errors do not
// repeat the path, which may be secret.
func checkURL(text string) (*url.URL, error) {
	if len(text) > urlMax {
		return nil, fmt.Errorf("URL of %d bytes: want at most %d", len(text), urlMax)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, errors.New("not a URL: want https://name/path, in ASCII and without blanks")
	case u.Scheme != "https" || u.Host == "":
		return nil, errors.New("want a URL that begins with https:// and a name")
	case u.User != nil:
		return nil, errors.New("URL with a user or a password: want none, messages are signed")
	case strings.Contains(text, "#"):
		return nil, errors.New("URL with a #: want none, it is not sent")
	case strings.HasSuffix(u.Host, ":"):
		return nil, errors.New("URL with an empty port: want one, or no colon")
	}
	if err := checkName(u.Hostname()); err != nil {
		return nil, err
	}
	if p := u.Port(); p != "" {
		if port, err := strconv.ParseUint(p, 10, 16); err != nil || port != 443 && port < 1024 {
			return nil, fmt.Errorf("port %.20s: want 443, or one from 1024 to 65535", p)
		}
	}
	return u, nil
}

// checkName refuses what is not the full name of a host. Resolvers take "127.1" and
// "0x7f000001" for addresses, so what ends like a number is no name.
func checkName(name string) error {
	if _, err := netip.ParseAddr(name); err == nil || strings.ContainsAny(name, ":[]%") {
		return errors.New("URL with an address in place of a name: want a name of the DNS")
	}
	if len(name) > nameMax || !strings.Contains(name, ".") {
		return fmt.Errorf("name %.80q: want a full name such as hooks.example.org", name)
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		isOf := func(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }
		if !consistsOf(label, labelMax, isOf) || label[0] == '-' || label[len(label)-1] == '-' {
			return fmt.Errorf("name %.80q: want letters, digits and hyphens between dots; other letters in their xn-- form", name)
		}
	}
	if last := labels[len(labels)-1]; '0' <= last[0] && last[0] <= '9' {
		return errors.New("URL with an address in place of a name: want a name of the DNS")
	}
	return nil
}

// checkMailbox refuses an address of e-mail that nothing is ever sent to: one without
// quotes, comments or letters beyond ASCII, which leaves no room for a second one.
func checkMailbox(text string) error {
	if len(text) > mailboxMax {
		return fmt.Errorf("address of %d bytes: want at most %d", len(text), mailboxMax)
	}
	local, domain, _ := strings.Cut(text, "@")
	isOf := func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0 }
	if !consistsOf(local, localMax, isOf) || local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return fmt.Errorf("address %.80q: want one such as name@example.org, and nothing else", text)
	}
	if checkName(domain) != nil {
		return fmt.Errorf("address %.80q: want the full name of a domain after the @", text)
	}
	return nil
}

// mayReach tells whether a webhook may be at a: at a public address, or in a network
// that was opened.
func mayReach(a netip.Addr, opened []netip.Prefix) bool {
	a = a.Unmap()
	return isIn(a, opened) || isPublic(a)
}

func isIn(a netip.Addr, networks []netip.Prefix) bool {
	for _, network := range networks {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// isPublic tells whether a is one address of the internet, by the registries of IANA for
// special purposes. Who translates between the two internets is taken for what it leads to.
func isPublic(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if a.Is4() {
		return a.IsGlobalUnicast() && !a.IsPrivate() && !isIn(a, specialV4())
	}
	if !a.IsValid() {
		return false
	}
	raw := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a): // NAT64, RFC 6052.
		return isPublic(netip.AddrFrom4([4]byte(raw[12:16])))
	case netip.MustParsePrefix("2002::/16").Contains(a): // 6to4, RFC 3056.
		return isPublic(netip.AddrFrom4([4]byte(raw[2:6])))
	}
	return netip.MustParsePrefix("2000::/3").Contains(a) && !isIn(a, specialV6())
}

// specialV4 are the networks of version 4 that are not for everybody and that netip does
// not know.
func specialV4() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"),    // Behind a provider's NAT; metadata of one cloud.
		netip.MustParsePrefix("168.63.129.16/32"), // The host of a virtual machine on Azure.
		netip.MustParsePrefix("192.0.0.0/24"),     // Protocols; metadata of one cloud.
		netip.MustParsePrefix("192.0.2.0/24"),     // Examples.
		netip.MustParsePrefix("192.88.99.0/24"),   // Relays of 6to4.
		netip.MustParsePrefix("198.18.0.0/15"),    // Measurements.
		netip.MustParsePrefix("198.51.100.0/24"),  // Examples.
		netip.MustParsePrefix("203.0.113.0/24"),   // Examples.
		netip.MustParsePrefix("240.0.0.0/4"),      // Not given out; broadcast.
	}
}

// specialV6 are the networks within 2000::/3 that are not for everybody.
func specialV6() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("2001::/23"),     // Protocols; Teredo, which leads anywhere.
		netip.MustParsePrefix("2001:db8::/32"), // Examples.
		netip.MustParsePrefix("3fff::/20"),     // Examples.
	}
}
