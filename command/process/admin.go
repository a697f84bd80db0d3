package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// CheckMax bounds one question, of readiness or to a neighbour. Kubernetes asks
// every few seconds and gives up after one by default; what needs longer is a "no",
// and still leaves time to say so.
const CheckMax = 800 * time.Millisecond

// A Check is a question: whether what this process itself must have to serve is
// there, or whether a neighbour answers. Do returns why not; it may be called
// several times at once.
type Check struct {
	Name string
	Do   func(ctx context.Context) error
}

// Once returns a check that passes from the first time on that ready does.
func Once(name string, ready func() error) Check {
	var before atomic.Bool
	return Check{Name: name, Do: func(context.Context) error {
		if before.Load() {
			return nil
		}
		err := ready()
		if err == nil {
			before.Store(true)
		}
		return err
	}}
}

// An Admin is the listener for those who run the service: metrics, probes,
// profiles. It is apart from the traffic, so that it answers when traffic does
// not, and is never exposed with it. Safe for use by several goroutines.
type Admin struct {
	metrics      *prometheus.Registry
	log          *slog.Logger
	dependencies *Dependencies
	draining     atomic.Bool

	mu     sync.Mutex
	checks []Check
	shown  map[string]func() any
}

// NewAdmin returns a listener's service. metrics is gathered at each scrape, and
// gets mlf_ready. Of dependencies /readyz?verbose tells; nil: there are none.
func NewAdmin(metrics *prometheus.Registry, log *slog.Logger, dependencies *Dependencies, checks ...Check) *Admin {
	a := &Admin{metrics: metrics, log: log, dependencies: dependencies, checks: checks}
	promauto.With(metrics).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_ready",
		Help: "1 while this process can answer, as /readyz says. 0 for long: /readyz?verbose names what is missing.",
	}, a.isReady)
	return a
}

// Set replaces the checks.
func (a *Admin) Set(checks ...Check) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.checks = checks
}

// Show answers GET path with what what returns, as JSON. It may be called several times at
// once.
func (a *Admin) Show(path string, what func() any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.shown == nil {
		a.shown = make(map[string]func() any)
	}
	a.shown[path] = what
}

// show answers what is asked of Show.
func (a *Admin) show(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	what := a.shown[r.URL.Path]
	a.mu.Unlock()
	if what == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(what()); err != nil {
		a.log.Debug("answer not sent", slog.Any("err", err), slog.String("path", r.URL.Path))
	}
}

// Drain makes the process not ready for good: it was asked to end, and whoever
// sends it requests shall send them elsewhere.
func (a *Admin) Drain() { a.draining.Store(true) }

// Run serves on ln until ctx ends.
func (a *Admin) Run(ctx context.Context, ln net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: a.metrics}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", a.ready)
	mux.HandleFunc("GET /", a.show)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	// Not the command line: a flag may hold a password.
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: noPages(mux, ln.Addr()), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}

	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %v: %w", ln.Addr(), err)
	case <-ctx.Done():
		err := server.Close() // Scrapes and probes may be cut: they come again.
		<-served
		return err
	}
}

// noPages refuses what a page in a browser sends. It could start profiles without
// end by images that lead here; and once its own name leads to this machine, it
// could read them, too. That name is then in Host, which on a listener of loopback
// only those who know it have cause to write otherwise than as an address.
func noPages(next http.Handler, addr net.Addr) http.Handler {
	tcp, ok := addr.(*net.TCPAddr)
	loopback := ok && tcp.IP.IsLoopback()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		if r.Header.Get("Origin") != "" || site == "cross-site" || site == "same-site" || loopback && !addressed(r.Host) {
			http.Error(w, "this listener is not for pages of other origins: ask for it by its address", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// addressed tells whether host, with or without a port, is an address, or localhost.
func addressed(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || host == "" || strings.EqualFold(host, "localhost")
}

// errDraining is why a process that was asked to end is not ready.
var errDraining = errors.New("draining: this process was asked to end")

// verdicts returns what each check says, by its name; all nil: the process is ready.
func (a *Admin) verdicts(ctx context.Context) map[string]error {
	a.mu.Lock()
	checks := a.checks
	a.mu.Unlock()
	said := make(map[string]error, len(checks)+1)
	for i, err := range ask(ctx, checks) {
		said[checks[i].Name] = err
	}
	if a.draining.Load() {
		said["drain"] = errDraining
	}
	return said
}

// isReady is mlf_ready. Checks ask no neighbour, so a scrape does not wait for one.
func (a *Admin) isReady() float64 {
	for _, err := range a.verdicts(context.Background()) { //nolint:forbidigo // A scrape has none, and each check its limit.
		if err != nil {
			return 0
		}
	}
	return 1
}

// ready answers 200 when every check passes, else 503 with those that do not. Asked
// for more, it also tells of neighbours, which change nothing about the status: a
// neighbour that is away is so for every process, and those that are asked elsewhere
// then have nobody left to ask.
func (a *Admin) ready(w http.ResponseWriter, r *http.Request) {
	said := a.verdicts(r.Context())
	status, report := http.StatusOK, make(map[string]any, len(said)+1)
	for name, err := range said {
		report[name] = inWords(err)
		if err != nil {
			status = http.StatusServiceUnavailable
		}
	}
	if r.URL.Query().Has("verbose") {
		report["dependencies"] = a.dependencies.report()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(report); err != nil {
		a.log.Debug("readiness answer not sent", slog.Any("err", err))
	}
}

// inWords returns what a probe says of the outcome of a check.
func inWords(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// errNoAnswer is the outcome of a check that says nothing in time.
var errNoAnswer = errors.New("no answer in time")

// ask returns what each check says: all at once, each within CheckMax, so that one
// that hangs neither takes the time of the others nor is believed to be them.
func ask(ctx context.Context, checks []Check) []error {
	errs := make([]error, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			_, errs[i] = within(ctx, CheckMax, func(ctx context.Context) (struct{}, error) { return struct{}{}, c.Do(ctx) })
			if errors.Is(errs[i], context.DeadlineExceeded) {
				errs[i] = fmt.Errorf("%w: %v", errNoAnswer, CheckMax)
			}
		})
	}
	all.Wait()
	return errs
}

// Part returns a on ln as a part of the process.
func (a *Admin) Part(ln net.Listener) Part {
	return Part{"admin", func(ctx context.Context) error { return a.Run(ctx, ln) }}
}
