package cluster

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Outcomes of a step.
const (
	Done    = "done"
	Failed  = "failed"
	Skipped = "skipped"
)

// ErrSkip is the error of a step for which something is not here; the text says what.
var ErrSkip = errors.New("skipped")

// A Step is one thing that was tried on a cluster.
type Step struct {
	Name    string  `json:"step"`
	Outcome string  `json:"outcome"`
	Seconds float64 `json:"seconds"`
	Detail  string  `json:"detail,omitempty"` // What was seen, or why it did not go as it should.
}

// A Report is what was tried on a cluster, in order.
type Report struct {
	Kubernetes string `json:"kubernetes"`
	Containerd string `json:"containerd"`
	Steps      []Step `json:"steps"`
	OK         bool   `json:"ok"` // No step has failed.

	to io.Writer
}

// NewReport returns a report that tells each step to to, as soon as it is done.
func NewReport(to io.Writer) *Report {
	return &Report{Kubernetes: KubernetesVersion, Containerd: ContainerdVersion, Steps: []Step{}, OK: true, to: to}
}

// Step runs f, notes what came of it, and tells whether it went as it should. An
// error that is ErrSkip is no failure.
func (r *Report) Step(name string, f func() (detail string, err error)) bool {
	start := time.Now()
	detail, err := f()
	step := Step{Name: name, Outcome: Done, Seconds: time.Since(start).Seconds(), Detail: detail}
	switch {
	case errors.Is(err, ErrSkip):
		step.Outcome, step.Detail = Skipped, strings.TrimPrefix(err.Error(), ErrSkip.Error()+": ")
	case err != nil:
		step.Outcome, step.Detail = Failed, err.Error()
	}
	r.Steps = append(r.Steps, step)
	r.OK = r.OK && step.Outcome != Failed
	fmt.Fprintln(r.to, step)
	return step.Outcome != Failed
}

// String returns s as a line.
func (s Step) String() string {
	line := fmt.Sprintf("%-7s %6.1f s  %s", s.Outcome, s.Seconds, s.Name)
	if s.Detail != "" {
		line += ": " + s.Detail
	}
	return line
}
