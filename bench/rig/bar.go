package rig

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A bar shows how far long work is: on a terminal with votes a second and the time
// that is left, elsewhere as lines, one each few seconds.
type bar struct {
	bar   *progressbar.ProgressBar // nil: lines.
	out   io.Writer
	what  string
	total int
	began time.Time
	shown time.Time
}

// barLines is how often a line is written where there is no terminal.
const barLines = 5 * time.Second

func newBar(out io.Writer, what string, total int) *bar {
	b := &bar{out: out, what: what, total: total, began: time.Now(), shown: time.Now()}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("votes"),
				progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
		}
	}
	return b
}

// set says how many are done.
func (b *bar) set(done int) {
	if b.bar != nil {
		_ = b.bar.Set(min(done, b.total)) // A bar that cannot be drawn harms nobody.
		return
	}
	if time.Since(b.shown) < barLines {
		return
	}
	b.shown = time.Now()
	rate := float64(done) / time.Since(b.began).Seconds()
	left := time.Duration(float64(max(0, b.total-done)) / max(rate, 1) * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(b.out, "%s: %d of %d, %.0f votes/s, %v left\n", b.what, done, b.total, rate, left)
}

func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
