package pipeline_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mlf/proof/harness"
	"mlf/schema"
)

// TestTheLinesThatUpPrintsCastAVote hands them to a shell as they are, three times
// within a second or so: each time they cast another vote.
func TestTheLinesThatUpPrintsCastAVote(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	u := harness.NewUp(t, "--demo-terminals", "1")
	u.Begin(t)
	lines := regexp.MustCompile(`(?m)^  (stream=.*\n.*)$`).FindStringSubmatch(u.Stdout())
	if lines == nil {
		t.Fatalf("no lines to copy in:\n%s", u.Stdout())
	}
	const times = 3
	for range times {
		said, err := exec.CommandContext(t.Context(), "sh", "-c", lines[1]).CombinedOutput()
		if err != nil || !strings.Contains(string(said), `"accepted":1`) {
			t.Fatalf("the shell says %v: %s\nto %s", err, said, lines[1])
		}
	}
	harness.Eventually(t, 10*time.Second, func() error {
		if got, want := harness.ReadLedger(t, u.Query).Totals.Tally, (schema.Tally{Records: 4 + times, VotesIn: times, Counted: times}); got != want {
			return fmt.Errorf("ledger: got %+v, want %+v", got, want)
		}
		return nil
	})
	if _, body, err := harness.Get(t, "http://"+u.Query+"/v1/stats?from=2026-01-01&to=2030-01-01"); !strings.Contains(body, fmt.Sprintf(`"green":%d`, times)) {
		t.Errorf("not all of class ok: %s %v", body, err)
	}
}

// TestDemoTerminalsOfAnotherLogAreEnrolledAnew: the file with their tokens outlived
// the log, as when a folder is restored in part.
func TestDemoTerminalsOfAnotherLogAreEnrolledAnew(t *testing.T) {
	u := harness.NewUp(t, "--demo-terminals", "2")
	if err := os.Mkdir(u.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(u.Data, "demo-terminals.json")
	if err := os.WriteFile(file, []byte(`[{"terminal":"t-0000000000002","token":"lost"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	u.Begin(t)
	if !strings.Contains(u.Stderr(), "demo terminals are not enrolled in this log") {
		t.Errorf("not a word about the lost one:\n%s", u.Stderr())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kept := harness.Decode[[]schema.Enrolled](t, string(text))
	if len(kept) != 2 || kept[0].Token == "lost" || !strings.Contains(u.Stdout(), kept[0].Token) {
		t.Errorf("got %s, want two others, the first of them in:\n%s", text, u.Stdout())
	}
	for _, e := range kept {
		if status, body, err := harness.Do(t, http.MethodPost, "http://"+u.Ingest+"/v1/streams", e.Token, "{}"); status != http.StatusCreated {
			t.Errorf("terminal %v: %d %s %v", e.Terminal, status, body, err)
		}
	}
}
