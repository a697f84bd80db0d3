package command

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"mlf/command/password"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestAPasswordFileIsReadEachTime: a Secret that is replaced counts without a restart.
func TestAPasswordFileIsReadEachTime(t *testing.T) {
	file := secretFile(t, "one\n")
	kafka := password.File(file).OrElse("")
	store := (&storeFlags{Clickhouse: "clickhouse://u@h:9000/mlf?secure=true", databaseFlags: databaseFlags{ClickhousePasswordFile: password.Files{password.File(file)}}})
	for _, want := range []string{"one", "t/w?o@&", "three"} {
		if err := os.WriteFile(file, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := kafka(); got != want || err != nil {
			t.Errorf("Kafka: got %q, %v, want %q", got, err, want)
		}
		if got, err := store.config(nil).Password(); got != want || err != nil {
			t.Errorf("store: got %q, %v, want %q", got, err, want)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	for _, ask := range []func() (string, error){kafka, store.config(nil).Password} {
		if got, err := ask(); got != "" || err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("got %q, %v, want an error that names %s", got, err, file)
		}
	}
}

// TestEachDatabaseHasItsPassword: files are in the order of the addresses; one is of all.
func TestEachDatabaseHasItsPassword(t *testing.T) {
	f := func(want string, files ...password.File) {
		t.Helper()
		var got []string
		for _, cfg := range (&databaseFlags{ClickhousePasswordFile: files}).databases(nil, "clickhouse://u@a:9000/mlf", "clickhouse://u@b:9000/mlf") {
			word, err := cfg.Password()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, word)
		}
		if said := strings.Join(got, " "); said != want {
			t.Errorf("got %s, want %s", said, want)
		}
	}
	one, other := password.File(secretFile(t, "one")), password.File(secretFile(t, "other"))
	f("one other", one, other)
	f("one one", one)
}

// TestWhatDoesNotGoTogetherIsAUsageError, on the command line and in a file that is
// checked.
func TestWhatDoesNotGoTogetherIsAUsageError(t *testing.T) {
	file := secretFile(t, "geheim\n")
	f := func(want string, flags ...string) {
		t.Helper()
		code, _, stderr := execute(t, append([]string{"query", "--kafka", "127.0.0.1:1", "--disclosure", "none"}, flags...)...)
		if code != ExitUsage || !strings.Contains(stderr, want) || strings.Contains(stderr, "geheim") {
			t.Errorf("%v: exit code %d, want %d and %q in\n%s", flags, code, ExitUsage, want, stderr)
		}
		text := "query:\n  kafka: k:1\n  disclosure: none\n"
		for _, flag := range flags {
			name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
			text += "  " + name + ": " + cmp.Or(value, "true") + "\n"
		}
		code, stdout, stderr := execute(t, "config", "check", configFile(t, text))
		if code != ExitFailed || !strings.Contains(stderr, want) || strings.Contains(stdout+stderr, "geheim") {
			t.Errorf("%s: exit code %d, want %d and %q in\n%s", text, code, ExitFailed, want, stderr)
		}
	}
	const dsn = "clickhouse://u@h:9000/mlf"
	none := file + ".none"
	f("it has a password, and there is another", "--clickhouse=clickhouse://u:geheim@h:9000/mlf", "--clickhouse-password-file="+file)
	f("it has a password, and there is another", "--clickhouse="+dsn+"?password=geheim", "--clickhouse-password-file="+file)
	f(none, "--clickhouse="+dsn, "--clickhouse-password-file="+none)
	f("at each comma another begins", "--clickhouse=clickhouse://a:9000,b:9000/mlf")
	f("names 2 files, of 1 databases", "--clickhouse="+dsn, "--clickhouse-password-file="+file+","+file)
	f("names 2 files, of 3 databases", "--clickhouse="+dsn+","+dsn+"2,"+dsn+"3", "--clickhouse-password-file="+file+","+file)
	f(none, "--clickhouse="+dsn+","+dsn+"2", "--clickhouse-password-file="+file+","+none)
	f("2 of 2", "--clickhouse="+dsn+",clickhouse://h:9000/a-b")
	f("at each comma another begins", "--clickhouse=clickhouse://u:geheim,geheim@h:9000/mlf")
	f("want secure=true", "--clickhouse="+dsn, "--clickhouse-ca="+file)
	f("no skip_verify", "--clickhouse="+dsn+"?secure=true&skip_verify=true", "--clickhouse-ca="+file)
	f("h:9000/mlf is named twice", "--clickhouse="+dsn+",clickhouse://h:9000")
	f("--kafka-password and --kafka-password-file: want one", "--clickhouse="+dsn, "--kafka-user=u", "--kafka-password=geheim", "--kafka-password-file="+file)
	f(none, "--clickhouse="+dsn, "--kafka-user=u", "--kafka-password-file="+none)
	f("no --kafka-user", "--clickhouse="+dsn, "--kafka-password-file="+file)
	f("no --kafka-user", "--clickhouse="+dsn, "--kafka-password=geheim")
	f("want --kafka-tls", "--clickhouse="+dsn, "--kafka-ca="+file)
	f("go together", "--clickhouse="+dsn, "--kafka-tls", "--kafka-cert="+file)
	f("go together", "--clickhouse="+dsn, "--tls-key="+file)
}

// TestEveryCommandHasItsFlagsChecked: those that commands share are checked in each.
func TestEveryCommandHasItsFlagsChecked(t *testing.T) {
	var c cli
	eachNode(newParser(&c, &bytes.Buffer{}, &bytes.Buffer{}, func(int) {}).Model.Node, func(n *kong.Node) {
		for flag, want := range map[string]string{"kafka-ca": "--kafka-tls", "kafka-key": "go together", "tls-key": "go together", "clickhouse": "read store DSN"} {
			if !n.Leaf() || n.Name == "ingest" && flag == "clickhouse" || !slices.ContainsFunc(n.Flags, func(f *kong.Flag) bool { return f.Name == flag }) {
				continue
			}
			text := fmt.Sprintf("%s-%s: http://x\n", strings.Join(words(n), "-"), flag)
			if flag == "kafka-key" {
				text += fmt.Sprintf("%s-kafka-tls: true\n", strings.Join(words(n), "-"))
			}
			if code, _, stderr := execute(t, "config", "check", configFile(t, text)); code != ExitFailed || !strings.Contains(stderr, want) {
				t.Errorf("mlf %s --%s: exit code %d, want %d and %q in %s", strings.Join(words(n), " "), flag, code, ExitFailed, want, stderr)
			}
		}
	})
}

func TestConfigCheckTakesPasswordFiles(t *testing.T) {
	file := secretFile(t, "geheim\n")
	code, stdout, stderr := execute(t, "config", "check", configFile(t,
		"aggregate:\n  kafka: k:1\n  kafka-user: u\n  kafka-password-file: "+file+"\n  clickhouse: clickhouse://u@h:9000/mlf\n  clickhouse-password-file: "+file+"\n"))
	if code != ExitDone || strings.Count(stdout, file) != 2 || strings.Contains(stdout+stderr, "geheim") {
		t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
	}
}
