package rig

import (
	"context"
	"errors"

	"mlf/bench/measure"
	"mlf/bench/setup"
)

// terminalsMost send where what is measured is not how many there are.
const terminalsMost = 10_000

// terminals returns how many send so many votes, a hundred at a time.
func (c *Query) terminals() int { return min(terminalsMost, c.Votes/100) }

// visible measures how soon a vote is in an answer, and then in the store, with mlf
// aggregate and mlf query at work at half of what they bear together.
func (c *Query) visible(ctx context.Context, p *setup.Parts, report *measure.Report) (err error) {
	b := &aggregateBench{cmd: &Aggregate{Flags: c.Flags}, stderr: p.Stderr, probeTime: c.Probe}
	if b.rig, err = newRig(ctx, p.Log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.rig.close()) }()
	plan := b.plan(c.Votes, 100, c.terminals())
	peak, err := b.peak(ctx, plan)
	if err != nil {
		return err
	}
	err = b.measure(ctx, seenWork, measure.Subject{Name: "mlf", Run: func(ctx context.Context) (measure.Sample, error) {
		return b.probe(ctx, plan, peak/2)
	}})
	report.Results = append(report.Results, b.report.Results...)
	return err
}

// seenWork is its name in reports.
const seenWork = "accepted to visible in answers at half load"
