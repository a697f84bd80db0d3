package drill

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A fault is one guard taken away, and the test that must notice.
type fault struct {
	Name    string `json:"name"`
	Edits   []edit `json:"edits"`
	Package string `json:"package"`
	Run     string `json:"run"` // A regular expression, as go test -run wants it.
}

// An edit replaces a text that is in a file exactly once.
type edit struct {
	File string `json:"file"` // From the module's root.
	Old  string `json:"old"`
	New  string `json:"new"`
}

// An outcome is what became of a fault.
type outcome string

const (
	caught   outcome = "caught"
	survived outcome = "SURVIVED"
	stale    outcome = "TEXT NOT FOUND"
	unusable outcome = "DOES NOT BUILD"
)

// A result is a fault and what became of it.
type result struct {
	fault
	Outcome outcome `json:"outcome"`
	By      string  `json:"by,omitempty"` // The first test that failed.
	Seconds float64 `json:"seconds"`
	output  string
}

// A drill is a copy of the module to break.
type drill struct {
	dir     string
	timeout time.Duration
}

// copyModule copies the module that the working folder is the root of, without
// what is built, fetched or git's.
func copyModule(to string) error {
	if _, err := os.Stat("go.mod"); err != nil {
		return fmt.Errorf("run this in the root of the module: %w", err)
	}
	skipped := []string{".git", "bin", "data", "node_modules"}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skipped, path):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, path), 0o755)
		case !d.Type().IsRegular() || strings.HasSuffix(path, ".test"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), text, 0o600)
	})
	if err != nil {
		return fmt.Errorf("copy module: %w", err)
	}
	return nil
}

// unharmed runs every test that is to notice a fault, without one: what fails
// anyway proves nothing.
func (d *drill) unharmed(ctx context.Context, faults []fault) error {
	runs := make(map[string][]string)
	for _, f := range faults {
		if !slices.Contains(runs[f.Package], f.Run) {
			runs[f.Package] = append(runs[f.Package], f.Run)
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(runs)) {
		// Subtests are named level by level, so such names cannot be joined.
		deep := func(run string) bool { return strings.Contains(run, "/") }
		all := slices.DeleteFunc(slices.Clone(runs[pkg]), func(run string) bool { return !deep(run) })
		if flat := slices.DeleteFunc(runs[pkg], deep); len(flat) > 0 {
			all = append(all, strings.Join(flat, "|"))
		}
		for _, run := range all {
			if output, err := d.test(ctx, pkg, run); err != nil {
				return fmt.Errorf("tests of %s fail without any fault: %w\n%s", pkg, err, tail(output))
			}
		}
	}
	return nil
}

// try applies f, runs its test and takes f back.
func (d *drill) try(ctx context.Context, f fault) result {
	res := result{fault: f}
	began := time.Now()
	defer func() { res.Seconds = time.Since(began).Seconds() }()
	restore, err := d.apply(f)
	defer restore()
	if err != nil {
		res.Outcome, res.output = stale, err.Error()
		return res
	}
	output, err := d.test(ctx, f.Package, f.Run)
	res.Seconds = time.Since(began).Seconds()
	switch {
	case err == nil:
		res.Outcome, res.output = survived, output
	case strings.Contains(output, "[build failed]") || strings.Contains(output, "[setup failed]"):
		res.Outcome, res.output = unusable, output
	default:
		res.Outcome, res.By = caught, firstFailure(output)
	}
	return res
}

// apply makes the edits of f. restore takes them back, also after an error.
func (d *drill) apply(f fault) (restore func(), err error) {
	before := make(map[string][]byte)
	restore = func() {
		for file, text := range before {
			if err := os.WriteFile(file, text, 0o600); err != nil {
				panic(fmt.Sprintf("BUG: the copy cannot be restored, later results would be wrong: %v", err))
			}
		}
	}
	for _, e := range f.Edits {
		file := filepath.Join(d.dir, e.File)
		text, err := os.ReadFile(file)
		if err != nil {
			return restore, err
		}
		if _, ok := before[file]; !ok {
			before[file] = text
		}
		harmed, err := e.apply(string(text))
		if err != nil {
			return restore, err
		}
		if err := os.WriteFile(file, []byte(harmed), 0o600); err != nil {
			return restore, err
		}
	}
	return restore, nil
}

// apply returns text with e made.
func (e edit) apply(text string) (string, error) {
	if n := strings.Count(text, e.Old); n != 1 {
		return "", fmt.Errorf("%s has this %d times, want once: %q", e.File, n, e.Old)
	}
	return strings.Replace(text, e.Old, e.New, 1), nil
}

// test runs tests of a package in the copy. Paths are left out of what is built,
// so that Go's cache serves all copies.
func (d *drill) test(ctx context.Context, pkg, run string) (output string, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-trimpath", "-vet=off", "-count=1",
		"-timeout", d.timeout.String(), "-run", run, "./"+pkg)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "MLF_REQUIRE_ENGINE=1") // A test that is skipped notices nothing.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		err = fmt.Errorf("run go test: %w", err)
	}
	return string(text), err
}

// tail returns the last part of a long output.
func tail(text string) string {
	const bytesMax = 4 << 10
	if len(text) > bytesMax {
		return "…" + text[len(text)-bytesMax:]
	}
	return text
}

// firstFailure returns the name of the first test that failed in the output of go
// test, or what else ended it.
func firstFailure(output string) string {
	if m := regexp.MustCompile(`(?m)^panic: (test timed out|.{1,60})`).FindString(output); m != "" {
		return m
	}
	names := regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`).FindAllStringSubmatch(output, 2)
	if len(names) == 0 {
		return "the process ended"
	}
	return names[len(names)-1][1] // The subtest, where there is one.
}
