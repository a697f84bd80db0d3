package schema_test

import (
	"encoding/binary"
	"hash/fnv"
	"testing"

	"mlf/schema"
)

// TestPartitionOf: every partition has slots, as many as the others or one
// fewer, in one run.
func TestPartitionOf(t *testing.T) {
	for n := 1; n <= schema.Slots; n++ {
		slots := make([]int, n)
		last := schema.Partition(0)
		for s := range schema.Slot(schema.Slots) {
			p := schema.PartitionOf(s, n)
			if p < last || p > last+1 || int(p) >= n {
				t.Fatalf("%d partitions: slot %d after partition %d is in %d", n, s, last, p)
			}
			slots[p]++
			last = p
		}
		for p, count := range slots {
			if count < schema.Slots/n || count > schema.Slots/n+1 {
				t.Fatalf("%d partitions: partition %d has %d slots", n, p, count)
			}
		}
	}
}

func TestPartitionOfPanics(t *testing.T) {
	f := func(s schema.Slot, n int) {
		t.Helper()
		defer func() {
			t.Helper()
			if recover() == nil {
				t.Errorf("slot %d of %d partitions: no panic", s, n)
			}
		}()
		schema.PartitionOf(s, n)
	}
	f(schema.Slots, 8)
	f(0, 0)
	f(0, -1)
	f(0, schema.Slots+1)
}

// TestSlotOf compares with the standard library's FNV-1a.
func TestSlotOf(t *testing.T) {
	used := make(map[schema.Slot]bool)
	for c := schema.ComuneID(1); c < 8000; c++ {
		ordinal := uint32(c) * 37
		b := binary.LittleEndian.AppendUint32(nil, uint32(c))
		b = binary.LittleEndian.AppendUint32(b, ordinal/256)
		h := fnv.New32a()
		_, _ = h.Write(b)
		sum := h.Sum32()
		want := schema.Slot((sum ^ sum>>10 ^ sum>>20) % 1024)
		got := schema.SlotOf(c, ordinal)
		if got != want {
			t.Fatalf("slot of comune %v, ordinal %d: got %d, want %d", c, ordinal, got, want)
		}
		used[got] = true
	}
	if len(used) < schema.Slots*99/100 {
		t.Errorf("8,000 comuni use %d of %d slots", len(used), schema.Slots)
	}
}
