package broker_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"mlf/ingest/broker"
	"mlf/ingest/broker/refill"
	"mlf/proof/kafka"
	"mlf/schema"
)

// records returns n records, from at on.
func records(at schema.Offset, n int) []schema.Record {
	all := make([]schema.Record, n)
	for i := range all {
		o := at + schema.Offset(i)
		all[i] = schema.Record{Offset: o, Value: fmt.Appendf(nil, "record %d", o)}
	}
	return all
}

// asWritten wants a partition to have the first n records, each once.
func asWritten(t *testing.T, c *broker.Copier, p schema.Partition, n schema.Offset) {
	t.Helper()
	bounds, err := c.Bounds(t.Context())
	if err != nil || bounds[p] != (schema.Bounds{Next: n}) {
		t.Fatalf("got bounds %v, %v: want %d records", bounds, err, n)
	}
	for at := schema.Offset(0); at < n; {
		f, err := c.Fetch(t.Context(), p, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Records {
			if want := fmt.Sprintf("record %d", r.Offset); r.Offset != at || string(r.Value) != want {
				t.Fatalf("got %q at %d, want %q at %d", r.Value, r.Offset, want, at)
			}
			at++
		}
	}
}

// A deafConn loses answers: one in some is read by nobody.
type deafConn struct {
	net.Conn
	reads *atomic.Int64
}

func (c deafConn) Read(b []byte) (int, error) {
	if c.reads.Add(1)%7 == 0 {
		_, err := c.Conn.Read(b) // What was asked for is done by then.
		return 0, errors.Join(errors.New("answer lost"), err, c.Close())
	}
	return c.Conn.Read(b)
}

// TestRecordsArePutBackOnce, whatever becomes of answers.
func TestRecordsArePutBackOnce(t *testing.T) {
	cfg := broker.Config{Brokers: []string{startEmbedded(t)}, BatchBytesMax: 1_000_000}
	plain := newClient(t, cfg)
	if err := plain.MakeTopics(t.Context(), broker.TopicsConfig{Partitions: 2, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	var reads atomic.Int64
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return deafConn{conn, &reads}, err
	}
	deaf := newClient(t, cfg).NewCopier()
	var at schema.Offset
	for range 60 {
		for p := range schema.Partition(2) {
			if err := deaf.Append(t.Context(), p, records(at, 5)); err != nil {
				t.Fatal(err)
			}
		}
		at += 5
	}
	for p := range schema.Partition(2) {
		asWritten(t, plain.NewCopier(), p, at)
	}
	if err := deaf.Append(t.Context(), 0, records(at+1, 1)); !errors.Is(err, refill.ErrElsewhere) {
		t.Errorf("a record for another offset: got %v, want %v", err, refill.ErrElsewhere)
	}
	long := []schema.Record{{Offset: at, Value: make([]byte, 1_000_000)}}
	if err := deaf.Append(t.Context(), 1, long); !errors.Is(err, refill.ErrTooLarge) {
		t.Errorf("a record that fits no batch: got %v, want %v", err, refill.ErrTooLarge)
	}
}

// TestKafkaRecordsArePutBackOnce, while brokers die and stand still.
func TestKafkaRecordsArePutBackOnce(t *testing.T) {
	cluster := startKafka(t, kafka.Config{Brokers: 3})
	client := newClient(t, broker.Config{Brokers: cluster.Addrs(), GiveUp: time.Minute})
	if err := client.MakeTopics(t.Context(), broker.TopicsConfig{Partitions: 3, Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	c := client.NewCopier()
	var at schema.Offset
	for round := range 400 {
		var err error
		switch round {
		case 50:
			err = cluster.Kill(0)
		case 150:
			err = cluster.Restart(t.Context(), 0)
		case 200:
			err = cluster.Pause(1)
		case 250:
			err = cluster.Resume(1)
		case 300:
			err = cluster.Kill(2)
		}
		for p := range schema.Partition(3) {
			err = errors.Join(err, c.Append(t.Context(), p, records(at, 20)))
		}
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		at += 20
	}
	for p := range schema.Partition(3) {
		asWritten(t, c, p, at)
	}
}
