package kiosk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	page "mlf/proof/browser"
	"mlf/proof/harness"
)

// powerCut is situation 2: the disk as it is at some moment is all that is left.
func powerCut(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(3)
	for range 2 {
		d.votes(2)
		d = d.after(d.copied())
		d.shows("face")
		d.votes(2)
	}
	d.drained()
	p.settles(d)
}

// after is a device in the place of another, which is no more: what was thanked for there
// is thanked for.
func (d *device) after(other *device) *device {
	d.t.Helper()
	d.kill()
	other.pressed, other.thanked = other.pressed+d.pressed, other.thanked+d.thanked
	d.pressed, d.thanked = 0, 0
	other.start("")
	return other
}

// cutFiles is situation 3: the newest file of the database is half gone.
func cutFiles(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(6)
	p.settles(d) // What is on the log need not be on the device.
	d.quit()
	file := newest(t, filepath.Join(d.profile, "Default", "IndexedDB"))
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	t.Logf("cut %s to %d bytes", strings.TrimPrefix(file, d.profile), info.Size()/2)
	d.start("")
	d.shows("face")
	d.votes(6)
	p.settles(d)
	p.lost()
}

// newest is the file below a folder that has the newest votes: the log of LevelDB, the
// largest of SQLite.
func newest(t *testing.T, folder string) string {
	t.Helper()
	var found string
	var size int64
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		base := filepath.Base(name)
		if of := filepath.Ext(base); (of == ".log" || strings.Contains(base, ".db") || strings.Contains(base, "sqlite") || of == "") && !strings.HasPrefix(base, "MANIFEST") && info.Size() > size {
			found, size = name, info.Size()
		}
		return nil
	})
	if err != nil || found == "" {
		t.Fatalf("no file of a database in %s: %v", folder, err)
	}
	return found
}

func (d *device) clear() {
	d.t.Helper()
	d.do("clear the site's data", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, storage.ClearDataForOrigin, storage.ClearDataForOriginParams{Origin: "http://" + d.place.front.addr, StorageTypes: "indexeddb,local_storage,cache_storage"})
		return err
	}))
}

// clearedUnderThePage is situation 4, while the page is open: one press is not stored, and
// is not thanked for.
func clearedUnderThePage(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(3)
	p.settles(d)
	d.clear()
	err := d.vote("green")
	if err == nil { // Whoever noticed before the press has stored it.
		t.Log("the page had noticed before")
	} else if !errors.Is(err, errUnstored) {
		t.Fatal(err)
	}
	d.showsWithin(15*time.Second, "face")
	d.votes(3)
	p.settles(d)
}

// clearedWhileClosed is situation 4, while it is closed: only the database is gone.
func clearedWhileClosed(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(3)
	p.settles(d)
	harness.LetPass(6 * time.Second) // Chromium writes what else it keeps within seconds.
	d.quit()
	if err := os.RemoveAll(filepath.Join(d.profile, "Default", "IndexedDB")); err != nil {
		t.Fatal(err)
	}
	d.start("")
	d.shows("face")
	d.votes(3)
	p.settles(d)
}

// disturb does something to all files of the device's database, and says how many.
func (d *device) disturb(how func(name string, info fs.FileInfo) error) int {
	d.t.Helper()
	n := 0
	for _, folder := range []string{"IndexedDB", "WebStorage"} {
		err := filepath.WalkDir(filepath.Join(d.profile, "Default", folder), func(name string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			n++
			return how(name, info)
		})
		if err != nil {
			d.t.Fatal(err)
		}
	}
	return n
}

func fillWithNoise(name string, info fs.FileInfo) error {
	return os.WriteFile(name, bytes.Repeat([]byte("noise!?"), int(info.Size()/7)+1), 0o600)
}

// hurry is run before the page: while it is out of order it tries twenty times as often.
const hurry = `const later = setTimeout; globalThis.setTimeout = (what, when, ...more) => later(what, ["broken", "starting"].includes(document.documentElement.dataset.screen) && when !== 5000 ? when / 20 : when, ...more);`

// noise is situation 5: the database's files are overwritten. The page votes in a new
// stream, or says that it is out of order until it has given up what nobody can read; it
// never thanks for what is not counted.
func noise(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(3)
	p.settles(d)
	harness.LetPass(6 * time.Second)
	d.quit()
	t.Logf("%d files are overwritten", d.disturb(fillWithNoise))
	d.launch(true)
	d.do("have it try often", page.Before(hurry))
	d.open("")
	var screens []string
	harness.Eventually(t, 60*time.Second, func() error {
		screen, err := ask[string](d, `document.documentElement.dataset.screen`)
		if err == nil && (len(screens) == 0 || screens[len(screens)-1] != screen) {
			screens = append(screens, screen)
		}
		if err == nil && screen != "face" {
			err = fmt.Errorf("screen %q", screen)
		}
		return err
	})
	t.Logf("the screens were %q", screens)
	d.votes(3)
	p.settles(d)
	p.lost()
}

