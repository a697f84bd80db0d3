package client

import (
	"context"
	"net/url"
	"time"
)

// Network is the answer of GET /v1/network: how many bodies and terminals take part.
type Network struct {
	Meta       Meta          `json:"meta"`
	At         string        `json:"at"`          // A day of Rome's calendar.
	KnownSince *time.Time    `json:"known_since"` // Since when votes that came in are known by terminal; nil: all.
	Total      NetworkCounts `json:"total"`
	Rows       []NetworkRow  `json:"rows"`
}

// A NetworkRow is the figures of a region and a class of population; each is nil where
// rows are not by it, or where it is not known.
type NetworkRow struct {
	Region    *string `json:"region"`
	Name      *string `json:"region_name"`
	Class     *string `json:"population_class"`
	ClassName *string `json:"population_class_name"`
	NetworkCounts
}

// NetworkCounts are figures; nil where one is not known, which Meta.Warnings explains.
type NetworkCounts struct {
	BodiesJoined     int64  `json:"bodies_joined"`
	BodiesOrdered    int64  `json:"bodies_ordered"`
	BodiesEnrolled   int64  `json:"bodies_enrolled"`
	BodiesActive     *int64 `json:"bodies_active"`
	Comuni           int64  `json:"comuni"`
	Ordered          int64  `json:"terminals_ordered"`
	Claimed          int64  `json:"terminals_claimed"`
	Active           *int64 `json:"terminals_active"`
	Idle             *int64 `json:"terminals_idle"`
	Silent           *int64 `json:"terminals_silent"`
	TerminalsClosed  int64  `json:"terminals_closed"`
	TerminalsRevoked int64  `json:"terminals_revoked"`
}

// Network asks for the figures of a day, by region and class unless params say otherwise.
func (c *Client) Network(ctx context.Context, params url.Values) (n Network, err error) {
	return n, c.look(ctx, "/v1/network", params, &n)
}
