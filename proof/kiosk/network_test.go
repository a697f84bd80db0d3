package kiosk_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mlf/proof/harness"
)

// offline is situation 13: votes without a network, over a restart without one.
func offline(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(2)
	harness.Eventually(t, 20*time.Second, func() error {
		ready, err := ask[bool](d, `navigator.serviceWorker.ready.then(() => caches.keys()).then((k) => k.some((n) => n.startsWith("mlf-kiosk-files-")))`)
		if err == nil && !ready {
			err = fmt.Errorf("the worker has no files yet")
		}
		return err
	})
	harness.LetPass(2 * time.Second)
	p.front.close()
	d.votes(3)
	d.quit()
	d.start("")
	d.shows("face")
	d.votes(3)
	p.front.listen()
	p.settles(d)
	d.drained()
}

// lies is situation 14: answers that are none of the service.
func lies(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	html := func(status int) func(http.ResponseWriter, *http.Request, http.Handler) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<h1>Benvenuti!</h1>"))
			return true
		}
	}
	said := func(body string) func(http.ResponseWriter, *http.Request, http.Handler) bool {
		return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if r.URL.Path != "/v1/votes" {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	for _, lie := range []func(http.ResponseWriter, *http.Request, http.Handler) bool{
		html(http.StatusOK), html(http.StatusAccepted), html(http.StatusNetworkAuthenticationRequired), html(http.StatusForbidden), html(http.StatusRequestEntityTooLarge), html(http.StatusBadRequest),
		func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			http.Redirect(w, r, "/k/", http.StatusFound)
			return true
		},
		said(`{"accepted":0,"rejected":[],"warnings":[]}`), said(`{"acc`), said(`[]`),
		func(w http.ResponseWriter, r *http.Request, on http.Handler) bool { // It is on the log, and its answer is cut.
			on.ServeHTTP(httptest.NewRecorder(), r)
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(`{"accepted":1`))
			return true
		},
	} {
		p.front.meddle(lie)
		d.votes(1)
	}
	p.front.meddle(nil)
	p.settles(d)
	d.drained()
}

// poisoned is situation 15: one vote that makes the service refuse its batch, and a
// service that takes few.
func poisoned(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	p.front.close()
	d.votes(6)
	if err := d.vote("red"); err != nil {
		t.Fatal(err)
	}
	d.votes(4)
	d.pressed, d.thanked = d.pressed-1, d.thanked-1 // The red one is not to be counted.
	p.front.meddle(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path != "/v1/votes" {
			return false
		}
		body := read(r)
		switch {
		case strings.Contains(body, `"red"`):
			refuse(w, http.StatusBadRequest, "malformed-body")
		case strings.Count(body, `"seq"`) > 4:
			refuse(w, http.StatusRequestEntityTooLarge, "too-many-votes")
		default:
			return false
		}
		return true
	})
	p.front.listen()
	p.settles(d)
	d.drained()
	closed := false
	for _, one := range p.front.answered() {
		closed = closed || one.status == http.StatusAccepted && strings.Contains(one.body, `{"seq":7}`)
	}
	if !closed {
		t.Error("the number of the vote that was refused is not closed")
	}
}

// otherKeys is situation 24: the service was restored with other keys, and does not know
// the stream any more.
func otherKeys(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	d.votes(2)
	p.settles(d)
	d.drained()
	stream, err := ask[string](d, `new Promise((done) => { const o = indexedDB.open("mlf-kiosk"); o.onsuccess = () => { const g = o.result.transaction("terminals").objectStore("terminals").getAll(); g.onsuccess = () => { o.result.close(); done(g.result[0].stream); }; }; })`)
	if err != nil {
		t.Fatal(err)
	}
	p.front.meddle(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path == "/v1/votes" && strings.Contains(read(r), stream) {
			refuse(w, http.StatusForbidden, "foreign-stream")
			return true
		}
		return false
	})
	d.votes(1) // Refused, and kept.
	harness.LetPass(2 * time.Second)
	d.votes(3)
	d.thanked--
	p.settles(d)
	if kept, err := ask[int](d, votesKept); err != nil || kept == 0 {
		t.Errorf("%d votes are kept, %v: want the one of the stream that is not known", kept, err)
	}
}
