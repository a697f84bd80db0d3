package brokertest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mlf/ingest/broker"
	"mlf/schema"
)

// rulesRaised raises a log's rules: not while a worker counts by older ones, once
// when none does, and on every partition, also after it was broken off.
func rulesRaised(t *testing.T, e *env) {
	e.create(t, 3)
	if err := e.client.WriteGenesis(e.ctx, schema.NewLogID(), schema.RulesV1); err != nil {
		t.Fatal(err)
	}
	genesis, err := e.client.ReadGenesis(e.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	id := schema.Identity{Log: genesis.Log, Partitions: 3, Rules: schema.RulesV1}
	raise := func(want schema.Rules, problem error, ends ...schema.Offset) {
		t.Helper()
		got, err := e.client.RaiseRules(e.ctx, id, schema.RulesV2)
		if got != want || !errors.Is(err, problem) {
			t.Errorf("got rules %d, %v: want %d, %v", got, err, want, problem)
		}
		if problem != nil && (err == nil || !strings.Contains(err.Error(), "worker ")) {
			t.Errorf("%v: does not say which worker", err)
		}
		if at, err := e.client.LogEnds(e.ctx); err != nil || !slices.Equal(at, ends) {
			t.Errorf("got log ends %v, %v: want %v", at, err, ends)
		}
	}
	older := e.joinWith(t, "here/mlf", schema.RulesV1)
	elsewhere := e.joinWith(t, "there/mlf", schema.RulesV1)
	newer := e.join(t)
	eventually(e.ctx, t, "both hold some", func() bool { return len(older.holds()) > 0 && len(newer.holds()) > 0 })
	eventually(e.ctx, t, "the other database's holds all", func() bool { return len(elsewhere.holds()) == 3 })
	raise(schema.RulesV1, broker.ErrRulesStay, 1, 1, 1)
	older.stop()
	raise(schema.RulesV1, broker.ErrRulesStay, 1, 1, 1)
	elsewhere.stop()
	eventually(e.ctx, t, "the newer holds all", func() bool { return len(newer.holds()) == 3 })
	raise(schema.RulesV2, nil, 2, 2, 2)
	raise(schema.RulesV2, nil, 2, 2, 2)
	control := e.fetchAll(t, e.client.NewConsumer(), 2, 2)[1]
	want := schema.Control{Log: id.Log, Partition: 2, Partitions: 3, Rules: schema.RulesV2}
	if got, err := schema.DecodeControl(control.Value); string(control.Key) != schema.KeyRules || err != nil || got != want {
		t.Errorf("got key %q, %+v, %v: want %+v", control.Key, got, err, want)
	}
}
