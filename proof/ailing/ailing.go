// Package ailing lets servers that a test starts have a wrong clock or a small disk, so
// that what looks for that is tried on real ones.
//
// It knows how programs ask the C library for the time, and Linux's file systems in
// memory. It must not know which servers there are.
package ailing

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

//go:embed testdata/clock.c
var clock []byte

// Clock lets the programs that do starts see a time of day that is so far away, in whole
// seconds. They must ask the C library for it, as Java and ClickHouse do and Go does
// not. It skips the test where there is no C compiler. Only one goroutine may start
// programs meanwhile.
func Clock(t testing.TB, away time.Duration, do func()) {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil || runtime.GOOS != "linux" {
		missing(t, "a wrong clock needs Linux, and a C compiler: apt-get install gcc libc6-dev")
	}
	dir := t.TempDir()
	source, library := filepath.Join(dir, "clock.c"), filepath.Join(dir, "clock.so")
	if err := os.WriteFile(source, clock, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), compiler, "-O2", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("compile %s: %v\n%s", source, err, said)
	}
	t.Setenv("MLF_CLOCK_AWAY", strconv.Itoa(int(away/time.Second)))
	t.Setenv("LD_PRELOAD", library)
	do()
	t.Setenv("LD_PRELOAD", "")
}

// A Disk is a small one, in memory.
type Disk struct {
	Dir string
	t   testing.TB
}

// NewDisk returns a disk of so many bytes, which is there until the test's end. It skips
// the test where there can be none: that needs Linux and root.
func NewDisk(t testing.TB, bytes string) *Disk {
	t.Helper()
	dir := t.TempDir()
	if err := mount(dir, bytes); err != nil {
		missing(t, "mount a small disk, which needs Linux and root: "+err.Error())
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	})
	return &Disk{dir, t}
}

// missing skips a test, or fails it where nothing may be left out.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("MLF_REQUIRE_AILING") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Leave puts so much on the disk that this share of it is free, from 0 to 1.
func (d *Disk) Leave(share float64) {
	d.t.Helper()
	ballast := filepath.Join(d.Dir, "ballast")
	if err := os.WriteFile(ballast, nil, 0o600); err != nil {
		d.t.Fatal(err)
	}
	free, total, err := room(d.Dir)
	if err != nil {
		d.t.Fatal(err)
	}
	n := free - share*total
	if n < 0 {
		d.t.Fatalf("there are not %v of the disk free", share)
	}
	if err := os.WriteFile(ballast, make([]byte, int(n)), 0o600); err != nil {
		d.t.Fatal(err)
	}
}
