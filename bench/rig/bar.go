package rig

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A bar shows how far long work is: on a terminal with units a second and the time
// that is left, elsewhere as lines, one each few seconds. Safe for concurrent use.
type bar struct {
	bar   *progressbar.ProgressBar // nil: lines.
	out   io.Writer
	what  string // "filling".
	unit  string // "votes".
	total int
	began time.Time

	mu    sync.Mutex
	done  int
	shown time.Time
}

// barLines is how often a line is written where there is no terminal.
const barLines = 5 * time.Second

func newBar(out io.Writer, what, unit string, total int) *bar {
	b := &bar{out: out, what: what, unit: unit, total: total, began: time.Now(), shown: time.Now()}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
				progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
		}
	}
	return b
}

// add says that so many more are done.
func (b *bar) add(more int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += more
	if b.bar != nil {
		_ = b.bar.Set(min(b.done, b.total)) // A bar that cannot be drawn harms nobody.
		return
	}
	if time.Since(b.shown) < barLines {
		return
	}
	b.shown = time.Now()
	rate := float64(b.done) / time.Since(b.began).Seconds()
	left := time.Duration(float64(max(0, b.total-b.done)) / max(rate, 1) * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(b.out, "%s: %d of %d %s, %.0f a second, %v left\n", b.what, b.done, b.total, b.unit, rate, left)
}

func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
