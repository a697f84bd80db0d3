package main_test

import (
	"go/ast"
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
	"main":                     {"command"},
	"command":                  {"command/annotate", "command/imports", "command/network", "command/source", "command/process", "command/probe", "command/datadir", "command/tool", "command/certificates", "command/differences", "command/doctor", "command/found", "command/password", "command/progress", "command/public", "command/setup", "command/tracing", "ingest", "ingest/archive", "ingest/broker", "ingest/broker/embedded", "ingest/enrolment", "ingest/form", "ingest/report", "ingest/setup", "aggregate", "aggregate/compare", "aggregate/inquiry", "aggregate/store", "aggregate/store/embedded", "query", "query/access", "query/cube", "query/fleet", "query/disclosure", "query/disclosure/mirror", "query/opendata", "query/question", "query/calendar", "query/copies", "query/uncounted", "proof/country", "bench/rig", "bench/setup", "schema", "schema/annotation", "schema/event", "schema/finding", "schema/heartbeat", "schema/network", "schema/proxies", "schema/registry", "schema/served", "schema/shares", "schema/source", "command/source/missed", "ingest/pages", "query/bodies", "query/network", "query/seen", "command/alerts", "schema/alert"},
	"command/annotate":         {"command/tool", "query/calendar", "query/question", "schema", "schema/annotation", "schema/registry"},
	"command/network":          {"command/network/sheet", "command/tool", "ingest/enrolment", "schema", "schema/network", "schema/registry", "command/place", "command/qrcode"},
	"command/imports":          {"command/tool", "ingest/broker", "ingest/call/cdr", "ingest/form", "ingest/rating", "ingest/rating/export", "schema", "schema/event", "schema/source", "schema/pagetable"},
	"command/network/sheet":    {"command/qrcode"},
	"command/qrcode":           {},
	"command/source":           {"command/tool", "ingest/broker", "ingest/call", "ingest/enrolment", "ingest/rating/script", "schema", "schema/event", "schema/registry", "schema/source", "command/place", "command/source/iomessage", "command/source/missed", "command/source/pagelist", "command/source/poster", "schema/pagetable"},
	"command/source/iomessage": {"ingest/rating"},
	"command/source/missed":    {},
	"command/source/pagelist":  {"schema/pagetable"},
	"command/source/poster":    {"command/qrcode"},
	"command/alerts": {
		"command/password", "command/process", "command/tool", "ingest/broker", "query/alert", "query/alert/routes", "query/alert/watch", "query/desk", "query/fleet", "query/marks",
		"query/notify", "query/notify/words", "query/question", "schema", "schema/alert", "schema/annotation", "schema/network", "schema/registry",
	},
	"command/tool/tooltest":          {"command/tool", "ingest/broker", "ingest/broker/embedded"},
	"command/tool":                   {"command/certificates", "command/password", "ingest/broker", "query/fleet", "schema/registry"},
	"command/place":                  {"ingest/enrolment", "schema", "schema/registry"},
	"command/process":                {},
	"command/probe":                  {"query/client", "schema"},
	"command/certificates":           {"schema/finding"},
	"command/doctor":                 {"schema", "schema/finding", "schema/shares"},
	"command/datadir":                {"schema"},
	"command/differences":            {"aggregate/compare", "schema", "schema/presence", "schema/registry"},
	"command/password":               {},
	"command/setup":                  {"aggregate", "aggregate/store", "ingest/broker", "schema", "schema/registry", "schema/shares"},
	"command/progress":               {"ingest/archive"},
	"command/public":                 {"query/access", "query/disclosure", "query/opendata", "schema/proxies"},
	"command/tracing":                {"command/process", "aggregate", "ingest", "query", "schema"},
	"command/found":                  {"aggregate/fold", "aggregate/inquiry", "schema", "schema/registry"},
	"schema":                         {},
	"schema/alert":                   {"schema"},
	"schema/annotation":              {"schema", "schema/registry"},
	"schema/presence":                {"schema"},
	"schema/columns":                 {"schema"},
	"schema/event":                   {"schema", "schema/votepb"},
	"schema/finding":                 {},
	"schema/heartbeat":               {"schema"},
	"schema/proxies":                 {},
	"schema/pagetable":               {"schema"},
	"schema/schematest":              {"schema", "schema/registry"},
	"schema/source":                  {"schema", "schema/pagetable"},
	"schema/network":                 {"schema", "schema/registry"},
	"schema/registry":                {"schema"},
	"schema/served":                  {"schema"},
	"schema/sql":                     {},
	"schema/votepb":                  {},
	"ingest":                         {"schema", "schema/heartbeat", "schema/proxies", "schema/served", "ingest/form", "ingest/hello", "ingest/pace", "ingest/report", "ingest/setup", "ingest/wire", "ingest/pages"},
	"ingest/report":                  {"ingest/wire", "schema", "schema/heartbeat", "schema/served"},
	"ingest/hello":                   {},
	"ingest/pace":                    {"schema"},
	"ingest/pages":                   {"ingest/kiosk", "ingest/rating/script"},
	"ingest/setup":                   {"ingest/enrolment", "ingest/pace", "schema", "schema/network", "schema/proxies", "schema/registry"},
	"ingest/wire":                    {"schema", "schema/heartbeat", "schema/served"},
	"ingest/form":                    {"ingest/call", "ingest/rating", "ingest/uplink", "schema", "schema/event", "schema/proxies", "schema/source", "schema/pagetable"},
	"ingest/uplink":                  {"schema", "ingest/object"},
	"ingest/call":                    {"schema", "ingest/object"},
	"ingest/object":                  {"schema"},
	"ingest/call/cdr":                {"schema", "ingest/call"},
	"ingest/rating":                  {"schema"},
	"ingest/rating/export":           {"ingest/rating", "schema"},
	"ingest/rating/script":           {},
	"ingest/archive":                 {"schema"},
	"ingest/client":                  {},
	"ingest/kiosk":                   {},
	"ingest/broker/inspect":          {"schema/finding", "ingest/broker/settings"},
	"ingest/broker":                  {"schema", "schema/finding", "schema/heartbeat", "schema/served", "ingest/broker/inspect", "ingest/broker/lines", "ingest/broker/members", "ingest/broker/recordset", "ingest/broker/refill", "ingest/broker/settings", "schema/alert", "ingest/broker/clock"},
	"ingest/broker/members":          {"schema"},
	"schema/shares":                  {"schema"},
	"ingest/broker/refill":           {"schema", "ingest/broker/recordset"},
	"ingest/broker/settings":         {},
	"ingest/broker/clock":            {},
	"ingest/broker/lines":            {},
	"ingest/broker/recordset":        {"schema"},
	"ingest/broker/embedded":         {},
	"ingest/enrolment":               {"schema", "schema/network", "schema/registry"},
	"ingest/broker/brokertest":       {"schema", "schema/heartbeat", "schema/served", "ingest/broker"},
	"aggregate":                      {"schema", "aggregate/fold", "schema/presence"},
	"aggregate/fold":                 {"schema", "schema/event", "schema/presence"},
	"aggregate/compare":              {"schema", "schema/columns", "schema/presence"},
	"aggregate/inquiry":              {"schema", "aggregate/fold"},
	"aggregate/store":                {"schema", "schema/columns", "schema/finding", "schema/shares", "schema/sql", "aggregate/store/metrics", "aggregate/store/spare", "schema/presence"},
	"aggregate/store/embedded":       {},
	"aggregate/store/embedded/fetch": {"aggregate/store/embedded"},
	"aggregate/store/model":          {"schema", "schema/columns", "schema/presence"},
	"aggregate/store/storetest":      {"schema", "schema/columns", "aggregate/store", "schema/presence"},
	"proof/country/foreign":          {"schema", "schema/source"},
	"aggregate/store/metrics":        {},
	"aggregate/store/spare":          {"schema"},
	"proof/country/season":           {"schema"},
	"proof/corpus":                   {},
	"query":                          {"schema", "schema/annotation", "schema/network", "schema/served", "schema/registry", "query/question", "query/marks", "query/calendar", "query/form", "query/format", "query/about", "query/answer", "query/answer/meta", "query/answer/today", "query/turnout", "query/figures", "query/live", "query/flight", "query/departure", "query/batch", "query/access", "query/disclosure", "query/bulletin", "query/opendata", "query/dashboard", "query/embed", "query/fleet", "query/place", "query/reference", "query/metrics", "query/desk", "query/names", "query/network"},
	"query/bulletin": {
		"schema", "schema/registry", "query/calendar", "query/question", "query/figures", "query/format", "query/disclosure", "query/answer/words",
	},
	"query/about": {"schema/annotation", "schema/registry", "query/answer", "query/answer/meta", "query/answer/words", "query/calendar", "query/format", "query/question"},
	"query/opendata": {
		"schema", "schema/registry", "query/calendar", "query/question", "query/disclosure", "query/format", "query/departure", "query/flight", "query/opendata/rdf",
	},
	"query/disclosure/mirror": {
		"schema", "query/calendar", "query/disclosure",
	},
	"query/opendata/rdf":  {},
	"query/calendar":      {"schema"},
	"query/answer":        {"query/marks", "query/turnout", "query/answer/words", "query/answer/meta", "schema", "schema/served", "schema/registry", "query/calendar", "query/question", "query/figures", "query/format"},
	"query/question":      {"schema", "schema/registry", "query/calendar"},
	"query/figures":       {},
	"query/format":        {"schema", "query/calendar", "query/question"},
	"query/disclosure":    {"schema", "schema/registry", "schema/served", "query/calendar", "query/question"},
	"query/cube":          {"schema", "schema/columns", "query/calendar", "query/question", "query/cube/journal", "query/cube/packed"},
	"query/cube/journal":  {"schema", "query/calendar", "query/question"},
	"query/marks":         {"schema", "schema/annotation", "query/calendar", "query/question"},
	"query/cube/cubetest": {"schema", "query/calendar"},
	"query/cube/packed":   {"schema", "query/calendar", "query/question"},
	"query/access":        {"schema", "schema/proxies"},
	"query/dashboard":     {"query/files"},
	"query/desk":          {"query/access"},
	"query/bodies":        {"query/access", "query/desk", "query/form", "query/network", "query/question", "schema", "schema/network", "schema/registry"},
	"query/alert":         {"query/calendar", "query/figures", "query/fleet", "query/marks", "query/question", "schema", "schema/alert", "schema/annotation", "schema/network", "schema/registry"},
	"query/alert/routes":  {"query/access", "query/desk", "schema", "schema/alert"},
	"query/alert/watch":   {"query/alert", "schema", "schema/alert"},
	"query/embed":         {"query/departure", "query/figures", "query/files", "query/flight", "schema/registry"},
	"query/files":         {},
	"query/fleet":         {"query/calendar", "query/question", "schema", "schema/heartbeat", "schema/registry"},
	"query/place":         {"schema", "schema/registry"},
	"query/names":         {"query/place", "query/question", "schema", "schema/registry"},
	"query/uncounted":     {"schema"},
	"query/copies":        {"schema", "query/question"},
	"query/seen":          {"schema", "schema/network", "schema/presence", "query/fleet", "query/network"},
	"query/network":       {"schema", "schema/network", "schema/registry", "query/answer", "query/answer/meta", "query/calendar", "query/format", "query/question"},
	"query/form":          {"query/departure", "query/format", "query/question"},
	"query/turnout":       {"schema", "schema/served", "query/calendar", "query/question", "query/figures"},
	"query/live":          {},
	"query/metrics":       {},
	"query/notify":        {},
	"query/notify/words":  {},
	"query/flight":        {},
	"query/departure":     {},
	"query/batch":         {"query/question"},
	"query/reference":     {"query/files"},
	"query/client":        {"schema"},
	"proof/country":       {"proof/country/foreign", "proof/country/season", "query/client", "schema", "schema/registry", "schema/votepb"},
	"proof/child":         {},
	"proof/ailing":        {},
	"proof/authority":     {},
	"proof/series":        {},
	"proof/collector":     {"proof/child", "proof/cluster"},
	"proof/systemd":       {},
	"proof/kafka":         {"proof/child"},
	"proof/kafka/run":     {"proof/kafka"},
	"deploy/image":        {},
	"deploy/image/make":   {"deploy/image"},
	"proof/cluster":       {"deploy/image", "proof/child"},
	"proof/cluster/pause": {},
	"proof/cluster/run":   {"aggregate/store/embedded", "proof/alarmed", "proof/cluster", "proof/collector", "proof/deployed"},
	"proof/deployed":      {"aggregate/store/embedded", "deploy/grafana", "proof/cluster", "proof/kafka", "proof/rights"},
	"deploy/grafana":      {},
	"proof/rights":        {"proof/kafka"},
	"proof/alarmed":       {"proof/child", "proof/cluster", "proof/deployed"},
	"proof/browser":       {},
	"proof/screens":       {},
	"proof/kiosk":         {},
	"proof/harness":       {"command", "proof/child", "proof/kafka", "query/client", "aggregate/store/embedded"},
	"proof/sim":           {"schema", "schema/columns", "schema/event", "ingest/broker", "aggregate", "aggregate/fold", "aggregate/store/model", "query/cube", "query/question", "query/calendar", "proof/sim/sources", "proof/sim/verdict", "proof/sim/held", "schema/presence"},
	"proof/sim/sources":   {"schema", "schema/event"},
	"proof/sim/held":      {"aggregate/store/model", "proof/sim/verdict", "schema", "schema/presence"},
	"proof/sim/verdict":   {"schema", "schema/event", "schema/presence"},
	"proof/chaos":         {"proof/country", "proof/kafka", "proof/child", "query/client", "aggregate/store/embedded", "schema"},
	"proof/chaos/run":     {"proof/chaos", "aggregate/store/embedded"},
	"proof/drill":         {},
	"proof/drill/run":     {"proof/drill"},
	"query/answer/meta":   {"schema", "query/question", "query/figures", "query/format"},
	"query/answer/today":  {"schema", "query/answer", "query/question", "query/format"},
	"query/answer/words":  {"schema", "schema/registry", "query/question"},
	"bench/capacity":      {"bench/setup"},
	"bench/rig": {
		"bench/setup", "bench/capacity", "bench/ingest", "bench/measure", "bench/backlog", "bench/baseline", "bench/italy", "bench/questions", "bench/pages", "proof/child", "proof/chaos",
		"ingest/broker", "query/client", "query/question", "query/cube", "query/calendar", "aggregate/store", "aggregate/store/embedded", "schema", "schema/columns", "schema/registry",
	},
	"bench/setup": {"bench/measure", "proof/child", "ingest/broker/embedded"},
	"bench/ingest": {
		"bench/setup", "bench/measure", "bench/load", "bench/workload", "bench/baseline", "proof/child",
		"ingest/broker", "ingest/enrolment", "query/client", "schema", "schema/registry",
	},
	"bench/pages":     {"bench/measure"},
	"bench/questions": {"bench/italy", "bench/baseline", "aggregate/store", "query/calendar", "query/question", "schema", "schema/registry"},
	"bench/measure":   {},
	"bench/baseline":  {"bench/backlog"},
	"bench/load":      {"bench/measure"},
	"bench/backlog":   {"schema"},
	"bench/workload":  {"schema/votepb"},
	"bench/italy":     {"query/calendar", "schema", "schema/registry"},
}

