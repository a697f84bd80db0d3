package client

import (
	"context"
	"time"
)

// OpenData is the answer of GET /v1/open: the files of what was published, which
// Download reads.
type OpenData struct {
	Licence    string      `json:"licence"`
	Publisher  string      `json:"publisher"`
	Catalogues []string    `json:"catalogues"`
	Months     []OpenMonth `json:"months"`
	Due        []DueMonth  `json:"due"`
}

// A DueMonth is not published whole before Day.
type DueMonth struct {
	Month string `json:"month"`
	Day   string `json:"day"`
}

// An OpenMonth has vintages, none of which ever changes.
type OpenMonth struct {
	Month    string        `json:"month"`
	From     string        `json:"from"`
	To       string        `json:"to"` // The last day itself.
	Newest   int           `json:"newest"`
	Vintages []OpenVintage `json:"vintages"`
}

// An OpenVintage is a month as it was published on a day.
type OpenVintage struct {
	Vintage     int        `json:"vintage"` // From 1.
	Release     uint64     `json:"release"`
	Day         string     `json:"day"`
	PublishedAt time.Time  `json:"published_at"`
	N           uint64     `json:"n"` // Votes in its lots,
	K           int        `json:"k"` // of which none has fewer.
	Files       []OpenFile `json:"files"`
}

// An OpenFile is one of its tables in one form. What it has is nil until somebody has
// asked for it.
type OpenFile struct {
	Name      string  `json:"name"`
	URL       string  `json:"url"`
	Table     string  `json:"table"` // lots or reasons.
	MediaType string  `json:"media_type"`
	Rows      *uint64 `json:"rows"`
	Bytes     *uint64 `json:"bytes"`
	SHA256    *string `json:"sha256"`
}

// OpenData lists the files of what was published.
func (c *Client) OpenData(ctx context.Context) (o OpenData, err error) {
	return o, c.look(ctx, "/v1/open", nil, &o)
}
