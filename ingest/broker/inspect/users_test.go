package inspect

import (
	"strings"
	"testing"

	"mlf/ingest/broker/settings"
	"mlf/proof/kafka"
	"mlf/proof/rights"
	"mlf/schema"
	"mlf/schema/alert"
	"mlf/schema/heartbeat"
	"mlf/schema/served"
)

// besides is what users of the manifests may do and do not need: a test on a real
// broker wants each to be asked for (proof/rights).
func besides(user string, r kafka.Right) bool {
	switch {
	case r.Operation == "DESCRIBE" && r.Resource == "TOPIC":
		return true // Clients ask where all topics lie; without it they say so in the broker's log, and go on.
	case user == "mlf-schema" && (r.Operation == "DESCRIBE_CONFIGS" || r.Resource == "CLUSTER"):
		return true // Settings, clocks and disks. What cannot be looked at is a warning.
	case user == "mlf-schema" && (r.Name == served.Topic || r.Name == alert.Topic):
		return true // mlf log restore.
	}
	return false
}

// TestUsersOfTheManifestsAreThoseOfTheDoctor: what a stage needs is given to the user
// of its name, and nothing else is given to anybody.
func TestUsersOfTheManifestsAreThoseOfTheDoctor(t *testing.T) {
	m, err := rights.Read("../../../deploy/k8s/components/strimzi")
	if err != nil {
		t.Fatal(err)
	}
	topics := map[settings.Kind]string{
		settings.Votes: schema.VotesTopic, settings.Registry: schema.RegistryTopic, settings.Counts: schema.CountsTopic, settings.Served: served.Topic,
		settings.Heartbeats: heartbeat.Topic, settings.Alerts: alert.Topic,
	}
	stages := []Stage{Schema, Ingest, Aggregate, Query, Alert, Operator, Archive, Inquiry}
	if len(m.Users) != len(stages) {
		t.Errorf("users %v: want one for each of %v", m.Users, stages)
	}
	for _, stage := range stages {
		name, of := "mlf-"+string(stage), userOf(stage)
		var needed []kafka.Right
		for kind, topic := range topics {
			for _, op := range of.topics[kind] {
				needed = append(needed, kafka.Right{User: name, Operation: strings.ToUpper(word(op)), Resource: "TOPIC", Name: topic})
			}
		}
		for _, op := range of.groups {
			needed = append(needed, kafka.Right{User: name, Operation: strings.ToUpper(word(op)), Resource: "GROUP", Name: "mlf-aggregate-0123"})
		}
		if of.runs == "" || of.breaks == "" {
			t.Errorf("%s: nothing says what it runs, or what comes of it if it cannot", name)
		}
		asked := make(map[kafka.Decision]int)
		for _, right := range needed {
			asked[kafka.Decision{Right: right, Allowed: true}]++
			if !rights.Allowed(m.Rights, right) {
				t.Errorf("%s needs %+v, and its KafkaUser does not give it", name, right)
			}
		}
		for _, right := range rights.Unused(m.Rights, asked) {
			if right.User == name && !besides(name, right) {
				t.Errorf("the KafkaUser gives %+v, and mlf doctor knows of no need", right)
			}
		}
	}
}
