package kiosk_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/memory"
	"github.com/chromedp/chromedp"

	"mlf/proof/harness"
)

// family are the processes of the device's browser of a kind, as "renderer"; "" for all.
func (d *device) family(kind string) []int {
	d.t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		d.t.Fatal(err)
	}
	parents := make(map[int]int)
	for _, file := range all {
		text, err := os.ReadFile(file) //nolint:gosec // Of /proc.
		if err != nil {
			continue // It has ended.
		}
		pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 {
			parents[pid], _ = strconv.Atoi(fields[1])
		}
	}
	ours := d.processes()
	var found []int
	for pid := range parents {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) //nolint:gosec // Of /proc.
		if kind != "" && !strings.Contains(string(text), "--type="+kind) {
			continue
		}
		for of := pid; of > 1; of = parents[of] {
			if slices.Contains(ours, of) {
				found = append(found, pid)
				break
			}
		}
	}
	return found
}

// dies ends all processes of a kind, as a driver or a kernel without memory does.
func (d *device) dies(kind string) {
	d.t.Helper()
	pids := d.family(kind)
	if len(pids) == 0 {
		d.t.Fatalf("there is no process of kind %s", kind)
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// restarted is what a watcher of kiosks does who finds that the page has crashed: it ends
// the browser and starts it again. Chromium itself says that it has crashed, and leaves it
// at that.
func (d *device) restarted() {
	d.t.Helper()
	harness.LetPass(2 * time.Second)
	if screen, err := ask[string](d, `document.documentElement.dataset.screen`); err == nil {
		d.t.Errorf("a page that crashed has the screen %q", screen)
	}
	d.kill()
	d.start("")
	d.shows("face")
}

// crash is situation 23: the renderer dies by itself, or is killed; the queue is intact.
func crash(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(2)
	p.worker(d)
	p.front.close()
	d.votes(2) // They wait.
	go func() {
		_ = chromedp.Do(d.tab, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			return tab.Call(ctx, "Page.crash", struct{}{}, nil)
		}))
	}()
	d.restarted()
	d.votes(2)
	d.dies("renderer")
	d.restarted()
	d.votes(2)
	p.front.listen()
	d.drained()
	p.settles(d)
}

// pressure is situation 23 without a crash of the page: the process that draws is killed,
// and memory runs out. The same page goes on, by itself.
func pressure(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(1)
	same := func(what string) {
		t.Helper()
		d.votes(2)
		if was, err := ask[bool](d, `window.before === "here"`); err != nil || !was {
			t.Errorf("%s: the page is another: %v", what, err)
		}
		var picture []byte
		d.do("look at it", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			var err error
			picture, err = chromedp.FullScreenshot(100)(ctx, tab)
			return err
		}))
		if len(picture) < 5000 {
			t.Errorf("%s: a picture of it has %d bytes", what, len(picture))
		}
	}
	if _, err := ask[bool](d, `(window.before = "here", true)`); err != nil {
		t.Fatal(err)
	}
	p.front.close()
	for range 2 {
		d.dies("gpu-process")
		same("without what draws")
	}
	for _, level := range []memory.PressureLevel{memory.PressureLevelModerate, memory.PressureLevelCritical, memory.PressureLevelCritical} {
		if _, err := chromedp.CallBrowser(d.tab, memory.SimulatePressureNotification, memory.SimulatePressureNotificationParams{Level: level}); err != nil {
			t.Fatal(err)
		}
		same("told that memory is short")
	}
	room := newRoom(d)
	if room == "" {
		t.Log("THERE IS NO CGROUP OF MEMORY TO WRITE: that memory really runs out is not tried")
	} else {
		for range 3 {
			limit(t, room, "memory.high", 0.6)
			same("in 60 % of its memory")
		}
		limit(t, room, "memory.high", 0)
	}
	p.front.listen()
	d.drained()
	p.settles(d)
}

// newRoom puts the device's processes into a cgroup of their own; "" where there can be
// none.
func newRoom(d *device) string {
	d.t.Helper()
	dir := fmt.Sprintf("/sys/fs/cgroup/mlf-kiosk-%d", os.Getpid())
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // As cgroups are.
		return ""
	}
	d.t.Cleanup(func() {
		d.kill()
		harness.Eventually(d.t, 10*time.Second, func() error { return os.Remove(dir) })
	})
	if _, err := os.Stat(filepath.Join(dir, "memory.high")); err != nil {
		return ""
	}
	for _, pid := range d.family("") {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600) // One may have ended.
	}
	return dir
}

// limit sets a limit of a cgroup to a share of what it has now; 0 takes it away.
func limit(t *testing.T, room, name string, share float64) {
	t.Helper()
	value := "max"
	if share > 0 {
		text, err := os.ReadFile(filepath.Join(room, "memory.current")) //nolint:gosec // Of the kernel.
		if err != nil {
			t.Fatal(err)
		}
		now, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		value = strconv.Itoa(int(float64(now) * share))
		t.Logf("memory is %d MB, and %s %s", now>>20, name, value)
	}
	if err := os.WriteFile(filepath.Join(room, name), []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
}
