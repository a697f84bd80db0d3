package deployed

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"mlf/proof/cluster"
)

// get returns what url says, on a connection of its own.
func (s *site) get(ctx context.Context, url string) (string, error) {
	client, err := s.Client()
	if err != nil {
		return "", err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	defer func() { _ = response.Body.Close() }() // Read to the end.
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s: %s", response.Status, body)
	}
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	return string(body), nil
}

// metric returns a series of a stage's first pod.
func (s *site) metric(ctx context.Context, stage, series string) (float64, error) {
	admin, err := s.admin(ctx, stage)
	if err != nil {
		return 0, err
	}
	text, err := s.get(ctx, admin+"/metrics")
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", stage, series)
}

// votes returns how many are counted.
func (s *site) votes(ctx context.Context) (uint64, error) {
	text, err := s.get(ctx, queryURL+"/v1/ledger")
	if err != nil {
		return 0, err
	}
	var ledger struct{ Totals struct{ Counted uint64 } }
	if err := json.Unmarshal([]byte(text), &ledger); err != nil {
		return 0, fmt.Errorf("read ledger: %w", err)
	}
	return ledger.Totals.Counted, nil
}

// A tally is what came of doing the same again and again.
type tally struct {
	mu           sync.Mutex
	made, failed int
	first        error // The first that failed.
}

func (t *tally) note(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made++
	if err != nil {
		t.failed++
		t.first = cmp.Or(t.first, err)
	}
}

// good wants some, and none that failed.
func (t *tally) good() error {
	if t.made == 0 {
		return errors.New("nothing was tried")
	}
	if t.failed > 0 {
		return fmt.Errorf("%d of %d tries failed; the first: %w", t.failed, t.made, t.first)
	}
	return nil
}

// read asks for statistics five times a second, each time on a new connection,
// until stop is called, which returns when it has ended.
func (s *site) read(ctx context.Context, r *tally) (stop func()) {
	return s.asking(ctx, func(ctx context.Context, url string) {
		if _, err := s.get(ctx, url); ctx.Err() == nil {
			r.note(err)
		}
	})
}

// asking calls ask five times a second, with the address of this month's statistics,
// until stop is called, which returns when it has ended.
func (s *site) asking(ctx context.Context, ask func(ctx context.Context, url string)) (stop func()) {
	return again(ctx, 200*time.Millisecond, func(ctx context.Context) {
		ask(ctx, queryURL+"/v1/stats?period="+time.Now().Format("2006-01"))
	})
}

// again calls do, one call after the other, until stop is called, which returns when the
// last has ended.
func again(ctx context.Context, every time.Duration, do func(ctx context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var calls sync.WaitGroup
	calls.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				do(ctx)
			}
		}
	})
	return func() { cancel(); calls.Wait() }
}

// awaitMax bounds what takes some seconds on two busy cores.
const awaitMax = time.Minute

// await calls f until it returns nil, for at most awaitMax.
func await(ctx context.Context, f func() error) error { return cluster.Await(ctx, awaitMax, f) }
