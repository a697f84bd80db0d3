package access_test

import (
	"crypto/elliptic"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mlf/query/access"
)

// A key that the issuer has just made is found while its first token waits.
func TestANewKeyIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, fresh := edKey(t, "2026-10"), edKey(t, "2026-11")
		i := newIssuer(old)
		a := open(t, i, nil)
		taken(t, a, old.token(t, claims(nil), nil))
		i.publish(old, fresh)
		began := time.Now()
		taken(t, a, fresh.token(t, claims(nil), nil))
		if waited := time.Since(began); waited > 5*time.Second {
			t.Errorf("waited for %v, want 5 s at most", waited)
		}
		taken(t, a, old.token(t, claims(nil), nil))
		if i.asked != 1 {
			t.Errorf("the discovery document was read %d times, want once an hour", i.asked)
		}
	})
}

// An issuer may move its keys; its document tells where they are.
func TestKeysMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(edKey(t, "old"))
		a := open(t, i, nil)
		synctest.Wait()
		fresh := edKey(t, "fresh")
		i.set(func() { i.jwks = issuerURL + "/moved" })
		i.publish(fresh)
		refused(t, a, fresh.token(t, claims(nil), nil), http.StatusServiceUnavailable)
		later(5 * time.Second)
		taken(t, a, fresh.token(t, claims(nil), nil))
	})
}

// Who has waited makes room for others.
func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, newIssuer(edKey(t, "a")), nil)
		token := edKey(t, "made up").token(t, claims(map[string]any{"exp": time.Now().Add(24 * time.Hour).Unix()}), nil)
		for range 150 {
			refused(t, a, token, http.StatusUnauthorized)
		}
	})
}

func taken(t *testing.T, a *access.Access, token string) {
	t.Helper()
	if _, refusal := identify(t, a, token); refusal != nil {
		t.Errorf("got %d, %v, want it taken", refusal.Status, refusal)
	}
}

// later moves the bubble's clock.
func later(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // By the clock of the bubble.

func refused(t *testing.T, a *access.Access, token string, status int) {
	t.Helper()
	if _, refusal := identify(t, a, token); refusal == nil || refusal.Status != status {
		t.Errorf("got %+v, want %d", refusal, status)
	}
}

// A key that vanishes from the set is good no longer than RefreshEvery.
func TestAWithdrawnKeyIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaked, fresh := edKey(t, "leaked"), edKey(t, "fresh")
		i := newIssuer(leaked)
		a := open(t, i, nil)
		token := leaked.token(t, claims(nil), nil)
		taken(t, a, token)
		i.publish(fresh)
		later(10*time.Minute + time.Second)
		refused(t, a, token, http.StatusUnauthorized)
	})
}

// Made-up names of keys do not make us ask the issuer without end, nor fill this process.
func TestMadeUpKeysCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, evil := edKey(t, "a"), edKey(t, "")
		i := newIssuer(good)
		a := open(t, i, nil)
		taken(t, a, good.token(t, claims(nil), nil))
		before := i.fetches()
		began, stop := time.Now(), make(chan struct{})
		var all sync.WaitGroup
		var mu sync.Mutex
		counts := make(map[int]int)
		for n := range 300 {
			evil.id = fmt.Sprint("made up ", n)
			token := evil.token(t, claims(nil), nil)
			all.Go(func() {
				for time.Since(began) < time.Minute {
					_, refusal := identify(t, a, token)
					mu.Lock()
					counts[refusal.Status]++
					mu.Unlock()
					if refusal.Status == http.StatusServiceUnavailable {
						later(refusal.RetryAfter)
					}
				}
			})
		}
		go func() { all.Wait(); close(stop) }()
		for {
			select {
			case <-stop:
				if fetched := i.fetches() - before; fetched > 14 {
					t.Errorf("%d fetches in a minute, want one every 5 s at most", fetched)
				}
				if counts[http.StatusUnauthorized] == 0 || counts[http.StatusServiceUnavailable] == 0 || len(counts) != 2 {
					t.Errorf("got %v, want 401, and 503 of those who were too many", counts)
				}
				return
			case <-time.After(time.Second):
				taken(t, a, good.token(t, claims(nil), nil)) // Who has a known key is not held up.
			}
		}
	})
}

// Whose token does not even say that it is of our issuer makes nobody fetch.
func TestAnothersTokenMakesNobodyFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(edKey(t, "a"))
		a := open(t, i, nil)
		synctest.Wait()
		before := i.fetches()
		token := edKey(t, "b").token(t, claims(map[string]any{"iss": "https://evil.example"}), nil)
		for range 100 {
			refused(t, a, token, http.StatusUnauthorized)
		}
		if i.fetches() != before {
			t.Errorf("%d fetches, want none", i.fetches()-before)
		}
	})
}

