package alarmed

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlf/proof/harness"
)

// TestRunbookNamesCommandsAndFlagsThatThereAre.
func TestRunbookNamesCommandsAndFlagsThatThereAre(t *testing.T) {
	r := runbook(read(t, "runbook.md"))
	var help strings.Builder
	lines := r.lines("mlf")
	if len(lines) < 5 {
		t.Fatalf("%d lines of mlf", len(lines))
	}
	helped := make(map[string]string)
	for _, line := range append(lines, []string{"query"}, []string{"ingest"}) {
		var words []string // Of commands, without what they are given.
		for _, word := range line {
			if regexp.MustCompile(`^[a-z]+$`).MatchString(word) {
				words = append(words, word)
			}
		}
		of := strings.Join(words, " ")
		if helped[of] == "" {
			helped[of] = harness.Run(t, append(words, "--help")...)
			help.WriteString(helped[of])
		}
		for _, word := range line {
			if strings.HasPrefix(word, "--") && !strings.Contains(helped[of], word+"=") && !strings.Contains(helped[of], word+" ") {
				t.Errorf("mlf %s has no %s", of, word)
			}
		}
	}
	for _, flag := range regexp.MustCompile("`(--[a-z-]+)`").FindAllStringSubmatch(string(r), -1) {
		if !strings.Contains(help.String(), flag[1]+"=") {
			t.Errorf("there is no flag %s", flag[1])
		}
	}
}

// TestRunbookNamesMetricsAndLogLinesThatThereAre in the source, or in the rules.
func TestRunbookNamesMetricsAndLogLinesThatThereAre(t *testing.T) {
	r := runbook(read(t, "runbook.md"))
	source := sources(t)
	quoted := regexp.MustCompile(`log line "([^"]+)"`).FindAllStringSubmatch(string(r), -1)
	if len(quoted) < 2 {
		t.Fatalf("%d log lines are quoted", len(quoted))
	}
	for _, line := range quoted {
		if !strings.Contains(source, `("`+line[1]) {
			t.Errorf("nobody logs %q", line[1])
		}
	}
	rules := string(read(t, "rules.yaml"))
	for _, name := range r.metrics() {
		words := strings.SplitN(name, "_", 3) // Some names are made of mlf_, or of mlf_query_, and the rest.
		isMade := len(words) == 3 && (strings.Contains(source, `"`+words[1]+"_"+words[2]+`"`) ||
			strings.Contains(words[2], "_") && strings.Contains(source, `"`+words[2]+`"`))
		if !isMade && !strings.Contains(source, `"`+name+`"`) && !strings.Contains(rules, "record: "+name+"\n") {
			t.Errorf("there is no metric %s", name)
		}
	}
}

// sources returns all of Go that is no test.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "bin", "proof"}, d.Name()) {
			return fs.SkipDir
		}
		if filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
