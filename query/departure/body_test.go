package departure

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// The memory of answers on their way is bounded: long ones may fill theirs
// without a short one having to wait.
func TestAnswersOnTheirWayHaveABudget(t *testing.T) {
	d := &Departures{short: newBudget(100), long: newBudget(shortMax + 10)}
	short, long := &Body{plain: make([]byte, 60)}, &Body{plain: make([]byte, shortMax+1)}
	send := func(b *Body) error {
		return d.Send(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), "", b)
	}
	if err := errors.Join(send(short), send(short), send(long), send(long)); err != nil {
		t.Errorf("one after the other: %v", err)
	}
	within := func(b *Body, then func()) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if err := d.Send(&reader{ResponseRecorder: httptest.NewRecorder(), reads: then}, r, "", b); err != nil {
			t.Error(err)
		}
	}
	within(long, func() {
		refused := httptest.NewRecorder()
		if err := d.Send(refused, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), "tag", long); !errors.Is(err, ErrFull) {
			t.Errorf("two long ones at once: got %v, want %v", err, ErrFull)
		}
		if len(refused.Header()) > 0 {
			t.Errorf("a refusal has the answer's headers: %v", refused.Header())
		}
		within(short, func() {
			if err := send(short); !errors.Is(err, ErrFull) {
				t.Errorf("two short ones at once: got %v, want %v", err, ErrFull)
			}
		})
	})
}

// What is packed by its own form is kept as it is, counts as what it holds, and is
// sent with its length: readers of files look for it.
func TestFilesArePackedOnce(t *testing.T) {
	w := Writer{Stored: true}
	_, _ = w.Write(make([]byte, plainMax))
	_, _ = w.Write(make([]byte, plainMax))
	b, err := w.Body(http.Header{}, 1)
	if err != nil || b.packed != nil || b.held() != 2*plainMax {
		t.Errorf("got %d bytes packed of %d, %v", len(b.packed), b.held(), err)
	}
	d := New()
	got := httptest.NewRecorder()
	if err := d.Send(got, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), "tag", b); err != nil {
		t.Fatal(err)
	}
	if length := got.Header().Get("Content-Length"); length != "131072" || got.Body.Len() != 2*plainMax {
		t.Errorf("got length %q of %d", length, got.Body.Len())
	}
}

// A reader is a ResponseWriter as its client lets it write.
type reader struct {
	*httptest.ResponseRecorder
	reads    func() // Called for each chunk.
	deadline time.Time
}

func (r *reader) SetWriteDeadline(at time.Time) error { r.deadline = at; return nil }

func (r *reader) Write(p []byte) (int, error) {
	r.reads()
	if time.Now().After(r.deadline) {
		return 0, os.ErrDeadlineExceeded
	}
	return r.ResponseRecorder.Write(p)
}

// Who reads a little now and then is cut when the time is over that the whole
// answer has; who reads slowly but steadily gets it.
func TestSlowReadersHaveAnEnd(t *testing.T) {
	f := func(perChunk time.Duration, whole bool) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			text := bytes.Repeat([]byte("x"), 100*ChunkBytes)
			b := &Body{plain: text, bytes: len(text)}
			d := New()
			slow := &reader{ResponseRecorder: httptest.NewRecorder(), reads: func() { <-time.After(perChunk) }}
			began := time.Now()
			if err := d.Send(slow, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), "", b); err != nil {
				t.Fatal(err)
			}
			if got := slow.Body.Len() == len(text); got != whole {
				t.Errorf("%v a chunk: got %d of %d bytes", perChunk, slow.Body.Len(), len(text))
			}
			if took, limit := time.Since(began), 32*time.Second+ChunkTimeout+perChunk; took > limit {
				t.Errorf("%v a chunk: it took %v, want %v at most", perChunk, took, limit)
			}
		})
	}
	f(200*time.Millisecond, true) // 160 kB/s.
	f(5*time.Second, false)
	f(40*time.Second, false)
}
