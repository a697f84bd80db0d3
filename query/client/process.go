package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Get returns what address answers with status 200, else a *Problem, or the error of
// the line. A nil client is the default one; an empty token is none.
func Get(ctx context.Context, client *http.Client, address, token string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := cmp.Or(client, http.DefaultClient).Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", address, err)
	}
	defer func() { _ = res.Body.Close() }() // What was wanted has been read.
	if res.StatusCode != http.StatusOK {
		return nil, problemOf(res, address)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", address, err)
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
