package client

import (
	"context"
	"net/url"
)

// Changes is the answer of GET /v1/changes: what whoever keeps a copy must copy again.
type Changes struct {
	Meta Meta     `json:"meta"`
	Rows []Change `json:"rows"`
}

// A Change is a month of a place whose counts may have changed. The place is a comune,
// a province or a region, as asked; nil where it may be any.
type Change struct {
	Comune   *string `json:"comune"`
	Province *string `json:"province"`
	Region   *string `json:"region"`
	Month    string  `json:"month"` // 2026-11.
}

// Changes asks what has changed since a position, that of the copy; where it is empty,
// for all that there is. Meta.All tells that it is that, Meta.Position is the next one.
func (c *Client) Changes(ctx context.Context, since string, params url.Values) (ch Changes, err error) {
	asked := url.Values{}
	for name, values := range params {
		asked[name] = values
	}
	if since != "" {
		asked.Set("since", since)
	}
	return ch, c.look(ctx, "/v1/changes", asked, &ch)
}

// Annotations is the answer of GET /v1/annotations.
type Annotations struct {
	Meta Meta         `json:"meta"`
	Rows []Annotation `json:"rows"`
}

// An Annotation is a break in the series, or an event that figures may show.
type Annotation struct {
	ID    string              `json:"id"`
	Kind  string              `json:"kind"` // break or event.
	From  string              `json:"from"`
	To    string              `json:"to"`    // The last day itself.
	Scope map[string][]string `json:"scope"` // Filters, as of a question; none: all votes.
	Text  Label               `json:"text"`
}

// Annotations asks for breaks and events that may be about what params ask for.
func (c *Client) Annotations(ctx context.Context, params url.Values) (a Annotations, err error) {
	return a, c.look(ctx, "/v1/annotations", params, &a)
}
