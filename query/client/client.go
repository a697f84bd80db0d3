// Package client reads what mlf serves to everybody back over HTTP: the ledger,
// watermarks, the statistics; and the probes and metrics of its processes.
//
// It knows the public answers as they are documented, and the nouns in them. It
// must not know query, which writes them: what it reads is what outsiders read.
package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mlf/schema"
)

// A Client asks one `mlf query`. Safe for use by several goroutines.
type Client struct {
	Base string       // For instance http://127.0.0.1:8081.
	HTTP *http.Client // nil: the default one.
}

// A Ledger is the answer of GET /v1/ledger.
type Ledger struct {
	AsOf       time.Time    `json:"as_of"`
	Totals     schema.Tally `json:"totals"`
	Partitions []Partition  `json:"partitions"`
}

// A Partition is what the ledger says of one partition.
type Partition struct {
	Partition schema.Partition `json:"partition"`
	State     schema.State     `json:"state"`
	Reason    string           `json:"reason"`
	Next      schema.Offset    `json:"next_offset"`
	LogEnd    *schema.Offset   `json:"log_end"` // nil while the log cannot be reached.
	schema.Tally
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
	return l, c.get(ctx, "/v1/ledger", "", &l)
}

// A Watermark is the answer of GET /v1/terminals/self/watermark: every seq up to
// Highest is counted or voided but those in Missing, ranges with both ends in them.
type Watermark struct {
	Stream  string          `json:"stream"`
	Highest schema.Seq      `json:"highest"`
	Missing [][2]schema.Seq `json:"missing"`
}

// Watermark asks what the terminal of token may forget of a stream.
func (c *Client) Watermark(ctx context.Context, token, stream string) (w Watermark, err error) {
	return w, c.get(ctx, "/v1/terminals/self/watermark?"+url.Values{"stream": {stream}}.Encode(), token, &w)
}

// A Row is one row of the statistics: the columns it was grouped by, as text, and
// its figures.
type Row struct {
	By      map[string]string
	Figures map[string]float64 // Without those that are null.
}

// Stats asks GET /v1/stats, whose parameters params are.
func (c *Client) Stats(ctx context.Context, params url.Values) ([]Row, error) {
	var answer struct {
		Rows []map[string]any `json:"rows"`
	}
	if err := c.get(ctx, "/v1/stats?"+params.Encode(), "", &answer); err != nil {
		return nil, err
	}
	rows := make([]Row, len(answer.Rows))
	for i, fields := range answer.Rows {
		rows[i] = Row{make(map[string]string), make(map[string]float64)}
		for name, value := range fields {
			switch v := value.(type) {
			case string:
				rows[i].By[name] = v
			case float64:
				rows[i].Figures[name] = v
			}
		}
	}
	return rows, nil
}

// get reads a JSON answer into into. An empty token is none.
func (c *Client) get(ctx context.Context, path, token string, into any) error {
	body, err := Get(ctx, c.HTTP, c.Base+path, token)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	return nil
}

// An Error is an answer other than 200.
type Error struct {
	Address string
	Status  int
	Problem schema.Problem // Empty where the answer was none.
	Body    string         // Its beginning.
}

func (e *Error) Error() string {
	return fmt.Sprintf("ask %s: status %d: %s", e.Address, e.Status, e.Body)
}

// errorBytes is how much of a refusal is kept.
const errorBytes = 500

// Get returns what address answers with status 200, else an *Error, or that of the
// line. A nil client is the default one; an empty token is none.
func Get(ctx context.Context, client *http.Client, address, token string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", address, err)
	}
	defer func() { _ = res.Body.Close() }() // What was wanted has been read.
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", address, err)
	}
	if res.StatusCode != http.StatusOK {
		refused := &Error{Address: address, Status: res.StatusCode, Body: string(body[:min(len(body), errorBytes)])}
		_ = json.Unmarshal(body, &refused.Problem) // Of use only if it is one.
		return nil, refused
	}
	return body, nil
}

// Ready asks the admin listener at addr, host:port, whether its process is ready;
// the error says why it is not.
func Ready(ctx context.Context, client *http.Client, addr string) error {
	_, err := Get(ctx, client, "http://"+addr+"/readyz", "")
	return err
}

// Metrics returns the metrics of the admin listener at addr, host:port, each by
// its name with its labels as they are written.
func Metrics(ctx context.Context, client *http.Client, addr string) (map[string]float64, error) {
	text, err := Get(ctx, client, "http://"+addr+"/metrics", "")
	if err != nil {
		return nil, err
	}
	found := make(map[string]float64)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		i := strings.LastIndexByte(line, ' ')
		if i < 0 || line[0] == '#' {
			continue
		}
		n, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("read metric %s: %w", line[:i], err)
		}
		found[line[:i]] = n
	}
	return found, nil
}
