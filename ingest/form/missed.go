package form

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"mlf/schema/pagetable"
)

// Limits of what is kept of pages without a line: 4 MiB in all, whatever anybody sends.
const (
	missedPagesMax = 500   // Of a site.
	missedAllMax   = 8_000 // Of all.
	missedPathMax  = 256   // Bytes of a path.
)

// A MissedPage is a page that was rated and that the table of its site has no line for.
type MissedPage struct {
	Site    string `json:"site"`
	Version uint32 `json:"version"` // Of the table.
	Path    string `json:"path"`    // Without host, query and fragment; "" for those without one, and for what there was no room for.
	Ratings uint64 `json:"ratings"` // Since this process began, or since the version did.
}

// missed counts pages without a line. Safe for concurrent use.
type missed struct {
	mu    sync.Mutex
	sites map[string]*missedSite
	paths int
}

type missedSite struct {
	version uint32
	ratings map[string]uint64 // By path.
}

// count notes that a page of a site was rated, and that m has no line for it.
func (a *missed) count(m *pagetable.Matcher, page string) {
	path, _ := pagetable.Path(page)
	if page == "" || len(path) > missedPathMax {
		path = ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.sites[m.Site]
	if of == nil || of.version != m.Version {
		if of != nil {
			a.paths -= len(of.ratings)
		}
		of = &missedSite{version: m.Version, ratings: make(map[string]uint64)}
		if a.sites == nil {
			a.sites = make(map[string]*missedSite)
		}
		a.sites[m.Site] = of
	}
	if _, known := of.ratings[path]; !known && path != "" && (len(of.ratings) >= missedPagesMax || a.paths >= missedAllMax) {
		path = ""
	}
	if _, known := of.ratings[path]; !known {
		a.paths++
	}
	of.ratings[path]++
}

// Missed returns the pages that were rated and are of no line of their site's table, by
// site, those with the most ratings first.
func (d *Desk) Missed() []MissedPage {
	d.missed.mu.Lock()
	defer d.missed.mu.Unlock()
	all := []MissedPage{}
	for name, of := range d.missed.sites {
		for path, n := range of.ratings {
			all = append(all, MissedPage{name, of.version, path, n})
		}
	}
	slices.SortFunc(all, func(a, b MissedPage) int {
		return cmp.Or(strings.Compare(a.Site, b.Site), -cmp.Compare(a.Ratings, b.Ratings), strings.Compare(a.Path, b.Path))
	})
	return all
}
