package process

import (
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// A Build is what a program was made from.
type Build struct {
	Version  string // Release or commit; (devel) where nobody knows.
	Revision string // Commit, with -dirty where files were changed; unknown where nobody knows.
	Go       string // Version of the compiler.
}

// NewRegistry returns a registry with the metrics that every process of build b has,
// and more.
func NewRegistry(b Build, more ...prometheus.Collector) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(runtimeMetrics()...)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	reg.MustRegister(more...)
	promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name:        "mlf_build_info",
		Help:        "1, with what this process was built from as labels. More than one version for long: a rollout is stuck.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": b.Go},
	}).Set(1)
	return reg
}

// runtimeMetrics are those of Go's runtime beside the usual ones. Of the hundred that
// there are these tell whether a process has enough of its machine: processor, then
// memory.
func runtimeMetrics() []collectors.GoRuntimeMetricsRule {
	var rules []collectors.GoRuntimeMetricsRule
	for _, name := range []string{
		"/sched/latencies:seconds",          // How long what could run waited for a processor.
		"/sched/pauses/total/gc:seconds",    // How long everything stood still for the collector.
		"/cpu/classes/gc/total:cpu-seconds", // What the collector takes: near a limit of memory, all there is.
		"/gc/heap/live:bytes",               // What is in use, to be held against GOMEMLIMIT.
		"/gc/limiter/last-enabled:gc-cycle", // When it last gave up to keep within that limit.
	} {
		rules = append(rules, collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^" + regexp.QuoteMeta(name) + "$")})
	}
	return rules
}
