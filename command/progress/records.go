// Package progress shows people how far a long work on the log has come.
//
// It knows terminals and partitions. It must not know what the work is.
package progress

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"mlf/ingest/archive"
)

// A Records shows how far a work on the log has come: a bar on a terminal, with the
// time that is left, and log lines elsewhere.
type Records struct {
	out   *os.File // nil: log lines.
	log   *slog.Logger
	verb  string
	bar   *progressbar.ProgressBar
	shown time.Time
}

// How often progress is shown.
const (
	barEvery  = 250 * time.Millisecond
	lineEvery = 10 * time.Second
)

// New returns what shows on stderr, where it is a terminal, that records are verb: read,
// archived.
func New(stderr io.Writer, logger *slog.Logger, verb string) *Records {
	b := &Records{log: logger, verb: verb, shown: time.Now()}
	if f, ok := stderr.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			b.out = f
		}
	}
	return b
}

// Tell shows p, if it is time.
func (b *Records) Tell(p archive.Progress) {
	every := lineEvery
	if b.out != nil {
		every = barEvery
	}
	if time.Since(b.shown) < every || p.Total == 0 {
		return
	}
	b.shown = time.Now()
	if b.out == nil {
		b.log.Info("working on the log", slog.String("state", b.verb), slog.Int("partition", int(p.Partition)),
			slog.Uint64("records", p.Done), slog.Uint64("records_left", p.Total-min(p.Done, p.Total)))
		return
	}
	if b.bar == nil || uint64(b.bar.GetMax64()) != p.Total {
		b.Close()
		b.bar = progressbar.NewOptions64(int64(p.Total), progressbar.OptionSetWriter(b.out), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	}
	b.bar.Describe(fmt.Sprintf("partition %d, %.1f MB %s, records", p.Partition, float64(p.Bytes)/1e6, b.verb))
	_ = b.bar.Set64(int64(min(p.Done, p.Total))) // A bar that cannot be drawn harms nobody.
}

// Close takes the bar away.
func (b *Records) Close() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}
