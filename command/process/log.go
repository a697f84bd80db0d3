package process

import (
	"context"
	"io"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// NewLog returns the log of a process, JSON on w from the least level on, and the
// count of its messages, for the registry. Durations are seconds, and their keys say
// so: slog writes bare nanoseconds, which look like anything.
func NewLog(w io.Writer, least slog.Level) (*slog.Logger, prometheus.Collector) {
	messages := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_log_messages_total",
		Help: "Messages on the log, by level. Errors are for people: read them; a jump of warnings is a neighbour in trouble.",
	}, []string{"level"})
	h := counting{Handler: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least, ReplaceAttr: inSeconds})}
	for i, level := range [...]string{"debug", "info", "warn", "error"} {
		h.written[i] = messages.WithLabelValues(level)
	}
	return slog.New(h), messages
}

// inSeconds writes a duration as a number of seconds.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.Float64(a.Key+"_seconds", a.Value.Duration().Seconds())
}

// A counting counts what is written.
type counting struct {
	slog.Handler
	written [4]prometheus.Counter // By level, the least first.
}

// Handle counts and writes.
func (h counting) Handle(ctx context.Context, r slog.Record) error {
	rank := 0
	for _, level := range [...]slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if r.Level >= level {
			rank++
		}
	}
	h.written[rank].Inc()
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns one that counts the same.
func (h counting) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup returns one that counts the same.
func (h counting) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
