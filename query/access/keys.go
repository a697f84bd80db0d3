package access

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keys are the issuer's, kept fresh by run. Safe for concurrent use.
//
// Who brings a token of a known key asks nobody. A key that is not known may be new: its
// token waits for a fetch that began after it came, and only then it is said that there
// is no such key. Fetches keep their distance, so that made-up names of keys cannot make us
// ask the issuer without end; and those who wait are counted, so that they cannot fill
// this process. While the issuer cannot be reached the keys that it had are good: what was
// signed is signed. A key that a fetch does not bring any more is gone at once.
type keys struct {
	fetch  func(context.Context) (keySet, error)
	cfg    Config
	set    atomic.Pointer[keySet]
	wanted chan struct{} // Somebody waits for a fetch.

	mu                sync.Mutex
	started, finished int           // Fetches.
	startedAt         time.Time     // When the last one did.
	err               error         // Of the last one that finished.
	changed           chan struct{} // Closed when a fetch finishes.
	fetchedAt         time.Time     // When the last one that brought keys began.
	waiting           int
}

// Limits of waiting for a key.
const (
	waitingMax = 128 // Tokens at once. Beyond: 503.
	waitMax    = 15 * time.Second
	retryEvery = 30 * time.Second // After a fetch that failed, where nobody waits.
)

func newKeys(cfg Config, fetch func(context.Context) (keySet, error)) *keys {
	return &keys{fetch: fetch, cfg: cfg, wanted: make(chan struct{}, 1), changed: make(chan struct{})}
}

// run fetches keys until ctx ends.
func (k *keys) run(ctx context.Context) {
	for {
		pause := k.cfg.RefreshEvery
		if err := k.renew(ctx); err != nil {
			pause = min(pause, retryEvery)
		}
		if !k.rest(ctx, pause) {
			return
		}
	}
}

// rest returns when it is time to fetch again: after pause, or when somebody wants it, but
// never before RefetchAfter. False when ctx has ended.
func (k *keys) rest(ctx context.Context, pause time.Duration) bool {
	least, most := time.NewTimer(k.cfg.RefetchAfter), time.NewTimer(max(pause, k.cfg.RefetchAfter))
	defer least.Stop()
	defer most.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-least.C:
	}
	select {
	case <-ctx.Done():
		return false
	case <-most.C:
	case <-k.wanted:
	}
	return true
}

// renew fetches once and tells those who wait.
func (k *keys) renew(ctx context.Context) error {
	k.mu.Lock()
	k.started++
	k.startedAt = k.cfg.Now()
	at, before := k.startedAt, k.err
	k.mu.Unlock()
	set, err := k.fetch(ctx)
	if err == nil {
		k.set.Store(&set)
	}
	k.mu.Lock()
	k.finished, k.err = k.started, err
	if err == nil {
		k.fetchedAt = at
	}
	close(k.changed)
	k.changed = make(chan struct{})
	k.mu.Unlock()
	k.tell(ctx, before, err)
	return err
}

// tell logs what has changed, once.
func (k *keys) tell(ctx context.Context, before, err error) {
	switch {
	case err != nil && before == nil && ctx.Err() == nil:
		k.cfg.Logger.Warn("the issuer's keys cannot be read: tokens of keys that are known go on", slog.Any("err", err))
	case err == nil && before != nil:
		k.cfg.Logger.Info("the issuer's keys are read again")
	}
}

// known returns the keys named id that alg is for.
func (k *keys) known(id string, alg jose.SignatureAlgorithm) keySet {
	if set := k.set.Load(); set != nil {
		return set.find(id, alg)
	}
	return nil
}

// find returns the keys named id that alg is for; none where the issuer has no such key now.
// A *Refusal where that cannot be known. It blocks for waitMax at most, or until ctx ends.
func (k *keys) find(ctx context.Context, id string, alg jose.SignatureAlgorithm) (keySet, error) {
	if found := k.known(id, alg); found != nil {
		return found, nil
	}
	need, err := k.enter()
	if err != nil {
		return nil, err
	}
	defer k.leave()
	patience := time.NewTimer(waitMax)
	defer patience.Stop()
	for {
		finished, changed, failed := k.state()
		if found := k.known(id, alg); found != nil {
			return found, nil
		}
		if finished >= need {
			if failed != nil {
				return nil, unreachable(k.cfg.RefetchAfter, failed)
			}
			return nil, nil
		}
		select {
		case k.wanted <- struct{}{}:
		default:
		}
		select {
		case <-changed:
		case <-patience.C:
			return nil, unreachable(k.cfg.RefetchAfter, context.DeadlineExceeded)
		case <-ctx.Done():
			return nil, unreachable(k.cfg.RefetchAfter, ctx.Err())
		}
	}
}

// enter returns the number of the fetch that must have finished before a key is said not
// to be there. Nobody waits for a fetch right after one that failed.
func (k *keys) enter() (need int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := k.startedAt.Add(k.cfg.RefetchAfter).Sub(k.cfg.Now())
	if k.err != nil && k.finished == k.started && next > 0 {
		return 0, unreachable(next, k.err)
	}
	if k.waiting == waitingMax {
		return 0, unreachable(k.cfg.RefetchAfter, nil)
	}
	k.waiting++
	return k.started + 1, nil
}

func (k *keys) leave() {
	k.mu.Lock()
	k.waiting--
	k.mu.Unlock()
}

func (k *keys) state() (finished int, changed <-chan struct{}, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.finished, k.changed, k.err
}

// age returns how long ago keys were last brought; 0 before the first.
func (k *keys) age() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fetchedAt.IsZero() {
		return 0
	}
	return k.cfg.Now().Sub(k.fetchedAt)
}
