package live_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mlf/query/live"
)

// A world is a hub that looks at a number.
type world struct {
	hub    *live.Hub
	number atomic.Int64
	looks  atomic.Int64
}

func newWorld() *world {
	w := new(world)
	w.hub = live.New(live.Config{
		Every: time.Second, Beat: 15 * time.Second, Write: 10 * time.Second, Max: 3,
		Look: func(_ context.Context, last *live.Event) (*live.Event, error) {
			w.looks.Add(1)
			id := fmt.Sprint(w.number.Load())
			if last != nil && last.ID == id {
				return nil, nil //nolint:nilnil // So says Config.
			}
			return &live.Event{ID: id, Data: []byte(id + id)}, nil
		},
	})
	return w
}

func all(*live.Event) bool { return true }

// listen listens until ctx ends, and returns what was heard.
func (w *world) listen(ctx context.Context, wants func(*live.Event) bool) (heard string, err error) {
	rec := httptest.NewRecorder()
	err = w.hub.Serve(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), wants)
	return rec.Body.String(), err
}

// A change is told once and not more often than once a second; silence by comments.
func TestListenersHearChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second+500*time.Millisecond)
		defer cancel()
		go func() {
			for i, at := range []int{100, 200, 300, 3000} { // Milliseconds: three of them within a second.
				time.AfterFunc(time.Duration(at)*time.Millisecond, func() { w.number.Store(int64(i + 1)) })
			}
		}()
		heard, err := w.listen(ctx, all)
		want := ": mlf\n\n" + "id: 0\nevent: counts\ndata: 00\n\n" + "id: 3\nevent: counts\ndata: 33\n\n" + "id: 4\nevent: counts\ndata: 44\n\n" + ":\n\n"
		if heard != want || err != nil || w.looks.Load() != 21 {
			t.Errorf("got %q, %v by %d looks, want %q", heard, err, w.looks.Load(), want)
		}
	})
}

// What a listener has is not told again, and who comes when others have left hears
// what is there then.
func TestListenersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range 3 {
			w.number.Store(int64(i))
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			heard, err := w.listen(ctx, func(e *live.Event) bool { return e.ID != "1" })
			cancel()
			want := fmt.Sprintf(": mlf\n\nid: %d\nevent: counts\ndata: %[1]d%[1]d\n\n", i)
			if i == 1 {
				want = ": mlf\n\n"
			}
			if heard != want || err != nil {
				t.Errorf("got %q, %v, want %q", heard, err, want)
			}
			<-time.After(time.Minute)
		}
		if n := w.looks.Load(); n != 6 {
			t.Errorf("looked %d times, want 6: nobody listened in between", n)
		}
	})
}

// There is room for so many, and all go when the hub is closed.
func TestListenersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		gone := make(chan error)
		for range 3 {
			go func() { _, err := w.listen(t.Context(), all); gone <- err }()
		}
		synctest.Wait()
		if _, err := w.listen(t.Context(), all); !errors.Is(err, live.ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
		w.hub.Close()
		w.hub.Close()
		for range 3 {
			if err := <-gone; err != nil {
				t.Error(err)
			}
		}
		if heard, err := w.listen(t.Context(), all); heard != ": mlf\n\n" || err != nil {
			t.Errorf("got %q, %v of a closed hub", heard, err)
		}
	})
}

// Who cannot be written to is let go at once, not when there is more to say.
func TestListenersWhoAreGone(t *testing.T) {
	w := newWorld()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := w.hub.Serve(brokenAfter{rw, new(int)}, r, all); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	resp, err := http.Get(server.URL) //nolint:noctx // It ends with the server.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	buf := make([]byte, 1<<10)
	for {
		if _, err := resp.Body.Read(buf); err != nil {
			break // It was let go after a write that failed.
		}
	}
}

// brokenAfter fails after its first write, as a connection does whose reader is gone.
type brokenAfter struct {
	http.ResponseWriter
	writes *int
}

func (b brokenAfter) Write(p []byte) (int, error) {
	if *b.writes++; *b.writes > 1 {
		return 0, errors.New("nobody reads")
	}
	return b.ResponseWriter.Write(p)
}

func (b brokenAfter) Unwrap() http.ResponseWriter { return b.ResponseWriter }
