package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// A Format is a form that answers are downloaded in.
type Format string

// The formats. Excel is CSV as Excel reads it where it is set up as in Italy. The last
// two are of statistics, trends and bulletins alone.
const (
	JSON     Format = "json"
	CSV      Format = "csv"
	Excel    Format = "excel"
	XLSX     Format = "xlsx"
	NDJSON   Format = "ndjson"
	Parquet  Format = "parquet"
	JSONStat Format = "json-stat"
	SDMXCSV  Format = "sdmx-csv"
)

// Download writes the answer of any path to w, as it comes, and returns its header:
// X-MLF-Position, X-MLF-Excluded, the file's name in Content-Disposition. After an
// error w may have a part of it. An empty format is that of the path's ending.
func (c *Client) Download(ctx context.Context, path string, params url.Values, format Format, w io.Writer) (http.Header, error) {
	asked := maps.Clone(params)
	if format != "" {
		if asked == nil {
			asked = url.Values{}
		}
		asked.Set("format", string(format))
	}
	q := &call{path: path, params: asked, token: c.Token, counts: takesPosition(path)}
	res, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // What was wanted has been read.
	most := cmp.Or(c.BytesMax, downloadBytesMax)
	n, err := io.Copy(w, io.LimitReader(res.Body, most+1))
	if err == nil && n > most {
		err = errTooLong
	}
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", q.target(), err)
	}
	return res.Header, nil
}

// takesPosition tells whether the answer at a path, with or without an ending, is of
// counts that grow: others know no at_least.
func takesPosition(path string) bool {
	of, _, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
	of, _, _ = strings.Cut(of, ".")
	switch of {
	case "stats", "trend", "heatmap", "ranking", "compare", "reasons", "participation", "explain",
		"comuni", "regions", "national", "dimensions":
		return true
	}
	return false
}
