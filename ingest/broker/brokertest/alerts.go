package brokertest

import (
	"context"
	"sync"
	"testing"
)

// alertsFollowed puts records of alerts, and takes one back; a process that waited for the topic
// reads all of it, and one that reads it to its end what is left.
func alertsFollowed(t *testing.T, e *env) {
	var mu sync.Mutex
	last, complete := make(map[string]string), false
	apply := func(to map[string]string) func(key string, value []byte) error {
		return func(key string, value []byte) error {
			mu.Lock()
			defer mu.Unlock()
			if to[key] = string(value); value == nil {
				delete(to, key)
			}
			return nil
		}
	}
	ctx, cancel := context.WithCancel(e.ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- e.client.FollowAlerts(ctx, apply(last), func() {
			mu.Lock()
			defer mu.Unlock()
			complete = true
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("follow alerts: %v", err)
		}
	})
	e.create(t, 1)
	for _, r := range [][2]string{{"alert/a", "1"}, {"alert/b", "1"}, {"alert/a", "2"}, {"alert/b", ""}} {
		value := []byte(r[1])
		if r[1] == "" {
			value = nil
		}
		if err := e.client.PutAlert(e.ctx, r[0], value); err != nil {
			t.Fatal(err)
		}
	}
	eventually(e.ctx, t, "all are followed, and one is taken back", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return complete && len(last) == 1 && last["alert/a"] == "2"
	})
	read := make(map[string]string)
	if err := e.client.ReadAlerts(e.ctx, apply(read)); err != nil || len(read) != 1 || read["alert/a"] != "2" {
		t.Errorf("read %v, %v", read, err)
	}
}
