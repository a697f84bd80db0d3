package pages_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"mlf/bench/pages"
)

// serve answers as a server of pages does: a length or chunks, and tags.
func serve(t *testing.T) (addr string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("X-Path", r.URL.Path)
		fmt.Fprint(w, strings.Repeat("x", 10_000))
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), asked
}

func dial(t *testing.T, addr string, depth int) *pages.Line {
	t.Helper()
	l, err := pages.Dial(t.Context(), addr, depth)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestALineAsksInOrder(t *testing.T) {
	addr, _ := serve(t)
	for _, depth := range []int{1, 4} {
		var requests [][]byte
		for i := range 10 {
			requests = append(requests, pages.Request(fmt.Sprint("/", i), ""))
		}
		requests = append(requests, pages.Request("/", `"1"`))
		var tally pages.Tally
		err := dial(t, addr, depth).Ask(requests, &tally, func(i int, header http.Header) {
			if want := fmt.Sprint("/", i); i < 10 && header.Get("X-Path") != want {
				t.Errorf("answer %d is of %s", i, header.Get("X-Path"))
			}
		})
		if err != nil || tally.Answered[200] != 10 || tally.Answered[304] != 1 || tally.Bytes != 100_000 || tally.Latencies.Count() != 11 {
			t.Errorf("depth %d: got %v, %d bytes, %v", depth, tally.Answered, tally.Bytes, err)
		}
	}
}

func TestALineAsksAtARate(t *testing.T) {
	addr, asked := serve(t)
	ctx, stop := context.WithCancel(t.Context())
	var tally, all pages.Tally
	err := dial(t, addr, 1).AskAt(ctx, 1000, func() []byte {
		if asked.Load() == 20 {
			stop()
		}
		return pages.Request("/", "")
	}, &tally)
	all.Merge(&tally)
	if err != nil || all.All() < 20 || all.Latencies.Count() != all.All() {
		t.Errorf("got %v, %v", all.Answered, err)
	}
}

func TestALineThatIsCut(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer s.Close()
	var tally pages.Tally
	if err := dial(t, s.Listener.Addr().String(), 1).Ask([][]byte{pages.Request("/", "")}, &tally, nil); err == nil {
		t.Errorf("got no error, and %v", tally.Answered)
	}
}
