package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestSettings: each setting of a topic that others may have made or changed.
func TestSettings(t *testing.T) {
	good := map[string]string{
		CleanupPolicy: "delete", Compression: "producer", InsyncMin: "2", MessageBytes: "1048588",
		RetentionBytes: "-1", RetentionTime: "-1", TimestampType: "LogAppendTime", UncleanLeader: "false",
	}
	f := func(registry bool, replicas int, want string, change ...string) {
		t.Helper()
		state := Topic{Settings: maps.Clone(good), Replicas: replicas, Wanted: 3}
		if registry {
			state.Settings[CleanupPolicy], state.Settings[RetentionTime] = "compact", "604800000"
		}
		if replicas == 1 {
			state.Wanted, state.Settings[InsyncMin] = 1, "1"
		}
		for _, line := range change {
			setting, value, _ := strings.Cut(line, "=")
			state.Settings[setting] = value
			if value == "?" {
				delete(state.Settings, setting)
			}
		}
		findings := state.Votes(1_000_000)
		if registry {
			findings = state.Registry()
		}
		var got []string
		for _, found := range findings {
			said := "warn "
			if found.Refused {
				said = "refuse "
			}
			got = append(got, said+found.Setting+"="+found.Value)
			if !strings.Contains(found.Advice, "; set it to ") && !strings.Contains(found.Advice, "; reassign it ") {
				t.Errorf("%s: %q does not say what to do", found.Setting, found.Advice)
			}
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%q with %d copies: got %q, want %q", change, replicas, text, want)
		}
	}
	for _, registry := range []bool{false, true} {
		f(registry, 3, "")
		f(registry, 1, "")
		f(registry, 2, "warn replication.factor=2")
		f(registry, 3, "refuse min.insync.replicas=1", "min.insync.replicas=1")
		f(registry, 3, "refuse min.insync.replicas=4", "min.insync.replicas=4")
		f(registry, 1, "refuse min.insync.replicas=2", "min.insync.replicas=2")
		f(registry, 3, "refuse unclean.leader.election.enable=true", "unclean.leader.election.enable=true")
		f(registry, 1, "", "unclean.leader.election.enable=true") // There is nobody else to lead.
		f(registry, 3, "", "unclean.leader.election.enable=?")
		f(registry, 3, "refuse max.message.bytes=10000", "max.message.bytes=10000")
	}
	f(false, 3, "refuse cleanup.policy=compact", "cleanup.policy=compact")
	f(false, 3, "refuse cleanup.policy=compact,delete", "cleanup.policy=compact,delete")
	f(false, 3, "refuse max.message.bytes=999999", "max.message.bytes=999999")
	f(false, 3, "", "max.message.bytes=1000000")
	f(false, 3, "warn retention.ms=3600000", "retention.ms=3600000")
	f(false, 3, "warn retention.ms=0", "retention.ms=0")
	f(false, 3, "warn retention.bytes=1000", "retention.bytes=1000")
	f(false, 3, "warn message.timestamp.type=CreateTime", "message.timestamp.type=CreateTime")
	f(false, 3, "warn compression.type=gzip", "compression.type=gzip")
	f(false, 3, "", "compression.type=uncompressed")
	f(false, 3, "refuse min.insync.replicas=1, refuse unclean.leader.election.enable=true, warn retention.ms=3600000, warn message.timestamp.type=CreateTime",
		"min.insync.replicas=1", "unclean.leader.election.enable=true", "retention.ms=3600000", "message.timestamp.type=CreateTime")
	f(true, 3, "refuse cleanup.policy=delete", "cleanup.policy=delete")
	f(true, 3, "refuse cleanup.policy=compact,delete", "cleanup.policy=compact,delete")
	f(true, 3, "refuse cleanup.policy=delete", "cleanup.policy=delete", "retention.ms=-1", "retention.bytes=1000")
	f(true, 3, "warn cleanup.policy=delete", "cleanup.policy=delete", "retention.ms=-1")
	f(true, 3, "", "max.message.bytes=16384", "compression.type=gzip", "message.timestamp.type=CreateTime")

	counts := func(want string, change ...string) {
		t.Helper()
		state := Topic{Settings: maps.Clone(good), Replicas: 3, Wanted: 3}
		state.Settings[RetentionTime] = "172800000"
		for _, line := range change {
			setting, value, _ := strings.Cut(line, "=")
			state.Settings[setting] = value
		}
		var got []string
		for _, found := range state.Counts(1_000_000) {
			said := "warn "
			if found.Refused {
				said = "refuse "
			}
			got = append(got, said+found.Setting+"="+found.Value)
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("counts, %q: got %q, want %q", change, text, want)
		}
	}
	counts("")
	counts("refuse min.insync.replicas=1", "min.insync.replicas=1")
	counts("refuse cleanup.policy=compact", "cleanup.policy=compact")
	counts("refuse max.message.bytes=999999", "max.message.bytes=999999")
	counts("warn retention.ms=-1", "retention.ms=-1")
	counts("warn retention.ms=60000", "retention.ms=60000")
	counts("", "retention.ms=3600000", "retention.bytes=1000000000", "message.timestamp.type=CreateTime")

	g := func(want string, change ...string) {
		t.Helper()
		state := Topic{Settings: maps.Clone(good), Replicas: 3, Wanted: 3}
		state.Settings[CleanupPolicy], state.Settings[CompactionLag] = "compact", "86400000"
		for _, line := range change {
			setting, value, _ := strings.Cut(line, "=")
			state.Settings[setting] = value
		}
		var got []string
		for _, found := range state.Served() {
			got = append(got, fmt.Sprintf("%v %s=%s", found.Refused, found.Setting, found.Value))
			if !strings.Contains(found.Advice, "; set it to ") {
				t.Errorf("%s: %q does not say what to do", found.Setting, found.Advice)
			}
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("served users, %q: got %q, want %q", change, text, want)
		}
	}
	g("")
	g("true min.insync.replicas=1", "min.insync.replicas=1")
	g("true cleanup.policy=delete", "cleanup.policy=delete", "retention.ms=604800000")
	g("false cleanup.policy=delete", "cleanup.policy=delete")
	g("true max.message.bytes=16384", "max.message.bytes=16384")
	g("false min.compaction.lag.ms=0", "min.compaction.lag.ms=0")

	alone := Topic{Settings: good, Replicas: 1, Wanted: 3}
	if got := alone.copies(); !slices.ContainsFunc(got, func(f Finding) bool { return f.Refused && strings.Contains(f.Advice, "--replicas 1") }) {
		t.Errorf("one copy where three were asked for: got %+v", got)
	}
}
