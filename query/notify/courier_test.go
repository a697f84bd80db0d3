package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A world is what receivers do, and what a courier tells of it.
type world struct {
	*Courier
	answer func(ctx context.Context, t Target, m *Message) Result

	mu    sync.Mutex
	tries map[string][]time.Time // By host.
	ends  []Delivery
}

// play runs a courier in a world with a clock of its own, until the test is over.
func play(t *testing.T, cfg CourierConfig, answer attempt, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{answer: answer, tries: make(map[string][]time.Time)}
		cfg.Done = func(d Delivery) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ends = append(w.ends, d)
		}
		w.Courier = newCourier(func(Target, *Message) error { return nil }, w.send, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		test(w)
		cancel()
		began := time.Now()
		if err := <-ended; err != nil || time.Since(began) > 5*time.Second {
			t.Errorf("Run returned %v after %v", err, time.Since(began))
		}
		if err := w.Put(to("late.example.org"), of("late")); !errors.Is(err, ErrStopped) {
			t.Errorf("after Run, Put returned %v", err)
		}
	})
}

func (w *world) send(ctx context.Context, t Target, m *Message) Result {
	w.mu.Lock()
	w.tries[hostOf(t.Address)] = append(w.tries[hostOf(t.Address)], time.Now())
	w.mu.Unlock()
	return w.answer(ctx, t, m)
}

func (w *world) ended() []Delivery {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ends
}

func (w *world) tried(host string) []time.Time {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tries[host]
}

func (w *world) put(t *testing.T, target Target, m *Message) {
	t.Helper()
	if err := w.Put(target, m); err != nil {
		t.Fatal(err)
	}
}

func to(host string) Target { return Target{Kind: Webhook, Address: "https://" + host + "/"} }

func of(id string) *Message { return &Message{ID: id} }

// wait lets d pass. Within a bubble it takes no time.
func wait(d time.Duration) { <-time.After(d) }

func delivers(context.Context, Target, *Message) Result { return Result{Delivered: true, Status: 200} }

// hangs is a receiver that takes a line and does not answer.
func hangs(ctx context.Context, _ Target, _ *Message) Result {
	ctx, cancel := context.WithTimeout(ctx, attemptMax)
	defer cancel()
	<-ctx.Done()
	return Result{host: true, Detail: "no answer in time"}
}

func TestAMessageArrives(t *testing.T) {
	play(t, CourierConfig{}, delivers, func(w *world) {
		w.put(t, to("a.example.org"), of("1"))
		w.put(t, to("A.EXAMPLE.org"), of("2"))
		w.put(t, Target{Kind: Email, Address: "urp@example.org"}, of("1"))
		ends := w.ended()
		if len(ends) != 3 || w.Waiting() != 0 {
			t.Fatalf("%d ended, %d wait", len(ends), w.Waiting())
		}
		for _, d := range ends {
			if !d.Result.Delivered || d.Attempts != 1 || !d.Ended.Equal(time.Now()) || !d.Began.Equal(time.Now()) {
				t.Errorf("%+v", d)
			}
		}
	})
}

// TestOneDeadHost: what waits for it keeps nobody else waiting.
func TestOneDeadHost(t *testing.T) {
	answer := func(ctx context.Context, t Target, m *Message) Result {
		if hostOf(t.Address) == "dead.example.org" {
			return hangs(ctx, t, m)
		}
		return delivers(ctx, t, m)
	}
	play(t, CourierConfig{}, answer, func(w *world) {
		for i := range 10_000 {
			w.put(t, to("dead.example.org"), of(fmt.Sprint("d", i)))
		}
		for i := range 50 {
			w.put(t, to("live.example.org"), of(fmt.Sprint("l", i)))
		}
		wait(time.Second)
		if ends := w.ended(); len(ends) != 50 || !ends[49].Result.Delivered {
			t.Errorf("%d of 50 have arrived within a second", len(ends))
		}
		wait(12 * time.Hour)
		w.put(t, to("live.example.org"), of("later"))
		wait(time.Second)
		if ends := w.ended(); len(ends) != 51 {
			t.Errorf("%d of 51 have arrived", len(ends))
		}
		if n := len(w.tried("dead.example.org")); n < 60 || n > 400 {
			t.Errorf("the dead host was tried %d times in 12 hours", n)
		}
		wait(12*time.Hour + 2*time.Minute)
		if n := len(w.ended()); n != 10_051 || w.Waiting() != 0 {
			t.Errorf("%d have ended, %d wait: want all given up after a day", n, w.Waiting())
		}
		for _, d := range w.ended()[51:] {
			if d.Result.Delivered || d.Result.Detail != "no answer in time" {
				t.Fatalf("%+v", d)
			}
		}
	})
}

