package brokertest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/heartbeat"
)

// heartbeatsFollowed puts as many heartbeats at once as there may be, as long as they can
// be, and one more; a process that waited for the topic reads all of them.
func heartbeatsFollowed(t *testing.T, e *env) {
	var mu sync.Mutex
	last, complete := make(map[string]heartbeat.Heartbeat), false
	ctx, cancel := context.WithCancel(e.ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- e.client.FollowHeartbeats(ctx, func(key string, value []byte) error {
			h, err := heartbeat.Decode(key, value)
			mu.Lock()
			defer mu.Unlock()
			last[key] = h
			return err
		}, func() {
			mu.Lock()
			defer mu.Unlock()
			complete = true
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("follow heartbeats: %v", err)
		}
	})
	e.create(t, 1)
	var rows []heartbeat.Heartbeat
	for i := range broker.HeartbeatsMax {
		rows = append(rows, heartbeat.Heartbeat{
			Terminal: schema.TerminalID(1<<62 + i), At: 1_795_338_000_120, Install: 1<<64 - 1, Previous: 1 << 63, Seq: heartbeat.SeqMax, Waiting: heartbeat.WaitingMax,
			OldestMS: heartbeat.OldestMax * 1000, Storage: heartbeat.Storage{Known: true, Free: heartbeat.FreeMax, Lost: true}, Clock: 1_795_338_000_120,
			Version: strings.Repeat("v", heartbeat.VersionMax), BatteryMV: heartbeat.BatteryMax,
			Copy: heartbeat.Copy{Seen: 1_795_338_000_120, Since: 1_795_338_000_120, Told: 1_795_338_000_120},
		})
	}
	if err := e.client.PutHeartbeats(e.ctx, append(rows, rows[0])); !errors.Is(err, broker.ErrTooLarge) {
		t.Errorf("one too many: got %v, want ErrTooLarge", err)
	}
	if err := e.client.PutHeartbeats(e.ctx, nil); err != nil {
		t.Errorf("none: %v", err)
	}
	if err := e.client.PutHeartbeats(e.ctx, rows); err != nil {
		t.Fatal(err)
	}
	later := heartbeat.Heartbeat{Terminal: rows[0].Terminal, At: rows[0].At + 1, Install: 2}
	if err := e.client.PutHeartbeats(e.ctx, []heartbeat.Heartbeat{later}); err != nil {
		t.Fatal(err)
	}
	eventually(e.ctx, t, "all are followed, the last of each terminal", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return complete && len(last) == len(rows) && last[later.Key()] == later && last[rows[1].Key()] == rows[1]
	})
}
