package ingest

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"mlf/ingest/pace"
	"mlf/ingest/wire"
	"mlf/schema"
)

// A Log is where votes go. Append returns nil only when record is on the log,
// on every replica that the log's promise asks for. It blocks until then, until
// ctx ends or until it gives up; after any error the outcome is unknown. It does
// not keep record after it has returned. Several goroutines append at once.
type Log interface {
	Append(ctx context.Context, p schema.Partition, record []byte) error
	Partitions() int // Fixed for the life of the log.
}

// Telemetry is where the server reports to. Its zero value reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
	Follow     Follow // Nil: no request is followed.
}

// A Server takes votes from terminals. All its state is in what it was given and
// in the requests that it holds, but for the count of streams issued of late.
type Server struct {
	cfg        Config
	log        Log
	terminals  *schema.Terminals
	logger     *slog.Logger
	metrics    *metrics
	followed   Follow
	budget     budget
	arrivals   arrivals
	conns      conns
	inflaters  inflaters
	patience   patience
	intakes    sync.Pool // Of *intake.
	outcomes   sync.Pool // Of *outcome.
	issued     *pace.Pace[schema.TerminalID]
	requestIDs requestIDs
	complaint  complaint
	dismissing atomic.Bool
}

// New returns a server that appends to log the votes of terminals. It does no
// I/O; the errors are those of Config.Validate.
func New(log Log, terminals *schema.Terminals, telemetry Telemetry, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	telemetry.Logger = cmp.Or(telemetry.Logger, slog.New(slog.DiscardHandler))
	inflaters, err := newInflaters(cfg.DecodedBytesMax)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:        cfg,
		log:        log,
		terminals:  terminals,
		logger:     telemetry.Logger,
		followed:   telemetry.Follow,
		budget:     budget{max: cfg.InflightBytesMax},
		conns:      conns{max: cfg.ConnsMax, limits: cfg.connLimits(), now: cfg.Now},
		inflaters:  inflaters,
		patience:   patience{max: cfg.AppendMax},
		issued:     pace.New[schema.TerminalID](issuesMax, issueWindow, issuersMax),
		requestIDs: requestIDs{process: newProcessName()},
	}
	s.intakes.New = func() any { return &intake{reader: wire.NewReader()} }
	s.outcomes.New = func() any { return new(outcome) }
	s.metrics = newMetrics(telemetry.Registerer, &s.budget, &s.conns)
	return s, nil
}

// Run serves the connections of ln until ctx ends. Then it takes no more,
// answers what it holds, tells every peer to close, and returns nil: after
// Config.DrainMax at the latest it cuts what is left. It owns ln and closes it.
// Run a server once.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	// Requests that were taken are answered even after ctx has ended, so appends outlive it.
	appends, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	engines := engines{s.http(appends, min(headBytes, s.cfg.HeaderBytesMax)), s.http(appends, s.cfg.HeaderBytesMax)}

	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	err := s.accept(ctx, ln, &engines)
	if closed := ln.Close(); err == nil && closed != nil && !errors.Is(closed, net.ErrClosed) {
		err = fmt.Errorf("close listener %v: %w", ln.Addr(), closed)
	}
	return errors.Join(err, s.drain(cancel))
}

// Dismiss has each answer from now on end its connection, while Run still takes new
// ones: peers open their next where balancers send it, and few connections are idle
// when Run ends them, which is when a request could be on its way unseen (RFC 9112
// §9.5).
func (s *Server) Dismiss() { s.dismissing.Store(true) }

// engines parse headers and write answers: one for usual headers, one for long
// ones. A connection goes from one to the other between requests.
type engines struct{ usual, long *fasthttp.Server }

// http returns an HTTP engine for headers up to a length. Its fields are commented
// where they are not plain limits.
func (s *Server) http(appends context.Context, headerBytes int) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:      func(h *fasthttp.RequestCtx) { s.handle(appends, h) },
		ErrorHandler: s.handleError,
		ConnState:    noteState,
		Logger:       connLogger{s.logger},

		// Connections are counted before they come here.
		Concurrency: math.MaxInt32,

		// The handler reads the body itself, from the connection. fasthttp would
		// make room for all of it as announced, before anything was checked. The
		// byte that it wants first is made up (incoming).
		StreamRequestBody:  true,
		MaxRequestBodySize: 1,

		WriteTimeout:    s.cfg.WriteMax, // The others are the connection's.
		ReadBufferSize:  headerBytes,
		WriteBufferSize: writeBufferBytes,

		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		SecureErrorLogMessage:        true, // A token is in the header.
		DisablePreParseMultipartForm: true,
	}
}

// writeBufferBytes holds an answer without many findings; every open connection
// keeps it.
const writeBufferBytes = 1 << 10

