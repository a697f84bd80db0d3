package kiosk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	page "mlf/proof/browser"
	"mlf/proof/harness"
)

// engines are where Chromium keeps IndexedDB: as it was for years, and as it will be.
func engines() map[string][]string {
	return map[string][]string{
		"LevelDB": {"NetworkService", "NetworkServiceInProcess"},
		"SQLite":  {"NetworkService", "NetworkServiceInProcess", "IdbSqliteBackingStore", "IdbSqliteOnDiskRollout"},
	}
}

// A place is a service, its front and a terminal of its own: what a device stands before.
type place struct {
	t      *testing.T
	front  *front
	term   *harness.Terminal
	engine string
	before count
}

// count is what the service has counted of all.
type count struct{ faces, conflicts int }

func counted(t *testing.T, up *harness.Up) count {
	t.Helper()
	faces := harness.Faces(t, up.Query)
	return count{faces[0] + faces[1] + faces[2], int(harness.ReadLedger(t, up.Query).Totals.Conflicts)} //nolint:gosec // Few.
}

// configure tells the front what a terminal asks of citizens, with changes.
func (f *front) configure(term *harness.Terminal, changes map[string]any) {
	config := map[string]any{
		"terminal": term.ID, "comune": "058091", "name": "Comune di Roma", "office": "", "channel": "counter", "scale": "mlf3",
		"services": []map[string]string{}, "default_service": "anagrafe", "faces": []string{"green", "yellow", "red"}, "reasons": []string{},
		"languages": []string{"it", "en", "de"}, "cooldown_ms": 0, "test": false, "watermark": "http://" + f.up.Query + "/v1/terminals/self/watermark",
	}
	for key, value := range changes {
		config[key] = value
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.configs[term.Token] = config
}

func newPlace(t *testing.T, up *harness.Up, engine string) *place {
	t.Helper()
	p := &place{t: t, front: newFront(t, up), term: harness.Enrol(t, up.Kafka, up.Ingest, up.Query), engine: engine, before: counted(t, up)}
	p.front.configure(p.term, nil)
	return p
}

// A device is a Chromium with a profile of its own.
type device struct {
	t       *testing.T
	place   *place
	profile string
	tab     context.Context //nolint:containedctx // Of the browser that runs now.
	cancel  context.CancelFunc
	flags   []chromedp.ExecAllocatorOption
	url     string

	mu         sync.Mutex
	complaints []string
	dead       atomic.Bool // The browser was killed.

	pressed, thanked int // Of all of its runs: at most, at least.
}

// device makes one; on is the file system that its profile is on.
func (p *place) device(on string) *device {
	p.t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		p.t.Skip("no chromium: install Debian's package to test the kiosk")
	}
	if on == "" {
		on = "/dev/shm"
	}
	profile, err := os.MkdirTemp(on, "mlf-kiosk-")
	if err != nil {
		p.t.Fatal(err)
	}
	d := &device{t: p.t, place: p, profile: profile, url: p.front.url()}
	p.t.Cleanup(func() {
		if p.t.Failed() && d.cancel != nil {
			text, err := ask[string](d, `document.body.innerText`)
			p.t.Logf("the page says (%v):\n%s", err, text)
		}
		d.kill()
		if p.t.Failed() {
			d.mu.Lock()
			defer d.mu.Unlock()
			p.t.Logf("the page complains:\n%s", strings.Join(d.complaints, "\n"))
		}
		_ = os.RemoveAll(d.profile)
	})
	return d
}

// start starts the browser and opens the page, with what its address brings.
func (d *device) start(fragment string) {
	d.t.Helper()
	d.launch(true)
	d.open(fragment)
}

