package chaos

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"mlf/query/client"
	"mlf/schema"
)

const (
	watchEvery = 250 * time.Millisecond
	lookMax    = 3 * time.Second // Of one look; a paused process does not answer.
)

// A watch looks at the public ledger and the probes of all processes, and knows
// when the service had recovered from what was done to it.
type watch struct {
	http  *http.Client
	query *client.Client

	mu      sync.Mutex
	waiting []*recovery
	took    map[Kind][]time.Duration
	halted  map[schema.Partition]string
}

// A recovery is awaited since a fault ended: until everything is counted that
// was on the log then, and the processes that were hit say that they are ready.
type recovery struct {
	kind  Kind // Empty: not for the report.
	since time.Time
	hit   []*Process
	ends  []schema.Offset // Of the log, as first seen after since.
	done  chan struct{}
}

func newWatch(query string) *watch {
	over := &http.Client{Timeout: lookMax, Transport: &http.Transport{DisableKeepAlives: true}}
	return &watch{
		http: over, query: &client.Client{Base: "http://" + query, HTTP: over},
		took: make(map[Kind][]time.Duration), halted: make(map[schema.Partition]string),
	}
}

// Run looks until ctx ends.
func (w *watch) Run(ctx context.Context) error {
	for pause(ctx, watchEvery) == nil {
		asked := time.Now()
		l, err := w.query.Ledger(ctx)
		if err != nil {
			continue // Nothing is known, which is weather here.
		}
		w.look(asked, &l, w.ready(ctx, w.hit()))
	}
	return nil
}

// look takes what was seen, by a question asked at asked.
func (w *watch) look(asked time.Time, l *client.Ledger, ready map[*Process]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range l.Partitions {
		if p.State == schema.StateHalted {
			w.halted[p.Partition] = p.Reason
		}
	}
	var left []*recovery
	for _, r := range w.waiting {
		if r.ends == nil && asked.After(r.since) {
			r.ends = l.Ends()
		}
		if !l.Reached(r.ends) || slices.ContainsFunc(r.hit, func(p *Process) bool { return !ready[p] }) {
			left = append(left, r)
			continue
		}
		if r.kind != "" {
			w.took[r.kind] = append(w.took[r.kind], time.Since(r.since))
		}
		close(r.done)
	}
	w.waiting = left
}

// ended begins to measure the recovery from a fault of kind k that hit some
// processes, from now. The channel is closed when it is over.
func (w *watch) ended(k Kind, hit []*Process) <-chan struct{} {
	return w.await(&recovery{kind: k, hit: hit})
}

// counted returns a channel that is closed when all is counted that is on the
// log now, whoever is ready.
func (w *watch) counted() <-chan struct{} { return w.await(&recovery{}) }

func (w *watch) await(r *recovery) <-chan struct{} {
	r.since, r.done = time.Now(), make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, r)
	return r.done
}

// hit returns the processes of which it matters now whether they are ready.
func (w *watch) hit() []*Process {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*Process
	for _, r := range w.waiting {
		all = append(all, r.hit...)
	}
	return all
}

// ready asks processes whether they are.
func (w *watch) ready(ctx context.Context, all []*Process) map[*Process]bool {
	ready := make(map[*Process]bool, len(all))
	for _, p := range all {
		if _, known := ready[p]; !known {
			ready[p] = client.Ready(ctx, w.http, p.Admin) == nil
		}
	}
	return ready
}

// untilReady returns when all are ready.
func (w *watch) untilReady(ctx context.Context, all []*Process) error {
	for {
		ready := w.ready(ctx, all)
		i := slices.IndexFunc(all, func(p *Process) bool { return !ready[p] })
		if i < 0 {
			return nil
		}
		if err := pause(ctx, watchEvery); err != nil {
			return fmt.Errorf("wait until %s is ready: %w", all[i].Name, err)
		}
	}
}

// settle returns when nothing is waited for any more, or ctx ends.
func (w *watch) settle(ctx context.Context) {
	for w.left() > 0 && pause(ctx, watchEvery) == nil {
	}
}

// left returns how many recoveries are waited for.
func (w *watch) left() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}
