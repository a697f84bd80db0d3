// Package series tells which metrics a stage has before anything has happened: a
// rate sees the first error only where there was a 0 before it.
//
// It knows Prometheus' client library, and nothing of what is measured. Only tests
// import it.
package series

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Missing returns the counters and histograms among what register registers that
// have no series. Gauges are let off: those of a partition come and go with it.
func Missing(register func(prometheus.Registerer)) (missing []string) {
	var r recorder
	register(&r)
	for _, c := range r {
		if _, ok := c.(*prometheus.GaugeVec); !ok && len(collect(c)) == 0 {
			missing = append(missing, describe(c))
		}
	}
	return missing
}

// Complete has the test fail in the end if g has got counters or histograms since,
// but for those that mayCome lets: nil lets none.
func Complete(t testing.TB, g prometheus.Gatherer, mayCome func(name string) bool) {
	t.Helper()
	before := of(t, g)
	t.Cleanup(func() {
		for _, name := range of(t, g) {
			if !slices.Contains(before, name) && (mayCome == nil || !mayCome(name)) {
				t.Errorf("a series that was not there at the start, so that a rate misses its first event: %s", name)
			}
		}
	})
}

// of returns the names, with labels, of the counters and histograms that g has.
func of(t testing.TB, g prometheus.Gatherer) (names []string) {
	families, err := g.Gather()
	if err != nil {
		t.Error(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetGauge() != nil {
				continue
			}
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			names = append(names, name)
		}
	}
	return names
}

// A recorder is a Registerer that takes everything.
type recorder []prometheus.Collector

// Register takes c.
func (r *recorder) Register(c prometheus.Collector) error {
	*r = append(*r, c)
	return nil
}

// MustRegister takes all.
func (r *recorder) MustRegister(all ...prometheus.Collector) { *r = append(*r, all...) }

// Unregister does nothing.
func (r *recorder) Unregister(prometheus.Collector) bool { return false }

func collect(c prometheus.Collector) (all []prometheus.Metric) {
	to := make(chan prometheus.Metric)
	go func() { c.Collect(to); close(to) }()
	for m := range to {
		all = append(all, m)
	}
	return all
}

func describe(c prometheus.Collector) string {
	to := make(chan *prometheus.Desc)
	go func() { c.Describe(to); close(to) }()
	var texts []string
	for d := range to {
		texts = append(texts, d.String())
	}
	return strings.Join(texts, ", ")
}
