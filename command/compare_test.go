package command

import (
	"net"
	"strings"
	"testing"
	"time"
)

// TestCompareGivesUpOnADatabaseThatDoesNotAnswer, names it, and tells nobody its
// password.
func TestCompareGivesUpOnADatabaseThatDoesNotAnswer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Binding a port neither waits nor dials.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for _, addr := range []string{freeAddr(t), silent.Addr().String()} {
		t.Setenv("MLF_CLICKHOUSE_A", "clickhouse://reader:geheim@"+addr+"/mlf_a?read_timeout=7s")
		began := time.Now()
		t.Setenv("MLF_CLICKHOUSE_B", "clickhouse://reader:geheim@"+addr+"/mlf_b")
		code, stdout, stderr := execute(t, "compare", "--wait", "1s")
		if took := time.Since(began); code != ExitFailed || took > 15*time.Second {
			t.Errorf("exit code %d after %v: want %d within some seconds", code, took, ExitFailed)
		}
		if !strings.Contains(stderr, addr) || !strings.Contains(stderr, "database A") || strings.Contains(stdout+stderr, "geheim") {
			t.Errorf("want the database, without its password, in: %s%s", stdout, stderr)
		}
	}
}

func TestCompareRefusesWhatItCannotUse(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		code, stdout, stderr := execute(t, append([]string{"compare"}, args...)...)
		if code != ExitUsage || !strings.Contains(stderr, want) || strings.Contains(stdout+stderr, "geheim") {
			t.Errorf("%v: exit code %d, %s%s: want %d and %q", args, code, stdout, stderr, ExitUsage, want)
		}
	}
	const a, b = "clickhouse://127.0.0.1:1/mlf", "clickhouse://127.0.0.1:1/mlf_b"
	f("<B>", a)
	f("--wait", a, b, "--wait=0s")
	f("--show", a, b, "--show=0")
	f("database 1 of 2", "http://u:geheim@127.0.0.1/mlf", b)
	f("database 2 of 2", a, "clickhouse://u:geheim@127.0.0.1:x/mlf")
}
