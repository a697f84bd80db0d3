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
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// CheckMax bounds one readiness check. Kubernetes asks every few seconds and gives
// up after one by default; a check that needs longer is a "no", and still leaves
// time to say so.
const CheckMax = 800 * time.Millisecond

// A Check is one thing that must hold for this process to serve. Do returns why it
// does not; it may be called several times at once.
type Check struct {
	Name string
	Do   func(ctx context.Context) error
}

// An Admin is the listener for those who run the service: metrics, probes,
// profiles. It is apart from the traffic, so that it answers when traffic does
// not, and is never exposed with it. Safe for use by several goroutines.
type Admin struct {
	metrics *prometheus.Registry
	log     *slog.Logger

	mu     sync.Mutex
	checks []Check
}

// NewAdmin returns a listener's service. metrics is gathered at each scrape.
func NewAdmin(metrics *prometheus.Registry, log *slog.Logger, checks ...Check) *Admin {
	return &Admin{metrics: metrics, log: log, checks: checks}
}

// Set replaces the checks.
func (a *Admin) Set(checks ...Check) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.checks = checks
}

// NewRegistry returns a registry with the metrics that every process of the given
// version has.
func NewRegistry(version string) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name:        "mlf_build_info",
		Help:        "1, with the version of this process as a label. More than one version for long: a rollout is stuck.",
		ConstLabels: prometheus.Labels{"version": version},
	}).Set(1)
	return reg
}

// Run serves on ln until ctx ends.
func (a *Admin) Run(ctx context.Context, ln net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: a.metrics}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", a.ready)
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

// ready answers 200 when every check passes, else 503 with those that do not.
func (a *Admin) ready(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	checks := a.checks
	a.mu.Unlock()
	report := make(map[string]string, len(checks))
	status := http.StatusOK
	for i, err := range ask(r.Context(), checks) {
		report[checks[i].Name] = "ok"
		if err != nil {
			report[checks[i].Name] = err.Error()
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(report); err != nil {
		a.log.Debug("readiness answer not sent", slog.Any("err", err))
	}
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
