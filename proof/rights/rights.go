package rights

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"mlf/proof/kafka"
)

// Manifests are what was read.
type Manifests struct {
	Users  []string
	Rights []kafka.Right
	Topics []kafka.Topic
}

// A manifest has the fields of both kinds.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Partitions, Replicas int
		Config               map[string]string
		Authorization        struct{ ACLs []acl }
	}
}

// An acl is one of a KafkaUser.
type acl struct {
	Type     string
	Resource struct {
		Type, Name  string
		PatternType string `yaml:"patternType"`
	}
	Operations []string
}

// Read reads users.yaml and topics.yaml of a folder. What it does not know, a
// prohibition for instance, is an error.
func Read(dir string) (*Manifests, error) {
	m := new(Manifests)
	for _, file := range []string{"users.yaml", "topics.yaml"} {
		if err := m.read(filepath.Join(dir, file)); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	}
	return m, nil
}

func (m *Manifests) read(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // It was read.
	documents := yaml.NewDecoder(f)
	for {
		var one manifest
		err := documents.Decode(&one)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = m.add(&one)
		}
		if err != nil {
			return err
		}
	}
}

func (m *Manifests) add(one *manifest) error {
	switch one.Kind {
	case "KafkaTopic":
		m.Topics = append(m.Topics, kafka.Topic{
			Name: one.Metadata.Name, Partitions: one.Spec.Partitions, Replicas: one.Spec.Replicas, Settings: one.Spec.Config,
		})
		return nil
	case "KafkaUser":
		m.Users = append(m.Users, one.Metadata.Name)
		for _, a := range one.Spec.Authorization.ACLs {
			if err := m.allow(one.Metadata.Name, a); err != nil {
				return fmt.Errorf("user %s: %w", one.Metadata.Name, err)
			}
		}
		return nil
	}
	return fmt.Errorf("%s %s: want a KafkaUser or KafkaTopic", one.Kind, one.Metadata.Name)
}

func (m *Manifests) allow(user string, a acl) error {
	if a.Type != "" && a.Type != "allow" {
		return fmt.Errorf("an ACL that says %s", a.Type)
	}
	if a.Resource.Type == "cluster" { // It has no name to Strimzi.
		a.Resource.Name = theCluster
	}
	for _, operation := range a.Operations {
		m.Rights = append(m.Rights, kafka.Right{
			User: user, Operation: shout(operation), Resource: shout(a.Resource.Type), Name: a.Resource.Name, Prefix: a.Resource.PatternType == "prefix",
		})
	}
	return nil
}

// theCluster is Kafka's name of the only resource of its type.
const theCluster = "kafka-cluster"

// shout writes a word of Strimzi's as Kafka does: DescribeConfigs, DESCRIBE_CONFIGS.
func shout(word string) string {
	var b strings.Builder
	for i, letter := range word {
		if i > 0 && letter >= 'A' && letter <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(letter)
	}
	return strings.ToUpper(b.String())
}

// OneBroker returns the topics as a single broker can have them, those of several
// partitions with so many.
func (m *Manifests) OneBroker(partitions int) []kafka.Topic {
	var alone []kafka.Topic
	for _, topic := range m.Topics {
		settings := map[string]string{}
		for name, value := range topic.Settings {
			if name == "min.insync.replicas" {
				value = "1"
			}
			settings[name] = value
		}
		topic.Replicas, topic.Settings = 1, settings
		topic.Partitions = min(topic.Partitions, partitions)
		alone = append(alone, topic)
	}
	return alone
}

// Passwords returns one for each user.
func (m *Manifests) Passwords() map[string]string {
	all := make(map[string]string)
	for _, user := range m.Users {
		all[user] = user + "-tests"
	}
	return all
}

// Allowed tells whether rights allow what is asked for, of one resource.
func Allowed(rights []kafka.Right, asked kafka.Right) bool {
	return othersCover(rights, -1, asked)
}

// Unused returns those without which all that was asked for would have been allowed
// as well: that one can take away.
func Unused(rights []kafka.Right, decided map[kafka.Decision]int) (unused []kafka.Right) {
	for i, right := range rights {
		needed := false
		for d := range decided {
			needed = needed || d.Allowed && covers(right, d.Right) && !othersCover(rights, i, d.Right)
		}
		if !needed {
			unused = append(unused, right)
		}
	}
	return unused
}

func othersCover(rights []kafka.Right, but int, asked kafka.Right) bool {
	for i, right := range rights {
		if i != but && covers(right, asked) {
			return true
		}
	}
	return false
}

// covers tells whether a right allows what was asked for, of one resource.
func covers(right, asked kafka.Right) bool {
	named := right.Name == asked.Name || right.Prefix && strings.HasPrefix(asked.Name, right.Name)
	return right.User == asked.User && right.Resource == asked.Resource && named && implies(right.Operation, asked.Operation)
}

// implies is Kafka's rule of which operation is part of which.
func implies(has, asked string) bool {
	switch {
	case has == asked:
		return true
	case asked == "DESCRIBE":
		return has == "READ" || has == "WRITE" || has == "DELETE" || has == "ALTER"
	case asked == "DESCRIBE_CONFIGS":
		return has == "ALTER_CONFIGS"
	}
	return false
}
