package opendata_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlf/query/departure"
	"mlf/query/opendata"
)

// validators returns the folder of the programs that validate; MLF_VALIDATORS names it.
func validators(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("MLF_VALIDATORS")
	if folder == "" {
		t.Skip("MLF_VALIDATORS is not set to a folder with dcat-ap-it and csvwvalidate")
	}
	return folder
}

// validate runs a validator, and returns what it says.
func validate(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), filepath.Join(validators(t), program), args...).CombinedOutput() //nolint:gosec // The tester's programs.
	return string(said), err
}

// TestOthersValidateTheCatalogue: DCAT-AP_IT's rules find neither an error nor anything to
// warn of, and do find one where there is one. Where the operator has named nobody they
// miss the contact, and nothing else.
func TestOthersValidateTheCatalogue(t *testing.T) {
	validators(t)
	p := newPress(t)
	p.autumn()
	file := filepath.Join(t.TempDir(), "catalog.ttl")
	said := func(text string) string {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		said, _ := validate(t, "dcat-ap-it", "validate", file)
		return said
	}
	whole := p.ask("catalog.ttl").Body.String()
	if got := said(whole); !strings.Contains(got, "Nessuna violazione") {
		t.Error(got)
	}
	if got := said(strings.ReplaceAll(whole, "dct:rightsHolder", "dct:contributor")); !strings.Contains(got, "2 errori, 0 warning") {
		t.Errorf("without its rights holder: %s", got)
	}
	p.named(opendata.Config{})
	if got := said(p.ask("catalog.ttl").Body.String()); !strings.Contains(got, "0 errori, 3 warning") {
		t.Errorf("nobody is named: %s", got)
	}
}

// sameRows reads a month as README says it is read, in each form, and compares them.
const sameRows = `
import sys, duckdb, pandas
address = sys.argv[1] + "/v1/open/2026-10"
texts = dict.fromkeys(["level", "region", "province", "comune", "office", "service", "channel", "scale"], "str")
parquet = pandas.read_parquet(address + ".parquet")
csv = pandas.read_csv(address + ".csv", dtype=texts, parse_dates=["first_day", "last_day"])
lines = pandas.read_json(address + ".v2.ndjson", lines=True, dtype=texts | {"first_day": "str", "last_day": "str"}, convert_dates=False)
def rows(table): return [tuple(None if pandas.isna(x) else str(x)[:10] for x in row) for row in table.itertuples(index=False)]
assert rows(parquet) == rows(csv) == rows(lines), (rows(parquet), rows(csv), rows(lines))
parquet.to_parquet(sys.argv[2])
reasons = pandas.read_parquet(address + ".reasons.parquet")
asked = duckdb.sql("select reason, sum(r.n) from reasons r join '" + sys.argv[2] + "' l using (release, lot) where l.comune = '001272' group by all order by all").fetchall()
print(len(parquet), int(parquet.n.sum()), parquet.n.dtype, asked)
`

// TestOthersReadAMonth: pandas finds the same rows in all forms, and DuckDB joins the tables.
// MLF_PYTHON names an interpreter that has them.
func TestOthersReadAMonth(t *testing.T) {
	python := os.Getenv("MLF_PYTHON")
	if python == "" {
		t.Skip("MLF_PYTHON is not set to a Python that has pandas and DuckDB")
	}
	p := newPress(t)
	p.autumn()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.library.Serve(w, r, strings.TrimPrefix(r.URL.Path, "/v1/open/"), departure.New().Send); err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
		}
	}))
	defer server.Close()
	said, err := exec.CommandContext(t.Context(), python, "-c", sameRows, server.URL, filepath.Join(t.TempDir(), "month.parquet")).Output() //nolint:gosec // The tester's interpreter.
	if want := "8 46 int64 [('skipped', 2), ('staff', 1)]"; err != nil || strings.TrimSpace(string(said)) != want {
		t.Errorf("got %v, %s, want %s", err, said, want)
	}
}

// sameGraph reads two files and tells whether they say the same.
const sameGraph = `
import sys, rdflib, rdflib.compare
turtle, json = rdflib.Graph().parse(sys.argv[1]), rdflib.Graph().parse(sys.argv[2], format="json-ld")
print(len(turtle), rdflib.compare.isomorphic(turtle, json))
`

// TestOthersReadOneCatalogue: Turtle and JSON-LD say the same, whatever the names in them.
func TestOthersReadOneCatalogue(t *testing.T) {
	folder := t.TempDir()
	validators(t)
	p := newPress(t)
	p.autumn()
	var files []string
	for _, file := range []string{"catalog.ttl", "catalog.jsonld"} {
		path := filepath.Join(folder, file)
		if err := os.WriteFile(path, p.ask(file).Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	said, err := validate(t, "python", append([]string{"-c", sameGraph}, files...)...)
	if err != nil || !strings.HasSuffix(strings.TrimSpace(said), "True") {
		t.Errorf("got %v, %s", err, said)
	}
}

// TestOthersValidateTheFiles: CSVW's metadata fit the files, and do not fit others.
func TestOthersValidateTheFiles(t *testing.T) {
	validators(t)
	p := newPress(t)
	p.autumn()
	var spoil func(file, text string) string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file := strings.TrimPrefix(r.URL.Path, "/v1/open/")
		if spoil == nil || !strings.HasSuffix(file, ".csv") {
			if err := p.library.Serve(w, r, file, departure.New().Send); err != nil {
				http.Error(w, err.Error(), http.StatusNotFound)
			}
			return
		}
		_, _ = w.Write([]byte(spoil(file, p.ask(file).Body.String())))
	}))
	defer server.Close()
	metadata := server.URL + "/v1/open/2026-10.v2.csv-metadata.json"
	if said, err := validate(t, "csvwvalidate", metadata); err != nil || !strings.Contains(said, "OK") {
		t.Errorf("got %v, %s", err, said)
	}
	for _, wrong := range [][2]string{{"001272", "1272"}, {",totem,", ",tote,"}, {"2026-10-02", "2026-10"}, {",0,8,0,0,9", ",0,8,0,0,2"}, {"1,0,1,staff", "1,7,1,staff"}, {"1,1,channel", "1,0,channel"}} {
		spoil = func(_, text string) string { return strings.Replace(text, wrong[0], wrong[1], 1) }
		if said, err := validate(t, "csvwvalidate", metadata); err == nil {
			t.Errorf("%s in place of %s is taken: %s", wrong[1], wrong[0], said)
		}
	}
}
