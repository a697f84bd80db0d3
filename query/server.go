package query

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"mlf/query/access"
	"mlf/query/bulletin"
	"mlf/query/calendar"
	"mlf/query/dashboard"
	"mlf/query/departure"
	"mlf/query/desk"
	"mlf/query/embed"
	"mlf/query/fleet"
	"mlf/query/flight"
	"mlf/query/live"
	"mlf/query/marks"
	"mlf/query/metrics"
	figures "mlf/query/network"
	"mlf/query/opendata"
	"mlf/query/question"
	"mlf/query/reference"
	"mlf/schema"
	"mlf/schema/annotation"
	"mlf/schema/network"
	"mlf/schema/registry"
	"mlf/schema/served"
)

// A Store is where the counts are read. Safe for concurrent use; every call
// blocks until ctx ends at the latest. The answers belong to the caller.
type Store interface {
	// Stats returns what q asks for. An error that wraps schema.ErrTooManyRows says
	// that there are more than q.RowsMax; one that wraps schema.ErrTooDear, that the
	// store gave up on its limits; any other, that it could not be asked. A store
	// that says nothing is given up within 3 s, here and below.
	Stats(ctx context.Context, q schema.StatsQuery) (schema.StatsAnswer, error)

	// Ledger returns the account of every partition, in order, from partition 0.
	// What it accounts for is visible to a later call of Stats.
	Ledger(ctx context.Context) ([]schema.LedgerTotals, error)

	// States returns the states of Ledger alone, and costs less.
	States(ctx context.Context) ([]schema.PartitionState, error)

	// Tallies returns what Ledger does for the partitions of the log, without their
	// states, and costs less.
	Tallies(ctx context.Context) ([]schema.LedgerTotals, error)

	// Watermark returns the newest watermark of a stream; false when there is
	// none yet.
	Watermark(ctx context.Context, t schema.TerminalID, s schema.StreamID) (schema.Watermark, bool, error)
}

// A Log tells where the votes topic ends. Safe for concurrent use.
type Log interface {
	// LogEnds returns one past the last record of every partition, in order,
	// from partition 0; schema.OffsetUnknown where that is not known. It blocks until
	// ctx ends at the latest.
	LogEnds(ctx context.Context) ([]schema.Offset, error)
}

// Counts are all counts in memory. Safe for concurrent use.
type Counts interface {
	// View returns them as they are now, nil while they do not stand. It does not
	// block.
	View() question.View
}

// Parts are what a Server reads from. All but Counts, Served, Fleet, Network, Sightings,
// Words, Annotations, Desk, Access and Quota are required, and Published where it is what the public is shown; it has
// the bulletins in any case. Without Counts, and while they do not stand, every answer is
// read from the store; without Served nobody knows who could have voted. Served, Terminals,
// Network, Registry and Words are shared and only looked up.
type Parts struct {
	Store     func() Store // Of several that count one log, the one to ask now.
	Counts    Counts
	Log       Log
	Served    *served.Book
	Terminals *schema.Terminals
	Registry  *registry.Registry
	Words     *question.Vocabulary // Of Registry; nil: made of it.
	Published Published
	Open      *opendata.Library // Nil: there are no files of what is published.
	Fleet     *fleet.Fleet      // Nil: heartbeats are not known.
	Network   *network.Network  // Beside Terminals. Nil: bodies and orders are not known.
	Sightings figures.Source    // Of Network. Nil: there are no figures of it.

	Annotations *annotation.Book // Nil: nothing is ever noted.
	Desk        []desk.Route     // What is about one body, or changes something.

	Access *access.Access // Nil: nobody has a token, and all are the public.
	Quota  *access.Quota  // Nil: clients may ask as much as they like.
}

// A Server answers the reading half of the protocol, and what Desk has.
type Server struct {
	Parts
	cfg     Config
	logger  *slog.Logger
	metrics *metrics.Metrics
	clock   calendar.Clock
	words   *question.Vocabulary
	notes   *marks.Notes
	present *marks.Enrolled
	press   *bulletin.Press // Nil where nothing is published.
	prints  flight.Group[*departure.Body]
	page    *dashboard.Page
	embed   *embed.Maker
	docs    *reference.Page
	ids     *requestIDs
	handler http.Handler

	alarm      *flight.Alarm
	narrow     flight.Gate // Of statistics that should be cheap,
	wide       flight.Gate // of all others,
	watermarks flight.Gate // and of what terminals may forget.
	ledgers    flight.Relay[ledgerAnswer]
	tallies    flight.Relay[tallied]
	states     atomic.Pointer[[]schema.PartitionState] // As they were last known.
	stats      flight.Group[*made]
	departures *departure.Departures
	kept       *departure.Kept[*made]
	album      *embed.Album
	askings    *departure.Kept[*asking]
	maker      string // What answers depend on besides counts and questions.
	live       *live.Hub
	told       lotsTold
	newest     question.Newest
	dismissing atomic.Bool
}

