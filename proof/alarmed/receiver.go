package alarmed

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// watchdog fires always.
const watchdog = "MlfWatchdog"

// An alert is one that was heard of, by what it says and of what: "MlfHalted 3".
type alert struct {
	fired, resolved time.Time // Resolved: zero while it fires.
	receiver        string
}

// A receiver is the webhook at the end. Safe for use by several goroutines.
type receiver struct {
	mu     sync.Mutex
	alerts map[string]alert // Since the last forget.
	alive  time.Time        // When the watchdog was last heard.
}

// subjects are the labels of ours that say what an alert is about.
func subjects() []string {
	return []string{"partition", "dependency", "database", "stage", "name", "limit"}
}

// ServeHTTP takes a notification of Alertmanager's, at the path of its receiver.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var said struct {
		Receiver string
		Alerts   []struct {
			Status string
			Labels map[string]string
		}
	}
	if err := json.NewDecoder(request.Body).Decode(&said); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range said.Alerts {
		if a.Labels["alertname"] == watchdog {
			r.alive = time.Now()
			continue
		}
		r.note(title(a.Labels), said.Receiver, a.Status == "firing")
	}
}

// note takes down that an alert fires, or fires no longer.
func (r *receiver) note(of, to string, fires bool) {
	known, ok := r.alerts[of]
	switch {
	case fires && (!ok || !known.resolved.IsZero()):
		if !ok {
			known.fired = time.Now()
		}
		known.resolved, known.receiver = time.Time{}, to
	case !fires && ok && known.resolved.IsZero():
		known.resolved = time.Now()
	default:
		return
	}
	r.alerts[of] = known
}

// title returns an alert's name, and what it is about.
func title(labels map[string]string) string {
	parts := []string{labels["alertname"]}
	for _, label := range subjects() {
		if value := labels[label]; value != "" {
			parts = append(parts, value)
		}
	}
	return strings.Join(parts, " ")
}

// forget forgets what has been.
func (r *receiver) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alerts = make(map[string]alert)
}

// heard returns what was heard since the last forget.
func (r *receiver) heard() map[string]alert {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.alerts)
}

// firing returns an error that names what still fires of what begins so; "": of all.
func (r *receiver) firing(prefix string) error {
	var names []string
	for of, a := range r.heard() {
		if a.resolved.IsZero() && strings.HasPrefix(of, prefix) {
			names = append(names, of)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("%s still fires", strings.Join(names, ", "))
}

// silence returns how long the watchdog has not been heard.
func (r *receiver) silence() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.alive)
}

// missing returns what of wanted was not heard, and others what else was. Wanted is an
// alert's name, whatever it is about, or its title.
func missing(heard map[string]alert, wanted []string) (absent, others []string) {
	matched := make(map[string]bool)
	for _, want := range wanted {
		found := false
		for of := range heard {
			if of == want || strings.HasPrefix(of, want+" ") {
				found, matched[of] = true, true
			}
		}
		if !found {
			absent = append(absent, want)
		}
	}
	for _, of := range slices.Sorted(maps.Keys(heard)) {
		if !matched[of] {
			others = append(others, of)
		}
	}
	return absent, others
}
