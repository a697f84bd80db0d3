package kiosk_test

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	page "mlf/proof/browser"
	"mlf/proof/harness"
)

//go:embed testdata/clock.c
var wrongClock []byte

// A clock is the time of day that all processes of one browser see, pages and workers. The
// clock that never jumps is the machine's.
type clock struct {
	d    *device
	file string
}

func newClock(d *device) *clock {
	d.t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		const missing = "THERE IS NO C COMPILER: NO WRONG CLOCK IS TRIED: apt-get install gcc libc6-dev"
		if os.Getenv("MLF_REQUIRE_AILING") != "" {
			d.t.Fatal(missing)
		}
		d.t.Skip(missing)
	}
	dir := d.t.TempDir()
	source, library := filepath.Join(dir, "clock.c"), filepath.Join(dir, "clock.so")
	if err := os.WriteFile(source, wrongClock, 0o600); err != nil {
		d.t.Fatal(err)
	}
	if said, err := exec.CommandContext(d.t.Context(), compiler, "-O2", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		d.t.Fatalf("compile %s: %v\n%s", source, err, said)
	}
	c := &clock{d, filepath.Join(dir, "away")}
	d.flags = append(d.flags, chromedp.Env("LD_PRELOAD="+library, "MLF_CLOCK_FILE="+c.file, "TZ=Europe/Rome"))
	c.away(0)
	return c
}

// away has the clock differ from the true one by so much. All processes look into the
// same file, which is written over in place.
func (c *clock) away(by time.Duration) {
	c.d.t.Helper()
	file, err := os.OpenFile(c.file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		c.d.t.Fatal(err)
	}
	_, err = file.Write(binary.NativeEndian.AppendUint64(nil, uint64(int64(by/time.Second)))) //nolint:gosec // As C has it.
	if err = errors.Join(err, file.Close()); err != nil {
		c.d.t.Fatal(err)
	}
}

// moves has a running browser see another time of day, and returns when page and worker do.
func (c *clock) moves(by time.Duration) {
	c.d.t.Helper()
	c.away(by)
	harness.Eventually(c.d.t, 20*time.Second, func() error {
		got, err := ask[float64](c.d, `Date.now()`)
		if off := time.UnixMilli(int64(got)).Sub(time.Now().Add(by)); err == nil && off.Abs() > 3*time.Second {
			err = fmt.Errorf("the page's clock is %v off", off)
		}
		return err
	})
}

// inWorkers holds a worker's clock to the page's: both are asked in a page without a policy.
func (c *clock) inWorkers(by time.Duration) {
	c.d.t.Helper()
	tab := page.Tab(c.d.t, c.d.tab)
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
		c.d.t.Fatal(err)
	}
	got, err := chromedp.Run(tab, chromedp.Evaluate[float64](`new Promise((done) => { new Worker(URL.createObjectURL(new Blob(["postMessage(Date.now())"]))).onmessage = ({ data }) => done(data); })`, chromedp.EvalAwaitPromise))
	if off := time.UnixMilli(int64(got)).Sub(time.Now().Add(by)); err != nil || off.Abs() > 3*time.Second {
		c.d.t.Errorf("a worker's clock is %v off, %v", off, err)
	}
}

// hours are the votes of a comune, of all classes, by hour; and of those how many have a
// class.
func (p *place) hours(comune, class string) (byHour map[time.Time]int, of int) {
	p.t.Helper()
	from, to := time.Now().AddDate(0, 0, -399).Format(time.DateOnly), time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	_, body, err := harness.Get(p.t, fmt.Sprintf("http://%s/v1/stats?from=%s&to=%s&class=all&comune=%s&group=hour,class", p.front.up.Query, from, to, comune))
	if err != nil {
		p.t.Fatal(err)
	}
	byHour = make(map[time.Time]int)
	for _, row := range harness.Decode[struct {
		Rows []struct {
			Hour  time.Time
			Class string
			N     int
		}
	}](p.t, body).Rows {
		byHour[row.Hour] += row.N
		if row.Class == class {
			of += row.N
		}
	}
	return byHour, of
}

