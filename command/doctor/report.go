package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"mlf/schema/finding"
)

// A Report is what was found.
type Report struct {
	Findings []finding.Finding `json:"findings"`
	Totals   Totals            `json:"totals"`
}

// Totals count findings.
type Totals struct {
	OK      int `json:"ok"`
	Warn    int `json:"warn"`
	Fail    int `json:"fail"`
	Skipped int `json:"skipped"`
}

// New returns the report of findings.
func New(findings []finding.Finding) *Report {
	r := &Report{Findings: findings}
	for _, f := range findings {
		switch f.Status {
		case finding.OK:
			r.Totals.OK++
		case finding.Fail:
			r.Totals.Fail++
		case finding.Skipped:
			r.Totals.Skipped++
		default:
			r.Totals.Warn++
		}
	}
	return r
}

// Warn logs what is wrong, for who has not asked for it. What is not known it leaves to
// mlf doctor.
func Warn(log *slog.Logger, found []finding.Finding) {
	for _, f := range found {
		if !f.Known() || f.Status != finding.Fail && f.Status != finding.Warn {
			continue
		}
		log.Warn("what mlf promises is at risk: see mlf doctor", slog.String("subject", strings.TrimSpace(f.Check+" "+f.On)),
			slog.String("detail", oneLine(f.Says)), slog.String("reason", oneLine(f.Breaks)), slog.String("advice", oneLine(f.Remedy)))
	}
}

// JSON writes r as one object.
func (r *Report) JSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Print writes r for a person: a line for each finding, and below it which promise it
// breaks and what mends it.
func (r *Report) Print(out io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings {
		on := ""
		if f.On != "" {
			on = " " + f.On
		}
		fmt.Fprintf(&b, "%-7s %s%s: %s\n", f.Status, f.Check, on, oneLine(f.Says))
		if f.Breaks != "" {
			fmt.Fprintf(&b, "        breaks: %s\n", oneLine(f.Breaks))
		}
		if f.Remedy != "" {
			fmt.Fprintf(&b, "        remedy: %s\n", oneLine(f.Remedy))
		}
	}
	t := r.Totals
	fmt.Fprintf(&b, "%d fail, %d warn, %d ok, %d skipped\n", t.Fail, t.Warn, t.OK, t.Skipped)
	_, err := io.WriteString(out, b.String())
	return err
}

// oneLine keeps the words of a server from looking like a finding of their own.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
