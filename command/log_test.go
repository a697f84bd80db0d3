package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlf/ingest/archive"
	"mlf/ingest/broker"
	kafka "mlf/ingest/broker/embedded"
	"mlf/schema"
)

// emptyKafka starts a broker without topics.
func emptyKafka(t *testing.T) string {
	t.Helper()
	b, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b.Addr()
}

// apply makes a log at addr, and returns its secrets as the registry has them.
func apply(t *testing.T, addr string) (secrets []string) {
	t.Helper()
	client, err := broker.New(broker.Config{Brokers: []string{addr}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 2, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	if err := client.NewCopier().Append(t.Context(), 1, []schema.Record{{Offset: 1, Value: []byte("vote")}}); err != nil {
		t.Fatal(err)
	}
	if err := client.ReadRecords(t.Context(), func(_ string, value []byte) error {
		var of struct{ Secret string }
		err := json.Unmarshal(value, &of)
		secrets = append(secrets, of.Secret)
		return err
	}); err != nil || len(secrets) != 2 || secrets[0] == "" || secrets[1] == "" {
		t.Fatalf("got secrets %q, %v: want two", secrets, err)
	}
	return secrets
}

// TestLogCommands: what they print, and their exit codes. No secret is among it.
func TestLogCommands(t *testing.T) {
	first, second, foreign := emptyKafka(t), emptyKafka(t), emptyKafka(t)
	secrets := append(apply(t, first), apply(t, foreign)...)
	dir := filepath.Join(t.TempDir(), "archive")
	f := func(want int, says string, args ...string) string {
		t.Helper()
		code, stdout, stderr := execute(t, append([]string{"log"}, args...)...)
		if code != want || !strings.Contains(stdout+stderr, says) {
			t.Errorf("mlf log %v: exit code %d, want %d and %q in\n%s%s", args, code, want, says, stdout, stderr)
		}
		for _, secret := range secrets {
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("mlf log %v tells a secret", args)
			}
		}
		return stdout
	}
	f(ExitUsage, "missing flags: --to", "archive", "--kafka", first)
	f(ExitUsage, "--every", "archive", "--kafka", first, "--to", dir, "--every", "0s")
	f(ExitFailed, "run mlf schema apply", "archive", "--kafka", second, "--to", dir)
	f(ExitFailed, "no such file", "verify", "--from", dir+"-none")
	f(ExitDone, "3 records of 2 partitions archived, 3 of them new", "archive", "--kafka", first, "--to", dir)
	var took archive.Taken
	if err := json.Unmarshal([]byte(f(ExitDone, "", "archive", "--kafka", first, "--to", dir, "--json")), &took); err != nil || took.Added != 0 || took.Records != 3 {
		t.Errorf("archive --json: got %+v, %v: want 3 records, none new", took, err)
	}
	f(ExitFailed, "the archive has log", "archive", "--kafka", foreign, "--to", dir)
	f(ExitFailed, "record 0 of the log is not that of the archive", "restore", "--kafka", foreign, "--from", dir)
	f(ExitFailed, "1 faults", "verify", "--from", dir, "--kafka", foreign)
	f(ExitDone, "3 of them appended now", "restore", "--kafka", second, "--from", dir)
	f(ExitDone, "0 of them appended now", "restore", "--kafka", second, "--from", dir)
	f(ExitDone, "3 records compared with the log", "verify", "--from", dir, "--kafka", second)

	private(t, dir)
	files, err := filepath.Glob(filepath.Join(dir, "votes-0001-*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Truncate(files[0], 50); err != nil {
		t.Fatal(err)
	}
	var found archive.Verified
	if err := json.Unmarshal([]byte(f(ExitFailed, "archive is damaged", "verify", "--from", dir, "--json")), &found); err != nil || len(found.Faults) == 0 || found.Restorable {
		t.Errorf("verify --json: got %+v, %v: want faults", found, err)
	}
	f(ExitFailed, "archive is damaged", "restore", "--kafka", emptyKafka(t), "--from", dir)
}

// private wants a folder that nobody else of the machine may look into.
func private(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(entries, nil) {
		path := dir
		if name != nil {
			path = filepath.Join(dir, name.Name())
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: got mode %v, %v: want the owner's alone", path, info.Mode(), err)
		}
	}
}
