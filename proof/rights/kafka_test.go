package rights_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/command"
	"mlf/proof/harness"
	"mlf/proof/kafka"
	"mlf/proof/rights"
	"mlf/schema"
)

func TestMain(m *testing.M) { harness.Main(m) }

// partitions are few, as one broker has all of them.
const partitions = 4

// start starts a broker on which users may do what the manifests say, and on which
// the topics are those of the manifests.
func start(t *testing.T, m *rights.Manifests, topics ...kafka.Topic) *kafka.Cluster {
	t.Helper()
	cluster, err := kafka.Start(t.Context(), kafka.Config{SASL: true, Users: m.Passwords()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	if err := cluster.Permit(t.Context(), m.Rights...); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Create(t.Context(), topics...); err != nil {
		t.Fatal(err)
	}
	return cluster
}

// a site is what commands are run against, each as its user.
type site struct {
	*testing.T
	users map[string]string
	kafka string
}

// as returns the flags by which a command is a user.
func (s *site) as(user string, args ...string) []string {
	return append(args, "--kafka", s.kafka, "--kafka-user", user, "--kafka-password", s.users[user])
}

// stage starts one, as the user of its name.
func (s *site) stage(name string, flags ...string) (c *harness.Command, ready func()) {
	admin := harness.FreeAddr(s.T)
	c = harness.Start(s.T, s.as("mlf-"+name, append([]string{name, "--admin", admin}, flags...)...)...)
	return c, func() { harness.WaitReady(s.T, c, admin) }
}

// TestKafkaUsersMayDoWhatTheyDo: every command that asks Kafka is run as its user,
// on brokers that allow what the manifests say. Nothing is denied, and no right is
// left that was not needed.
func TestKafkaUsersMayDoWhatTheyDo(t *testing.T) {
	harness.NeedKafka(t)
	m := read(t)
	cluster := start(t, m, m.OneBroker(partitions)...)
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: filepath.Join(t.TempDir(), "clickhouse")}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s := &site{T: t, users: m.Passwords(), kafka: strings.Join(cluster.Addrs(), ",")}
	s.applied(server.DSN())
	s.counted(server.DSN())

	archive := filepath.Join(t.TempDir(), "archive")
	harness.Run(t, s.as("mlf-archive", "log", "archive", "--to", archive)...)
	harness.Run(t, s.as("mlf-archive", "log", "verify", "--from", archive)...)
	anew := start(t, m, m.OneBroker(partitions)...)
	s.kafka = strings.Join(anew.Addrs(), ",")
	harness.Run(t, s.as("mlf-schema", "log", "restore", "--from", archive, "--replicas", "1")...)

	judge(t, m, cluster, anew)
	for _, user := range m.Users { // From here on something is denied.
		s.examined(user)
	}
	s.lacking()
	s.kafka = strings.Join(cluster.Addrs(), ",")
	s.unwell(cluster, server.DSN())
}

// A line is a finding of mlf doctor.
type line struct{ Status, Check, On, Says, Remedy string }

// doctor runs mlf doctor as a user whose login is held to a stage.
func (s *site) doctor(user, stage string, flags ...string) (all []line) {
	c := harness.Start(s.T, s.as(user, append([]string{"doctor", "--as", stage, "--replicas", "1", "--json"}, flags...)...)...)
	code := c.Wait(time.Minute)
	report := harness.Decode[struct {
		Findings []line
		Totals   struct{ Fail int }
	}](s.T, c.Stdout())
	if (code == command.ExitDone) != (report.Totals.Fail == 0) {
		s.Errorf("doctor as %s: exit code %d, and %d fail", user, code, report.Totals.Fail)
	}
	return report.Findings
}

// examined lets a user run mlf doctor with his own rights: whoever has all that he
// needs is told so, and of what he may not see nobody says that it is well.
func (s *site) examined(user string) {
	stage := strings.TrimPrefix(user, "mlf-")
	remedies := map[string]string{
		"kafka.clock": "Describe on the cluster", "kafka.disk": "Describe on the cluster", "kafka.topic": "DescribeConfigs",
		"log.workers": "Describe on the groups", "log.partitions": "Read on the topic",
	}
	for _, f := range s.doctor(user, stage) {
		remedy, limited := remedies[f.Check]
		sees := stage == "schema" || f.Check == "log.partitions" && stage != "operator"
		switch {
		case f.Status == "fail":
			s.Errorf("%s: %+v", user, f)
		case f.Check == "kafka.rights" && f.Status != "ok":
			s.Errorf("%s: %+v: want all that it needs", user, f)
		case limited && sees && strings.HasPrefix(f.Says, "not known"):
			s.Errorf("%s: %+v: it may see that", user, f)
		case limited && !sees && (f.Status != "warn" || !strings.HasPrefix(f.Says, "not known: ") || !strings.Contains(f.Remedy, remedy)):
			s.Errorf("%s: %+v: want that it is not known, and %q", user, f, remedy)
		}
	}
}

// lacking lets users be what they are not: mlf doctor says what they lack for that.
func (s *site) lacking() {
	f := func(user, stage, on, says string) {
		for _, f := range s.doctor(user, stage) {
			if f.Check == "kafka.rights" && f.On == on && f.Status == "fail" && strings.HasSuffix(f.Says, says) {
				return
			}
		}
		s.Errorf("%s as %s: nothing says that it %s on %s", user, stage, says, on)
	}
	f("mlf-inquiry", "ingest", "votes.v1", "lacks Write")
	f("mlf-operator", "query", "votes.v1", "lacks Read")
	f("mlf-query", "aggregate", "mlf-aggregate-…", "lacks Read on groups of this prefix")
}

// applied makes what stages want, and finds nothing to say of the topics.
func (s *site) applied(dsn string) {
	apply := harness.Start(s.T, s.as("mlf-schema", "schema", "apply", "--clickhouse", dsn, "--replicas", "1", "--partitions", strconv.Itoa(partitions))...)
	if code := apply.Wait(time.Minute); code != command.ExitDone {
		s.Fatalf("schema apply: exit code %d\n%s", code, apply.Stderr())
	}
	for line := range strings.Lines(apply.Stderr()) {
		if strings.Contains(line, `"level":"WARN"`) && !strings.Contains(line, ".disk ") { // However full this machine's is.
			s.Errorf("schema apply warns of what the manifests say: %s", line)
		}
	}
}

// counted lets a country vote, and everything be asked of the stages that they ask of
// Kafka.
func (s *site) counted(dsn string) {
	ingest, query := harness.FreeAddr(s.T), harness.FreeAddr(s.T)
	var stages []*harness.Command
	for _, args := range [][]string{
		{"ingest", "--listen", ingest},
		{"aggregate", "--clickhouse", dsn},
		{"query", "--clickhouse", dsn, "--listen", query, "--disclosure", "none", "--quota-public", "off"},
	} {
		stage, ready := s.stage(args[0], args[1:]...)
		stages = append(stages, stage)
		ready()
	}
	simulation := harness.Start(s.T, s.as("mlf-operator", "simulate", "--ingest", "http://"+ingest, "--query", "http://"+query,
		"--terminals", "200", "--days", "1", "--seed", "1", "--json")...)
	code := simulation.Wait(2 * time.Minute)
	said := simulation.Stdout()
	var report struct {
		Compared         bool
		Cells            int
		DifferencesTotal int `json:"differences_total"`
	}
	if err := json.Unmarshal([]byte(said), &report); err != nil || code != command.ExitDone || !report.Compared || report.Cells == 0 || report.DifferencesTotal > 0 {
		s.Fatalf("simulate: exit code %d, %v\n%s\n%s", code, err, said, harness.Tail(simulation.Stderr()))
	}
	s.Logf("%d cells, 0 differences", report.Cells)
	s.tended(ingest, query)
	if code := stages[1].Stop(); code != command.ExitDone {
		s.Errorf("mlf aggregate stopped with exit code %d: %s", code, harness.Tail(stages[1].Stderr()))
	}
	stages = append(stages[:1], stages[2], s.alerted(ingest, query, dsn))
	s.applied(dsn)
	for _, stage := range stages {
		if code := stage.Stop(); code != command.ExitDone {
			s.Errorf("mlf %s stopped with exit code %d: %s", stage.Name(), code, harness.Tail(stage.Stderr()))
		}
	}
}

// tended does what people do beside: enrol, list, note, tell who was served, revoke.
func (s *site) tended(ingest, query string) {
	var enrolled struct{ Terminal, Token string }
	if err := json.Unmarshal([]byte(harness.Run(s.T, s.as("mlf-operator", "terminal", "enrol", "--comune", "058091",
		"--channel", "counter", "--services", "anagrafe", "--since", "2026-01-01", "--json")...)), &enrolled); err != nil {
		s.Fatal(err)
	}
	harness.Eventually(s.T, 10*time.Second, func() error {
		status, body, err := harness.Do(s.T, http.MethodPut, "http://"+ingest+"/v1/served", enrolled.Token,
			`{"revision":1,"day":"`+time.Now().AddDate(0, 0, -1).Format(time.DateOnly)+`","rows":[{"service":"anagrafe","served":120}]}`)
		if err == nil && (status != http.StatusAccepted || !strings.Contains(body, `"accepted":1,`)) {
			err = fmt.Errorf("served: %d %s", status, body)
		}
		return err
	})
	s.found(ingest, enrolled.Terminal, enrolled.Token)
	s.alive(ingest, enrolled.Token)
	s.claimed(ingest)
	s.deskUsed(query)
	if said := harness.Run(s.T, s.as("mlf-schema", "doctor", "--replicas", "1")...); !strings.Contains(said, "1 workers count into a database that was not named here") {
		s.Errorf("mlf doctor says nothing of a worker of a database that it does not know:\n%s", said)
	}
	harness.Run(s.T, s.as("mlf-operator", "terminal", "list")...)
	harness.Run(s.T, s.as("mlf-operator", "terminal", "token", enrolled.Terminal)...)
	harness.Run(s.T, s.as("mlf-operator", "terminal", "revoke", enrolled.Terminal)...)
	harness.Run(s.T, s.as("mlf-operator", "annotate", "add", "event", "--id", "holiday", "--from", "2026-06-02", "--it", "Festa")...)
	harness.Run(s.T, s.as("mlf-operator", "annotate", "list")...)
	harness.Run(s.T, s.as("mlf-operator", "annotate", "remove", "holiday")...)
}

// found casts a vote and asks what became of it, as who may.
func (s *site) found(ingest, terminal, token string) {
	ask := func(path, body string, want int) string {
		status, answer, err := harness.Do(s.T, http.MethodPost, "http://"+ingest+path, token, body)
		if err != nil || status != want {
			s.Fatalf("%s: %d %s %v", path, status, answer, err)
		}
		return answer
	}
	stream := harness.Decode[struct{ Stream string }](s.T, ask("/v1/streams", "{}", http.StatusCreated)).Stream
	ask("/v1/votes", fmt.Sprintf(`{"stream":%q,"votes":[{"seq":1,"age_ms":0,"face":"green"}]}`, stream), http.StatusAccepted)
	harness.Run(s.T, append(s.as("mlf-inquiry", "vote", "find"), "--", terminal, stream, "1")...)
}

// alive lets a device say how it is.
func (s *site) alive(ingest, token string) {
	harness.Eventually(s.T, 10*time.Second, func() error {
		status, body, err := harness.Do(s.T, http.MethodPost, "http://"+ingest+"/v1/heartbeats", token, `{"install":"00000000000000a1","seq":1}`)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("heartbeat: %d %s", status, body)
		}
		return err
	})
}

