package ingest_test

import (
	"net/http"
	"runtime"
	"testing"
	"time"

	"mlf/bench/workload"
	"mlf/ingest"
)

// TestAWaitingRequestHoldsARecord, and no longer the body that was read nor the
// votes that were judged: a slow log would hold hundreds of megabytes of them.
func TestAWaitingRequestHoldsARecord(t *testing.T) {
	const requests, bytesMax = 100, 48 << 10                                         // Most of it is the connection, at both ends.
	d := open(t, ingest.Config{InflightBytesMax: 256 << 20, AppendMax: time.Minute}) // All may be judged at once, where the machine is busy.
	tm := d.enrol(nil)
	sender := workload.Sender{Token: tm.token, Stream: tm.stream, Services: []string{"anagrafe", "tributi"}}
	request, err := sender.Request(workload.Protobuf, 1000, 1_000_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	before := heapBytes()
	frozen := mood{hold: make(chan struct{}), entered: make(chan struct{}, requests)}
	d.log.set(frozen)
	wires := make([]*wire, requests)
	for i := range wires {
		wires[i] = d.dial()
		if _, err := wires[i].Write(request); err != nil {
			t.Fatal(err)
		}
	}
	for i := range wires {
		select {
		case <-frozen.entered:
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of %d requests wait for the log", i, requests)
		}
	}
	if got := (heapBytes() - before) / requests; got > bytesMax {
		t.Errorf("a request that waits holds %d bytes, want at most %d", got, bytesMax)
	}
	close(frozen.hold)
	for _, w := range wires {
		if got := w.hear(); got.status != http.StatusAccepted {
			t.Fatalf("got %d %s", got.status, got.body)
		}
	}
}

// heapBytes returns what is held and not in a pool.
func heapBytes() int64 {
	runtime.GC()
	runtime.GC() // The first empties no pool, but makes it a victim.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