// lost holds the device to having told that something was lost.
func (p *place) lost() {
	p.t.Helper()
	harness.Eventually(p.t, 20*time.Second, func() error {
		for _, beat := range p.front.heartbeats() {
			if beat.Storage.Lost {
				return nil
			}
		}
		return errors.New("no heartbeat says that something was lost")
	})
}

// immutable is situation 5, too: nobody may write to the database's files, as on a disk
// that went read-only. It is out of order, thanks nobody, and goes on by itself when they
// are as before. Where Chromium's own account of what sites keep was frozen when it
// started, it opens no database until it starts again, and the device goes on then.
func immutable(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(3)
	p.settles(d)
	harness.LetPass(6 * time.Second)
	if err := d.freeze("+i", "IndexedDB"); err != nil {
		t.Skipf("NOTHING CAN BE MADE IMMUTABLE HERE: that is not tried: %v", err)
	}
	t.Cleanup(func() { _ = d.freeze("-i", "IndexedDB", "WebStorage") })
	for range 3 { // What is open may be written still; what is not stored is said.
		if err := d.vote("green"); err != nil && !errors.Is(err, errUnstored) {
			if screen, _ := ask[string](d, `document.documentElement.dataset.screen`); screen != "broken" && screen != "not_stored" {
				t.Fatal(err)
			}
		}
	}
	p.settles(d)
	for _, folders := range [][]string{{"IndexedDB"}, {"IndexedDB", "WebStorage"}} {
		d.kill()
		if err := d.freeze("+i", folders...); err != nil {
			t.Fatal(err)
		}
		d.start("")
		d.shows("broken")
		harness.LetPass(6 * time.Second)
		thanked, _, err := d.said()
		if screen, _ := ask[string](d, `document.documentElement.dataset.screen`); err != nil || thanked != 0 || screen != "broken" {
			t.Errorf("thanked %d times, %v; the screen is %q", thanked, err, screen)
		}
		if err := d.pick("green"); err == nil {
			t.Error("a face can be pressed")
		}
		if err := d.freeze("-i", folders...); err != nil {
			t.Fatal(err)
		}
		if len(folders) > 1 {
			d.quit()
			d.start("")
		}
		d.showsWithin(60*time.Second, "face")
		d.votes(3)
		p.settles(d)
	}
}

// freeze makes folders of the profile immutable ("+i"), or as before ("-i").
func (d *device) freeze(flag string, folders ...string) error {
	args := []string{"-R", flag}
	for _, folder := range folders {
		at := filepath.Join(d.profile, "Default", folder)
		if _, err := os.Stat(at); err == nil {
			args = append(args, at)
		}
	}
	out, err := exec.Command("chattr", args...).CombinedOutput() //nolint:noctx // The test's context may be over.
	if err != nil {
		return fmt.Errorf("chattr %s: %w: %s", flag, err, out)
	}
	return nil
}

// diskFull is situation 6: a disk of its own, which is filled, and has room again.
func diskFull(t *testing.T, p *place) {
	disk := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("needs to mount a small disk: %v: %s", err, out)
	}
	d := p.device(disk)
	t.Cleanup(func() {
		d.kill()
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil { //nolint:noctx // The test's context is over.
			t.Errorf("unmount: %v: %s", err, out)
		}
	})
	d.setUp()
	d.votes(3)
	filler := filepath.Join(disk, "filler")
	_ = exec.CommandContext(t.Context(), "sh", "-c", "cat /dev/zero > "+filler).Run() // Until there is no room.
	refused := 0
	for range 60 { // What is begun of a file has room for a few.
		if refused >= 3 {
			break
		}
		if screen, _ := ask[string](d, `document.documentElement.dataset.screen`); screen == "broken" {
			refused++
			harness.LetPass(500 * time.Millisecond)
			continue
		}
		switch err := d.vote("green"); {
		case err == nil:
		case errors.Is(err, errUnstored):
			refused++
		default:
			if screen, _ := ask[string](d, `document.documentElement.dataset.screen`); screen != "broken" && screen != "not_stored" {
				t.Fatal(err)
			}
			refused++
		}
	}
	if refused == 0 {
		t.Error("a full disk refused nothing")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	d.showsWithin(60*time.Second, "face")
	d.votes(3)
	p.settles(d)
}