// New returns a Server that is ready for Run. It does no I/O but reading the
// time zone of Rome, which the program must carry or the machine must have.
func New(parts Parts, telemetry Telemetry, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure query: %w", err)
	}
	if cfg.Disclosure == DisclosureLots && parts.Published == nil {
		return nil, errors.New("configure query: disclosure by lots: there is nothing that publishes them")
	}
	if err := desk.Check(parts.Desk); err != nil {
		return nil, fmt.Errorf("configure query: %w", err)
	}
	clock, err := calendar.Rome()
	if err != nil {
		return nil, err
	}
	page, err := dashboard.New()
	if err != nil {
		return nil, fmt.Errorf("load dashboard: %w", err)
	}
	docs, err := reference.New()
	if err != nil {
		return nil, fmt.Errorf("load reference: %w", err)
	}
	embedded, err := embed.New(parts.Registry)
	if err != nil {
		return nil, fmt.Errorf("load what is embedded: %w", err)
	}
	cfg = cfg.withDefaults()
	s := &Server{
		Parts:  parts,
		cfg:    cfg,
		logger: telemetry.Logger,
		clock:  clock,
		words:  parts.Words,
		page:   page,
		embed:  embedded,
		docs:   docs,
		ids:    newRequestIDs(),

		alarm:      flight.NewAlarm(),
		departures: departure.New(),
		kept:       departure.NewKept[*made](keptMax, keptMax/100),
		askings:    departure.NewKept[*asking](askingsMax, askingsMax/100),
		album:      embed.NewAlbum(),
	}
	if s.words == nil {
		s.words = question.NewVocabulary(parts.Registry, clock)
	}
	if parts.Published != nil {
		s.press = bulletin.New(parts.Published, parts.Registry, clock)
	}
	s.narrow, s.wide, s.watermarks = flight.NewGate(cfg.StatsMax, s.alarm), flight.NewGate(cfg.WideMax, s.alarm), flight.NewGate(cfg.LookupsMax, s.alarm)
	s.present = marks.NewEnrolled(parts.Terminals)
	s.notes = marks.NewNotes(parts.Annotations, s.words)
	s.ledgers.Answer, s.tallies.Answer = s.readLedger, s.readTallies
	s.newest.Memory, s.newest.Store = s.inMemory, s.stored
	s.maker = s.ids.prefix
	if cfg.Release != "" {
		s.maker = fmt.Sprintf("%s %s %s", cfg.Release, parts.Registry.Sum(), cfg.Disclosure)
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	s.live = s.newHub()
	s.metrics = metrics.New(telemetry.Registerer, s.routeNames(), verdicts(), s.limits())
	s.handler = access.WithCORS(gzhttp.GzipHandler(s.mux()))
	if telemetry.Around != nil {
		s.handler = telemetry.Around(s.handler)
	}
	return s, nil
}

// limits are those that metrics show.
func (s *Server) limits() metrics.Limits {
	l := metrics.Limits{
		KeptBytes: metrics.Limit{Used: func() int64 { return int64(s.kept.Bytes()) }, Max: keptMax},
		Listeners: metrics.Limit{Used: func() int64 { return int64(s.live.Listeners()) }, Max: int64(s.cfg.LiveMax)},
		Reads:     make(map[string]metrics.Limit), Departing: make(map[string]metrics.Limit),
	}
	for kind, gate := range map[string]flight.Gate{"cheap": s.narrow, "wide": s.wide, "watermark": s.watermarks} {
		l.Reads[kind] = metrics.Limit{Used: gate.Used, Max: gate.Max()}
	}
	for length, budget := range s.departures.Budgets() {
		l.Departing[length] = metrics.Limit{Used: budget.Used, Max: budget.Max()}
	}
	return l
}

// Handler returns the handler of all routes, for a listener of the caller's own.
func (s *Server) Handler() http.Handler { return s.handler }

// Limits of a connection. Requests have no body, so they come at once; answers
// may be large, so writing has its own deadline, moved with every chunk.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	headerBytesMax    = 32 << 10 // A filter of filterValuesMax comuni is 7 kB.
)

// Dismiss has each answer from now on end its connection, while Run still takes new
// ones: peers open their next where balancers send it, and few connections are idle
// when Run ends them, which is when a request could be on its way unseen (RFC 9112
// §9.5).
func (s *Server) Dismiss() { s.dismissing.Store(true) }

// handle answers a request on a connection of Run.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	if s.dismissing.Load() {
		w.Header().Set("Connection", "close") // With HTTP/2 it is GOAWAY.
	}
	s.handler.ServeHTTP(w, r)
}

// Run serves on ln until ctx ends, then finishes the requests under way, for
// DrainMax at most, and returns nil. ln is closed when Run returns.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	// Requests outlive ctx: they are finished, not cut.
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	srv := &http.Server{
		Handler:           http.HandlerFunc(s.handle),
		TLSConfig:         s.cfg.TLS,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      s.cfg.StoreTimeout + departure.ChunkTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytesMax,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
		BaseContext:       func(ln net.Listener) context.Context { return desk.WithListener(requests, ln.Addr()) },
		ConnContext:       departure.OnLine,
	}
	srv.RegisterOnShutdown(s.live.Close)
	ln = departure.Lines(ln)
	served := make(chan error, 1)
	go func() {
		if s.cfg.TLS != nil {
			served <- srv.ServeTLS(ln, "", "")
			return
		}
		served <- srv.Serve(ln)
	}()
	select {
	case err := <-served:
		return fmt.Errorf("serve %v: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(requests, s.cfg.DrainMax)
	defer cancel()
	if err := srv.Shutdown(drain); err != nil {
		s.logger.Warn("requests cut at shutdown", slog.Any("err", err))
		_ = srv.Close() // Its only error is that of closing ln again.
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %v: %w", ln.Addr(), err)
	}
	return nil
}
