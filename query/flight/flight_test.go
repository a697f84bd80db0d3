package flight

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Who comes while an answer is made gets the next, and all of them the same.
func TestRelayAnswersWithWhatBeganAfterTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := 0
		proceed := make(chan struct{})
		r := &Relay[int]{Answer: func(context.Context) (int, error) {
			made++
			n := made
			<-proceed
			return n, nil
		}}
		results := make(chan int, 100)
		ask := func() {
			go func() {
				n, err := r.Get(t.Context())
				if err != nil {
					t.Error(err)
				}
				results <- n
			}()
		}
		ask()
		synctest.Wait()
		for range 40 {
			ask()
		}
		synctest.Wait()
		proceed <- struct{}{}
		if n := <-results; n != 1 {
			t.Errorf("the first got answer %d, want its own", n)
		}
		proceed <- struct{}{}
		for range 40 {
			if n := <-results; n != 2 {
				t.Errorf("one that came meanwhile got answer %d, want the second", n)
			}
		}
		if synctest.Wait(); made != 2 {
			t.Errorf("%d answers were made, want 2", made)
		}
	})
}

// Those who wait behind one that fails are told so at once; if it was only given
// up by who asked, they get their own.
func TestRelayTellsOfFailuresOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		proceed, made := make(chan error), 0
		r := &Relay[int]{Answer: func(ctx context.Context) (int, error) {
			made++
			select {
			case err := <-proceed:
				return made, err
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}}
		f := func(end func(leave func()), firstWant, secondWant error, madeWant int) {
			t.Helper()
			ctx, leave := context.WithCancel(t.Context())
			first, second := make(chan error, 1), make(chan error, 1)
			go func() { _, err := r.Get(ctx); first <- err }()
			synctest.Wait()
			go func() { _, err := r.Get(t.Context()); second <- err }()
			synctest.Wait()
			end(leave)
			if err := <-first; !errors.Is(err, firstWant) {
				t.Errorf("the first got %v, want %v", err, firstWant)
			}
			if err := <-second; !errors.Is(err, secondWant) {
				t.Errorf("the second got %v, want %v", err, secondWant)
			}
			if synctest.Wait(); made != madeWant {
				t.Errorf("%d were made, want %d", made, madeWant)
			}
			leave()
		}
		f(func(func()) { proceed <- gone }, gone, gone, 1)
		f(func(func()) { proceed <- nil; proceed <- gone }, nil, gone, 3)
		f(func(leave func()) { leave(); synctest.Wait(); proceed <- nil }, context.Canceled, nil, 5)
	})
}

// One who leaves takes nothing from the others; the last who leaves ends it. Who makes the
// answer goes on as long as others wait for it.
func TestAFlightEndsWithTheLastWhoWaits(t *testing.T) {
	for _, makerFirst := range []bool{true, false} {
		endsWithTheLast(t, makerFirst)
	}
}

func endsWithTheLast(t *testing.T, makerFirst bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &Group[string]{}
		begun, given := 0, 0
		answer := func(ctx context.Context) (string, error) {
			begun++
			<-ctx.Done()
			given++
			return "", ctx.Err()
		}
		maker, leaveMaker := context.WithCancel(t.Context())
		waiter, leaveWaiter := context.WithCancel(t.Context())
		var left atomic.Int64
		for _, ctx := range []context.Context{maker, waiter} {
			go func() {
				if _, err := s.Get(ctx, "a", answer); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				left.Add(1)
			}()
			synctest.Wait()
		}
		wantLeft := int64(0)
		if makerFirst {
			leaveMaker()
		} else {
			leaveWaiter()
			wantLeft = 1
		}
		if synctest.Wait(); begun != 1 || left.Load() != wantLeft || given != 0 {
			t.Errorf("%d begun, %d left, %d given up: want 1, %d, 0", begun, left.Load(), given, wantLeft)
		}
		leaveMaker()
		leaveWaiter()
		if synctest.Wait(); left.Load() != 2 || given != 1 {
			t.Errorf("%d left, %d given up: want 2, 1", left.Load(), given)
		}
		got, err := s.Get(t.Context(), "a", func(context.Context) (string, error) { return "anew", nil })
		if got != "anew" || err != nil || len(s.named) != 0 {
			t.Errorf("got %q, %v, %d under way", got, err, len(s.named))
		}
	})
}

func TestAPanicReachesThoseWhoWait(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	s := &Group[int]{}
	_, _ = s.Get(t.Context(), "a", func(context.Context) (int, error) { panic("BUG") })
}
