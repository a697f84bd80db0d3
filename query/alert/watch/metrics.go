package watch

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	judging "mlf/query/alert"
	"mlf/schema/alert"
)

// metrics tell how a Watcher does.
type metrics struct {
	judged   *prometheus.CounterVec
	opened   *prometheus.CounterVec
	closed   *prometheus.CounterVec
	messages *prometheus.CounterVec
	failed   prometheus.Counter
	last     prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer, book *alert.Book) *metrics {
	auto := promauto.With(reg)
	m := &metrics{
		judged: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_alert_rules_judged_total",
			Help: "Rules of bodies that were judged, or why they were not. counts: they are behind or do not stand, look at mlf_query_log_uncounted_seconds. country: more than half of all terminals are silent, look at the network. few, break: as it should be.",
		}, []string{"outcome"}),
		opened: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_alert_opened_total",
			Help: "Alerts of bodies that opened, or opened again. Many of one kind at once: look at what they have in common before bodies do.",
		}, []string{"kind"}),
		closed: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_alert_closed_total",
			Help: "Alerts of bodies that closed.",
		}, []string{"kind"}),
		messages: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_alert_messages_total",
			Help: "Messages to bodies that were delivered, or given up. email failed: look at the mail server. webhook failed: the receiver's, who finds it among the settings.",
		}, []string{"target", "result"}),
		failed: auto.NewCounter(prometheus.CounterOpts{
			Name: "mlf_alert_write_errors_total",
			Help: "Records of alerts that could not be appended; they are written later. Rising: look at Kafka.",
		}),
		last: auto.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_alert_last_look_timestamp_seconds",
			Help: "When it was last looked which rules of bodies are to be judged. Old: nobody judges them.",
		}),
	}
	for _, outcome := range append(judging.Whys(), "judged", "error") {
		m.judged.WithLabelValues(outcome)
	}
	for _, kind := range alert.Kinds() {
		m.opened.WithLabelValues(string(kind))
		m.closed.WithLabelValues(string(kind))
		if reg != nil {
			reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "mlf_alert_open", Help: "Alerts of bodies that are open.", ConstLabels: prometheus.Labels{"kind": string(kind)},
			}, func() float64 { return float64(openOf(book, kind)) }))
		}
	}
	for _, target := range []string{"webhook", "email"} {
		for _, result := range []string{"delivered", "failed"} {
			m.messages.WithLabelValues(target, result)
		}
	}
	return m
}

func openOf(book *alert.Book, kind alert.Kind) (n int) {
	for _, a := range book.Alerts("") {
		if a.State == alert.Open && a.Kind == kind {
			n++
		}
	}
	return n
}

// changed counts what became of an alert.
func (m *metrics) changed(before, after *alert.Alert) {
	wasOpen := before != nil && before.State == alert.Open
	switch isOpen := after.State == alert.Open; {
	case isOpen && !wasOpen:
		m.opened.WithLabelValues(string(after.Kind)).Inc()
	case wasOpen && !isOpen:
		m.closed.WithLabelValues(string(after.Kind)).Inc()
	}
}

// delivered counts what became of a message.
func (m *metrics) delivered(target string, delivered bool) {
	kind, _, _ := strings.Cut(target, ":")
	result := "failed"
	if delivered {
		result = "delivered"
	}
	m.messages.WithLabelValues(kind, result).Inc()
}

func (m *metrics) looked(now time.Time) { m.last.Set(float64(now.Unix())) }
