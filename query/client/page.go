package client

import (
	"context"
	"net/url"
	"time"
)

// A Page is what there is to say of a comune, a region or the nation, all as of one
// position.
type Page struct {
	Meta          Meta             `json:"meta"`
	Place         PagePlace        `json:"place"`
	Headline      Figures          `json:"headline"` // Of all that was asked for.
	Comparison    PageComparison   `json:"comparison"`
	Services      []PageService    `json:"services"`
	Reasons       []Motive         `json:"reasons"`
	Days          []PageDay        `json:"days"`
	Participation Turnout          `json:"participation"`
	Coverage      PageCoverage     `json:"coverage"`
	Places        []GroupedFigures `json:"places"` // Provinces of a region, regions of the nation.
}

// A PagePlace is where a page is of; the nation has neither code nor name.
type PagePlace struct {
	Level string  `json:"level"` // comune, region or nation.
	Code  *string `json:"code"`
	Name  *string `json:"name"`
}

// A PageComparison is the time asked for less as much of the time before.
type PageComparison struct {
	Of           PageSide                   `json:"of"`
	With         PageSide                   `json:"with"`
	NChange      *float64                   `json:"n_change"`
	Crude        Measures[TestedDifference] `json:"crude"`
	Standardised Measures[Difference]       `json:"standardised"` // If both had the mix of Of.
	Mix          []MixPart                  `json:"mix"`
}

// A PageSide is one of the two times.
type PageSide struct {
	Span
	Figures
	Standardised Measures[Standardised] `json:"standardised"`
}

// A PageService is a service at a channel.
type PageService struct {
	Service  string `json:"service"`
	Category string `json:"category"`
	Channel  string `json:"channel"`
	Figures
	CompareN uint64   `json:"compare_n"` // The votes of Comparison.With.
	NChange  *float64 `json:"n_change"`
}

// A PageDay is one day's votes.
type PageDay struct {
	Day string `json:"day"`
	Counts
	Status []string `json:"status"`
}

// PageCoverage is how many of each have votes. Offices are of a comune; Comuni and
// ComuniOf, all that there are, of more than one.
type PageCoverage struct {
	Offices  *uint64    `json:"offices"` // Nil to the public.
	Comuni   uint64     `json:"comuni"`
	ComuniOf uint64     `json:"comuni_of"`
	Services uint64     `json:"services"`
	Channels uint64     `json:"channels"`
	LastVote *time.Time `json:"last_vote"` // The hour's beginning; nil for none.
}

// Comune asks for the page of a comune, by its ISTAT code.
func (c *Client) Comune(ctx context.Context, code string, params url.Values) (p Page, err error) {
	return p, c.statistics(ctx, "/v1/comuni/"+url.PathEscape(code), params, &p)
}

// Region asks for the page of a region, by its ISTAT code.
func (c *Client) Region(ctx context.Context, code string, params url.Values) (p Page, err error) {
	return p, c.statistics(ctx, "/v1/regions/"+url.PathEscape(code), params, &p)
}

// National asks for the page of the nation.
func (c *Client) National(ctx context.Context, params url.Values) (p Page, err error) {
	return p, c.statistics(ctx, "/v1/national", params, &p)
}
