package query_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"mlf/query"
	"mlf/query/client"
)

// Reads a service that runs in this process.
func Example_client() {
	service := httptest.NewServer(exampleWorld().server.Handler())
	defer service.Close()
	if err := readService(outcry{}.Context(), service.URL); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Roma: 87.6 % of 765 votes are green, 85.1 to 89.7
	// anagrafe 2026-W41 360
	// anagrafe 2026-W42 365
	// stato-civile 2026-W41 20
	// stato-civile 2026-W42 20
}

// readService is what docs/client.md shows.
func readService(ctx context.Context, address string) error {
	c := &client.Client{Base: address, Patience: time.Minute, Forward: true}
	page, err := c.Comune(ctx, "058091", url.Values{"from": {"2026-10-05"}, "to": {"2026-10-19"}})
	if err != nil {
		return err
	}
	all := page.Headline
	fmt.Printf("%s: %.1f %% of %d votes are green, %.1f to %.1f\n", *page.Place.Name, 100**all.GreenShare, all.N, 100**all.GreenLow, 100**all.GreenHigh)
	weeks := url.Values{"from": {"2026-10-05"}, "to": {"2026-10-19"}, "group": {"service,week"}}
	for row, err := range c.Rows(ctx, weeks) {
		if err != nil {
			return err
		}
		fmt.Println(row.Service, row.Week, row.N)
	}
	return nil
}

// TestDocsShowWhatRuns: the lines of Go in docs/client.md are those of the example.
func TestDocsShowWhatRuns(t *testing.T) {
	page, err := os.ReadFile("../docs/client.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("client_example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, found := strings.Cut(string(page), "```go\n")
	shown, _, _ = strings.Cut(shown, "```")
	if !found || !strings.Contains(string(source), shown) {
		t.Errorf("docs/client.md shows what the example does not have:\n%s", shown)
	}
}

// An outcry is the tester of an example, which has none.
type outcry struct{ testing.TB }

func (outcry) Helper()                  {}
func (outcry) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }
func (outcry) Context() context.Context { return context.Background() } //nolint:forbidigo // It has no test to end with.

// exampleWorld is a world with the votes of Rome.
func exampleWorld() *world {
	w := newWorld(outcry{}, query.Config{Now: noon})
	talkative(outcry{}, w.memory)
	return w
}
