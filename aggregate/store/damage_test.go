package store_test

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"mlf/aggregate/store/embedded"
	"mlf/aggregate/store/storetest"
	"mlf/schema"
)

// TestADamagedDiskIsACorruptCheckpoint: the server sees a flipped bit before the
// checksum of the payload is asked, and an older checkpoint does as well.
func TestADamagedDiskIsACorruptCheckpoint(t *testing.T) {
	engine(t) // Skips where there is no library.
	dir := t.TempDir()
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: dir}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s := open(t, server.DSN())
	taken := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	write := func(next schema.Offset, payload string) schema.CheckpointInfo {
		t.Helper()
		c := schema.Checkpoint{Payload: []byte(payload)}
		c.CheckpointInfo = schema.CheckpointInfo{
			Partition: 1, Next: next, Log: schema.LogID{1}, Rules: schema.RulesV1,
			StoreStarted: taken, Taken: taken, SHA256: sha256.Sum256(c.Payload),
		}
		if err := s.WriteCheckpoint(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		return c.CheckpointInfo
	}
	infos := []schema.CheckpointInfo{write(1, "an older checkpoint"), write(2, "a checkpoint that will be damaged")}
	listed := func(want ...schema.CheckpointInfo) error {
		t.Helper()
		got, err := s.Checkpoints(t.Context(), 1)
		if !slices.Equal(got, want) {
			t.Errorf("got %v: want %v", got, want)
		}
		return err
	}
	if n := storetest.Flip(t, dir, []byte("will be damaged")); n == 0 {
		t.Fatal("the payload is in no file")
	}
	if _, err := s.Checkpoint(t.Context(), infos[1]); !errors.Is(err, schema.ErrCheckpointCorrupt) {
		t.Errorf("damaged: got %v, want %v", err, schema.ErrCheckpointCorrupt)
	}
	if _, err := s.Checkpoint(t.Context(), infos[0]); err != nil {
		t.Errorf("the other: %v", err)
	}
	if err := listed(infos[1], infos[0]); err != nil {
		t.Error(err)
	}

	// Of the next one not even what it is can be read; the others can.
	third := write(3, "a checkpoint whose row is damaged")
	storetest.Flip(t, dir, third.SHA256[:])
	if err := listed(infos[1], infos[0]); !errors.Is(err, schema.ErrCheckpointCorrupt) {
		t.Errorf("got %v, want %v", err, schema.ErrCheckpointCorrupt)
	}
	fourth := write(4, "a checkpoint after it")
	if err := listed(fourth, infos[1], infos[0]); !errors.Is(err, schema.ErrCheckpointCorrupt) {
		t.Errorf("got %v, want %v", err, schema.ErrCheckpointCorrupt)
	}
}