// onlyIn says which drivers are imported where, tests apart: each by the one
// package that adapts it.
var onlyIn = map[string][]string{
	"github.com/segmentio/kafka-go":       {"ingest/broker", "ingest/broker/inspect", "ingest/broker/members", "ingest/broker/recordset", "ingest/broker/refill", "bench/baseline"},
	"github.com/ClickHouse/clickhouse-go": {"aggregate/store", "bench/baseline", "bench/italy", "proof/alarmed"},
	"github.com/ClickHouse/ch-go":         {"aggregate/store", "bench/italy"},
	"github.com/twmb/franz-go":            {"ingest/broker/inspect", "ingest/broker/embedded", "proof/kafka"},
	"github.com/ebitengine/purego":        {"aggregate/store/embedded"},
	"github.com/valyala/fasthttp":         {"ingest", "bench/baseline"},
	"github.com/go-jose/go-jose":          {"query/access"},
	"go.opentelemetry.io":                 {"command/tracing", "proof/collector"},
	"net/http":                            {"command", "ingest/client", "command/probe", "command/process", "command/tracing", "query", "query/access", "query/departure", "query/form", "query/opendata", "query/dashboard", "query/embed", "query/reference", "query/files", "query/live", "query/notify", "query/client", "bench/rig", "bench/pages", "proof/country", "proof/chaos", "proof/cluster", "proof/cluster/pause", "proof/collector", "proof/deployed", "proof/alarmed", "proof/harness", "command/source/missed", "query/bodies", "query/desk", "query/alert/routes"},

	"github.com/google/go-containerregistry": {"deploy/image"},
	"github.com/wneessen/go-mail":            {"query/notify"},
	"golang.org/x/image":                     {"query/embed"},
	"rsc.io/qr":                              {"command/qrcode"},
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
		if strings.HasSuffix(file, "_test.go") {
			return
		}
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

// The sizes that a reader can take in. Tests tell longer stories.
const (
	filesMax        = 25   // Of a package.
	packageLinesMax = 3500 // Of a package.
	fileLinesMax    = 400
	testLinesMax    = 600
	functionMax     = 70 // Lines.
	parametersMax   = 5
)

// logKeys are the keys of log lines, for those who search logs: one key a thing.
var logKeys = []string{
	"advice", "answered", "cells", "database", "detail", "differences", "dir", "err", "file", "for", "generation", "group", "kafka",
	"key", "kind", "length", "limit", "line", "listen", "log", "log_end", "log_end_known", "lost", "lots", "offset", "panic",
	"part", "partition", "partitions", "path", "pause", "pid", "reason", "records", "records_left", "request", "seed", "setting", "share",
	"since", "stack", "state", "status", "stderr", "subject", "taken", "tcp_port", "terminals", "text", "took", "topic",
	"value", "votes", "votes_answered", "votes_per_second", "votes_planned", "votes_sent_again", "waiting", "want",
}

// TestTheRootIsAFrontDoor: what has no room of its own does not stand in the hall.
func TestTheRootIsAFrontDoor(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"architecture_test.go", "main.go"}; !slices.Equal(files, want) {
		t.Errorf("root has %v: want %v; package command is where commands live", files, want)
	}
}