// claimed lets a device become a terminal by a code.
func (s *site) claimed(ingest string) {
	harness.Run(s.T, s.as("mlf-operator", "body", "add", "--comune", "001263")...)
	code := harness.Decode[struct{ Code string }](s.T, harness.Run(s.T, s.as("mlf-operator", "claim", "new", "--body", "c_i692", "--comune", "001263",
		"--channel", "totem", "--services", "anagrafe", "--json")...)).Code
	hash := schema.HashToken([]byte("a token of the device's own"))
	harness.Eventually(s.T, 10*time.Second, func() error {
		status, answer, err := harness.Do(s.T, http.MethodPost, "http://"+ingest+"/v1/claims", "",
			fmt.Sprintf(`{"code":%q,"claim":"4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c01","token_sha256":["%x"]}`, code, hash[:]))
		if err == nil && status != http.StatusCreated {
			err = fmt.Errorf("claim: %d %s", status, answer)
		}
		return err
	})
}

// deskUsed lets a body make a code by itself, of the stage that answers.
func (s *site) deskUsed(query string) {
	harness.Eventually(s.T, 10*time.Second, func() error {
		status, answer, err := harness.Do(s.T, http.MethodPost, "http://"+query+"/v1/bodies/c_i692/claims", "",
			`{"comune":"001263","channel":"totem","services":["anagrafe"]}`)
		if err == nil && status != http.StatusCreated {
			err = fmt.Errorf("claim of a body: %d %s", status, answer)
		}
		return err
	})
}

