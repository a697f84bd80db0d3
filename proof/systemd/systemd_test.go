package systemd_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const units = "../../deploy/systemd"

// exposureMax is the most that systemd's own judgement of what a unit may do comes
// to, of 10.
const exposureMax = 2.0

// TestUnitsAreHardened lets systemd judge the units, with their drop-in.
func TestUnitsAreHardened(t *testing.T) {
	need(t, "systemd-analyze")
	all, err := filepath.Glob(filepath.Join(units, "*.service"))
	if err != nil || len(all) != 5 {
		t.Fatal(all, err)
	}
	for _, unit := range all {
		said, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--no-pager", unit).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		level := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindSubmatch(said)
		if level == nil {
			t.Fatalf("no level: %s", said)
		}
		if n, err := strconv.ParseFloat(string(level[1]), 64); err != nil || n > exposureMax {
			t.Errorf("%s is exposed to %s: want at most %v\n%s", unit, level[1], exposureMax, said)
		}
		said, err = exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
		for line := range strings.Lines(string(said)) {
			if strings.Contains(line, "mlf-") && !strings.Contains(line, "/usr/bin/mlf is not executable") {
				t.Errorf("%s%v", line, err)
			}
		}
	}
}

// TestUnitsRun boots systemd with the units on this machine's files, in namespaces of
// its own, and asks the stages that it starts. Kafka is away: they wait for it.
func TestUnitsRun(t *testing.T) {
	need(t, "systemd-analyze", "unshare", "/lib/systemd/systemd")
	if os.Geteuid() != 0 {
		t.Skip("THE UNITS WERE NOT RUN: that needs root")
	}
	files, out := t.TempDir(), t.TempDir()
	must(t, os.Chmod(files, 0o755)) // It becomes the machine's root.
	sh(t, "make", "-s", "-C", "../..", "static", "install-systemd", "DESTDIR="+files)
	write := func(name, text string) {
		file := filepath.Join(files, name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, []byte(text), 0o600))
	}
	write("etc/mlf/mlf.env", "MLF_KAFKA=127.0.0.1:1\nMLF_KAFKA_USER=mlf\nMLF_CLICKHOUSE=clickhouse://mlf@127.0.0.1:1/mlf\n"+
		"MLF_INGEST=http://127.0.0.1:1\nMLF_QUERY=http://127.0.0.1:1\nMLF_COMUNE=058091\nMLF_OFFICE=PROBE\n")
	for _, secret := range []string{"kafka-password", "clickhouse-password", "probe-token"} {
		write("etc/mlf/credentials/"+secret, "secret\n")
	}
	want := make(map[string]string) // What answers, by its unit's admin port.
	wants := ""
	for i, stage := range []string{"ingest", "aggregate", "query", "probe"} {
		port := strconv.Itoa(29490 + i)
		want[stage] = port
		write("etc/mlf/"+stage+".env", "MLF_ADMIN=127.0.0.1:"+port+"\n")
		wants += " mlf-" + stage + ".service"
	}
	write("etc/mlf/probe.env", "MLF_ADMIN=127.0.0.1:"+want["probe"]+"\n")
	write("etc/systemd/system/tried.target", "[Unit]\nWants=systemd-journald.service dbus.socket told.service"+wants+"\n")
	write("etc/systemd/system/told.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'until [ -e /out/tell ]; do sleep 0.2; done; "+
		"{ systemctl status --no-pager -l mlf-*; journalctl --no-pager -n 60; } > /out/status 2>&1; ps -eo user:30,args > /out/ps; systemctl stop mlf-*; systemctl show -p Result,ExecMainStatus"+wants+" > /out/result; touch /out/done'\n")
	boot(t, files, out)
	for _, port := range want {
		within(t, 30*time.Second, func() error { return answers(t.Context(), "http://127.0.0.1:"+port+"/healthz") })
	}
	must(t, os.WriteFile(filepath.Join(out, "tell"), nil, 0o600))
	within(t, 60*time.Second, func() error { _, err := os.Stat(filepath.Join(out, "done")); return err })
	status, processes, result := text(out, "status"), text(out, "ps"), text(out, "result")
	for stage := range want {
		if !regexp.MustCompile(`(?m)^mlf-` + stage + `\s+/usr/bin/mlf ` + stage).MatchString(processes) {
			t.Errorf("%s does not run as a user of its own", stage)
		}
	}
	if n := strings.Count(result, "Result=success"); n != len(want) {
		t.Errorf("%d of %d ended well when they were asked to", n, len(want))
	}
	if t.Failed() {
		t.Logf("%s\n%s\n%s", status, processes, result)
	}
}

// boot boots a machine with files laid over this one's, in cgroups and namespaces of
// its own, until the test ends.
func boot(t *testing.T, files, out string) {
	t.Helper()
	var groups []string
	for _, hierarchy := range []string{"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		if _, err := os.Stat(filepath.Join(hierarchy, "cgroup.procs")); err == nil {
			group := filepath.Join(hierarchy, fmt.Sprint("mlf-systemd-", os.Getpid()))
			must(t, os.Mkdir(group, 0o755))
			groups = append(groups, group)
		}
	}
	script := "for g in " + strings.Join(groups, " ") + "; do echo $$ > $g/cgroup.procs; done; exec unshare --mount --pid --fork --uts --ipc --cgroup --kill-child sh testdata/machine.sh"
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "sh", "-c", script)
	cmd.Env = append(os.Environ(), "FILES="+files, "OUT="+out, "BASE="+t.TempDir())
	cmd.Stderr = os.Stderr
	must(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()                 // It was killed.
		for _, group := range groups { // What was in it may still be ending.
			within(t, 10*time.Second, func() error {
				said, err := exec.Command("find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+").CombinedOutput() //nolint:noctx // The test's is over.
				if err != nil {
					return fmt.Errorf("remove %s: %w: %s", group, err, said)
				}
				return nil
			})
		}
	})
}

// within waits until try returns no error, but not longer than most.
func within(t *testing.T, most time.Duration, try func() error) {
	t.Helper()
	deadline, tick := time.After(most), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for err := try(); err != nil; err = try() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Error(err)
			return
		}
	}
}

// answers asks a stage whether it is there.
func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // Read.
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, said)
	}
	return nil
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("THE UNITS WERE NOT TRIED: there is no %s here", p)
		}
	}
}

func sh(t *testing.T, program string, args ...string) {
	t.Helper()
	if said, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, said)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func text(dir, name string) string {
	said, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err.Error()
	}
	return string(said)
}