func (d *device) launch(durable bool) {
	d.t.Helper()
	for _, name := range []string{"SingletonLock", "SingletonSocket", "SingletonCookie"} {
		_ = os.Remove(filepath.Join(d.profile, name))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.UserDataDir(d.profile),
		chromedp.Flag("enable-features", strings.Join(engines()[d.place.engine], ",")), chromedp.Flag("lang", "it"))
	options = append(options, d.flags...)
	allocated, end := chromedp.NewExecAllocator(context.WithoutCancel(d.t.Context()), options...)
	tab, endTab := chromedp.NewContext(allocated)
	d.dead.Store(false)
	d.tab, d.cancel = tab, func() { endTab(); end() }
	if err := chromedp.Do(d.tab, chromedp.Navigate("about:blank")); err != nil { // The browser lives as long as the context that it is started with.
		d.t.Fatal(err)
	}
	d.listen()
	if durable {
		// A profile that somebody uses has it by use; a new one is asked for it.
		grant := browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: "persistent-storage"}, Setting: browser.PermissionSettingGranted, Origin: "http://" + d.place.front.addr}
		if _, err := chromedp.CallBrowser(d.tab, browser.SetPermission, grant); err != nil {
			d.t.Fatal(err)
		}
	}
}

// listen collects what the page complains of, for when the test fails.
func (d *device) listen() {
	messages := chromedp.Console(d.tab)
	go func() {
		for m, err := range messages {
			if err != nil {
				return // The browser is gone.
			}
			d.mu.Lock()
			d.complaints = append(d.complaints, fmt.Sprintf("%s %v", time.Now().Format(time.TimeOnly), m))
			d.mu.Unlock()
		}
	}()
}

func (d *device) open(fragment string) {
	d.t.Helper()
	d.do("open the page", chromedp.Navigate(d.url+fragment))
}

// setUp starts the device with its terminal's token, until it asks for a vote.
func (d *device) setUp() {
	d.t.Helper()
	d.start("#t=" + d.place.term.Token)
	d.shows("face")
}

func (d *device) do(what string, steps ...page.Step) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.tab, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		d.t.Fatalf("%s: %v", what, err)
	}
}

