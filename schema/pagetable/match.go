package pagetable

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of a pattern: an address is no longer, and a rating waits for all patterns.
const (
	patternBytesMax = 512
	starsMax        = 4
)

// A pattern is a line's, read. * stands for anything within a part of a path, ** for any
// parts, also none.
type pattern struct {
	host   string // "" for any.
	before []part // Of the path: all of it, or what is before **.
	deep   bool   // There is a **.
	after  []part // What is after it.
}

// A part is what stands between two slashes: the texts around its stars.
type part []string

// parsePattern reads a pattern: a path, or an address with its host.
func parsePattern(text string) (p pattern, err error) {
	if len(text) > patternBytesMax {
		return p, fmt.Errorf("%d bytes: want at most %d", len(text), patternBytesMax)
	}
	if strings.ContainsAny(text, "?#") {
		return p, errors.New("want no ? and no #: pages are told by their path alone")
	}
	host, path, ok := authority(text)
	if !ok {
		return p, errors.New("want a path such as /servizi/imu/**, or an address such as https://www.comune.example.it/servizi/**")
	}
	for _, c := range host {
		if c <= ' ' || c == '*' || c >= 0x7f {
			return p, errors.New("want a host without *, in the letters of the DNS (xn--…)")
		}
	}
	p.host = host
	stars := strings.Count(strings.ReplaceAll(path, "**", ""), "*")
	for text := range strings.SplitSeq(path, "/") {
		switch {
		case text == "":
		case text == "**" && !p.deep:
			p.deep = true
		case strings.Contains(text, "**"):
			return p, errors.New("want ** once, as a whole part: /servizi/**")
		default:
			read := partOf(text)
			if len(read) == 1 && (read[0] == "." || read[0] == "..") {
				return p, errors.New("no . and .. in a path")
			}
			if p.deep {
				p.after = append(p.after, read)
			} else {
				p.before = append(p.before, read)
			}
		}
	}
	if stars > starsMax {
		return p, fmt.Errorf("%d stars: want at most %d", stars, starsMax)
	}
	return p, nil
}

func partOf(text string) part {
	var p part
	for piece := range strings.SplitSeq(text, "*") {
		p = append(p, decoded(piece))
	}
	return p
}

// literal returns the path that p is, where it has no star.
func (p *pattern) literal() (path string, ok bool) {
	var at place
	for _, part := range p.before {
		if len(part) > 1 {
			return "", false
		}
		at.parts = append(at.parts, part[0])
	}
	return at.path(), !p.deep
}

func (p *pattern) fits(at *place) bool {
	n := len(p.before) + len(p.after)
	if p.host != "" && p.host != at.host || len(at.parts) < n || len(at.parts) > n && !p.deep {
		return false
	}
	return fit(p.before, at.parts) && fit(p.after, at.parts[len(at.parts)-len(p.after):])
}

// fit tells whether each of parts fits the text in its place.
func fit(parts []part, texts []string) bool {
	for i, p := range parts {
		if !p.fits(texts[i]) {
			return false
		}
	}
	return true
}

// fits takes for each star as little as it can: what is left is then the most for the rest.
func (p part) fits(text string) bool {
	last := len(p) - 1
	if last == 0 {
		return text == p[0]
	}
	text, ok := strings.CutPrefix(text, p[0])
	if !ok {
		return false
	}
	for _, piece := range p[1:last] {
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece):]
	}
	return strings.HasSuffix(text, p[last])
}

// Pattern returns the pattern of an address and of all that is beneath it, for any host.
// The error says why there is none.
func Pattern(address string) (string, error) {
	at, ok := placeOf(address)
	if !ok || len(at.parts) == 0 {
		return "", fmt.Errorf("address %.80q: want one of http or https with a path", address)
	}
	text := strings.ReplaceAll(at.path(), "*", "%2A") + "/**"
	_, err := parsePattern(text)
	return text, err
}
