package rating

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// pageMax and titleMax are how long an address and a title may be, in bytes. A longer
// address is none: cut, it would be another page's.
const (
	pageMax  = 1024
	titleMax = 256
)

// place takes where the form stood.
func (r *Rating) place(page, title string) {
	r.Page = pageOf(page)
	title = strings.Join(strings.Fields(title), " ")
	for len(title) > titleMax {
		_, last := utf8.DecodeLastRuneInString(title)
		title = title[:len(title)-last]
	}
	r.Title = title
}

// pageOf returns scheme, host and path of an address, or the path where it is no more
// than that; "" where it is neither. A query may hold what a citizen has asked for, and
// a user what nobody should read.
func pageOf(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Opaque != "" {
		return ""
	}
	page := url.URL{Path: u.Path, RawPath: u.RawPath}
	switch {
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		page.Scheme, page.Host = u.Scheme, strings.ToLower(u.Host)
		if page.Path == "" {
			page.Path = "/"
		}
	default:
		return ""
	}
	if said := page.String(); len(said) <= pageMax {
		return said
	}
	return ""
}
