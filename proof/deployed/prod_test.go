package deployed_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"mlf/aggregate/store/embedded"
	"mlf/proof/cluster"
	"mlf/proof/harness"
	"mlf/proof/kafka"
	"mlf/proof/rights"
)

// document reads the first document of a file, or the one that has so many before it.
func document(t *testing.T, file string, before int) map[string]any {
	t.Helper()
	f, err := os.Open(filepath.Join(deploy, "k8s", file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	documents := yaml.NewDecoder(f)
	for i := 0; ; i++ {
		var one map[string]any
		if err := documents.Decode(&one); errors.Is(err, io.EOF) {
			t.Fatalf("%s has no document %d", file, before)
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if i == before {
			return one
		}
	}
}

// at returns what is in a document under keys.
func at(t *testing.T, document map[string]any, keys ...string) any {
	t.Helper()
	var value any = document
	for _, key := range keys {
		object, ok := value.(map[string]any)
		if !ok {
			t.Fatalf("there is nothing at %v", keys)
		}
		value = object[key]
	}
	return value
}

// TestKafkaIsTheOneThatTestsRun: version, and that no acknowledged record is lost.
func TestKafkaIsTheOneThatTestsRun(t *testing.T) {
	document := document(t, "components/strimzi/kafka.yaml", 0)
	f := func(want any, keys ...string) {
		t.Helper()
		if got := at(t, document, append([]string{"spec", "kafka"}, keys...)...); got != want {
			t.Errorf("%v is %v, want %v", keys, got, want)
		}
	}
	f(kafka.Version, "version")
	f("simple", "authorization", "type")
	f("topology.kubernetes.io/zone", "rack", "topologyKey")
	f(2, "config", "min.insync.replicas")
	f(3, "config", "default.replication.factor")
	f(3, "config", "offsets.topic.replication.factor")
	f(false, "config", "unclean.leader.election.enable")
	f(false, "config", "auto.create.topics.enable")
}

// TestDatabasesAreTwoOfTheOneThatTestsRun: alike, of one shard and one replica each,
// of the version of the embedded engine.
func TestDatabasesAreTwoOfTheOneThatTestsRun(t *testing.T) {
	const file = "components/clickhouse/clickhouse.yaml"
	a, b := document(t, file, 0), document(t, file, 1)
	for i, one := range []map[string]any{a, b} {
		if got, want := at(t, one, "metadata", "name"), []string{"mlf-a", "mlf-b"}[i]; got != want {
			t.Errorf("installation %v, want %s", got, want)
		}
	}
	texts := [2]string{}
	for i, one := range []map[string]any{a, b} {
		text, err := yaml.Marshal(one["spec"])
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	if texts[0] != texts[1] {
		t.Error("the two are not alike")
	}
	version, _, _ := strings.Cut(embedded.LibraryVersion, "-")
	for _, want := range []string{"shardsCount: 1\n", "replicasCount: 1\n", "image: clickhouse/clickhouse-server:" + version + "\n"} {
		if !strings.Contains(texts[0], want) {
			t.Errorf("there is no %q", want)
		}
	}
}

// TestUsersAreThoseOfStages: each stage that asks Kafka is a user of its own, which
// the component for Strimzi makes.
func TestUsersAreThoseOfStages(t *testing.T) {
	m, err := rights.Read(deploy + "k8s/components/strimzi")
	if err != nil {
		t.Fatal(err)
	}
	users := read(t, deploy+"k8s/components/users/kustomization.yaml")
	for _, stage := range []string{"schema", "ingest", "aggregate", "query", "alert"} {
		user := "mlf-" + stage
		if !slices.Contains(m.Users, user) || !strings.Contains(users, "value: "+user+"}") || !strings.Contains(users, "secretName: "+user+"}") {
			t.Errorf("%s is no user of Kafka's, or the stage is not this user", user)
		}
	}
}

// TestNamesInManifestsAreOfFlags: what is misspelt in an environment nobody misses.
func TestNamesInManifestsAreOfFlags(t *testing.T) {
	var known strings.Builder
	for _, args := range [][]string{{"schema", "apply"}, {"ingest"}, {"aggregate"}, {"query"}, {"alert", "run"}, {"probe"}} {
		known.WriteString(harness.Run(t, append(args, "--help")...))
	}
	named := regexp.MustCompile(`MLF_[A-Z_]+`)
	found := 0
	err := filepath.WalkDir(deploy+"k8s", func(file string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".yaml" {
			return err
		}
		for _, name := range named.FindAllString(read(t, file), -1) {
			found++
			if name != cluster.DefinitionsVariable && !strings.Contains(known.String(), "$"+name+")") {
				t.Errorf("%s: there is no flag of the name %s", file, name)
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d names: %v", found, err)
	}
}
