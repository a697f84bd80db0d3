package ingest

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sync/errgroup"

	"mlf/ingest/wire"
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
	// heartbeatBytesMax is the longest heartbeat, as sent and decoded: five times what one
	// with all attributes has.
	heartbeatBytesMax = 4 << 10

	// heartbeatsAtOnce is the most that are put together: a batch of the log.
	heartbeatsAtOnce = 500

	// heartbeatsEvery is how long they are gathered: nobody waits for them.
	heartbeatsEvery = 250 * time.Millisecond

	// heartbeatLeast is the least time between two of a terminal, in milliseconds.
	heartbeatLeast = 60_000

	// heartbeatInterval is after how many seconds a device is asked for the next one, as
	// much more or less as heartbeatSpread says, so that a country does not beat at once.
	heartbeatInterval, heartbeatSpread = 300, 60

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
	var complained complaint
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
		if ctx.Err() == nil && complained.due(time.Now()) {
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

// An outcome of a heartbeat, by its name in metrics.
const (
	heartbeatTaken    = "taken"
	heartbeatCopied   = "copied"
	heartbeatTooSoon  = "too_soon"
	heartbeatFull     = "full"
	heartbeatRejected = "rejected"
)

func heartbeatOutcomes() []string {
	return []string{heartbeatTaken, heartbeatCopied, heartbeatTooSoon, heartbeatFull, heartbeatRejected}
}

// take judges beat and gives it a place. wait is how many milliseconds its terminal must
// wait where it comes too soon.
func (h *Heartbeats) take(beat *heartbeat.Heartbeat) (outcome string, wait int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if wait = h.tracks.Wait(beat.Terminal, beat.At, heartbeatLeast); wait > 0 {
		return heartbeatTooSoon, wait
	}
	if len(h.waiting) >= h.cfg.WaitingMax {
		return heartbeatFull, 0
	}
	verdict := h.tracks.Take(beat)
	beat.Copy = verdict.Copy
	h.waiting = append(h.waiting, *beat)
	if verdict.Copied {
		return heartbeatCopied, 0
	}
	return heartbeatTaken, 0
}

// heartbeats answers POST /v1/heartbeats: checks in the order of those of votes, then 200.
func (s *Server) heartbeats(x *exchange) *refusal {
	if !x.IsPost() {
		return x.otherMethod("POST")
	}
	p, refused := s.checkHeader(x, jsonType)
	if refused != nil {
		return refused
	}
	if n := x.Request.Header.ContentLength(); n > heartbeatBytesMax {
		return refuse(tooLarge, "%d bytes: want at most %d", n, heartbeatBytesMax)
	}
	h := s.cfg.Heartbeats
	if !h.tracks.Complete() {
		return s.later(heartbeatsUnread, "this process has just started, or mlf schema apply has not run since the update")
	}
	beat, refused := s.readHeartbeat(x, p)
	if refused != nil {
		s.metrics.heartbeats.WithLabelValues(heartbeatRejected).Inc()
		return refused
	}
	outcome, wait := h.take(&beat)
	s.metrics.heartbeats.WithLabelValues(outcome).Inc()
	switch outcome {
	case heartbeatTooSoon:
		r := refuse(tooFast, "want at most one heartbeat in %d s", heartbeatLeast/1000)
		r.retryAfter = int((wait + 999) / 1000)
		return r
	case heartbeatFull:
		return s.later(overloaded, "too many heartbeats wait for the log")
	case heartbeatCopied:
		return refuse(copiedTerminal, "two devices send as terminal %v; take install as the value that this device has, ask for a new stream, and let an operator see", p.enrolled.Terminal)
	}
	interval := heartbeatInterval - heartbeatSpread + s.cfg.Jitter(2*heartbeatSpread+1)
	answer := strconv.AppendInt([]byte(`{"interval_s":`), int64(interval), 10)
	x.answer(fasthttp.StatusOK, fmt.Appendf(answer, `,"config":%q}`, h.cfg.Shown(p.enrolled)))
	return nil
}

// readHeartbeat reads the body of x, which p sends.
func (s *Server) readHeartbeat(x *exchange, p admission) (beat heartbeat.Heartbeat, refused *refusal) {
	in := s.intakes.Get().(*intake)
	defer s.release(in)
	held, refused := s.read(x, in, p.enrolled.Terminal)
	defer s.budget.release(held)
	if refused != nil {
		return beat, refused
	}
	long := false
	first, _ := x.timing()
	refused = s.decoded(in, p.coding, func(body []byte) (err error) {
		if long = len(body) > heartbeatBytesMax; !long {
			beat, err = wire.Heartbeat(body, p.enrolled.Terminal, first)
		}
		return err
	})
	if long {
		refused = refuse(tooLarge, "want at most %d bytes", heartbeatBytesMax)
	}
	return beat, refused
}
