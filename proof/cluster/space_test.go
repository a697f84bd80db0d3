package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlf/proof/child"
)

// heldVariable makes TestTheHeldRun the run that is to be killed, in the folder
// that it names.
const heldVariable = "MLF_TEST_CLUSTER_HELD"

// TestAKilledRunLeavesNothing: what was started inside ends with the process that
// made the namespaces, though it has another parent and a session of its own, as
// those who watch containers do. The next run removes the folder and the groups.
func TestAKilledRunLeavesNothing(t *testing.T) {
	if err := Fit(); err != nil {
		t.Skip(err)
	}
	temp := t.TempDir()
	dir := newFolder(t, temp)
	run, err := child.StartSelf([]string{heldVariable + "=" + dir}, "-test.run=^TestTheHeldRun$")
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Await(t.Context(), func() error {
		_, err := os.Stat(filepath.Join(dir, "inside"))
		return err
	}); err != nil {
		t.Fatal(err, run.Said())
	}
	if err := sweep(t.Context(), temp); err != nil {
		t.Fatal(err)
	}
	if !isFile(filepath.Join(dir, ownersFile)) || commands(t, dir) == 0 {
		t.Fatal("the folder of a run that goes on was removed, or what ran inside")
	}
	run.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), endMax)
	defer cancel()
	if err := until(ctx, func() error {
		if n := commands(t, dir); n > 0 {
			return fmt.Errorf("%d processes are left", n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := sweep(ctx, temp); err != nil {
		t.Error(err)
	}
	if err := (&Cluster{dir: dir}).left(); err != nil {
		t.Error(err)
	}
}

// TestTheHeldRun makes namespaces in which something runs that nobody waits for,
// and waits to be killed.
func TestTheHeldRun(t *testing.T) {
	dir := os.Getenv(heldVariable)
	if dir == "" {
		t.Skip("is not a test, but a process of one")
	}
	if err := makeGroups(dir); err != nil {
		t.Fatal(err)
	}
	s := inhabited(t, dir)
	<-s.holder.Ended()
}

// TestASpaceEndsWithAllInIt, and with nothing else: who is only in the network is
// seen, so that one who was forgotten there would be.
func TestASpaceEndsWithAllInIt(t *testing.T) {
	if err := Fit(); err != nil {
		t.Skip(err)
	}
	s := inhabited(t, newFolder(t, t.TempDir()))
	beside, err := child.Start(s.beside(t.Context(), "sleep", "60"))
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Kill()
	f := func(when string, want func(n int) bool) {
		t.Helper()
		if pids, err := inhabitants(s.network); err != nil || !want(len(pids)) {
			t.Errorf("%s: processes %v, %v", when, pids, err)
		}
	}
	if err := beside.Await(t.Context(), func() error {
		if pids, _ := inhabitants(s.network); !slices.Contains(pids, strconv.Itoa(beside.Pid())) {
			return errors.New("it is not in the network yet")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	f("before", func(n int) bool { return n >= 4 }) // unshare, pause, what is inside, and beside.
	s.end(t.Context())
	f("after", func(n int) bool { return n == 1 })
	beside.Kill()
	f("without what was beside", func(n int) bool { return n == 0 })
}

// newFolder makes a node's folder in temp, with a name that no other has.
func newFolder(t *testing.T, temp string) string {
	t.Helper()
	dir := filepath.Join(temp, fmt.Sprint(dirPrefix, "test-", os.Getpid(), "-", time.Now().UnixNano()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// inhabited makes namespaces in which something runs that nobody waits for.
func inhabited(t *testing.T, dir string) *space {
	t.Helper()
	pause := filepath.Join(dir, "pause")
	if said, err := goCommand(t.Context(), "", "build", "-o", pause, "mlf/proof/cluster/pause").CombinedOutput(); err != nil {
		t.Fatal(err, string(said))
	}
	s, err := newSpace(t.Context(), dir, os.Getenv("PATH"), pause)
	if err != nil {
		t.Fatal(err)
	}
	inside := s.inside(t.Context(), "sh", "-euc", `setsid tail -f "$1/owners" >/dev/null 2>&1 & touch "$1/inside"`, "sh", dir)
	if said, err := inside.CombinedOutput(); err != nil {
		t.Fatal(err, string(said))
	}
	return s
}

// commands returns how many processes of this machine, other than this one and
// those that have ended, have dir in their command line.
func commands(t *testing.T, dir string) (n int) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-eo", "pid,args").Output()
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		if strings.Contains(lines.Text(), dir) {
			n++
		}
	}
	return n
}

// TestARunThatHasEndedIsNotTakenForAnother: numbers of processes are given again.
func TestARunThatHasEndedIsNotTakenForAnother(t *testing.T) {
	sleep := exec.CommandContext(t.Context(), "sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	start := started(sleep.Process.Pid)
	if start == "" || started(os.Getpid()) == start {
		t.Errorf("a process started at %q, this one at %q", start, started(os.Getpid()))
	}
	if err := sleep.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := until(t.Context(), func() error {
		if started(sleep.Process.Pid) != "" {
			return errors.New("it goes on")
		}
		return nil
	}); err != nil { // It waits to be asked, and counts as ended.
		t.Error(err)
	}
	_ = sleep.Wait() // It was killed.
}
