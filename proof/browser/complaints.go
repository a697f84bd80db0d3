package browser

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// Complaints are the errors and warnings that a browser has written to the consoles of
// a tab: errors of scripts, what the content policy stopped, files that were not found.
type Complaints struct {
	mu  sync.Mutex
	all []string
}

// Listen collects what a tab complains of from now on, until the test ends.
func Listen(t *testing.T, tab context.Context) *Complaints {
	t.Helper()
	c := new(Complaints)
	messages := chromedp.Console(tab)
	var listening sync.WaitGroup
	listening.Go(func() {
		for m, err := range messages {
			if err != nil {
				return // The tab is closed.
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.IsException() {
				c.mu.Lock()
				c.all = append(c.all, fmt.Sprintf("%v (%s)", m, m.URL))
				c.mu.Unlock()
			}
		}
	})
	t.Cleanup(listening.Wait)
	return c
}

// Take returns what was complained of since the last call.
func (c *Complaints) Take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	return all
}
