package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mlf/schema"
)

// TestWhatOneWouldBuildWithoutUsFails plays ways to count that are often built, in
// the same world, and sees that schedules exist in which each gives a wrong total.
// The same code with the order and the state that it ought to have passes them all,
// so that it is not the world that cannot be lived in.
func TestWhatOneWouldBuildWithoutUsFails(t *testing.T) {
	const schedules = 60
	for v := range variants {
		t.Run(v.String(), func(t *testing.T) {
			wrong := 0
			example := ""
			for seed := uint64(1); seed <= schedules; seed++ {
				var err error
				synctest.Test(t, func(t *testing.T) { err = playNaive(t.Context(), seed, v) })
				if err != nil {
					wrong++
					if example == "" {
						example = fmt.Sprintf("seed %d: %v", seed, err)
					}
				}
			}
			t.Logf("wrong in %d of %d schedules; %s", wrong, schedules, example)
			switch {
			case v == exact && wrong > 0:
				t.Errorf("%d of %d schedules end wrong: want none", wrong, schedules)
			case v != exact && wrong == 0:
				t.Errorf("none of %d schedules ends wrong: the world is too kind to find it", schedules)
			}
		})
	}
}

// A variant is a way to count that somebody might build.
type variant int

// The variants. All but the first are wrong, each for a reason of its own.
const (
	exact  variant = iota // Counts so far, merged by maximum; a checkpoint after its rows.
	sums                  // Sums in the store, the offset written beside them.
	window                // Duplicates are known from memory, which a restart empties.
	early                 // The checkpoint is written before the rows.
	group                 // Goes on from the group's committed offset.
	variants
)

func (v variant) String() string {
	return [variants]string{
		"exact", "offsets beside summed deltas", "deduplication window in memory",
		"checkpoint before rows", "resume from the committed group offset",
	}[v]
}

// A count is the state of a variant: what it would put into a checkpoint.
type count struct {
	next  schema.Offset
	seen  map[voteKey]bool
	cells map[cellKey]uint64
}

func (c count) clone() count {
	return count{next: c.next, seen: maps.Clone(c.seen), cells: maps.Clone(c.cells)}
}

// A shelf is what the store keeps for the variants, beside its tables.
type shelf struct {
	sums        map[cellKey]uint64 // Added up.
	cells       [partitions]map[cellKey]uint64
	checkpoints [partitions]count // The last one written.
}

func newShelf() *shelf {
	s := &shelf{sums: make(map[cellKey]uint64)}
	for p := range s.cells {
		s.cells[p] = make(map[cellKey]uint64)
		s.checkpoints[p] = newCount()
	}
	return s
}

func newCount() count {
	return count{seen: make(map[voteKey]bool), cells: make(map[cellKey]uint64)}
}

// A naive counts one partition, as its variant does.
type naive struct {
	w       *world
	who     *process
	p       int
	variant variant
	log     *reader
	shelf   *shelf

	now    count
	change map[cellKey]uint64 // Since the last flush.
}

// naiveKinds are the calls of a naive.
const (
	kindResume   = "resume"
	kindPosition = "position"
)

// naiveEvery is how many records a naive counts before it flushes, at most.
const naiveEvery = 8

// run counts until ctx ends.
func (n *naive) run(ctx context.Context) {
	for ctx.Err() == nil && n.resume(ctx) != nil {
		<-time.After(flushEvery)
	}
	for ctx.Err() == nil {
		f, err := n.log.Fetch(ctx, schema.Partition(n.p), n.now.next)
		if err != nil {
			<-time.After(50 * time.Millisecond)
			continue
		}
		for _, rec := range f.Records[:min(len(f.Records), naiveEvery)] {
			n.take(rec)
		}
		for len(f.Records) > 0 && ctx.Err() == nil && n.flush(ctx) != nil {
			<-time.After(50 * time.Millisecond)
		}
	}
}

// resume finds where to go on.
func (n *naive) resume(ctx context.Context) error {
	return n.do(ctx, kindResume, natureRead, func(func() bool) error {
		n.now = n.shelf.checkpoints[n.p].clone()
		n.change = make(map[cellKey]uint64)
		switch n.variant {
		case window:
			n.now.seen = make(map[voteKey]bool)
		case group:
			n.now.next = n.w.log.committed[n.p]
		default:
		}
		return nil
	})
}