// clocks is situation 12: a clock that begins in 1970, one that jumps by three hours
// between press and send, and the nights on which summer time begins and ends, with
// devices that know of it and those that keep the hour of the wall. Each vote is in its
// true hour, or of class late_clock in that of its arrival, which is the same here.
func clocks(t *testing.T, p *place) {
	const comune = "001272" // Of nobody else here.
	d := p.device("")
	c := newClock(d)
	p.term = harness.EnrolIn(t, comune, p.front.up.Kafka, p.front.up.Ingest, p.front.up.Query)
	p.front.configure(p.term, nil)
	before, _ := p.hours(comune, "late_clock")
	began := time.Now().Truncate(time.Hour)
	d.setUp()
	p.worker(d)
	late := func(what string, most int, steps func()) {
		t.Helper()
		_, had := p.hours(comune, "late_clock")
		votes := d.pressed
		steps()
		p.settles(d)
		after, have := p.hours(comune, "late_clock")
		t.Logf("%s: %d votes, %d of them late_clock", what, d.pressed-votes, have-had)
		if have-had > most {
			t.Errorf("%s: %d votes are of class late_clock: want at most %d", what, have-had, most)
		}
		for hour, n := range after {
			if n != before[hour] && (hour.Before(began) || hour.After(time.Now())) {
				t.Errorf("%s: %d votes are in the hour of %v", what, n-before[hour], hour)
			}
		}
	}
	late("a clock that is right", 0, func() { d.votes(2) })
	for _, by := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		late(fmt.Sprintf("%v between press and send, and a restart", by), 0, func() { c.jump(by) })
	}
	since1970 := time.Until(time.Unix(7200, 0))
	late("1970 at boot, put right before votes are sent", 0, func() { c.boot(since1970, false) })
	late("1970 at boot, twice", 2, func() { c.boot(since1970, true) })
	summer, winter := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)
	late("the night of summer time", 0, func() { c.night(summer, 0) })
	late("the night of winter time", 0, func() { c.night(winter, 0) })
	if p.engine != "LevelDB" {
		return // It is the same however votes are kept.
	}
	// By hand: what is cast between that and a restart, with no server to be heard, nobody can know.
	late("the night of summer time, by hand", 1, func() { c.night(summer, time.Hour) })
	late("the night of winter time, by hand", 1, func() { c.night(winter, -time.Hour) })
}

// jump has the clock jump while votes wait, and be put right while others do, over a
// restart.
func (c *clock) jump(by time.Duration) {
	d, front := c.d, c.d.place.front
	front.close()
	d.votes(1)
	c.moves(by)
	c.inWorkers(by)
	d.votes(1)
	front.listen()
	d.drained()
	front.close()
	d.votes(1)
	d.do("load again", chromedp.Reload())
	d.shows("face")
	c.moves(0)
	d.votes(1)
	front.listen()
}

// boot starts the device without a network with another clock, which is put right while
// it runs; with a restart, twice, before.
func (c *clock) boot(by time.Duration, twice bool) {
	d, front := c.d, c.d.place.front
	front.close()
	d.quit()
	c.away(by)
	d.start("")
	d.shows("face")
	c.moves(by)
	d.votes(2)
	if twice {
		d.quit()
		d.start("")
		d.shows("face")
	}
	d.votes(1)
	c.moves(0)
	d.votes(1)
	front.listen()
}

// night goes over the moment at which Rome changes its hour, with votes before and after
// that wait together. by is what somebody does to the clock at that moment who believes
// that the wall's hour is what it keeps.
func (c *clock) night(change time.Time, by time.Duration) {
	d, front := c.d, c.d.place.front
	to := time.Until(change.Add(-12 * time.Second))
	c.moves(to)
	harness.LetPass(time.Second)
	d.votes(1) // The server is heard, and the clock is known to be wrong.
	d.drained()
	front.close()
	d.votes(1)
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		d.t.Fatal(err)
	}
	after := change.In(rome)
	_, east := after.Zone()
	harness.Eventually(d.t, 30*time.Second, func() error {
		now, err := ask[[2]int](d, `[new Date().getHours(), -60 * new Date().getTimezoneOffset()]`)
		if want := [2]int{after.Hour(), east}; err == nil && now != want {
			err = fmt.Errorf("its hour and seconds east are %v: want %v", now, want)
		}
		return err
	})
	if by != 0 {
		c.moves(to + by)
	}
	d.votes(1)
	d.do("load again", chromedp.Reload())
	d.shows("face")
	d.votes(1)
	front.listen()
	d.drained()
	c.moves(0)
}
