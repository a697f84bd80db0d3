package kiosk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlf/ingest/client"
	"mlf/proof/harness"
)

// many has the page take so many votes as fast as it can store them: pauses between
// citizens are left out, until the page is loaded again.
func (d *device) many(n int) {
	d.t.Helper()
	const press = `(async (n) => {
		if (!window.hurried) {
			window.hurried = true;
			const [later, now] = [setTimeout, performance.now.bind(performance)];
			let ahead = 0;
			window.setTimeout = (what, when, ...more) => later(what, when === 800 ? 0 : when, ...more);
			performance.now = () => now() + ahead;
			window.onward = () => { ahead += 1000; };
		}
		const thanked = () => Number(document.documentElement.dataset.thanked ?? 0);
		const want = thanked() + n;
		while (thanked() < want) {
			const button = document.querySelector('[data-option="green"]:enabled');
			if (button) { window.onward(); button.click(); }
			await new Promise((done) => requestAnimationFrame(done));
		}
		return thanked();
	})`
	for done := 0; done < n; {
		some := min(50, n-done)
		ctx, cancel := context.WithTimeout(d.tab, time.Minute)
		_, err := chromedp.Run(ctx, chromedp.Evaluate[int](press+"("+strconv.Itoa(some)+")", chromedp.EvalAwaitPromise))
		cancel()
		if err != nil {
			d.t.Fatalf("%d votes in a hurry: %v", n, err)
		}
		done += some
	}
	d.pressed, d.thanked = d.pressed+n, d.thanked+n
}

// keeps holds the device to what waits on it.
func (d *device) keeps(want int) {
	d.t.Helper()
	harness.Eventually(d.t, 30*time.Second, func() error {
		kept, err := ask[int](d, votesKept)
		if err == nil && kept != want {
			err = fmt.Errorf("%d votes are kept, want %d", kept, want)
		}
		return err
	})
}

// says waits until the page's line for caretakers has a text.
func (d *device) says(want string) {
	d.t.Helper()
	harness.Eventually(d.t, 20*time.Second, func() error {
		text, err := ask[string](d, `document.getElementById("trouble").textContent`)
		if err == nil && !strings.Contains(text, want) {
			err = fmt.Errorf("it says %q: want %q", text, want)
		}
		return err
	})
}

