package rig

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlf/bench/backlog"
)

// TestALogThatFailsLeavesNoBroker: its broker has been started, and is not waited
// for.
func TestALogThatFailsLeavesNoBroker(t *testing.T) {
	t.Setenv("MLF_TEST_AS", "mlf") // What starts itself is mlf (harness.Main).
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r := &rig{dir: t.TempDir(), log: slog.New(slog.DiscardHandler)}
	plan := backlog.Plan{Rounds: 1, PerRecord: 1, Terminals: 1, Partitions: 1, Hours: 1, First: 1}
	if _, err := r.newLog(ctx, plan, nil); err == nil || ctx.Err() == nil {
		t.Fatalf("got error %v, want that it was given up", err)
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range commands {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), r.dir) {
			t.Errorf("%s still runs: %q", file, text)
		}
	}
}

// TestNoPasswordOnACommandLine: every user of the machine reads those.
func TestNoPasswordOnACommandLine(t *testing.T) {
	t.Setenv("MLF_TEST_AS", "mlf")
	c := &count{log: &benchLog{brokers: []string{"127.0.0.1:1"}}, dsn: "clickhouse://mlf:secret@127.0.0.1:1/mlf"}
	p, err := c.startSelf("query")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if strings.Contains(strings.Join(p.Args(), " "), "secret") {
		t.Errorf("arguments: %q", p.Args())
	}
}
