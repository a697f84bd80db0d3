package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// vote casts one more vote, and returns when it was cast. It goes on until the vote is
// accepted, as terminals do: once it was numbered it must come to the log, or a later
// one would be looked for in its place.
func (r *round) vote(ctx context.Context) (cast time.Time, err error) {
	cast = r.cfg.Now()
	r.seq++
	err = r.until(ctx, retryEvery, func(ctx context.Context) (bool, error) {
		if r.stream == "" {
			if err := r.open(ctx); err != nil {
				return false, err
			}
		}
		status, body, err := r.post(ctx, "/v1/votes", map[string]any{
			"stream": r.stream,
			"votes":  []any{map[string]any{"seq": r.seq, "age_ms": max(0, r.cfg.Now().Sub(cast).Milliseconds()), "face": "green"}},
		})
		switch {
		case err != nil:
			return false, err
		case status == http.StatusForbidden, status == http.StatusUnauthorized: // The stream is another log's, or the terminal has another token.
			r.stream = ""
			return false, refusal(status, body)
		case status != http.StatusAccepted:
			return false, refusal(status, body)
		}
		var answer struct {
			Accepted int
		}
		if err := json.Unmarshal(body, &answer); err != nil || answer.Accepted != 1 {
			return false, errRejected(string(body))
		}
		return true, nil
	})
	return cast, err
}

// open asks for a stream, whose first vote is the one that is cast.
func (r *round) open(ctx context.Context) error {
	status, body, err := r.post(ctx, "/v1/streams", struct{}{})
	if err != nil {
		return err
	}
	if status != http.StatusCreated {
		return refusal(status, body)
	}
	var answer struct{ Stream string }
	if err := json.Unmarshal(body, &answer); err != nil || answer.Stream == "" {
		return fmt.Errorf("open a stream: %w: %s", err, body)
	}
	r.stream, r.seq = answer.Stream, 1
	return nil
}

// answerBytesMax bounds an answer of ingest, which is some lines.
const answerBytesMax = 64 << 10

func (r *round) post(ctx context.Context, path string, v any) (status int, body []byte, err error) {
	token, err := r.cfg.Token()
	if err != nil {
		return 0, nil, err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return 0, nil, fmt.Errorf("write %s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.cfg.Ingest+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", agent)
	res, err := r.cfg.HTTP.Do(req)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, answerBytesMax))
	_ = res.Body.Close()
	return res.StatusCode, body, err
}

func refusal(status int, body []byte) error { return fmt.Errorf("status %d: %s", status, body) }
