package client

import (
	"context"
	"net/url"
)

// Dimensions is the answer of GET /v1/dimensions: what rows can be by.
type Dimensions struct {
	Meta       Meta               `json:"meta"`
	Data       DataMonths         `json:"data"`
	Dimensions []DimensionOfVotes `json:"dimensions"`
}

// DataMonths are the first and the last month with data, 2026-11; nil without any.
type DataMonths struct {
	First *string `json:"first"`
	Last  *string `json:"last"`
}

// A DimensionOfVotes is one of what rows can be by.
type DimensionOfVotes struct {
	Dimension string `json:"dimension"`
	Label     Label  `json:"label"`
	Of        string `json:"of"`
	Span      bool   `json:"span"`   // A value is one span of time.
	Filter    bool   `json:"filter"` // A parameter of this name filters by it.
}

// A Dimension is the answer of GET /v1/dimensions/{dimension}: its values.
type Dimension struct {
	Meta      Meta             `json:"meta"`
	Data      DataMonths       `json:"data"`
	Dimension DimensionOfVotes `json:"dimension"`
	Values    []DimensionValue `json:"values"`
}

// A DimensionValue is a code with its name; since when until when it is valid, days
// of which the second is exclusive; and the months in which it was counted first and
// last.
type DimensionValue struct {
	Comune    string  `json:"comune"` // Of an office.
	Code      string  `json:"code"`
	Label     Label   `json:"label"`
	ValidFrom *string `json:"valid_from"`
	ValidTo   *string `json:"valid_to"`
	DataMonths
}

// A Label is a name in Italian, English and German.
type Label struct {
	It string `json:"it"`
	En string `json:"en"`
	De string `json:"de"`
}

// Dimensions asks what rows can be by.
func (c *Client) Dimensions(ctx context.Context, params url.Values) (d Dimensions, err error) {
	return d, c.statistics(ctx, "/v1/dimensions", params, &d)
}

// Dimension asks for the values of a dimension.
func (c *Client) Dimension(ctx context.Context, name string, params url.Values) (d Dimension, err error) {
	return d, c.statistics(ctx, "/v1/dimensions/"+url.PathEscape(name), params, &d)
}
