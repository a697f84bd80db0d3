// Package report keeps what is told beside votes: how many users were served, and what
// devices say of themselves.
//
// It knows records, and the order in which they hold. It must not know HTTP or Kafka.
package report

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/schema"
	"mlf/schema/heartbeat"
)

// A HeartbeatLog is where heartbeats go. PutHeartbeats returns nil only when all rows are
// there, on every replica that the log's promise asks for; after any error the outcome is
// unknown. FollowHeartbeats calls apply for each record that is there and that comes, in
// order, and caughtUp once, until ctx ends.
type HeartbeatLog interface {
	PutHeartbeats(ctx context.Context, rows []heartbeat.Heartbeat) error
	FollowHeartbeats(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error
}

// Heartbeats take what devices say of themselves. A request waits for nothing: it is
// answered when it has a place among those that wait to be put, and they are put by Run,
// until the log has them. So a heartbeat that was answered may be lost with its process,
// and a vote never waits for one. Use one for one server, and Run it beside.
type Heartbeats struct {
	log    HeartbeatLog
	cfg    HeartbeatsConfig
	tracks heartbeat.Tracks

	mu      sync.Mutex // Over looking for a place, judging and taking it: no two are taken for one.
	waiting []heartbeat.Heartbeat
}

// A HeartbeatsConfig is how heartbeats are taken. Its zero value works.
type HeartbeatsConfig struct {
	// Shown names what a terminal is to show, so that a device asks only for what is new.
	// Default: by its enrolment.
	Shown func(*schema.Enrolment) string

	// WaitingMax is the most heartbeats that wait to be put, some 250 bytes each. Default
	// 65,536: one of each terminal of a country.
	WaitingMax int
}

const (
	// HeartbeatBytesMax is the longest heartbeat, as sent and decoded: five times what one
	// with all attributes has.
	HeartbeatBytesMax = 4 << 10

	// heartbeatsAtOnce is the most that are put together: a batch of the log.
	heartbeatsAtOnce = 500

	// heartbeatsEvery is how long they are gathered: nobody waits for them.
	heartbeatsEvery = 250 * time.Millisecond

	// HeartbeatLeast is the least time between two of a terminal, in milliseconds.
	HeartbeatLeast = 60_000

	// HeartbeatInterval is after how many seconds a device is asked for the next one.
	HeartbeatInterval = 300

	// HeartbeatSpread is by how many seconds more or less, so that a country does not beat
	// at once.
	HeartbeatSpread = 60

	// heartbeatPause is the pause after a log that did not take any, heartbeatsLast how long
	// a process that ends tries to put those that wait.
	heartbeatPause, heartbeatsLast = time.Second, 3 * time.Second
)

// NewHeartbeats returns heartbeats that are put on log.
func NewHeartbeats(log HeartbeatLog, cfg HeartbeatsConfig) *Heartbeats {
	cfg.WaitingMax = cmp.Or(cfg.WaitingMax, 1<<16)
	if cfg.Shown == nil {
		cfg.Shown = shownBy
	}
	return &Heartbeats{log: log, cfg: cfg}
}

// shownBy names all that an enrolment has to say of what is shown.
func shownBy(e *schema.Enrolment) string {
	shown := *e
	shown.Token = schema.TokenHash{} // Its hash, even a hash of it, is nobody's.
	text, err := json.Marshal(shown)
	if err != nil {
		panic("BUG: an enrolment is not JSON: " + err.Error())
	}
	sum := fnv.New64a()
	_, _ = sum.Write(text) // Never fails.
	return hex.EncodeToString(sum.Sum(nil))
}

// Run puts heartbeats and reads those of other processes until ctx ends, and then puts
// those that wait.
func (h *Heartbeats) Run(ctx context.Context, logger *slog.Logger) error {
	logger = cmp.Or(logger, slog.New(slog.DiscardHandler))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.log.FollowHeartbeats(ctx, h.tracks.Apply, h.tracks.SetComplete) })
	g.Go(func() error {
		h.put(ctx, logger)
		return nil
	})
	return g.Wait()
}

// put puts what waits, batch by batch. A batch is put until the log has it: it may be there
// twice, and the last holds.
func (h *Heartbeats) put(ctx context.Context, logger *slog.Logger) {
	var complained time.Time
	var batch []heartbeat.Heartbeat
	for ctx.Err() == nil {
		if len(batch) == 0 {
			wait(ctx, heartbeatsEvery)
			batch = h.gather()
			continue
		}
		err := h.log.PutHeartbeats(ctx, batch)
		if err == nil {
			batch = h.gather()
			continue
		}
		if now := time.Now(); ctx.Err() == nil && now.Sub(complained) >= complaintEvery {
			complained = now
			logger.Warn("heartbeats not acknowledged", slog.Any("err", err), slog.Int("waiting", h.left()))
		}
		wait(ctx, heartbeatPause)
	}
	if len(batch) == 0 {
		batch = h.gather()
	}
	h.last(context.WithoutCancel(ctx), batch, logger)
}

// last puts what is left when the process ends, for a while.
func (h *Heartbeats) last(ctx context.Context, batch []heartbeat.Heartbeat, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, heartbeatsLast)
	defer cancel()
	for ; len(batch) > 0; batch = h.gather() {
		if err := h.log.PutHeartbeats(ctx, batch); err != nil {
			logger.Warn("heartbeats not acknowledged at the end", slog.Any("err", err), slog.Int("waiting", len(batch)+h.left()))
			return
		}
	}
}

// gather takes what waits, as much as is put at once.
func (h *Heartbeats) gather() (batch []heartbeat.Heartbeat) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := min(len(h.waiting), heartbeatsAtOnce)
	batch, h.waiting = h.waiting[:n:n], h.waiting[n:]
	if len(h.waiting) == 0 {
		h.waiting = nil // So that a long queue is not kept.
	}
	return batch
}

// left returns how many wait.
func (h *Heartbeats) left() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.waiting)
}

// The outcomes of a heartbeat, by their names in metrics.
const (
	Taken    = "taken"
	Copied   = "copied"
	TooSoon  = "too_soon"
	Full     = "full"
	Rejected = "rejected"
)

// Outcomes lists them.
func Outcomes() []string {
	return []string{Taken, Copied, TooSoon, Full, Rejected}
}

// Take judges beat and gives it a place. wait is how many milliseconds its terminal must
// wait where it comes too soon.
func (h *Heartbeats) Take(beat *heartbeat.Heartbeat) (outcome string, wait int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if wait = h.tracks.Wait(beat.Terminal, beat.At, HeartbeatLeast); wait > 0 {
		return TooSoon, wait
	}
	if len(h.waiting) >= h.cfg.WaitingMax {
		return Full, 0
	}
	verdict := h.tracks.Take(beat)
	beat.Copy = verdict.Copy
	h.waiting = append(h.waiting, *beat)
	if verdict.Copied {
		return Copied, 0
	}
	return Taken, 0
}

// Complete tells whether h knows what was told before it began.
func (h *Heartbeats) Complete() bool { return h.tracks.Complete() }

// Shown names what a terminal is to show.
func (h *Heartbeats) Shown(e *schema.Enrolment) string { return h.cfg.Shown(e) }

// complaintEvery is the least time between two complaints of one kind.
const complaintEvery = 10 * time.Second

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
