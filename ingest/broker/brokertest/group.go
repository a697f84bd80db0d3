package brokertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/ingest/broker"
	"mlf/schema"
)

// A reader collects what Follow applies.
type reader struct {
	mu     sync.Mutex
	lines  []string
	caught int
	at     time.Time // Of the last line.
}

func (r *reader) apply(key string, value []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, key+"="+string(value))
	r.at = time.Now()
	if strings.HasPrefix(key, "bad") {
		return errors.New("of no known kind")
	}
	return nil
}

func (r *reader) caughtUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.caught++
}

func (r *reader) seen() (lines []string, caught int, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines), r.caught, r.at
}

// follow runs Follow until stop.
func (e *env) follow(t *testing.T, client *broker.Client) (r *reader, stop func()) {
	t.Helper()
	r = new(reader)
	ctx, cancel := context.WithCancel(e.ctx)
	ended := make(chan error, 1)
	go func() { ended <- client.Follow(ctx, r.apply, r.caughtUp) }()
	return r, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("follow: %v", err)
		}
	}
}

func (e *env) put(t *testing.T, key, value string) {
	t.Helper()
	if err := e.client.PutRegistry(e.ctx, key, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func follow(t *testing.T, e *env) {
	e.create(t, 1)
	want := []string{"a=1", "bad=2", "a=3"}
	for _, line := range want {
		key, value, _ := strings.Cut(line, "=")
		e.put(t, key, value)
	}
	if err := e.client.PutRegistry(e.ctx, "tombstone", nil); err != nil {
		t.Fatal(err)
	}
	want = append(want, "tombstone=")
	r, stop := e.follow(t, e.client)
	defer stop()
	eventually(e.ctx, t, "caught up", func() bool { _, caught, _ := r.seen(); return caught > 0 })
	if lines, _, _ := r.seen(); !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	for i := range 5 {
		began := time.Now()
		e.put(t, "live", fmt.Sprint(i))
		want = append(want, fmt.Sprintf("live=%d", i))
		eventually(e.ctx, t, "record followed", func() bool { lines, _, _ := r.seen(); return len(lines) == len(want) })
		_, _, at := r.seen()
		if took := at.Sub(began); took > time.Second {
			t.Errorf("record was followed after %v: want less than 1s", took)
		}
	}
	if lines, caught, _ := r.seen(); !slices.Equal(lines, want) || caught != 1 {
		t.Errorf("got %q, caught up %d times: want %q, once", lines, caught, want)
	}
}

func followEmpty(t *testing.T, e *env) {
	e.create(t, 1)
	r, stop := e.follow(t, e.client)
	defer stop()
	eventually(e.ctx, t, "caught up", func() bool { _, caught, _ := r.seen(); return caught == 1 })
}

func followOutage(t *testing.T, e *env) {
	e.create(t, 1)
	e.put(t, "a", "1")
	r, stop := e.follow(t, e.client)
	defer stop()
	eventually(e.ctx, t, "caught up", func() bool { _, caught, _ := r.seen(); return caught == 1 })
	e.wire.cut()
	cfg := e.cfg
	cfg.Dial = nil
	other := e.newClient(t, cfg)
	if err := other.PutRegistry(e.ctx, "b", []byte("2")); err != nil {
		t.Fatal(err)
	}
	e.wire.mend()
	eventually(e.ctx, t, "record followed", func() bool { lines, _, _ := r.seen(); return slices.Equal(lines, []string{"a=1", "b=2"}) })
}

// A member is one worker's part in a group.
type member struct {
	mu    sync.Mutex
	held  []schema.Partition
	group *broker.Group
	stop  func() time.Duration
}

func (e *env) join(t *testing.T) *member {
	t.Helper()
	return e.joinWith(t, "here/mlf", schema.RulesV2)
}

// joinWith joins as a worker that counts into database, by rules most.
func (e *env) joinWith(t *testing.T, database string, most schema.Rules) *member {
	t.Helper()
	m := &member{group: e.newClient(t, e.cfg).NewGroup(schema.LogID{1}, database, most)}
	ctx, cancel := context.WithCancel(e.ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- m.group.Assign(ctx, func(ctx context.Context, held []schema.Partition) error {
			m.set(held)
			<-ctx.Done()
			m.set(nil)
			return ctx.Err()
		})
	}()
	m.stop = sync.OnceValue(func() time.Duration {
		began := time.Now()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("assign: %v", err)
		}
		return time.Since(began)
	})
	t.Cleanup(func() { m.stop() })
	return m
}

func (m *member) set(held []schema.Partition) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = held
}

