package brokertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mlf/ingest/broker"
	"mlf/schema"
)

func topicsOnce(t *testing.T, e *env) {
	cfg := broker.TopicsConfig{Partitions: 3, Replicas: max(1, e.endpoint.Replicas)}
	for _, want := range []int{6, 0} {
		created, err := e.client.CreateTopics(e.ctx, cfg)
		if err != nil || len(created) != want {
			t.Fatalf("got %q, %v: want %d topics created", created, err, want)
		}
	}
	if n, err := e.client.Partitions(e.ctx); n != 3 || err != nil {
		t.Errorf("got %d partitions, %v: want 3", n, err)
	}
	cfg.Partitions = 4
	if created, err := e.client.CreateTopics(e.ctx, cfg); err == nil || len(created) != 0 {
		t.Errorf("got %q, %v for another partition count: want an error", created, err)
	}
	ends, err := e.client.LogEnds(e.ctx)
	if err != nil || len(ends) != 3 || ends[0]+ends[1]+ends[2] != 0 {
		t.Errorf("got log ends %v, %v: want three zeros", ends, err)
	}
	if err := e.client.Ping(e.ctx); err != nil {
		t.Error(err)
	}
}

func topicMissing(t *testing.T, e *env) {
	if _, err := e.client.Partitions(e.ctx); !errors.Is(err, broker.ErrNoTopic) {
		t.Errorf("got %v, want ErrNoTopic", err)
	}
	nothing := func(string, []byte) error { return nil }
	if err := e.client.Follow(e.ctx, nothing, func() {}); !errors.Is(err, broker.ErrNoTopic) {
		t.Errorf("follow: got %v, want ErrNoTopic", err)
	}
	e.wire.cut()
	if _, err := e.client.Partitions(e.ctx); err == nil {
		t.Error("got no error from a cluster that is gone")
	}
	if err := e.client.Ping(e.ctx); err == nil {
		t.Error("a cluster that is gone answers a ping")
	}
}

func roundTrip(t *testing.T, e *env) {
	e.create(t, 2)
	p, _ := e.producer(t, e.client, 2)
	const n = 20
	before := schema.InstantOf(time.Now())
	for i := range n {
		record := fmt.Appendf(nil, "record %d", i)
		if err := p.Append(e.ctx, schema.Partition(i%2), record); err != nil {
			t.Fatal(err)
		}
		clear(record) // It is the caller's again.
	}
	c := e.client.NewConsumer()
	for part := range schema.Partition(2) {
		for i, r := range e.fetchAll(t, c, part, n/2) {
			if want := fmt.Sprintf("record %d", 2*i+int(part)); string(r.Value) != want || len(r.Key) != 0 {
				t.Errorf("partition %d: got %q with key %q, want %q without", part, r.Value, r.Key, want)
			}
			if after := schema.InstantOf(time.Now()); r.Appended < before-1000 || r.Appended > after+1000 {
				t.Errorf("got append time %v, want one from %v to %v", r.Appended.Time(), before.Time(), after.Time())
			}
		}
		f, err := c.Fetch(e.ctx, part, n/2-1) // Into the middle of what may be one batch.
		if err != nil || len(f.Records) != 1 || f.Records[0].Offset != n/2-1 || f.LogEnd != n/2 {
			t.Errorf("got %+v, %v: want the last record, log start 0, log end %d", f, err, n/2)
		}
		first, next, err := c.Bounds(e.ctx, part)
		if first != 0 || next != n/2 || err != nil {
			t.Errorf("got bounds %d, %d, %v: want 0, %d", first, next, err, n/2)
		}
	}
}

