package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// A gate is a cluster that answers an append only when the test lets it, and the
// client before it.
type gate struct {
	*kfake.Cluster
	client *Client
	pass   chan struct{} // One value lets one request through; closed: all.
	loads  chan []int32  // The partitions of each request, as it comes.
}

func newGate(t *testing.T, brokers, partitions int, cfg Config) *gate {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(brokers))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	cfg.Brokers = cluster.ListenAddrs()
	client, err := New(cfg, Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if _, err := client.CreateTopics(t.Context(), TopicsConfig{Partitions: partitions, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	g := &gate{Cluster: cluster, client: client, pass: make(chan struct{}), loads: make(chan []int32, 1000)}
	cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		var asked []int32
		for _, part := range r.(*kmsg.ProduceRequest).Topics[0].Partitions {
			asked = append(asked, part.Partition)
		}
		slices.Sort(asked)
		g.loads <- asked
		<-g.pass
		return nil, nil, false
	})
	t.Cleanup(g.open)
	return g
}

// open lets everything through from now on.
func (g *gate) open() {
	select {
	case <-g.pass:
	default:
		close(g.pass)
	}
}

// send appends a record to each of the partitions at once, and returns where the
// outcomes come.
func (g *gate) send(ctx context.Context, partitions ...schema.Partition) chan error {
	errs := make(chan error, len(partitions))
	for _, p := range partitions {
		go func() {
			var set recordset.Set
			set.Add(nil, fmt.Appendf(nil, "record of %d", p))
			set.Seal(schema.InstantOf(time.Now()))
			_, err := g.client.Send(ctx, p, set.Buf)
			errs <- err
		}()
	}
	return errs
}

// fill puts requestsMax requests under way, of partitions 0 and up.
func (g *gate) fill(t *testing.T) (errs []chan error) {
	t.Helper()
	for p := range schema.Partition(requestsMax) {
		errs = append(errs, g.send(t.Context(), p))
		g.await(t, func(c *courier) bool { return c.underWay == int(p)+1 && len(c.waiting) == 0 })
	}
	return errs
}

// await waits until the courier of partition 0 is as cond says.
func (g *gate) await(t *testing.T, cond func(*courier) bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) { //nolint:forbidigo // Goroutines of the broker are waited for.
		c, err := g.client.votes.courier(t.Context(), 0)
		if err != nil {
			continue
		}
		c.mu.Lock()
		ok := cond(c)
		c.mu.Unlock()
		if ok {
			return
		}
	}
	t.Fatal("the courier is not as it should be after 10s")
}

func (g *gate) awaitWaiting(t *testing.T, n int) {
	t.Helper()
	g.await(t, func(c *courier) bool { return len(c.waiting) == n })
}

func wantErrs(t *testing.T, errs chan error, want error) {
	t.Helper()
	for range cap(errs) {
		select {
		case err := <-errs:
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("no outcome after 30s")
		}
	}
}

// wantEnds checks how many records are on each partition.
func (g *gate) wantEnds(t *testing.T, want ...schema.Offset) {
	t.Helper()
	ends, err := g.client.LogEnds(t.Context())
	for (err != nil || slices.Contains(ends, schema.OffsetUnknown)) && t.Context().Err() == nil { // Until the metadata is as new as the leader.
		ends, err = g.client.LogEnds(t.Context())
	}
	if err != nil || !slices.Equal(ends, want) {
		t.Errorf("got log ends %v, %v: want %v", ends, err, want)
	}
}

// TestPartitionsShareARequest: what waits goes together, and a partition that is
// refused does not touch the others.
func TestPartitionsShareARequest(t *testing.T) {
	g := newGate(t, 1, 6, Config{})
	g.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Partitions: []int32{3}, Err: kerr.NotLeaderForPartition})
	first := g.fill(t)
	good, bad := g.send(t.Context(), 2, 4, 5), g.send(t.Context(), 3)
	g.awaitWaiting(t, 4)
	g.pass <- struct{}{} // One carries for all.
	g.awaitWaiting(t, 0)
	g.open()
	wantErrs(t, bad, kafka.NotLeaderForPartition)
	for _, errs := range append(first, good) {
		wantErrs(t, errs, nil)
	}
	if got := [][]int32{<-g.loads, <-g.loads, <-g.loads}; !slices.ContainsFunc(got, func(load []int32) bool { return len(load) == 4 }) || len(g.loads) != 0 {
		t.Errorf("got requests for %v and %d more: want one for the four that waited", got, len(g.loads))
	}
	if g.client.votes.mu.Lock(); !g.client.votes.seen.IsZero() {
		t.Error("the view of who leads what is kept after an error")
	}
	g.client.votes.mu.Unlock()
	g.wantEnds(t, 1, 1, 1, 0, 1, 1)
}

// TestOnePartitionOnceARequest: two sets of one partition, of two producers or two
// registry records, never share a request. A broker would append one of them.
func TestOnePartitionOnceARequest(t *testing.T) {
	g := newGate(t, 1, 3, Config{})
	first := g.fill(t)
	twice := g.send(t.Context(), 2, 2, 2)
	g.awaitWaiting(t, 3)
	g.open()
	for _, errs := range append(first, twice) {
		wantErrs(t, errs, nil)
	}
	g.wantEnds(t, 1, 1, 3)
}

