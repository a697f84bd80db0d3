package pagelist

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"mlf/schema/pagetable"
)

// Limits of a sitemap.
const (
	pagesMax   = 50_000 // As sitemaps.org has it.
	unknownMax = 1_000  // Pages that are shown because nobody knows of which service they are.
)

// readSitemap reads a sitemap (sitemaps.org, protocol 0.9) and proposes a line for each page
// of a service that is found by its address.
func readSitemap(from io.Reader, offered func(code string) bool) (l List, err error) {
	known, err := archetypes()
	if err != nil {
		return l, err
	}
	l.Sitemap = true
	root := true
	seen := make(map[string]bool)
	d := xml.NewDecoder(from)
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("charset %q: a sitemap is in UTF-8", charset)
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if root {
				return l, errors.New("no sitemap in it")
			}
			return l, nil
		}
		if err != nil {
			return l, fmt.Errorf("read sitemap: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if root && start.Name.Local == "sitemapindex" {
			return l, errors.New("it is an index of sitemaps: want one of the files that it names")
		}
		if root && start.Name.Local != "urlset" {
			return l, fmt.Errorf("element %.40q: want urlset, as a sitemap has it", start.Name.Local)
		}
		root = false
		if start.Name.Local != "loc" || strings.Contains(start.Name.Space, "image") || strings.Contains(start.Name.Space, "video") {
			continue
		}
		var address string
		if err := d.DecodeElement(&address, &start); err != nil {
			return l, fmt.Errorf("read sitemap: %w", err)
		}
		if l.Pages++; l.Pages > pagesMax {
			return l, fmt.Errorf("more than %d pages", pagesMax)
		}
		if err := l.add(address, seen, known, offered); err != nil {
			return l, err
		}
	}
}

// add proposes a line for a page, where it is a service's.
func (l *List) add(address string, seen map[string]bool, known []archetype, offered func(code string) bool) error {
	path, ok := pagetable.Path(strings.TrimSpace(address))
	if !ok || seen[path] || !isService(path) {
		return nil
	}
	seen[path] = true
	pattern, err := pagetable.Pattern(path)
	if err != nil {
		return nil //nolint:nilerr // No address is left out; one that is too long can be no line.
	}
	service := serviceOf(path[strings.LastIndexByte(path, '/')+1:], known, offered)
	switch {
	case service != "" && len(l.Lines) == pagetable.LinesMax:
		return fmt.Errorf("more than %d pages of services: make a list by hand, with ** for many pages", pagetable.LinesMax)
	case service != "":
		l.Lines = append(l.Lines, pagetable.Line{Pattern: pattern, Service: service})
	case len(l.Unknown) < unknownMax:
		l.Unknown = append(l.Unknown, path)
	}
	return nil
}

// isService tells whether a path is beneath where Design Comuni has services.
func isService(path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return slices.ContainsFunc(parts[:len(parts)-1], func(part string) bool { return part == "servizi" || part == "servizio" || part == "services" })
}

// serviceOf returns the service of which a page is by the words of its name; "" for none: an
// archetype's, or one that is called so.
func serviceOf(name string, known []archetype, offered func(code string) bool) string {
	words := wordsOf(name)
	for _, a := range known {
		if offered(a.service) && a.fits(words) {
			return a.service
		}
	}
	if code := strings.Join(words, "-"); offered(code) {
		return code
	}
	return ""
}

// wordsOf returns the words of a name in lower case, without accents.
func wordsOf(name string) []string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(name))
	if err != nil {
		plain = name
	}
	return strings.FieldsFunc(plain, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
}
