package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/proof/child"
)

// FreeAddr returns a loopback address that nobody listens on, another one each
// time.
func FreeAddr(t *testing.T) string {
	t.Helper()
	addr, err := child.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// WaitReady returns when the process's /readyz answers 200.
func WaitReady(t *testing.T, c *Command, admin string) {
	t.Helper()
	var last string
	Eventually(t, 90*time.Second, func() error {
		if !c.Running() {
			t.Fatalf("mlf %s ended: exit code %d", c.Name(), c.ExitCode())
		}
		status, body, err := Get(t, "http://"+admin+"/readyz")
		last = body
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("not ready: %s", last)
		}
		return err
	})
}

// Eventually tries f until it returns nil, for at most limit.
func Eventually(t *testing.T, limit time.Duration, f func() error) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(limit)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %v", limit, err)
		}
		<-tick.C
	}
}

// Get asks url and returns status and answer.
func Get(t *testing.T, url string) (int, string, error) {
	t.Helper()
	return Do(t, http.MethodGet, url, "", "")
}

// Do sends a request with a JSON body and a terminal's token, where given.
func Do(t *testing.T, method, url, token, body string) (int, string, error) {
	t.Helper()
	var sent io.Reader
	if body != "" {
		sent = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, sent)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), errors.Join(err, resp.Body.Close())
}

// Decode reads a JSON answer.
func Decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// LetPass lets time go by that is part of what is tested.
func LetPass(d time.Duration) { <-time.After(d) }
