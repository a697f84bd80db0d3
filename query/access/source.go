package access

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Limits of a fetch.
const (
	fetchTimeout    = 10 * time.Second
	redirectsMax    = 3
	discoveryMaxAge = time.Hour // How long it is believed where the keys are.
)

// A source is where the issuer's key set is. For one goroutine.
type source struct {
	issuer, url, file string
	now               func() time.Time
	client            *http.Client

	discovered   string // Where the discovery document says that the keys are,
	discoveredAt time.Time
}

func newSource(cfg Config) *source {
	return &source{
		issuer: cfg.Issuer, url: cfg.KeysURL, file: cfg.KeysFile, now: cfg.Now,
		client: &http.Client{Transport: cfg.Transport, CheckRedirect: checkRedirect},
	}
}

// checkRedirect keeps to what the first address had to be.
func checkRedirect(r *http.Request, before []*http.Request) error {
	if len(before) > redirectsMax {
		return fmt.Errorf("more than %d redirects", redirectsMax)
	}
	return checkURL(r.URL.String())
}

// fetch returns the keys as they are now. It blocks for fetchTimeout at most for each of
// two requests, or until ctx ends.
func (s *source) fetch(ctx context.Context) (keySet, error) {
	if s.file != "" {
		return s.read()
	}
	where, err := s.where(ctx)
	if err != nil {
		return nil, err
	}
	text, err := s.get(ctx, where)
	if err != nil {
		s.discovered = "" // It may be elsewhere by now.
		return nil, err
	}
	return parseKeySet(text)
}

func (s *source) read() (keySet, error) {
	file, err := os.Open(s.file)
	if err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	defer file.Close() //nolint:errcheck // It was only read.
	text, err := readAtMost(file, keySetBytesMax)
	if err != nil {
		return nil, fmt.Errorf("read key set %s: %w", s.file, err)
	}
	return parseKeySet(text)
}

// where returns where the keys are.
func (s *source) where(ctx context.Context) (string, error) {
	if s.url != "" {
		return s.url, nil
	}
	if s.discovered != "" && s.now().Sub(s.discoveredAt) < discoveryMaxAge {
		return s.discovered, nil
	}
	text, err := s.get(ctx, strings.TrimSuffix(s.issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return "", fmt.Errorf("read discovery document: %w", err)
	}
	if document.Issuer != s.issuer {
		return "", fmt.Errorf("read discovery document: it is of issuer %q, want %q", document.Issuer, s.issuer)
	}
	if err := checkURL(document.Keys); err != nil {
		return "", fmt.Errorf("read discovery document: jwks_uri: %w", err)
	}
	s.discovered, s.discoveredAt = document.Keys, s.now()
	return s.discovered, nil
}

func (s *source) get(ctx context.Context, where string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, where, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", where, err)
	}
	r.Header.Set("Accept", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("get keys: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // It was only read.
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: status %d", where, answer.StatusCode)
	}
	text, err := readAtMost(answer.Body, keySetBytesMax)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", where, err)
	}
	return text, nil
}

func readAtMost(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return text, err
}