// take counts a record. It looks up which votes are in it: how they are written is
// not what is tried here.
func (n *naive) take(rec schema.Record) {
	n.now.next = rec.Offset + 1
	r := n.w.requests[string(rec.Value)]
	if r == nil || int(r.partition) != n.p {
		return
	}
	for _, v := range r.votes {
		if n.now.seen[v.key] {
			continue
		}
		n.now.seen[v.key] = true
		if v.Value == schema.Voided {
			continue
		}
		key := cellKey{r.comune, v.Service, v.At.Hour(), v.Value, schema.ReasonNone}
		n.now.cells[key]++
		n.change[key]++
	}
}

// flush writes what was counted, and where. After an error all of it is written
// again.
func (n *naive) flush(ctx context.Context) error {
	steps := []func(context.Context) error{n.writeRows, n.writePosition}
	if n.variant == early {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	n.change = make(map[cellKey]uint64)
	if n.variant != group {
		return nil
	}
	return n.do(ctx, kindCommit, natureAtomic, func(func() bool) error {
		n.w.log.committed[n.p] = n.now.next
		return nil
	})
}

func (n *naive) writeRows(ctx context.Context) error {
	change, now := maps.Clone(n.change), n.now.clone()
	return n.do(ctx, kindRollups, natureRows, func(keep func() bool) error {
		for _, key := range slices.SortedFunc(maps.Keys(change), compareKeys) {
			switch {
			case !keep():
			case n.variant == sums:
				n.shelf.sums[key] += change[key]
			default:
				n.shelf.cells[n.p][key] = max(n.shelf.cells[n.p][key], now.cells[key])
			}
		}
		return nil
	})
}

func (n *naive) writePosition(ctx context.Context) error {
	now := n.now.clone()
	return n.do(ctx, kindPosition, natureAtomic, func(func() bool) error {
		n.shelf.checkpoints[n.p] = now
		return nil
	})
}

func (n *naive) do(ctx context.Context, kind string, nature nature, effect func(func() bool) error) error {
	return n.w.do(ctx, call{who: n.who, kind: kind, part: n.p, nature: nature, effect: effect})
}

// playNaive plays the schedule of a seed with a variant in place of the workers,
// without power cuts, and returns an error when a total is wrong. It must be called
// in a bubble of testing/synctest.
func playNaive(ctx context.Context, seed uint64, v variant) error {
	w := newWorld(seed, nil)
	w.sources = nil // They count votes of streams.
	w.log, w.store = newLog(w, schema.RulesV1), newDatabase(w)
	w.weather.cuts = 0 // None of the variants knows what to do then.
	shelf := newShelf()
	w.start = func(ctx context.Context, held []schema.Partition) *process {
		p, ctx := w.newProcess(ctx, "aggregate")
		w.note("%s starts with %v", p, held)
		p.held = make(chan []schema.Partition, 1)
		done := make(chan struct{})
		for _, part := range held {
			n := &naive{w: w, who: p, p: int(part), variant: v, log: &reader{w: w, who: p}, shelf: shelf}
			go func() { n.run(ctx); done <- struct{}{} }()
		}
		go func() {
			defer close(p.ended)
			for range held {
				<-done
			}
		}()
		synctest.Wait()
		return p
	}
	ctx, cancel := context.WithCancel(ctx)
	defer w.end(cancel)
	if err := w.playVariant(ctx); err != nil {
		return err
	}
	return w.compareShelf(shelf, v)
}

func (w *world) playVariant(ctx context.Context) error {
	w.disturb(ctx)
	w.settleBegin(ctx)
	for begun := time.Now(); time.Since(begun) < 3*checkpointEvery || !w.drained(); {
		if time.Since(begun) > settleMax {
			return errors.New("it does not come right")
		}
		w.settleTurn(ctx)
	}
	for range 500 { // What was taken last is read, and written.
		w.settleTurn(ctx)
	}
	return nil
}

// compareShelf holds the totals to what the votes come to.
func (w *world) compareShelf(s *shelf, v variant) error {
	want := w.amount()
	got := maps.Clone(s.sums)
	for p := range s.cells {
		for key, n := range s.cells[p] {
			got[key] += n
		}
	}
	var errs []error
	for _, key := range slices.SortedFunc(maps.Keys(want.votes), compareKeys) {
		if n := want.votes[key]; key.reason == schema.ReasonNone && got[key] != n {
			errs = append(errs, fmt.Errorf("%+v: counted %d, cast %d", key, got[key], n))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%v: %d totals are wrong, as %w", v, len(errs), errs[0])
}

func compareKeys(a, b cellKey) int {
	return cmp.Or(cmp.Compare(a.comune, b.comune), cmp.Compare(a.service, b.service), cmp.Compare(a.hour, b.hour),
		cmp.Compare(a.value, b.value), cmp.Compare(a.reason, b.reason))
}