// TestNothingIsHalfMerged: a document that was merged by halves builds all the same.
func TestNothingIsHalfMerged(t *testing.T) {
	documents, err := filepath.Glob("*.md")
	if err != nil || len(documents) == 0 {
		t.Fatal(documents, err)
	}
	for _, name := range documents {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range []string{"\n<<<<<<< ", "\n>>>>>>> ", "\n## NN"} {
			if strings.Contains("\n"+string(text), mark) {
				t.Errorf("%s has a line that begins with %q", name, mark[1:])
			}
		}
	}
}

// TestFilesFitAReader holds files and packages to the length that style asks for.
func TestFilesFitAReader(t *testing.T) {
	files, lines := make(map[string]int), make(map[string]int)
	eachFile(t, func(pkg, file string) {
		if isGenerated(file) {
			return
		}
		n, most := linesOf(t, file), fileLinesMax
		if strings.HasSuffix(file, "_test.go") {
			most = testLinesMax
		} else if filepath.Base(file) != "doc.go" {
			files[pkg]++
			lines[pkg] += n
		}
		if n > most {
			t.Errorf("%s has %d lines: want at most %d", file, n, most)
		}
	})
	for pkg := range files {
		if files[pkg] > filesMax || lines[pkg] > packageLinesMax {
			t.Errorf("package %s has %d files of %d lines: want at most %d of %d; what in it is a closed world of its own?",
				pkg, files[pkg], lines[pkg], filesMax, packageLinesMax)
		}
	}
}

