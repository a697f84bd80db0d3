package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the import table: which packages of ours each package may know,
// tests apart. A new arrow is an edit here and in ARCHITECTURE.md.
var mayImport = map[string][]string{
	"main": {"command"},
	"command": {
		"command/process", "command/datadir",
		"ingest", "ingest/broker", "ingest/broker/embedded", "ingest/enrolment",
		"aggregate", "aggregate/store", "aggregate/store/embedded",
		"query", "proof/country", "bench/rig", "schema", "schema/registry",
	},
	"command/process":                {},
	"command/datadir":                {"schema"},
	"schema":                         {},
	"schema/registry":                {"schema"},
	"schema/sql":                     {},
	"schema/votepb":                  {},
	"ingest":                         {"schema", "ingest/wire"},
	"ingest/wire":                    {"schema"},
	"ingest/broker":                  {"schema"},
	"ingest/broker/embedded":         {},
	"ingest/enrolment":               {"schema", "schema/registry"},
	"ingest/broker/brokertest":       {"schema", "ingest/broker"},
	"aggregate":                      {"schema", "aggregate/fold"},
	"aggregate/fold":                 {"schema"},
	"aggregate/store":                {"schema", "schema/sql"},
	"aggregate/store/embedded":       {},
	"aggregate/store/embedded/fetch": {"aggregate/store/embedded"},
	"aggregate/store/model":          {"schema"},
	"aggregate/store/storetest":      {"schema", "aggregate/store"},
	"query":                          {"schema", "schema/registry", "query/dashboard"},
	"query/dashboard":                {},
	"query/client":                   {"schema"},
	"proof/country":                  {"query/client", "schema", "schema/registry", "schema/votepb"},
	"proof/child":                    {},
	"proof/kafka":                    {"proof/child"},
	"proof/kafka/run":                {"proof/kafka"},
	"proof/harness":                  {"command", "proof/child", "proof/kafka", "query/client", "aggregate/store/embedded"},
	"proof/sim":                      {"schema", "ingest/broker", "aggregate", "aggregate/fold", "aggregate/store/model"},
	"proof/chaos":                    {"proof/country", "proof/kafka", "proof/child", "query/client", "aggregate/store/embedded", "schema"},
	"proof/chaos/run":                {"proof/chaos", "aggregate/store/embedded"},
	"proof/drill":                    {},
	"proof/drill/run":                {"proof/drill"},
	"bench/rig": {
		"bench/measure", "bench/load", "bench/workload", "bench/backlog", "bench/baseline", "proof/child",
		"ingest/broker", "ingest/broker/embedded", "ingest/enrolment", "query/client", "aggregate/store", "aggregate/store/embedded", "schema", "schema/registry",
	},
	"bench/measure":  {},
	"bench/baseline": {"bench/backlog"},
	"bench/load":     {"bench/measure"},
	"bench/backlog":  {"schema"},
	"bench/workload": {"schema/votepb"},
}

// onlyIn says which drivers are imported where, tests apart: each by the one
// package that adapts it.
var onlyIn = map[string][]string{
	"github.com/segmentio/kafka-go":       {"ingest/broker", "bench/baseline"},
	"github.com/ClickHouse/clickhouse-go": {"aggregate/store", "bench/baseline"},
	"github.com/ClickHouse/ch-go":         {"aggregate/store"},
	"github.com/twmb/franz-go":            {"ingest/broker/embedded"},
	"github.com/ebitengine/purego":        {"aggregate/store/embedded"},
	"github.com/valyala/fasthttp":         {"ingest", "bench/baseline"},
	"net/http":                            {"command/process", "query", "query/dashboard", "query/client", "bench/rig", "proof/country", "proof/chaos", "proof/harness"},
}

func TestPackagesImportOnlyWhatTheTableAllows(t *testing.T) {
	for pkg, imports := range packages(t) {
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("package %s is not in the import table", pkg)
			continue
		}
		for path, file := range imports {
			if ours, ok := strings.CutPrefix(path, "mlf/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s: %s may not import %s", file, pkg, ours)
			}
			for driver, owners := range onlyIn {
				if (path == driver || strings.HasPrefix(path, driver+"/")) && !slices.Contains(owners, pkg) {
					t.Errorf("%s: %s may not import %s: only %v may", file, pkg, path, owners)
				}
			}
		}
	}
}

// TestTheFoldKnowsNoClock: what it counts is a function of the records alone.
func TestTheFoldKnowsNoClock(t *testing.T) {
	for path, file := range packages(t)["aggregate/fold"] {
		if slices.Contains([]string{"context", "time", "os", "sync", "math/rand", "math/rand/v2", "crypto/rand", "log/slog"}, path) {
			t.Errorf("%s: the fold must not import %s", file, path)
		}
	}
}

func TestTheTableNamesOnlyPackagesThatExist(t *testing.T) {
	exist := packages(t)
	for pkg := range mayImport {
		if _, ok := exist[pkg]; !ok {
			t.Errorf("the import table names %s, which does not exist", pkg)
		}
	}
}

func TestEveryPackageSaysWhatItKnows(t *testing.T) {
	commented := make(map[string]bool)
	eachFile(t, func(pkg, file string) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		commented[pkg] = commented[pkg] || parsed.Doc != nil && len(parsed.Doc.Text()) > 80 || isGenerated(file)
	})
	for pkg, ok := range commented {
		if !ok {
			t.Errorf("package %s has no comment that says what it knows and must not know", pkg)
		}
	}
}

// TestFilesFitAReader holds files to the length that style asks for.
func TestFilesFitAReader(t *testing.T) {
	const linesMax = 400
	eachFile(t, func(_, file string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines > linesMax && !isGenerated(file) {
			t.Errorf("%s has %d lines: want at most %d", file, lines, linesMax)
		}
	})
}

func isGenerated(file string) bool { return strings.HasSuffix(file, ".pb.go") }

// packages returns, per package, what its files import and one file that does.
func packages(t *testing.T) map[string]map[string]string {
	t.Helper()
	imports := make(map[string]map[string]string)
	eachFile(t, func(pkg, file string) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		if imports[pkg] == nil {
			imports[pkg] = make(map[string]string)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			imports[pkg][path] = file
		}
	})
	return imports
}

// eachFile calls f for every Go file that is not a test.
func eachFile(t *testing.T, f func(pkg, file string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "data" || d.Name() == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			pkg := filepath.ToSlash(filepath.Dir(path))
			if pkg == "." {
				pkg = "main"
			}
			f(pkg, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
