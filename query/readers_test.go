package query_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pandasByAddress runs the line of Python that a document shows, on what it read.
const pandasByAddress = `
import json, sys
import pandas as pd
exec(sys.argv[2])
sheet = pd.read_csv(sys.argv[1] + "/v1/trend.csv?period=2026-Q4&step=month")
print(json.dumps({"columns": list(votes.columns), "n": int(votes["n"].sum()), "comuni": sorted(votes["comune"].unique()), "trend": int(sheet["n"].sum())}))
`

// lineOf returns the line of a document that begins so, of the service at address.
func lineOf(t *testing.T, document, begins, address string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "    "+begins) {
			return strings.ReplaceAll(strings.TrimSpace(line), "http://127.0.0.1:8081", address)
		}
	}
	t.Fatalf("%s has no line %s", document, begins)
	return ""
}

// TestOthersReadByAddress: the address of a file is all that pandas needs: the lines
// of README and docs/client.md run as they stand there.
// MLF_PYTHON names an interpreter that has it.
func TestOthersReadByAddress(t *testing.T) {
	python := os.Getenv("MLF_PYTHON")
	if python == "" {
		t.Skip("MLF_PYTHON is not set to a Python that has pandas and pyarrow")
	}
	w := filled(t)
	server := httptest.NewServer(w.server.Handler())
	defer server.Close()
	for _, document := range []string{"../README.md", "../docs/client.md"} {
		readByPandas(t, w, python, lineOf(t, document, "votes = pd.", server.URL), server.URL)
	}
}

// TestOthersReadByR: the same of R, where there is one.
func TestOthersReadByR(t *testing.T) {
	script, err := exec.LookPath("Rscript")
	if err != nil {
		t.Skip("there is no R: its line in docs/client.md is not run")
	}
	w := filled(t)
	server := httptest.NewServer(w.server.Handler())
	defer server.Close()
	line := lineOf(t, "../docs/client.md", "votes <- ", server.URL)
	said, err := exec.CommandContext(t.Context(), script, "-e", line+"; cat(sum(votes$n), min(votes$comune))").CombinedOutput() //nolint:gosec // The tester's interpreter.
	want := fmt.Sprint(ask[struct{ Rows []figure }](w, "/v1/stats?period=2026-Q4").Rows[0].N, " 001272")
	if err != nil || string(said) != want {
		t.Errorf("%s: got %s, %v, want %s", line, said, err, want)
	}
}

func readByPandas(t *testing.T, w *world, python, line, address string) {
	t.Helper()
	run := exec.CommandContext(t.Context(), python, "-c", pandasByAddress, address, line) //nolint:gosec // The tester's interpreter.
	var complaints bytes.Buffer
	run.Stderr = &complaints
	said, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", python, err, complaints.String())
	}
	var got struct {
		Columns, Comuni []string
		N, Trend        uint64
	}
	if err := json.Unmarshal(said, &got); err != nil {
		t.Fatal(err)
	}
	want := ask[struct{ Rows []figure }](w, "/v1/stats?period=2026-Q4").Rows[0].N
	if got.N != want || got.Trend != want || len(got.Comuni) == 0 || got.Comuni[0] != "001272" {
		t.Errorf("got %+v, want %d votes", got, want)
	}
}

// bulletinsByAddress reads a bulletin as statistical offices do.
const bulletinsByAddress = `
import json, sys, urllib.request, pandas, pyjstat.pyjstat, pysdmx.io
text = lambda ending: urllib.request.urlopen(sys.argv[1] + ending).read().decode()
cube = pyjstat.pyjstat.Dataset.read(text(".jsonstat?vintage=1")).write("dataframe")
with open(sys.argv[2], "w", newline="") as file:
    file.write(text(".sdmx.csv?vintage=1"))
data = pysdmx.io.read_sdmx(sys.argv[2], validate=True).data[0].data
sheet = pandas.read_csv(sys.argv[1] + ".csv?vintage=1&table=headline")
print(json.dumps({"cube": int(cube[cube["measure"] == "n"]["value"].sum()), "sdmx": int(data[data["MEASURE"] == "N"]["OBS_VALUE"].astype(float).sum()), "n": int(sheet["n"].sum())}))
`

// othersRead lets others' libraries read the bulletin at address. MLF_PYTHON names an
// interpreter that has them.
func (w *served) othersRead(t *testing.T, address string) {
	t.Helper()
	python := os.Getenv("MLF_PYTHON")
	if python == "" {
		return
	}
	server := httptest.NewServer(w.server.Handler())
	defer server.Close()
	file := filepath.Join(t.TempDir(), "bulletin.csv")
	run := exec.CommandContext(t.Context(), python, "-c", bulletinsByAddress, server.URL+address, file) //nolint:gosec // The tester's interpreter.
	var complaints bytes.Buffer
	run.Stderr = &complaints
	said, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", python, err, complaints.String())
	}
	var got struct{ Cube, SDMX, N uint64 }
	if err := json.Unmarshal(said, &got); err != nil {
		t.Fatal(err)
	}
	if got.Cube != 12 || got.SDMX != 12 || got.N != 12 {
		t.Errorf("others read %+v, want 12 votes", got)
	}
}
