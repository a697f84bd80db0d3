package ingest_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/bench/workload"
	"mlf/ingest"
)

// A follower follows requests whose traceparent begins with "follow".
type follower struct {
	mu    sync.Mutex
	asked []string
	ended []ingest.Answered
}

func (f *follower) follow(_ context.Context, parent []byte, began time.Time) *ingest.Span {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, string(parent))
	if !bytes.HasPrefix(parent, []byte("follow")) || began.IsZero() {
		return nil
	}
	name := string(parent)
	return &ingest.Span{
		Under: func(ctx context.Context) context.Context { return context.WithValue(ctx, underKey{}, name) },
		End: func(a ingest.Answered) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.ended = append(f.ended, a)
		},
	}
}

// take returns what was seen, and forgets it. A span ends before its answer is sent.
func (f *follower) take() (asked []string, ended []ingest.Answered) {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked, ended, f.asked, f.ended = f.asked, f.ended, nil, nil
	return asked, ended
}

// TestARequestIsFollowed to the log and to its answer, whatever that is; others of the
// same moment, with which it shares its limit of time, are not.
func TestARequestIsFollowed(t *testing.T) {
	var who follower
	d := openFollowed(t, ingest.Config{}, func(ln net.Listener) net.Listener { return ln }, who.follow)
	tm := d.enrol(nil)
	body := tm.request(green)
	f := func(path, header string, want ingest.Answered, under ...any) {
		t.Helper()
		d.log.take()
		d.log.under = nil
		var pairs []string
		for one := range strings.FieldsSeq(header) {
			pairs = append(pairs, "traceparent", one)
		}
		method := http.MethodPost
		if want.Method != "" {
			method = want.Method
		}
		got := d.send(method, path, tm.token, body, pairs...)
		asked, ended := who.take()
		if strings.Contains(header, " ") {
			header = "" // Twice is not at all.
		}
		if !slices.Equal(asked, []string{header}) || !slices.Equal(d.log.under, under) {
			t.Errorf("%s, traceparent %q: asked of %q, appended under %v: want %v", path, header, asked, d.log.under, under)
		}
		if want == (ingest.Answered{}) {
			if len(ended) != 0 {
				t.Errorf("%s, traceparent %q: ended %+v", path, header, ended)
			}
			return
		}
		if want.ID = got.header.Get("X-Request-Id"); want.ID == "" || !slices.Equal(ended, []ingest.Answered{want}) {
			t.Errorf("%s, traceparent %q: ended %+v, want %+v", path, header, ended, want)
		}
	}
	f("/v1/votes", "", ingest.Answered{}, nil)
	f("/v1/votes", "follow-1", ingest.Answered{Method: "POST", Path: "/v1/votes", Status: 202}, "follow-1")
	f("/v1/votes", "leave", ingest.Answered{}, nil)
	f("/v1/votes", "follow-2 follow-3", ingest.Answered{}, nil)
	f("/v1/votes", "follow-4", ingest.Answered{Method: "GET", Path: "/v1/votes", Status: 405})
	f("/somewhere/else", "follow-5", ingest.Answered{Method: "POST", Status: 404})
	f("/v1/streams", "follow-6", ingest.Answered{Method: "POST", Path: "/v1/streams", Status: 201})
	d.log.set(mood{err: context.DeadlineExceeded})
	f("/v1/votes", "follow-7", ingest.Answered{Method: "POST", Path: "/v1/votes", Status: 503})
	d.log.set(mood{panics: true})
	f("/v1/votes", "follow-8", ingest.Answered{Method: "POST", Path: "/v1/votes", Status: 500})
}

// TestWhoIsNotFollowedPaysNothing: neither where nobody follows, nor where one is asked
// of each request and says no.
func TestWhoIsNotFollowedPaysNothing(t *testing.T) {
	const requests = 500
	no := func(context.Context, []byte, time.Time) *ingest.Span { return nil }
	off, not := serving(t, workload.JSON, 1), servingFollowed(t, workload.JSON, 1, no)
	allocated := func(serve func(int)) float64 {
		serve(requests) // Fills the pools.
		return testing.AllocsPerRun(10, func() { serve(requests) }) / requests
	}
	if got, want := allocated(not), allocated(off); got > want+0.05*allocationsMax {
		t.Errorf("allocations of a request that is not followed: got %.2f, want %.2f as where nobody follows", got, want)
	}
}
