package command

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// execute runs a command line within the test.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

func configFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mlf.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigCheck(t *testing.T) {
	f := func(text string, wantCode int, want ...string) {
		t.Helper()
		code, stdout, stderr := execute(t, "config", "check", configFile(t, text))
		if code != wantCode {
			t.Errorf("%q: exit code %d, want %d: %s", text, code, wantCode, stderr)
		}
		for _, w := range want {
			if !strings.Contains(stdout+stderr, w) {
				t.Errorf("%q: got %s%s, want %q in it", text, stdout, stderr, w)
			}
		}
	}
	f("ingest:\n  kafka: [k1:9092, k2:9092]\n  listen: :8080\n", ExitDone, "k1:9092", ":8080")
	f("query:\n  kafka: k\n  clickhouse: clickhouse://u:geheim@h/mlf\n  disclosure: none\n  kafka-user: u\n  kafka-password: geheim\n", ExitDone, "@h/mlf", "(set)")
	f("log-level: warn\nschema: {apply: {kafka: k, clickhouse: 'clickhouse://h/mlf'}}\nterminal:\n  list: {kafka: k}\n  revoke: {kafka: r}\nbench: {ingest: {runs: 7}}\n", ExitDone,
		"schema apply", "terminal list", "terminal revoke", "bench ingest", "WARN", "7")
	f("log-level: warn\n", ExitDone)
	f("terminal-list-kafka: k\n", ExitDone, "terminal list")
	f("config: {check: {}}\n", ExitFailed, "configures nothing")
	f("log-level: loud\n", ExitFailed, "log-level")
	f("terminal: {list: {kafak: k}}\n", ExitFailed, "terminal: list: kafak", "kafka")
	f("terminal: {kafka: k}\n", ExitFailed, "terminal: kafka", "list")
	f("ingest:\n  kafka: k\n  listn: :8080\n", ExitFailed, "ingest: listn", "want some of", "listen")
	f("ingest:\n  listen: :8080\n", ExitFailed, "--kafka")
	f("query:\n  kafka: k\n  clickhouse: clickhouse://c\n  disclosure: all\n", ExitFailed, "disclosure")
	f("ingst: {}\n", ExitFailed, "configures nothing")
	f("listen: x\n", ExitFailed, "listen: no such command", "log-level")
	f("ingst: {listen: x}\n", ExitFailed, "ingst: listen: no such command", "ingest")
	f("a: [\n", ExitFailed, "read ")
	f("", ExitFailed, "configures nothing")
}

// TestConfigCheckShowsNoSecret: wherever in an address it stands.
func TestConfigCheckShowsNoSecret(t *testing.T) {
	for _, dsn := range []string{
		"clickhouse://u:geheim@h/mlf", "clickhouse://h/mlf?username=u&password=geheim", "clickhouse://u:geheim@h,i/mlf?secure=true",
		"clickhouse://u:geh%3Aeim@h/mlf?password=geheim", "clickhouse://u:geheim@h:x y/mlf",
	} {
		_, stdout, stderr := execute(t, "config", "check", configFile(t, "query:\n  kafka: k\n  clickhouse: "+strconv.Quote(dsn)+"\n  disclosure: none\n"))
		if text := stdout + stderr; strings.Contains(text, "geheim") || strings.Contains(text, "eim") {
			t.Errorf("a password is shown:\n%s", text)
		}
	}
}

// TestSecretFlagsAreMarked: a flag that is called like a secret is one, and says so;
// the name of a file that has one may be seen.
func TestSecretFlagsAreMarked(t *testing.T) {
	var c cli
	eachNode(newParser(&c, &bytes.Buffer{}, &bytes.Buffer{}, func(int) {}).Model.Node, func(n *kong.Node) {
		for _, f := range n.Flags {
			if secret := regexp.MustCompile("(password|secret|token)$").MatchString(f.Name); secret != f.Tag.Has(isSecret) {
				t.Errorf("mlf %s --%s: marked as secret: %v", strings.Join(words(n), " "), f.Name, !secret)
			}
		}
	})
}

func TestCommandLineWinsOverEnvironmentOverFile(t *testing.T) {
	file := configFile(t, "terminal:\n  revoke:\n    kafka: file:1\n")
	kafka := func(args ...string) string {
		t.Helper()
		var c cli
		parser := newParser(&c, &bytes.Buffer{}, &bytes.Buffer{}, func(int) {})
		if _, err := parser.Parse(append([]string{"--config", file, "terminal", "revoke", "t-x"}, args...)); err != nil {
			t.Fatal(err)
		}
		return strings.Join(c.Terminal.Revoke.Kafka, ",")
	}
	if got, want := kafka(), "file:1"; got != want {
		t.Errorf("file: got %s, want %s", got, want)
	}
	t.Setenv("MLF_KAFKA", "environment:1")
	if got, want := kafka(), "environment:1"; got != want {
		t.Errorf("environment: got %s, want %s", got, want)
	}
	if got, want := kafka("--kafka", "line:1"), "line:1"; got != want {
		t.Errorf("command line: got %s, want %s", got, want)
	}
}

func TestExitCodes(t *testing.T) {
	f := func(want int, args ...string) {
		t.Helper()
		if code, stdout, stderr := execute(t, args...); code != want {
			t.Errorf("mlf %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, stdout, stderr)
		}
	}
	f(ExitDone, "--help")
	f(ExitDone, "version")
	f(ExitUsage)
	f(ExitUsage, "ingest")
	f(ExitUsage, "up", "--data", t.TempDir(), "--no-such-flag")
	f(ExitUsage, "terminal", "enrol", "--kafka", "127.0.0.1:1", "--comune", "999999", "--channel", "counter", "--services", "anagrafe")
	f(ExitUsage, "terminal", "enrol", "--kafka", "127.0.0.1:1", "--comune", "058091", "--channel", "counter", "--services", "no-such-service")
	f(ExitUsage, "terminal", "enrol", "--kafka", "127.0.0.1:1", "--comune", "058091", "--channel", "counter", "--services", "anagrafe", "--count", "0")
	f(ExitUsage, "terminal", "revoke", "--kafka", "127.0.0.1:1", "nobody")
	f(ExitUsage, "simulate", "--kafka", "127.0.0.1:1", "--ingest", "not a url", "--query", "http://127.0.0.1:1")
	f(ExitFailed, "schema", "apply", "--kafka", "127.0.0.1:1", "--clickhouse", "clickhouse://127.0.0.1:1", "--wait", "0s")
}

func TestHalfACertificateIsRefused(t *testing.T) {
	certFile := filepath.Join(t.TempDir(), "cert.pem")
	if code, _, stderr := execute(t, "ingest", "--kafka", "127.0.0.1:1", "--tls-cert", certFile); code != ExitUsage {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