// TestFunctionsFitAScreen: tables in functions are data and may be long.
func TestFunctionsFitAScreen(t *testing.T) {
	eachParsed(t, func(file string, fset *token.FileSet, parsed *ast.File) {
		if strings.HasSuffix(file, "_test.go") || isGenerated(file) {
			return
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Body == nil || isTable(f) {
				continue
			}
			if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; n > functionMax {
				t.Errorf("%s: %s has %d lines: want at most %d", file, f.Name.Name, n, functionMax)
			}
			if n := f.Type.Params.NumFields(); n > parametersMax {
				t.Errorf("%s: %s has %d parameters: want at most %d", file, f.Name.Name, n, parametersMax)
			}
		}
	})
}

// isTable tells whether what f does is to return one literal, perhaps with a name
// for what it is made with.
func isTable(f *ast.FuncDecl) bool {
	last := len(f.Body.List) - 1
	if last < 0 || last > 1 {
		return false
	}
	r, ok := f.Body.List[last].(*ast.ReturnStmt)
	if !ok || len(r.Results) != 1 {
		return false
	}
	value := r.Results[0]
	if address, ok := value.(*ast.UnaryExpr); ok {
		value = address.X
	}
	_, ok = value.(*ast.CompositeLit)
	return ok
}

// TestLogLinesUseKnownKeys: who searches for a partition finds all lines of it.
func TestLogLinesUseKnownKeys(t *testing.T) {
	eachParsed(t, func(file string, fset *token.FileSet, parsed *ast.File) {
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			of, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, isName := of.X.(*ast.Ident)
			key, isText := call.Args[0].(*ast.BasicLit)
			if !isName || pkg.Name != "slog" || !isText || key.Kind != token.STRING {
				return true
			}
			if text, _ := strconv.Unquote(key.Value); !slices.Contains(logKeys, text) {
				t.Errorf("%v: log key %s is not among the known ones", fset.Position(call.Pos()), key.Value)
			}
			return true
		})
	})
}

