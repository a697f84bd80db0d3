package pipeline_test

import (
	"cmp"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"mlf/deploy/grafana"
	"mlf/proof/authority"
	"mlf/proof/harness"
)

// monitoring is where rules, their tests and the runbook are.
const monitoring = "../../deploy/monitoring/"

// A rule is an alert or a recorded series.
type rule struct {
	Alert, Record, Expr string
	Labels, Annotations map[string]string
}

func readRules(t *testing.T) (rules []rule) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal([]byte(document(t, "rules.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	if len(rules) < 30 {
		t.Fatalf("%d rules", len(rules))
	}
	return rules
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(monitoring + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRulesFireAsTheirTestsSay, by Prometheus' own tool.
func TestRulesFireAsTheirTestsSay(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("MLF_REQUIRE_PROMTOOL") == "1" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("needs promtool (Debian's package prometheus has it)")
	}
	tests, err := filepath.Glob(monitoring + "*_test.yaml")
	if err != nil || len(tests) < 2 {
		t.Fatalf("tests of rules: got %v, %v", tests, err)
	}
	for _, args := range [][]string{{"check", "rules", monitoring + "rules.yaml"}, append([]string{"test", "rules"}, tests...)} {
		if said, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, said)
		}
	}
}

// TestEveryAlertIsExplained: who is woken finds what it means, where to look, what ends
// it and what not to do; and every alert is seen to fire in a test.
func TestEveryAlertIsExplained(t *testing.T) {
	runbook := document(t, "runbook.md")
	headings := make(map[string]string)
	for _, section := range strings.Split(runbook, "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		headings[name] = text
	}
	tested := document(t, "rules_test.yaml") + document(t, "rules_days_test.yaml")
	for _, r := range readRules(t) {
		if r.Alert == "" {
			continue
		}
		text, ok := headings[r.Alert]
		delete(headings, r.Alert)
		for _, part := range []string{"**Means.**", "**Look.**", "**Mend.**", "**Emergency.**"} {
			if !ok || !strings.Contains(text, part) {
				t.Errorf("%s: the runbook lacks %s", r.Alert, part)
			}
		}
		if want := "/deploy/monitoring/runbook.md#" + strings.ToLower(r.Alert); !strings.HasSuffix(r.Annotations["runbook_url"], want) {
			t.Errorf("%s: its runbook_url is %s: want …%s", r.Alert, r.Annotations["runbook_url"], want)
		}
		if !slices.Contains([]string{"page", "ticket", "none"}, r.Labels["severity"]) || r.Annotations["summary"] == "" {
			t.Errorf("%s: severity %q, summary %q", r.Alert, r.Labels["severity"], r.Annotations["summary"])
		}
		if !strings.Contains(tested, `alertname="`+r.Alert+`", alertstate="firing"`) {
			t.Errorf("%s: no test has it fire", r.Alert)
		}
	}
	for name := range headings {
		t.Errorf("the runbook explains %s, which is no alert", name)
	}
}

// TestRulesAreOfMetricsThatThereAre on every stage, as it is scraped, and so are dashboards;
// and rules take labels of targets for granted nowhere.
func TestRulesAreOfMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	scraped := scrapeAll(t)
	name := regexp.MustCompile(`\bmlf_[a-z0-9_]+`)
	of := regexp.MustCompile(`_(bucket|count|sum)$`)
	for _, r := range readRules(t) {
		for _, metric := range name.FindAllString(r.Expr, -1) {
			if !slices.Contains(later(), metric) && !strings.Contains(scraped, "\n# TYPE "+metric+" ") && !strings.Contains(scraped, "\n# TYPE "+of.ReplaceAllString(metric, "")+" ") {
				t.Errorf("%s%s: nobody has %s", r.Alert, r.Record, metric)
			}
		}
		for _, label := range []string{"job", "instance", "cluster", "namespace", "pod"} {
			if regexp.MustCompile(`\b` + label + `\b`).MatchString(r.Expr) {
				t.Errorf("%s%s: takes label %s for granted", r.Alert, r.Record, label)
			}
		}
	}
	dashboardsAreOf(t, parse(scraped))
	labelsAreOurs(t, parse(scraped))
}

// later are metrics that come once retention has removed a record.
func later() []string {
	return []string{"mlf_retention_margin_records", "mlf_retention_margin_seconds"}
}

