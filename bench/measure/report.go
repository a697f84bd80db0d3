package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// A Report is what a benchmark prints.
type Report struct {
	Command string   `json:"command"` // That gives these figures again.
	Machine Machine  `json:"machine"`
	Results []Result `json:"results"`
	Notes   []string `json:"notes,omitempty"` // What a reader must know to read the figures rightly.
	Goals   []Goal   `json:"goals,omitempty"` // What was to be reached.
}

// A Machine is where figures were seen.
type Machine struct {
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	Kernel    string `json:"kernel"`
	Go        string `json:"go"`
	LoadFirst string `json:"load_first"` // Load averages of 1, 5 and 15 minutes, before.
	LoadLast  string `json:"load_last"`  // And after.
}

// ThisMachine describes the machine. LoadLast is the caller's to fill in, with Load.
func ThisMachine() Machine {
	return Machine{
		CPU:       cpuModel(),
		Cores:     runtime.NumCPU(),
		Kernel:    firstLine("/proc/sys/kernel/osrelease"),
		Go:        runtime.Version(),
		LoadFirst: Load(),
	}
}

// Load returns the load averages of 1, 5 and 15 minutes.
func Load() string {
	fields := strings.Fields(firstLine("/proc/loadavg"))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// firstLine returns the first line of a file; empty when it cannot be read, for
// these facts are no reason to end.
func firstLine(file string) string {
	text, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// JSON writes the report as JSON.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Print writes the report as a table, a line per figure.
func (r *Report) Print(w io.Writer) error {
	m := &r.Machine
	fmt.Fprintf(w, "%s\n%s, %d cores, Linux %s, %s; load %s before, %s after\n", r.Command, m.CPU, m.Cores, m.Kernel, m.Go, m.LoadFirst, m.LoadLast)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	workload := ""
	for i := range r.Results {
		result := &r.Results[i]
		if result.Workload != workload {
			workload = result.Workload
			fmt.Fprintf(table, "\n%s\tmetric\tmedian\tleast\tmost\tratio\n", workload)
		}
		for j, f := range result.Figures {
			name := result.Subject
			if j > 0 {
				name = ""
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", name, f.Metric, short(f.Median), short(f.Min), short(f.Max), ratios(f.Ratios))
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	for _, note := range r.Notes {
		if _, err := fmt.Fprintf(w, "\n%s\n", note); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
	}
	if err := r.printGoals(w); err != nil {
		return fmt.Errorf("print goals: %w", err)
	}
	return nil
}

func ratios(by map[string]float64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%.2f x %s", by[name], name))
	}
	return strings.Join(parts, ", ")
}

// short writes a number with the digits that a measurement deserves.
func short(n float64) string {
	switch {
	case n >= 1000 || n == float64(int64(n)):
		return fmt.Sprintf("%.0f", n)
	case n >= 10:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.3f", n)
}
