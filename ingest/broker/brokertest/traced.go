package brokertest

import (
	"strings"
	"testing"

	"mlf/schema"
)

// traced: a header says which request a record is of, and changes nothing else about
// it. One that has no room for it goes without, and so does one that is put back.
func traced(t *testing.T, e *env) {
	e.create(t, 2)
	p, _ := e.producer(t, e.client, 2)
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	largest := strings.Repeat("v", 999_900)
	for _, r := range []struct{ value, trace string }{
		{"first", ""}, {"second", trace}, {"third", "00-cut-off"}, {largest[:999_800], trace}, {largest, trace},
	} {
		if err := p.AppendTraced(e.ctx, 0, []byte(r.value), r.trace); err != nil {
			t.Fatal(err)
		}
	}
	want := []schema.Record{
		{Value: []byte("first")},
		{Value: []byte("second"), Trace: trace},
		{Value: []byte("third")},
		{Value: []byte(largest[:999_800]), Trace: trace},
		{Value: []byte(largest)},
	}
	records := e.fetchAll(t, e.client.NewConsumer(), 0, len(want))
	compareTraced(t, records, want)

	if err := e.client.NewCopier().Append(e.ctx, 1, records); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i].Trace = ""
	}
	compareTraced(t, e.fetchAll(t, e.client.NewConsumer(), 1, len(want)), want)
}

// compareTraced compares also what the chain makes of records: traces are no part of it.
func compareTraced(t *testing.T, got, want []schema.Record) {
	t.Helper()
	var linker schema.Linker
	var chains [2]schema.Chain
	for i := range want {
		if string(got[i].Value) != string(want[i].Value) || len(got[i].Key) != 0 || got[i].Trace != want[i].Trace {
			t.Errorf("record %d: got %d bytes with trace %q, want %d with %q", i, len(got[i].Value), got[i].Trace, len(want[i].Value), want[i].Trace)
		}
		bare := got[i]
		bare.Trace = ""
		linker.Link(&chains[0], &got[i])
		linker.Link(&chains[1], &bare)
	}
	if chains[0] != chains[1] {
		t.Error("a trace changes the chain")
	}
}
