package brokertest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"mlf/ingest/broker"
	"mlf/schema"
)

// claimsFrom returns a claim of partition 3 of n rows, from an offset on.
func claimsFrom(after schema.Offset, n int) []schema.Claim {
	c := schema.Claim{Partition: 3, After: after, Next: after + 10, Ledger: []schema.LedgerRow{{
		Partition: 3, Next: after + 10, Tally: schema.Tally{Records: 10, VotesIn: uint64(n), Counted: uint64(n)},
	}}}
	for i := range n {
		c.Rollups = append(c.Rollups, schema.Rollup{
			Partition: 3, Values: [5]uint64{0, 0, uint64(i) + 1},
			Cell: schema.Cell{
				Comune: schema.ComuneID(1 + i%7896), Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK, Hour: 497_000,
			},
		})
	}
	return []schema.Claim{c}
}

// fetchClaims returns the batches from at on, n of them at least. One that is there twice
// counts once: whoever got no answer has told it again.
func (e *env) fetchClaims(t *testing.T, r *broker.CountsReader, at schema.Offset, n int) []schema.ClaimBatch {
	t.Helper()
	var all []schema.ClaimBatch
	for len(all) < n {
		batches, next, err := r.Fetch(e.ctx, at)
		if err != nil || next < at {
			t.Fatalf("fetch claims at %d: got next %d, %v", at, next, err)
		}
		for _, b := range batches {
			if last := len(all) - 1; last < 0 || all[last].Teller != b.Teller || all[last].Number != b.Number {
				all = append(all, b)
			}
		}
		at = next
	}
	return all
}

func toldAndRead(t *testing.T, e *env) {
	e.create(t, 1)
	log := schema.LogID{9}
	writers := []*broker.CountsWriter{e.client.NewCountsWriter(log), e.client.NewCountsWriter(log)}
	for i := range 6 {
		claims := claimsFrom(schema.Offset(10*i), 3)
		if err := writers[i%2].Tell(e.ctx, claims); err != nil {
			t.Fatal(err)
		}
		clear(claims[0].Rollups) // They are the caller's again.
	}
	got := e.fetchClaims(t, e.client.NewCountsReader(), 0, 6)
	if len(got) != 6 || got[0].Teller == got[1].Teller || got[0].Teller == (schema.TellerID{}) {
		t.Fatalf("got %d batches, of %x and %x", len(got), got[0].Teller, got[1].Teller)
	}
	for i, b := range got {
		number := uint64(i/2 + 1)
		want := schema.ClaimBatch{Log: log, Teller: got[i%2].Teller, Number: number, First: number, Last: true, Claims: claimsFrom(schema.Offset(10*i), 3)}
		if !reflect.DeepEqual(b, want) {
			t.Errorf("batch %d: got %+v, want %+v", i, b, want)
		}
	}
}

