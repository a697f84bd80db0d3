// Package missed asks processes of mlf ingest which pages were rated and have no line in
// the table of their site.
//
// It knows where the answer is and how long it may be. It must not know what a table says.
package missed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Path is where the admin listener of mlf ingest tells of such pages.
const Path = "/ratings/missed"

// Limits of an answer: 8,000 paths of 256 bytes, each with its site.
const (
	bytesMax = 8 << 20
	waitMax  = 10 * time.Second
)

// A Page is a page without a line.
type Page struct {
	Site    string `json:"site"`
	Version uint32 `json:"version"` // Of the table.
	Path    string `json:"path"`    // "" for those without one, and for what there was no room for.
	Ratings uint64 `json:"ratings"` // Since the processes began, or since the version did.
}

// Ask asks every process of addrs, host:port of its admin listener, and returns the pages
// of one site by the table of one version, added up, those with the most ratings first.
func Ask(ctx context.Context, addrs []string, site string, version uint32) ([]Page, error) {
	sums := make(map[string]uint64)
	for _, addr := range addrs {
		pages, err := ask(ctx, addr)
		if err != nil {
			return nil, fmt.Errorf("ask %s for pages: %w", addr, err)
		}
		for _, p := range pages {
			if p.Site == site && p.Version == version {
				sums[p.Path] += p.Ratings
			}
		}
	}
	all := make([]Page, 0, len(sums))
	for path, n := range sums {
		all = append(all, Page{site, version, path, n})
	}
	slices.SortFunc(all, func(a, b Page) int {
		return cmp.Or(-cmp.Compare(a.Ratings, b.Ratings), strings.Compare(a.Path, b.Path))
	})
	return all, nil
}

func ask(ctx context.Context, addr string) (pages []Page, err error) {
	ctx, cancel := context.WithTimeout(ctx, waitMax)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+strings.TrimPrefix(strings.TrimSuffix(addr, "/"), "http://")+Path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("got %s: want the admin listener of mlf ingest or mlf up, of this version", answer.Status)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, bytesMax)).Decode(&pages); err != nil {
		return nil, fmt.Errorf("read the answer, of at most %d bytes: %w", bytesMax, err)
	}
	return pages, nil
}
