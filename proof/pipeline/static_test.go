package pipeline_test

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/command"
)

// TestTheStaticBuildNeedsNothing: it runs where there is nothing beside it, and says
// so where it is asked for the engine that it has not.
func TestTheStaticBuildNeedsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the whole program")
	}
	binary := filepath.Join(t.TempDir(), "mlf-static")
	build := exec.CommandContext(t.Context(), "make", "-C", "../..", "static", "OUT="+binary, "RELEASE=v1.2.3")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := needsNothing(binary); err != nil {
		t.Error(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	f := func(code int, want string, args ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // A build that has the engine would serve.
		defer cancel()
		run := exec.CommandContext(ctx, binary, args...)
		out, err := run.CombinedOutput()
		if run.ProcessState == nil {
			t.Fatal(err)
		}
		if got := run.ProcessState.ExitCode(); got != code || !strings.Contains(string(out), want) {
			t.Errorf("mlf-static %v: exit code %d, %s\nwant %d and …%s…", args, got, out, code, want)
		}
	}
	f(command.ExitUsage, "no embedded ClickHouse: use the full one", "up", "--data", data)
	if _, err := os.Stat(data); err == nil {
		t.Error("mlf-static up has made a data folder")
	}
	f(command.ExitDone, "--drain-max", "ingest", "--help")
	f(command.ExitDone, "mlf v1.2.3 go1.", "version")
	f(command.ExitDone, "build static: without the embedded ClickHouse", "version")
}

// needsNothing returns nil when the kernel can run the program without any other
// file: no loader, no library.
func needsNothing(binary string) error {
	f, err := elf.Open(binary)
	if err != nil {
		return err
	}
	libraries, err := f.ImportedLibraries()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			err = errors.Join(err, errors.New("it wants an interpreter"))
		}
	}
	if len(libraries) > 0 {
		err = errors.Join(err, fmt.Errorf("it wants %v", libraries))
	}
	return errors.Join(err, f.Close())
}
