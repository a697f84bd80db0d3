package differences

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"mlf/aggregate/compare"
)

// A Progress shows how far a comparison is: a bar of months on a terminal, elsewhere
// lines, one each few seconds. Used by one goroutine at a time.
type Progress struct {
	out      io.Writer
	terminal bool
	bar      *progressbar.ProgressBar // nil: no terminal, or nothing to show yet.

	began time.Time // The months.
	since time.Time // That it waits; zero: it does not.
	shown time.Time // The last line.
}

const (
	// lineEvery is how often a line is written where there is no terminal, and how
	// often a reason to wait is told: it changes all the time.
	lineEvery = 5 * time.Second

	// waitSilent is for how long nobody is told: counts are never at one position
	// while votes come in.
	waitSilent = time.Second
)

// NewProgress returns one that writes to out.
func NewProgress(out io.Writer) *Progress {
	p := &Progress{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// Tell shows s.
func (p *Progress) Tell(s compare.Progress) {
	switch {
	case s.Waiting != "":
		p.wait(s.Waiting)
	case s.Months > 0:
		p.months(s)
	default:
		p.since = time.Time{}
	}
}

// wait says for what.
func (p *Progress) wait(reason string) {
	now := time.Now()
	if p.since.IsZero() {
		p.since = now
	}
	if now.Sub(p.since) >= waitSilent && now.Sub(p.shown) >= lineEvery {
		p.shown = now
		fmt.Fprintf(p.out, "waiting: %s\n", reason)
	}
}

func (p *Progress) months(s compare.Progress) {
	now := time.Now()
	if p.began.IsZero() {
		p.began, p.shown = now, now
		if p.terminal {
			p.bar = progressbar.NewOptions(s.Months, progressbar.OptionSetWriter(p.out), progressbar.OptionShowCount(),
				progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
		}
	}
	text := fmt.Sprintf("months, %d rows, %.0f rows/s", s.Rows, float64(s.Rows)/max(now.Sub(p.began).Seconds(), 0.001))
	if p.bar != nil {
		p.bar.Describe(text)
		_ = p.bar.Set(s.Done) // A bar that cannot be drawn harms nobody.
		return
	}
	if now.Sub(p.shown) >= lineEvery {
		p.shown = now
		fmt.Fprintf(p.out, "comparing: %d of %d %s\n", s.Done, s.Months, text)
	}
}

// End takes the bar away.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
