package source

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/schema/pagetable"
)

// tablesKept is how many versions of a site's table are in memory, 256 KiB each at most: the
// one that holds, some that will, and those of ratings that waited in a browser.
const tablesKept = 8

// applyTable takes a version of a table of pages, or takes it back.
func (s *Sources) applyTable(key string, value []byte) error {
	site, number, ok := strings.Cut(key, "/")
	version, err := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil {
		return fmt.Errorf("%q: want a site and a version", key)
	}
	if value == nil {
		s.keepTable(site, uint32(version), nil)
		return nil
	}
	var t pagetable.Table
	if err := json.Unmarshal(value, &t); err != nil {
		return err
	}
	if t.Site != site || uint64(t.Version) != version {
		return fmt.Errorf("version %d of site %s: want what its key says", t.Version, t.Site)
	}
	m, err := pagetable.Compile(t)
	if err != nil {
		return err
	}
	s.keepTable(site, t.Version, m)
	return nil
}

// keepTable puts m in the place of a version; nil: there is none. A version is forgotten
// where a newer one holds from then on, or before: its time never comes.
func (s *Sources) keepTable(site string, version uint32, m *pagetable.Matcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := slices.DeleteFunc(slices.Clone(s.tables[site]), func(old *pagetable.Matcher) bool { return old.Version == version })
	if m != nil {
		of = append(of, m)
	}
	slices.SortFunc(of, func(a, b *pagetable.Matcher) int { return cmp.Compare(a.Version, b.Version) })
	all := slices.Clone(of)
	of = slices.DeleteFunc(of, func(old *pagetable.Matcher) bool {
		return slices.ContainsFunc(all, func(m *pagetable.Matcher) bool { return m.Version > old.Version && !m.From.After(old.From) })
	})
	put(&s.tables, site, of[max(0, len(of)-tablesKept):])
}

// Pages returns the table of a site's pages that holds at a time: of those that do by then
// the newest version; nil for none.
func (s *Sources) Pages(site string, at time.Time) *pagetable.Matcher {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, m := range slices.Backward(s.tables[site]) {
		if !m.From.After(at) {
			return m
		}
	}
	return nil
}

// NewestPages returns the newest version of a site's table, whether it holds yet or not;
// nil for none.
func (s *Sources) NewestPages(site string) *pagetable.Matcher {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if of := s.tables[site]; len(of) > 0 {
		return of[len(of)-1]
	}
	return nil
}
