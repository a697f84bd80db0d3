package brokertest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mlf/ingest/broker"
	"mlf/schema"
)

func outOfRange(t *testing.T, e *env) {
	e.create(t, 1)
	p, _ := e.producer(t, e.client, 1)
	if err := p.Append(e.ctx, 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	c := e.client.NewConsumer()
	for _, at := range []schema.Offset{-1, 2, 1 << 40} {
		if _, err := c.Fetch(e.ctx, 0, at); !errors.Is(err, schema.ErrOffsetOutOfRange) {
			t.Errorf("offset %d: got %v, want ErrOffsetOutOfRange", at, err)
		}
	}
	if f, err := c.Fetch(e.ctx, 0, 0); err != nil || len(f.Records) != 1 {
		t.Errorf("got %d records, %v: want 1", len(f.Records), err)
	}
}

func boundsAndTimes(t *testing.T, e *env) {
	e.create(t, 3)
	p, _ := e.producer(t, e.client, 3)
	before := schema.InstantOf(time.Now().Add(-time.Second))
	for range 3 {
		if err := p.Append(e.ctx, 1, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := e.client.Bounds(e.ctx); err != nil || !slices.Equal(got, []schema.Bounds{{}, {Next: 3}, {}}) {
		t.Errorf("got bounds %v, %v: want three records in the second partition", got, err)
	}
	for at := range schema.Offset(3) {
		if got, err := e.client.Appended(e.ctx, 1, at); err != nil || got < before || got > schema.InstantOf(time.Now().Add(time.Second)) {
			t.Errorf("record %d was appended at %v, %v: want now", at, got.Time(), err)
		}
	}
	for _, at := range []schema.Offset{-1, 3, 4} {
		if _, err := e.client.Appended(e.ctx, 1, at); !errors.Is(err, schema.ErrOffsetOutOfRange) {
			t.Errorf("record %d: got %v, want ErrOffsetOutOfRange", at, err)
		}
	}
}

func longPoll(t *testing.T, e *env) {
	e.create(t, 1)
	p, _ := e.producer(t, e.client, 1)
	c := e.client.NewConsumer()
	began := time.Now()
	f, err := c.Fetch(e.ctx, 0, 0)
	if took := time.Since(began); err != nil || len(f.Records) != 0 || took < 200*time.Millisecond || took > 2*time.Second {
		t.Errorf("got %d records, %v after %v: want none after about 500ms", len(f.Records), err, took)
	}
	e.cfg.FetchWaitMax = 5 * time.Second
	c = e.newClient(t, e.cfg).NewConsumer()
	appended := make(chan error, 1)
	time.AfterFunc(100*time.Millisecond, func() { appended <- p.Append(e.ctx, 0, []byte("x")) })
	began = time.Now()
	f, err = c.Fetch(e.ctx, 0, 0)
	if took := time.Since(began); err != nil || len(f.Records) != 1 || took > 2*time.Second {
		t.Errorf("got %d records, %v after %v: want 1 soon after 100ms", len(f.Records), err, took)
	}
	if err := <-appended; err != nil {
		t.Error(err)
	}
}

// appendEach appends n records in as many batches.
func (e *env) appendEach(t *testing.T, n int) {
	t.Helper()
	p, _ := e.producer(t, e.client, 1)
	for i := range n {
		if err := p.Append(e.ctx, 0, fmt.Appendf(nil, "marker %d.", i)); err != nil {
			t.Fatal(err)
		}
	}
}

// needsClearText skips what changes bytes on the wire where TLS would find it first.
func (e *env) needsClearText(t *testing.T) {
	t.Helper()
	if e.cfg.TLS != nil {
		t.Skip("the wire is encrypted")
	}
}

func flippedByte(t *testing.T, e *env) {
	e.needsClearText(t)
	e.create(t, 1)
	e.appendEach(t, 1)
	c := e.client.NewConsumer()
	e.wire.replace([]byte("marker 0"), []byte("mArker 0"))
	if _, err := c.Fetch(e.ctx, 0, 0); !errors.Is(err, schema.ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
	e.wire.mend()
	if f, err := c.Fetch(e.ctx, 0, 0); err != nil || string(f.Records[0].Value) != "marker 0." {
		t.Errorf("got %+v, %v: want the record", f.Records, err)
	}
}

func flippedLater(t *testing.T, e *env) {
	e.needsClearText(t)
	e.create(t, 1)
	e.appendEach(t, 3)
	c := e.client.NewConsumer()
	e.wire.replace([]byte("marker 2"), []byte("mArker 2"))
	defer e.wire.mend()
	f, err := c.Fetch(e.ctx, 0, 0)
	if err != nil || len(f.Records) != 2 {
		t.Errorf("got %d records, %v: want the 2 good ones", len(f.Records), err)
	}
	if _, err := c.Fetch(e.ctx, 0, 2); !errors.Is(err, schema.ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// flippedLength changes what Kafka's checksum does not cover: it must not look
// like a log with nothing new on it.
func flippedLength(t *testing.T, e *env) {
	e.needsClearText(t)
	e.create(t, 1)
	e.appendEach(t, 1)
	c := e.client.NewConsumer()
	f, err := c.Fetch(e.ctx, 0, 0)
	if err != nil || len(f.Records) != 1 {
		t.Fatalf("got %d records, %v: want 1", len(f.Records), err)
	}
	const batchHead, recordBytes = 61, 8 + 9 // "marker 0." with lengths, time, offset, headers.
	length := binary.BigEndian.AppendUint32(nil, batchHead-12+recordBytes-1)
	base := make([]byte, 8)
	for _, with := range [][]byte{
		append(base[:8:8], 0x7f, 0, 0, 0),
		append(base[:8:8], 0, 0, 0, 1),
		append([]byte{0, 0, 0, 0, 0, 0, 0, 1}, length...),
	} {
		e.wire.replace(append(base[:8:8], length...), with)
		_, err := c.Fetch(e.ctx, 0, 0)
		e.wire.mend()
		if !isErr(err, schema.ErrCorrupt, schema.ErrGap) {
			t.Errorf("head %x: got %v, want ErrCorrupt or ErrGap", with, err)
		}
	}
}

func genesisOnce(t *testing.T, e *env) {
	e.create(t, 3)
	if _, err := e.client.ReadGenesis(e.ctx, 0); !errors.Is(err, broker.ErrNoGenesis) {
		t.Errorf("got %v, want ErrNoGenesis", err)
	}
	id := schema.NewLogID()
	for range 2 { // The second run finds it, whatever id it brings.
		if err := e.client.WriteGenesis(e.ctx, id, schema.RulesV1); err != nil {
			t.Fatal(err)
		}
		for p := range schema.Partition(3) {
			got, err := e.client.ReadGenesis(e.ctx, p)
			want := schema.Genesis{Log: id, Partition: p, Partitions: 3, Rules: schema.RulesV1}
			if got.Log == (schema.LogID{}) || got.Partition != want.Partition || got.Partitions != 3 || got.Rules != want.Rules || err != nil {
				t.Errorf("got %+v, %v: want %+v", got, err, want)
			}
		}
	}
	first, _ := e.client.ReadGenesis(e.ctx, 0)
	if err := e.client.WriteGenesis(e.ctx, schema.NewLogID(), schema.RulesV1); err != nil {
		t.Fatal(err)
	}
	if again, _ := e.client.ReadGenesis(e.ctx, 0); again != first || first.Log != id {
		t.Errorf("got %+v, then %+v: want log %v", first, again, id)
	}
	ends, err := e.client.LogEnds(e.ctx)
	if err != nil || fmt.Sprint(ends) != "[1 1 1]" {
		t.Errorf("got log ends %v, %v: want one record each", ends, err)
	}
}

func keysOnce(t *testing.T, e *env) {
	topics := broker.TopicsConfig{Partitions: 1, Replicas: max(1, e.endpoint.Replicas)}
	read := func() (schema.StreamKey, *schema.TicketSecret) {
		t.Helper()
		terminals, err := e.client.ReadRegistry(e.ctx)
		if err != nil {
			t.Fatal(err)
		}
		key, ok := terminals.SigningKey()
		if !ok || terminals.TicketSecret() == nil {
			t.Fatalf("stream key: %v, ticket secret: %v, want both", ok, terminals.TicketSecret() != nil)
		}
		return key, terminals.TicketSecret()
	}
	if _, err := e.client.Apply(e.ctx, topics); err != nil {
		t.Fatal(err)
	}
	key, secret := read()
	if _, err := e.client.Apply(e.ctx, topics); err != nil {
		t.Fatal(err)
	}
	if k, s := read(); k.ID != key.ID || !bytes.Equal(s.Secret, secret.Secret) {
		t.Error("applied again: the keys are others")
	}
	if err := e.client.ReplaceTicketSecret(e.ctx); err != nil {
		t.Fatal(err)
	}
	if k, s := read(); k.ID != key.ID || bytes.Equal(s.Secret, secret.Secret) || s.Made.Before(secret.Made) {
		t.Error("replaced: want another ticket secret, and the stream key as it was")
	}
}

func genesisTwice(t *testing.T, e *env) {
	e.create(t, 4)
	errs := make(chan error, 2)
	for range cap(errs) {
		go func() { errs <- e.client.WriteGenesis(e.ctx, schema.NewLogID(), schema.RulesV1) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	want, err := e.client.ReadGenesis(e.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for p := range schema.Partition(4) {
		if got, err := e.client.ReadGenesis(e.ctx, p); err != nil || got.Log != want.Log {
			t.Errorf("partition %d: got log %v, %v: want %v", p, got.Log, err, want.Log)
		}
	}
}

func genesisCompleted(t *testing.T, e *env) {
	e.create(t, 2)
	p, _ := e.producer(t, e.client, 2)
	if err := p.Append(e.ctx, 1, []byte("a vote too early")); err != nil {
		t.Fatal(err)
	}
	id := schema.NewLogID()
	if err := e.client.WriteGenesis(e.ctx, id, schema.RulesV1); !errors.Is(err, schema.ErrUndecodable) {
		t.Errorf("got %v for a partition that begins with something else: want ErrUndecodable", err)
	}
	if got, err := e.client.ReadGenesis(e.ctx, 0); err != nil || got.Log != id {
		t.Errorf("got %+v, %v: want log %v", got, err, id)
	}
}
