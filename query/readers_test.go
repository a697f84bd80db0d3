package query_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
)

// pandasByAddress reads a quarter as README says it is read.
const pandasByAddress = `
import json, sys, pandas
address = sys.argv[1] + "/v1/stats.parquet?period=2026-Q4&group=comune,month"
table = pandas.read_parquet(address)
sheet = pandas.read_csv(sys.argv[1] + "/v1/trend.csv?period=2026-Q4&step=month")
print(json.dumps({"columns": list(table.columns), "n": int(table["n"].sum()), "comuni": sorted(table["comune"].unique()), "trend": int(sheet["n"].sum())}))
`

// TestOthersReadByAddress: the address of a file is all that pandas needs.
// MLF_PYTHON names an interpreter that has it.
func TestOthersReadByAddress(t *testing.T) {
	python := os.Getenv("MLF_PYTHON")
	if python == "" {
		t.Skip("MLF_PYTHON is not set to a Python that has pandas and pyarrow")
	}
	w := filled(t)
	server := httptest.NewServer(w.server.Handler())
	defer server.Close()
	run := exec.CommandContext(t.Context(), python, "-c", pandasByAddress, server.URL) //nolint:gosec // The tester's interpreter.
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
