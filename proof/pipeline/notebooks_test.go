package pipeline_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlf/proof/harness"
)

// TestNotebooks: what docs/notebooks shows to analysts runs on a service as it is.
// MLF_PYTHON names an interpreter that has pandas, pyarrow and duckdb; R is run where
// there is one.
func TestNotebooks(t *testing.T) {
	python := os.Getenv("MLF_PYTHON")
	if python == "" {
		t.Skip("MLF_PYTHON is not set to a Python that has pandas, pyarrow and duckdb")
	}
	up := harness.NewUp(t)
	up.Begin(t)
	service := "http://" + up.Query
	harness.Run(t, "simulate", "--ingest", "http://"+up.Ingest, "--query", service, "--kafka", up.Kafka, "--terminals", "40", "--days", "3", "--seed", "1")
	run := func(name string, args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), name, args...) //nolint:gosec // The tester's interpreters.
		c.Env = append(os.Environ(), "MLF_URL="+service)
		var said bytes.Buffer
		c.Stdout, c.Stderr = &said, &said
		if err := c.Run(); err != nil {
			t.Errorf("%s %s: %v\n%s", name, args[0], err, said.String())
		}
	}
	notebooks, err := filepath.Glob("../../docs/notebooks/*.ipynb")
	if err != nil || len(notebooks) == 0 {
		t.Fatalf("%d notebooks, %v", len(notebooks), err)
	}
	for _, path := range notebooks {
		program := filepath.Join(t.TempDir(), filepath.Base(path)+".py")
		if err := os.WriteFile(program, []byte(codeOf(t, path)), 0o600); err != nil {
			t.Fatal(err)
		}
		run(python, program)
	}
	t.Run("R", func(t *testing.T) {
		r, err := exec.LookPath("Rscript")
		if err != nil {
			t.Skip("there is no R: docs/notebooks/*.R are not run")
		}
		scripts, err := filepath.Glob("../../docs/notebooks/*.R")
		if err != nil || len(scripts) == 0 {
			t.Fatalf("%d scripts, %v", len(scripts), err)
		}
		for _, path := range scripts {
			run(r, path)
		}
	})
}

// codeOf returns the code of a notebook, cell after cell.
func codeOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path) //nolint:gosec // One of ours.
	if err != nil {
		t.Fatal(err)
	}
	var notebook struct {
		Cells []struct {
			Type   string   `json:"cell_type"`
			Source []string `json:"source"`
		} `json:"cells"`
	}
	if err := json.Unmarshal(text, &notebook); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var code []string
	for _, c := range notebook.Cells {
		if c.Type == "code" {
			code = append(code, strings.Join(c.Source, ""))
		}
	}
	return strings.Join(code, "\n")
}
