package command

import (
	"fmt"
	"strings"

	"mlf/ingest"
	"mlf/ingest/enrolment"
	"mlf/ingest/pages"
	"mlf/ingest/setup"
	"mlf/schema/proxies"
	"mlf/schema/registry"
	"mlf/schema/source"
)

// watermarkPath is where the query stage answers terminals.
const watermarkPath = "/v1/terminals/self/watermark"

// watermarkAt returns the address of watermarks of the query stage at url; "" where that is
// empty, and terminals ask where they send votes.
func watermarkAt(url string) string {
	if url == "" {
		return ""
	}
	return strings.TrimRight(url, "/") + watermarkPath
}

// pages returns the pages of the front door, and who sets devices up by the offers that f
// knows. Terminals are told to ask for watermarks at the query stage, whose address is
// queryURL.
func (f *follower) pages(lists *registry.Registry, queryURL string, p proxies.Proxies) (*ingest.Pages, error) {
	watermark := watermarkAt(queryURL)
	files, err := pages.New(watermark, f.takesRatings)
	if err != nil {
		return nil, usageError{fmt.Errorf("--query-url: %w", err)}
	}
	desk := setup.New(enrolment.FollowedOffers(f.client, f.network), lists, watermark)
	return &ingest.Pages{Files: files, Desk: desk, Proxies: p}, nil
}

// takesRatings tells whether a site of a name takes what the page of a poster sends.
func (f *follower) takesRatings(name string) bool {
	site := f.stateless.Site(name)
	return site != nil && !site.Closed && site.Way == source.Script
}
