package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mlf/aggregate/fold"
	"mlf/ingest/archive"
	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A target is a broker as an archive sees it.
type target struct{ *broker.Copier }

func (t target) Create(ctx context.Context, partitions, replicas int) error {
	return t.MakeTopics(ctx, broker.TopicsConfig{Partitions: partitions, Replicas: replicas})
}

// startBroker starts an empty broker.
func startBroker(t *testing.T) target {
	t.Helper()
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	client, err := broker.New(broker.Config{Brokers: []string{b.Addr()}, FetchWaitMax: 2 * time.Millisecond}, broker.Telemetry{Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return target{client.NewCopier()}
}

// log returns records of every kind for each of n partitions. The last one has its
// genesis alone.
func log(n int) (all [][]schema.Record, id schema.LogID) {
	id = schema.NewLogID()
	for p := range n {
		records := []schema.Record{{
			Key:   []byte(schema.KeyGenesis),
			Value: schema.AppendGenesis(nil, schema.Genesis{Log: id, Partition: schema.Partition(p), Partitions: n, Rules: schema.RulesV1}),
		}}
		if p < n-1 {
			records = append(records,
				schema.Record{Value: []byte("vote")},
				schema.Record{Value: []byte{}},
				schema.Record{Key: []byte("key without value")},
				schema.Record{Key: []byte{}, Value: []byte("empty key")},
				schema.Record{Key: []byte(schema.KeyRules), Value: schema.AppendControl(nil, schema.Control{Log: id, Partition: schema.Partition(p), Partitions: n, Rules: schema.RulesV2})},
				schema.Record{Value: bytes.Repeat([]byte{1, 2, 3}, schema.RecordBytesMax/3)},
			)
			for i := range 300 {
				records = append(records, schema.Record{Value: fmt.Appendf(nil, "vote %d of partition %d", i, p)})
			}
		}
		for i := range records {
			records[i].Offset = schema.Offset(i)
		}
		all = append(all, records)
	}
	return all, id
}

// fill makes a broker have records.
func fill(t *testing.T, to target, all [][]schema.Record) {
	t.Helper()
	if err := to.Create(t.Context(), len(all), 1); err != nil {
		t.Fatal(err)
	}
	for p := range all {
		if err := to.Append(t.Context(), schema.Partition(p), all[p]); err != nil {
			t.Fatal(err)
		}
	}
}

func put(t *testing.T, to target, key, value string) {
	t.Helper()
	if err := to.PutRegistry(t.Context(), key, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

// writeDir returns a folder to write to, until the test ends.
func writeDir(t *testing.T, path string) *archive.Dir {
	t.Helper()
	d, err := archive.WriteDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// sound wants an archive without faults, of so many records, that is the log of from.
func sound(t *testing.T, d archive.Folder, from archive.Source, records uint64) archive.Verified {
	t.Helper()
	v, err := archive.Verify(t.Context(), archive.VerifyConfig{From: d, Against: from})
	if err != nil || len(v.Faults) > 0 || v.Records != records || from != nil && v.Compared != records {
		t.Fatalf("verify: got %+v, %v: want %d records, no fault", v, err, records)
	}
	return v
}

func TestALogIsPutBackAsItWas(t *testing.T) {
	first, second := startBroker(t), startBroker(t)
	all, id := log(3)
	fill(t, first, all)
	put(t, first, "stream-key/1", "old")
	put(t, first, "stream-key/1", "secret")
	put(t, first, "ticket", "secret too")
	served := []schema.Record{{Key: []byte("office"), Value: []byte("newer")}, {Key: []byte("office"), Value: []byte("older")}}
	if err := first.PutServedRecords(t.Context(), served); err != nil {
		t.Fatal(err)
	}
	alerts := []schema.Record{{Key: []byte("alert/a"), Value: []byte("1")}, {Key: []byte("alert/b"), Value: []byte("1")}, {Key: []byte("alert/a"), Value: []byte("2")}}
	if err := first.PutAlertRecords(t.Context(), alerts); err != nil {
		t.Fatal(err)
	}
	d := writeDir(t, t.TempDir())
	got, err := archive.Take(t.Context(), archive.TakeConfig{From: first, To: d})
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(len(all[0]) + len(all[1]) + len(all[2]))
	if got.Log != id.String() || got.Added != n || got.Records != n || got.Partitions != 3 || len(got.Incomplete) > 0 {
		t.Errorf("take: got %+v, want %d records", got, n)
	}
	if v := sound(t, d, first, n); !v.Restorable || v.Registry != 2 || v.Served != 2 || v.Alerts != 3 {
		t.Errorf("verify: got %+v, want one that can be restored, with 2 records of the registry, 2 of served users and 3 of alerts", v)
	}
	for _, want := range []archive.Restored{{Appended: n, Registry: 2, Served: 2, Alerts: 3}, {}} { // The second time everything is there.
		want.Log, want.Partitions, want.Records = got.Log, 3, n
		did, err := archive.Restore(t.Context(), archive.RestoreConfig{From: d, To: second, Replicas: 1})
		if err != nil || did != want {
			t.Fatalf("restore: got %+v, %v: want %+v", did, err, want)
		}
	}
	sound(t, d, second, n)
	for p := range all {
		i := 0
		for i < len(all[p]) {
			f, err := second.Fetch(t.Context(), schema.Partition(p), schema.Offset(i))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range f.Records {
				if w := all[p][i]; r.Offset != w.Offset || !same(r.Key, w.Key) || !same(r.Value, w.Value) {
					t.Fatalf("partition %d, record %d: got %d, %.20q = %.20q, want %.20q = %.20q", p, i, r.Offset, r.Key, r.Value, w.Key, w.Value)
				}
				i++
			}
		}
	}
	var registry []string
	if err := second.ReadRecords(t.Context(), func(key string, value []byte) error {
		registry = append(registry, key+"="+string(value))
		return nil
	}); err != nil || !slices.Equal(registry, []string{"stream-key/1=secret", "ticket=secret too"}) {
		t.Errorf("registry: got %v, %v", registry, err)
	}
	// The log goes on, and so does its archive, from the other cluster.
	if err := second.Append(t.Context(), 1, []schema.Record{{Offset: schema.Offset(len(all[1])), Value: []byte("new")}}); err != nil {
		t.Fatal(err)
	}
	if got, err := archive.Take(t.Context(), archive.TakeConfig{From: second, To: d}); err != nil || got.Added != 1 {
		t.Errorf("take again: got %+v, %v: want 1 record", got, err)
	}
	sound(t, d, second, n+1)
}

func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

// TestTheChainIsTheCounts: what an archive says of a log can be held to the ledger.
func TestTheChainIsTheCounts(t *testing.T) {
	all, id := log(2)
	f := fold.New(0, schema.Identity{Log: id, Partitions: 2})
	var linker schema.Linker
	var chain schema.Chain
	for i := range all[0] {
		if len(all[0][i].Key) > 0 && i > 0 && string(all[0][i].Key) != schema.KeyRules {
			continue // By rules 1 nobody counts on.
		}
		rec := all[0][i]
		rec.Offset = f.Next()
		if err := f.Apply(&rec); err != nil {
			t.Fatal(err)
		}
		linker.Link(&chain, &rec)
	}
	if f.Chain() != chain || chain == (schema.Chain{}) {
		t.Errorf("got chain %x, and the count %x", chain, f.Chain())
	}
}

func TestWhatDoesNotBelongTogetherIsRefused(t *testing.T) {
	one, other := startBroker(t), startBroker(t)
	all, _ := log(2)
	fill(t, one, all)
	d := writeDir(t, t.TempDir())
	take := func(from archive.Source, to archive.Folder) error {
		_, err := archive.Take(t.Context(), archive.TakeConfig{From: from, To: to})
		return err
	}
	if err := take(other, d); !errors.Is(err, broker.ErrNoTopic) {
		t.Errorf("no log: got %v", err)
	}
	if err := take(one, d); err != nil {
		t.Fatal(err)
	}
	n := uint64(len(all[0]) + len(all[1]))
	f := func(name string, err error, want string) {
		t.Helper()
		if !errors.Is(err, archive.ErrRefused) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: got %v, want a refusal with %q", name, err, want)
		}
		sound(t, d, one, n)
	}
	restore := func(to target) error {
		_, err := archive.Restore(t.Context(), archive.RestoreConfig{From: d, To: to, Replicas: 1})
		return err
	}
	foreign, _ := log(2)
	fill(t, other, foreign)
	f("another log", take(other, d), "the archive has log")
	f("restore over another log", restore(other), "partition 0: record 0 of the log is not that of the archive")

	short := startBroker(t)
	fill(t, short, [][]schema.Record{all[0][:9], all[1]})
	f("a log that lost its end", take(short, d), "the log ends at 9, and the archive at")
	if v, err := archive.Verify(t.Context(), archive.VerifyConfig{From: d, Against: short}); err != nil || len(v.Faults) != 1 || !strings.Contains(v.Faults[0], "the log ends at 9") {
		t.Errorf("verify against a log that lost its end: got %+v, %v", v, err)
	}

	changed := startBroker(t)
	again := slices.Clone(all[0])
	again[len(again)-3].Value = []byte("rewritten")
	fill(t, changed, [][]schema.Record{again, all[1]})
	f("a log that was rewritten", take(changed, d), fmt.Sprintf("record %d is not the one that was archived", len(again)-3))
	f("restore over a log that was rewritten", restore(changed), fmt.Sprintf("record %d of the log is not", len(again)-3))

	registered := startBroker(t)
	put(t, one, "stream-key/1", "ours")
	if err := take(one, d); err != nil {
		t.Fatal(err)
	}
	if err := registered.Create(t.Context(), 2, 1); err != nil {
		t.Fatal(err)
	}
	put(t, registered, "stream-key/1", "theirs")
	err := restore(registered)
	f("another registry", err, "stream-key/1")
	if strings.Contains(err.Error(), "ours") || strings.Contains(err.Error(), "theirs") {
		t.Errorf("a secret is told: %v", err)
	}
	two := startBroker(t)
	if err := two.Create(t.Context(), 3, 1); err != nil {
		t.Fatal(err)
	}
	if err := restore(two); err == nil || !strings.Contains(err.Error(), "partitions") {
		t.Errorf("another partition count: got %v", err)
	}
	if _, err := archive.WriteDir(t.TempDir() + "/\x00"); err == nil {
		t.Error("no folder: want an error")
	}
}

// TestSomebodyElseAppends: records that come to be elsewhere are no restored log.
func TestSomebodyElseAppends(t *testing.T) {
	b := startBroker(t)
	all, _ := log(2)
	fill(t, b, [][]schema.Record{all[0][:4], all[1]})
	if err := b.Append(t.Context(), 0, all[0][6:9]); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("got %v, want that somebody else appends", err)
	}
}
