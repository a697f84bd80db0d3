package compare

import (
	"context"
	"fmt"
	"time"

	"mlf/schema"
)

// An account is what a store accounts for, as far as it is whole (schema.Whole).
type account []schema.LedgerRow

// account reads that of s.
func (c *comparison) account(ctx context.Context, s Side) (account, error) {
	rows, err := s.Store.Segments(ctx)
	if err != nil {
		return nil, fmt.Errorf("read account of %s: %w", s.Name, err)
	}
	return schema.Whole(rows), nil
}

// position returns up to which offset each of n partitions is counted, or of more
// where the account has more.
func (a account) position(n int) []schema.Offset {
	at := make([]schema.Offset, n)
	for i := range a {
		for int(a[i].Partition) >= len(at) {
			at = append(at, 0)
		}
		at[a[i].Partition] = a[i].Next
	}
	return at
}

// closed returns, of each of n partitions, how many segments are closed.
func (a account) closed(n int) []schema.Segment {
	cut := make([]schema.Segment, n)
	for i := range a {
		if int(a[i].Partition) < n && a[i].Closed() {
			cut[a[i].Partition] = a[i].Segment + 1
		}
	}
	return cut
}

// common returns what is closed in both.
func common(a, b []schema.Segment) []schema.Segment {
	cut := make([]schema.Segment, len(a))
	for p := range cut {
		cut[p] = min(a[p], b[p])
	}
	return cut
}

const (
	// pauseMin and pauseMax bound the pause between two looks at a count that is
	// behind; it doubles from one to the next.
	pauseMin = 250 * time.Millisecond
	pauseMax = 4 * time.Second
)

// reach waits until s has counted up to the position, and returns its account. A
// count that stands elsewhere when Wait is over cannot be compared.
func (c *comparison) reach(ctx context.Context, s Side, to []schema.Offset) (account, error) {
	var a account
	var lacks string
	err := c.await(ctx, c.cfg.Wait, func() (waiting string, err error) {
		if a, err = c.account(ctx, s); err != nil {
			return "", err
		}
		if lacks = behind(a.position(len(to)), to); lacks == "" {
			return "", nil
		}
		return s.Name + " is behind: " + lacks, nil
	})
	if err == nil && lacks != "" {
		err = fmt.Errorf("%s is behind after %v: %s", s.Name, c.cfg.Wait, lacks)
	}
	return a, err
}

// await calls try until it waits for nothing, or patience is over. Between two tries it
// tells what is waited for.
func (c *comparison) await(ctx context.Context, patience time.Duration, try func() (waiting string, err error)) error {
	until := time.Now().Add(patience)
	defer c.tell(func(p *Progress) { p.Waiting = "" })
	for pause := pauseMin; ; pause = min(2*pause, pauseMax) {
		waiting, err := try()
		if err != nil || waiting == "" || !time.Now().Before(until) {
			return err
		}
		c.tell(func(p *Progress) { p.Waiting = waiting })
		if err := wait(ctx, min(pause, time.Until(until))); err != nil {
			return err
		}
	}
}

// behind says where at is below to; empty where it is not.
func behind(at, to []schema.Offset) string {
	text, more := "", 0
	for p := range to {
		switch {
		case at[p] >= to[p]:
		case text == "":
			text = fmt.Sprintf("partition %d is counted up to offset %d, and to %d in the other", p, at[p], to[p])
		default:
			more++
		}
	}
	if more > 0 {
		text += fmt.Sprintf("; so are %d more", more)
	}
	return text
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// account compares the rows of two accounts that must be the same: of segments below
// the cut in all, of others where both are of one offset.
func (r *Report) account(a, b account, cut []schema.Segment) {
	type key struct {
		schema.Partition
		schema.Segment
	}
	others := make(map[key]*schema.LedgerRow, len(b))
	for i := range b {
		others[key{b[i].Partition, b[i].Segment}] = &b[i]
	}
	for i := range a {
		other := others[key{a[i].Partition, a[i].Segment}]
		if other == nil {
			continue // Open in one, and not begun in the other.
		}
		ours, theirs := a[i], *other
		settled := int(ours.Partition) < len(cut) && ours.Segment < cut[ours.Partition]
		if !settled {
			if ours.Next != theirs.Next {
				continue
			}
			ours.Chain, theirs.Chain = schema.Chain{}, schema.Chain{} // One may not know yet that it is closed.
		}
		if ours != theirs {
			r.add(Difference{Partition: ours.Partition, Segment: ours.Segment, Open: !settled, Accounts: &[2]schema.LedgerRow{ours, theirs}})
		}
	}
}