func groupCommit(t *testing.T, e *env) {
	e.create(t, 2)
	p, _ := e.producer(t, e.client, 2)
	const callers, each = 100, 20
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := range each {
				if err := p.Append(e.ctx, schema.Partition(caller%2), fmt.Appendf(nil, "%d/%d", caller, i)); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	c := e.client.NewConsumer()
	for part := range schema.Partition(2) {
		seen := make(map[string]int)
		last := make(map[int]int)
		for _, r := range e.fetchAll(t, c, part, callers/2*each) {
			seen[string(r.Value)]++
			var caller, i int
			if _, err := fmt.Sscanf(string(r.Value), "%d/%d", &caller, &i); err != nil || i < last[caller] {
				t.Fatalf("got %q after number %d: %v", r.Value, last[caller], err)
			}
			last[caller] = i
		}
		if len(seen) != callers/2*each {
			t.Errorf("partition %d: got %d different records, want %d", part, len(seen), callers/2*each)
		}
	}
}

func largeRecords(t *testing.T, e *env) {
	e.create(t, 1)
	p, _ := e.producer(t, e.client, 1)
	const n, size = 30, 300_000
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := p.Append(e.ctx, 0, bytes.Repeat([]byte{byte(i)}, size)); err != nil {
				t.Errorf("append: %v", err)
			}
		})
	}
	wg.Wait()
	seen := make(map[byte]bool)
	for _, r := range e.fetchAll(t, e.client.NewConsumer(), 0, n) {
		if len(r.Value) != size || bytes.Count(r.Value, r.Value[:1]) != size {
			t.Fatalf("record %d: %d bytes that differ", r.Offset, len(r.Value))
		}
		seen[r.Value[0]] = true
	}
	if len(seen) != n {
		t.Errorf("got %d records, want %d", len(seen), n)
	}
}