// barred is situation 16: a token that was replaced, and a terminal that was revoked, with
// 500 votes that wait.
func barred(t *testing.T, p *place) {
	const waiting = 500
	d := p.device("")
	d.setUp()
	p.worker(d)
	p.front.close()
	d.many(waiting)
	d.quit()
	newer := harness.Decode[struct{ Token string }](t, harness.Run(t, "terminal", "token", "--kafka", p.front.up.Kafka, p.term.ID, "--json")).Token
	old := p.term.Token
	p.term.Token = newer
	p.front.configure(p.term, nil)
	p.front.mu.Lock()
	delete(p.front.configs, old)
	p.front.mu.Unlock()
	var mu sync.Mutex
	asked := 0
	p.front.meddle(func(http.ResponseWriter, *http.Request, http.Handler) bool {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return false
	})
	calm := func(what string, most int) {
		t.Helper()
		harness.LetPass(10 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if asked > most {
			t.Errorf("%s: asked %d times in 10 s, want at most %d", what, asked, most)
		}
		t.Logf("%s: asked %d times in 10 s", what, asked)
		asked = 0
	}
	p.front.listen()
	d.start("")
	d.shows("face")
	d.votes(3)
	d.says("Gettone sconosciuto")
	calm("an unknown token", 2)
	d.keeps(waiting + 3)
	d.open("#t=" + newer)
	d.shows("face")
	p.settles(d)
	d.drained()

	p.front.close()
	d.do("load again", chromedp.Reload())
	d.shows("face")
	d.many(waiting)
	d.thanked -= waiting // What a revoked terminal holds is not counted, by intent.
	d.quit()
	harness.Run(t, "terminal", "revoke", "--kafka", p.front.up.Kafka, p.term.ID)
	harness.LetPass(1500 * time.Millisecond)
	mu.Lock()
	asked = 0
	mu.Unlock()
	p.front.listen()
	d.start("")
	d.shows("broken")
	d.says("Terminale revocato")
	if err := d.pick("green"); err == nil {
		t.Error("a revoked terminal takes votes")
	}
	calm("a revoked terminal", 4)
	d.do("load again", chromedp.Reload())
	d.shows("broken")
	d.says("Terminale revocato")
	d.keeps(waiting)
	p.settles(d)
}

// A caller is one terminal at the door: when it was told to wait, and when it came again.
type caller struct {
	told, again time.Time
}

// later is situation 17: 200 kiosks and one in a browser are told by all servers at once
// to come back in a minute. None comes earlier, whatever is pressed; they do not come
// together; and every vote is counted.
func later(t *testing.T, p *place) {
	const kiosks, wait = 200, time.Minute
	d := p.device("")
	d.setUp()
	d.votes(1)
	p.settles(d)

	clients := p.crowd(kiosks)
	var mu sync.Mutex
	callers := make(map[string]*caller)
	p.front.meddle(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		mu.Lock()
		defer mu.Unlock()
		one := callers[bearer(r)]
		if one == nil {
			callers[bearer(r)] = &caller{told: time.Now()}
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
			if len(callers)%2 == 0 {
				refuse(w, http.StatusTooManyRequests, "too-fast")
			} else {
				refuse(w, http.StatusServiceUnavailable, "overloaded")
			}
			return true
		}
		if one.again.IsZero() {
			one.again = time.Now()
		}
		return false
	})
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer func() { stop(); running.Wait() }()
	for _, c := range clients {
		running.Go(func() {
			if err := c.Run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	d.votes(5) // Presses are no reason to come earlier.
	for i, c := range clients {
		if err := c.Vote(ctx, client.Vote{Face: "green"}); err != nil {
			t.Fatalf("kiosk %d: %v", i, err)
		}
	}
	all := &device{pressed: 2 * kiosks, thanked: 2 * kiosks}
	harness.Eventually(t, 2*wait, func() error {
		mu.Lock()
		defer mu.Unlock()
		back := 0
		for _, one := range callers {
			if !one.again.IsZero() {
				back++
			}
		}
		if back < kiosks+1 {
			return fmt.Errorf("%d of %d have come again", back, kiosks+1)
		}
		return nil
	})
	mu.Lock()
	spread(t, callers, wait)
	mu.Unlock()
	p.settles(d, all)
	for i, c := range clients {
		harness.Eventually(t, 30*time.Second, func() error {
			if n := c.Waiting(); n > 0 {
				return fmt.Errorf("kiosk %d keeps %d votes", i, n)
			}
			return nil
		})
	}
}

// crowd are terminals in Go, each with a vote that waits.
func (p *place) crowd(n int) []*client.Client {
	p.t.Helper()
	lines := harness.Run(p.t, "terminal", "enrol", "--kafka", p.front.up.Kafka, "--comune", "058091", "--channel", "counter", "--services", "anagrafe", "--count", strconv.Itoa(n), "--json")
	var all []*client.Client
	dir, at := p.t.TempDir(), "http://"+p.front.addr
	asks := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: n}}
	p.t.Cleanup(asks.CloseIdleConnections)
	for line := range strings.Lines(lines) {
		var told struct{ Token string }
		if err := json.Unmarshal([]byte(line), &told); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		c, err := client.Open(filepath.Join(dir, strconv.Itoa(len(all))), client.Options{Ingest: at, Token: told.Token, HTTP: asks})
		if err != nil {
			p.t.Fatal(err)
		}
		p.t.Cleanup(func() { _ = c.Close() })
		if err := c.Vote(p.t.Context(), client.Vote{Face: "green"}); err != nil {
			p.t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) != n {
		p.t.Fatalf("enrolled %d terminals, want %d", len(all), n)
	}
	return all
}

// spread holds the second requests to their moment and their distribution: none before
// what it was told, all within a quarter of it after, and no second of that with more than
// a few of them.
func spread(t *testing.T, callers map[string]*caller, wait time.Duration) {
	t.Helper()
	var after []float64 // Seconds after the earliest moment.
	for _, one := range callers {
		after = append(after, one.again.Sub(one.told.Add(wait)).Seconds())
	}
	slices.Sort(after)
	quarter := wait.Seconds() / 4
	slots := make([]int, 5)
	busiest := 0
	for i, at := range after {
		slots[min(max(int(at/quarter*5), 0), 4)]++
		within := 0
		for _, other := range after[i:] {
			if other-at < 1 {
				within++
			}
		}
		busiest = max(busiest, within)
	}
	first, last := after[0], after[len(after)-1]
	t.Logf("%d came again %.1f to %.1f s after the earliest moment; by fifths %v; busiest second %d", len(after), first, last, slots, busiest)
	if first < 0 {
		t.Errorf("one came %.2f s before what it was told", -first)
	}
	if last > quarter+5 {
		t.Errorf("one came %.1f s after the earliest moment, want at most %.0f", last, quarter)
	}
	want := float64(len(after)) / 5 // A slot's, of an even distribution: more than 5 standard deviations off is none.
	for i, n := range slots {
		if math.Abs(float64(n)-want) > 5*math.Sqrt(want*0.8) {
			t.Errorf("%d came in fifth %d, want about %.0f", n, i, want)
		}
	}
	if busiest > len(after)/5 {
		t.Errorf("%d of %d came within a second", busiest, len(after))
	}
}
