package brokertest

import (
	"sync"
	"testing"

	"mlf/ingest/broker"
	"mlf/schema"
)

// applyAtOnce has four set a log up at once and a fifth after them: all agree whose
// it is, and a stream that was signed on any of the ways holds for good.
func applyAtOnce(t *testing.T, e *env) {
	const at = 4
	topics := broker.TopicsConfig{Partitions: 3, Replicas: max(1, e.endpoint.Replicas)}
	var ids [at + 1]schema.Identity
	var streams [at + 1]string
	apply := func(i int, client *broker.Client) {
		var err error
		if ids[i], err = client.Apply(e.ctx, topics); err != nil {
			t.Error(err)
			return
		}
		terminals, err := client.ReadRegistry(e.ctx)
		if err != nil {
			t.Error(err)
			return
		}
		key, ok := terminals.SigningKey()
		if !ok {
			t.Error("applied, and there is no stream key")
		}
		streams[i] = key.Sign(schema.Stream{Terminal: 1, ID: schema.StreamID(i), Slot: 7})
	}
	var wg sync.WaitGroup
	for i := range at {
		client := e.newClient(t, e.cfg)
		wg.Go(func() { apply(i, client) })
	}
	wg.Wait()
	apply(at, e.client)
	terminals, err := e.client.ReadRegistry(e.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range ids {
		if ids[i] != ids[0] || ids[i].Partitions != 3 {
			t.Errorf("one got %+v, another %+v", ids[i], ids[0])
		}
		if _, err := terminals.Stream([]byte(streams[i])); err != nil {
			t.Errorf("stream %d: %v", i, err)
		}
	}
}
