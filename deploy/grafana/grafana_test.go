package grafana_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"

	"mlf/deploy/grafana"
)

const monitoring = "../monitoring/"

var update = flag.Bool("update", false, "write what is generated") //nolint:gochecknoglobals // A flag of go test.

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func rules(t *testing.T) grafana.Rules {
	t.Helper()
	r, err := grafana.ReadRules(strings.NewReader(read(t, monitoring+"rules.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFilesAreThoseThatAreBuilt, and no others; with -update it writes them.
func TestFilesAreThoseThatAreBuilt(t *testing.T) {
	want, err := grafana.Build(rules(t))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		for name, text := range want {
			if err := os.WriteFile(name, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	found, err := filepath.Glob("*.json")
	if err != nil || len(found) != len(want) {
		t.Fatalf("got %v, %v: want %d files", found, err, len(want))
	}
	for _, name := range found {
		if read(t, name) != string(want[name]) {
			t.Errorf("%s is not what is built: run make generate, or go test ./deploy/grafana -update", name)
		}
	}
}

// dashboards are the files, decoded.
func dashboards(t *testing.T) (all []dashboard.Dashboard) {
	t.Helper()
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		d, err := grafana.Read([]byte(read(t, name)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, d)
	}
	return all
}

// panels are all panels that show something.
func panels(d dashboard.Dashboard) (all []dashboard.Panel) {
	for _, p := range d.Panels {
		if p.Panel != nil {
			all = append(all, *p.Panel)
		}
	}
	return all
}

// TestReadingIsStrict: a field that Grafana does not know is found, in a panel's options
// and in a query, too.
func TestReadingIsStrict(t *testing.T) {
	for _, replace := range [][2]string{{`"timezone"`, `"timeZone"`}, {`"gridPos"`, `"gridPosition"`}, {`"displayMode"`, `"displaymode"`}, {`"legendFormat"`, `"legend"`}} {
		text := strings.Replace(read(t, "mlf-ingest.json"), replace[0], replace[1], 1)
		if _, err := grafana.Read([]byte(text)); err == nil {
			t.Errorf("%s was taken", replace[1])
		}
	}
}

// TestDashboardsCanBeFoundAgain: others link to uids, and Grafana replaces by them.
func TestDashboardsCanBeFoundAgain(t *testing.T) {
	want := []string{"mlf-counting", "mlf-fleet", "mlf-ingest", "mlf-log", "mlf-overview", "mlf-query", "mlf-store", "mlf-terminals"}
	var got []string
	for _, d := range dashboards(t) {
		got = append(got, *d.Uid)
		if len(d.Links) != 1 || !slices.Equal(d.Links[0].Tags, d.Tags) || len(d.Annotations.List) != 1 {
			t.Errorf("%s: links %v, annotations %v: want links to all of its tag, and alerts", *d.Uid, d.Links, d.Annotations)
		}
		if d.Id != nil {
			t.Errorf("%s has a number, which is another one in each Grafana", *d.Uid)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestPanelsSayWhatTheyShow and what to do about it, by a heading that there is.
func TestPanelsSayWhatTheyShow(t *testing.T) {
	heading := regexp.MustCompile(`\[(\w+)\]\(https://\S+/deploy/monitoring/runbook\.md#(\w+)\)`)
	runbook := read(t, monitoring+"runbook.md")
	for _, d := range dashboards(t) {
		titles := make(map[string]bool)
		row := ""
		for _, p := range d.Panels {
			if p.RowPanel != nil {
				row = *p.RowPanel.Title
				continue
			}
			where := *d.Title + ", " + row + ", " + *p.Panel.Title
			if titles[row+*p.Panel.Title] {
				t.Errorf("%s: there are two", where)
			}
			titles[row+*p.Panel.Title] = true
			links := heading.FindAllStringSubmatch(*p.Panel.Description, -1)
			for _, l := range links {
				if !strings.Contains(runbook, "\n## "+l[1]+"\n") || l[2] != strings.ToLower(l[1]) {
					t.Errorf("%s: the runbook has no heading %s", where, l[1])
				}
			}
			if before, _, _ := strings.Cut(*p.Panel.Description, "\n\n"); len(links) == 0 || !strings.HasSuffix(before, ".") && !strings.HasSuffix(before, "?") {
				t.Errorf("%s: its description is %q", where, *p.Panel.Description)
			}
			if unit := p.Panel.FieldConfig.Defaults.Unit; unit == nil || *unit == "" {
				t.Errorf("%s: has no unit", where)
			}
		}
	}
}

// TestPanelsDoNotOverlap, and leave no holes: each line is full.
func TestPanelsDoNotOverlap(t *testing.T) {
	const columns = 24
	for _, d := range dashboards(t) {
		taken := make(map[[2]uint32]string)
		for _, p := range d.Panels {
			var at dashboard.GridPos
			title := ""
			if p.RowPanel != nil {
				at, title = *p.RowPanel.GridPos, *p.RowPanel.Title
			} else {
				at, title = *p.Panel.GridPos, *p.Panel.Title
			}
			for x := at.X; x < at.X+at.W; x++ {
				for y := at.Y; y < at.Y+at.H; y++ {
					if other := taken[[2]uint32{x, y}]; other != "" || x >= columns {
						t.Fatalf("%s: %q is where %q is, or beyond the edge", *d.Title, title, other)
					}
					taken[[2]uint32{x, y}] = title
				}
			}
		}
		lines := make(map[uint32]int)
		for at := range taken {
			lines[at[1]]++
		}
		for y, n := range lines {
			if n != columns {
				t.Errorf("%s: line %d has %d columns", *d.Title, y, n)
			}
		}
	}
}

// TestLimitsAreThoseOfTheRules, of some of every kind.
func TestLimitsAreThoseOfTheRules(t *testing.T) {
	got := make(map[string]string)
	for _, d := range dashboards(t) {
		for _, p := range panels(d) {
			var steps []string
			for _, s := range p.FieldConfig.Defaults.Thresholds.Steps {
				value := "-inf"
				if s.Value != nil {
					value = fmt.Sprint(*s.Value)
				}
				steps = append(steps, value+" "+s.Color)
			}
			got[*d.Uid+" "+*p.Title] = strings.Join(steps, ", ")
		}
	}
	for panel, want := range map[string]string{
		"mlf-overview Oldest vote that is not counted": "-inf green, 300 red",
		"mlf-overview Votes for tests that fail":       "-inf green, 0.001 orange, 0.0144 red",
		"mlf-overview Neighbours that answer":          "-inf red, 1 green",
		"mlf-ingest Connections":                       "-inf green, 0.8 orange",
		"mlf-ingest Bytes that wait for Kafka":         "-inf green, 0.5 orange",
		"mlf-log Time until then":                      "-inf red, 21600 green",
		"mlf-fleet Time until they end":                "-inf red, 86400 orange, 604800 green",
		"mlf-overview Partitions halted":               "-inf green, 1e-09 red", // And 0 is green.
		"mlf-query Votes published twice":              "-inf green, 1e-09 red",
		"mlf-fleet Goroutines":                         "-inf green",
	} {
		if got[panel] != want {
			t.Errorf("%s: got %q, want %q", panel, got[panel], want)
		}
	}
}

// TestEveryAlertHasAPanel that shows what it is about, with its limit where it has one.
func TestEveryAlertHasAPanel(t *testing.T) {
	shown := ""
	for _, d := range dashboards(t) {
		for _, p := range panels(d) {
			shown += *p.Description
		}
	}
	for name, r := range rules(t) {
		if !strings.Contains(shown, "["+name+"]("+r.Annotations["runbook_url"]+")") {
			t.Errorf("no panel is about %s", name)
		}
	}
}

// TestExpressionsTakeNoLabelForGranted but those that Prometheus gives to every target,
// and the pod's name, which may be empty.
func TestExpressionsTakeNoLabelForGranted(t *testing.T) {
	granted := regexp.MustCompile(`\b(job|cluster|namespace|container|node|app_kubernetes_io_\w+)\b`)
	picked := regexp.MustCompile(`\b(pod|instance) *(=~?|!=|!~) *"([^"]*)"`)
	eachExpression(t, func(where, expr string) {
		if found := granted.FindString(expr); found != "" {
			t.Errorf("%s: takes label %s for granted: %s", where, found, expr)
		}
		for _, p := range picked.FindAllStringSubmatch(expr, -1) {
			if p[1] == "pod" || p[3] != "$instance" {
				t.Errorf("%s: picks by %s: %s", where, p[0], expr)
			}
		}
	})
}

// eachExpression calls f for all that panels ask Prometheus for.
func eachExpression(t *testing.T, f func(where, expr string)) {
	t.Helper()
	for _, d := range dashboards(t) {
		for _, p := range panels(d) {
			for _, target := range p.Targets {
				q, ok := target.(*prometheus.Dataquery)
				if !ok {
					t.Fatalf("%s: a target is a %T", *p.Title, target)
				}
				if *p.Datasource.Uid != "$datasource" || *q.Datasource.Uid != "$datasource" {
					t.Errorf("%s: asks %s", *p.Title, *p.Datasource.Uid)
				}
				f(*d.Title+", "+*p.Title, q.Expr)
			}
		}
	}
}

// TestRatesAreOfCountersAlone: by their names; that they are what they are called is
// held against a scrape elsewhere.
func TestRatesAreOfCountersAlone(t *testing.T) {
	rated := regexp.MustCompile(`\b(rate|increase)\((\w+)`)
	counter := regexp.MustCompile(`\b\w+_(total|bucket)\b`)
	eachExpression(t, func(where, expr string) {
		rest := expr
		for _, r := range rated.FindAllStringSubmatch(expr, -1) {
			if !counter.MatchString(r[2]) && !strings.HasSuffix(r[2], "_count") {
				t.Errorf("%s: %s of a gauge: %s", where, r[1], expr)
			}
			rest = strings.Replace(rest, r[0], "", 1)
		}
		if found := counter.FindString(rest); found != "" {
			t.Errorf("%s: %s is a counter, and not in a rate: %s", where, found, expr)
		}
		if strings.Contains(expr, "_bucket") && !regexp.MustCompile(`by \(le\b`).MatchString(expr) {
			t.Errorf("%s: a histogram without le: %s", where, expr)
		}
	})
}

// TestPrometheusParsesExpressions, as its own tool says.
func TestPrometheusParsesExpressions(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("MLF_REQUIRE_PROMTOOL") == "1" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("needs promtool (Debian's package prometheus has it)")
	}
	var b strings.Builder
	b.WriteString("groups:\n  - name: dashboards\n    rules:\n")
	n := 0
	eachExpression(t, func(_, expr string) {
		fmt.Fprintf(&b, "      - {record: \"r:%d\", expr: %q}\n", n, strings.ReplaceAll(expr, "$__rate_interval", "1m"))
		n++
	})
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), tool, "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, said)
	}
	t.Logf("%d expressions", n)
}
