package country

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Counters are what the progress shows and the report sums up.
type counters struct {
	cast      atomic.Uint64
	requests  atomic.Uint64
	answered  atomic.Uint64 // Votes.
	again     atomic.Uint64 // Votes sent more than once.
	conflicts atomic.Uint64 // Votes sent in contradiction.
	attempts  atomic.Uint64 // The same, every attempt counted.
}

// conflicted adds votes of which as many as least are on the log as conflicts,
// and, unless the service itself wrote twice, no more than most.
func (c *counters) conflicted(least, most int) {
	c.conflicts.Add(uint64(least))
	c.attempts.Add(uint64(most))
}

// Progress shows how far a simulation is: a bar on a terminal, log lines
// elsewhere.
type progress struct {
	counters *counters
	log      *slog.Logger
	out      io.Writer
	bar      *progressbar.ProgressBar // nil: log lines.
	planned  uint64                   // Votes; 0 for no end.

	cast     uint64 // As shown last.
	answered uint64
	shown    time.Time
}

func newProgress(out io.Writer, log *slog.Logger, c *counters, planned uint64) *progress {
	p := &progress{counters: c, log: log, out: out, planned: planned}
	if f, ok := out.(*os.File); ok && isTerminal(f) {
		length := int64(planned)
		if planned == 0 {
			length = -1 // A spinner.
		}
		p.bar = progressbar.NewOptions64(length,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetDescription("votes"),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(planned > 0),
			progressbar.OptionSetWidth(30),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// How often progress is shown.
const (
	barEvery   = 250 * time.Millisecond
	linesEvery = 5 * time.Second
)

// run shows progress until ctx ends.
func (p *progress) run(ctx context.Context) {
	if p.out == nil {
		return
	}
	every := linesEvery
	if p.bar != nil {
		every = barEvery
	}
	p.shown = time.Now()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			if p.bar != nil {
				_ = p.bar.Finish() // A bar that cannot be drawn harms nobody.
			}
			return
		case <-ticker.C:
			p.show()
		}
	}
}

func (p *progress) show() {
	c := p.counters
	now := time.Now()
	answered, cast, again := c.answered.Load(), c.cast.Load(), c.again.Load()
	rate := float64(answered-p.answered) / now.Sub(p.shown).Seconds()
	if p.bar == nil {
		p.log.Info("playing votes", slog.Uint64("votes", cast), slog.Uint64("votes_planned", p.planned),
			slog.Uint64("votes_answered", answered), slog.Uint64("votes_sent_again", again), slog.Float64("votes_per_second", rate))
	} else {
		p.bar.Describe(fmt.Sprintf("%6.0f votes/s, %d sent again", rate, again))
		_ = p.bar.Set64(int64(cast))
	}
	p.answered, p.cast, p.shown = answered, cast, now
}
