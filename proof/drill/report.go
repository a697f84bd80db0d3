// Package drill breaks the decision code on purpose, one guard at a time, and
// sees that a named test notices: `make drill`. A guard that can be taken away
// without any test failing is a guard that somebody will take away.
//
// It works on a copy of the module. It knows the texts of the guards and the names
// of the tests, and must not know what either does: a fault whose text is no
// longer there is an error, so that the table cannot fall behind the code.
package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"
)

// Options choose what a drill does; they are the flags of its command.
type Options struct {
	Only    string        `help:"Apply only the faults whose name matches this regular expression."`
	List    bool          `help:"Print the faults and end."`
	JSON    string        `name:"json" type:"path" help:"File to write the report to, as JSON."`
	Timeout time.Duration `default:"3m" help:"Longest run of one fault's test. A test that hangs has noticed, too."`
}

// A report is what one drill has found.
type report struct {
	Began   time.Time `json:"began"`
	Seconds float64   `json:"seconds"`
	Go      string    `json:"go"`
	CPUs    int       `json:"cpus"`
	Caught  int       `json:"caught"`
	Results []result  `json:"results"`
}

// Run applies the chosen faults to a copy of the module in the working folder,
// one by one, and says on out what noticed each. It returns an error for a fault
// that went unnoticed, does not compile, or whose text is no longer in the code.
func Run(ctx context.Context, o Options, out io.Writer) (err error) {
	faults, err := chosen(o.Only)
	if err != nil {
		return err
	}
	if o.List {
		for _, f := range faults {
			fmt.Fprintf(out, "%-32s %s: %s -run %s\n", f.Name, f.Edits[0].File, f.Package, f.Run)
		}
		return nil
	}
	copied, err := os.MkdirTemp("", "mlf-drill-")
	if err != nil {
		return fmt.Errorf("make folder for the copy: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(copied)) }()
	if err := copyModule(copied); err != nil {
		return err
	}
	d := drill{dir: copied, timeout: o.Timeout}
	fmt.Fprintf(out, "%d faults; first the tests without any\n", len(faults))
	if err := d.unharmed(ctx, faults); err != nil {
		return err
	}
	r := report{Began: time.Now().UTC(), Go: runtime.Version(), CPUs: runtime.NumCPU()}
	for _, f := range faults {
		res := d.try(ctx, f)
		if ctx.Err() != nil {
			return fmt.Errorf("fault %s: %w", f.Name, context.Cause(ctx))
		}
		if res.Outcome == caught {
			r.Caught++
		}
		r.Results = append(r.Results, res)
		fmt.Fprintf(out, "%-32s %-15s %6.1f s  %s\n", f.Name, res.Outcome, res.Seconds, res.By)
	}
	r.Seconds = time.Since(r.Began).Seconds()
	fmt.Fprintf(out, "%d of %d caught in %.0f s\n", r.Caught, len(faults), r.Seconds)
	return errors.Join(r.write(o.JSON), r.verdict())
}

// chosen returns the faults whose name matches pattern.
func chosen(pattern string) ([]fault, error) {
	only, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("read --only: %w", err)
	}
	var faults []fault
	for _, f := range allFaults() {
		if only.MatchString(f.Name) {
			faults = append(faults, f)
		}
	}
	if len(faults) == 0 {
		return nil, fmt.Errorf("no fault's name matches %q", pattern)
	}
	return faults, nil
}

// write writes r to a file, if one is named.
func (r *report) write(file string) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// verdict returns an error for what was not caught, with the test's output where
// that helps.
func (r *report) verdict() error {
	var errs []error
	for _, res := range r.Results {
		if res.Outcome != caught {
			errs = append(errs, fmt.Errorf("fault %s in %s: %s\n%s", res.Name, res.Edits[0].File, res.Outcome, tail(res.output)))
		}
	}
	return errors.Join(errs...)
}