func (m *member) holds() []schema.Partition {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.held)
}

func groupOfTwo(t *testing.T, e *env) {
	e.create(t, 4)
	p, _ := e.producer(t, e.client, 4)
	if err := p.Append(e.ctx, 1, []byte("x")); err != nil {
		t.Fatal(err)
	}
	all := []schema.Partition{0, 1, 2, 3}
	first := e.join(t)
	eventually(e.ctx, t, "the first holds all", func() bool { return slices.Equal(first.holds(), all) })
	if err := first.group.Commit(e.ctx, map[schema.Partition]schema.Offset{1: 1}); err != nil {
		t.Errorf("commit: %v", err)
	}
	second := e.join(t)
	eventually(e.ctx, t, "both hold half", func() bool {
		a, b := first.holds(), second.holds()
		both := append(a, b...)
		slices.Sort(both)
		return len(b) == 2 && slices.Equal(both, all)
	})
	first.stop()
	began := time.Now()
	eventually(e.ctx, t, "the second holds all", func() bool { return slices.Equal(second.holds(), all) })
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("reassigned %v after a member left: want less than 5s", took)
	}
	if err := first.group.Commit(e.ctx, map[schema.Partition]schema.Offset{1: 1}); err != nil {
		t.Errorf("commit after leaving: %v", err)
	}
}

func groupGone(t *testing.T, e *env) {
	e.create(t, 1)
	m := e.join(t)
	eventually(e.ctx, t, "held", func() bool { return len(m.holds()) == 1 })
	e.wire.silence()
	if took := m.stop(); took > 5*time.Second {
		t.Errorf("leaving took %v: want less than 5s", took)
	}
	e.wire.mend()
}

func holdFails(t *testing.T, e *env) {
	e.create(t, 1)
	want := errors.New("cannot hold")
	err := e.client.NewGroup(schema.LogID{1}, "here/mlf", schema.RulesV2).Assign(e.ctx, func(context.Context, []schema.Partition) error { return want })
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func restart(t *testing.T, e *env) {
	if e.endpoint.Restart == nil {
		t.Skip("the endpoint cannot be restarted")
	}
	e.create(t, 2)
	p, _ := e.producer(t, e.client, 2)
	m := e.join(t)
	r, stop := e.follow(t, e.client)
	defer stop()
	eventually(e.ctx, t, "held", func() bool { return len(m.holds()) == 2 })
	e.put(t, "before", "1")

	// Appends go on through it all: those acknowledged must be there afterwards.
	appending, enough := context.WithCancel(e.ctx)
	acked := make(map[string]bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; appending.Err() == nil; i++ {
			record := fmt.Sprintf("record %d", i)
			if p.Append(e.ctx, 0, []byte(record)) == nil {
				acked[record] = true
			}
		}
	})
	e.endpoint.Restart(t)
	eventually(e.ctx, t, "pinged", func() bool { return e.client.Ping(e.ctx) == nil })
	eventually(e.ctx, t, "appended", func() bool { return p.Append(e.ctx, 1, []byte("x")) == nil })
	enough()
	wg.Wait()
	e.put(t, "after", "2")
	eventually(e.ctx, t, "followed", func() bool { lines, _, _ := r.seen(); return slices.Contains(lines, "after=2") })
	eventually(e.ctx, t, "held again", func() bool { return len(m.holds()) == 2 })
	c := e.client.NewConsumer()
	_, next, err := c.Bounds(e.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range e.fetchAll(t, c, 0, int(next)) {
		delete(acked, string(rec.Value))
	}
	if len(acked) > 0 {
		t.Errorf("%d acknowledged records are not on the log", len(acked))
	}
}
