package chaos_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mlf/proof/chaos"
)

// shell runs a script as a process that is kept up.
func shell(t *testing.T, script string) *chaos.Process {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	p := chaos.NewProcess("shell", sh, t.TempDir(), "-c", script)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the process is not stopped")
		}
	})
	return p
}

// said returns when the process has said word n times.
func said(t *testing.T, p *chaos.Process, word string, n int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		text, err := os.ReadFile(p.LogFile())
		if err == nil && strings.Count(string(text), word) >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %q, error %v: want %s %d times", text, err, word, n)
		}
	}
}

func TestAKilledProcessIsStartedAgain(t *testing.T) {
	p := shell(t, "echo up; exec sleep 1000")
	said(t, p, "up", 1)
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	said(t, p, "up", 2)
	if got := p.Unplanned(); len(got) != 0 {
		t.Errorf("got unplanned ends %v: want none", got)
	}
}

func TestAProcessThatEndsByItselfIsReported(t *testing.T) {
	p := shell(t, "echo went wrong on 127.0.0.1:$$; sleep 0.05; exit 1")
	said(t, p, "went wrong", 3)
	if got := p.Unplanned()["went wrong on 127.0.0.1:N"]; got < 2 {
		t.Errorf("got %v: want the last line of two ends", p.Unplanned())
	}
}

// TestAFrozenProcessIsStopped: it is woken up to hear that it has to end.
func TestAFrozenProcessIsStopped(t *testing.T) {
	p := shell(t, "echo up; exec sleep 1000")
	said(t, p, "up", 1)
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
}