func longClaims(t *testing.T, e *env) {
	e.create(t, 1)
	const rows = 120_000
	w := e.client.NewCountsWriter(schema.LogID{9})
	for after := range schema.Offset(2) {
		if err := w.Tell(e.ctx, append(claimsFrom(after, rows), claimsFrom(after, 1)...)); err != nil {
			t.Fatal(err)
		}
	}
	var all []schema.ClaimBatch
	for at, last, r := schema.Offset(0), 0, e.client.NewCountsReader(); last < 2; {
		batches, next, err := r.Fetch(e.ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range batches {
			if b.Last {
				last++
			}
		}
		all, at = append(all, batches...), next
	}
	first, told := uint64(1), 0
	for i, b := range all {
		if b.Number != uint64(i+1) || b.First != first {
			t.Errorf("record %d: got number %d of those from %d on, want from %d", i, b.Number, b.First, first)
		}
		for _, c := range b.Claims {
			told += len(c.Rollups)
			if !b.Last && (c.Next > 0 || len(c.Ledger) > 0) {
				t.Errorf("record %d claims before the last: %d to %d", i, c.After, c.Next)
			}
		}
		if b.Last {
			first = b.Number + 1
			if len(b.Claims) != 2 || b.Claims[0].Next != b.Claims[0].After+10 || len(b.Claims[1].Ledger) != 1 {
				t.Errorf("record %d, the last: got %d claims", i, len(b.Claims))
			}
		}
	}
	if told != 2*(rows+1) || len(all) < 4 {
		t.Errorf("got %d rows in %d records, want %d in 4 at least", told, len(all), 2*(rows+1))
	}
}

func countsSince(t *testing.T, e *env) {
	e.create(t, 1)
	r, w := e.client.NewCountsReader(), e.client.NewCountsWriter(schema.LogID{9})
	since := func(at time.Time, want schema.Offset) {
		t.Helper()
		if got, err := r.Since(e.ctx, at); got != want || err != nil {
			t.Errorf("since %v: got %d, %v, want %d", at, got, err, want)
		}
	}
	tell := func() {
		t.Helper()
		if err := w.Tell(e.ctx, claimsFrom(0, 1)); err != nil {
			t.Fatal(err)
		}
	}
	since(time.Now().Add(-time.Hour), 0)
	tell()
	began := time.Now()
	eventually(e.ctx, t, "the clock goes on", func() bool { return time.Since(began) > 50*time.Millisecond })
	middle := time.Now()
	tell()
	tell()
	since(middle.Add(-time.Hour), 0)
	since(middle, 1)
	since(time.Now().Add(time.Minute), 3)
	for _, at := range []schema.Offset{-1, 4, 1 << 40} {
		if _, _, err := r.Fetch(e.ctx, at); !errors.Is(err, schema.ErrOffsetOutOfRange) {
			t.Errorf("offset %d: got %v, want ErrOffsetOutOfRange", at, err)
		}
	}
}

func countsAwaited(t *testing.T, e *env) {
	e.create(t, 1)
	r := e.client.NewCountsReader()
	began := time.Now()
	got, next, err := r.Fetch(e.ctx, 0)
	if took := time.Since(began); err != nil || len(got) != 0 || next != 0 || took < 200*time.Millisecond || took > 2*time.Second {
		t.Errorf("got %d batches, next %d, %v after %v: want none after about 500ms", len(got), next, err, took)
	}
	told := make(chan error, 1)
	w := e.client.NewCountsWriter(schema.LogID{9})
	time.AfterFunc(50*time.Millisecond, func() { told <- w.Tell(e.ctx, claimsFrom(0, 1)) })
	if got := e.fetchClaims(t, r, 0, 1); len(got) != 1 {
		t.Errorf("got %d batches, want 1", len(got))
	}
	if err := <-told; err != nil {
		t.Error(err)
	}
}

// countsMissing is what an installation finds that was made before there were claims.
func countsMissing(t *testing.T, e *env) {
	older := e.cfg
	older.CountsTopic = e.cfg.CountsTopic + "-other"
	topics := broker.TopicsConfig{Partitions: 2, Replicas: max(1, e.endpoint.Replicas)}
	id, err := e.newClient(t, older).Apply(e.ctx, topics)
	if err != nil {
		t.Fatal(err)
	}
	r, w := e.client.NewCountsReader(), e.client.NewCountsWriter(id.Log)
	if err := w.Tell(e.ctx, claimsFrom(0, 1)); !errors.Is(err, broker.ErrNoTopic) {
		t.Errorf("tell: got %v, want ErrNoTopic", err)
	}
	if _, err := r.Since(e.ctx, time.Now()); !errors.Is(err, broker.ErrNoTopic) {
		t.Errorf("since: got %v, want ErrNoTopic", err)
	}
	if _, _, err := r.Fetch(e.ctx, 0); !errors.Is(err, broker.ErrNoTopic) {
		t.Errorf("fetch: got %v, want ErrNoTopic", err)
	}
	for range 2 {
		if again, err := e.client.Apply(e.ctx, topics); err != nil || again != id {
			t.Fatalf("apply: got %+v, %v, want %+v", again, err, id)
		}
	}
	eventually(e.ctx, t, "claims are told", func() bool { return w.Tell(e.ctx, claimsFrom(0, 1)) == nil })
	e.fetchClaims(t, r, 0, 1)
}

func noClaims(t *testing.T, e *env) {
	e.create(t, 1)
	foreign := e.cfg
	foreign.RegistryTopic, foreign.CountsTopic = e.cfg.CountsTopic, e.cfg.RegistryTopic
	w := e.client.NewCountsWriter(schema.LogID{9})
	put := func(value []byte) {
		t.Helper()
		if err := e.newClient(t, foreign).PutRegistry(e.ctx, "k", value); err != nil {
			t.Fatal(err)
		}
	}
	put([]byte("what is this"))
	if err := w.Tell(e.ctx, claimsFrom(0, 2)); err != nil {
		t.Fatal(err)
	}
	put(nil)
	if err := w.Tell(e.ctx, claimsFrom(10, 2)); err != nil {
		t.Fatal(err)
	}
	r := e.client.NewCountsReader()
	got := e.fetchClaims(t, r, 0, 2)
	if len(got) != 2 || got[0].Claims[0].After != 0 || got[1].Claims[0].After != 10 {
		t.Errorf("got %+v", got)
	}
	if _, next, err := r.Fetch(e.ctx, 4); next != 4 || err != nil {
		t.Errorf("got next %d, %v, want 4", next, err)
	}
}

func damagedClaims(t *testing.T, e *env) {
	e.needsClearText(t)
	e.create(t, 1)
	log := schema.LogID{0: 0xde, 1: 0xad, 2: 0xbe, 3: 0xef, 4: 0xca, 5: 0xfe}
	w := e.client.NewCountsWriter(log)
	if err := w.Tell(e.ctx, claimsFrom(0, 1)); err != nil {
		t.Fatal(err)
	}
	e.wire.replace(log[:6], []byte("xxxxxx"))
	r := e.client.NewCountsReader()
	failures, at := 0, schema.Offset(0)
	for at == 0 {
		var err error
		if _, at, err = r.Fetch(e.ctx, 0); err == nil {
			break
		}
		if failures++; !errors.Is(err, schema.ErrCorrupt) {
			t.Fatalf("got %v, want ErrCorrupt", err)
		}
	}
	if failures != 3 || at != 1 {
		t.Errorf("goes on at %d after %d failures, want at 1 after 3", at, failures)
	}
	e.wire.mend()
	if err := w.Tell(e.ctx, claimsFrom(10, 1)); err != nil {
		t.Fatal(err)
	}
	if got := e.fetchClaims(t, r, at, 1); got[0].Number != 2 {
		t.Errorf("got record %d, want 2", got[0].Number)
	}
}

func tellingGivesUp(t *testing.T, e *env) {
	e.create(t, 1)
	e.cfg.TellTimeout = 500 * time.Millisecond
	w := e.newClient(t, e.cfg).NewCountsWriter(schema.LogID{9})
	eventually(e.ctx, t, "claims are told", func() bool { return w.Tell(e.ctx, claimsFrom(0, 1)) == nil })
	for _, disturb := range []func(){e.wire.silence, e.wire.cut} {
		disturb()
		began := time.Now()
		if err := w.Tell(e.ctx, claimsFrom(10, 1)); err == nil {
			t.Error("told, and nobody could hear it")
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("gave up after %v, want 500ms", took)
		}
	}
	e.wire.mend()
	eventually(e.ctx, t, "claims are told again", func() bool { return w.Tell(e.ctx, claimsFrom(20, 1)) == nil })
	r := e.client.NewCountsReader()
	var last schema.ClaimBatch
	for at := schema.Offset(0); len(last.Claims) == 0 || last.Claims[0].After != 20; {
		batches, next, err := r.Fetch(e.ctx, at)
		if err != nil {
			continue // The reader shares the wire: connections that fell silent fail once.
		}
		for _, b := range batches {
			if b.Number < last.Number { // One may be there twice: an answer that was lost is no answer.
				t.Errorf("record %d after %d", b.Number, last.Number)
			}
			last = b
		}
		at = next
	}
	if last.Number < 4 {
		t.Errorf("got number %d after two that failed", last.Number)
	}
}
