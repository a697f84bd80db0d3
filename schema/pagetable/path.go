package pagetable

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A place is an address without what may differ between two ways to write it.
type place struct {
	host  string   // In lower case, with a port that is not the scheme's own; "" where only a path is told.
	parts []string // Of the path, decoded as decoded says.
}

// Path returns the path of an address as the counters of pages show it: without query,
// fragment and host, escapes resolved, no slash at the end; false where it has none.
func Path(address string) (string, bool) {
	at, ok := placeOf(address)
	return at.path(), ok
}

func (p *place) path() string { return "/" + strings.Join(p.parts, "/") }

// placeOf reads an address of http or https, or a path.
func placeOf(address string) (at place, ok bool) {
	if cut := strings.IndexAny(address, "?#"); cut >= 0 {
		address = address[:cut]
	}
	host, path, ok := authority(address)
	if !ok {
		return place{}, false
	}
	at.host = host
	for part := range strings.SplitSeq(path, "/") {
		switch part = decoded(part); part {
		case "", ".": // Two slashes, one at the end, or the folder itself.
		case "..":
			at.parts = at.parts[:max(0, len(at.parts)-1)]
		default:
			at.parts = append(at.parts, part)
		}
	}
	return at, true
}

// authority splits an address into its host and its path. Whoever is named before an @ is
// nobody's business.
func authority(address string) (host, path string, ok bool) {
	scheme, rest, absolute := strings.Cut(address, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case absolute && (scheme == "http" || scheme == "https"):
	case strings.HasPrefix(address, "/"):
		return "", address, true
	default:
		return "", "", false
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		rest, path = rest[:i], rest[i:]
	}
	host = strings.ToLower(rest[strings.LastIndexByte(rest, '@')+1:])
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
	host = strings.TrimSuffix(host, ".")
	return host, path, host != ""
}

// decoded resolves the escapes of a part of a path, but for those of what would then be
// something else: a slash is no end of a part, a percent sign no escape, and ? and # no end
// of the path. Control characters stay escaped, too. Letters are composed (NFC): a name with an accent is the
// same however a file system has spelt it.
func decoded(part string) string {
	var out strings.Builder
	for i := 0; i < len(part); i++ {
		c := part[i]
		if high, low, ok := hex(part[i:]); c == '%' && ok {
			c, i = high<<4|low, i+2
		}
		if strings.IndexByte("/%?#", c) >= 0 || c < ' ' || c == 0x7f {
			fmt.Fprintf(&out, "%%%02X", c)
			continue
		}
		out.WriteByte(c)
	}
	return norm.NFC.String(strings.ToValidUTF8(out.String(), "\ufffd"))
}

// hex returns the two digits of an escape at the beginning of text.
func hex(text string) (high, low byte, ok bool) {
	if len(text) < 3 {
		return 0, 0, false
	}
	digit := func(c byte) byte {
		switch {
		case c >= '0' && c <= '9':
			return c - '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			return c | 0x20 - 'a' + 10
		}
		return 0xff
	}
	high, low = digit(text[1]), digit(text[2])
	return high, low, high <= 0xf && low <= 0xf
}
