package access_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"mlf/query/access"
	"mlf/schema/proxies"
)

func quota(t testing.TB, change func(*access.QuotaConfig)) *access.Quota {
	t.Helper()
	cfg := access.QuotaConfig{Public: access.Rate{Burst: 10, PerSecond: 1}, Known: access.Rate{Burst: 100, PerSecond: 10}}
	if change != nil {
		change(&cfg)
	}
	q, err := access.NewQuota(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func from(t testing.TB, addr string) *http.Request {
	t.Helper()
	r := request(t)
	r.RemoteAddr = addr + ":4711"
	return r
}

func TestQuotaRunsOutAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := quota(t, nil)
		r := from(t, "192.0.2.1")
		for n := range 10 {
			want := access.Allowance{OK: true, Limit: 10, Remaining: 9 - n, Reset: time.Duration(n+1) * time.Second}
			if got := q.Take(r, access.Identity{}, 1); got != want {
				t.Fatalf("request %d: got %+v, want %+v", n, got, want)
			}
		}
		for range 3 { // What is refused costs nothing.
			want := access.Allowance{Limit: 10, Reset: 10 * time.Second, Retry: time.Second}
			if got := q.Take(r, access.Identity{}, 1); got != want {
				t.Fatalf("one too many: got %+v, want %+v", got, want)
			}
		}
		if got := q.Take(from(t, "192.0.2.2"), access.Identity{}, 1); !got.OK {
			t.Errorf("a neighbour: got %+v, want it within", got)
		}
		later(time.Second)
		if got := q.Take(r, access.Identity{}, 1); !got.OK || got.Remaining != 0 {
			t.Errorf("a second later: got %+v, want one", got)
		}
		later(time.Hour)
		if got := q.Take(r, access.Identity{}, 0); !got.OK || got.Remaining != 10 || got.Reset != 0 {
			t.Errorf("an hour later: got %+v, want all", got)
		}
		if got := q.Take(r, access.Identity{}, 1000); !got.OK || got.Remaining != 0 {
			t.Errorf("a request that costs more than all: got %+v, want it to cost all", got)
		}
	})
}

func TestQuotaIsOfWhoAsks(t *testing.T) {
	q := quota(t, nil)
	anna, bruno := access.Identity{Role: access.Body, Subject: "anna"}, access.Identity{Role: access.Body, Subject: "bruno"}
	f := func(remaining int, addr string, id access.Identity) {
		t.Helper()
		if got := q.Take(from(t, addr), id, 1); got.Remaining != remaining {
			t.Errorf("%s %s: got %+v, want %d", addr, id.Subject, got, remaining)
		}
	}
	f(99, "192.0.2.1", anna)
	f(98, "192.0.2.2", anna) // Wherever she is.
	f(99, "192.0.2.1", bruno)
	f(9, "192.0.2.1", access.Identity{})
	f(9, "[2001:db8:1:2::1]", access.Identity{})
	f(8, "[2001:db8:1:2:ffff::9]", access.Identity{}) // The same line.
	f(9, "[2001:db8:1:3::1]", access.Identity{})
}

func TestQuotaHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := quota(t, nil)
		r := from(t, "192.0.2.1")
		f := func(cost int, want map[string]string) {
			t.Helper()
			h := make(http.Header)
			q.Take(r, access.Identity{}, cost).SetHeader(h)
			for name, value := range want {
				if got := h.Get(name); got != value {
					t.Errorf("%s: got %q, want %q", name, got, value)
				}
			}
		}
		f(7, map[string]string{"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "7", "Retry-After": ""})
		later(500 * time.Millisecond)
		f(5, map[string]string{"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "7", "Retry-After": "2"})
	})
}

// However requests come, in any second of all no more pass than the burst and what came
// back meanwhile; and whoever keeps to the rate is never refused.
func TestQuotaIsABucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst, perSecond := rapid.IntRange(1, 50).Draw(t, "burst"), rapid.IntRange(1, 50).Draw(t, "perSecond")
		now := time.Unix(0, 0)
		q, err := access.NewQuota(access.QuotaConfig{
			Public: access.Rate{Burst: burst, PerSecond: float64(perSecond)}, Now: func() time.Time { return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{RemoteAddr: "192.0.2.1:1"}
		level := float64(burst) // A plain bucket.
		for _, pause := range rapid.SliceOfN(rapid.IntRange(0, 2_000), 1, 200).Draw(t, "pauses in ms") {
			now = now.Add(time.Duration(pause) * time.Millisecond)
			level = min(level+float64(pause)/1000*float64(perSecond), float64(burst))
			const dust = 1e-4 // Nanoseconds.
			switch got := q.Take(r, access.Identity{}, 1); {
			case got.OK && level < 1-dust, !got.OK && level >= 1+dust:
				t.Fatalf("level %v: got %+v", level, got)
			case got.OK:
				level--
			}
		}
	})
}

// A million addresses cost no more memory than the limit, and do not take their quota from
// those who were there before.
func TestQuotaIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := quota(t, func(c *access.QuotaConfig) { c.ClientsMax = 1000 })
		friend := from(t, "192.0.2.1")
		q.Take(friend, access.Identity{}, 1)
		passed := 0
		for n := range 20_000 {
			if q.Take(from(t, fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255)), access.Identity{}, 1).OK {
				passed++
			}
		}
		if passed != 999+10 {
			t.Errorf("%d of a crowd passed, want 999 of their own and 10 of all others", passed)
		}
		if got := q.Take(friend, access.Identity{}, 1); got.Remaining != 8 {
			t.Errorf("who was there before: got %+v, want 8", got)
		}
		later(time.Minute)
		if got := q.Take(from(t, "198.51.100.1"), access.Identity{}, 1); got.Remaining != 9 {
			t.Errorf("a newcomer when all are idle: got %+v, want its own quota", got)
		}
	})
}

func TestQuotaIsSafeForConcurrentUse(t *testing.T) {
	q := quota(t, func(c *access.QuotaConfig) { c.ClientsMax = 50; c.Public = access.Rate{Burst: 1000, PerSecond: 0.1} })
	var all sync.WaitGroup
	var mu sync.Mutex
	passed := 0
	for range 8 {
		all.Go(func() {
			for range 500 {
				if q.Take(from(t, "192.0.2.1"), access.Identity{}, 1).OK {
					mu.Lock()
					passed++
					mu.Unlock()
				}
				q.Take(from(t, fmt.Sprint("10.0.0.", rand.IntN(250))), access.Identity{}, 1)
			}
		})
	}
	all.Wait()
	if passed > 1001 || passed < 1000 {
		t.Errorf("%d passed, want 1,000", passed)
	}
}

// Without a limit nothing is counted, remembered or said.
func TestQuotaThatIsOff(t *testing.T) {
	q := quota(t, func(c *access.QuotaConfig) {
		c.Public = access.Rate{Off: true}
		c.Now = func() time.Time { return time.Time{} }
	})
	for range 2_000_000 / 1000 {
		if got := q.Take(from(t, "192.0.2.1"), access.Identity{}, 1000); got != (access.Allowance{OK: true}) {
			t.Fatalf("got %+v", got)
		}
	}
	h := http.Header{}
	q.Take(from(t, "192.0.2.1"), access.Identity{}, 1).SetHeader(h)
	if len(h) > 0 {
		t.Errorf("got %v, want no limit told", h)
	}
	if got := q.Take(request(t), access.Identity{Subject: "a"}, 1); got.Limit != 100 {
		t.Errorf("got %+v of who has a token", got)
	}
}

func TestQuotaConfigIsRefused(t *testing.T) {
	f := func(c access.QuotaConfig) {
		t.Helper()
		if _, err := access.NewQuota(c); err == nil {
			t.Errorf("%+v: taken", c)
		}
	}
	f(access.QuotaConfig{Public: access.Rate{Burst: 5}})
	f(access.QuotaConfig{Known: access.Rate{PerSecond: 5}})
	f(access.QuotaConfig{Public: access.Rate{Burst: 5, PerSecond: 1e9}})
	f(access.QuotaConfig{Public: access.Rate{Burst: 1_000_000, PerSecond: 1}})
	f(access.QuotaConfig{Public: access.Rate{Burst: 1, PerSecond: 1, Off: true}})
	f(access.QuotaConfig{ClientsMax: -1})
	f(access.QuotaConfig{Proxies: proxies.Proxies{Field: "X-Real-IP"}})
}

func BenchmarkTake(b *testing.B) {
	q := quota(b, func(c *access.QuotaConfig) { c.Public = access.Rate{Burst: 1000, PerSecond: 1000} })
	r := from(b, "192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		q.Take(r, access.Identity{}, 1)
	}
}
