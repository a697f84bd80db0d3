package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// An Auditor holds pages to WCAG 2.1 AA with axe-core.
type Auditor struct{ source string }

// NewAuditor reads axe-core from a file. It skips the test where there is none and
// MLF_REQUIRE_AXE is not 1.
func NewAuditor(t *testing.T, file string) *Auditor {
	t.Helper()
	source, err := os.ReadFile(file)
	if os.IsNotExist(err) && os.Getenv("MLF_REQUIRE_AXE") != "1" {
		t.Skip("no axe-core: run make page-check, which installs it")
	}
	if err != nil {
		t.Fatal(err)
	}
	return &Auditor{source: string(source)}
}

// A finding is a rule of axe-core and the elements that break it.
type finding struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Audit returns what a page breaks, a line each; none, and it breaks nothing that a
// program can see.
func (a *Auditor) Audit(tab context.Context) ([]string, error) {
	if err := chromedp.Do(tab, Script(`window.axe === undefined && (`+"() => {"+a.source+"\n}"+`)()`)); err != nil {
		return nil, fmt.Errorf("load axe-core: %w", err)
	}
	const run = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }).then((r) => JSON.stringify(r.violations))`
	text, err := chromedp.Run(tab, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, fmt.Errorf("run axe-core: %w", err)
	}
	var found []finding
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return nil, fmt.Errorf("read what axe-core found: %w", err)
	}
	var lines []string
	for _, f := range found {
		for _, node := range f.Nodes {
			lines = append(lines, fmt.Sprintf("%s (%s): %s: %s", f.ID, f.Help, node.HTML, strings.ReplaceAll(node.Summary, "\n", " ")))
		}
	}
	return lines, nil
}