// alerted has a body say what it wants to be told, and be told, while a vote is not counted: so
// whoever judges asks how old it is.
func (s *site) alerted(ingest, query, dsn string) *harness.Command {
	token := harness.Decode[struct{ Token string }](s.T, harness.Run(s.T, s.as("mlf-operator", "terminal", "enrol", "--comune", "001263",
		"--channel", "counter", "--services", "anagrafe", "--json")...)).Token
	harness.Eventually(s.T, 10*time.Second, func() error {
		status, answer, err := harness.Do(s.T, http.MethodPost, "http://"+ingest+"/v1/streams", token, "{}")
		if err != nil || status != http.StatusCreated {
			return fmt.Errorf("stream: %d %s %w", status, answer, err)
		}
		stream := harness.Decode[struct{ Stream string }](s.T, answer).Stream
		status, answer, err = harness.Do(s.T, http.MethodPost, "http://"+ingest+"/v1/votes", token, fmt.Sprintf(`{"stream":%q,"votes":[{"seq":1,"age_ms":0,"face":"green"}]}`, stream))
		if err == nil && status != http.StatusAccepted {
			err = fmt.Errorf("vote: %d %s", status, answer)
		}
		return err
	})
	admin := harness.FreeAddr(s.T)
	watcher := harness.Start(s.T, s.as("mlf-alert", "alert", "run", "--admin", admin, "--clickhouse", dsn)...)
	harness.WaitReady(s.T, watcher, admin)
	harness.Eventually(s.T, 20*time.Second, func() error {
		status, answer, err := harness.Do(s.T, http.MethodPut, "http://"+query+"/v1/bodies/c_i692/alert-settings", "",
			`{"version":0,"language":"it","rules":[{"kind":"red","enabled":true,"scope":{},"threshold":0}],"emails":["urp@comune.example.it"]}`)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("settings: %d %s", status, answer)
		}
		return err
	})
	if said := harness.Run(s.T, s.as("mlf-operator", "alert", "test", "c_i692")...); !strings.Contains(said, "email:urp@comune.example.it failed") {
		s.Errorf("mlf alert test says %s, and there is no mail server", said)
	}
	harness.Run(s.T, s.as("mlf-operator", "alert", "list")...)
	return watcher
}

// judge holds what brokers have decided to what the manifests say.
func judge(t *testing.T, m *rights.Manifests, clusters ...*kafka.Cluster) {
	t.Helper()
	all := make(map[kafka.Decision]int)
	for _, cluster := range clusters {
		decided, err := cluster.Decisions()
		if err != nil {
			t.Fatal(err)
		}
		for d, times := range decided {
			all[d] += times
		}
	}
	seen := make(map[string]bool)
	for d, times := range all {
		seen[d.User] = true
		if !d.Allowed {
			t.Errorf("denied %d times: %+v", times, d)
		}
	}
	if users := slices.Sorted(maps.Keys(seen)); len(users) != len(m.Users) {
		t.Errorf("of users %v only %v did anything", m.Users, users)
	}
	for _, right := range rights.Unused(m.Rights, all) {
		t.Errorf("not needed: %+v", right)
	}
	t.Logf("%d different decisions, of %d rights", len(all), len(m.Rights))
}
