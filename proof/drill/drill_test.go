package drill

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheTableFollowsTheCode: every fault can be made, and the test that must
// notice exists. The drill itself takes minutes; this holds its table with every
// change of the code.
func TestTheTableFollowsTheCode(t *testing.T) {
	t.Chdir("../..")
	names := make(map[string]bool)
	for _, f := range allFaults() {
		if names[f.Name] {
			t.Errorf("two faults are called %q", f.Name)
		}
		names[f.Name] = true
		texts := make(map[string]string)
		for _, e := range f.Edits {
			if _, ok := texts[e.File]; !ok {
				text, err := os.ReadFile(e.File)
				if err != nil {
					t.Fatal(err)
				}
				texts[e.File] = string(text)
			}
			harmed, err := e.apply(texts[e.File])
			if err != nil {
				t.Errorf("fault %q: %v", f.Name, err)
				continue
			}
			if harmed == texts[e.File] {
				t.Errorf("fault %q changes nothing", f.Name)
			}
			texts[e.File] = harmed
		}
		for run := range strings.SplitSeq(f.Run, "|") {
			if err := exists(f.Package, run); err != nil {
				t.Errorf("fault %q: %v", f.Name, err)
			}
		}
	}
}

// exists looks for a test of pkg that run selects.
func exists(pkg, run string) error {
	top, _, _ := strings.Cut(run, "/")
	want, err := regexp.Compile(`(?m)^func (` + strings.TrimSuffix(top, "$") + `)\w*\(t \*testing\.T\)`)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(pkg + "/*_test.go")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if want.Match(text) {
			return nil
		}
	}
	return fmt.Errorf("package %s has no test %s", pkg, run)
}

func TestFirstFailure(t *testing.T) {
	f := func(output, want string) {
		t.Helper()
		if got := firstFailure(output); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f("--- FAIL: TestA (0.00s)\n    a_test.go:5: got 1\nFAIL\n", "TestA")
	f("--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b (0.00s)\nFAIL\n", "TestA/b")
	f("panic: test timed out after 3m0s\n", "panic: test timed out")
	f("panic: runtime error: index out of range\n\ngoroutine 1\n", "panic: runtime error: index out of range")
	f("exit status 2\nFAIL\n", "the process ended")
}