// dashboardsAreOf holds the dashboards to a scrape of all stages: to the metrics that
// there are, with the labels that they are picked and summed by; and rates are of counters.
func dashboardsAreOf(t *testing.T, scraped map[string]family) {
	t.Helper()
	elsewhere := append(later(), "mlf_up_disk_free_bytes", "mlf_up_disk_reserve_bytes", "mlf_up_disk_full_refusals_total", "mlf_clickhouse_embedded_restarts_total")
	of := regexp.MustCompile(`(?:(rate|increase)\()?\b((?:mlf|go|process)_\w+)(?:\{([^}]*)\})?`)
	for where, expr := range grafana.Expressions() {
		for _, found := range of.FindAllStringSubmatch(expr, -1) {
			name := found[2]
			f, ok := scraped[name]
			switch {
			case slices.Contains(elsewhere, name): // Of mlf up, or of a log that was cut.
			case !ok:
				t.Errorf("%s: nobody has %s", where, name)
			case (found[1] != "") != (f.kind != "gauge"):
				t.Errorf("%s: %s is a %s: %s", where, name, f.kind, expr)
			default:
				for _, label := range wanted(expr, found[3]) {
					if !slices.Contains(f.labels, label) {
						t.Errorf("%s: %s has no label %s, but %v", where, name, label, f.labels)
					}
				}
			}
		}
	}
}

// labelsAreOurs: where a target has a label of the same name, Prometheus calls ours
// exported_…, and nobody finds it.
func labelsAreOurs(t *testing.T, scraped map[string]family) {
	t.Helper()
	monitor, err := os.ReadFile("../../deploy/k8s/base/monitor.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range scraped {
		for _, label := range f.labels {
			dropped := strings.Contains(string(monitor), "{action: labeldrop, regex: "+label+"}")
			if slices.Contains([]string{"job", "instance", "namespace", "pod", "container", "endpoint"}, label) && !dropped {
				t.Errorf("%s: prometheus-operator gives label %s to targets, and the PodMonitor does not drop it", name, label)
			}
		}
	}
}

// wanted are the labels that an expression sums by, and those of one selector in it, but
// for those that Prometheus gives.
func wanted(expr, selector string) (labels []string) {
	for _, found := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(expr, -1) {
		labels = append(labels, strings.Split(found[1], ", ")...)
	}
	for _, found := range regexp.MustCompile(`(\w+) *(?:=~?|!=|!~)`).FindAllStringSubmatch(selector, -1) {
		labels = append(labels, found[1])
	}
	return slices.DeleteFunc(labels, func(label string) bool { return slices.Contains([]string{"instance", "pod", "le"}, label) })
}

// A family is what a scrape says of a metric.
type family struct {
	kind   string
	labels []string
}

// parse reads scrapes. Buckets, counts and sums of a histogram are there by their names.
func parse(text string) map[string]family {
	kind := make(map[string]string)
	all := make(map[string]family)
	label := regexp.MustCompile(`(\w+)="`)
	suffix := regexp.MustCompile(`_(bucket|count|sum)$`)
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); strings.HasPrefix(line, "# TYPE ") {
			kind[words[2]] = words[3]
			continue
		}
		if name := regexp.MustCompile(`^\w+`).FindString(line); name != "" {
			f := family{kind: cmp.Or(kind[name], kind[suffix.ReplaceAllString(name, "")]), labels: all[name].labels}
			for _, found := range label.FindAllStringSubmatch(line, -1) {
				if !slices.Contains(f.labels, found[1]) {
					f.labels = append(f.labels, found[1])
				}
			}
			all[name] = f
		}
	}
	return all
}

// scrapeAll returns the metrics of all stages.
func scrapeAll(t *testing.T) (metrics string) {
	t.Helper()
	e := startEngines(t)
	harness.Run(t, "schema", "apply", "--partitions", "2", "--kafka", e.log.Addr(), "--clickhouse", e.store.DSN())
	page, ingest := harness.FreeAddr(t), harness.FreeAddr(t)
	dir := t.TempDir()
	cert, key := authority.New(t, time.Now().Add(time.Hour)).Issue(t, "ingest", time.Now().Add(time.Hour))
	token := filepath.Join(dir, "token")
	for name, text := range map[string][]byte{filepath.Join(dir, "cert"): cert, filepath.Join(dir, "key"): key, token: []byte("none")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, counting := e.stage(t, "mlf", "aggregate")
	_, answering := e.stage(t, "mlf", "query", "--listen", page, "--disclosure", "none")
	_, taking := e.stage(t, "mlf", "ingest", "--listen", ingest, "--tls-cert", filepath.Join(dir, "cert"), "--tls-key", filepath.Join(dir, "key"))
	probing := harness.FreeAddr(t)
	harness.WaitReady(t, harness.Start(t, "probe", "--ingest", "https://"+ingest, "--query", "http://"+page, "--token-file", token, "--comune", "058091", "--admin", probing), probing)
	_, telling := e.stage(t, "mlf", "alert run")
	becomes(t, answering, "mlf_log_end_offset", 1)
	for _, admin := range []string{counting, answering, taking, probing, telling} {
		status, body, err := harness.Get(t, "http://"+admin+"/metrics")
		if err != nil || status != http.StatusOK {
			t.Fatalf("%d %v", status, err)
		}
		metrics += "\n" + body
	}
	return metrics
}
