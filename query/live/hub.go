package live

import (
	"context"
	"errors"
	"sync"
	"time"
)

// An Event is what was there at one moment. It never changes.
type Event struct {
	ID   string // Without line breaks.
	Data []byte // One line.
}

// Config says how a Hub works. All fields are required.
type Config struct {
	// Look returns what is there now; nil where it is what last was, which is nil at
	// first. It blocks until ctx ends at the latest.
	Look func(ctx context.Context, last *Event) (*Event, error)

	Every time.Duration // Between two looks.
	Beat  time.Duration // Silence after which a listener is told that there is nothing to tell.
	Write time.Duration // Who takes longer for one event is cut.
	Max   int           // Listeners at the same time.
}

// ErrFull says that there are Max listeners already.
var ErrFull = errors.New("too many listeners")

// A Hub looks while anybody listens. Safe for concurrent use.
type Hub struct {
	cfg    Config
	closed chan struct{}
	once   sync.Once

	mu        sync.Mutex
	listeners int
	stop      context.CancelFunc // Of the looking; nil while nobody listens.
	latest    *Event             // Nil until the first look.
	changed   chan struct{}      // Closed when latest is another.
}

// New returns a hub.
func New(cfg Config) *Hub {
	return &Hub{cfg: cfg, closed: make(chan struct{}), changed: make(chan struct{})}
}

// Close lets all listeners go, and those who come later.
func (h *Hub) Close() { h.once.Do(func() { close(h.closed) }) }

func (h *Hub) isClosed() bool {
	select {
	case <-h.closed:
		return true
	default:
		return false
	}
}

// enter adds a listener; leave must then be called, and the last ends the looking.
// ErrFull where there is no room.
func (h *Hub) enter(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners >= h.cfg.Max {
		return ErrFull
	}
	if h.listeners++; h.stop == nil {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // It is of all listeners.
		h.stop = cancel
		go h.look(ctx)
	}
	return nil
}

// Listeners returns how many there are.
func (h *Hub) Listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listeners
}

func (h *Hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners--; h.listeners == 0 {
		h.stop()
		h.stop, h.latest = nil, nil
	}
}

// look looks until ctx ends. What cannot be seen is looked for again: listeners are
// told by silence.
func (h *Hub) look(ctx context.Context) {
	every := time.NewTicker(h.cfg.Every)
	defer every.Stop()
	var last *Event
	for {
		if now, err := h.cfg.Look(ctx, last); err == nil && now != nil {
			last = now
			h.tell(ctx, now)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}

func (h *Hub) tell(ctx context.Context, e *Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return // All have left; who comes now is told by another look.
	}
	h.latest = e
	close(h.changed)
	h.changed = make(chan struct{})
}

// now returns what was seen last, and what is closed when that changes.
func (h *Hub) now() (*Event, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latest, h.changed
}
