// Package finding is what those who know a neighbour say of it: what was found,
// which promise that breaks, and what mends it.
//
// It knows how checks run side by side, each for a limited time. It must not know
// what is checked, nor who reads what was found.
package finding

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A Status says how bad a finding is.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Fail    Status = "fail"    // A promise is broken: a vote can be lost or doubled or is not counted, a figure can be wrong.
	Warn    Status = "warn"    // One will be, something costs more than it must, or it cannot be known.
	Skipped Status = "skipped" // It does not apply, or was not asked for.
)

// A Finding is one thing that was looked at.
type Finding struct {
	Status Status `json:"status"`
	Check  string `json:"check"`            // For instance clickhouse.fsync; it never changes.
	On     string `json:"on,omitempty"`     // Which topic, broker, database, file.
	Says   string `json:"says"`             // What was found.
	Breaks string `json:"breaks,omitempty"` // What comes of it; empty when OK or Skipped.
	Remedy string `json:"remedy,omitempty"` // What ends it; empty when OK or Skipped.
}

const notKnown = "not known: "

// Known tells whether somebody has looked.
func (f *Finding) Known() bool { return !strings.HasPrefix(f.Says, notKnown) }

// Unknown returns the finding of what could not be asked: never OK.
func Unknown(check, on string, err error, remedy string) Finding {
	return Finding{
		Status: Warn, Check: check, On: on, Says: notKnown + err.Error(),
		Breaks: "what is not known may be broken", Remedy: remedy,
	}
}

// Skip returns the finding of what was not looked at.
func Skip(check, on, why string) Finding {
	return Finding{Status: Skipped, Check: check, On: on, Says: why}
}

// A Check looks at something. Do ends soon when its context does.
type Check struct {
	Name, On string
	Do       func(ctx context.Context) []Finding
}

// grace is what a check has to tell what it knows, when its time is over.
const grace = 500 * time.Millisecond

// Run runs checks side by side, each for at most limit and a grace, and returns what
// they found, in their order. One that does not come back hides no other.
func Run(ctx context.Context, limit time.Duration, checks ...Check) []Finding {
	found := make([][]Finding, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() { found[i] = c.run(ctx, limit) })
	}
	running.Wait()
	var all []Finding
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}

func (c *Check) run(ctx context.Context, limit time.Duration) []Finding {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan []Finding, 1)
	go func() { done <- c.Do(ctx) }()
	late := time.NewTimer(limit + grace)
	defer late.Stop()
	select {
	case found := <-done:
		return found
	case <-late.C:
		return []Finding{Unknown(c.Name, c.On, fmt.Errorf("no answer within %v", limit), "see whether it hangs, then ask again")}
	}
}