// TestAHostOfSeveral: one webhook that hangs or asks for patience keeps those of others,
// on the same host, waiting for nothing.
func TestAHostOfSeveral(t *testing.T) {
	answer := func(ctx context.Context, t Target, m *Message) Result {
		switch {
		case strings.HasSuffix(t.Address, "/hangs"):
			return hangs(ctx, t, m)
		case strings.HasSuffix(t.Address, "/busy"):
			return Result{host: true, Status: 503, RetryAfter: 20 * time.Hour}
		}
		return delivers(ctx, t, m)
	}
	at := func(path string) Target {
		return Target{Kind: Webhook, Address: "https://shared.example.org/" + path}
	}
	play(t, CourierConfig{PerMinute: 1000}, answer, func(w *world) {
		for i := range 100 {
			w.put(t, at("hangs"), of(fmt.Sprint("h", i)))
			w.put(t, at("busy"), of(fmt.Sprint("b", i)))
		}
		for i := range 1000 {
			w.put(t, at("good"), of(fmt.Sprint("g", i)))
			wait(time.Second)
			if n := len(w.ended()); n != i+1 {
				t.Fatalf("%d of %d have arrived within a second", n, i+1)
			}
		}
	})
}

// TestManyDeadHosts: those that fail have half of the slots, at most.
func TestManyDeadHosts(t *testing.T) {
	answer := func(ctx context.Context, t Target, m *Message) Result {
		if strings.HasPrefix(m.ID, "dead") {
			return hangs(ctx, t, m)
		}
		return delivers(ctx, t, m)
	}
	play(t, CourierConfig{Concurrent: 8, PauseMax: time.Second}, answer, func(w *world) {
		for i := range 200 {
			w.put(t, to(fmt.Sprintf("h%d.example.org", i)), of(fmt.Sprint("dead", i)))
		}
		wait(10 * time.Minute) // All have failed by now.
		for i := range 100 {
			w.put(t, to(fmt.Sprintf("live%d.example.org", i)), of(fmt.Sprint("live", i)))
			wait(time.Second)
			if n := len(w.ended()); n != i+1 {
				t.Fatalf("%d of %d have arrived", n, i+1)
			}
		}
	})
}

// TestAHostThatIsBack: its messages arrive soon, each once.
func TestAHostThatIsBack(t *testing.T) {
	var down time.Time
	answer := func(ctx context.Context, t Target, m *Message) Result {
		if time.Now().Before(down) {
			return Result{host: true, Status: 503}
		}
		return delivers(ctx, t, m)
	}
	play(t, CourierConfig{}, answer, func(w *world) {
		down = time.Now().Add(3 * time.Hour)
		for i := range 30 {
			w.put(t, to("a.example.org"), of(fmt.Sprint(i)))
		}
		wait(3 * time.Hour)
		if n := len(w.ended()); n != 0 {
			t.Fatalf("%d have arrived", n)
		}
		wait(targetPauseMax + time.Hour) // Those that were tried last wait for their own turn.
		ends := w.ended()
		seen := make(map[string]bool)
		for _, d := range ends {
			if !d.Result.Delivered || seen[d.Message.ID] {
				t.Errorf("%+v", d)
			}
			seen[d.Message.ID] = true
		}
		if len(ends) != 30 {
			t.Errorf("%d of 30 have arrived", len(ends))
		}
	})
}

