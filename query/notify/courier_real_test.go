package notify_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlf/proof/authority"
	"mlf/query/notify"
)

// TestALiveHostBesideADeadOne: ten thousand messages wait for a host that takes lines
// and says nothing; who is alive gets its own meanwhile, by real TLS.
func TestALiveHostBesideADeadOne(t *testing.T) {
	signer := authority.New(t, time.Now().AddDate(1, 0, 0))
	var got atomic.Int32
	live := newReceiverOf(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got.Add(1)
	}, signer, signer.Pair(t, hooks, time.Now().AddDate(0, 1, 0)))
	dead, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer shut(dead) // Nobody accepts: its backlog does.
	_, deadPort, err := net.SplitHostPort(dead.Addr().String())
	if err != nil {
		t.Fatal(err)
	}

	arrived := make(chan notify.Delivery, 20)
	courier := notify.NewCourier(live.sender, notify.CourierConfig{Done: func(d notify.Delivery) { arrived <- d }})
	to := live.target("/")
	toDead := to
	toDead.Address = "https://dead.example.org:" + deadPort + "/"
	for i := range 10_000 {
		m := message()
		m.ID = fmt.Sprint("dead-", i)
		if err := courier.Put(toDead, m); err != nil {
			t.Fatal(i, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = courier.Run(ctx) })
	began := time.Now()
	for i := range 20 {
		m := message()
		m.ID = fmt.Sprint("live-", i)
		if err := courier.Put(to, m); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		if d := <-arrived; !d.Result.Delivered || d.Target.Address != to.Address {
			t.Fatalf("%+v", d)
		}
	}
	// On a clock of its own it is less than a second (TestOneDeadHost); this machine may be busy.
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("the live host's messages took %v: they waited for the dead one", took)
	}
	began = time.Now()
	cancel()
	running.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if n := courier.Waiting(); n != 10_000 || got.Load() != 20 {
		t.Errorf("%d wait, %d came in", n, got.Load())
	}
}

// TestAReceiverThatFailsForAWhile gets the same message, with the same ID, once it can.
func TestAReceiverThatFailsForAWhile(t *testing.T) {
	var ids []string
	r := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		if ids = append(ids, r.Header.Get("Webhook-Id")); len(ids) < 4 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	arrived := make(chan notify.Delivery, 1)
	courier := notify.NewCourier(r.sender, notify.CourierConfig{
		Done: func(d notify.Delivery) { arrived <- d }, PauseMin: time.Millisecond, PauseMax: 10 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = courier.Run(ctx) })
	if err := courier.Put(r.target("/"), message()); err != nil {
		t.Fatal(err)
	}
	if d := <-arrived; !d.Result.Delivered || d.Attempts != 4 {
		t.Errorf("%+v", d)
	}
	cancel()
	running.Wait()
	if fmt.Sprint(ids) != "[alert-1_opened alert-1_opened alert-1_opened alert-1_opened]" {
		t.Errorf("ids %v", ids)
	}
}

// TestPutSaysWhatIsWrong: nothing waits that would never be sent.
func TestPutSaysWhatIsWrong(t *testing.T) {
	sender, err := notify.New(notify.Config{Networks: []netip.Prefix{}})
	if err != nil {
		t.Fatal(err)
	}
	courier := notify.NewCourier(sender, notify.CourierConfig{Done: func(notify.Delivery) {}})
	for _, target := range []notify.Target{{}, {Kind: notify.Webhook, Address: "http://hooks.example.org/"}, {Kind: notify.Email, Address: "urp@example.org"}} {
		if err := courier.Put(target, message()); err == nil {
			t.Errorf("%v was taken", target)
		}
	}
	m := message()
	m.ID = "a b"
	if err := courier.Put(notify.Target{Kind: notify.Webhook, Address: "https://hooks.example.org/", Secret: make([]byte, 24)}, m); err == nil {
		t.Error("a message with a bad ID was taken")
	}
	if n := courier.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
}