// accept hands every connection of ln to a goroutine of its own, until ln is
// closed. It returns nil if ctx has ended.
func (s *Server) accept(ctx context.Context, ln net.Listener, to *engines) error {
	var hands *handshaker
	if s.cfg.TLS != nil {
		adviseOn(s.logger, certificatesOf(s.cfg.TLS))
		hands = newHandshaker(s.cfg, s.terminals, s.metrics, s.logger)
	}
	for {
		nc, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = nc.Close() // Came with the order to stop: not taken.
			}
			return nil
		case shortage(err):
			s.logger.Warn("connection not accepted", slog.Any("err", err))
			wait(ctx, shortageWait)
			continue
		case err != nil:
			return fmt.Errorf("accept on %v: %w", ln.Addr(), err)
		}
		if hands != nil {
			nc = hands.wrap(nc)
		}
		c := s.conns.add(nc, time.Now())
		if c == nil {
			s.turnAway(nc)
			continue
		}
		go s.serve(c, to)
	}
}

// serve answers the requests of c until it ends. handle recovers from defects of
// this package; what is left is fasthttp's reading, and must not end the process
// either.
func (s *Server) serve(c *conn, by *engines) {
	defer s.conns.remove(c)
	defer func() {
		if defect := recover(); defect != nil {
			s.metrics.panics.Inc()
			s.logger.Error("connection met a defect", slog.Any("panic", defect), slog.String("stack", string(debug.Stack())))
			_ = c.Conn.Close() // Its state is not known; nothing more is said on it.
		}
	}()
	for again := true; again; again = c.left {
		c.left = false
		engine := by.usual
		if c.head > headBytes {
			engine = by.long
		}
		if err := c.trouble(engine.ServeConn(c)); err != nil {
			s.logger.Debug("connection ended", slog.Any("err", err))
		}
	}
}

// shortageWait is the pause after an accept that failed for want of resources.
const shortageWait = 50 * time.Millisecond

// shortage tells whether err will pass when connections are closed.
func shortage(err error) bool {
	for _, e := range [...]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// turnAway answers a connection that is one too many, if that can be done
// without waiting for the peer.
func (s *Server) turnAway(nc net.Conn) {
	if _, ok := nc.(*tls.Conn); !ok && nc.SetWriteDeadline(time.Now().Add(time.Second)) == nil {
		var h fasthttp.RequestCtx
		s.later(overloaded, "too many connections").write(&h, s.requestIDs.next())
		h.Response.SetConnectionClose()
		_, _ = h.Response.WriteTo(nc) // Best effort: a cut connection means the same to a terminal.
	}
	_ = nc.Close()
}

// drain waits until every connection has ended. It returns an error if some
// would not end even when they were cut.
func (s *Server) drain(cancelAppends context.CancelFunc) error {
	s.Dismiss()
	began := time.Now()
	s.waitConns(began.Add(s.cfg.DrainMax))
	cancelAppends()
	s.conns.cut()
	s.waitConns(time.Now().Add(cutMax))
	if n := s.conns.count(); n > 0 {
		return fmt.Errorf("drain: %d connections still busy after %v", n, time.Since(began))
	}
	return nil
}

const (
	// drainTick is the time between two looks at what is left.
	drainTick = 10 * time.Millisecond

	// cutMax is how long a request may take to notice that it was cut.
	cutMax = 3 * time.Second
)

// waitConns waits until no connection is open, or until deadline.
func (s *Server) waitConns(deadline time.Time) {
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for now := time.Now(); s.conns.count() > 0 && now.Before(deadline); now = <-tick.C {
		s.conns.hurry(now)
	}
}

// wait returns after d, or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// A requestID is a name of a request that a person can find in the log: one part
// is the process's, the other counts.
type requestID struct {
	process string
	number  uint64
}

// append appends the name to dst.
func (id requestID) append(dst []byte) []byte {
	return strconv.AppendUint(append(append(dst, id.process...), '-'), id.number, 10)
}

// String returns the name.
func (id requestID) String() string { return string(id.append(nil)) }

// requestIDs makes names for requests.
type requestIDs struct {
	process string
	count   atomic.Uint64
}

// newProcessName returns a name for this process, which nobody else has.
func newProcessName() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
	return hex.EncodeToString(b[:])
}

func (r *requestIDs) next() requestID { return requestID{r.process, r.count.Add(1)} }

// connLogger takes what fasthttp has to say about connections. It is about
// peers, so it is for whoever looks for one, and without what they said.
type connLogger struct{ logger *slog.Logger }

func (l connLogger) Printf(format string, _ ...any) {
	l.logger.Debug("connection trouble", slog.String("detail", format))
}

// A complaint is logged at most once in complaintEvery, so that a log that is
// away does not fill the disk. How often it was so, the metrics tell.
type complaint struct{ last atomic.Int64 }

const complaintEvery = 10 * time.Second

// due tells whether to log now.
func (c *complaint) due(now time.Time) bool {
	last := c.last.Load()
	return now.UnixNano()-last >= int64(complaintEvery) && c.last.CompareAndSwap(last, now.UnixNano())
}
