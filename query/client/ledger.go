package client

import (
	"context"
	"net/url"
	"time"

	"mlf/schema"
)

// A Ledger is the answer of GET /v1/ledger.
type Ledger struct {
	AsOf       time.Time   `json:"as_of"`
	Totals     Account     `json:"totals"`
	Partitions []Partition `json:"partitions"`
}

// An Account is what became of the votes that came in.
type Account struct {
	Next   schema.Offset  `json:"next_offset"`
	LogEnd *schema.Offset `json:"log_end"` // nil while the log cannot be reached.
	Newest *time.Time     `json:"newest"`  // When the newest vote that is counted came in; nil for none.
	schema.Tally
}

// A Partition is what the ledger says of one partition.
type Partition struct {
	Partition schema.Partition `json:"partition"`
	State     schema.State     `json:"state"`
	Reason    string           `json:"reason"`
	Since     *time.Time       `json:"since"` // nil where that is not known.
	Account
}

// Ends returns the ends of the log; nil when any is unknown.
func (l *Ledger) Ends() []schema.Offset {
	ends := make([]schema.Offset, len(l.Partitions))
	for i := range l.Partitions {
		if l.Partitions[i].LogEnd == nil {
			return nil
		}
		ends[i] = *l.Partitions[i].LogEnd
	}
	return ends
}

// Reached tells whether everything below ends is counted; not where ends are those
// of another number of partitions.
func (l *Ledger) Reached(ends []schema.Offset) bool {
	if ends == nil || len(ends) != len(l.Partitions) {
		return false
	}
	for i := range l.Partitions {
		if l.Partitions[i].Next < ends[i] {
			return false
		}
	}
	return true
}

// Ledger asks for the ledger.
func (c *Client) Ledger(ctx context.Context) (l Ledger, err error) {
	return l, c.look(ctx, "/v1/ledger", nil, &l)
}

// A Watermark is the answer of GET /v1/terminals/self/watermark: every seq up to
// Highest is counted or voided but those in Missing, ranges with both ends in them.
type Watermark struct {
	Stream  string          `json:"stream"`
	Highest schema.Seq      `json:"highest"`
	Missing [][2]schema.Seq `json:"missing"`
	AsOf    time.Time       `json:"as_of"`
}

// Watermark asks what the terminal of token may forget of a stream.
func (c *Client) Watermark(ctx context.Context, token, stream string) (w Watermark, err error) {
	q := &call{path: "/v1/terminals/self/watermark", params: url.Values{"stream": {stream}}, token: token}
	return w, c.read(ctx, q, &w)
}