// TestWhoMayStartTheEngineCanBeIt: the embedded ClickHouse is the same program
// started once more, so every program and test binary that can start one must know
// when it is the child; otherwise it would start itself without end.
func TestWhoMayStartTheEngineCanBeIt(t *testing.T) {
	const engine = "mlf/aggregate/store/embedded"
	imports, starts, calls, binary := make(map[string]bool), make(map[string]bool), make(map[string]bool), make(map[string]bool)
	eachParsed(t, func(file string, _ *token.FileSet, parsed *ast.File) {
		dir := filepath.ToSlash(filepath.Dir(file))
		isTest := strings.HasSuffix(file, "_test.go")
		unit := dir
		if isTest {
			unit += " (test)"
		}
		for _, spec := range parsed.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			imports[unit] = imports[unit] || path == engine
		}
		binary[unit] = binary[unit] || isTest || parsed.Name.Name == "main"
		ast.Inspect(parsed, func(n ast.Node) bool {
			of, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, isName := of.X.(*ast.Ident)
			is := func(name, function string) bool { return isName && pkg.Name == name && of.Sel.Name == function }
			starts[unit] = starts[unit] || is("embedded", "Start") || is("clickhouse", "Start")
			calls[unit] = calls[unit] || of.Sel.Name == "ChildMain" || is("harness", "Main") || is("command", "Main")
			return true
		})
	})
	for unit := range imports {
		if imports[unit] && starts[unit] && binary[unit] && !calls[unit] {
			t.Errorf("%s starts %s and never calls its ChildMain, nor harness.Main or command.Main", unit, engine)
		}
	}
}

func linesOf(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func isGenerated(file string) bool { return strings.HasSuffix(file, ".pb.go") }

// packages returns, per package, what its files import and one file that does;
// tests apart.
func packages(t *testing.T) map[string]map[string]string {
	t.Helper()
	imports := make(map[string]map[string]string)
	eachFile(t, func(pkg, file string) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
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

// eachFile calls f for every Go file, tests too.
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
		if strings.HasSuffix(path, ".go") {
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

// eachParsed calls f for every Go file, tests too.
func eachParsed(t *testing.T, f func(file string, fset *token.FileSet, parsed *ast.File)) {
	t.Helper()
	eachFile(t, func(_, file string) {
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		f(file, fset, parsed)
	})
}
