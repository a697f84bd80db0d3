package rights_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mlf/command"
	"mlf/proof/harness"
	"mlf/proof/kafka"
	"mlf/schema"
)

// unwell lets log and database cease to fit, in each way that mlf doctor knows.
func (s *site) unwell(cluster *kafka.Cluster, dsn string) {
	s.Helper()
	f := func(check, status, says string) {
		s.Helper()
		var last []line
		for _, f := range s.doctor("mlf-schema", "schema", "--clickhouse", dsn) {
			if f.Check == check && f.Status == status && strings.Contains(f.Says, says) {
				return
			}
			last = append(last, f)
		}
		s.Errorf("no %s %s with %q in %+v", status, check, says, last)
	}
	must := func(errs ...error) {
		s.Helper()
		if err := errors.Join(errs...); err != nil {
			s.Fatal(err)
		}
	}
	f("log.workers", "warn", "nobody counts into it")
	f("log.counted", "ok", "the same log")

	must(cluster.AddPartitions(s.Context(), schema.VotesTopic, partitions+1))
	f("log.partitions", "warn", "has 4 partitions, and its topic 5")
	s.warned(dsn, "log.partitions")
	must(cluster.Append(s.Context(), schema.VotesTopic, partitions, []byte("nobody's")))
	f("log.partitions", "fail", "has 4 partitions, and its topic 5")

	must(cluster.Append(s.Context(), schema.VotesTopic, 1, []byte("no vote")), cluster.Forget(s.Context(), schema.VotesTopic, 1))
	f("log.partitions", "warn", "beginning of partitions [1]")
	f("log.counted", "fail", "of partition 1 were removed before they were counted")

	must(cluster.Kill(0), empty(cluster, "votes.v1-0"), empty(cluster, "votes.v1-2"), cluster.Restart(s.Context(), 0))
	f("log.partitions", "fail", "no genesis record")
	apply := harness.Start(s.T, s.as("mlf-schema", "schema", "apply", "--clickhouse", dsn, "--replicas", "1", "--partitions", "5", "--wait", "5s")...)
	if code := apply.Wait(time.Minute); code != command.ExitFailed {
		s.Errorf("schema apply on what is left of a log: exit code %d", code)
	}
	f("log.counted", "fail", "it counts log ") // Apply has begun another one.
}

// empty takes away what a broker that does not run has of a partition.
func empty(cluster *kafka.Cluster, partition string) error {
	return os.RemoveAll(filepath.Join(cluster.Data(0), partition))
}

// warned runs mlf schema apply, which goes on and warns of what mlf doctor finds.
func (s *site) warned(dsn, check string) {
	s.Helper()
	apply := harness.Start(s.T, s.as("mlf-schema", "schema", "apply", "--clickhouse", dsn, "--replicas", "1", "--partitions", "4")...)
	if code := apply.Wait(time.Minute); code != command.ExitDone || !strings.Contains(apply.Stderr(), `"subject":"`+check) {
		s.Errorf("schema apply: exit code %d, and no warning of %s in %s", code, check, apply.Stderr())
	}
}