// ask returns an expression of the page; what it throws is the error.
func ask[T any](d *device, expression string) (T, error) {
	if d.dead.Load() {
		return *new(T), errDead
	}
	ctx, cancel := context.WithTimeout(d.tab, 3*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// shows waits until the page has a screen.
func (d *device) shows(screen string) {
	d.t.Helper()
	d.showsWithin(20*time.Second, screen)
}

func (d *device) showsWithin(limit time.Duration, screen string) {
	d.t.Helper()
	harness.Eventually(d.t, limit, func() error {
		got, err := ask[string](d, `document.documentElement.dataset.screen ?? ""`)
		if err == nil && got != screen {
			text, _ := ask[string](d, `document.body.innerText`)
			err = fmt.Errorf("screen: got %q, want %q: %s", got, screen, text)
		}
		return err
	})
}

// pick presses what has a code.
func (d *device) pick(code string) error {
	ok, err := ask[bool](d, fmt.Sprintf(`(() => { const b = document.querySelector('[data-option="%s"]:enabled'); b?.click(); return !!b; })()`, code))
	if err == nil && !ok {
		err = fmt.Errorf("nothing to press for %s", code)
	}
	return err
}

// said is how often this run of the page has thanked, and said that it did not store.
func (d *device) said() (thanked, unstored int, err error) {
	both, err := ask[[]int](d, `[Number(document.documentElement.dataset.thanked ?? 0), Number(document.documentElement.dataset.unstored ?? 0)]`)
	if err != nil {
		return 0, 0, err
	}
	return both[0], both[1], nil
}

var errDead = errors.New("the browser was killed")

var errUnstored = errors.New("the page says that the vote is not stored")

// vote presses a face until the press is taken, and returns when the page has said what
// became of it.
func (d *device) vote(face string) error {
	thanked, unstored, err := d.said()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(15 * time.Second)
	for d.pick(face) != nil {
		if d.dead.Load() {
			return errDead
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no face to press: %w", d.pick(face))
		}
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // A citizen waits for the screen.
	}
	d.pressed++
	for time.Now().Before(deadline) {
		now, not, err := d.said()
		switch {
		case d.dead.Load():
			return errDead
		case err != nil: // A page that is busy answers later.
		case now > thanked:
			d.thanked++
			return nil
		case not > unstored:
			return errUnstored
		}
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // As above.
	}
	return errors.New("the page says nothing of the vote")
}

func (d *device) votes(n int) {
	d.t.Helper()
	for i := range n {
		if err := d.vote([]string{"green", "yellow", "green"}[i%3]); err != nil {
			d.t.Fatalf("vote %d: %v", i, err)
		}
	}
}

// processes are those of the device's browser.
func (d *device) processes() []int {
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		d.t.Fatal(err)
	}
	var found []int
	for _, file := range all {
		text, err := os.ReadFile(file) //nolint:gosec // Of /proc.
		if err == nil && strings.Contains(string(text), d.profile) {
			pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
			found = append(found, pid)
		}
	}
	return found
}

// killNow kills the browser; kill waits for its end, too.
func (d *device) killNow() {
	d.dead.Store(true)
	for _, pid := range d.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// kill is a power cut, as far as a process can see.
func (d *device) kill() {
	if d.cancel == nil {
		return
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if len(d.processes()) == 0 {
			break
		}
		d.killNow()
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // The kernel takes its time.
	}
	d.cancel()
	d.cancel = nil
}

// quit ends the browser as somebody would who closes it.
func (d *device) quit() {
	d.t.Helper()
	_ = chromedp.Cancel(d.tab)
	harness.Eventually(d.t, 10*time.Second, func() error {
		if n := len(d.processes()); n > 0 {
			return fmt.Errorf("%d processes still run", n)
		}
		return nil
	})
	d.cancel()
	d.cancel = nil
}

// copied returns a device with the same profile.
func (d *device) copied() *device {
	d.t.Helper()
	other := d.place.device(filepath.Dir(d.profile))
	if out, err := exec.CommandContext(d.t.Context(), "cp", "-a", d.profile+"/.", other.profile).CombinedOutput(); err != nil && !strings.Contains(string(out), "No such file") {
		d.t.Fatalf("copy the profile: %v: %s", err, out)
	}
	return other
}

// settles holds the place to the rule: at least what was thanked for is counted, at most
// what was pressed, and nothing twice.
func (p *place) settles(devices ...*device) {
	p.t.Helper()
	thanked, pressed := 0, 0
	for _, d := range devices {
		thanked += d.thanked
		pressed += d.pressed
	}
	var now count
	harness.Eventually(p.t, 60*time.Second, func() error {
		if now = counted(p.t, p.front.up); now.faces-p.before.faces < thanked {
			return fmt.Errorf("counted %d of %d votes that were thanked for", now.faces-p.before.faces, thanked)
		}
		return nil
	})
	harness.LetPass(time.Second) // What would be counted twice is counted by then.
	now = counted(p.t, p.front.up)
	if got := now.faces - p.before.faces; got > pressed {
		p.t.Errorf("counted %d votes of %d presses", got, pressed)
	}
	if got := now.conflicts - p.before.conflicts; got > 0 {
		p.t.Errorf("%d conflicts, want none", got)
	}
	p.t.Logf("%d pressed, %d thanked, %d counted", pressed, thanked, now.faces-p.before.faces)
}

// votesKept is how many votes are on the device.
const votesKept = `new Promise((done, fail) => { const o = indexedDB.open("mlf-kiosk"); o.onerror = () => fail(o.error); o.onsuccess = () => { const c = o.result.transaction("votes").objectStore("votes").count(); c.onsuccess = () => { o.result.close(); done(c.result); }; }; })`

// drained waits until nothing is kept on the device.
func (d *device) drained() {
	d.t.Helper()
	harness.Eventually(d.t, 60*time.Second, func() error {
		n, err := ask[int](d, votesKept)
		if err == nil && n > 0 {
			err = fmt.Errorf("%d votes are kept", n)
		}
		return err
	})
}
