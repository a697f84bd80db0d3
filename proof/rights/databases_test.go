package rights_test

import (
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	store "mlf/aggregate/store/embedded"
	"mlf/command"
	"mlf/ingest/broker/embedded"
	"mlf/proof/harness"
)

// grantsOf returns what the users of ClickHouse's installation may do.
func grantsOf(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/k8s/components/clickhouse/clickhouse.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var installation struct {
		Spec struct {
			Configuration struct{ Users map[string]yaml.Node }
		}
	}
	if err := yaml.Unmarshal(text, &installation); err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]string)
	for key, value := range installation.Spec.Configuration.Users {
		if user, ok := strings.CutSuffix(key, "/grants/query"); ok {
			var grants []string
			if err := value.Decode(&grants); err != nil {
				t.Fatal(err)
			}
			all[user] = grants
		}
	}
	if len(all) != 3 {
		t.Fatalf("users %v: want one for each of schema, aggregate and query", slices.Collect(maps.Keys(all)))
	}
	return all
}

const databaseWord = "of-a-test"

// admit lets the engine that is to start in dir have users beside its own: it reads a
// folder besides its file.
func admit(t *testing.T, dir string, users map[string][]string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("<clickhouse><users>")
	for user, grants := range users {
		fmt.Fprintf(&text, "<%s><password_sha256_hex>%x</password_sha256_hex><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota><grants>", user, sha256.Sum256([]byte(databaseWord)))
		for _, grant := range grants {
			text.WriteString("<query>")
			_ = xml.EscapeText(&text, []byte(grant)) // A Builder takes all.
			text.WriteString("</query>")
		}
		fmt.Fprintf(&text, "</grants></%s>", user)
	}
	text.WriteString("</users></clickhouse>")
	more := filepath.Join(dir, "users.d")
	if err := os.MkdirAll(more, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(more, "stages.xml"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDatabaseUsersMayDoWhatTheyDo: the stages count, answer and publish as the users
// of the manifests for ClickHouse.
func TestDatabaseUsersMayDoWhatTheyDo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clickhouse")
	admit(t, dir, grantsOf(t))
	server, err := store.Start(t.Context(), store.Config{Dir: dir}, store.Telemetry{})
	if errors.Is(err, store.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	broker, err := embedded.Start(t.Context(), embedded.Config{Dir: filepath.Join(t.TempDir(), "kafka")}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	dsn := func(stage string) string {
		return fmt.Sprintf("clickhouse://mlf_%s:%s@%s/mlf", stage, databaseWord, server.Addr())
	}
	apply := func() {
		harness.Run(t, "schema", "apply", "--kafka", broker.Addr(), "--clickhouse", dsn("schema"), "--partitions", "2")
	}
	apply()
	ingest, query := harness.FreeAddr(t), harness.FreeAddr(t)
	var stages []*harness.Command
	for _, args := range [][]string{
		{"ingest", "--listen", ingest},
		{"aggregate", "--clickhouse", dsn("aggregate")},
		{"query", "--clickhouse", dsn("query"), "--listen", query, "--disclosure", "none", "--quota-public", "off"},
	} {
		admin := harness.FreeAddr(t)
		stage := harness.Start(t, append(args, "--kafka", broker.Addr(), "--admin", admin)...)
		stages = append(stages, stage)
		harness.WaitReady(t, stage, admin)
	}
	simulation := harness.Start(t, "simulate", "--ingest", "http://"+ingest, "--query", "http://"+query, "--kafka", broker.Addr(), "--terminals", "200", "--days", "1", "--seed", "1")
	if code := simulation.Wait(2 * time.Minute); code != command.ExitDone {
		t.Errorf("simulate: exit code %d\n%s", code, harness.Tail(simulation.Stderr()))
	}
	apply()
	term := harness.Enrol(t, broker.Addr(), ingest, query)
	if status, answer := term.Cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Fatal(status, answer)
	}
	harness.Run(t, "vote", "find", "--kafka", broker.Addr(), "--clickhouse", dsn("query"), "--", term.ID, term.Stream, "1")
	for user := range grantsOf(t) {
		stage := strings.TrimPrefix(user, "mlf_")
		examined(t, stage, "--kafka", broker.Addr(), "--clickhouse", dsn(stage))
	}
	lacks(t, "aggregate", "mlf aggregate with this user lacks INSERT ON mlf.*, ALTER DELETE ON mlf.checkpoint", "--kafka", broker.Addr(), "--clickhouse", dsn("query"))
	lacks(t, "query", "", "--kafka", broker.Addr(), "--clickhouse", dsn("aggregate"))
	lacks(t, "schema", "mlf schema apply with this user lacks ALTER ON mlf.*, CREATE TABLE ON mlf.*, CREATE VIEW ON mlf.*", "--kafka", broker.Addr(), "--clickhouse", dsn("aggregate"))
	for _, stage := range stages {
		if code := stage.Stop(); code != command.ExitDone || strings.Contains(stage.Stderr(), "privileges") {
			t.Errorf("mlf %s: exit code %d\n%s", stage.Name(), code, harness.Tail(stage.Stderr()))
		}
	}
}

// examined lets a stage's user ask mlf doctor: he has all that he needs.
func examined(t *testing.T, stage string, flags ...string) {
	t.Helper()
	c := harness.Start(t, append([]string{"doctor", "--as", stage, "--json"}, flags...)...)
	_ = c.Wait(time.Minute)
	report := harness.Decode[struct{ Findings []line }](t, c.Stdout())
	for _, f := range report.Findings {
		sees := f.Check != "clickhouse.disk" || stage == "schema"
		if strings.HasPrefix(f.Check, "clickhouse.") && strings.HasPrefix(f.Says, "not known") == sees || f.Check == "clickhouse.rights" && f.Status != "ok" {
			t.Errorf("%s: %+v", stage, f)
		}
	}
}

// lacks lets one user be another: mlf doctor says what he lacks for that.
func lacks(t *testing.T, stage, says string, flags ...string) {
	t.Helper()
	c := harness.Start(t, append([]string{"doctor", "--as", stage, "--json"}, flags...)...)
	code := c.Wait(time.Minute)
	for _, f := range harness.Decode[struct{ Findings []line }](t, c.Stdout()).Findings {
		if f.Check == "clickhouse.rights" && (f.Status == "fail") != (says != "") || f.Status == "fail" && (f.Says != says || code != command.ExitFailed) {
			t.Errorf("as %s: exit code %d, %+v: want %q", stage, code, f, says)
		}
	}
}
