package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// Stats is the answer of GET /v1/stats.
type Stats struct {
	Meta     StatsMeta  `json:"meta"`
	Rows     []StatsRow `json:"rows"`
	Position string     `json:"-"` // How far the counts had come, as a token for at_least.
}

func (s *Stats) setPosition(token string) { s.Position = token }

// StatsMeta says what rows are of.
type StatsMeta struct {
	From        time.Time           `json:"from"`
	To          time.Time           `json:"to"` // Exclusive.
	Rounded     bool                `json:"rounded"`
	TimeZone    string              `json:"time_zone"`
	Group       []string            `json:"group"`
	Filters     map[string][]string `json:"filters"` // Those that held, defaults included.
	Period      string              `json:"period"`
	Running     bool                `json:"running"`
	Fill        string              `json:"fill"`
	Compare     *Span               `json:"compare"`
	NextCursor  string              `json:"next_cursor"` // Empty on the last page.
	Check       *Check              `json:"check"`
	Top         int                 `json:"top"`
	Excluded    Excluded            `json:"excluded"`
	Formula     string              `json:"formula"`
	GeneratedAt time.Time           `json:"generated_at"`
	Ledger      []uint64            `json:"ledger"` // Of each partition, one past the last record that is counted.
	Disclosure  string              `json:"disclosure"`
}

// A Check is what came of check=store.
type Check struct {
	Store   string `json:"store"` // agrees, differs or unknown.
	Rows    uint64 `json:"rows"`
	Differs uint64 `json:"differs"`
	Reason  string `json:"reason"`
}

// A StatsRow is one row of statistics: what it is of, its votes, and those that it
// is compared with. What was not asked for is 0 or nil.
type StatsRow struct {
	Group
	Counts
	GreenShare        *float64 `json:"green_share"`
	GreenLow          *float64 `json:"green_low"`
	GreenHigh         *float64 `json:"green_high"`
	Status            []string `json:"status"` // Nil where neither time nor who asks gives cause for one.
	Running           bool     `json:"running"`
	CompareGreen      uint64   `json:"compare_green"`
	CompareYellow     uint64   `json:"compare_yellow"`
	CompareRed        uint64   `json:"compare_red"`
	CompareV1         uint64   `json:"compare_v1"`
	CompareV2         uint64   `json:"compare_v2"`
	CompareV3         uint64   `json:"compare_v3"`
	CompareV4         uint64   `json:"compare_v4"`
	CompareV5         uint64   `json:"compare_v5"`
	CompareN          uint64   `json:"compare_n"`
	CompareGreenShare *float64 `json:"compare_green_share"`
	NChange           *float64 `json:"n_change"` // nil from nothing.
	GreenShareChange  *float64 `json:"green_share_change"`
}

// Stats asks for rows: all of them, or the page that limit and cursor ask for.
func (c *Client) Stats(ctx context.Context, params url.Values) (s Stats, err error) {
	return s, c.statistics(ctx, "/v1/stats", params, &s)
}

// rowsOfPage is how many rows are asked for at once where limit is not given: some
// megabytes of JSON.
const rowsOfPage = 10_000

// Rows returns the rows of all pages, one after the other. After an error there is
// no row more; params stay the caller's.
func (c *Client) Rows(ctx context.Context, params url.Values) iter.Seq2[*StatsRow, error] {
	return func(yield func(*StatsRow, error) bool) {
		asked := url.Values{"limit": {strconv.Itoa(rowsOfPage)}}
		for name, values := range params {
			asked[name] = values
		}
		for {
			page, err := c.Stats(ctx, asked)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Rows {
				if !yield(&page.Rows[i], nil) {
					return
				}
			}
			if page.Meta.NextCursor == "" {
				return
			}
			asked.Set("cursor", page.Meta.NextCursor)
		}
	}
}
