package child_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mlf/proof/child"
)

// shell starts a script as a child.
func shell(t *testing.T, script string) *child.Process {
	t.Helper()
	p, err := child.Start(exec.Command("/bin/sh", "-c", script)) //nolint:noctx // Killed at the test's end.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// within fails the test when done is not closed in time.
func within(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the process has not ended")
	}
}

func TestAwaitSaysHowAProcessEndedEarly(t *testing.T) {
	p := shell(t, "echo no such luck >&2; exit 3")
	err := p.Await(t.Context(), func() error { return errors.New("not ready") })
	if !errors.Is(err, child.ErrEnded) || !strings.Contains(err.Error(), "no such luck") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want its last words", err)
	}
	if got := p.ExitCode(); got != 3 {
		t.Errorf("exit code: got %d, want 3", got)
	}
}

func TestAStoppedProcessIsGone(t *testing.T) {
	p := shell(t, "exec sleep 60")
	if err := errors.Join(p.Alive(), p.Stop(child.StopMax)); err != nil {
		t.Fatal(err)
	}
	if p.Alive() == nil {
		t.Error("a stopped process lives")
	}
	for name, do := range map[string]func() error{"pause": p.Pause, "resume": p.Resume, "interrupt": p.Interrupt} {
		if err := do(); !errors.Is(err, child.ErrEnded) {
			t.Errorf("%s after the end: got %v, want ErrEnded", name, err)
		}
	}
	p.Kill() // Changes nothing.
}

// TestAProcessThatDoesNotListenIsKilled: a shell that ignores SIGTERM.
func TestAProcessThatDoesNotListenIsKilled(t *testing.T) {
	p := shell(t, "trap '' TERM; echo deaf >&2; while :; do sleep 0.01; done")
	if err := p.Await(t.Context(), func() error {
		if !strings.Contains(p.Said(), "deaf") {
			return errors.New("not yet deaf")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(50 * time.Millisecond); err == nil {
		t.Error("got no error for a process that had to be killed")
	}
	within(t, p.Ended())
}

// TestAPausedProcessStandsStill: it is paused when Pause returns, however often,
// and is woken up to hear that it has to end.
func TestAPausedProcessStandsStill(t *testing.T) {
	p := shell(t, "exec sleep 60")
	for range 2 {
		if err := p.Pause(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(p.Resume(), p.Pause(), p.Stop(child.StopMax)); err != nil {
		t.Error(err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	if err := shell(t, "exit 0").Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if err := shell(t, "echo bad >&2; exit 1").Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "bad") {
		t.Errorf("got %v, want the last words", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p := shell(t, "exec sleep 60")
	cancel()
	if err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context has ended", err)
	}
	within(t, p.Ended())
}