// An issuer that cannot be reached harms nobody whose key is known; of a key that is not,
// nothing is said but that it cannot be known now.
func TestTheIssuerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		known, fresh := edKey(t, "known"), edKey(t, "fresh")
		i := newIssuer(known)
		a := open(t, i, nil)
		f := func(name string, broken func()) {
			t.Helper()
			taken(t, a, known.token(t, claims(nil), nil))
			i.set(broken)
			began := time.Now()
			_, refusal := identify(t, a, fresh.token(t, claims(nil), nil))
			if refusal == nil || refusal.Status != http.StatusServiceUnavailable {
				t.Fatalf("%s: got %+v, want 503", name, refusal)
			}
			h := make(http.Header)
			refusal.SetHeader(h)
			if took := time.Since(began); h.Get("Retry-After") == "" || h.Get("WWW-Authenticate") != "" || took > 6*time.Second {
				t.Errorf("%s: got %v after %v, want Retry-After within 5 s", name, h, took)
			}
			later(40 * time.Minute)
			taken(t, a, known.token(t, claims(nil), nil))
			refused(t, a, fresh.token(t, claims(nil), nil), http.StatusServiceUnavailable)
			i.set(func() { i.down, i.say, i.moved, i.name, i.jwks = false, "", "", issuerURL, issuerURL+"/keys" })
			later(time.Minute)
			refused(t, a, fresh.token(t, claims(nil), nil), http.StatusUnauthorized)
		}
		f("away", func() { i.down = true })
		f("no JSON", func() { i.say = "<html>" })
		f("no keys", func() { i.say = `{"keys":[]}` })
		text, err := fresh.public().MarshalJSON() // What is too much would else be good.
		if err != nil {
			t.Fatal(err)
		}
		f("too large", func() { i.say = strings.Repeat(" ", 1<<20) + `{"keys":[` + string(text) + `]}` })
		f("too many keys", func() { i.say = `{"keys":[` + strings.Repeat(string(text)+",", 100) + string(text) + `]}` })
		f("redirected to no TLS", func() { i.moved = "http://login.example.it/keys" })
		f("redirected round", func() { i.moved = issuerURL + "/keys" })
		f("not there", func() { i.jwks = issuerURL + "/elsewhere"; i.down = true })
		// The discovery document is read again after an hour, and after a fetch that failed.
		f("another's document", func() { i.name = "https://evil.example"; i.jwks = issuerURL + "/new" })
		f("keys without TLS", func() { i.jwks = "http://login.example.it/keys" })
	})
}

// A process that starts while the issuer is away takes tokens as soon as it is back.
func TestTheIssuerIsAwayAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := edKey(t, "a")
		i := newIssuer(key)
		i.down = true
		a := open(t, i, nil)
		token := key.token(t, claims(nil), nil)
		refused(t, a, token, http.StatusServiceUnavailable)
		i.set(func() { i.down = false })
		later(time.Minute)
		taken(t, a, token)
	})
}

// Who gives up waiting does not wait on.
func TestWhoGivesUpDoesNotWait(t *testing.T) {
	a, err := access.New(access.Config{Issuer: issuerURL, Audience: audience, Transport: newIssuer()}) // It does not run.
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, "Bearer "+edKey(t, "a").token(t, claims(nil), nil)).WithContext(canceled(t))
	if _, err := a.Identify(r); statusOf(err) != http.StatusServiceUnavailable {
		t.Errorf("got %v, want 503", err)
	}
}

// Keys come and go while requests run: no token of a key that is published is refused.
func TestRotationWhileRequestsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := make([]signer, 6)
		for n := range ring {
			ring[n] = edKey(t, fmt.Sprint("key ", n))
		}
		i := newIssuer(ring[0], ring[1])
		a := open(t, i, nil)
		var mu sync.Mutex
		current := 0
		until := time.Now().Add(time.Hour + 50*time.Minute)
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				for time.Now().Before(until) {
					mu.Lock()
					key := ring[current+n%2] // Half of them sign by the next one at once.
					mu.Unlock()
					token := key.token(t, claims(nil), nil)
					taken(t, a, token)
					later(time.Duration(7+n) * time.Second)
				}
			})
		}
		for current < len(ring)-2 {
			later(25 * time.Minute)
			mu.Lock()
			i.publish(ring[current : current+3]...) // Old, current and next.
			current++
			mu.Unlock()
		}
		all.Wait()
	})
}

// On a closed network keys are a file, which is read again as it changes.
func TestKeysOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	synctest.Test(t, func(t *testing.T) {
		old, fresh := edKey(t, "old"), ecKey(t, "fresh", elliptic.P256(), jose.ES256)
		writeKeys(t, path, old)
		a := open(t, newIssuer(), func(c *access.Config) { c.KeysFile = path; c.Issuer = "mlf-test" })
		of := claims(map[string]any{"iss": "mlf-test"})
		taken(t, a, old.token(t, of, nil))
		writeKeys(t, path, fresh)
		taken(t, a, fresh.token(t, of, nil))
		refused(t, a, old.token(t, of, nil), http.StatusUnauthorized)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		later(30 * time.Minute)
		taken(t, a, fresh.token(t, of, nil))
	})
}
