package schema_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/votepb"
)

func genesis() schema.Genesis {
	return schema.Genesis{
		Log:        schema.LogID{0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xaf},
		Partition:  3,
		Partitions: 12,
		Rules:      schema.RulesV1,
	}
}

func TestGenesisRoundTrip(t *testing.T) {
	f := func(want schema.Genesis) {
		t.Helper()
		value := schema.AppendGenesis([]byte("x"), want)[1:]
		got, err := schema.DecodeGenesis(value)
		if err != nil || got != want {
			t.Errorf("got %+v, error %v, want %+v", got, err, want)
		}
		var generated votepb.Genesis
		if err := proto.Unmarshal(value, &generated); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(generated.GetLogId(), want.Log[:]) || int(generated.GetPartition()) != int(want.Partition) ||
			int(generated.GetPartitions()) != want.Partitions || generated.GetRules() != uint32(want.Rules) {
			t.Errorf("the generated code reads %v, want %+v", &generated, want)
		}
	}
	f(genesis())
	f(schema.Genesis{Log: schema.NewLogID(), Partition: 0, Partitions: 1, Rules: 1})
	f(schema.Genesis{Log: schema.NewLogID(), Partition: 1023, Partitions: 1024, Rules: 1<<31 - 1})
}

// TestControlIsEncodedAsAGenesis: only the key tells them apart, and each reader
// refuses what the other refuses.
func TestControlIsEncodedAsAGenesis(t *testing.T) {
	want := schema.Control(genesis())
	want.Rules = schema.RulesV2
	value := schema.AppendControl([]byte("x"), want)[1:]
	got, err := schema.DecodeControl(value)
	if err != nil || got != want {
		t.Errorf("got %+v, error %v, want %+v", got, err, want)
	}
	var generated votepb.Control
	if err := proto.Unmarshal(value, &generated); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(generated.GetLogId(), want.Log[:]) || int(generated.GetPartition()) != int(want.Partition) ||
		int(generated.GetPartitions()) != want.Partitions || generated.GetRules() != uint32(want.Rules) {
		t.Errorf("the generated code reads %v, want %+v", &generated, want)
	}
	if g, err := schema.DecodeGenesis(value); err != nil || schema.Control(g) != want {
		t.Errorf("DecodeGenesis reads %+v, error %v", g, err)
	}
	for i := range value {
		value[i] ^= 4
		if _, err := schema.DecodeControl(value); !errors.Is(err, schema.ErrUndecodable) {
			t.Errorf("byte %d changed: got %v, want %v", i, err, schema.ErrUndecodable)
		}
		value[i] ^= 4
	}
}

func TestGenesisRefusals(t *testing.T) {
	id := "\x12\x10" + strings.Repeat("i", 16)
	f := func(want error, parts ...string) {
		t.Helper()
		value := sealed([]byte(strings.Join(parts, "")))
		got, err := schema.DecodeGenesis(value)
		if !errors.Is(err, want) || err != nil && got != (schema.Genesis{}) {
			t.Errorf("%q: got %+v, error %v, want %v", parts, got, err, want)
		}
		control, err := schema.DecodeControl(value)
		if !errors.Is(err, want) || control != schema.Control(got) {
			t.Errorf("%q as a control record: got %+v, error %v, want %v", parts, control, err, want)
		}
	}
	undecodable := schema.ErrUndecodable
	f(nil, "\x08\x01", id, "\x18\x02", "\x20\x03", "\x28\x01")
	f(nil, "\x28\x01", "\x20\x03", id, "\x08\x01")

	f(undecodable)
	f(undecodable, id, "\x20\x03", "\x28\x01")
	f(schema.ErrFormat, "\x08\x02", id, "\x20\x03", "\x28\x01")
	f(schema.ErrFormat, "\x08\x02", "\x32\x01x")
	f(undecodable, "\x08\x01", "\x20\x03", "\x28\x01")                     // No log id,
	f(undecodable, "\x08\x01", "\x12\x01i", "\x20\x03", "\x28\x01")        // a short one,
	f(undecodable, "\x08\x01", "\x12\x11i"+id[2:], "\x20\x03", "\x28\x01") // a long one,
	f(undecodable, "\x08\x01", "\x12\x10"+id[2:9])                         // one cut off,
	f(undecodable, "\x08\x01", id, id, "\x20\x03", "\x28\x01")             // two,
	f(undecodable, "\x08\x01", "\x10\x01", "\x20\x03", "\x28\x01")         // a number.
	f(undecodable, "\x08\x01", id, "\x18\x03", "\x20\x03", "\x28\x01")     // Partition 3 of 3.
	f(undecodable, "\x08\x01", id, "\x20\x81\x08", "\x28\x01")             // 1,025 partitions.
	f(undecodable, "\x08\x01", id, "\x20\x03")                             // No rules.
	f(undecodable, "\x08\x01", id, "\x20\x03", "\x28\x80\x80\x80\x80\x10") // Rules 1<<32.
	f(undecodable, "\x08\x01", id, "\x20\x03", "\x28\x01", "\x30\x01")     // A sixth field.
	f(undecodable, "\x08\x01", id, "\x20\x03", "\x28\x01", "\xf8\x07\x01") // Field 127.
	f(undecodable, "\x08\x01", id, "\x20\x03", "\x28\x01", "\x80")         // Half a tag.

	value := schema.AppendGenesis(nil, genesis())
	for i := range value {
		value[i] ^= 4
		if _, err := schema.DecodeGenesis(value); !errors.Is(err, undecodable) {
			t.Errorf("byte %d changed: got %v, want %v", i, err, undecodable)
		}
		value[i] ^= 4
	}
}

func TestAppendGenesisPanics(t *testing.T) {
	f := func(change func(g *schema.Genesis)) {
		t.Helper()
		defer func() {
			t.Helper()
			if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "BUG: ") {
				t.Errorf("got panic %q, want one with BUG:", text)
			}
		}()
		g := genesis()
		change(&g)
		schema.AppendGenesis(nil, g)
	}
	f(func(g *schema.Genesis) { g.Log = schema.LogID{} })
	f(func(g *schema.Genesis) { g.Partition = -1 })
	f(func(g *schema.Genesis) { g.Partition = 12 })
	f(func(g *schema.Genesis) { g.Partitions = schema.Slots + 1 })
	f(func(g *schema.Genesis) { g.Rules = 0 })
}

// FuzzGenesis: whatever DecodeGenesis accepts, it reads again from what
// AppendGenesis writes.
func FuzzGenesis(f *testing.F) {
	for _, value := range seeds() {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		value := sealed(body[:max(0, len(body)-5)])
		want, err := schema.DecodeGenesis(value)
		control, failed := schema.DecodeControl(value)
		if (err == nil) != (failed == nil) || control != schema.Control(want) {
			t.Fatalf("as a control record: got %+v, error %v, want %+v, error %v", control, failed, want, err)
		}
		if err != nil {
			return
		}
		got, err := schema.DecodeGenesis(schema.AppendGenesis(nil, want))
		if err != nil || got != want {
			t.Fatalf("got %+v, error %v, want %+v", got, err, want)
		}
	})
}