// TestAMessageThatFailsForItself lets others of its host pass, and waits longer each time.
func TestAMessageThatFailsForItself(t *testing.T) {
	answer := func(ctx context.Context, t Target, m *Message) Result {
		if m.ID == "bad" {
			return Result{Status: 500, Detail: "answered 500"}
		}
		return delivers(ctx, t, m)
	}
	play(t, CourierConfig{}, answer, func(w *world) {
		w.put(t, to("a.example.org"), of("bad"))
		wait(time.Hour)
		w.put(t, to("a.example.org"), of("good"))
		if ends := w.ended(); len(ends) != 1 || ends[0].Message.ID != "good" {
			t.Errorf("%d have ended: want the good one", len(ends))
		}
		wait(23 * time.Hour)
		ends := w.ended()
		if len(ends) != 2 || ends[1].Result.Status != 500 || ends[1].Result.Delivered || ends[1].Ended.Sub(ends[1].Began) > 24*time.Hour {
			t.Fatalf("%+v: want the bad one given up within a day", ends)
		}
		if n := ends[1].Attempts; n < 25 || n > 120 {
			t.Errorf("%d attempts in a day", n)
		}
	})
}

func TestWhatIsFinalIsNotTriedAgain(t *testing.T) {
	answer := func(context.Context, Target, *Message) Result { return Result{Final: true, Status: 410} }
	play(t, CourierConfig{}, answer, func(w *world) {
		w.put(t, to("a.example.org"), of("1"))
		wait(time.Hour)
		if ends := w.ended(); len(ends) != 1 || ends[0].Attempts != 1 || ends[0].Result.Status != 410 {
			t.Errorf("%+v", ends)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	f := func(after, least time.Duration, ends int) {
		t.Helper()
		answer := func(context.Context, Target, *Message) Result {
			return Result{host: true, Status: 429, RetryAfter: after}
		}
		play(t, CourierConfig{}, answer, func(w *world) {
			w.put(t, to("a.example.org"), of("1"))
			wait(23 * time.Hour)
			tries := w.tried("a.example.org")
			for i := range len(tries) - 1 {
				if d := tries[i+1].Sub(tries[i]); d < least {
					t.Errorf("after %v: tried again after %v", after, d)
				}
			}
			if n := len(w.ended()); n != ends || (least == 24*time.Hour) != (len(tries) == 1) {
				t.Errorf("after %v: %d have ended after %d attempts", after, n, len(tries))
			}
		})
	}
	f(2*time.Minute, 2*time.Minute, 0)
	f(5*time.Hour, 5*time.Hour, 1)   // After the fifth, the sixth would come after a day.
	f(24*time.Hour, 24*time.Hour, 1) // It is given up at once: there will be no time.
}

// TestAttemptsPerMinute: a burst passes, and then as many as a minute may have.
func TestAttemptsPerMinute(t *testing.T) {
	play(t, CourierConfig{PerMinute: 10, MailPerMinute: 20}, delivers, func(w *world) {
		for i := range 100 {
			w.put(t, to("a.example.org"), of(fmt.Sprint(i)))
			w.put(t, Target{Kind: Email, Address: "urp@example.org"}, of(fmt.Sprint(i)))
		}
		if n := len(w.ended()); n != 30 {
			t.Errorf("%d at once, want 10 and 20", n)
		}
		wait(4*time.Minute + time.Second)
		if n := len(w.ended()); n != 150 {
			t.Errorf("%d within four minutes, want 50 and 100", n)
		}
		wait(5 * time.Minute)
		if n := len(w.ended()); n != 200 {
			t.Errorf("%d, want all", n)
		}
		tries := w.tried("a.example.org")
		for i := range len(tries) - 10 {
			if d := tries[i+10].Sub(tries[i]); d < time.Minute {
				t.Fatalf("eleven attempts within %v", d)
			}
		}
	})
}

func TestTheSameIsNotTakenTwice(t *testing.T) {
	play(t, CourierConfig{}, hangs, func(w *world) {
		for range 3 {
			w.put(t, to("a.example.org"), of("1"))
		}
		w.put(t, to("b.example.org"), of("1"))
		if n := w.Waiting(); n != 2 {
			t.Errorf("%d wait, want 2", n)
		}
	})
}

func TestTheQueueHasLimits(t *testing.T) {
	f := func(cfg CourierConfig, size int, want ...int) {
		t.Helper()
		play(t, cfg, hangs, func(w *world) {
			var got []int
			for _, host := range []string{"a.example.org", "b.example.org", "c.example.org"} {
				n := 0
				for ; n < 1000; n++ {
					m := of(fmt.Sprint(host, n))
					m.Text = strings.Repeat("a", size)
					if err := w.Put(to(host), m); errors.Is(err, ErrFull) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
				}
				got = append(got, n)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v were taken, want %v", got, want)
			}
		})
	}
	f(CourierConfig{MessagesMax: 25, HostMax: 10}, 0, 10, 10, 5)
	f(CourierConfig{MessagesMax: 25, HostMax: 100}, 0, 25, 0, 0)
	f(CourierConfig{BytesMax: 100_000}, 9_600, 5, 5, 0)
}

// TestStop: what was under way is not told, so that it is handed in again.
func TestStop(t *testing.T) {
	var told int
	play(t, CourierConfig{}, hangs, func(w *world) {
		for i := range 100 {
			w.put(t, to(fmt.Sprintf("h%d.example.org", i%40)), of(fmt.Sprint(i)))
		}
		told = len(w.ended())
		t.Cleanup(func() {
			if n := len(w.ends); n != told {
				t.Errorf("%d ended by the stop", n-told)
			}
		})
	})
}

// TestAttemptsEndBeforeTheStop: who answers within the time that is left is told.
func TestAttemptsEndBeforeTheStop(t *testing.T) {
	answer := func(ctx context.Context, t Target, m *Message) Result {
		wait(2 * time.Second)
		return delivers(ctx, t, m)
	}
	play(t, CourierConfig{}, answer, func(w *world) {
		w.put(t, to("a.example.org"), of("1"))
		synctest.Wait()
		t.Cleanup(func() {
			if len(w.ends) != 1 || !w.ends[0].Result.Delivered {
				t.Errorf("%+v", w.ends)
			}
		})
	})
}

func TestAQueueIsForgotten(t *testing.T) {
	play(t, CourierConfig{}, delivers, func(w *world) {
		for i := range 500 {
			w.put(t, to(fmt.Sprintf("h%d.example.org", i)), of("1"))
		}
		wait(5 * time.Minute)
		w.Courier.mu.Lock()
		defer w.Courier.mu.Unlock()
		if len(w.hosts) != 0 || len(w.queues) != 0 || len(w.known) != 0 || w.bytes != 0 || w.running != 0 || w.suspects != 0 {
			t.Errorf("%d hosts, %d messages of %d bytes are remembered", len(w.hosts), len(w.known), w.bytes)
		}
	})
}

func TestPauses(t *testing.T) {
	f := func(failures int, most time.Duration) {
		t.Helper()
		var longest time.Duration
		for range 2000 {
			d := pause(failures, 5*time.Second, time.Hour)
			if d <= 0 || d > most {
				t.Fatalf("after %d failures: %v, want up to %v", failures, d, most)
			}
			longest = max(longest, d)
		}
		if longest < most*9/10 {
			t.Errorf("after %d failures: %v at most, want up to %v", failures, longest, most)
		}
	}
	f(1, 5*time.Second)
	f(2, 10*time.Second)
	f(5, 80*time.Second)
	f(10, 2560*time.Second)
	f(11, time.Hour)
	f(1_000_000, time.Hour)
}