func tooLarge(t *testing.T, e *env) {
	e.create(t, 1)
	p, _ := e.producer(t, e.client, 1)
	if err := p.Append(e.ctx, 0, make([]byte, 1_000_000)); !errors.Is(err, broker.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if err := p.Append(e.ctx, 0, make([]byte, 999_900)); err != nil {
		t.Errorf("largest record: %v", err)
	}
}

func full(t *testing.T, e *env) {
	e.create(t, 1)
	e.cfg.BatchBytesMax = 100_000
	e.cfg.InflightBytesMax = 250_000
	e.cfg.AppendTimeout = 2 * time.Second
	p, _ := e.producer(t, e.newClient(t, e.cfg), 1)
	e.wire.silence()
	record := make([]byte, 50_000)
	errs := make(chan error)
	const n = 10
	for range n {
		go func() { errs <- p.Append(e.ctx, 0, record) }()
	}
	var refused, lost int
	for range n {
		switch err := <-errs; {
		case errors.Is(err, broker.ErrFull):
			refused++
		case errors.Is(err, broker.ErrUnacknowledged):
			lost++
		default:
			t.Errorf("got %v, want ErrFull or ErrUnacknowledged", err)
		}
	}
	if refused != 6 || lost != 4 {
		t.Errorf("got %d refused and %d without answer: want 6 and 4", refused, lost)
	}
	e.wire.mend()
	eventually(e.ctx, t, "room again", func() bool { return p.Append(e.ctx, 0, record) == nil })
}

func closed(t *testing.T, e *env) {
	e.create(t, 1)
	p := e.client.NewProducer(1)
	if err := p.Append(e.ctx, 0, []byte("early")); !errors.Is(err, broker.ErrClosed) {
		t.Errorf("before Run: got %v, want ErrClosed", err)
	}
	ran, stop := e.producer(t, e.client, 1)
	stop()
	if err := ran.Append(e.ctx, 0, []byte("late")); !errors.Is(err, broker.ErrClosed) {
		t.Errorf("after Run: got %v, want ErrClosed", err)
	}
	if err := ran.Run(e.ctx); err == nil {
		t.Error("Run ran twice")
	}
}

// givenUp lets a caller give up and use the memory of its record for something
// else, while the batch that it shares with others is still to be sent.
func givenUp(t *testing.T, e *env) {
	e.create(t, 1)
	p, _ := e.producer(t, e.client, 1)
	e.wire.silence()
	first, patient, impatient := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { first <- p.Append(e.ctx, 0, []byte("first")) }() // Under way: the others share the next batch.
	began := time.Now()
	eventually(e.ctx, t, "the first is under way", func() bool { return time.Since(began) > 100*time.Millisecond })
	record := []byte("impatient")
	ctx, cancel := context.WithCancel(e.ctx)
	go func() { impatient <- p.Append(ctx, 0, record) }()
	go func() { patient <- p.Append(e.ctx, 0, []byte("patient")) }()
	began = time.Now()
	eventually(e.ctx, t, "the others wait", func() bool { return time.Since(began) > 100*time.Millisecond })
	cancel()
	if err := <-impatient; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the context's error", err)
	}
	copy(record, "!!!!!!!!!")
	e.wire.mend()
	for _, waits := range []chan error{first, patient} {
		if err := <-waits; err != nil {
			t.Fatalf("append through silence: %v", err)
		}
	}
	var got []string
	for _, r := range e.fetchAll(t, e.client.NewConsumer(), 0, 3) {
		got = append(got, string(r.Value))
	}
	slices.Sort(got)
	if want := []string{"first", "impatient", "patient"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func shortOutage(t *testing.T, e *env) {
	e.create(t, 2)
	p, _ := e.producer(t, e.client, 2)
	if err := p.Append(e.ctx, 0, []byte("before")); err != nil {
		t.Fatal(err)
	}
	e.wire.cut()
	mend := time.AfterFunc(time.Second, e.wire.mend)
	defer mend.Stop()
	if err := p.Append(e.ctx, 0, []byte("meanwhile")); err != nil {
		t.Errorf("append during an outage of a second: %v", err)
	}
}

func stopWhileGone(t *testing.T, e *env) { stopDisturbed(t, e, e.wire.cut) }

func stopWhileSilent(t *testing.T, e *env) { stopDisturbed(t, e, e.wire.silence) }

// stopDisturbed lets appends wait, and stops the producer meanwhile.
func stopDisturbed(t *testing.T, e *env, disturb func()) {
	e.create(t, 1)
	e.cfg.DrainMax = time.Second
	p, stop := e.producer(t, e.newClient(t, e.cfg), 1)
	disturb()
	errs := make(chan error, 2)
	for range cap(errs) {
		go func() { errs <- p.Append(e.ctx, 0, []byte("lost")) }()
	}
	began := time.Now()
	eventually(e.ctx, t, "appends wait", func() bool { return time.Since(began) > 100*time.Millisecond })
	began = time.Now()
	stop()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("stop took %v: want at most 2s", took)
	}
	for range cap(errs) {
		if err := <-errs; err == nil || errors.Is(err, broker.ErrFull) {
			t.Errorf("got %v, want no acknowledgement", err)
		}
	}
	e.wire.mend()
}

func drain(t *testing.T, e *env) {
	e.create(t, 1)
	p, stop := e.producer(t, e.client, 1)
	const n = 50
	var wg sync.WaitGroup
	acked := make(chan struct{}, n)
	for range n {
		wg.Go(func() {
			err := p.Append(e.ctx, 0, []byte("x"))
			if err == nil {
				acked <- struct{}{}
			} else if !errors.Is(err, broker.ErrClosed) {
				t.Errorf("got %v: want nil or ErrClosed", err)
			}
		})
	}
	stop()
	wg.Wait()
	_, next, err := e.client.NewConsumer().Bounds(e.ctx, 0)
	if err != nil || int(next) != len(acked) {
		t.Errorf("got %d records, %v: want the %d acknowledged ones", next, err, len(acked))
	}
}

func clockSkew(t *testing.T, e *env) {
	e.create(t, 1)
	p, _ := e.producer(t, e.client, 1)
	if skew, known := p.ClockSkew(); known {
		t.Errorf("got %v before the first append", skew)
	}
	if err := p.Append(e.ctx, 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if skew, known := p.ClockSkew(); known != e.endpoint.AppendTime || skew.Abs() > time.Second {
		t.Errorf("got %v, %v: want about 0, %v", skew, known, e.endpoint.AppendTime)
	}
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	if err := p.Append(ctx, 0, []byte("x")); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
