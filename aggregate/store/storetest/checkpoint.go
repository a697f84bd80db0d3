package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"mlf/schema"
)

// morning is when the tests' first checkpoints are taken.
func morning() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 123_000_000, time.UTC) }

// checkpoint returns a checkpoint with a random payload.
func checkpoint(next schema.Offset, taken time.Time, size int) schema.Checkpoint {
	payload := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(payload) // It never fails.
	return schema.Checkpoint{
		CheckpointInfo: schema.CheckpointInfo{
			Partition: 2, Next: next, Log: logIdentity().Log, Rules: schema.RulesV1,
			StoreStarted: taken.Add(-time.Hour), Taken: taken, SHA256: sha256.Sum256(payload),
		},
		Payload: payload,
	}
}

func checkpoints(t *testing.T, s Subject) {
	if got, err := s.Checkpoints(t.Context(), 2); err != nil || len(got) != 0 {
		t.Errorf("empty store: got %v, %v", got, err)
	}
	want := []schema.Checkpoint{ // As they must come back: newest first.
		checkpoint(5000, morning(), 20<<20), // Several chunks.
		checkpoint(400, morning().Add(time.Minute), 4<<20),
		checkpoint(400, morning(), 1000),
		checkpoint(0, morning(), 0),
	}
	other := checkpoint(7, morning(), 10)
	other.Partition = 3
	for _, c := range []schema.Checkpoint{want[2], want[0], other, want[3], want[1], want[0], want[2]} { // Some twice.
		if err := s.WriteCheckpoint(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Checkpoints(t.Context(), 2)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d checkpoints, %v: want %d", len(got), err, len(want))
	}
	for i, info := range got {
		if info != want[i].CheckpointInfo {
			t.Errorf("%d: got %+v, want %+v", i, info, want[i].CheckpointInfo)
		}
		c, err := s.Checkpoint(t.Context(), info)
		if err != nil || c.CheckpointInfo != info || !bytes.Equal(c.Payload, want[i].Payload) {
			t.Errorf("%d: got %+v with %d bytes, %v, want %d", i, c.CheckpointInfo, len(c.Payload), err, len(want[i].Payload))
		}
	}
}

// largestCheckpoint writes as much as a fold may give: what one engine of 2 GiB
// does not take would never be kept, and nobody would know until a recovery.
func largestCheckpoint(t *testing.T, s Subject) {
	want := checkpoint(1, morning(), schema.CheckpointBytesMax)
	if err := s.WriteCheckpoint(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	infos, err := s.Checkpoints(t.Context(), want.Partition)
	if err != nil || len(infos) != 1 || infos[0] != want.CheckpointInfo {
		t.Fatalf("got %+v, %v, want it alone", infos, err)
	}
	c, err := s.Checkpoint(t.Context(), infos[0])
	if err != nil || !bytes.Equal(c.Payload, want.Payload) {
		t.Errorf("got %d bytes, %v, want %d", len(c.Payload), err, len(want.Payload))
	}
	want.Payload = append(want.Payload, 0)
	if err := s.WriteCheckpoint(t.Context(), want); err == nil {
		t.Errorf("%d bytes were accepted", len(want.Payload))
	}
}

// tornCheckpoint leaves checkpoints of which only a part was written, as a writer
// does that dies. They are nobody's, and are dropped once they are a day old.
func tornCheckpoint(t *testing.T, s Subject) {
	const whole = 10
	write := func(next schema.Offset, taken time.Time) {
		t.Helper()
		if err := s.WriteCheckpoint(t.Context(), checkpoint(next, taken, 9<<20)); err != nil {
			t.Fatal(err)
		}
	}
	write(1, morning().AddDate(0, 0, -2))
	write(2, morning().Add(-time.Hour))
	s.SQL(t, "DELETE FROM checkpoint WHERE next < 10 AND chunk = 1")
	write(whole, morning())
	infos, err := s.Checkpoints(t.Context(), 2)
	if err != nil || len(infos) != 1 || infos[0].Next != whole {
		t.Errorf("got %+v, %v, want only the whole one", infos, err)
	}
	if got := s.SQL(t, "SELECT uniqExact(next) FROM checkpoint WHERE next = 1"); got != 0 {
		t.Error("the torn one of two days ago is still there")
	}
	if got := s.SQL(t, "SELECT uniqExact(next) FROM checkpoint WHERE next = 2"); got != 1 {
		t.Error("the torn one of an hour ago may still be being written, and is gone")
	}
}

func damagedCheckpoint(t *testing.T, s Subject) {
	flipped := checkpoint(10, morning(), 5<<20)
	flipped.Payload[4<<20] ^= 1
	absent := checkpoint(11, morning(), 10)
	if err := s.WriteCheckpoint(t.Context(), flipped); err != nil {
		t.Fatal(err)
	}
	for _, c := range []schema.Checkpoint{flipped, absent} {
		if got, err := s.Checkpoint(t.Context(), c.CheckpointInfo); !errors.Is(err, schema.ErrCheckpointCorrupt) {
			t.Errorf("offset %d: got %+v, %v, want %v", c.Next, got.CheckpointInfo, err, schema.ErrCheckpointCorrupt)
		}
	}

	if s.SQL == nil {
		return
	}
	whole := checkpoint(20, morning(), 9<<20)
	if err := s.WriteCheckpoint(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	s.sql(t, "DELETE FROM checkpoint WHERE next = 20 AND chunk = 1")
	infos, err := s.Checkpoints(t.Context(), whole.Partition)
	if err != nil || len(infos) != 1 || infos[0].Next != 10 {
		t.Errorf("one without a chunk: got %+v, %v, want only the one before", infos, err)
	}
	if _, err := s.Checkpoint(t.Context(), whole.CheckpointInfo); !errors.Is(err, schema.ErrCheckpointCorrupt) {
		t.Errorf("one without a chunk: got %v, want %v", err, schema.ErrCheckpointCorrupt)
	}
}

// retention takes a checkpoint every ten minutes for some hours and looks which
// are left; the rule for longer times is tested where it is written.
func retention(t *testing.T, s Subject) {
	other := checkpoint(1, morning().AddDate(0, 0, -3), 10)
	other.Partition = 3
	if err := s.WriteCheckpoint(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	const n = 24
	var newest schema.CheckpointInfo
	for i := range n {
		c := checkpoint(schema.Offset(100*i), morning().Add(time.Duration(i)*10*time.Minute), 100)
		if err := s.WriteCheckpoint(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		newest = c.CheckpointInfo
	}
	infos, err := s.Checkpoints(t.Context(), 2)
	if err != nil || len(infos) < 6 || len(infos) > 10 {
		t.Fatalf("%d checkpoints, %v: want 6 to 10", len(infos), err)
	}
	for i := range 4 {
		if want := schema.Offset(100 * (n - 1 - i)); infos[i].Next != want {
			t.Errorf("newest %d: got offset %d, want %d", i, infos[i].Next, want)
		}
	}
	for _, age := range []time.Duration{15 * time.Minute, time.Hour} {
		found := false
		for _, info := range infos {
			d := newest.Taken.Sub(info.Taken)
			found = found || d >= age && d <= 2*age
		}
		if !found {
			t.Errorf("none is %v to %v old: %+v", age, 2*age, infos)
		}
	}

	behind := checkpoint(5, newest.Taken.Add(time.Minute), 100) // Of a worker that went back.
	if err := s.WriteCheckpoint(t.Context(), behind); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Checkpoint(t.Context(), behind.CheckpointInfo); err != nil {
		t.Errorf("the one just written: %v", err)
	}
	if infos, err := s.Checkpoints(t.Context(), 3); err != nil || len(infos) != 1 {
		t.Errorf("another partition: got %+v, %v, want its one", infos, err)
	}
}
