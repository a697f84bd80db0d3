package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A node's folder has this prefix, in the folder for temporary files.
const dirPrefix = "mlf-cluster-"

// ownersFile names the processes that a folder belongs to: who runs the node, then
// who holds its namespaces.
const ownersFile = "owners"

// own writes into dir whose it is, a line for each process: its number and when it
// started, since numbers are given again.
func own(dir string, pids ...int) error {
	var b strings.Builder
	for _, pid := range pids {
		fmt.Fprintf(&b, "%d %s\n", pid, started(pid))
	}
	// Whole or not at all: another run may look at this moment.
	file := filepath.Join(dir, ownersFile)
	err := os.WriteFile(file+".part", []byte(b.String()), 0o600)
	if err == nil {
		err = os.Rename(file+".part", file)
	}
	if err != nil {
		return fmt.Errorf("write owners: %w", err)
	}
	return nil
}

// started returns when a process started, in the kernel's ticks since it was
// booted; "" of a process that there is not, or that has ended and waits for its
// parent to ask.
func started(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The name, in parentheses, may hold anything.
	after := string(text[strings.LastIndexByte(string(text), ')')+1:])
	const state, start = 0, 19 // Fields 3 and 22 of proc_pid_stat(5).
	fields := strings.Fields(after)
	if len(fields) <= start || fields[state] == "Z" {
		return ""
	}
	return fields[start]
}

// sweep removes what runs that were killed have left.
func sweep(ctx context.Context, temp string) error {
	files, err := filepath.Glob(filepath.Join(temp, dirPrefix+"*", ownersFile))
	if err != nil {
		return fmt.Errorf("look for earlier runs: %w", err)
	}
	for _, f := range files {
		err = errors.Join(err, sweepOne(ctx, f))
	}
	return err
}

// sweepOne removes the node that the file is of, unless who runs it still does.
func sweepOne(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil // Another run has just ended, and has removed its own.
	}
	if err != nil {
		return fmt.Errorf("read owners: %w", err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var pid int
		var start string
		if n, _ := fmt.Sscan(line, &pid, &start); n != 2 || started(pid) != start {
			continue // It has ended.
		}
		if i == 0 {
			return nil
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("end process %d of an earlier run: %w", pid, err)
		}
	}
	dir := filepath.Dir(file)
	return errors.Join(removeGroups(ctx, dir), os.RemoveAll(dir))
}
