package fold_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlf/aggregate/fold"
	"mlf/aggregate/store/model"
	"mlf/schema"
)

func TestControlRecordsThatHalt(t *testing.T) {
	good := schema.Control{Log: testLog(), Partition: 1, Partitions: 4, Rules: schema.RulesV2}
	f := func(what, want string, other bool, key string, value []byte) {
		t.Helper()
		for r := schema.RulesV1; r <= fold.RulesMax; r++ {
			sum := fold.New(1, identity(4))
			g := genesisBy(r, 1, 4)
			apply(t, sum, &g)
			before := sum.AppendState(nil)
			err := sum.Apply(&schema.Record{Offset: 1, Key: []byte(key), Value: value})
			if !errors.Is(err, fold.ErrHalt) || errors.Is(err, fold.ErrOtherLog) != other || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, rules %d: got %v, want a halt that says %q", what, r, err, want)
			}
			if !bytes.Equal(sum.AppendState(nil), before) {
				t.Errorf("%s, rules %d: the fold has changed", what, r)
			}
		}
	}
	change := func(do func(c *schema.Control)) []byte {
		c := good
		do(&c)
		return schema.AppendControl(nil, c)
	}
	f("another log", "point mlf at the log", true, schema.KeyRules, change(func(c *schema.Control) { c.Log[0]++ }))
	f("another partition", "point mlf at the log", true, schema.KeyRules, change(func(c *schema.Control) { c.Partition++ }))
	f("another count", "point mlf at the log", true, schema.KeyRules, change(func(c *schema.Control) { c.Partitions++ }))
	f("unknown rules", "rules 4, which this version does not know: run the version that wrote it, or a later one", false,
		schema.KeyRules, change(func(c *schema.Control) { c.Rules = 4 }))
	f("unreadable", "changes the rules, and cannot be read", false, schema.KeyRules, []byte("?"))
	f("newer format", "run the version", false, schema.KeyRules, newerFormat())
	f("newer control record", "mlf.colours", false, "mlf.colours", nil)
}

// TestAnOlderVersionHaltsAtTheChange: it neither skips the record nor goes on from
// a state of the new rules.
func TestAnOlderVersionHaltsAtTheChange(t *testing.T) {
	old := begun(t)
	if err := old.KnowOnly(schema.RulesV1); err != nil {
		t.Fatal(err)
	}
	change := control(schema.RulesV2, 0, 1)
	change.Offset = 1
	if err := old.Apply(&change); !errors.Is(err, fold.ErrHalt) || !strings.Contains(err.Error(), `"mlf.rules", which this version does not know`) {
		t.Errorf("at the change: got %v", err)
	}
	now := begun(t)
	apply(t, now, &change)
	if err := now.KnowOnly(schema.RulesV1); !errors.Is(err, fold.ErrCheckpoint) {
		t.Errorf("from a state of rules 2: got %v, want %v", err, fold.ErrCheckpoint)
	}
	first := fold.New(0, identity(1))
	if err := first.KnowOnly(schema.RulesV1); err != nil {
		t.Fatal(err)
	}
	g := genesisBy(schema.RulesV2, 0, 1)
	if err := first.Apply(&g); !errors.Is(err, fold.ErrHalt) || !strings.Contains(err.Error(), "rules 2") {
		t.Errorf("genesis of rules 2: got %v", err)
	}
}

// TestAnOlderVersionHaltsAtRules3: one of rules 2 halts at the change, at a genesis of
// rules 3, and from a state of theirs.
func TestAnOlderVersionHaltsAtRules3(t *testing.T) {
	old := begunBy(t, schema.RulesV2)
	if err := old.KnowOnly(schema.RulesV2); err != nil {
		t.Fatal(err)
	}
	change := control(schema.RulesV3, 0, 1)
	change.Offset = 1
	if err := old.Apply(&change); !errors.Is(err, fold.ErrHalt) || !strings.Contains(err.Error(), "rules 3, which this version does not know") {
		t.Errorf("at the change: got %v", err)
	}
	now := begunBy(t, schema.RulesV2)
	apply(t, now, &change)
	if err := now.KnowOnly(schema.RulesV2); !errors.Is(err, fold.ErrCheckpoint) {
		t.Errorf("from a state of rules 3: got %v, want %v", err, fold.ErrCheckpoint)
	}
	_, payload := checkpoint(t, now)
	if version := payload[len("mlfc")]; version != 3 {
		t.Errorf("a checkpoint of rules 3 is of version %d", version)
	}
	_, payload = checkpoint(t, begunBy(t, schema.RulesV2))
	if version := payload[len("mlfc")]; version != 2 {
		t.Errorf("a checkpoint of rules 2 is of version %d, which a program that knows them cannot read", version)
	}
}

// TestCheckpointsOfOlderVersions: a count goes on from what the version before wrote as
// if it had counted all of it itself, by the rules of then and over the change to others.
func TestCheckpointsOfOlderVersions(t *testing.T) {
	f := func(name string, until int, before, after schema.Rules) {
		t.Helper()
		payload, err := os.ReadFile(filepath.Join("testdata", name+".mlfc"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := fold.Open(payload)
		if err != nil {
			t.Fatal(err)
		}
		want := fold.New(0, identity(1))
		recs := frozenRecords(until)
		recs[0] = genesisBy(before, 0, 1)
		for _, rec := range recs {
			apply(t, want, &rec)
		}
		var rows fold.Rows
		want.Drain(&rows)
		same := func(when string) {
			t.Helper()
			if !bytes.Equal(got.AppendState(nil), want.AppendState(nil)) {
				t.Fatalf("%s, %s: the states differ", name, when)
			}
			a, b := model.New(), model.New()
			merge(a, got)
			merge(b, want)
			if len(a.Rollups) != len(b.Rollups) || len(a.Ledger) != len(b.Ledger) || len(a.Marks) != len(b.Marks) {
				t.Fatalf("%s, %s: got %d, %d, %d rows, want %d, %d, %d", name, when, len(a.Rollups), len(a.Ledger), len(a.Marks), len(b.Rollups), len(b.Ledger), len(b.Marks))
			}
		}
		if got.Next() != want.Next() || got.Chain() != want.Chain() || got.Identity() != want.Identity() || got.Dirty() != 0 {
			t.Fatalf("%s: got a fold at %d, %+v, want at %d, %+v", name, got.Next(), got.Identity(), want.Next(), want.Identity())
		}
		same("opened")
		play := func(when string, recs ...schema.Record) {
			for _, rec := range recs {
				again := rec
				apply(t, got, &rec)
				apply(t, want, &again)
			}
			same(when)
		}
		again := frozenRecords(0)[1:]
		play("by the rules of then", again[20:60]...)
		play("the change", control(after, 0, 1))
		play("by the new rules", again...)
		if after >= schema.RulesV3 {
			play("with events", sampleEvents()...)
		}
		if got.Identity().Rules != after {
			t.Errorf("%s: the count goes by rules %d, want %d", name, got.Identity().Rules, after)
		}
	}
	f("checkpoint1/open", 0, schema.RulesV1, schema.RulesV2)
	f("checkpoint1/second-segment", schema.SegmentRecords, schema.RulesV1, schema.RulesV2)
	f("checkpoint2/open", 0, schema.RulesV2, schema.RulesV3)
}
