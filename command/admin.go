package command

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkMax bounds one readiness check. Kubernetes asks every few seconds and
// gives up after one by default; a check that needs longer is a "no".
const checkMax = 2 * time.Second

// A check is one thing that must hold for this process to serve.
type check struct {
	Name string
	Do   func(ctx context.Context) error
}

// An admin is the listener for those who run the service: metrics, probes,
// profiles. It is apart from the traffic, so that it answers when traffic does
// not, and is never exposed with it.
type admin struct {
	metrics *prometheus.Registry

	mu     sync.Mutex
	checks []check
}

// set replaces the checks.
func (a *admin) set(checks ...check) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.checks = checks
}

// newRegistry returns a registry with the metrics every process has.
func newRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name:        "mlf_build_info",
		Help:        "1, with the version of this process as a label. More than one version for long: a rollout is stuck.",
		ConstLabels: prometheus.Labels{"version": version()},
	}).Set(1)
	return reg
}

// Run serves on ln until ctx ends.
func (a *admin) Run(ctx context.Context, ln net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: a.metrics}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", a.ready)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}

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

// ready answers 200 when every check passes, else 503 with those that do not.
func (a *admin) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkMax)
	defer cancel()
	a.mu.Lock()
	checks := a.checks
	a.mu.Unlock()
	report := make(map[string]string, len(checks))
	status := http.StatusOK
	for _, c := range checks {
		report[c.Name] = "ok"
		if err := c.Do(ctx); err != nil {
			report[c.Name] = err.Error()
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(report); err != nil {
		slog.DebugContext(ctx, "readiness answer not sent", slog.Any("err", err))
	}
}

// part returns a on ln as a part of the process.
func (a *admin) part(ln net.Listener) part {
	return part{"admin", func(ctx context.Context) error { return a.Run(ctx, ln) }}
}
