package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"mlf/bench/measure"
)

// A Config says what to send, and from where.
type Config struct {
	Addr        netip.AddrPort // IPv4.
	Connections int
	Requests    [][]byte // Whole requests; connection i sends number i modulo their count.

	// Sources are the addresses to connect from, in turns; none: the system
	// chooses. One address has some 28,000 ports towards one server.
	Sources []netip.Addr
}

// A Tally is what became of the requests of a run.
type Tally struct {
	Answered map[int]uint64 // By status.
	Lost     uint64         // Without an answer: the connection was cut, or time ran out.
	Wall     time.Duration  // From the first request to the last answer.

	// Latencies are of the 202 answers: from the moment when the request was due,
	// whether or not a connection was free then.
	Latencies measure.Latencies
}

// Acked returns how many requests were answered 202.
func (t *Tally) Acked() uint64 { return t.Answered[202] }

// A Generator holds connections and sends requests over them. It is used by one
// goroutine.
type Generator struct {
	cfg   Config
	epoll int
	timer int
	conns []connection
	idle  []int32 // Connections without a request under way, by number.
	read  []byte  // What was read last.
	rng   *rand.Rand
	run   run
}

// A connection is one of the generator's.
type connection struct {
	fd      int
	busy    bool
	due     time.Time // Of the request under way.
	unsent  []byte    // Rest of the request, when the socket took only a part.
	partial []byte    // Beginning of an answer.
}

// A run is one call of Run.
type run struct {
	tally   *Tally
	closed  bool // Every answer is followed by the next request.
	sending bool
	pending int // Requests under way.
	waiting []time.Time
}

const (
	// tick is how often an open loop looks for requests that are due. They may be
	// sent as much too late; the latency counts from when they were due.
	tick = 250 * time.Microsecond

	// answerMax is how long the last answers are waited for.
	answerMax = 15 * time.Second

	readBytes = 64 << 10
)

// Dial opens the connections. The caller closes the generator.
func Dial(ctx context.Context, cfg Config) (*Generator, error) {
	g := &Generator{cfg: cfg, epoll: -1, timer: -1, read: make([]byte, readBytes), rng: rand.New(rand.NewPCG(1, 2))}
	err := RaiseDescriptors(cfg.Connections)
	if err == nil {
		g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	}
	if err == nil {
		g.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	}
	if err == nil {
		err = unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, g.timer, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: timerEvent})
	}
	if err != nil {
		g.Close()
		return nil, fmt.Errorf("set up load: %w", err)
	}
	g.conns = make([]connection, cfg.Connections)
	for i := range g.conns {
		g.conns[i].fd = -1
	}
	for i := range g.conns {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		} else {
			err = g.dial(i)
		}
		if err != nil {
			g.Close()
			return nil, fmt.Errorf("open connection %d of %d to %v: %w", i, cfg.Connections, cfg.Addr, err)
		}
		g.idle = append(g.idle, int32(i))
	}
	return g, nil
}

// spareDescriptors are for whatever a process opens besides.
const spareDescriptors = 256

// timerEvent stands for the timer where other events have a connection's number.
const timerEvent = -1

// RaiseDescriptors lets this process, and those that it starts from then on, hold
// n connections. Beyond the hard limit that takes privileges.
func RaiseDescriptors(n int) error {
	n += spareDescriptors
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= uint64(n) {
		return nil
	}
	limit.Cur, limit.Max = uint64(n), max(limit.Max, uint64(n))
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise limit of open files to %d: %w", n, err)
	}
	return nil
}

// Close closes the connections.
func (g *Generator) Close() {
	for i := range g.conns {
		g.hangUp(&g.conns[i])
	}
	for _, fd := range []int{g.timer, g.epoll} {
		if fd >= 0 {
			_ = unix.Close(fd) // Nothing was written to it.
		}
	}
}

// Run sends requests for a time and waits for their answers. With rate 0 the
// loop is closed: every connection sends its next request when the last was
// answered. Otherwise requests are due at random times, rate of them a second on
// average, and wait for a free connection when there is none.
func (g *Generator) Run(ctx context.Context, rate float64, duration time.Duration) (*Tally, error) {
	runtime.LockOSThread() // One thread waits in the kernel; the scheduler need not know.
	defer runtime.UnlockOSThread()
	g.run = run{tally: &Tally{Answered: make(map[int]uint64)}, closed: rate == 0, sending: true}
	began := time.Now()
	if err := g.arm(rate > 0); err != nil {
		return nil, err
	}
	if rate == 0 {
		for range len(g.idle) {
			g.send(g.take(), began)
		}
	}
	next := began
	events := make([]unix.EpollEvent, 512)
	for {
		now := time.Now()
		if g.run.sending && (now.Sub(began) >= duration || ctx.Err() != nil) {
			g.run.sending = false
		}
		if !g.run.sending && g.run.pending+len(g.run.waiting) == 0 {
			break
		}
		if now.Sub(began) > duration+answerMax {
			g.giveUp()
			break
		}
		for rate > 0 && g.run.sending && !next.After(now) {
			g.request(next)
			next = next.Add(time.Duration(g.rng.ExpFloat64() / rate * float64(time.Second)))
		}
		g.sendWaiting()
		if err := g.wait(events); err != nil {
			return nil, err
		}
	}
	g.run.tally.Wall = time.Since(began)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("send requests: %w", context.Cause(ctx))
	}
	return g.run.tally, g.arm(false)
}

// arm sets or stops the ticking.
func (g *Generator) arm(on bool) error {
	var spec unix.ItimerSpec
	if on {
		spec.Interval = unix.NsecToTimespec(int64(tick))
		spec.Value = spec.Interval
	}
	if err := unix.TimerfdSettime(g.timer, 0, &spec, nil); err != nil {
		return fmt.Errorf("set load's timer: %w", err)
	}
	return nil
}

// waitMs bounds a wait for events, so that Run sees when its time is over.
const waitMs = 5

// wait takes what the kernel has for the generator.
func (g *Generator) wait(events []unix.EpollEvent) error {
	n, err := unix.EpollWait(g.epoll, events, waitMs)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("wait for answers: %w", err)
	}
	for _, e := range events[:max(n, 0)] {
		if e.Fd == timerEvent {
			var expirations [8]byte
			_, _ = unix.Read(g.timer, expirations[:]) // How often does not matter.
			continue
		}
		if e.Events&unix.EPOLLOUT != 0 {
			g.flush(int(e.Fd))
		}
		if e.Events&^unix.EPOLLOUT != 0 {
			g.receive(int(e.Fd))
		}
	}
	return nil
}

// request sends a request that was due, or lets it wait for a connection.
func (g *Generator) request(due time.Time) {
	if len(g.idle) == 0 {
		g.run.waiting = append(g.run.waiting, due)
		return
	}
	g.send(g.take(), due)
}

// sendWaiting sends what waits over connections that were cut and so have become
// free without an answer.
func (g *Generator) sendWaiting() {
	for len(g.run.waiting) > 0 && len(g.idle) > 0 {
		due := g.run.waiting[0]
		g.run.waiting = g.run.waiting[1:]
		g.send(g.take(), due)
	}
}

// take takes an idle connection; there is one.
func (g *Generator) take() int {
	last := len(g.idle) - 1
	i := g.idle[last]
	g.idle = g.idle[:last]
	return int(i)
}

// giveUp counts what is still under way as lost, and opens those connections anew.
func (g *Generator) giveUp() {
	g.run.tally.Lost += uint64(len(g.run.waiting))
	g.run.waiting = nil
	for i := range g.conns {
		if g.conns[i].busy {
			g.cut(i)
		}
	}
}