// TestLeaderMovesMeanwhile: what waits for one broker when another becomes leader
// is refused by the first, and appended by the second.
func TestLeaderMovesMeanwhile(t *testing.T) {
	g := newGate(t, 2, 3, Config{})
	for p := range int32(3) {
		if err := g.MoveTopicPartition(schema.VotesTopic, p, 0); err != nil {
			t.Fatal(err)
		}
	}
	g.awaitLeader(t, 0)
	producer := g.client.NewProducer(3)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := producer.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	errs := make(chan error, 3)
	for p := range schema.Partition(3) {
		wg.Go(func() {
			<-producer.Running()
			errs <- producer.Append(ctx, p, []byte("x"))
		})
		g.await(t, func(c *courier) bool { return c.underWay == min(int(p)+1, requestsMax) })
	}
	g.awaitWaiting(t, 1)
	g.pass <- struct{}{}
	moved := make(chan error, 1)
	go func() { moved <- g.MoveTopicPartition(schema.VotesTopic, 2, 1) }() // Not while a request is held.
	g.open()
	if err := <-moved; err != nil {
		t.Fatal(err)
	}
	wantErrs(t, errs, nil)
	cancel()
	wg.Wait()
	g.wantEnds(t, 1, 1, 1)
}

// awaitLeader waits until the client knows that broker id leads all partitions.
func (g *gate) awaitLeader(t *testing.T, id int32) {
	t.Helper()
	g.await(t, func(c *courier) bool {
		g.client.votes.mu.Lock()
		defer g.client.votes.mu.Unlock()
		return c.leader == id && !slices.ContainsFunc(g.client.votes.of, func(other *courier) bool { return other != c })
	})
}

// TestAnswerLost: nobody who shared the request knows what came of it. All of it
// is on the log, and is sent again.
func TestAnswerLost(t *testing.T) {
	var lost atomic.Bool
	g := newGate(t, 1, 4, Config{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, address)
		return &losing{Conn: conn, answerTo: []byte("record of 2"), lost: &lost}, err
	}})
	first := g.fill(t)
	shared := g.send(t.Context(), 2, 3)
	g.awaitWaiting(t, 2)
	g.pass <- struct{}{} // One carries for both.
	g.awaitWaiting(t, 0)
	g.open()
	for _, errs := range first {
		wantErrs(t, errs, nil)
	}
	wantErrs(t, shared, io.ErrUnexpectedEOF)
	g.wantEnds(t, 1, 1, 1, 1)
	wantErrs(t, g.send(t.Context(), 2, 3), nil)
	g.wantEnds(t, 1, 1, 2, 2)
}

// A losing connection loses one answer, to the first request that has answerTo in
// it.
type losing struct {
	net.Conn
	answerTo []byte
	lost     *atomic.Bool
	asked    bool
}

func (c *losing) Write(b []byte) (int, error) {
	c.asked = bytes.Contains(b, c.answerTo)
	return c.Conn.Write(b)
}

func (c *losing) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.asked && c.lost.CompareAndSwap(false, true) {
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Close())
	}
	return n, err
}

// TestGivingUpWhileWaiting: who gives up is not sent any more, and if it was to
// carry, another does.
func TestGivingUpWhileWaiting(t *testing.T) {
	g := newGate(t, 1, 4, Config{})
	first := g.fill(t)
	ctx, cancel := context.WithCancel(t.Context())
	impatient := g.send(ctx, 2)
	g.awaitWaiting(t, 1)
	patient := g.send(t.Context(), 3)
	g.awaitWaiting(t, 2)
	cancel()
	wantErrs(t, impatient, context.Canceled)
	g.open()
	for _, errs := range append(first, patient) {
		wantErrs(t, errs, nil)
	}
	g.wantEnds(t, 1, 1, 0, 1)

	c := &courier{underWay: 1}
	charged, next := &parcel{wake: make(chan struct{}, 1)}, &parcel{wake: make(chan struct{}, 1)}
	c.waiting = []*parcel{charged, next}
	c.charge(charged)
	c.leave(charged)
	if !next.carries || len(next.wake) != 1 || c.underWay != 1 {
		t.Errorf("got next %+v with %d under way: want it told to carry", next, c.underWay)
	}
	c.leave(next)
	if len(c.waiting) != 0 || c.underWay != 0 {
		t.Errorf("got %d waiting and %d under way after all have left", len(c.waiting), c.underWay)
	}
}

// TestFrozenLeader: appends that come for longer than a broker is silent hold no
// more than one set of each partition and requestsMax requests, and when the
// producer is told to stop, all end.
func TestFrozenLeader(t *testing.T) {
	const partitions, rounds = 8, 20
	g := newGate(t, 1, partitions, Config{AppendTimeout: 100 * time.Millisecond, DrainMax: 500 * time.Millisecond})
	p := g.client.NewProducer(partitions)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- p.Run(ctx) }()
	for range rounds {
		var wg sync.WaitGroup
		for i := range 4 * partitions {
			wg.Go(func() {
				if err := p.Append(ctx, schema.Partition(i%partitions), make([]byte, 1000)); err == nil {
					t.Error("acknowledged by a frozen broker")
				}
			})
		}
		wg.Wait()
		g.await(t, func(c *courier) bool {
			if c.underWay > requestsMax || len(c.waiting) > partitions || len(c.spare) > requestsMax {
				t.Fatalf("got %d requests, %d waiting, %d spare", c.underWay, len(c.waiting), len(c.spare))
			}
			return true
		})
	}
	began := time.Now()
	cancel()
	if err := <-ran; err != nil || time.Since(began) > 2*time.Second {
		t.Errorf("stopped with %v after %v: want nil within 2s", err, time.Since(began))
	}
	g.await(t, func(c *courier) bool { return c.underWay == 0 && len(c.waiting) == 0 })
	if n := p.pending.Load(); n != 0 {
		t.Errorf("got %d bytes pending: want none", n)
	}
}
